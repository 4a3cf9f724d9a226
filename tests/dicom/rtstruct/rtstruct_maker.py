"""Small RTSTRUCTs, made with pydicom alone: contours are known because they are chosen here."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import ImplicitVRLittleEndian, RTStructureSetStorage

from sarcoma_core.imaging.volume import Volume
from tests.dicom.series_maker import Stack

UID = "1.2.826.0.1.3680043.8.498"
STACK = Stack(slices=6, shape=(24, 30), gap=4.0, pixel_spacing=(1.5, 1.25))
SQUARE = ((4.5, 5.5), (4.5, 15.5), (14.5, 15.5), (14.5, 5.5))
"""Rows and columns: 10 x 10 pixels."""


def grid_of(stack: Stack) -> Volume:
    """Axes: columns, rows, slices."""
    return Volume(np.zeros((stack.shape[1], stack.shape[0], stack.slices), np.float32), stack.affine)


@dataclass(frozen=True)
class Drawn:
    """One contour: on which slice, its rows and columns, and how it is called."""

    slice: float = 2
    corners: Sequence[tuple[float, float]] = SQUARE
    kind: str | None = "CLOSED_PLANAR"
    data: bytes | None = None
    points: int | None = None
    image: str = ""
    tilt: float = 0.0
    """Slices by which the contour leaves its plane from its first to its last row."""

    def text(self, stack: Stack) -> bytes:
        """ContourData, at most 16 characters a number."""
        if self.data is not None:
            return self.data
        return "\\".join(f"{value:.5f}" for value in self.lps(stack).ravel()).encode()

    def lps(self, stack: Stack) -> npt.NDArray[np.float64]:
        rows, columns = np.reshape(np.array(self.corners, np.float64), (-1, 2)).T
        run = (rows - rows.min()) / max(np.ptp(rows), 1) if rows.size else rows
        slices = self.slice + self.tilt * (run - 0.5)
        voxels = np.stack([columns, rows, slices, np.ones_like(rows)])
        return (np.diag([-1.0, -1.0, 1.0, 1.0]) @ stack.affine @ voxels)[:3].T


@dataclass(frozen=True)
class Roi:
    """One ROI; without `contours` it has no item in ROIContourSequence."""

    contours: Sequence[Drawn] | None = (Drawn(),)
    name: str | None = "GTV"
    number: Any = 1
    code: tuple[str, str, str] | None = None


@dataclass(frozen=True)
class Made:
    """A structure set on a stack."""

    rois: Sequence[Roi] = (Roi(),)
    stack: Stack = STACK
    syntax: str = ImplicitVRLittleEndian
    undefined: bool = False
    values: dict[str, Any] = field(default_factory=dict)

    def dataset(self) -> Dataset:
        ds = Dataset()
        ds.SOPClassUID, ds.SOPInstanceUID, ds.Modality = RTStructureSetStorage, f"{UID}.7", "RTSTRUCT"
        ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SpecificCharacterSet = (
            f"{UID}.2",
            f"{UID}.8",
            "ISO_IR 192",
        )
        ds.PatientName, ds.PatientID, ds.OperatorsName = "Doe^Jane", "MRN-0042", "Roe^R"
        ds.StructureSetLabel, ds.StructureSetDate, ds.StructureSetTime = "Reader A", "20210306", "111213.5"
        ds.Manufacturer, ds.ManufacturerModelName, ds.SoftwareVersions = "Maker", "Drawer", ["1", "2"]
        ds.ReferencedFrameOfReferenceSequence = Items([self._frame()])
        ds.StructureSetROISequence = Items([self._roi(roi) for roi in self.rois])
        ds.ROIContourSequence = Items([self._contours(r) for r in self.rois if r.contours is not None])
        ds.RTROIObservationsSequence = Items([_observation(roi) for roi in self.rois if roi.code])
        for keyword, value in self.values.items():
            if value is None:
                del ds[keyword]
            else:
                setattr(ds, keyword, value)
        if self.undefined:
            _delimit(ds)
        ds.file_meta = FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = self.syntax
        return ds

    def encoded(self) -> bytes:
        stream = BytesIO()
        pydicom.dcmwrite(stream, self.dataset(), enforce_file_format=True)
        return stream.getvalue()

    def save(self, path: Path) -> Path:
        path.write_bytes(self.encoded())
        return path

    def _frame(self) -> Dataset:
        series = _item(SeriesInstanceUID=self.stack.series, ContourImageSequence=Items([_image(f"{UID}.40")]))
        study = _item(ReferencedSOPInstanceUID=f"{UID}.2", RTReferencedSeriesSequence=Items([series]))
        return _item(FrameOfReferenceUID=f"{UID}.3", RTReferencedStudySequence=Items([study]))

    def _roi(self, roi: Roi) -> Dataset:
        item = _item(ReferencedFrameOfReferenceUID=f"{UID}.3")
        if roi.number is not None:
            item.ROINumber = roi.number
        if roi.name is not None:
            item.ROIName = roi.name
        return item

    def _contours(self, roi: Roi) -> Dataset:
        contours = Items([self._contour(contour) for contour in roi.contours or ()])
        return _item(ContourSequence=contours, ReferencedROINumber=roi.number)

    def _contour(self, contour: Drawn) -> Dataset:
        item = Dataset()
        if contour.image:
            item.ContourImageSequence = Items([_image(contour.image)])
        if contour.kind is not None:
            item.ContourGeometricType = contour.kind
        data = contour.text(self.stack)
        data += b" " * (len(data) % 2)
        item.NumberOfContourPoints = (
            (data.count(b"\\") + 1) // 3 if contour.points is None else contour.points
        )
        item.add(_raw(data, self.syntax))
        return item


def _raw(data: bytes, syntax: str) -> Any:
    """ContourData as bytes: objects for each number would be slow, and could not be wrong."""
    plain = syntax == ImplicitVRLittleEndian
    return pydicom.dataelem.RawDataElement(
        pydicom.tag.Tag("ContourData"),
        "DS",
        len(data),
        data,
        0,
        plain,
        True,  # noqa: FBT003  its fields
    )


def _delimit(dataset: Dataset) -> None:
    """Sequences and items end with delimiters; none has a length."""
    for element in dataset:
        if element.VR == "SQ":
            element.is_undefined_length = True
            for item in element.value:
                item.is_undefined_length_sequence_item = True
                _delimit(item)


def _item(**values: Any) -> Dataset:
    item = Dataset()
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return item


def _image(uid: str) -> Dataset:
    return _item(ReferencedSOPClassUID="1.2.840.10008.5.1.4.1.1.4", ReferencedSOPInstanceUID=uid)


def _observation(roi: Roi) -> Dataset:
    value, scheme, meaning = roi.code or ("", "", "")
    code = _item(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)
    return _item(
        ObservationNumber=1, ReferencedROINumber=roi.number, RTROIIdentificationCodeSequence=Items([code])
    )
