"""Which attributes the code asks data sets for: noted while it reads objects of every kind, not typed."""

import struct
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import numpy.typing as npt
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.tag import Tag
from pydicom.uid import MRImageStorage, RTStructureSetStorage

from sarcoma_core.archive.instance import read_instance
from sarcoma_core.dicom.convert import convert_scan
from sarcoma_core.dicom.headers import read_header
from tests.dicom.enhanced_maker import enhanced
from tests.dicom.series_maker import Stack
from tests.wrong_forms import Place

PLACEHOLDER = "777777"
"""Stands in the UIDs of a kind where `numbered` puts the number of a series."""
_STACK = Stack(slices=3, shape=(8, 8), gap=4.0, pixel_spacing=(1.5, 1.25))


@dataclass(frozen=True)
class Kind:
    """Objects of one kind: a scan of them.

    Args:
        files: the scan, encoded in Explicit VR Little Endian.
        hurt: which of the files get the wrong form.
        voxels: of the scan, shape (slices, rows, columns); None where it is no volume.
        affine: of (column, row, slice) to RAS, mm.
    """

    files: tuple[bytes, ...]
    hurt: tuple[int, ...]
    voxels: npt.NDArray[Any] | None
    affine: npt.NDArray[np.float64]


def numbered(content: bytes, number: int) -> bytes:
    """The same object in a series of its own."""
    return content.replace(PLACEHOLDER.encode(), f"{10 ** (len(PLACEHOLDER) - 1) + number}".encode())


class _Recorder:
    """Notes what data sets are asked for, and knows where in a file a data set stands."""

    def __init__(self) -> None:
        self.asked: set[Place] = set()
        # It holds the data sets, lest another one gets an id of theirs.
        self.known: dict[int, tuple[Dataset, Place]] = {}

    def path(self, dataset: Dataset) -> Place | None:
        """Where it stands; None where it is nothing that was read from a file."""
        if isinstance(dataset, FileDataset | FileMetaDataset):
            return ()
        return self.known[id(dataset)][1] if id(dataset) in self.known else None

    def note(self, dataset: Dataset, key: Any) -> Place | None:
        """The place that is asked for."""
        here = self.path(dataset)
        if here is None or isinstance(key, slice):
            return None
        try:
            place = (*here, int(Tag(key)))
        except (ValueError, TypeError, OverflowError):  # no attribute: a name of Python's
            return None
        self.asked.add(place)
        return place

    def learn(self, dataset: Dataset, place: Place | None, found: Any) -> None:
        """Where what was found stands: a slice where the whole does, items in their sequence."""
        here = self.path(dataset)
        if isinstance(found, Dataset) and here is not None:
            self.known[id(found)] = (found, here)
        if place is not None and isinstance(found, DataElement) and found.VR == "SQ":
            self.known.update({id(item): (item, place) for item in found.value})


@contextmanager
def recorded() -> Iterator[set[Place]]:
    """Every place of a file that any data set is asked for; filled while the block runs."""
    recorder = _Recorder()

    def noting(real: Callable[..., Any]) -> Callable[..., Any]:
        def ask(self: Dataset, key: Any, **more: Any) -> Any:
            place = recorder.note(self, key)
            found = real(self, key, **more)
            recorder.learn(self, place, found)
            return found

        return ask

    asking = ("__getitem__", "__getattr__", "__contains__", "get_item")
    with mock.patch.multiple(Dataset, **{name: noting(getattr(Dataset, name)) for name in asking}):
        yield recorder.asked


@cache
def read_by_import(kind: str) -> frozenset[Place]:
    """What an import, an upload and the stand-in's import ask an object of a kind for."""
    with _on_disk(kind) as files, recorded() as asked:
        for path in files:
            read_instance(path)
    return frozenset(asked)


@cache
def read_by_convert(kind: str) -> frozenset[Place]:
    """What a conversion asks the objects of a scan for."""
    with _on_disk(kind) as files, tempfile.TemporaryDirectory() as out, recorded() as asked:
        for path in files:
            read_header(path)
        convert_scan(files, Path(out), name="1", same_series=files)
    return frozenset(asked)


@contextmanager
def _on_disk(kind: str) -> Iterator[tuple[Path, ...]]:
    with tempfile.TemporaryDirectory() as folder:
        for number, content in enumerate(KINDS[kind].files):
            Path(folder, f"{number}.dcm").write_bytes(content)
        yield tuple(sorted(Path(folder).iterdir()))


def _encoded(datasets: list[Dataset]) -> tuple[bytes, ...]:
    """The files, in a series that `numbered` can number, each an instance of its own."""
    files = []
    for number, dataset in enumerate(datasets):
        dataset.SeriesInstanceUID = f"1.2.826.0.1.3680043.8.498.{PLACEHOLDER}"
        dataset.SOPInstanceUID = f"{dataset.SeriesInstanceUID}.{number}"
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        made = BytesIO()
        dataset.save_as(made, enforce_file_format=True)
        files.append(made.getvalue())
    return tuple(files)


def _item(**values: Any) -> Sequence:
    dataset = Dataset()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return Sequence([dataset])


def _magnetic() -> Kind:
    """MR with the private counts of two makers; one of its slices is hurt."""
    datasets = _STACK.datasets(
        RescaleSlope=1, RescaleIntercept=0, RescaleType="US", SpacingBetweenSlices=_STACK.gap, FlipAngle=90
    )
    for dataset in datasets:
        dataset.private_block(0x0021, "GEMS_RELA_01", create=True).add_new(0x4F, "SL", _STACK.slices)
        dataset.private_block(0x2001, "Philips Imaging DD 001", create=True).add_new(
            0x18, "SL", _STACK.slices
        )
    return Kind(_encoded(datasets), (1,), _STACK.stored, _STACK.affine)


def _tomography(modality: str, numbers: tuple[int, ...]) -> Kind:
    """CT or PET, hurt in every slice; one whose numbers do not run along it is copied for dcm2niix."""
    stack = Stack(**{**vars(_STACK), "modality": modality})
    datasets = stack.datasets()
    for number, dataset in zip(numbers, datasets, strict=True):
        dataset.InstanceNumber = number
    offset = int(datasets[0].RescaleIntercept)
    return Kind(_encoded(datasets), (0, 1, 2), stack.stored + offset, stack.affine)


def _frames() -> Kind:
    """One enhanced MR with a functional group of each sort that the code asks for."""
    whole = enhanced([_STACK], manufacturer="SIEMENS")
    whole.SharedFunctionalGroupsSequence[0].MRTimingAndRelatedParametersSequence = _item(FlipAngle=90.0)
    whole.SharedFunctionalGroupsSequence[0].MRModifierSequence = _item(InversionTimes=100.0)
    for frame in whole.PerFrameFunctionalGroupsSequence:
        frame.MRImageFrameTypeSequence = _item(
            FrameType=["ORIGINAL", "PRIMARY", "M", "NONE"], ComplexImageComponent="MAGNITUDE"
        )
        frame.MRDiffusionSequence = _item(DiffusionBValue=0.0)
        frame.CardiacSynchronizationSequence = _item(NominalCardiacTriggerDelayTime=1.0)
        frame.PETFrameAcquisitionSequence = _item(FrameReferenceTime=1.0)
    return Kind(_encoded([whole]), (0,), _STACK.stored, _STACK.affine)


def csa(**values: tuple[str, tuple[str, ...]]) -> bytes:
    """A Siemens CSA2 header: keyword = (VR, texts); laid out as in nibabel's page "Siemens format"."""
    made = b"SV10\4\3\2\1" + struct.pack("<II", len(values), 77)
    for keyword, (vr, texts) in values.items():
        head = (keyword.encode(), len(texts), vr.encode(), 0, 6, 77)
        made += struct.pack("<64si4siii", *head)
        for text in (*texts, *[""] * (6 - len(texts))):
            content = text.encode() + b"\0" if text else b""
            made += struct.pack("<4i", len(content), len(content), 77, len(content))
            made += content + bytes(-len(content) % 4)
    return made


def _mosaic() -> Kind:
    """Four slices as tiles of one image."""
    stack = Stack(**{**vars(_STACK), "slices": 4})
    tiles = stack.stored.reshape(2, 2, 8, 8).swapaxes(1, 2).reshape(16, 16)
    (single, *_) = stack.datasets(
        ImageType=["ORIGINAL", "PRIMARY", "M", "MOSAIC"], SpacingBetweenSlices=stack.gap
    )
    single.SOPClassUID = MRImageStorage
    # The corner that the file gives is that of an image as large as the mosaic, centred on the tile.
    right, down = np.array(single.ImageOrientationPatient, dtype=float).reshape(2, 3)
    shift = right * stack.pixel_spacing[1] * 4 + down * stack.pixel_spacing[0] * 4
    single.ImagePositionPatient = [f"{v:.9g}" for v in np.array(stack.origin) - shift]
    single.Rows = single.Columns = 16
    single.PixelData = tiles.astype("<i2").tobytes()
    normal = tuple(f"{v:.8f}" for v in stack.normal)
    header = csa(NumberOfImagesInMosaic=("US", ("4",)), SliceNormalVector=("FD", normal))
    block = single.private_block(0x0029, "SIEMENS CSA HEADER", create=True)
    block.add_new(0x08, "CS", "IMAGE NUM 4")
    block.add_new(0x10, "OB", header)
    return Kind(_encoded([single]), (0,), stack.stored, stack.affine)


def _contours() -> Kind:
    """An RTSTRUCT with every sequence by which objects refer to a series, and with what no image here has."""
    (single, *_) = _STACK.datasets(ImageType=None, PixelData=None, Rows=None, Columns=None)
    single.SOPClassUID = single.file_meta.MediaStorageSOPClassUID = RTStructureSetStorage
    single.Modality = "RTSTRUCT"
    series = _item(SeriesInstanceUID="1.2.3.4")
    single.ReferencedSeriesSequence = series
    study = _item(
        ReferencedSOPInstanceUID="1.2.3", RTReferencedSeriesSequence=_item(SeriesInstanceUID="1.2.3.5")
    )
    single.ReferencedFrameOfReferenceSequence = _item(RTReferencedStudySequence=study)
    single.CurrentRequestedProcedureEvidenceSequence = _item(
        StudyInstanceUID="1.2.3", ReferencedSeriesSequence=_item(SeriesInstanceUID="1.2.3.6")
    )
    single.ModalityLUTSequence = _item(ModalityLUTType="US")
    single.RealWorldValueMappingSequence = _item(LUTLabel="none")
    return Kind(_encoded([single]), (0,), None, np.eye(4))


KINDS: Mapping[str, Kind] = {
    "MR": _magnetic(),
    "CT": _tomography("CT", (1, 3, 2)),
    "PT": _tomography("PT", (1, 2, 3)),
    "enhanced MR": _frames(),
    "mosaic": _mosaic(),
    "contours": _contours(),
}
