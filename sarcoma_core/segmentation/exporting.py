"""Masks of one series as a DICOM object: a SEG or an RTSTRUCT on the images that they were drawn on.

Equal masks give the same UIDs, so that what was sent once is known again. A region is written under a name by
which `import-masks` finds its key again.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, Literal, NamedTuple

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from sarcoma_core.archive.folder import natural
from sarcoma_core.archive.masks import MaskVersion
from sarcoma_core.archive.values import read_text
from sarcoma_core.dicom.colours import colour_of
from sarcoma_core.dicom.drawn_on import read_sources
from sarcoma_core.dicom.finishing import day_of
from sarcoma_core.dicom.rtstruct import RoiToWrite, RtstructIdentity, write_rtstruct
from sarcoma_core.dicom.seg import SegIdentity, SegmentToWrite, write_seg
from sarcoma_core.dicom.seg.concepts import meaning_of
from sarcoma_core.errors import InputError
from sarcoma_core.imaging.grids import grid_difference
from sarcoma_core.imaging.nifti_masks import read_mask
from sarcoma_core.imaging.volume import Mask, Volume
from sarcoma_core.segmentation.exported import ExportKind, exported_uid, telling_voxels
from sarcoma_core.segmentation.region_names import region_name

_TUMOUR = "tumour"
_LO, _SH = 64, 16
"""Characters of a SeriesDescription, and of a StructureSetLabel."""
_UNTOLD: Final = "MANUAL"
"""SegmentAlgorithmType where the source did not say: people draw in what says nothing."""


class ExportedObject(NamedTuple):
    """A DICOM object of masks.

    Attributes:
        kind: what it is.
        uid: SOPInstanceUID, the same for the same masks.
        content: its bytes.
        regions: the key of each and its version, e.g. `tumour v2`; its name may be a patient's.
    """

    kind: ExportKind
    uid: str
    content: bytes
    regions: tuple[str, ...]


class _Region(NamedTuple):
    """A region as it is written.

    Attributes:
        version: of which it is.
        mask: its voxels.
        name: what it is called in the object.
        description: by which an object that comes back unchanged is known for what was exported.
    """

    version: MaskVersion
    mask: Mask
    name: str
    description: str

    @property
    def told(self) -> str:
        """Which version of which region it is; a name may be a patient's, and stays out."""
        return region_told(self.version)


class _Series(NamedTuple):
    regions: tuple[_Region, ...]
    grid: Volume
    sources: tuple[Path, ...]
    header: Dataset

    @property
    def scan(self) -> str:
        return self.regions[0].version.series


def export_object(
    kind: ExportKind,
    versions: Sequence[MaskVersion],
    place: Callable[[MaskVersion], Path],
    sources: Sequence[Path],
) -> ExportedObject:
    """One object of masks that lie on one series.

    Args:
        kind: SEG or RTSTRUCT.
        versions: one at least, of different regions.
        place: where the file of a version lies.
        sources: the DICOM files of the series.

    Raises:
        InputError: the files are not the images of the masks, or the masks lie on several grids.
        DicomError: an image is damaged.
        OSError: a file cannot be read.
    """
    series = _read(tuple(sorted(versions, key=_tumour_first)), place, tuple(sources))
    told = tuple(region.told for region in series.regions)
    return ExportedObject(kind, _uid(kind, series, "instance"), _WRITERS[kind](series), told)


def region_told(version: MaskVersion) -> str:
    """A version of a region, as what was exported tells it: `tumour v2`."""
    return f"{version.roi} v{version.version}"


def written_names(versions: Sequence[MaskVersion]) -> tuple[str, ...]:
    """What regions of one series are called in an object: as they were written, else by their keys.

    As it was written where that leads back to the key, and to no other's: a region that is called as a key is
    that region.
    """
    names = [_name(version) for version in versions]
    keys = {version.roi for version in versions}
    return tuple(
        name if name == version.roi or (names.count(name) == 1 and name not in keys) else version.roi
        for name, version in zip(names, versions, strict=True)
    )


def _name(version: MaskVersion) -> str:
    name = version.name
    legal = name.isprintable() and name == name.strip() != "" and len(name) <= _LO and "\\" not in name
    meaning = meaning_of(version.roi, version.meaning).type.meaning  # as it is written, and read again
    return name if legal and region_name(name, meaning=meaning).roi == version.roi else version.roi


def _read(
    versions: tuple[MaskVersion, ...], place: Callable[[MaskVersion], Path], sources: tuple[Path, ...]
) -> _Series:
    held = [_masked(place(one)) for one in versions]
    grid = held[0][1]
    if any(grid_difference(volume, grid) for _, volume in held):
        raise InputError(
            "its masks must lie on one grid; they lie on several: it was converted anew since they came in.",
            hint="Run import-masks again.",
        )
    named = zip(versions, held, written_names(versions), strict=True)
    regions = tuple(
        _Region(version, mask, name, _described(version, mask)) for version, (mask, _), name in named
    )
    return _Series(regions, grid, sources, read_sources(sources)[0].dataset)


def _described(version: MaskVersion, mask: Mask) -> str:
    words = (f"{region_told(version)} of scan {version.series}", version.algorithm)
    return telling_voxels(", ".join(filter(None, words)), mask)


def _masked(path: Path) -> tuple[Mask, Volume]:
    """A mask and its grid; the values that it was read from are many times as large, and let go."""
    mask, volume = read_mask(path)
    return mask, Volume(np.broadcast_to(np.float32(0), volume.array.shape), volume.affine)


def _tumour_first(version: MaskVersion) -> tuple[object, ...]:
    return not _is_tumour(version), natural(version.roi)


def _is_tumour(version: MaskVersion) -> bool:
    return version.roi.partition("_")[0] == _TUMOUR


def _seg(series: _Series) -> bytes:
    segments = [_segment(number, one, series) for number, one in enumerate(series.regions, 1)]
    identity = SegIdentity(
        series_uid=_uid("SEG", series, "series"),
        sop_uid=_uid("SEG", series, "instance"),
        time=_time(series),
        description=_description(series),
        creator=_reader(series),
    )
    return write_seg(segments, series.sources, series.grid, identity=identity)


def _segment(number: int, region: _Region, series: _Series) -> SegmentToWrite:
    version = region.version
    meaning = meaning_of(version.roi, version.meaning)
    return SegmentToWrite(
        number=number,
        label=region.name,
        mask=region.mask,
        category=meaning.category,
        type=meaning.type,
        algorithm_type=version.algorithm or _UNTOLD,
        algorithm_name=version.algorithm_name or version.software or "unknown",
        description=region.description,
        tracking_uid=generate_uid(entropy_srcs=["sarcoma", _series_uid(series), version.part, version.roi]),
        colour=colour_of(number),
    )


def _rtstruct(series: _Series) -> bytes:
    rois = [
        RoiToWrite(
            number=number,
            name=one.name,
            mask=one.mask,
            colour=colour_of(number),
            interpreted_type="GTV" if _is_tumour(one.version) else "",
            algorithm=one.version.algorithm,
            concept=meaning_of(one.version.roi, one.version.meaning).type,
            description=one.description,
        )
        for number, one in enumerate(series.regions, 1)
    ]
    identity = RtstructIdentity(
        series_uid=_uid("RTSTRUCT", series, "series"),
        sop_uid=_uid("RTSTRUCT", series, "instance"),
        time=_time(series),
        description=_description(series),
        label=f"scan {series.scan}"[:_SH].rstrip(),
        creator=_reader(series),
    )
    return write_rtstruct(rois, series.sources, series.grid, identity=identity)


_WRITERS: Mapping[ExportKind, Callable[[_Series], bytes]] = {"SEG": _seg, "RTSTRUCT": _rtstruct}


def _description(series: _Series) -> str:
    """Which regions of which scan; their number where they are too many to be named."""
    told = f"scan {series.scan}: {', '.join(region.told for region in series.regions)}"
    return told if len(told) <= _LO else f"scan {series.scan}: {len(series.regions)} regions"[:_LO]


def _reader(series: _Series) -> str:
    """Who drew them, where it was one."""
    readers = {one.version.reader for one in series.regions}
    return readers.pop() if len(readers) == 1 else ""


def _time(series: _Series) -> datetime:
    """When the newest was saved; where none says so, the day of the study: equal masks give equal bytes."""
    return day_of(series.header, saved=max(one.version.time for one in series.regions))


def _series_uid(series: _Series) -> str:
    return read_text(series.header, "SeriesInstanceUID")


def _uid(kind: ExportKind, series: _Series, what: Literal["series", "instance"]) -> str:
    return exported_uid(kind, what, _series_uid(series), (one.description for one in series.regions))
