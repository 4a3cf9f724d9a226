"""DICOM SEG and RTSTRUCT over given images, without an error of dciodvfy; `encoded` gives their bytes."""

from collections.abc import Sequence
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import ExplicitVRLittleEndian, RTStructureSetStorage, SegmentationStorage, generate_uid

_COPIED = ("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyInstanceUID", "StudyDate")
_EMPTY = (
    *("StudyTime", "ReferringPhysicianName", "StudyID", "AccessionNumber", "OperatorsName"),
    *("PositionReferenceIndicator", "PatientOrientation", "ContentDescription", "ContentCreatorName"),
)
_SEGMENT_NUMBER, _SEGMENT_ITEM = 0x0062000B, 0x0062000A
"""Tags of ReferencedSegmentNumber and of SegmentIdentificationSequence."""
_STUDY = "1.2.840.10008.3.1.2.3.1"
"""Detached Study Management: the class by which an RTSTRUCT refers to a study."""


def images_of(session: Path, scan: str, count: int = 3) -> list[Dataset]:
    """The first images of a scan in an archive's session folder."""
    files = sorted((session / "SCANS" / scan / "DICOM").glob("*.dcm"))[:count]
    return [pydicom.dcmread(file) for file in files]


def seg(images: Sequence[Dataset], description: str = "Mass, reader A") -> Dataset:
    """A binary segmentation with one segment over every image."""
    dataset = _common(images[0], SegmentationStorage, "SEG")
    dataset.SeriesDescription = description
    dataset.SeriesNumber, dataset.InstanceNumber = 100, 1
    dataset.ContentLabel, dataset.SegmentationType = "MASS", "BINARY"
    dataset.ImageType = ["DERIVED", "PRIMARY"]
    dataset.LossyImageCompression, dataset.SegmentsOverlap = "00", "NO"
    dataset.SharedFunctionalGroupsSequence = Items([_shared(images[0])])
    organisation, dimension = Dataset(), Dataset()
    organisation.DimensionOrganizationUID = dimension.DimensionOrganizationUID = generate_uid()
    dimension.DimensionIndexPointer, dimension.FunctionalGroupPointer = _SEGMENT_NUMBER, _SEGMENT_ITEM
    dataset.DimensionOrganizationSequence = Items([organisation])
    dataset.DimensionIndexSequence = Items([dimension])
    segment = Dataset()
    segment.SegmentNumber, segment.SegmentLabel = 1, "Mass"
    segment.SegmentAlgorithmType = "MANUAL"
    segment.SegmentedPropertyCategoryCodeSequence = Items(
        [_code("49755003", "Morphologically Abnormal Structure")]
    )
    segment.SegmentedPropertyTypeCodeSequence = Items([_code("4147007", "Mass")])
    dataset.SegmentSequence = Items([segment])
    dataset.ReferencedSeriesSequence = Items([_series(images, "ReferencedInstanceSequence")])
    dataset.PerFrameFunctionalGroupsSequence = Items([_frame(image) for image in images])
    dataset.NumberOfFrames = len(images)
    rows, columns = images[0].Rows, images[0].Columns
    dataset.Rows, dataset.Columns, dataset.SamplesPerPixel = rows, columns, 1
    dataset.PhotometricInterpretation, dataset.PixelRepresentation = "MONOCHROME2", 0
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 1, 1, 0
    dataset.PixelData = np.packbits(np.ones(rows * columns * len(images), np.uint8)).tobytes()
    return dataset


def rtstruct(images: Sequence[Dataset], label: str = "GTV, reader A") -> Dataset:
    """A structure set with one ROI and one contour on every image."""
    dataset = _common(images[0], RTStructureSetStorage, "RTSTRUCT")
    dataset.StructureSetLabel, dataset.StructureSetDate, dataset.StructureSetTime = (
        label,
        "20200102",
        "030405",
    )
    study = Dataset()
    study.ReferencedSOPClassUID, study.ReferencedSOPInstanceUID = _STUDY, images[0].StudyInstanceUID
    study.RTReferencedSeriesSequence = Items([_series(images, "ContourImageSequence")])
    frame = Dataset()
    dataset.SeriesNumber = 101
    frame.FrameOfReferenceUID = images[0].FrameOfReferenceUID
    frame.RTReferencedStudySequence = Items([study])
    dataset.ReferencedFrameOfReferenceSequence = Items([frame])
    roi = Dataset()
    roi.ROINumber, roi.ROIName, roi.ROIGenerationAlgorithm = 1, "GTV", "MANUAL"
    roi.ReferencedFrameOfReferenceUID = frame.FrameOfReferenceUID
    dataset.StructureSetROISequence = Items([roi])
    contours = Dataset()
    contours.ReferencedROINumber = 1
    contours.ContourSequence = Items([_contour(image) for image in images])
    dataset.ROIContourSequence = Items([contours])
    observation = Dataset()
    observation.ObservationNumber, observation.ReferencedROINumber = 1, 1
    observation.RTROIInterpretedType, observation.ROIInterpreter = "GTV", ""
    dataset.RTROIObservationsSequence = Items([observation])
    return dataset


def encoded(dataset: Dataset) -> bytes:
    """The bytes of a DICOM file."""
    stream = BytesIO()
    pydicom.dcmwrite(stream, dataset, enforce_file_format=True)
    return stream.getvalue()


def _common(image: Dataset, sop_class: str, modality: str) -> Dataset:
    dataset = Dataset()
    for keyword in _COPIED:
        setattr(dataset, keyword, image.get(keyword, ""))
    dataset.SOPClassUID, dataset.SOPInstanceUID, dataset.Modality = sop_class, generate_uid(), modality
    dataset.SeriesInstanceUID = generate_uid()
    dataset.FrameOfReferenceUID = image.FrameOfReferenceUID
    for keyword in _EMPTY:
        setattr(dataset, keyword, "")
    dataset.Manufacturer = dataset.ManufacturerModelName = "Sarcoma"
    dataset.DeviceSerialNumber = dataset.SoftwareVersions = "1"
    now = datetime.now(UTC)
    dataset.ContentDate, dataset.ContentTime = now.strftime("%Y%m%d"), now.strftime("%H%M%S")
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return dataset


def _image(image: Dataset) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = image.SOPClassUID, image.SOPInstanceUID
    return item


def _series(images: Sequence[Dataset], keyword: str) -> Dataset:
    item = Dataset()
    item.SeriesInstanceUID = images[0].SeriesInstanceUID
    setattr(item, keyword, Items([_image(image) for image in images]))
    return item


def _shared(image: Dataset) -> Dataset:
    plane, measures, shared = Dataset(), Dataset(), Dataset()
    plane.ImageOrientationPatient = image.get("ImageOrientationPatient", [1, 0, 0, 0, 1, 0])
    measures.PixelSpacing, measures.SliceThickness = image.get("PixelSpacing", [1, 1]), 1
    shared.PlaneOrientationSequence, shared.PixelMeasuresSequence = Items([plane]), Items([measures])
    return shared


def _frame(image: Dataset) -> Dataset:
    derivation, frame = Dataset(), Dataset()
    source = _image(image)
    source.PurposeOfReferenceCodeSequence = Items(
        [_code("121322", "Source image for image processing", "DCM")]
    )
    derivation.SourceImageSequence = Items([source])
    derivation.DerivationCodeSequence = Items([_code("113076", "Segmentation", "DCM")])
    frame.DerivationImageSequence = Items([derivation])
    content, place, segment = Dataset(), Dataset(), Dataset()
    content.DimensionIndexValues = 1
    place.ImagePositionPatient = image.get("ImagePositionPatient", [0, 0, 0])
    segment.ReferencedSegmentNumber = 1
    frame.FrameContentSequence, frame.PlanePositionSequence = Items([content]), Items([place])
    frame.SegmentIdentificationSequence = Items([segment])
    return frame


def _contour(image: Dataset) -> Dataset:
    contour = Dataset()
    contour.ContourImageSequence = Items([_image(image)])
    contour.ContourGeometricType, contour.NumberOfContourPoints = "CLOSED_PLANAR", 3
    contour.ContourData = [0, 0, 0, 1, 0, 0, 0, 1, 0]
    return contour


def _code(value: str, meaning: str, scheme: str = "SCT") -> Dataset:
    code = Dataset()
    code.CodeValue, code.CodeMeaning, code.CodingSchemeDesignator = value, meaning, scheme
    return code
