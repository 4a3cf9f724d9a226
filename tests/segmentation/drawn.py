"""Sessions with images, and drawings on them, made by hand: a double of what the readers give."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from sarcoma_core.archive.folder import SessionFolder
from sarcoma_core.dicom.drawings import DrawingSource, DrawnRegion, PlacedMask
from sarcoma_core.errors import SeriesRefused
from sarcoma_core.imaging.volume import Volume, write_nifti
from sarcoma_core.provenance import Outcome, list_files, write_record
from sarcoma_core.steps import convert
from tests.records import record_of

UID = "1.2.826.0.1.3680043.8.498."
MR = "1.2.840.10008.5.1.4.1.1.4"
SHAPE = (8, 7, 6)


def affine(shift: float = 0.0) -> np.ndarray:
    """Voxels of 2 x 1.5 x 4 mm."""
    grid = np.diag([2.0, 1.5, 4.0, 1.0])
    grid[2, 3] = shift
    return grid


@dataclass(frozen=True)
class Image:
    """One scan of a session."""

    scan: str
    series_uid: str
    sop_uids: tuple[str, ...]
    frame: str = UID + "7"
    patient: str = "P"
    part: str = ""
    shift: float = 0.0


def image(scan: str, **changes: object) -> Image:
    values = {"series_uid": f"{UID}{scan}", "sop_uids": (f"{UID}{scan}.1", f"{UID}{scan}.2")}
    return Image(scan, **{**values, **changes})  # type: ignore[arg-type]


def header(path: Path, of: Image, sop_uid: str) -> None:
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID, dataset.file_meta.MediaStorageSOPInstanceUID = MR, sop_uid
    dataset.SOPClassUID, dataset.SOPInstanceUID, dataset.Modality = MR, sop_uid, "MR"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = UID + "0", of.series_uid
    dataset.SeriesNumber, dataset.PatientID = 1, of.patient
    dataset.FrameOfReferenceUID = of.frame
    dataset.Rows = dataset.Columns = 1
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 16, 15, 0
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.PixelData = b"\0\0"
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)


def session(folder: Path, *images: Image) -> SessionFolder:
    """A session that was converted: headers with one pixel, and volumes of another size."""
    outcomes, resource = [], folder / "RESOURCES" / "NIFTI"
    random = np.random.default_rng(1)
    for one in images:
        for number, sop_uid in enumerate(one.sop_uids):
            header(folder / "SCANS" / one.scan / "DICOM" / f"{number}.dcm", one, sop_uid)
        outcome = Outcome(one.scan, "MR", "done", part=one.part)
        path = f"{one.scan}/{outcome.stem}.nii.gz"
        (resource / one.scan).mkdir(parents=True, exist_ok=True)
        write_nifti(resource / path, Volume(random.random(SHAPE, np.float32) * 100, affine(one.shift)))
        outcomes.append(Outcome(one.scan, "MR", "done", part=one.part, files=(path,)))
    write_record(resource, record_of(convert.STEP, *outcomes, files=list_files(resource)))
    return SessionFolder(folder, reads=("NIFTI",))


@dataclass(frozen=True)
class DrawingDouble:
    """A drawing of masks that are given; it fits grids at one place along z."""

    source: DrawingSource
    masks: Mapping[int, np.ndarray] = field(default_factory=dict)
    names: Sequence[str] = ("GTV_Mass",)
    fits_at: tuple[float, ...] = (0.0,)

    @property
    def regions(self) -> tuple[DrawnRegion, ...]:
        return tuple(DrawnRegion(number, name) for number, name in enumerate(self.names, 1))

    def on(self, number: int, grid: Volume) -> PlacedMask:
        if number not in self.masks or grid.array.shape != self.masks[number].shape:
            raise SeriesRefused("it is empty.")
        return PlacedMask(self.masks[number], "as drawn")

    def fits(self, grid: Volume) -> bool:
        return float(grid.affine[2, 3]) in self.fits_at


def box(*corner: int, size: int = 3) -> np.ndarray:
    mask = np.zeros(SHAPE, bool)
    mask[tuple(slice(c, c + size) for c in corner)] = True
    return mask
