"""Small segmentations, made with pydicom alone: voxels and places are known because they are chosen here."""

from collections.abc import Sequence as Items
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian

from sarcoma_core.imaging.volume import Volume
from tests.dicom.series_maker import Stack

STORAGE = {"LABELMAP": "1.2.840.10008.5.1.4.1.1.66.7"}
SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"
MOST = 255


class Frame(NamedTuple):
    """One frame: of which segment, on which slice of the stack, and its stored values, rows x columns."""

    number: int
    slice: int
    values: npt.NDArray[Any]


@dataclass(frozen=True)
class Made:
    """A segmentation on the slices of a stack.

    Args:
        stack: where it lies; its shape is that of the frames.
        frames: in the order in which they are stored.
        kind: SegmentationType.
        numbers: of SegmentSequence, in its order; those of the frames by default.
        shared: whether position measures and orientation are told once for all frames.
    """

    stack: Stack
    frames: Items[Frame]
    kind: str = "BINARY"
    numbers: Items[int] = ()
    shared: bool = True

    def dataset(self, **values: Any) -> Dataset:
        """The object; `values` set or, when None, delete attributes of it."""
        ds = Dataset()
        ds.SOPClassUID = STORAGE.get(self.kind, SEGMENTATION)
        ds.SOPInstanceUID, ds.SeriesInstanceUID = "1.2.826.0.1.3680043.8.498.7", "1.2.826.0.1.3680043.8.498.8"
        ds.StudyInstanceUID, ds.FrameOfReferenceUID = (
            "1.2.826.0.1.3680043.8.498.2",
            "1.2.826.0.1.3680043.8.498.3",
        )
        ds.Modality, ds.SeriesNumber, ds.InstanceNumber, ds.PatientID = "SEG", 9, 1, "MRN-0042"
        ds.ContentDate, ds.ContentTime, ds.ContentLabel = "20210306", "111213.5", "LESION"
        ds.ContentCreatorName, ds.Manufacturer, ds.SoftwareVersions = "Roe^R", "Maker", ["1", "2"]
        ds.Rows, ds.Columns = self.stack.shape
        ds.NumberOfFrames, ds.SamplesPerPixel, ds.PixelRepresentation = len(self.frames), 1, 0
        ds.PhotometricInterpretation, ds.SegmentationType = "MONOCHROME2", self.kind
        ds.BitsAllocated = ds.BitsStored = 1 if self.kind == "BINARY" else 8
        ds.HighBit = ds.BitsAllocated - 1
        if self.kind == "FRACTIONAL":
            ds.SegmentationFractionalType, ds.MaximumFractionalValue = "PROBABILITY", MOST
        ds.SegmentSequence = Sequence([_segment(number) for number in self._numbers])
        measures, orientation = self._measures, self._orientation
        ds.SharedFunctionalGroupsSequence = _item(
            **(
                {"PixelMeasuresSequence": measures, "PlaneOrientationSequence": orientation}
                if self.shared
                else {}
            )
        )
        ds.PerFrameFunctionalGroupsSequence = Sequence([self._group(frame) for frame in self.frames])
        ds.PixelData = self._pixels
        ds["PixelData"].VR = "OB"
        for keyword, value in values.items():
            if value is None:
                del ds[keyword]
            else:
                setattr(ds, keyword, value)
        ds.file_meta = FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        ds.file_meta.MediaStorageSOPClassUID = ds.get("SOPClassUID", SEGMENTATION)
        ds.file_meta.MediaStorageSOPInstanceUID = ds.get("SOPInstanceUID", "1.2.3")
        return ds

    def save(self, path: Path, **values: Any) -> Path:
        """Write it."""
        return save(self.dataset(**values), path)

    @property
    def _numbers(self) -> list[int]:
        return list(self.numbers) or sorted({frame.number for frame in self.frames})

    @property
    def _measures(self) -> Sequence:
        return _item(PixelSpacing=list(self.stack.pixel_spacing), SliceThickness=self.stack.gap)

    @property
    def _orientation(self) -> Sequence:
        return _item(ImageOrientationPatient=[f"{v:.12g}" for v in self.stack.orientation])

    @property
    def _pixels(self) -> bytes:
        stored = np.stack([frame.values for frame in self.frames])
        if self.kind == "BINARY":
            packed = np.packbits(stored.ravel().astype(bool), bitorder="little").tobytes()
        else:
            packed = stored.astype(np.uint8).tobytes()
        return packed + b"\0" * (len(packed) % 2)

    def _group(self, frame: Frame) -> Dataset:
        place = np.array(self.stack.origin) + frame.slice * self.stack.gap * self.stack.normal
        group = Dataset()
        group.PlanePositionSequence = _item(ImagePositionPatient=[f"{v:.9g}" for v in place])
        if self.kind != "LABELMAP":
            group.SegmentIdentificationSequence = _item(ReferencedSegmentNumber=frame.number)
        if not self.shared:
            group.PixelMeasuresSequence, group.PlaneOrientationSequence = self._measures, self._orientation
        return group


def save(dataset: Dataset, path: Path) -> Path:
    """Write an object under a name that a patient could be known by."""
    path.mkdir(parents=True, exist_ok=True)
    file = path / "DOE_JANE.dcm"
    dataset.save_as(file, enforce_file_format=True)
    return file


def compress(dataset: Dataset, syntax: str, frames: Items[bytes]) -> Dataset:
    """With compressed frames in the place of its own."""
    dataset.PixelData = encapsulate(list(frames))
    dataset["PixelData"].is_undefined_length = True
    dataset["PixelData"].VR = "OB"
    dataset.file_meta.TransferSyntaxUID = syntax
    return dataset


def grid_of(stack: Stack) -> Volume:
    """The volume that a converter makes of the stack: array axes are column, row and slice."""
    return Volume(np.zeros((*stack.shape[::-1], stack.slices), np.float32), stack.affine)


def random_mask(stack: Stack, seed: int) -> npt.NDArray[np.bool_]:
    """Shape (x, y, z) of `grid_of`, with something in each slice."""
    mask: npt.NDArray[np.bool_] = np.random.default_rng(seed).random(grid_of(stack).array.shape) > 0.6
    return mask


def frames_of(mask: npt.NDArray[Any], number: int = 1) -> list[Frame]:
    """A frame for each slice of a mask of shape (x, y, z)."""
    return [Frame(number, index, mask[:, :, index].T) for index in range(mask.shape[2])]


def _segment(number: int) -> Dataset:
    item = Dataset()
    item.SegmentNumber, item.SegmentLabel, item.SegmentAlgorithmType = number, f"label {number}", "MANUAL"
    code = {"CodeValue": "4147007", "CodingSchemeDesignator": "SCT", "CodeMeaning": "Mass"}
    item.SegmentedPropertyTypeCodeSequence = _item(**code)
    return item


def _item(**values: Any) -> Sequence:
    dataset = Dataset()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return Sequence([dataset])
