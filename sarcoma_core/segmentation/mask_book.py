"""The versions of a session's masks while new ones are imported: nothing is lost, nothing is replaced."""

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from sarcoma_core.archive.masks import (
    MASKS_FILE,
    MaskDifference,
    MaskVersion,
    SameDrawing,
    SessionMasks,
    mask_path,
    masks_document,
)
from sarcoma_core.archive.references import ReferenceMark
from sarcoma_core.dicom.drawings import DrawingSource, DrawnRegion, PlacedMask
from sarcoma_core.imaging.grids import grid_difference
from sarcoma_core.imaging.nifti_masks import read_mask, write_mask
from sarcoma_core.imaging.volume import Mask, Volume
from sarcoma_core.provenance import sha256
from sarcoma_core.segmentation.metrics import dice, hd95
from sarcoma_core.segmentation.region_names import RegionName
from sarcoma_core.segmentation.targets import Target

_APART = (
    "it has no voxel in common with the version before: another lesion needs a name of its own, such as "
    "tumour 2"
)


class NewMask(NamedTuple):
    """A region that was put on an image, with all that is known of it.

    Attributes:
        target: the image.
        name: its key and meaning.
        region: as its source has it.
        source: what its source says of itself.
        origin: where the source was found.
        placed: its voxels.
        is_exported: whether it is what was exported, as it was (`exported`).
    """

    target: Target
    name: RegionName
    region: DrawnRegion
    source: DrawingSource
    origin: str
    placed: PlacedMask
    is_exported: bool = False


class MaskBook:
    """All versions, those of earlier runs carried forward.

    Args:
        earlier: what earlier runs left.
        folder: of the new resource; it is made, and filled.

    Raises:
        OSError: the disk is full or read-only.
    """

    def __init__(self, earlier: SessionMasks, folder: Path) -> None:
        self._folder = folder
        self.versions = list(earlier.versions)
        folder.mkdir(parents=True)
        for version in earlier.versions:
            place = folder / version.file
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(earlier.path(version), place)

    def add(self, new: NewMask) -> MaskVersion | None:
        """A new version; None where it is there already.

        It is there where the newest version has the same voxels, or the newest that came from the same source
        has: an older object that is still there is no new drawing, and who drew the same is noted beside the
        version. Nor is new what was exported and has come back as it was, whichever version it is.

        Raises:
            OSError: the disk is full or read-only.
        """
        outcome, grid = new.target.series.files.outcome, new.target.series.grid
        mask = new.placed.mask
        if new.is_exported and new.region.algorithm == "AUTOMATIC":
            return None  # it stands in the resource of what networks made
        earlier = [v for v in self.versions if v.key == (outcome.series, new.name.roi)]
        newest = _newest(earlier)
        same = _may_be_the_same(new, earlier)
        held = self._read(newest, *same)
        equal = next((one for one in same if held[one.version].equals(mask, grid)), None)
        if equal:
            self._note(equal, new)
            return None
        path = mask_path(outcome.scan, outcome.part, new.name.roi, newest.version + 1 if newest else 1)
        (self._folder / path).parent.mkdir(parents=True, exist_ok=True)
        write_mask(self._folder / path, mask, grid.affine)
        difference, notes = _difference(held[newest.version], mask, grid) if newest else (None, ())
        added = MaskVersion(
            scan=outcome.scan,
            part=outcome.part,
            roi=new.name.roi,
            version=newest.version + 1 if newest else 1,
            file=path,
            sha256=sha256(self._folder / path),
            meaning=new.name.meaning,
            name=legible(new.region.name),
            source=new.source.kind,
            origin=legible(new.origin),
            uid=new.source.uid,
            number=new.region.number,
            reader=new.source.reader,
            software=new.source.software,
            time=new.source.time,
            placement=new.placed.placement,
            volume_ml=_millilitres(mask, grid),
            matched_by=new.target.matched_by,
            difference=difference,
            notes=(*new.target.notes, *new.placed.notes, *notes),
            algorithm=new.region.algorithm,
            algorithm_name=legible(new.region.algorithm_name),
        )
        self.versions.append(added)
        return added

    def _note(self, equal: MaskVersion, new: NewMask) -> None:
        """Note a further drawing of a version's voxels, once."""
        drawing = SameDrawing(legible(new.origin), new.source.reader, new.source.time)
        known = {(one.origin, one.reader) for one in equal.drawings()}
        if new.is_exported or (drawing.origin, drawing.reader) in known:
            return
        noted = replace(equal, also=(*equal.also, drawing))
        self.versions = [noted if one is equal else one for one in self.versions]

    def mark(self, marks: Iterable[ReferenceMark]) -> None:
        """Lock the references of a study of readers, and no other version of their regions."""
        wanted = {(one.handle, one.sha256): one.locked for one in marks}
        keys = {v.key for v in self.versions if wanted.get((v.handle, v.sha256))}
        self.versions = [
            replace(v, locked=wanted.get((v.handle, v.sha256), v.locked and v.key not in keys))
            for v in self.versions
        ]

    def lock_newest(self) -> None:
        """Mark the newest version of every region as final; earlier locks stay."""
        newest: dict[tuple[str, str], int] = {}
        for one in self.versions:
            newest[one.key] = max(newest.get(one.key, 0), one.version)
        self.versions = [replace(v, locked=v.locked or v.version == newest[v.key]) for v in self.versions]

    def unlock(self) -> None:
        """Mark every version as open."""
        self.versions = [replace(version, locked=False) for version in self.versions]

    def write(self) -> None:
        """Write `masks.json`.

        Raises:
            OSError: the disk is full or read-only.
        """
        (self._folder / MASKS_FILE).write_bytes(masks_document(self.versions))

    def of(self, series: str) -> Sequence[MaskVersion]:
        """The versions that lie on a series."""
        return SessionMasks(tuple(self.versions)).of(series)

    def _read(self, *versions: MaskVersion | None) -> dict[int, "_HeldMask"]:
        """Masks of one region by their version, each read once."""
        files = {one.version: self._folder / one.file for one in versions if one}
        return {number: _HeldMask(*read_mask(path)) for number, path in files.items()}


class _HeldMask(NamedTuple):
    mask: Mask
    volume: Volume

    def equals(self, mask: Mask, grid: Volume) -> bool:
        return not grid_difference(self.volume, grid) and np.array_equal(self.mask, mask)


def _difference(before: _HeldMask, mask: Mask, grid: Volume) -> tuple[MaskDifference | None, tuple[str, ...]]:
    if grid_difference(before.volume, grid):
        return None, ("the version before lies on another grid, so they were not compared",)
    change = _millilitres(mask, grid) - _millilitres(before.mask, grid)
    found = MaskDifference(dice(before.mask, mask), hd95(before.mask, mask, grid.spacing), change)
    is_apart = not found.dice and before.mask.any() and mask.any()
    return found, (_APART,) if is_apart else ()


def _may_be_the_same(new: NewMask, earlier: Sequence[MaskVersion]) -> tuple[MaskVersion, ...]:
    """The versions that a mask is no new drawing of, where it has the voxels of one of them."""
    if new.is_exported:
        return tuple(earlier)
    of_source = (v for v in earlier if (v.uid or v.origin) == (new.source.uid or legible(new.origin)))
    return tuple(v for v in (_newest(earlier), _newest(of_source)) if v)


def _newest(versions: Iterable[MaskVersion]) -> MaskVersion | None:
    return max(versions, key=lambda v: v.version, default=None)


def legible(text: str) -> str:
    """A text that JSON can hold: a file's name may be no text at all."""
    return text.encode("utf-8", "backslashreplace").decode()


def _millilitres(mask: Mask, grid: Volume) -> float:
    return int(np.count_nonzero(mask)) * grid.voxel_ml
