"""Read a DICOM segmentation, and put its segments on the grid of an image."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
import SimpleITK as sitk
from pydicom.uid import RLELossless

from sarcoma_core.archive.fence import fence
from sarcoma_core.archive.instance import open_instance
from sarcoma_core.dicom.drawings import DrawingSource, DrawnRegion, PlacedMask
from sarcoma_core.dicom.geometry import PLACE_TOLERANCE_MM, orientation_groups, slice_normal
from sarcoma_core.dicom.rle import require_whole_runs
from sarcoma_core.dicom.seg.describing import read_regions, read_source
from sarcoma_core.dicom.seg.frames import SegFrame, read_frames
from sarcoma_core.dicom.seg.pixels import SegPixels, read_pixels
from sarcoma_core.dicom.seg.placing import Footprint, SegPiece, cut_out, footprint, lay, require_matrix
from sarcoma_core.dicom.seg.stacking import count_outside, frame_gap, stack_pieces
from sarcoma_core.errors import DicomError, InputError, SeriesRefused
from sarcoma_core.imaging.resampling import resample_mask
from sarcoma_core.imaging.slice_views import OFF_VOXELS, ImagePlane
from sarcoma_core.imaging.volume import Mask, Volume

SOP_CLASSES = ("1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7")
"""Segmentation Storage and Label Map Segmentation Storage (PS3.4, B.5)."""


@dataclass(frozen=True, slots=True, eq=False)
class SegDrawing:
    """A DICOM SEG as a `Drawing`.

    Args:
        source: what it says of itself.
        regions: its segments without the background, in the order of their numbers.
        frames: in the order in which they are stored.
        pixels: of the frames.
    """

    source: DrawingSource
    regions: tuple[DrawnRegion, ...]
    frames: tuple[SegFrame, ...]
    pixels: SegPixels

    def on(self, number: int, grid: Volume) -> PlacedMask:
        """One segment on the grid of a volume.

        Frames that coincide with slices are laid in voxel by voxel, and slices without a frame are empty.
        Where one does not coincide, or SpacingBetweenSlices tells of thicker slices than the volume has, the
        segment is resampled from a grid of its own.

        Args:
            number: SegmentNumber.
            grid: of which only shape and affine matter.

        Raises:
            SeriesRefused: there is no such segment; it is empty, has no position in the patient, lies outside
                the volume, has two frames at one place that differ, frames that lie on no grid, or rows for
                columns.
        """
        if number not in {region.number for region in self.regions}:
            raise SeriesRefused(f"segment {number} is not one of the {len(self.regions)} that it describes")
        with fence(SeriesRefused, "the pixel data"):
            frames = [frame for frame in self.frames if frame.segment in (None, number)]
            if (frames and any(frame.plane is None for frame in frames)) or not self.frames:
                raise SeriesRefused("its frames have no position in the patient (a radiograph, or a slide)")
            pieces = self._pieces(frames, number)
            if not pieces:
                raise SeriesRefused("it is empty: no frame has a voxel of it")
            places = [footprint(piece.plane, grid) for piece in pieces]
            laid = [place for place in places if place is not None]
            if len(laid) == len(pieces) and not self._is_thicker(frames, grid, laid[0]):
                require_matrix(pieces[0].plane, laid[0], grid)
                return self._as_drawn(pieces, laid, grid)
            return self._resampled(pieces, grid)

    def fits(self, grid: Volume) -> bool:
        """Whether it was drawn on this grid, by geometry alone: slices that coincide, within its sides."""
        planes = {frame.plane for frame in self.frames if frame.plane is not None}
        places = [footprint(plane, grid) for plane in planes]
        laid = [place for place in places if place is not None and place.lies_within(grid)]
        if not laid or len(laid) < len(places):
            return False
        return not self._is_thicker(self.frames, grid, laid[0])

    def _pieces(self, frames: Sequence[SegFrame], number: int) -> list[SegPiece]:
        """What is drawn in the frames of a segment; frames at one place must agree."""
        pieces = []
        for alike in _by_place(frames):
            kept: Mask | None = None
            for mask in self.pixels.masks([frame.frame for frame in alike], number):
                if kept is not None and not np.array_equal(mask, kept):
                    raise SeriesRefused(f"{len(alike)} of its frames lie at one place, and differ")
                kept = mask
            plane = alike[0].plane
            if plane is not None and kept is not None and kept.any():
                pieces.append(cut_out(plane, kept))
        return pieces

    def _is_thicker(self, frames: Sequence[SegFrame], grid: Volume, place: Footprint) -> bool:
        """Whether its slices are thicker than those of the volume, though every one lies on one of them.

        SpacingBetweenSlices does not count where frames lie closer than it says: some write what they like.
        """
        stated = next((frame.spacing for frame in frames if frame.spacing), None)
        planes = [frame.plane for frame in frames if frame.plane is not None]
        if stated is None or stated <= grid.spacing[place.axis] * (1 + OFF_VOXELS):
            return False
        gap = frame_gap(planes) if _orientations(planes) == 1 else None
        return gap is None or gap >= stated * (1 - OFF_VOXELS)

    def _as_drawn(self, pieces: list[SegPiece], places: list[Footprint], grid: Volume) -> PlacedMask:
        mask = np.zeros(grid.array.shape, bool)
        lost = sum(lay(piece, place, mask) for piece, place in zip(pieces, places, strict=True))
        if not mask.any():
            raise SeriesRefused("it lies wholly outside the image")
        slices = sorted({(place.axis, place.layer) for place in places})
        apart = len(slices) > 1 and not any((axis, layer + 1) in slices for axis, layer in slices)
        notes = ["no two of its slices are neighbours: between them it is empty"] if apart else []
        return PlacedMask(mask, "as drawn", (*notes, *self._notes(lost)), _facts(pieces, lost))

    def _resampled(self, pieces: list[SegPiece], grid: Volume) -> PlacedMask:
        stacked = stack_pieces(pieces, self.frames)
        lost, total = count_outside(stacked, grid)
        if lost == total:
            raise SeriesRefused("it lies wholly outside the image")
        try:
            mask = resample_mask(stacked.mask, stacked.affine, grid, sitk.Transform())
        except InputError as error:
            raise SeriesRefused(f"it cannot be resampled: {error.message}") from None
        if not mask.any():
            raise SeriesRefused(
                "nothing of it is left on the grid of the image: it is thinner than its voxels"
            )
        note = "drawn on another grid: resampled linearly, a half or more of a voxel is inside"
        return PlacedMask(mask, "resampled", (note, *self._notes(lost)), _facts(pieces, lost))

    def _notes(self, lost: int) -> Iterator[str]:
        if self.pixels.kind == "FRACTIONAL":
            meant = (
                self.pixels.fraction if self.pixels.fraction in ("PROBABILITY", "OCCUPANCY") else "FRACTIONAL"
            )
            yield f"a fraction of a half or more is inside ({meant})"
        if lost:
            yield f"{lost} of its voxels lie outside the image, and are lost"


def read_seg(path: Path) -> SegDrawing:
    """Read a segmentation: BINARY, FRACTIONAL or LABELMAP, overlapping or not.

    Its header is read and checked whole; frames are decoded when a segment is asked for.

    Args:
        path: of a file of DICOM, which may be anything.

    Raises:
        DicomError: not DICOM, cut short, another kind of object, a bomb, or in contradiction with itself.
        OSError: the file cannot be read.

    Source: PS3.3, A.51 and C.8.20.
    """
    with fence(DicomError, "the segmentation"):
        known, _ = open_instance(path)
        if known.sop_class not in SOP_CLASSES:
            raise DicomError("SOPClassUID: must be that of a segmentation; found another.")
        dataset = pydicom.dcmread(path)
        pixels = read_pixels(dataset)
        if pixels.decoder == RLELossless:
            _require_whole_runs(path)
        of_label_map = pixels.kind == "LABELMAP"
        regions = read_regions(dataset, of_label_map=of_label_map)
        numbers = None if of_label_map else {region.number for region in regions}
        frames = read_frames(dataset, pixels.frames, (pixels.rows, pixels.columns), numbers=numbers)
        return SegDrawing(read_source(dataset), regions, frames, pixels)


def _require_whole_runs(path: Path) -> None:
    try:
        require_whole_runs(path)
    except SeriesRefused as error:
        raise DicomError(f"PixelData: {error.message}") from None


def _by_place(frames: Sequence[SegFrame]) -> Iterator[list[SegFrame]]:
    """Frames with a plane, those at one and the same place together."""
    placed = [(frame, frame.plane) for frame in frames if frame.plane is not None]
    if not placed:
        return
    cosines = np.array([plane.orientation for _, plane in placed])
    positions = np.array([plane.position for _, plane in placed])
    groups = orientation_groups(cosines)
    for group in range(int(groups.max()) + 1):
        members = np.flatnonzero(groups == group)
        along = positions[members] @ slice_normal(cosines[members[0]])
        alike: list[int] = []
        for member in members[np.argsort(along, kind="stable")].tolist():
            if alike and np.abs(positions[member] - positions[alike[-1]]).max() > PLACE_TOLERANCE_MM:
                yield [placed[index][0] for index in alike]
                alike = []
            alike.append(member)
        yield [placed[index][0] for index in alike]


def _orientations(planes: Sequence[ImagePlane]) -> int:
    return int(orientation_groups(np.array([plane.orientation for plane in planes])).max()) + 1


def _facts(pieces: list[SegPiece], lost: int) -> dict[str, int]:
    return {"frames": len(pieces), "lost_voxels": lost}
