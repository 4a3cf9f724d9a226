"""Synthetic patients as files: DICOM as a hospital exports it, and the truth beside it.

    <folder>/dicom/STS-PHANTOM-0001/DICOM/ST000001/SE000004/IM000017      T2FS, no file extension
    <folder>/dicom/STS-PHANTOM-0001/DICOM/ST000001/SE000007/IM000003.dcm  T1CE
    <folder>/truth/STS-PHANTOM-0001.json and .npz

Without a protocol every patient has these two series, on one grid and without movement. `draw_protocol` draws
one with PET and CT, in which each series has its own grid and the limb moves in between.

One seed is one patient, byte for byte on one machine; the n-th patient of a cohort is the patient of the
seed `seed + n`, so any of them can be made again alone, from its PatientID.
"""

import dataclasses
from pathlib import Path

from sarcoma_core.errors import UsageError
from sarcoma_core.phantom.anatomy import Anatomy, limb
from sarcoma_core.phantom.dicom_writer import SeriesPlan, SeriesUids, write_series
from sarcoma_core.phantom.grid import DEMO, Grid, lps_to_ras
from sarcoma_core.phantom.patient import limb_centre
from sarcoma_core.phantom.protocol import Protocol
from sarcoma_core.phantom.scan_truth import rows
from sarcoma_core.phantom.signal import T1CE, T2FS, Acquisition, acquire
from sarcoma_core.phantom.study_writer import write_study
from sarcoma_core.phantom.tissue import Tissue
from sarcoma_core.phantom.truth import SeriesTruth, Truth, write_truth

_STUDY = (
    (T2FS, SeriesPlan(number=4, description="AX T2 FS", minutes=9, suffix="")),
    (T1CE, SeriesPlan(number=7, description="AX T1 FS POST", minutes=21, suffix=".dcm")),
)


def write_patient(
    folder: Path, seed: int, *, grid: Grid = DEMO, bits_stored: int = 12, protocol: Protocol | None = None
) -> Truth:
    """Write one patient's study and the truth about it.

    Args:
        folder: of the cohort; made if need be.
        seed: which patient.
        grid: of every series without a protocol; its centre is moved to the patient's limb.
        bits_stored: 12 or 16, of the stored integers of MR.
        protocol: what is acquired and where; without, T2FS and T1CE on the grid.

    Raises:
        UsageError: the seed is negative, or the bits are neither 12 nor 16.
        OutputError: the patient is there already, or the folder cannot be written.
    """
    if bits_stored not in (12, 16):
        raise UsageError(f"bits_stored: must be 12 or 16; found {bits_stored}.")
    if protocol is not None:
        return write_study(folder, seed, protocol, bits_stored=bits_stored)
    anatomy = limb(seed, grid)
    placed = dataclasses.replace(grid, centre=limb_centre(anatomy.patient))
    anatomy = dataclasses.replace(anatomy, grid=placed)

    acquisitions, series = [], []
    for sequence, plan in _STUDY:
        acquisition = acquire(anatomy, sequence, bits_stored=bits_stored)
        path = Path("dicom", anatomy.patient.patient_id, "DICOM", "ST000001", f"SE{plan.number:06d}")
        uids = write_series(folder / path, anatomy.patient, acquisition, plan, bits_stored=bits_stored)
        acquisitions.append(acquisition)
        series.append(_series_truth(acquisition, plan, uids, path))
    truth = _truth(anatomy, uids.study, tuple(series))
    bias = {f"log_bias_{acquisition.sequence.name}": acquisition.log_bias for acquisition in acquisitions}
    write_truth(folder / "truth", truth, {"labels": anatomy.labels, **bias})
    return truth


def write_cohort(
    folder: Path, patients: int, seed: int, *, grid: Grid = DEMO, bits_stored: int = 12
) -> tuple[Truth, ...]:
    """Write the patients of the seeds `seed`, `seed + 1`, ...

    Args:
        folder: of the cohort; made if need be.
        patients: how many.
        seed: of the first patient.
        grid: of every series.
        bits_stored: 12 or 16, of the stored integers.

    Raises:
        UsageError: fewer than one patient, or an argument of `write_patient` breaks its rule.
        OutputError: a patient is there already, or the folder cannot be written.
    """
    if patients < 1:
        raise UsageError(f"patients: must be 1 or more; found {patients}.")
    return tuple(write_patient(folder, seed + n, grid=grid, bits_stored=bits_stored) for n in range(patients))


def _series_truth(acquisition: Acquisition, plan: SeriesPlan, uids: SeriesUids, path: Path) -> SeriesTruth:
    return SeriesTruth(
        sequence=acquisition.sequence.name,
        series_number=plan.number,
        series_instance_uid=uids.series,
        folder=path.as_posix(),
        instances=len(uids.instances),
        noise_sd=float(acquisition.noise_sd),
    )


def _truth(anatomy: Anatomy, study_instance_uid: str, series: tuple[SeriesTruth, ...]) -> Truth:
    patient, grid = anatomy.patient, anatomy.grid
    affine = grid.affine_lps()
    necrosis = int((anatomy.labels == Tissue.NECROSIS).sum())
    return Truth(
        patient_id=patient.patient_id,
        seed=patient.seed,
        study_instance_uid=study_instance_uid,
        shape=grid.shape,
        spacing=grid.spacing,
        affine_lps=rows(affine),
        affine_ras=rows(lps_to_ras(affine)),
        tissues=tuple((tissue.name, tissue.value) for tissue in Tissue),
        tumour_voxels=anatomy.tumour_voxels,
        tumour_volume=anatomy.tumour_volume,
        necrosis_fraction=necrosis / anatomy.tumour_voxels,
        superficial=patient.superficial,
        laterality=patient.laterality,
        latents=patient.latents,
        series=series,
    )
