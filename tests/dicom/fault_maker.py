"""Sessions of made series, run step by step in this process, and what became of each scan."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from sarcoma_core.provenance import Outcome
from sarcoma_core.steps import step_named
from sarcoma_core.steps.running import NothingUsableError, run_step
from tests.dicom.series_maker import Stack, new_uid, save

Change = Callable[[Dataset], None]
"""What is done to one slice or frame."""


@dataclass(frozen=True)
class Limb(Stack):
    """A bright, slightly noisy disc in air that is noisy as well: what N4 and the z-score take for a body."""

    slices: int = 8
    gap: float = 5.0
    pixel_spacing: tuple[float, float] = (5.0, 5.0)
    shape: tuple[int, int] = (32, 32)

    @property
    def stored(self) -> npt.NDArray[np.int16]:
        """The stored values, shape (slices, rows, columns); the disc is 22 voxels wide."""
        rng = np.random.default_rng(self.seed)
        row, column = np.ogrid[: self.shape[0], : self.shape[1]]
        body = (row - 15.5) ** 2 + (column - 15.5) ** 2 < 11**2
        noise = np.abs(rng.normal(0, 15, (self.slices, *self.shape)))
        return (np.where(body, 600.0, 0.0) + noise).astype(np.int16)


def write_session(folder: Path, scans: Mapping[str, Iterable[Dataset]]) -> Path:
    """A session folder as XNAT mounts it, with these scans."""
    for scan, datasets in scans.items():
        save([*datasets], folder / "SCANS" / scan / "DICOM")
    return folder


def run(step: str, session: Path) -> Mapping[str, Outcome]:
    """Run a step on a session and put what it writes into the session; the outcome of each scan."""
    try:
        (record,) = run_step(step_named(step), session, session / "RESOURCES", {})
    except NothingUsableError as error:
        return {outcome.scan: outcome for outcome in error.outcomes}
    return {outcome.scan: outcome for outcome in record.outcomes}


def convert(folder: Path, **scans: Iterable[Dataset]) -> Mapping[str, Outcome]:
    """Write scans as one session of a new folder and convert it; scan `_5` of the arguments has the id 5."""
    named = {name.removeprefix("_"): datasets for name, datasets in scans.items()}
    return run("convert", write_session(folder / "session", named))


def convert_one(folder: Path, datasets: Iterable[Dataset]) -> Outcome:
    """Convert a session of one scan."""
    return convert(folder, _3=datasets)["3"]


def volume_of(folder: Path, outcome: Outcome) -> Path:
    """The first image that was written of a scan by `convert` or `convert_one`."""
    return folder / "session" / "RESOURCES" / "NIFTI" / outcome.files[0]


def some(datasets: Sequence[Dataset], which: Iterable[int], change: Change) -> list[Dataset]:
    """Change those slices only."""
    for index in which:
        change(datasets[index])
    return [*datasets]


def without(*keywords: str) -> Change:
    """Take attributes away."""

    def change(dataset: Dataset) -> None:
        for keyword in keywords:
            if keyword in dataset:
                del dataset[keyword]

    return change


def holding(**values: Any) -> Change:
    """Set attributes."""

    def change(dataset: Dataset) -> None:
        for keyword, value in values.items():
            setattr(dataset, keyword, value)

    return change


def in_series(datasets: Iterable[Dataset], *, uid: str = "", number: int | None = None) -> list[Dataset]:
    """The same instances under another SeriesInstanceUID, a new one when none is given, or SeriesNumber."""
    uid = uid or generate_uid()
    changed = []
    for dataset in datasets:
        dataset.SeriesInstanceUID = uid
        if number is not None:
            dataset.SeriesNumber = number
        changed.append(dataset)
    return changed


def no_image(sop_class: str, modality: str, like: Dataset, **values: Any) -> Dataset:
    """An object without pixels under the series of an image."""
    other = Dataset()
    for keyword in ("PatientName", "PatientID", "StudyInstanceUID", "SeriesInstanceUID", "SeriesNumber"):
        setattr(other, keyword, like[keyword].value)
    other.SOPClassUID, other.Modality, other.InstanceNumber = sop_class, modality, 99
    other.file_meta = like.file_meta.__class__()
    other.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
    other.file_meta.MediaStorageSOPClassUID = sop_class
    for keyword, value in values.items():
        setattr(other, keyword, value)
    return new_uid(other)
