"""One DICOM file at the door of the archive: is it DICOM, is it whole, and where does it belong?"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pydicom
from pydicom.dataset import FileDataset
from pydicom.errors import InvalidDicomError
from pydicom.uid import UID

from sarcoma_core.archive.fence import fence
from sarcoma_core.archive.inflating import require_no_bomb
from sarcoma_core.archive.values import attempt, is_there, read_items, read_text, read_texts, read_whole, uid
from sarcoma_core.archive.wholeness import require_whole
from sarcoma_core.errors import DicomError

_MEDIA_DIRECTORY = UID("1.2.840.10008.1.3.10")
_LARGEST_NUMBER = 2**31 - 1
"""Of VR IS (PS3.5, 6.2)."""
_UID_LENGTH = 64
_UID = re.compile(rf"[0-9.]{{1,{_UID_LENGTH}}}")
_CODE_STRING = re.compile(r"[A-Z0-9_ ]{1,16}")
_DATE = re.compile(r"[0-9]{8}")
"""VRs UI, CS and DA (PS3.5, 6.2); DA once had dots, 1993.08.22."""


@dataclass(frozen=True)
class Instance:
    """What the archive needs to know of one DICOM object.

    Args:
        path: where the file is.
        sop_uid: SOPInstanceUID.
        sop_class: SOPClassUID.
        series_uid: SeriesInstanceUID.
        study_uid: StudyInstanceUID.
        series_number: SeriesNumber; None when it is absent.
        modality: DICOM Modality; `OT` when it is absent or no DICOM code string.
        patient_id: PatientID as it is; the subject's label is made of it.
        study_date: StudyDate as YYYYMMDD, or empty.
        description: SeriesDescription without control characters.
        instance_number: InstanceNumber, or None.
        frames: number of frames.
        referenced_series: the series that a contour, segmentation or report is about.
        surplus: bytes of native pixel data beyond those that its attributes tell of.
    """

    path: Path
    sop_uid: str
    sop_class: str
    series_uid: str
    study_uid: str
    series_number: int | None
    modality: str
    patient_id: str
    study_date: str
    description: str
    instance_number: int | None
    frames: int
    referenced_series: tuple[str, ...]
    surplus: int = 0

    @property
    def is_image(self) -> bool:
        """Whether it is of a SOP class that stores images, by the class's name in the standard (PS3.6, A)."""
        return "Image Storage" in uid(self.sop_class).name


def read_instance(path: Path) -> Instance:
    """Read one file's header, and check that the file is whole; see `open_instance`."""
    return open_instance(path)[0]


def open_instance(path: Path) -> tuple[Instance, FileDataset]:
    """Read one file's header, check that the file is whole, and keep the header for who needs more of it.

    Raises:
        DicomError: not DICOM, a DICOMDIR, cut short, damaged, in an encoding that is not the standard's,
            without legal UIDs that place it, or a bomb. Whatever its content makes a parser raise is one.
        OSError: the file cannot be read.
    """
    with path.open("rb") as stream, fence(DicomError, "the DICOM header"):
        if path.stat().st_size == 0:
            raise DicomError("the file is empty")
        require_no_bomb(stream)
        try:
            dataset = pydicom.dcmread(stream, stop_before_pixels=True)
        except InvalidDicomError:
            raise DicomError("not DICOM (no DICM prefix)") from None
        _require_standard_encoding(dataset)
        # Values are parsed when they are first read, so a broken one shows here.
        instance = _describe(path, dataset)
        surplus = require_whole(dataset, instance.sop_class, stream, path.stat().st_size)
    return replace(instance, surplus=surplus), dataset


def _require_standard_encoding(dataset: FileDataset) -> None:
    syntax = read_text(dataset.file_meta, "TransferSyntaxUID")
    if not syntax and not is_there(dataset.file_meta, "TransferSyntaxUID"):
        return  # pydicom finds out
    if not _UID.fullmatch(syntax):
        raise DicomError("TransferSyntaxUID must be digits and dots; found other characters")
    if not attempt(lambda: uid(syntax).is_transfer_syntax):
        raise DicomError(f"TransferSyntaxUID must be one that is known (PS3.6, A); found {syntax}")


def _describe(path: Path, dataset: FileDataset) -> Instance:
    sop_class = read_text(dataset, "SOPClassUID") or read_text(dataset.file_meta, "MediaStorageSOPClassUID")
    if sop_class == _MEDIA_DIRECTORY:
        raise DicomError("a DICOMDIR: a listing of other files, not an image")
    if sop_class and not _UID.fullmatch(sop_class):
        raise DicomError("SOPClassUID must be digits and dots; found other characters")
    return Instance(
        path=path,
        sop_uid=_uid(dataset, "SOPInstanceUID"),
        sop_class=sop_class,
        series_uid=_uid(dataset, "SeriesInstanceUID"),
        study_uid=_uid(dataset, "StudyInstanceUID"),
        series_number=_series_number(dataset),
        modality=_legal_or(_CODE_STRING, _printable(dataset, "Modality"), "OT"),
        patient_id=_patient_id(dataset),
        study_date=_legal_or(_DATE, _printable(dataset, "StudyDate").replace(".", ""), ""),
        description=_printable(dataset, "SeriesDescription"),
        instance_number=read_whole(dataset, "InstanceNumber"),
        frames=read_whole(dataset, "NumberOfFrames") or 1,
        referenced_series=tuple(sorted(set(_referenced_series(dataset)))),
    )


def _uid(dataset: FileDataset, keyword: str) -> str:
    """A UID that places the file."""
    text = read_text(dataset, keyword)
    if not text:
        fault = "another form" if is_there(dataset, keyword) else "none"
        raise DicomError(f"{keyword} must be present; found {fault}")
    if not _UID.fullmatch(text):
        fault = "other characters" if len(text) <= _UID_LENGTH else f"{len(text)} characters"
        raise DicomError(f"{keyword} must be digits and dots, at most {_UID_LENGTH}; found {fault}")
    return text


def _series_number(dataset: FileDataset) -> int | None:
    number = read_whole(dataset, "SeriesNumber")
    if number is None and is_there(dataset, "SeriesNumber"):
        raise DicomError("SeriesNumber must be one whole number; found another form")
    if number is not None and abs(number) > _LARGEST_NUMBER:
        raise DicomError(f"SeriesNumber must be {_LARGEST_NUMBER} at most; found a larger one")
    return number


def _printable(dataset: FileDataset, keyword: str) -> str:
    """A value without control characters, which no label, listing or page can hold."""
    return "".join(char for char in read_text(dataset, keyword) if char.isprintable())


def _legal_or(rule: re.Pattern[str], text: str, other: str) -> str:
    return text if rule.fullmatch(text) else other


def _patient_id(dataset: FileDataset) -> str:
    """PatientID; bytes that are wrong in its character set stay apart, or two patients would look alike."""
    raw = dataset.get_item("PatientID")
    text = "\\".join(read_texts(dataset, "PatientID")).strip(" ")
    if not text and is_there(dataset, "PatientID"):
        raise DicomError("PatientID must be a text; found another form")
    if "\N{REPLACEMENT CHARACTER}" in text and raw is not None and isinstance(raw.value, bytes):
        return raw.value.decode("ascii", "backslashreplace")
    return text


def _referenced_series(dataset: FileDataset) -> Iterator[str]:
    """The series that an RTSTRUCT (through its frame of reference), SEG, PR or SR says that it is about.

    A reference without a UID, or one that cannot be read, is none.
    """
    series = list(read_items(dataset, "ReferencedSeriesSequence"))
    for frame in read_items(dataset, "ReferencedFrameOfReferenceSequence"):
        for study in read_items(frame, "RTReferencedStudySequence"):
            series += read_items(study, "RTReferencedSeriesSequence")
    for study in read_items(dataset, "CurrentRequestedProcedureEvidenceSequence"):
        series += read_items(study, "ReferencedSeriesSequence")
    series_uids = (read_text(item, "SeriesInstanceUID") for item in series)
    return filter(_UID.fullmatch, series_uids)
