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
    SessionMasks,
    mask_path,
    masks_document,
)
from sarcoma_core.dicom.drawings import DrawingSource, DrawnRegion, PlacedMask
from sarcoma_core.imaging.nifti_masks import read_mask, write_mask
from sarcoma_core.imaging.volume import Mask, Volume
from sarcoma_core.provenance import sha256
from sarcoma_core.segmentation.metrics import dice, hd95
from sarcoma_core.segmentation.region_names import RegionName
from sarcoma_core.segmentation.targets import Target

_MM3_PER_ML = 1000.0
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
    """

    target: Target
    name: RegionName
    region: DrawnRegion
    source: DrawingSource
    origin: str
    placed: PlacedMask


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
        has: an older object that is still there is no new drawing.

        Raises:
            OSError: the disk is full or read-only.
        """
        outcome, grid = new.target.series.files.outcome, new.target.series.grid
        mask = new.placed.mask
        earlier = [v for v in self.versions if v.key == (outcome.series, new.name.roi)]
        newest = _newest(earlier)
        of_source = _newest(
            v for v in earlier if (v.uid or v.origin) == (new.source.uid or _legible(new.origin))
        )
        if any(self._equals(version, mask, grid) for version in (newest, of_source) if version):
            return None
        path = mask_path(outcome.scan, outcome.part, new.name.roi, newest.version + 1 if newest else 1)
        (self._folder / path).parent.mkdir(parents=True, exist_ok=True)
        write_mask(self._folder / path, mask, grid.affine)
        difference, notes = self._difference(newest, mask, grid)
        added = MaskVersion(
            scan=outcome.scan,
            part=outcome.part,
            roi=new.name.roi,
            version=newest.version + 1 if newest else 1,
            file=path,
            sha256=sha256(self._folder / path),
            meaning=new.name.meaning,
            name=_legible(new.region.name),
            source=new.source.kind,
            origin=_legible(new.origin),
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
        )
        self.versions.append(added)
        return added

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

    def _equals(self, version: MaskVersion, mask: Mask, grid: Volume) -> bool:
        held, volume = read_mask(self._folder / version.file)
        return _one_grid(volume, grid) and np.array_equal(held, mask)

    def _difference(
        self, before: MaskVersion | None, mask: Mask, grid: Volume
    ) -> tuple[MaskDifference | None, tuple[str, ...]]:
        if before is None:
            return None, ()
        held, volume = read_mask(self._folder / before.file)
        if not _one_grid(volume, grid):
            return None, ("the version before lies on another grid, so they were not compared",)
        change = _millilitres(mask, grid) - _millilitres(held, grid)
        found = MaskDifference(dice(held, mask), hd95(held, mask, grid.spacing), change)
        return found, () if found.dice else (_APART,)


def _newest(versions: Iterable[MaskVersion]) -> MaskVersion | None:
    return max(versions, key=lambda v: v.version, default=None)


def _legible(text: str) -> str:
    """A text that JSON can hold: a file's name may be no text at all."""
    return text.encode("utf-8", "backslashreplace").decode()


def _millilitres(mask: Mask, grid: Volume) -> float:
    return int(mask.sum()) * abs(float(np.linalg.det(grid.affine[:3, :3]))) / _MM3_PER_ML


def _one_grid(one: Volume, other: Volume) -> bool:
    return one.array.shape == other.array.shape and np.allclose(one.affine, other.affine, atol=1e-3)
