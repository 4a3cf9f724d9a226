"""What a reader has to know before using one series; read off its facts and its grid."""

from collections.abc import Iterator, Mapping
from typing import Any

from sarcoma_core.provenance import UNKNOWN_UNITS
from sarcoma_core.report.facts import value_text
from sarcoma_core.report.planes import Upright
from sarcoma_core.report.stages import SUV_LABEL, Z_LABEL, State

OBLIQUE_DEGREES = 2.0
"""From here on the letters at the edges are worth a warning: 2 degrees move a voxel 100 mm away by 3.5 mm."""

USUAL_UNITS: Mapping[str, str] = {"CT": "HU", "PT": "SUV"}
"""In what the values have to be for one patient to compare with another."""

THICK = 3.0
"""From this ratio of slice to pixel spacing on, the third dimension is coarse."""


def voxel_unit(facts: Mapping[str, Any]) -> str:
    """The unit of a converted volume: HU, SUV, PET's Units, or nothing where it is arbitrary or unknown.

    PET's Units GML and CM2ML are standardised uptake values, by body weight and by surface (PS3.3, C.8.9.1).
    """
    units = str(facts.get("units") or "")
    if units.lower() in ("arbitrary", "none", UNKNOWN_UNITS):
        return ""
    return "SUV" if facts.get("suv_type") or units in ("GML", "CM2ML") else units


def cautions(modality: str, told: tuple[State, ...], volume: Upright | None) -> tuple[str, ...]:
    """Sentences about one series.

    Args:
        modality: DICOM Modality.
        told: what became of it.
        volume: the converted volume, if there is one.
    """
    sentences = list(_of_facts(modality, told))
    return (*sentences, *_of_grid(volume)) if volume else tuple(sentences)


def _of_facts(modality: str, told: tuple[State, ...]) -> Iterator[str]:
    converted = told[0]
    facts = converted.outcome.facts if converted.outcome else {}
    of = {state.stage.label: state for state in told}
    current = (state.outcome for state in told if state.outcome and state.condition != "out of date")
    warnings = (warning for outcome in current for warning in outcome.facts.get("warnings") or ())
    for warning in dict.fromkeys(str(warning).rstrip(".") for warning in warnings):
        yield f"Of note: {warning}."
    usual = USUAL_UNITS.get(modality)
    in_suv = SUV_LABEL in of and of[SUV_LABEL].condition == "done"
    if usual and converted.condition == "done" and not in_suv and (unit := voxel_unit(facts)) != usual:
        mend = " The step suv brings it to SUV." if modality == "PT" and unit and SUV_LABEL not in of else ""
        yield f"The values are in {unit or 'an unknown unit'}, not {usual}: patients do not compare.{mend}"
    scored = of[Z_LABEL].outcome if Z_LABEL in of else None
    if scored and scored.facts.get("source") == converted.stage.label:
        yield "The volume was normalised without bias correction."


def _of_grid(volume: Upright) -> Iterator[str]:
    ratio = volume.spacing[volume.across] / min(volume.spacing)
    if ratio >= THICK:
        yield f"The spacing is {value_text(round(ratio, 1))} times coarser across the slices than in them."
    if volume.obliquity >= OBLIQUE_DEGREES:
        degrees = value_text(round(volume.obliquity))
        yield f"The volume is oblique by {degrees}°: the letters at the edges name the nearest direction."
