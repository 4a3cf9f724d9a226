"""Which image of a session a drawing lies on: by what it names, else by where its slices lie."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, NamedTuple

import nibabel as nib
import numpy as np

from sarcoma_core.archive.drawn import DRAWN_LABEL
from sarcoma_core.archive.folder import SeriesFiles, SessionFolder
from sarcoma_core.dicom.bearings import Bearings, read_bearings
from sarcoma_core.dicom.drawings import Drawing
from sarcoma_core.dicom.series import read_scan
from sarcoma_core.errors import SeriesRefused
from sarcoma_core.imaging.volume import Volume
from sarcoma_core.provenance import recorded_scan_id

MatchedBy = Literal["series", "instances", "geometry", "folder"]

_CONVERTED = "NIFTI"


@dataclass(frozen=True)
class ImageSeries:
    """A converted series, and the names that a drawing may call it by.

    Args:
        files: as `convert` left it.
        series_uids: SeriesInstanceUIDs of its images.
        sop_uids: SOPInstanceUIDs of its images.
        bearings: whose it is, and in which frame of reference.
    """

    files: SeriesFiles
    series_uids: frozenset[str]
    sop_uids: frozenset[str]
    bearings: Bearings

    @property
    def name(self) -> str:
        """As `Outcome.series` has it."""
        return self.files.outcome.series

    @cached_property
    def grid(self) -> Volume:
        """Shape and affine of its volume; the voxels are not read."""
        image = nib.Nifti1Image.from_filename(self.files.volume)
        nothing = np.broadcast_to(np.float32(0), image.shape[:3])
        return Volume(nothing, np.asarray(image.affine, np.float64))


class Target(NamedTuple):
    """Where a drawing goes.

    Attributes:
        series: the image.
        matched_by: how it was found.
        notes: what a reader has to know of it.
    """

    series: ImageSeries
    matched_by: MatchedBy
    notes: tuple[str, ...] = ()


def image_series(session: SessionFolder) -> tuple[ImageSeries, ...]:
    """The converted series of a session.

    Raises:
        ArchiveError: the session was not converted, or what was is damaged.
        OSError: the disk fails.
    """
    files = {recorded_scan_id(scan.id): scan.files for scan in session.scans()}
    found = []
    for series in replace(session, reads=(_CONVERTED,)).series():
        headers = read_scan(files.get(series.scan, ())).headers
        found.append(
            ImageSeries(
                series,
                frozenset(header.series_instance_uid for header in headers),
                frozenset(header.sop_instance_uid for header in headers),
                read_bearings(files.get(series.scan, ())),
            )
        )
    return tuple(found)


def target_of(
    drawing: Drawing, images: Sequence[ImageSeries], *, patient: str = "", scan: str = ""
) -> Target:
    """The image that a drawing lies on.

    What it names counts first: series, then single images. Where that is nothing in the session (UIDs that
    were replaced, or never written), geometry decides, within its frame of reference, if it fits one alone.

    Args:
        drawing: the object.
        images: the series of the session.
        patient: its PatientID; empty where it has none.
        scan: the scan that it was filed under by hand; empty where it was not.

    Raises:
        SeriesRefused: it was drawn on nothing that is here, or on one of several; the reason says which.
    """
    if scan:
        filed = [one for one in images if one.files.scan == recorded_scan_id(scan)]
        if not filed:
            raise SeriesRefused("its folder must be the id of a scan that was converted; found another.")
        return _by_hand(drawing, images, _first_that_fits(drawing, filed), patient)
    source = drawing.source
    named = [one for one in images if one.series_uids & source.series_uids]
    if named:
        lost = bool(source.sop_uids) and not any(one.sop_uids & source.sop_uids for one in named)
        notes = ("the single images that it names are not in the session",) if lost else ()
        series = _first_that_fits(drawing, named)
        return Target(series, "series", (*notes, *_strange(drawing, series, patient)))
    held = [one for one in images if one.sop_uids & source.sop_uids]
    if held:
        series = _first_that_fits(drawing, held)
        return Target(series, "instances", _strange(drawing, series, patient))
    return _by_geometry(drawing, images, patient)


def _by_hand(drawing: Drawing, images: Sequence[ImageSeries], series: ImageSeries, patient: str) -> Target:
    """A drawing that a person has filed under a scan.

    Raises:
        SeriesRefused: it names another series of the session, or nothing says that it is this patient's.
    """
    named = [one.files.scan for one in images if one.series_uids & drawing.source.series_uids]
    if named and series.files.scan not in named:
        raise SeriesRefused(f"it lies in the folder of a scan, and names another: scan {named[0]}.")
    strange = _strange(drawing, series, patient)
    if len(strange) > 1 and not named:
        raise SeriesRefused("its PatientID and its frame of reference are others than those of the scan.")
    return Target(series, "folder", strange)


def _strange(drawing: Drawing, series: ImageSeries, patient: str) -> tuple[str, ...]:
    """What does not agree with the image, though a drawing names it or was filed under it."""
    notes = []
    if not _agree(series.bearings.patient, {patient} - {""}):
        notes.append("its PatientID is another one than that of the image")
    if not _agree(series.bearings.frame, drawing.source.frames):
        notes.append("its frame of reference is another one than that of the image")
    return tuple(notes)


def _by_geometry(drawing: Drawing, images: Sequence[ImageSeries], patient: str) -> Target:
    source = drawing.source
    named = "it names no series"
    if source.series_uids:
        named = "the series that it names is not in this session, or was not converted"
    same = [one for one in images if _agree(one.bearings.frame, source.frames)]
    if not same:
        raise SeriesRefused(
            f"{named}, and it lies in another frame of reference: was it drawn on another study?"
        )
    theirs = [one for one in same if _agree(one.bearings.patient, {patient} - {""})]
    if not theirs:
        raise SeriesRefused(f"{named}, and its PatientID is another one.")
    fitting = _scans_once(one for one in theirs if drawing.fits(one.grid))
    if not fitting:
        raise SeriesRefused(f"{named}, and its slices are those of none.")
    if len(fitting) > 1:
        scans = ", ".join(one.files.scan for one in fitting)
        raise SeriesRefused(
            f"{named}, and it fits several by its slices (scans {scans}): put the file into the resource "
            f"{DRAWN_LABEL}, in a folder that is called as the scan."
        )
    return Target(fitting[0], "geometry", (f"{named}: its series was found by geometry alone",))


def _agree(known: str, told: Iterable[str]) -> bool:
    """Whether two identifiers are the same; one that is not told contradicts none."""
    named = frozenset(told)
    return not known or not named or known in named


def _first_that_fits(drawing: Drawing, images: Sequence[ImageSeries]) -> ImageSeries:
    """Parts of one scan share a grid, most often; then the first of them."""
    return next((one for one in images if drawing.fits(one.grid)), images[0])


def _scans_once(images: Iterable[ImageSeries]) -> list[ImageSeries]:
    first: dict[str, ImageSeries] = {}
    for one in images:
        first.setdefault(one.files.scan, one)
    return list(first.values())
