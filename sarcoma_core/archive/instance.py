"""One DICOM file at the door of the archive: is it DICOM, is it whole, and where does it belong?"""

import re
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pydicom
from pydicom.errors import InvalidDicomError
from pydicom.uid import UID

from sarcoma_core.archive.inflating import require_no_bomb
from sarcoma_core.errors import DicomError

_MEDIA_DIRECTORY = UID("1.2.840.10008.1.3.10")
_UNDEFINED_LENGTH = 0xFFFFFFFF
_ITEM = (0xFFFE, 0xE000)
_ELEMENT_HEAD = 8
"""Bytes of a tag and its length (PS3.5, 7.1.3); explicit long forms have 12."""
_LARGEST_NUMBER = 2**31 - 1
"""Of VR IS (PS3.5, 6.2)."""
_UID_LENGTH = 64
_UID = re.compile(rf"[0-9.]{{1,{_UID_LENGTH}}}")
_CODE_STRING = re.compile(r"[A-Z0-9_ ]{1,16}")
_DATE = re.compile(r"[0-9]{8}")
"""VRs UI, CS and DA (PS3.5, 6.2); DA once had dots, 1993.08.22."""
_BROKEN = (EOFError, struct.error, ValueError, KeyError, NotImplementedError, TypeError, RecursionError)
"""What pydicom raises for a broken header; the last one for sequences in sequences without an end."""
_LONG_VRS = (b"OB", b"OW", b"OF", b"OD", b"OL", b"OV", b"UN")


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


@contextmanager
def reading_quietly() -> Iterator[None]:
    """Read DICOM without pydicom's warnings: they quote the odd value, which may be a patient's."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def read_instance(path: Path) -> Instance:
    """Read one file's header, and check that the file is whole.

    Raises:
        DicomError: not DICOM, a DICOMDIR, cut short, without legal UIDs that place it, or a bomb.
        OSError: the file cannot be read.
    """
    with path.open("rb") as stream, reading_quietly():
        if path.stat().st_size == 0:
            raise DicomError("the file is empty")
        try:
            require_no_bomb(stream)
            dataset = pydicom.dcmread(stream, stop_before_pixels=True)
            # Values are parsed when they are first read, so a broken one shows here.
            instance = _describe(path, dataset)
        except InvalidDicomError:
            raise DicomError("not DICOM (no DICM prefix)") from None
        except _BROKEN as error:
            raise DicomError(f"the DICOM header cannot be read ({type(error).__name__})") from None
        except OSError as error:
            if error.errno is not None:  # the disk, not the file's content
                raise
            raise DicomError("cut short: the header ends inside a sequence") from None
        if not dataset.file_meta.get("TransferSyntaxUID", UID("")).is_deflated:
            _require_whole(dataset, stream, path.stat().st_size)
    return instance


def _describe(path: Path, dataset: pydicom.Dataset) -> Instance:
    sop_class = str(dataset.get("SOPClassUID") or dataset.file_meta.get("MediaStorageSOPClassUID") or "")
    if sop_class == _MEDIA_DIRECTORY:
        raise DicomError("a DICOMDIR: a listing of other files, not an image")
    for keyword in ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID"):
        if not dataset.get(keyword):
            raise DicomError(f"{keyword} must be present; found none")
        if not _UID.fullmatch(uid := str(dataset.get(keyword))):
            found = "other characters" if len(uid) <= _UID_LENGTH else f"{len(uid)} characters"
            raise DicomError(f"{keyword} must be digits and dots, at most {_UID_LENGTH}; found {found}")
    number = dataset.get("SeriesNumber")
    if number is not None and abs(int(number)) > _LARGEST_NUMBER:
        raise DicomError(f"SeriesNumber must be {_LARGEST_NUMBER} at most; found a larger one")
    instance_number = dataset.get("InstanceNumber")
    return Instance(
        path=path,
        sop_uid=str(dataset.SOPInstanceUID),
        sop_class=sop_class,
        series_uid=str(dataset.SeriesInstanceUID),
        study_uid=str(dataset.StudyInstanceUID),
        series_number=None if number is None else int(number),
        modality=_legal_or(_CODE_STRING, _text(dataset, "Modality"), "OT"),
        patient_id=_patient_id(dataset),
        study_date=_legal_or(_DATE, _text(dataset, "StudyDate").replace(".", ""), ""),
        description=_text(dataset, "SeriesDescription"),
        instance_number=None if instance_number is None else int(instance_number),
        frames=int(dataset.get("NumberOfFrames") or 1),
        referenced_series=tuple(sorted(_referenced_series(dataset))),
    )


def _text(dataset: pydicom.Dataset, keyword: str) -> str:
    """A value without control characters, which no label, listing or page can hold."""
    return "".join(char for char in str(dataset.get(keyword) or "") if char.isprintable())


def _legal_or(rule: re.Pattern[str], text: str, other: str) -> str:
    return text if rule.fullmatch(text) else other


def _patient_id(dataset: pydicom.Dataset) -> str:
    """PatientID; bytes that are wrong in its character set stay apart, or two patients would look alike."""
    raw = dataset.get_item("PatientID")
    text = str(dataset.get("PatientID") or "").strip(" ")
    if "\N{REPLACEMENT CHARACTER}" in text and raw is not None and isinstance(raw.value, bytes):
        return raw.value.decode("ascii", "backslashreplace")
    return text


def _referenced_series(dataset: pydicom.Dataset) -> set[str]:
    """The series that an RTSTRUCT (through its frame of reference), SEG, PR or SR says that it is about."""
    found = {str(item.SeriesInstanceUID) for item in dataset.get("ReferencedSeriesSequence") or ()}
    evidence = dataset.get("CurrentRequestedProcedureEvidenceSequence") or ()
    studies = [
        study
        for frame in dataset.get("ReferencedFrameOfReferenceSequence") or ()
        for study in frame.get("RTReferencedStudySequence") or ()
    ]
    for study in studies:
        found |= {str(item.SeriesInstanceUID) for item in study.get("RTReferencedSeriesSequence") or ()}
    for study in evidence:
        found |= {str(item.SeriesInstanceUID) for item in study.get("ReferencedSeriesSequence") or ()}
    return found


def _require_whole(dataset: pydicom.Dataset, stream: BinaryIO, size: int) -> None:
    """Pydicom reads a cut file without a word; this finds the cut."""
    little = dataset.original_encoding[1] is not False
    implicit = bool(dataset.original_encoding[0])
    order = "<" if little else ">"
    start = stream.tell()
    head = stream.read(12)
    if len(head) < _ELEMENT_HEAD:  # no pixel data follows
        _require_whole_header(dataset, start, size)
        return
    if implicit or head[4:6] not in _LONG_VRS:
        (length,) = struct.unpack(order + "I", head[4:8])
        stream.seek(start + 8)
    else:
        (length,) = struct.unpack(order + "I", head[8:12])
    if length == _UNDEFINED_LENGTH:
        _require_whole_fragments(stream, size)
        return
    there = size - stream.tell()
    needed = max(length, _pixel_bytes(dataset))
    if there < needed or length < _pixel_bytes(dataset):
        raise DicomError(f"cut short: the pixel data must be {needed} bytes; found {min(there, length)}")


def _require_whole_header(dataset: pydicom.Dataset, read_to: int, size: int) -> None:
    if dataset.get("Rows") and dataset.get("Columns"):
        raise DicomError("cut short: an image must have pixel data; found none")
    last = max(dataset.keys(), default=None)
    raw = dataset.get_item(last) if last is not None else None
    value = getattr(raw, "value", None)
    length = getattr(raw, "length", None)
    cut = isinstance(value, bytes) and length not in (None, _UNDEFINED_LENGTH) and len(value) < length
    if cut or read_to > size:
        raise DicomError("cut short: the last element's value is incomplete")


def _require_whole_fragments(stream: BinaryIO, size: int) -> None:
    """Walk the items of encapsulated pixel data to its delimiter (PS3.5, A.4); always little endian."""
    while True:
        head = stream.read(_ELEMENT_HEAD)
        if len(head) < _ELEMENT_HEAD:
            raise DicomError("cut short: the compressed pixel data has no end")
        group, element, length = struct.unpack("<HHI", head)
        if (group, element) != _ITEM:
            return
        if stream.tell() + length > size:
            raise DicomError("cut short: a compressed frame is incomplete")
        stream.seek(length, 1)


def _pixel_bytes(dataset: pydicom.Dataset) -> int:
    """Bytes of native pixel data, by the Image Pixel module (PS3.3, C.7.6.3)."""
    values = [int(dataset.get(k) or 0) for k in ("Rows", "Columns", "BitsAllocated")]
    samples, frames = int(dataset.get("SamplesPerPixel") or 1), int(dataset.get("NumberOfFrames") or 1)
    if str(dataset.get("PhotometricInterpretation")) == "YBR_FULL_422":
        samples = 2
    return values[0] * values[1] * values[2] * samples * frames // 8
