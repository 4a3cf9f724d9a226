"""A session of an archive whose masks go out and come back: what the tests of `export-masks` share."""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import highdicom as hd
import numpy as np
import pydicom
from pydicom.dataset import Dataset

from sarcoma_core.archive.drawn import DRAWN_LABEL
from sarcoma_core.archive.folder import SessionFolder
from sarcoma_core.archive.importing import import_folder
from sarcoma_core.archive.masks import MASKS_LABEL, MaskVersion, SessionMasks, read_masks
from sarcoma_core.archive.store import Archive, Session
from sarcoma_core.imaging.nifti_masks import read_mask, write_mask
from sarcoma_core.imaging.volume import Mask
from sarcoma_core.interface import Step
from sarcoma_core.phantom.tissue import Tissue, tumour_mask
from sarcoma_core.phantom.truth import Truth, read_labels, read_truth
from sarcoma_core.provenance import RunRecord
from sarcoma_core.steps import convert, export_masks, import_masks
from sarcoma_core.steps.running import run_step
from tests.dicom.rtstruct import other_readers as rtstruct_reader
from tests.dicom.seg import other_readers as seg_reader
from tests.laws import assert_manifest_is_the_folder

PROJECT, SCAN, OTHER_SCAN = "STS", "4", "7"
"""Of the coarse phantom: T2 with fat saturation, and T1 with contrast agent, on one grid."""
OUT = export_masks.LABEL


@dataclass(frozen=True)
class Case:
    """One session.

    Args:
        archive: that it lies in.
        session: the session.
        truth: what is known of its phantom.
        labels: tissue at each voxel of the truth, shape (column, row, slice).
    """

    archive: Archive
    session: Session
    truth: Truth
    labels: np.ndarray

    @property
    def path(self) -> Path:
        return self.session.path

    @property
    def tumour(self) -> Mask:
        """The true tumour."""
        return tumour_mask(self.labels)

    @property
    def oedema(self) -> Mask:
        return np.asarray(self.labels == Tissue.OEDEMA)

    def draw(self, name: str, mask: Mask, scan: str = SCAN) -> None:
        """Put a mask into DRAWN, as a person does who drew it elsewhere."""
        path = self.session.resource(DRAWN_LABEL) / scan / f"{name}.nii.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_mask(path, mask, np.array(self.truth.affine_ras))

    def put(self, label: str, content: bytes, kind: str) -> Path:
        """Store a collection as the viewer does, which saves over what is there."""
        path = self.path / "ASSESSORS" / label / kind / f"{label}.dcm"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def bring_in(self, **params: Any) -> RunRecord:
        """`import-masks`."""
        return self._run(import_masks.STEP, params)

    def send(self, **params: Any) -> RunRecord:
        """`export-masks`."""
        return self._run(export_masks.STEP, params)

    def _run(self, step: Step, params: Mapping[str, Any]) -> RunRecord:
        """Run a step, and put what it makes where the next run finds it, as the archive does."""
        out = self.archive.root.parent / "out"
        shutil.rmtree(out, ignore_errors=True)
        (record,) = run_step(step, self.path, out, params)
        label = step.labels[0]
        assert_manifest_is_the_folder(out / label, record)
        shutil.rmtree(self.session.resource(label), ignore_errors=True)
        shutil.copytree(out / label, self.session.resource(label))
        return record

    @property
    def masks(self) -> SessionMasks:
        return read_masks(SessionFolder(self.path))

    def versions(self, roi: str = "tumour", scan: str = SCAN) -> tuple[MaskVersion, ...]:
        """The versions of a region."""
        return tuple(one for one in self.masks.versions if one.key == (scan, roi))

    def voxels(self, version: MaskVersion) -> Mask:
        """A mask of the archive on the truth's grid, whose voxels are those of the image."""
        mask, volume = read_mask(self.masks.path(version))
        to_truth = np.linalg.inv(np.array(self.truth.affine_ras)) @ volume.affine
        there = np.argwhere(mask) @ to_truth[:3, :3].T + to_truth[:3, 3]
        assert np.abs(there - np.rint(there)).max(initial=0) < 1e-3
        placed = np.zeros(self.labels.shape, bool)
        placed[tuple(np.rint(there).astype(int).T)] = True
        return placed

    @property
    def handles(self) -> list[str]:
        return [one.handle for one in self.masks.versions]

    def collections(self) -> dict[str, Path]:
        """The file of each collection of the session, by its label."""
        files = sorted((self.path / "ASSESSORS").glob("[!.]*/*/*.dcm"))
        return {file.stem: file for file in files}

    def label(self, kind: str, *words: str, scan: str = SCAN) -> str:
        """How we call a collection where that is free."""
        return "_".join((self.session.label, scan, *words, kind))

    def images(self, scan: str = SCAN) -> list[Dataset]:
        """The images of a scan in the order of the truth's slices."""
        files = (self.path / "SCANS" / scan / "DICOM").glob("*.dcm")
        to_voxel = np.linalg.inv(np.array(self.truth.affine_lps))
        places = {}
        for dataset in (pydicom.dcmread(file) for file in files):
            column, row, number = np.rint(to_voxel @ [*map(float, dataset.ImagePositionPatient), 1.0])[:3]
            assert (column, row) == (0, 0)
            places[int(number)] = dataset
        assert sorted(places) == list(range(self.labels.shape[2]))
        return [places[number] for number in sorted(places)]

    def drawn(self, label: str, scan: str = SCAN) -> dict[str, Mask]:
        """What other readers see in a collection: each region by its name, on the truth's grid."""
        return regions_of(self.collections()[label], self.images(scan))


def regions_of(path: Path, images: list[Dataset]) -> dict[str, Mask]:
    """Each region of a SEG (by highdicom) or of an RTSTRUCT by its name, shape (column, row, slice)."""
    dataset = pydicom.dcmread(path, stop_before_pixels=True)
    if dataset.Modality == "SEG":
        uids = [image.SOPInstanceUID for image in images]
        numbers = {s.SegmentLabel: s.SegmentNumber for s in hd.seg.segread(path).SegmentSequence}
        found = {name: seg_reader.by_highdicom(path, uids, n) > 0 for name, n in numbers.items()}
    else:
        numbers = {roi.ROIName: roi.ROINumber for roi in dataset.StructureSetROISequence}
        found = {n: rtstruct_reader.by_images(path, images, k, unite=False) for n, k in numbers.items()}
    return {name: mask.transpose(2, 1, 0) for name, mask in found.items()}


def told(record: RunRecord, scan: str = SCAN) -> tuple[str, str]:
    """Status and reason of one series."""
    (one,) = (outcome for outcome in record.outcomes if outcome.scan == scan)
    return one.status, one.reason


def converted_archive(cohort: Path, folder: Path) -> Path:
    """Both patients of the coarse cohort in an archive, converted; only copy it."""
    archive = Archive(folder / "archive")
    import_folder(archive, PROJECT, cohort)
    for session in archive.sessions(PROJECT):
        run_step(convert.STEP, session.path, session.path / "RESOURCES", {})
    return archive.root


def cases(converted: Path, folder: Path, cohort: Path) -> Iterator[Case]:
    """The sessions of a copy of such an archive."""
    archive = Archive(Path(shutil.copytree(converted, folder / "archive")))
    for session in archive.sessions(PROJECT):
        place = cohort.parent / "truth"
        yield Case(archive, session, read_truth(place, session.subject), read_labels(place, session.subject))


def kept(case: Case) -> dict[str, bytes]:
    """All that the session holds of masks and collections, byte by byte; no manifest."""
    places = (case.path / "ASSESSORS", case.session.resource(OUT), case.session.resource(MASKS_LABEL))
    files = (file for place in places for file in sorted(place.rglob("*")) if file.is_file())
    return {f.relative_to(case.path).as_posix(): f.read_bytes() for f in files if f.name != "run.json"}
