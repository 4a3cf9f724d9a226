"""Render a session as one HTML file that loads nothing else."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import jinja2

from sarcoma_core import __version__
from sarcoma_core.interface import ParamSpec
from sarcoma_core.report import line_plot
from sarcoma_core.report.facts import Fact, value_text
from sarcoma_core.report.foretold_terms import FORETOLD_TERMS
from sarcoma_core.report.mask_pictures import MARGIN_MM
from sarcoma_core.report.masks import millilitres
from sarcoma_core.report.overlays import SQUARE_MM
from sarcoma_core.report.pictures import window_text, within
from sarcoma_core.report.references import Reference, reference
from sarcoma_core.report.segmentation_pictures import MOST_DEVIATION
from sarcoma_core.report.session import SessionReport
from sarcoma_core.report.stages import FATES, SPARE, StageRun
from sarcoma_core.report.terms import FirstUses
from sarcoma_core.segmentation.definitions import DEFINED
from sarcoma_core.text import counted

PAPER = Path(__file__).with_name("paper.css")
"""The style that every page of ours begins with."""


@dataclass(frozen=True)
class Sentence:
    """One sentence of the methods section, without its full stop, and the numbers of the papers it cites."""

    text: str
    numbers: tuple[int, ...]


@dataclass(frozen=True)
class Methods:
    """A methods section with its reference list, numbered in order of appearance from 1."""

    sentences: tuple[Sentence, ...]
    references: tuple[Reference, ...]


def environment() -> jinja2.Environment:
    """Where the pages' templates are; every value is escaped, an unknown one is an error."""
    return jinja2.Environment(
        loader=jinja2.PackageLoader("sarcoma_core.report", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def render(session: SessionReport) -> str:
    """The page, as text; equal sessions give equal text."""
    return (
        environment()
        .get_template("session.html")
        .render(
            session=session,
            summary=summary(
                session.counts(),
                len(session.roles.to_review),
                session.spare,
                session.segmentation.doubted,
            ),
            scale=[value_text(MOST_DEVIATION * part / 2) for part in range(3)],
            hd95=DEFINED["directed"],
            methods=methods(session.runs),
            software=software(session.runs),
            number=value_text,
            within=within,
            parameter=ParamSpec.text,
            square=value_text(SQUARE_MM),
            margin=value_text(MARGIN_MM),
            millilitres=millilitres,
            window_text=window_text,
            plot=line_plot,
            first_use=FirstUses(FORETOLD_TERMS),
            foretold_terms=FORETOLD_TERMS,
            version=__version__,
        )
    )


def summary(counts: Mapping[str, int], to_review: int = 0, spare: int = 0, doubted: int = 0) -> str:
    """The head of the page, e.g. `3 series: 2 ready for the models, 1 set apart; 1 role to review`.

    Args:
        counts: the series, and those of each fate.
        to_review: series whose role a person has to look at.
        spare: those of the ready ones that stand for no role.
        doubted: series on which a person has to look at what a network drew.
    """
    ready = {**counts, "ready": counts["ready"] - spare, "spare": spare}
    words_of: Mapping[str, str] = {
        "ready": FATES["ready"],
        "spare": SPARE,
        **{str(k): v for k, v in FATES.items()},
    }
    fates = ((ready[fate.replace(" ", "_")], words) for fate, words in words_of.items())
    told = ", ".join(f"{count} {words}" for count, words in fates if count)
    reviews = (counted(to_review, "role"), counted(doubted, "automatic segmentation"))
    review = " and ".join(words for words, count in zip(reviews, (to_review, doubted), strict=True) if count)
    return f"{counts['series']} series: {told}" + (f"; {review} to review" if review else "")


def methods(runs: Iterable[StageRun]) -> Methods:
    """The sentences of the steps that made something; one that passed every series by has nothing to tell."""
    keys: list[str] = []
    sentences = []
    for run in runs:
        if run.record and any(outcome.status == "done" for outcome in run.record.outcomes):
            keys += [key for key in run.record.cites if key not in keys]
            numbers = sorted(keys.index(key) + 1 for key in run.record.cites)
            sentences.append(Sentence(run.record.methods.rstrip(". "), tuple(numbers)))
    return Methods(tuple(sentences), tuple(reference(key) for key in keys))


def software(runs: Iterable[StageRun]) -> tuple[Fact, ...]:
    """Versions of what did the work; where steps differ, each says its own."""
    versions: dict[str, dict[str, list[str]]] = {}
    for run in runs:
        for name, version in run.record.software.items() if run.record else ():
            versions.setdefault(name, {}).setdefault(version, []).append(run.stage.step)
    return tuple(Fact(name, _versions(versions[name])) for name in sorted(versions, key=str.lower))


def _versions(steps_of: Mapping[str, list[str]]) -> str:
    if len(steps_of) == 1:
        return next(iter(steps_of))
    return ", ".join(f"{version} ({', '.join(steps)})" for version, steps in steps_of.items())
