"""A copy of a DICOM file for the readers, without what would mislead them; its pixels stay as they are."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pydicom.valuerep import DSfloat

from sarcoma_core.archive.fence import reading_quietly
from sarcoma_core.archive.values import read_items, read_number
from sarcoma_core.dicom.headers import Header
from sarcoma_core.dicom.planes import PER_FRAME, SHARED


def readable_files(
    headers: Sequence[Header], folder: Path, *, renumber: bool, power: int = 0
) -> tuple[Path, ...]:
    """The files of a scan as the converter is to read them, in order: themselves, or copies.

    Args:
        headers: of the files.
        folder: an empty one, for the copies.
        renumber: number the images in this order. Where InstanceNumber is absent or the same in several
            files, dcm2niix takes slices for copies and leaves them out; where it does not run along a CT's
            stack, it makes up an image of other slices.
        power: of two, that their rescaling is multiplied by; see `small_slopes`.

    Raises:
        OSError: a file cannot be read or written.
    """
    files = []
    for number, header in enumerate(headers, start=1):
        copy = folder / f"{number:06d}.dcm"
        if renumber or power or header.misleading:
            write_readable_copy(header, copy, number=number if renumber else None, power=power)
        files.append(copy if copy.is_file() else header.path)
    return tuple(files)


def write_readable_copy(header: Header, target: Path, *, number: int | None = None, power: int = 0) -> None:
    """Copy a file with its encoded pixels, and leave out what its header names as misleading.

    Args:
        header: of the file.
        target: the copy.
        number: its InstanceNumber, when it gets another one.
        power: of two, that its rescaling is multiplied by.

    Raises:
        OSError: a file cannot be read or written.
    """
    with reading_quietly():
        dataset = pydicom.dcmread(header.path)
        if PER_FRAME in header.misleading:
            frames = read_items(dataset, PER_FRAME)
            del dataset[PER_FRAME]
            dataset.PerFrameFunctionalGroupsSequence = pydicom.Sequence(frames)
        for holder in _holders(dataset):
            for keyword in set(header.misleading) - {PER_FRAME}:
                holder.pop(keyword, None)
        if power:
            for holder in _holders(dataset):
                _multiply(holder, power)
        dataset.file_meta.pop("FileMetaInformationGroupLength", None)  # it is written anew
        if "TransferSyntaxUID" in header.misleading:
            dataset.file_meta.TransferSyntaxUID = _encoding(*dataset.original_encoding)
        if number is not None:
            dataset.InstanceNumber = number
        dataset.save_as(target)


def _encoding(implicit: bool | None, little: bool | None) -> UID:  # noqa: FBT001  pydicom's pair
    """The transfer syntax of a data set that was read without being told one."""
    if implicit:
        return ImplicitVRLittleEndian
    return ExplicitVRBigEndian if little is False else ExplicitVRLittleEndian


def _holders(dataset: Dataset) -> Iterator[Dataset]:
    """The header, and the items of its functional groups."""
    yield dataset
    for keyword in (SHARED, PER_FRAME):
        yield from read_items(dataset, keyword)


def _multiply(holder: Dataset, power: int) -> None:
    """Multiply the rescaling of an image or of a frame by a power of two."""
    for place in (holder, *read_items(holder, "PixelValueTransformationSequence")):
        for keyword in ("RescaleSlope", "RescaleIntercept"):
            value = read_number(place, keyword)
            if value is not None:
                setattr(place, keyword, DSfloat(value * 2.0**power, auto_format=True))
