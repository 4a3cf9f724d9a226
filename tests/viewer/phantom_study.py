"""A phantom's series of 19 slices in an archive, with its true tumour as collections of the viewer."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.uid import generate_uid

from sarcoma_core.archive.importing import import_folder
from sarcoma_core.archive.store import Archive, Session
from sarcoma_core.cli.main import main
from sarcoma_core.dicom.colours import COLOURS
from sarcoma_core.dicom.drawings import CodedConcept
from sarcoma_core.dicom.parametric_map import MappedQuantity, write_parametric_map
from sarcoma_core.dicom.rtstruct import RoiToWrite, RtstructIdentity, write_rtstruct
from sarcoma_core.dicom.seg import SegIdentity, SegmentToWrite, write_seg
from sarcoma_core.imaging.volume import Volume, read_nifti
from sarcoma_core.phantom.cohort import write_cohort
from sarcoma_core.phantom.grid import Grid
from sarcoma_core.phantom.tissue import Mask, tumour_mask
from sarcoma_core.phantom.truth import Truth, on_grid, read_labels
from sarcoma_core.xnat.roi.in_archive import ArchivePlatform
from tests.archive.filed import filed

PROJECT = "PHANTOM"
FEW = Grid(shape=(52, 52, 19), spacing=(4.0, 4.0, 8.0), slice_thickness=8.0)
"""As few slices as hold the limb: a browser without a GPU draws every pixel itself."""
COLOUR = COLOURS[0]
SEG_NAME, RTSTRUCT_NAME, LOST_NAME = "True tumour as SEG", "True tumour as RTSTRUCT", "Lost"
HEAT_NAME = "Heat map: overall survival"


class PhantomStudy(NamedTuple):
    """An archive with one session.

    Attributes:
        archive: its folder.
        session: the session.
        truth: what is known of the patient.
        tumour: the true tumour on the truth's grid, shape (i, j, k).
    """

    archive: Path
    session: Session
    truth: Truth
    tumour: Mask

    def box(self, k: int) -> NDArray[np.float64]:
        """The corners of the box around the tumour in slice k, along the edges of its voxels: LPS mm."""
        i, j = np.nonzero(self.tumour[:, :, k])
        ends = [(x, y, k, 1) for x in (i.min() - 0.5, i.max() + 0.5) for y in (j.min() - 0.5, j.max() + 0.5)]
        corners: NDArray[np.float64] = (np.array(ends) @ np.array(self.truth.affine_lps).T)[:, :3]
        return corners


def write_study(folder: Path, *, sequence: str = "T1CE") -> PhantomStudy:
    """Write a patient, import one series, convert it, and lay the true tumour into its session."""
    (truth,) = write_cohort(folder, 1, seed=1, grid=FEW)
    series = truth.series_of(sequence)
    archive = Archive(folder / "archive")
    import_folder(archive, PROJECT, folder / series.folder)
    assert main(["run", "convert", "--archive", str(archive.root), "--project", PROJECT]) == 0
    (session,) = archive.sessions(PROJECT)
    labels = read_labels(folder / "truth", truth.patient_id)
    grid = read_nifti(next(session.resource("NIFTI").rglob("*.nii.gz")))
    mask = on_grid(
        tumour_mask(labels).astype(np.uint8), truth.affine_ras, shape=grid.array.shape, to=grid.affine
    ).astype(bool)
    sources = sorted((session.path / "SCANS").glob("*/DICOM/*.dcm"))
    seg = write_seg(
        [SegmentToWrite(1, "tumour", mask, colour=COLOUR)],
        sources,
        grid,
        identity=SegIdentity(description=SEG_NAME),
    )
    contours = write_rtstruct(
        [RoiToWrite(1, "tumour", mask, colour=COLOUR)],
        sources,
        grid,
        identity=RtstructIdentity(description=RTSTRUCT_NAME),
    )
    platform = ArchivePlatform(archive, session)
    platform.put_roi(seg, label="TRUE_SEG")
    platform.put_roi(contours, label="TRUE_RTSTRUCT")
    return PhantomStudy(archive.root, session, truth, tumour_mask(labels))


def add_heat(study: PhantomStudy) -> Volume:
    """Lay a heat map into the session's PREDICTION: the tumour, hotter from slice to slice."""
    folder = study.session.resource("PREDICTION")
    (folder / "MODEL").mkdir(parents=True)
    grid = read_nifti(next(study.session.resource("NIFTI").rglob("*.nii.gz")))
    tumour = on_grid(
        study.tumour.astype(np.uint8), study.truth.affine_ras, shape=grid.array.shape, to=grid.affine
    ).astype(np.float32)
    hotter = np.linspace(0.3, 1, tumour.shape[2], dtype=np.float32)
    heat = grid.with_array(tumour * hotter)
    (scan,) = study.session.scans
    sources = sorted((study.session.path / "SCANS" / scan.id / "DICOM").glob("*.dcm"))
    quantity = MappedQuantity(CodedConcept("HEAT", "99SARCOMA", "Part"), "HEAT", HEAT_NAME, "Research only")
    (folder / "MODEL" / "heat-overall_survival.dcm").write_bytes(
        write_parametric_map(heat, sources, quantity)
    )
    filed(folder)
    return heat


def add_lost(study: PhantomStudy, folder: Path) -> None:
    """Import a structure set beside the images that names a series which is not there."""
    (path,) = study.session.path.glob("ASSESSORS/*/RTSTRUCT/*.dcm")
    lost = pydicom.dcmread(path)
    lost.SeriesDescription = LOST_NAME
    lost.SeriesInstanceUID = generate_uid()
    lost.SOPInstanceUID = lost.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    (frame,) = lost.ReferencedFrameOfReferenceSequence
    frame.RTReferencedStudySequence[0].RTReferencedSeriesSequence[0].SeriesInstanceUID = generate_uid()
    folder.mkdir()
    lost.save_as(folder / "lost.dcm")
    import_folder(Archive(study.archive), PROJECT, folder)
