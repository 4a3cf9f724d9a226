"""Bring what people drew into a session's masks: each file by itself, each region by itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sarcoma_core.archive.drawn import DrawnFile, nifti_stem, reader_folder
from sarcoma_core.archive.folder import natural
from sarcoma_core.archive.masks import MaskVersion
from sarcoma_core.dicom.bearings import read_bearings
from sarcoma_core.dicom.drawings import Drawing
from sarcoma_core.dicom.rtstruct import read_rtstruct
from sarcoma_core.dicom.seg import read_seg
from sarcoma_core.errors import InputError
from sarcoma_core.segmentation.exported import are_told, exported_uid, told_roi
from sarcoma_core.segmentation.mask_book import MaskBook, NewMask, legible
from sarcoma_core.segmentation.nifti_drawing import NiftiDrawing
from sarcoma_core.segmentation.region_names import NameRule, RegionName, distinct, region_name
from sarcoma_core.segmentation.targets import ImageSeries, target_of


class RefusedRegion(NamedTuple):
    """A region that could not be used.

    Attributes:
        number: of the region.
        roi: its key.
        reason: in a sentence.
    """

    number: int
    roi: str
    reason: str


@dataclass(frozen=True)
class ImportedFile:
    """What became of one file.

    Args:
        drawn: the file.
        added: the versions that it made.
        known: the keys of regions that were there already.
        refused: the regions that could not be used.
        reason: why none of it could be used; empty where some was.
        scan: of the image that it lies on.
    """

    drawn: DrawnFile
    added: tuple[MaskVersion, ...] = ()
    known: tuple[str, ...] = ()
    refused: tuple[RefusedRegion, ...] = ()
    reason: str = ""
    scan: str = ""

    @property
    def told(self) -> str:
        """In one sentence."""
        if self.reason:
            return self.reason
        parts = [f"{one.roi} v{one.version}" for one in self.added] + [
            f"{roi} as before" for roi in self.known
        ]
        apart = [f"region {one.number} ({one.roi}) refused: {one.reason.rstrip('.')}" for one in self.refused]
        of_scan = f"masks of scan {self.scan}: {', '.join(parts)}" if parts else ""
        return "; ".join([*([of_scan] if of_scan else []), *apart])

    @property
    def useless(self) -> bool:
        """Whether no region of it could be used."""
        return not self.added and not self.known


_LAST = "~"
"""After every time: what does not say when it was saved was put there by hand."""


class _Opened(NamedTuple):
    drawn: DrawnFile
    drawing: Drawing


def import_files(
    files: Sequence[DrawnFile], images: Sequence[ImageSeries], book: MaskBook, rules: Sequence[NameRule]
) -> tuple[ImportedFile, ...]:
    """Import files in the order in which they were saved; one that is damaged does not stop the others.

    Args:
        files: what was found.
        images: the series that masks can lie on.
        book: where they go.
        rules: a site's names of regions.

    Raises:
        OSError: the disk fails.
    """
    opened: list[_Opened] = []
    done: list[ImportedFile] = []
    for drawn in files:
        try:
            opened.append(_Opened(drawn, _open(drawn)))
        except InputError as error:
            done.append(ImportedFile(drawn, reason=error.message))
    opened.sort(key=lambda one: (one.drawing.source.time or _LAST, natural(one.drawn.origin)))
    done.extend(_import(one, images, book, rules) for one in opened)
    order = {drawn.origin: place for place, drawn in enumerate(files)}
    return tuple(sorted(done, key=lambda one: order[one.drawn.origin]))


def _open(drawn: DrawnFile) -> Drawing:
    try:
        return _read(drawn)
    except MemoryError:
        raise InputError("it must fit into memory; it says that it is larger.") from None


def _read(drawn: DrawnFile) -> Drawing:
    match drawn.kind:
        case "SEG":
            return read_seg(drawn.path)
        case "RTSTRUCT":
            return read_rtstruct(drawn.path)
        case "NIFTI":
            by_reader = bool(reader_folder(drawn.origin))
            return NiftiDrawing(drawn.path, nifti_stem(drawn.path.name), may_be_empty=by_reader)
    raise InputError("it must be a DICOM SEG or RTSTRUCT, or NIfTI; found none of them.")


def _import(
    opened: _Opened, images: Sequence[ImageSeries], book: MaskBook, rules: Sequence[NameRule]
) -> ImportedFile:
    drawn, drawing = opened
    try:
        patient = read_bearings([drawn.path]).patient if drawn.kind != "NIFTI" else ""
        target = target_of(drawing, images, patient=patient, scan=drawn.lies_on)
    except InputError as error:
        return ImportedFile(drawn, reason=error.message)
    ours = _is_exported(drawing)
    names = _names(drawing, rules, book.of(target.series.name), drawn.origin, ours=ours)
    if not names:
        return ImportedFile(drawn, reason="it is empty: it has no region, and no voxel is marked.")
    added, known, refused = [], [], []
    for region, name in zip(drawing.regions, names, strict=True):
        try:
            placed = drawing.on(region.number, target.series.grid)
        except InputError as error:
            refused.append(RefusedRegion(region.number, name.roi, error.message))
            continue
        is_exported = ours and are_told(placed.mask, region.description)
        new = NewMask(target, name, region, drawing.source, drawn.origin, placed, is_exported)
        version = book.add(new)
        if version:
            added.append(version)
        else:
            known.append(name.roi)
    return ImportedFile(drawn, tuple(added), tuple(known), tuple(refused), scan=target.series.name)


def _is_exported(drawing: Drawing) -> bool:
    """Whether it is an object of ours, saved by nobody since: its UID is that of its regions."""
    source = drawing.source
    told = [region.description for region in drawing.regions]
    return any(source.uid == exported_uid(source.kind, "instance", uid, told) for uid in source.series_uids)


def _names(
    drawing: Drawing, rules: Sequence[NameRule], held: Sequence[MaskVersion], origin: str, *, ours: bool
) -> list[RegionName]:
    """The key of each region; those of one name in one file are told apart by a number.

    Args:
        drawing: whose regions.
        rules: of the site.
        held: the versions that the image has.
        origin: where the drawing was found.
        ours: whether it is what was exported.
    """
    keys = {version.roi: version.meaning for version in held}
    of_source = (v for v in held if (v.uid or v.origin) == (drawing.source.uid or legible(origin)))
    before = {(version.number, version.name): version.roi for version in of_source}
    named = []
    for region in drawing.regions:
        meaning = region.concept.meaning if region.concept else ""
        told = told_roi(region.description) if ours else ""
        key = told or before.get((region.number, legible(region.name)), "") or region.name.casefold()
        if told or key in keys:  # what is called as a region of the image is that one
            named.append(RegionName(key, keys.get(key, meaning)))
        else:
            named.append(region_name(region.name, meaning=meaning, rules=rules))
    return [
        RegionName(roi, name.meaning)
        for roi, name in zip(distinct(name.roi for name in named), named, strict=True)
    ]
