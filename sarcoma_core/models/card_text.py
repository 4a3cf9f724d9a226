"""The card of a model for people: `card.md`."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from sarcoma_core.models.card import CardNumber, ModelCard, opened_before
from sarcoma_core.text import counted

if TYPE_CHECKING:
    from sarcoma_core.models.config import ModelConfig

SYNTHETIC = "Trained on synthetic patients only: not for patients."
OPENED_BEFORE: Final = (
    "the same patients had been opened before: who has seen how a model does on them and goes on choosing, "
    "chooses by them"
)
"""What a second opening means."""


def card_text(config: "ModelConfig", card: ModelCard) -> str:
    """The card as a page in Markdown.

    Args:
        config: what builds the network.
        card: what the model is.
    """
    parts = (
        _head(card),
        _facts(config, card),
        _segments(config),
        _foretells(config),
        _numbers(card),
        _openings(card),
        _limits(card),
    )
    return "\n".join(line for part in parts for line in part) + "\n"


def main_number(card: ModelCard) -> str:
    """How good a model is in a few words: the first number of its card; empty where it tells none."""
    return _in_words(card.numbers[0]) if card.numbers else ""


def _head(card: ModelCard) -> Iterator[str]:
    yield from (f"# {card.name} {card.version}", "", card.intended_use)
    if card.synthetic:
        yield from ("", f"**{SYNTHETIC}**")


def _facts(config: "ModelConfig", card: ModelCard) -> Iterator[str]:
    yield from ("", f"- licence: {card.licence}", f"- permitted use: {', '.join(card.permitted_use)}")
    if cohort := card.cohort:
        who = f"{counted(cohort.patients, 'patient')}, {counted(cohort.sessions, 'session')}"
        yield f"- trained on: {cohort.what.rstrip('.')} ({who}; cohort {cohort.sha256})"
    yield f"- architecture: {config.architecture}"
    yield from (f"- SHA-256 of {name}: {digest}" for name, digest in card.weights_sha256.items())


def _segments(config: "ModelConfig") -> Iterator[str]:
    task = config.segmentation
    if task is None:
        return
    axes = "the third axis across the slices" if task.slices_last else "axes of the patient"
    spacing, patch = (" x ".join(f"{one:g}" for one in three) for three in (task.spacing, task.patch))
    least, most = (" x ".join(f"{pair[end]:g}" for pair in task.seen.spacing_mm) for end in (0, 1))
    yield from ("", "## What it takes and gives", "")
    yield f"- sequences: {', '.join(task.sequences)} (from {task.label})"
    yield f"- regions: {', '.join(task.regions)}"
    yield f"- model grid: {spacing} mm, {axes}; patches of {patch} voxels"
    yield f"- threshold {task.threshold:g}; components below {task.least_ml:g} ml are dropped"
    yield f"- images it was trained on: {least} to {most} mm along the axes of the model grid"
    for region in task.regions:
        small, large = task.seen.volume_ml[region]
        yield f"- volume of {region} in the training: {small:.1f} to {large:.1f} ml"


def _foretells(config: "ModelConfig") -> Iterator[str]:
    task = config.prognosis
    if task is None:
        return
    yield from ("", "## What it takes and gives", "")
    for one in task.timed:
        beside = f", with {' and '.join(one.causes[1:])} competing" if one.causes[1:] else ""
        yield f"- foretells {one.endpoint}{beside}, as {task.head}"
    if task.graded:
        yield f"- foretells the grade, of {', '.join(task.graded.levels)}"
    if task.sequences:
        yield f"- sequences: {', '.join(task.sequences)}, cut to the drawn tumour"
        yield f"- cube: {task.edge} voxels of {task.spacing_mm:g} mm along each axis"
    if columns := config.arguments.get("columns"):
        yield f"- clinical columns: {columns}"


def _numbers(card: ModelCard) -> Iterator[str]:
    if card.numbers:
        yield from ("", "## How good it is", "")
        yield from _table(card.numbers)


def _openings(card: ModelCard) -> Iterator[str]:
    if not card.openings:
        return
    yield from ("", "## Openings of the test set")
    again = opened_before(card.openings)
    for number, (one, before) in enumerate(zip(card.openings, again, strict=True), 1):
        yield from ("", f"### {number}: {one.when}, {one.who}", "")
        if before:
            yield from (f"**Again: {OPENED_BEFORE}.**", "")
        yield f"- test set: {counted(one.patients, 'patient')}, SHA-256 of their subjects {one.test_sha256}"
        yield f"- SHA-256 of the splits: {one.splits_sha256}"
        yield f"- SHA-256 over the weights: {one.weights_sha256}"
        if one.numbers:
            yield ""
            yield from _table(one.numbers)


def _table(numbers: Sequence[CardNumber]) -> Iterator[str]:
    yield "| setting | measure | patients | median [quartiles] | 95 % limits | 5th percentile |"
    yield "|---|---|---|---|---|---|"
    for one in numbers:
        quartiles = "" if one.q1 is None else f" [{_told(one.q1)}, {_told(one.q3)}]"
        limits = "" if one.lower is None else f"{_told(one.lower)} to {_told(one.upper)}"
        cells = (one.setting, one.measure, str(one.n), _told(one.median) + quartiles, limits, _told(one.p5))
        yield f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def _limits(card: ModelCard) -> Iterator[str]:
    yield from ("", "## Limits", "")
    yield from (f"- {limit}" for limit in card.limits)
    yield "- For research use only: this is not a medical device."


def _in_words(number: CardNumber) -> str:
    limits = "" if number.lower is None else f" ({_told(number.lower)} to {_told(number.upper)})"
    return (
        f"{number.measure} {_told(number.median)}{limits}, {counted(number.n, 'patient')}: {number.setting}"
    )


def _told(value: float | None) -> str:
    """A number with three decimals; what there is none of is not estimated."""
    return "not estimated" if value is None else f"{value:.3f}"
