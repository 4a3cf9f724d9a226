"""How a series came to lie on the grid of another: in words, and in pictures before and after."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import SimpleITK as sitk

from sarcoma_core.errors import InputError
from sarcoma_core.imaging.resampling import outside, resample
from sarcoma_core.imaging.volume import Volume, read_nifti
from sarcoma_core.report.overlaid import AFTER, BEFORE, Layer, Place, overlay
from sarcoma_core.report.planes import Upright, same_grid, upright
from sarcoma_core.report.quality import quality
from sarcoma_core.report.roles import role_title
from sarcoma_core.report.stages import REGISTERED_LABEL, SUV_LABEL, State
from sarcoma_core.report.tiles import Tile
from sarcoma_core.report.windows import window_for

_SOURCES = ("NORMALISED", SUV_LABEL, "NIFTI")
"""Where a series is read to be registered, the first that holds it, if its outcome does not say."""

_AS_IT_LIES = sitk.Transform(3, sitk.sitkIdentity)


@dataclass(frozen=True)
class SeriesKind:
    """What has to be known of a series to draw it.

    Args:
        modality: DICOM Modality.
        unit: of the converted volume; empty when arbitrary.
        at: a voxel in the middle of the body, in RAS order; None where there is no volume.
    """

    modality: str
    unit: str
    at: Place | None


@dataclass(frozen=True)
class Registration:
    """What became of one pair.

    Args:
        reference: name of the series whose grid it is; empty where that is not told.
        role: of the reference, in words.
        is_reference: whether the series is the reference itself.
        refusal: why the pair is not used; empty where it is.
        quality: sentences without full stops.
        rows: the pictures, a row for each plane; none where there is nothing to draw.
        warm: whether the series is drawn in warm colours.
        fault: why a pair that is used has no pictures.
    """

    reference: str
    role: str
    is_reference: bool = False
    refusal: str = ""
    quality: tuple[str, ...] = ()
    rows: tuple[tuple[Tile, ...], ...] = ()
    warm: bool = False
    fault: str = ""

    @property
    def widest(self) -> int:
        """Pixels of the widest picture: all are drawn to one scale."""
        return max(tile.width for row in self.rows for tile in row)


class Registrations:
    """The pairs of a session; the reference is read once.

    Args:
        volumes: the volume of each series, by label and name; those that are current.
        kinds: of each series, by name.
    """

    def __init__(self, volumes: Mapping[str, Mapping[str, Path]], kinds: Mapping[str, SeriesKind]) -> None:
        self._volumes = volumes
        self._kinds = kinds
        self._read: tuple[str, Volume] | None = None

    def of(self, name: str, told: tuple[State, ...]) -> Registration | None:
        """What became of a series; None where it was not registered.

        Args:
            name: of the series.
            told: what became of it at every stage.

        Raises:
            InputError: a volume is no whole NIfTI file.
        """
        state = told[-1]
        outcome = state.outcome
        if state.stage.label != REGISTERED_LABEL or state.condition not in ("done", "refused") or not outcome:
            return None
        reference, role = (_text(outcome.facts.get(key)) for key in ("reference", "reference_role"))
        found = Registration(
            reference if reference in self._kinds else "",
            role_title(role),
            is_reference=state.condition == "done" and reference == name,
            refusal=outcome.reason if state.condition == "refused" else "",
            quality=quality(outcome.facts) if reference != name else (),
        )
        if found.is_reference or not found.reference:
            return found
        source = _text(outcome.facts.get("source"))
        return self._drawn(name, found, source)

    def _drawn(self, name: str, found: Registration, source: str) -> Registration:
        base, before = self._reference(found.reference), self._before(name, source)
        if base is None or before is None:
            return replace(found, fault="its volume, or that of the reference, is not there")
        label, path = before
        moving, kind = read_nifti(path), self._kinds[name]
        after = None if found.refusal else self._volumes.get(REGISTERED_LABEL, {}).get(name)
        registered = read_nifti(after) if after else None
        if registered and not same_grid(registered, base):
            return replace(found, fault="its volume does not lie on the grid of the reference")
        try:
            lying = resample(moving, base, _AS_IT_LIES, fill=outside(moving.array, kind.modality))
        except InputError as error:
            return replace(found, fault=error.message.rstrip("."))
        window = window_for(kind.modality, "SUV" if label == SUV_LABEL else kind.unit, moving.array)
        warm = kind.modality == "PT"
        layers = [
            (when, Layer(upright(volume.array, base.affine).array, window, warm))
            for when, volume in ((BEFORE, lying), (AFTER, registered))
            if volume
        ]
        return replace(found, rows=self._rows(name, found.reference, base, tuple(layers)), warm=warm)

    def _rows(
        self, name: str, reference: str, base: Volume, layers: tuple[tuple[str, Layer], ...]
    ) -> tuple[tuple[Tile, ...], ...]:
        grid = upright(base.array, base.affine)
        return overlay(
            grid,
            self._below(reference, grid),
            layers,
            at=self._place(reference, grid),
            subject=f"scan {name} on scan {reference}",
        )

    def _reference(self, name: str) -> Volume | None:
        if self._read is None or self._read[0] != name:
            labels = (REGISTERED_LABEL, *_SOURCES)
            path = next((self._volumes[k][name] for k in labels if name in self._volumes.get(k, {})), None)
            if path is None:
                return None
            self._read = name, read_nifti(path)
        return self._read[1]

    def _before(self, name: str, source: str) -> tuple[str, Path] | None:
        """Where a series lay before: the resource that `register` read, and the volume."""
        labels = (*((source,) if source in _SOURCES else ()), *_SOURCES)
        return next(((k, self._volumes[k][name]) for k in labels if name in self._volumes.get(k, {})), None)

    def _below(self, reference: str, grid: Upright) -> Layer:
        kind = self._kinds[reference]
        return Layer(grid.array, window_for(kind.modality, kind.unit, grid.array))

    def _place(self, reference: str, grid: Upright) -> Place:
        at = self._kinds[reference].at
        i, j, k = grid.array.shape
        inside = at is not None and at[0] < i and at[1] < j and at[2] < k
        return at if at and inside else (i // 2, j // 2, k // 2)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
