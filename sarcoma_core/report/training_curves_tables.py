"""The tables of the page of a training: out of fold, the worst sessions, and how a model was planned."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sarcoma_core.report.facts import SIZES, Fact, value_text
from sarcoma_core.report.measures import fixed, unbroken
from sarcoma_core.report.prognosis_tables import MeasureCell
from sarcoma_core.report.segmentation_names import MEASURE_TITLES
from sarcoma_core.report.segmentation_strips import PatientStrip, StripAxis, strip_axis
from sarcoma_core.report.segmentation_tables import FormLine, FormPart, FormTable, median_cell
from sarcoma_core.report.study import StudyRow, StudyTable
from sarcoma_core.report.training_curves_facts import OutOfFoldCase, PlanFacts, TrainedMemberFacts
from sarcoma_core.segmentation.evaluation.medians import MeasureKey, Sampling, measured
from sarcoma_core.segmentation.metrics import MaskScores
from sarcoma_core.text import counted

SHOWN: Final[tuple[MeasureKey, ...]] = ("dice", "f2", "assd_mm", "hd95_mm", "volume_error_ml")
"""Columns of the table."""
DRAWN: Final[tuple[MeasureKey, ...]] = ("dice", "hd95_mm")
"""Axes of the strips."""
WORST: Final = 5
"""Sessions of a model that are told by their label."""


@dataclass(frozen=True)
class RegionStrips:
    """Every patient of one region out of fold, a line for each model.

    Args:
        title: of the region.
        axes: one for each measure.
        lines: names, with a strip for each axis.
    """

    title: str
    axes: tuple[StripAxis, ...]
    lines: tuple[tuple[str, tuple[PatientStrip, ...]], ...]


def region_title(region: str) -> str:
    """A region as a heading."""
    return f"{region[:1].upper()}{region[1:]}".replace("_", " ")


def regions_of(members: Sequence[TrainedMemberFacts]) -> tuple[str, ...]:
    """The regions of all models, in the order in which they come."""
    return tuple(dict.fromkeys(region for one in members for region in one.regions))


def out_of_fold_table(members: Sequence[TrainedMemberFacts]) -> FormTable:
    """A part for each region with a line for each model that was judged.

    Args:
        members: models of the set.
    """
    columns = ("Patients", "Failed", *(MEASURE_TITLES[one] for one in SHOWN))
    parts = (FormPart(region_title(region), tuple(_lines(members, region))) for region in regions_of(members))
    return FormTable("Model", columns, tuple(part for part in parts if part.lines))


def _lines(members: Sequence[TrainedMemberFacts], region: str) -> Iterator[FormLine]:
    for one in members:
        if patients := one.patients_judged(region):
            found, failed = measured(patients, Sampling()), sum(patient.failed for patient in patients)
            cells = (median_cell(found[measure], measure) for measure in SHOWN)
            head = MeasureCell(str(len(patients))), MeasureCell(str(failed), warned=failed > 0)
            yield FormLine(one.name, (*head, *cells))


def region_strips(members: Sequence[TrainedMemberFacts]) -> tuple[RegionStrips, ...]:
    """Every patient of every model, a drawing for each region.

    Args:
        members: models of the set.
    """
    return tuple(_strips(members))


def _strips(members: Sequence[TrainedMemberFacts]) -> Iterator[RegionStrips]:
    for region in regions_of(members):
        patients = {one.name: held for one in members if (held := one.patients_judged(region))}
        if not patients:
            continue
        axes = tuple(strip_axis(measure, patients) for measure in DRAWN)
        found = {name: measured(held, Sampling()) for name, held in patients.items()}
        lines = tuple(
            (name, tuple(axis.strip(name, held, found[name][axis.measure]) for axis in axes))
            for name, held in patients.items()
        )
        yield RegionStrips(region_title(region), axes, lines)


def worst_table(member: TrainedMemberFacts) -> StudyTable:
    """The sessions with the lowest Dice of the region that counts, the worst first.

    Args:
        member: of the set; it was judged.
    """
    region = member.regions[0]
    held = [(one, one.scores[region]) for one in member.judged if region in one.scores]
    worst = sorted(held, key=lambda pair: (pair[1].dice, pair[0].session))[:WORST]
    caption = f"The {counted(len(worst), 'session')} with the lowest Dice of {region}, by label, out of fold."
    columns = ("session", "subject", "Dice", "HD95", "network found", "reference", "judged by")
    rows = tuple(StudyRow(one.session, _worst(one, scores)) for one, scores in worst)
    return StudyTable("", "", caption, columns, rows)


def _worst(one: OutOfFoldCase, scores: MaskScores) -> tuple[str, ...]:
    far = "one is empty" if scores.failed else unbroken(f"{fixed(scores.hd95_mm, 1)} mm")
    volumes = (unbroken(f"{fixed(volume, 1)} ml") for volume in (scores.other_ml, scores.reference_ml))
    return one.subject, fixed(scores.dice, 3), far, *volumes, f"network {one.network}"


def plan_facts(plan: PlanFacts) -> tuple[Fact, ...]:
    """How a model was planned, line by line."""
    steps = value_text([float(f"{step:.3g}") for step in plan.spacing], SIZES)
    across = ", the third axis across the slices" if plan.slices_last else ""
    rate = value_text(plan.learning_rate)
    return (
        Fact("Grid", f"{steps} mm{across}"),
        Fact("Patch", f"{value_text(plan.patch, SIZES)} voxels"),
        Fact("Network", f"residual U-Net, {value_text(plan.widths)} channels"),
        Fact("Halved between levels by", ", ".join(value_text(one, SIZES) for one in plan.strides)),
        Fact("Batch", counted(plan.batch, "patient")),
        Fact(
            "Epochs", f"{value_text(plan.epochs)} at most; learning rate {rate} at first, then falling to 0"
        ),
    )
