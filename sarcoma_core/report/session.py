"""What the page shows of a session: read once, from the manifests and the volumes that they list."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sarcoma_core.archive.folder import SessionFolder
from sarcoma_core.archive.masks import read_masks
from sarcoma_core.errors import InputError
from sarcoma_core.imaging.body_mask import find_body
from sarcoma_core.imaging.volume import Volume, read_nifti
from sarcoma_core.report.borders import Mask
from sarcoma_core.report.cautions import cautions, voxel_unit
from sarcoma_core.report.facts import Fact, read_facts
from sarcoma_core.report.foretold import NOTHING_FORETOLD, ForetoldTold, tell_foretold
from sarcoma_core.report.foretold_files import read_foretold
from sarcoma_core.report.legible import legible
from sarcoma_core.report.mask_pictures import NOTHING_DRAWN, SeriesMasks, ground_of, read_series_masks
from sarcoma_core.report.masks import NO_MASKS, MasksTold, tell_masks
from sarcoma_core.report.overlaid import Place, middle
from sarcoma_core.report.pictures import Pictures, draw, plane_text
from sarcoma_core.report.planes import Upright, same_grid, upright
from sarcoma_core.report.quality import TOLD
from sarcoma_core.report.registration import Registration, Registrations, SeriesKind
from sarcoma_core.report.roles import NO_ROLES, RoleTold, SessionRoles, read_roles
from sarcoma_core.report.segmentation import (
    NO_SEGMENTATION,
    AutomaticMasks,
    SegmentationTold,
    picture_series,
    read_automatic,
    tell_segmentation,
)
from sarcoma_core.report.segmentation_pictures import SegmentationPictures
from sarcoma_core.report.stages import (
    FATES,
    REGISTERED_LABEL,
    Readiness,
    Stage,
    StageRun,
    State,
    not_run,
    read_runs,
    series_names,
    states,
    verdict,
)

AIR_HU = -1024
"""The lowest value of a 12-bit CT; air itself is -1000."""


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
        at: a voxel in the middle of the body, in RAS order; None where there is no volume.
        role: which series it is; None where that was not told.
        registration: how it came to lie on the grid of another; None where it did not.
        masks: what was drawn on it.
        automatic: what a network drew on it; None where none did.
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
    at: Place | None = None
    role: RoleTold | None = None
    registration: Registration | None = None
    masks: SeriesMasks = NOTHING_DRAWN
    automatic: SegmentationPictures | None = None

    @property
    def unit(self) -> str:
        """The unit of the converted volume; empty where it is arbitrary or unknown."""
        outcome = self.states[0].outcome
        return voxel_unit(outcome.facts) if outcome else ""


@dataclass(frozen=True)
class SessionReport:
    """All that the page shows.

    Args:
        runs: the stages with their manifests.
        series: in natural order of the scan ids.
        roles: of the series; none where they were not told.
        not_run: steps that the session is good without and that have not run.
        masks: what was drawn on them.
        segmentation: what networks drew on them.
        foretold: what a model foretells of the patient.
    """

    runs: tuple[StageRun, ...]
    series: tuple[SeriesReport, ...]
    roles: SessionRoles = NO_ROLES
    not_run: tuple[str, ...] = ()
    masks: MasksTold = NO_MASKS
    segmentation: SegmentationTold = NO_SEGMENTATION
    foretold: ForetoldTold = NOTHING_FORETOLD

    @property
    def spare(self) -> int:
        """How many are ready and stand for no role."""
        return sum(one.verdict.fate == "ready" and one.verdict.spare for one in self.series)

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
    names = series_names(runs)
    volumes = {run.stage.label: _volumes(session, run) for run in runs}
    masks = read_masks(session)
    automatic = read_automatic(session, masks, runs)
    roles = read_roles(runs, names)
    role_of = {one.series: one for one in roles.told}
    read = tuple(
        replace(
            _read_series(
                name,
                states(runs, name),
                {k: v[name] for k, v in volumes.items() if name in v},
                automatic,
                slices,
            ),
            role=role_of.get(name),
        )
        for name in names
    )
    kinds = {one.name: SeriesKind(one.modality, one.unit, one.at) for one in read}
    pairs = Registrations(volumes, kinds)
    series = tuple(replace(one, registration=pairs.of(one.name, one.states)) for one in read)
    measured = {handle: one for each in series for handle, one in each.masks.measured.items()}
    pictures = {one.name: one.automatic for one in series if one.automatic}
    return SessionReport(
        runs,
        series,
        roles,
        not_run(session.reads, runs),
        tell_masks(masks, measured, runs),
        tell_segmentation(automatic, pictures),
        tell_foretold(read_foretold(session, runs)),
    )


def _volumes(session: SessionFolder, run: StageRun) -> Mapping[str, Path]:
    """The volume of each series that a stage has made and that is still current."""
    if run.record is None or not run.current or not run.stage.holds_volumes:
        return {}
    stage = replace(session, reads=(run.stage.label,))
    return {series.outcome.series: series.volume for series in stage.series()}


def _read_series(
    name: str, told: tuple[State, ...], paths: Mapping[str, Path], drawn: AutomaticMasks, slices: int
) -> SeriesReport:
    told = tuple(replace(s, outcome=s.outcome and legible(s.outcome)) for s in told)
    outcomes = [state.outcome for state in told if state.outcome]
    modality = next((outcome.modality for outcome in outcomes if outcome.modality), "")
    facts = outcomes[0].facts if outcomes else {}
    versions: list[tuple[Stage, Upright]] = []
    pictures, grid, no_body, at, ground = None, "", "", None, None
    if told[0].stage.label in paths:
        converted = read_nifti(paths[told[0].stage.label])
        versions = _versions(converted, [state.stage for state in told], paths)
        first = versions[0][1]
        unit = voxel_unit(facts)
        mask, no_body = _body(converted, unit)
        pictures = draw(versions, mask, name=name, modality=modality, unit=unit, slices=slices)
        grid = plane_text(first, first.plane())
        at = middle(mask)
        ground = ground_of(converted, versions, modality, unit) if drawn.is_on(name) else None
    return SeriesReport(
        name=name,
        modality=modality,
        grid=grid,
        states=told,
        verdict=verdict(told),
        receipts=tuple(_receipts(told)),
        cautions=cautions(modality, told, versions[0][1] if versions else None),
        pictures=pictures,
        no_body=no_body,
        at=at,
        masks=read_series_masks(drawn.persons, name, ground),
        automatic=picture_series(drawn, name, ground),
    )


def _receipts(told: Sequence[State]) -> Iterator[StepReceipt]:
    """What each step recorded, but for what the page tells in words: of roles, and of registered pairs."""
    for state in told:
        facts = state.outcome.facts if state.outcome and state.stage.holds_volumes else {}
        without = TOLD if state.stage.label == REGISTERED_LABEL else ()
        if shown := read_facts({name: value for name, value in facts.items() if name not in without}):
            yield StepReceipt(state.stage, shown)


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
    """The converted volume and what the steps made of it, those on its grid.

    What was registered is drawn over the reference instead.
    """
    versions = []
    for stage in stages:
        if stage.label not in paths or stage.label == REGISTERED_LABEL:
            continue
        volume = converted if stage is stages[0] else read_nifti(paths[stage.label])
        if same_grid(volume, converted):
            versions.append((stage, upright(volume.array, volume.affine)))
    return versions
