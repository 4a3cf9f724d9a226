"""What the page shows of a session: read once, from the manifests and the volumes that they list."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from sarcoma_core.archive.folder import SessionFolder
from sarcoma_core.errors import InputError
from sarcoma_core.imaging.body_mask import find_body
from sarcoma_core.imaging.volume import Volume, read_nifti
from sarcoma_core.provenance import Outcome
from sarcoma_core.report.borders import Mask
from sarcoma_core.report.cautions import cautions, voxel_unit
from sarcoma_core.report.facts import Fact, read_facts
from sarcoma_core.report.pictures import Pictures, draw, plane_text
from sarcoma_core.report.planes import Upright, upright
from sarcoma_core.report.stages import (
    FATES,
    Readiness,
    Stage,
    StageRun,
    State,
    read_runs,
    series_names,
    states,
    verdict,
)

AIR_HU = -1024
"""The lowest value of a 12-bit CT; air itself is -1000."""

_SCALARS = (str, int, float, type(None))


@dataclass(frozen=True)
class StepReceipt:
    """What one step recorded of a series."""

    stage: Stage
    facts: tuple[Fact, ...]


@dataclass(frozen=True)
class SeriesReport:
    """One series on the page.

    Args:
        name: XNAT scan id, with the part of a scan that holds several volumes.
        modality: DICOM Modality.
        grid: size, spacing and plane in one line; empty when there is no volume.
        states: what became of it, stage by stage.
        verdict: what it is good for.
        receipts: of the steps that recorded something.
        cautions: what to know before using it.
        pictures: none when there is no volume to draw.
        no_body: why there is no body mask; empty where there is one, or no volume.
    """

    name: str
    modality: str
    grid: str
    states: tuple[State, ...]
    verdict: Readiness
    receipts: tuple[StepReceipt, ...]
    cautions: tuple[str, ...]
    pictures: Pictures | None
    no_body: str


@dataclass(frozen=True)
class SessionReport:
    """All that the page shows.

    Args:
        runs: the stages with their manifests.
        series: in natural order of the scan ids.
    """

    runs: tuple[StageRun, ...]
    series: tuple[SeriesReport, ...]

    def counts(self) -> Mapping[str, int]:
        """How many series there are, and of each fate."""
        fates = Counter(one.verdict.fate for one in self.series)
        return {"series": len(self.series), **{fate.replace(" ", "_"): fates[fate] for fate in FATES}}


def read_session(session: SessionFolder, *, slices: int) -> SessionReport:
    """Read what became of every series.

    Args:
        session: the session; what it reads are the stages, the last of the chain first.
        slices: how many slices of each volume to show.

    Raises:
        ArchiveError: the session was never converted, or a manifest or a file that it lists is damaged.
    """
    runs = read_runs(session)
    volumes = {run.stage.label: _volumes(session, run) for run in runs}
    return SessionReport(
        runs,
        tuple(
            _read_series(
                name, states(runs, name), {k: v[name] for k, v in volumes.items() if name in v}, slices
            )
            for name in series_names(runs)
        ),
    )


def _volumes(session: SessionFolder, run: StageRun) -> Mapping[str, Path]:
    """The volume of each series that a stage has made and that is still current."""
    if run.record is None or not run.current:
        return {}
    stage = replace(session, reads=(run.stage.label,))
    return {series.outcome.series: series.volume for series in stage.series()}


def _read_series(name: str, told: tuple[State, ...], paths: Mapping[str, Path], slices: int) -> SeriesReport:
    told = tuple(replace(s, outcome=s.outcome and _legible(s.outcome)) for s in told)
    outcomes = [state.outcome for state in told if state.outcome]
    modality = next((outcome.modality for outcome in outcomes if outcome.modality), "")
    facts = outcomes[0].facts if outcomes else {}
    versions: list[tuple[Stage, Upright]] = []
    pictures, grid, no_body = None, "", ""
    if told[0].stage.label in paths:
        converted = read_nifti(paths[told[0].stage.label])
        versions = _versions(converted, [state.stage for state in told], paths)
        first = versions[0][1]
        unit = voxel_unit(facts)
        mask, no_body = _body(converted, unit)
        pictures = draw(versions, mask, name=name, modality=modality, unit=unit, slices=slices)
        grid = plane_text(first, first.plane())
    return SeriesReport(
        name=name,
        modality=modality,
        grid=grid,
        states=told,
        verdict=verdict(told),
        receipts=tuple(
            StepReceipt(s.stage, shown) for s in told if s.outcome and (shown := read_facts(s.outcome.facts))
        ),
        cautions=cautions(modality, told, versions[0][1] if versions else None),
        pictures=pictures,
        no_body=no_body,
    )


def _legible(outcome: Outcome) -> Outcome:
    """The same, with facts that the page can lay out: those of a foreign step may have any shape."""
    facts = {name: _plain(value) for name, value in outcome.facts.items()}
    warnings = facts.get("warnings") or []
    listed = warnings if isinstance(warnings, list) else [warnings]
    return replace(outcome, facts={**facts, "warnings": [str(warning) for warning in listed]})


def _plain(value: object, depth: int = 4) -> Any:  # noqa: ANN401  JSON has no type of its own
    """JSON that is a scalar, a list, a matrix or a mapping of those; anything else as its text."""
    if isinstance(value, dict) and depth:
        return {name: _plain(item, depth - 1) for name, item in value.items()}
    if not isinstance(value, list):
        return value if isinstance(value, _SCALARS) else json.dumps(value)
    is_matrix = all(isinstance(item, list) for item in value)
    items = [entry for row in value for entry in row] if is_matrix else value
    return value if all(isinstance(item, _SCALARS) for item in items) else json.dumps(value)


def _body(converted: Volume, unit: str) -> tuple[Mask, str]:
    """The body in RAS order, as `bias-field` finds it; where there is none, an empty mask and the reason."""
    array = converted.array
    if unit == "HU":  # the mask is made for values from 0 upwards; what lies below air is padding
        array = np.clip(array, AIR_HU, None) - AIR_HU
    reason = ""
    try:
        mask = find_body(array, converted.spacing).mask
    except InputError as error:
        mask, reason = np.zeros(array.shape, dtype=np.bool_), error.message
    return upright(mask, converted.affine).array.astype(np.bool_), reason


def _versions(
    converted: Volume, stages: Sequence[Stage], paths: Mapping[str, Path]
) -> list[tuple[Stage, Upright]]:
    """The converted volume and what the steps made of it, those on its grid."""
    versions = []
    for stage in stages:
        if stage.label not in paths:
            continue
        volume = converted if stage is stages[0] else read_nifti(paths[stage.label])
        if volume.array.shape == converted.array.shape:
            versions.append((stage, upright(volume.array, volume.affine)))
    return versions
