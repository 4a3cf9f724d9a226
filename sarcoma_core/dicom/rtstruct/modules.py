"""The attributes of an RTSTRUCT, module by module of the standard (PS3.3, A.19.3)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence as Items
from pydicom.tag import Tag
from pydicom.uid import ImplicitVRLittleEndian, RTStructureSetStorage

from sarcoma_core import __version__
from sarcoma_core.archive.values import read_text
from sarcoma_core.dicom.drawings import CodedConcept
from sarcoma_core.dicom.equipment import MAKER
from sarcoma_core.dicom.rtstruct.rois import RoiToWrite, RtstructIdentity

_STUDY_CLASS: Final = "1.2.840.10008.3.1.2.3.1"
"""Detached Study Management (retired): the class by which an RTSTRUCT refers to a study (PS3.3, C.8.8.5)."""
_REQUIRED: Final = (
    *("PatientName", "PatientID", "PatientBirthDate", "PatientSex"),
    *("StudyDate", "StudyTime", "ReferringPhysicianName", "StudyID", "AccessionNumber"),
    "PositionReferenceIndicator",
)
"""Type 2 (PS3.3, C.7.1.1, C.7.2.1 and C.7.4.1): empty where the source has none."""
_COPIED: Final = (
    *("SpecificCharacterSet", "IssuerOfPatientID", "OtherPatientIDs", "EthnicGroup", "PatientComments"),
    *("PatientIdentityRemoved", "DeidentificationMethod", "DeidentificationMethodCodeSequence"),
    *("StudyInstanceUID", "StudyDescription", "PatientAge", "PatientSize", "PatientWeight"),
    "FrameOfReferenceUID",
)
_CONTOUR_DATA: Final = Tag("ContourData")
_UTF_8: Final = "ISO_IR 192"


class ContourText(NamedTuple):
    """One contour as it is written.

    Args:
        image: the header of the image on which it lies.
        frame: which frame of it, from 0.
        points: how many.
        data: ContourData.
    """

    image: Dataset
    frame: int
    points: int
    data: bytes


def structure_set(
    rois: Sequence[RoiToWrite],
    contours: Mapping[int, Sequence[ContourText]],
    images: Sequence[Dataset],
    identity: RtstructIdentity,
) -> Dataset:
    """The whole object.

    Args:
        rois: its ROIs.
        contours: of each, by its number.
        images: headers of the series, one at least.
        identity: UIDs, time and label.
    """
    dataset = Dataset()
    _copy_patient_and_study(dataset, images[0])
    _set_series(dataset, identity)
    date, time = identity.time.strftime("%Y%m%d"), identity.time.strftime("%H%M%S")
    dataset.StructureSetLabel, dataset.StructureSetDate, dataset.StructureSetTime = identity.label, date, time
    dataset.InstanceCreationDate, dataset.InstanceCreationTime = date, time
    dataset.ReferencedFrameOfReferenceSequence = Items([_frame_of_reference(images)])
    frame = read_text(images[0], "FrameOfReferenceUID")
    dataset.StructureSetROISequence = Items([_roi(roi, frame) for roi in rois])
    dataset.ROIContourSequence = Items([_roi_contour(roi, contours[roi.number]) for roi in rois])
    dataset.RTROIObservationsSequence = Items([_observation(n, roi) for n, roi in enumerate(rois, 1)])
    texts = [identity.label, identity.description, identity.creator, *(roi.name for roi in rois)]
    texts += [roi.concept.meaning for roi in rois if roi.concept]
    if not "".join(texts).isascii():
        dataset.SpecificCharacterSet = _UTF_8
    return dataset


def _copy_patient_and_study(dataset: Dataset, image: Dataset) -> None:
    """As texts of this data set, whatever character set they had; what cannot be read is left out."""
    for keyword in _REQUIRED:
        setattr(dataset, keyword, read_text(image, keyword))
    for keyword in _COPIED:
        if keyword in image:
            dataset[keyword] = image[keyword]


def _set_series(dataset: Dataset, identity: RtstructIdentity) -> None:
    """RT Series, General Equipment and SOP Common modules (PS3.3, C.8.8.1, C.7.5.1 and C.12.1)."""
    dataset.SOPClassUID, dataset.SOPInstanceUID = RTStructureSetStorage, identity.sop_uid
    dataset.Modality, dataset.SeriesInstanceUID = "RTSTRUCT", identity.series_uid
    dataset.SeriesNumber, dataset.InstanceNumber = identity.series_number, 1
    if identity.description:
        dataset.SeriesDescription = identity.description
    dataset.OperatorsName = identity.creator
    dataset.Manufacturer = dataset.ManufacturerModelName = MAKER
    dataset.SoftwareVersions, dataset.DeviceSerialNumber = __version__, "0"
    dataset.ApprovalStatus = "UNAPPROVED"
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian


def _frame_of_reference(images: Sequence[Dataset]) -> Dataset:
    """All images of the series, though contours refer to some only (PS3.3, C.8.8.5)."""
    series, study, frame = Dataset(), Dataset(), Dataset()
    series.SeriesInstanceUID = read_text(images[0], "SeriesInstanceUID")
    once = {read_text(image, "SOPInstanceUID"): image for image in images}
    series.ContourImageSequence = Items([_image(image) for image in once.values()])
    study.ReferencedSOPClassUID = _STUDY_CLASS
    study.ReferencedSOPInstanceUID = read_text(images[0], "StudyInstanceUID")
    study.RTReferencedSeriesSequence = Items([series])
    frame.FrameOfReferenceUID = read_text(images[0], "FrameOfReferenceUID")
    frame.RTReferencedStudySequence = Items([study])
    return frame


def _image(image: Dataset, frame: int | None = None) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = read_text(image, "SOPClassUID")
    item.ReferencedSOPInstanceUID = read_text(image, "SOPInstanceUID")
    if frame is not None:
        item.ReferencedFrameNumber = frame + 1
    return item


def _roi(roi: RoiToWrite, frame: str) -> Dataset:
    item = Dataset()
    item.ROINumber, item.ROIName = roi.number, roi.name
    item.ReferencedFrameOfReferenceUID = frame
    if roi.description:
        item.ROIDescription = roi.description
    item.ROIGenerationAlgorithm = roi.algorithm
    return item


def _roi_contour(roi: RoiToWrite, contours: Iterable[ContourText]) -> Dataset:
    item = Dataset()
    item.ROIDisplayColor = list(roi.colour)
    item.ContourSequence = Items([_contour(number, contour) for number, contour in enumerate(contours, 1)])
    item.ReferencedROINumber = roi.number
    return item


def _contour(number: int, contour: ContourText) -> Dataset:
    item = Dataset()
    is_multi_frame = "NumberOfFrames" in contour.image
    item.ContourImageSequence = Items([_image(contour.image, contour.frame if is_multi_frame else None)])
    item.ContourGeometricType, item.NumberOfContourPoints = "CLOSED_PLANAR", contour.points
    item.ContourNumber = number
    # as bytes: an object for each number would take a hundred times the memory
    data = contour.data + b" " * (len(contour.data) % 2)
    item[_CONTOUR_DATA] = RawDataElement(_CONTOUR_DATA, "DS", len(data), data, 0, True, True)  # noqa: FBT003  its fields
    return item


def _observation(number: int, roi: RoiToWrite) -> Dataset:
    item = Dataset()
    item.ObservationNumber, item.ReferencedROINumber = number, roi.number
    item.RTROIInterpretedType, item.ROIInterpreter = roi.interpreted_type, ""
    if roi.concept:
        item.RTROIIdentificationCodeSequence = Items([_code(roi.concept)])
    return item


def _code(concept: CodedConcept) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator = concept.value, concept.scheme
    item.CodeMeaning = concept.meaning
    return item
