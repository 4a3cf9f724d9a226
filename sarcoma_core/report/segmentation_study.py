"""The page of a segmentation study: how well models draw what persons have drawn, where, and where not."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from sarcoma_core import __version__
from sarcoma_core.report import agreement_plots, segmentation_strips
from sarcoma_core.report.agreement_pictures import OutlinedCase, film_kinds, line_styles
from sarcoma_core.report.agreement_plots import BlandAltmanPlot, bland_altman_plot
from sarcoma_core.report.facts import Fact
from sarcoma_core.report.mask_pictures import MARGIN_MM
from sarcoma_core.report.measures import fixed
from sarcoma_core.report.page import environment
from sarcoma_core.report.pictures import window_text
from sarcoma_core.report.segmentation_cases import OUTLINES
from sarcoma_core.report.segmentation_names import REGION_TITLES, ModelNames
from sarcoma_core.report.segmentation_strips import PatientStrip, StripAxis, strip_axis
from sarcoma_core.report.segmentation_tables import (
    FormTable,
    findings,
    kinds_table,
    models_table,
    strata_table,
    study_form,
)
from sarcoma_core.report.segmentation_terms import SEGMENTATION_TERMS
from sarcoma_core.report.terms import FirstUses
from sarcoma_core.segmentation.definitions import DEFINED, Definition
from sarcoma_core.segmentation.evaluation.cases import VARIABLES, ScoredCase
from sarcoma_core.segmentation.evaluation.evaluation import SegmentationEvaluation
from sarcoma_core.segmentation.evaluation.medians import LEAST_PATIENTS, by_group, patients_of
from sarcoma_core.segmentation.evaluation.testing import ALPHA, TESTED
from sarcoma_core.segmentation.readers.agreement import CaseAgreement, PairSummary
from sarcoma_core.segmentation.readers.bland_altman import bland_altman
from sarcoma_core.text import counted


@dataclass(frozen=True)
class SegmentationStudyFacts:
    """All that the page shows.

    Args:
        found: the evaluation.
        sessions: how many the cohort has.
        definition: of surfaces, percentile and average.
        samples: of the bootstrap.
        worst: the worst cases, with pictures.
        cautions: sentences that a reader has to know.
        hashes: of what was read.
    """

    found: SegmentationEvaluation
    sessions: int
    definition: Definition
    samples: int
    worst: tuple[tuple[ScoredCase, OutlinedCase], ...] = ()
    cautions: tuple[str, ...] = ()
    hashes: tuple[Fact, ...] = ()


@dataclass(frozen=True)
class ShownStrips:
    """Every patient of the lines of one region, on the axes of the measures that are tested.

    Args:
        title: of the region.
        axes: one for each measure.
        lines: names, with a strip for each axis.
    """

    title: str
    axes: tuple[StripAxis, ...]
    lines: tuple[tuple[str, tuple[PatientStrip, ...]], ...]


@dataclass(frozen=True)
class ShownStrata:
    """The patients in parts, by one variable."""

    id: str
    title: str
    table: FormTable


def render_segmentation_study(title: str, facts: SegmentationStudyFacts) -> str:
    """The page, as text; equal arguments give equal text.

    Args:
        title: name of the study.
        facts: what there is to show.
    """
    found = facts.found
    names = ModelNames(found.models)
    told = {_key(picture.case): one for one, picture in facts.worst}
    return (
        environment()
        .get_template("segmentation_study.html")
        .render(
            title=title,
            facts=facts,
            lede=_lede(facts),
            findings=findings(found, names),
            form=study_form(found, names, failed=True),
            without_failed=study_form(found, names, failed=False) if _any_failed(found) else None,
            strips=tuple(_strips(found, names)),
            strip=segmentation_strips,
            strata=tuple(_strata(found, names)),
            models=models_table(found.models_tests, names) if found.models_tests else None,
            lacking=kinds_table(found, names) if found.kinds() else None,
            gate=tuple(_gate(found)),
            plots=tuple(_volumes(found, names)),
            plot=agreement_plots,
            drawn=tuple(picture for _, picture in facts.worst),
            styles=line_styles(OUTLINES),
            films=film_kinds([picture for _, picture in facts.worst]),
            case_line=lambda case: _case_line(told[_key(case)], names),
            window_text=window_text,
            surroundings=f"{MARGIN_MM:g}",
            hd95=DEFINED[facts.definition],
            least=LEAST_PATIENTS,
            alpha=f"{ALPHA:g}",
            first_use=FirstUses(SEGMENTATION_TERMS),
            terms=SEGMENTATION_TERMS,
            counted=counted,
            version=__version__,
        )
    )


def _key(case: CaseAgreement) -> tuple[str, str]:
    return case.target.case, case.handles[OUTLINES[1]]


def _lede(facts: SegmentationStudyFacts) -> str:
    found = facts.found
    cases = counted(len(found.cases), "case")
    of = f"{counted(found.patients, 'patient')} of a cohort of {counted(facts.sessions, 'session')}"
    return f"{counted(len(found.models), 'model')}, {cases} of {of} compared with locked references"


def _any_failed(found: SegmentationEvaluation) -> bool:
    return any(one.n_failed for one in found.table)


def _strips(found: SegmentationEvaluation, names: ModelNames) -> Iterator[ShownStrips]:
    groups = by_group(found.cases)
    for region in found.regions:
        summaries = {names.line(one.group): one for one in found.table if one.group.region == region}
        patients = {name: patients_of(groups[one.group]) for name, one in summaries.items()}
        axes = tuple(strip_axis(measure, patients) for measure in TESTED)
        lines = tuple(
            (name, tuple(axis.strip(name, patients[name], one.all[axis.measure]) for axis in axes))
            for name, one in summaries.items()
        )
        yield ShownStrips(REGION_TITLES[region], axes, lines)


def _strata(found: SegmentationEvaluation, names: ModelNames) -> Iterator[ShownStrata]:
    for variable, title in VARIABLES.items():
        parted = [one for one in found.strata if one.variable == variable]
        if parted:
            yield ShownStrata(f"by-{variable}", title, strata_table(parted, found.strata_tests, names))


def _volumes(found: SegmentationEvaluation, names: ModelNames) -> Iterator[BlandAltmanPlot]:
    for group, cases in by_group(found.cases).items():
        scores = [one.scores for one in cases]
        volumes = bland_altman([one.other_ml for one in scores], [one.reference_ml for one in scores])
        labels = tuple(f"{one.session}, scan {one.series}" for one in cases)
        n_failed = sum(one.failed for one in scores)
        pair = PairSummary("automatic", "reference", len(cases), n_failed, 0.0, None, None, volumes, labels)
        yield replace(bland_altman_plot(pair), title=f"{REGION_TITLES[group.region]}: {names.line(group)}")


def _gate(found: SegmentationEvaluation) -> Iterator[str]:
    """Whether the quality gate of the segmentation asked for review where it was due."""
    for region in found.regions:
        cases = [one for one in found.cases if one.group.region == region]
        parts: Mapping[bool, list[float]] = {
            doubted: [one.scores.dice for one in cases if bool(one.doubts) == doubted]
            for doubted in (True, False)
        }
        if not parts[True]:
            continue
        each = [
            f"median Dice {fixed(float(np.median(held)), 3)} of {counted(len(held), 'case')} {words}"
            for held, words in ((parts[True], "to review"), (parts[False], "that passed"))
            if held
        ]
        missed = sum(one.scores.failed and not one.doubts for one in cases)
        yield (
            f"{REGION_TITLES[region]}: the quality gate of the segmentation asked for review: "
            f"{', '.join(each)}; {counted(missed, 'case')} that failed passed it."
        )


def _case_line(one: ScoredCase, names: ModelNames) -> str:
    """A case in one line, e.g. `MODEL_SEG_STS T1CE, tumour: Dice 0.71, HD95 6.2 mm, 80.1 ml for 95.2 ml`."""
    scores = one.scores
    head = f"{names.model(one.group.model)}, {one.group.region}"
    if one.failure:
        return f"{head}: {one.failure} ({scores.other_ml:.1f} ml, reference {scores.reference_ml:.1f} ml)"
    told = f"Dice {scores.dice:.3f}, HD95 {scores.hd95_mm:.1f} mm"
    return f"{head}: {told}, {scores.other_ml:.1f} ml, reference {scores.reference_ml:.1f} ml"
