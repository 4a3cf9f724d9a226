"""A study of a protocol as files: DICOM as a hospital exports it, and the truth beside it."""

import dataclasses
import hashlib
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sarcoma_core.errors import OutputError
from sarcoma_core.phantom.dicom_writer import SeriesPlan, SeriesUids, write_series
from sarcoma_core.phantom.grid import lps_to_ras
from sarcoma_core.phantom.patient import Patient, draw_patient
from sarcoma_core.phantom.pet import FWHM_MM, Injection, PetAcquisition, tumour_suv
from sarcoma_core.phantom.protocol import Protocol, SeriesProtocol
from sarcoma_core.phantom.scan_truth import PetTruth, ScanTruth, rows
from sarcoma_core.phantom.signal import Acquisition
from sarcoma_core.phantom.study import AcquiredSeries, Study, acquire_study
from sarcoma_core.phantom.tissue import Tissue, tumour_mask
from sarcoma_core.phantom.truth import SeriesTruth, Truth, write_truth

_STUDY = "MR AND PET/CT THIGH (SYNTHETIC)"


def write_study(folder: Path, seed: int, protocol: Protocol, *, bits_stored: int = 12) -> Truth:
    """Write every series of a patient's protocol, and the truth about it.

    Args:
        folder: of the cohort; made if need be.
        seed: which patient.
        protocol: what is acquired.
        bits_stored: 12 or 16, of the stored integers of MR.

    Raises:
        UsageError: the seed is negative.
        OutputError: the patient is there already, or the folder cannot be written.
    """
    place = Path("dicom", draw_patient(seed).patient_id)
    if (folder / place).exists():
        raise OutputError(
            f"folder: must be a new folder for this patient; found {folder / place}.",
            hint="Choose another folder.",
        )
    study = acquire_study(seed, protocol, bits_stored=bits_stored)
    variant = _variant(protocol)
    written, study_uid = [], ""
    for series in study.series:
        plan = _plan(series.protocol, variant)
        path = place / "DICOM" / "ST000001" / f"SE{plan.number:06d}"
        uids = write_series(folder / path, study.patient, series.acquisition, plan, bits_stored=bits_stored)
        study_uid = uids.study
        written.append(_series_truth(study.patient, series, uids, path))
    truth = _truth(study, study_uid, tuple(written))
    write_truth(folder / "truth", truth, _arrays(study))
    return truth


def _variant(protocol: Protocol) -> str:
    """Two protocols of one patient are two studies: no UID of one is one of the other."""
    record = json.dumps(dataclasses.asdict(protocol), sort_keys=True)
    return hashlib.sha256(record.encode()).hexdigest()[:16]


def _plan(series: SeriesProtocol, variant: str) -> SeriesPlan:
    return SeriesPlan(
        number=series.number,
        description=series.description,
        minutes=series.minutes,
        suffix=series.suffix,
        frame=series.frame,
        study=_STUDY,
        variant=variant,
    )


def _arrays(study: Study) -> dict[str, NDArray[np.generic]]:
    """On the grid of each series: tissue, logarithm of the bias of MR, SUV before it is quantised."""
    arrays: dict[str, NDArray[np.generic]] = {"labels": study.series[0].labels}
    for series in study.series:
        name, acquisition = series.protocol.sequence, series.acquisition
        arrays[f"labels_{name}"] = series.labels
        if isinstance(acquisition, Acquisition):
            arrays[f"log_bias_{name}"] = acquisition.log_bias
        if isinstance(acquisition, PetAcquisition):
            arrays[f"suv_{name}"] = acquisition.suv
    return arrays


def _series_truth(patient: Patient, series: AcquiredSeries, uids: SeriesUids, path: Path) -> SeriesTruth:
    protocol, acquisition = series.protocol, series.acquisition
    slices, motion = protocol.slices, protocol.motion
    pet = _pet_truth(patient, acquisition.injection) if isinstance(acquisition, PetAcquisition) else None
    scan = ScanTruth(
        role=protocol.sequence,
        modality=protocol.modality,
        description=protocol.description,
        shape=slices.shape,
        spacing=slices.spacing,
        slice_thickness=slices.slice_thickness,
        plane=slices.plane,
        affine_lps=rows(slices.affine_lps()),
        frame_of_reference_uid=uids.frame_of_reference,
        motion=motion,
        rotation_degrees=motion.rotation_degrees,
        shift_mm=motion.shift_mm,
        bend_mm=motion.bend_mm,
        other_limb=protocol.other_limb,
        tumour_voxels=int(tumour_mask(series.labels).sum()),
        pet=pet,
    )
    return SeriesTruth(
        sequence=protocol.sequence,
        series_number=protocol.number,
        series_instance_uid=uids.series,
        folder=path.as_posix(),
        instances=len(uids.instances),
        noise_sd=float(acquisition.noise_sd),
        scan=scan,
    )


def _pet_truth(patient: Patient, injection: Injection) -> PetTruth:
    return PetTruth(
        suv_factor=injection.suv_factor,
        weight_kg=injection.weight_kg,
        size_m=injection.size_m,
        dose_bq=injection.dose_bq,
        seconds=(injection.scanned - injection.injected).total_seconds(),
        tumour_suv=tumour_suv(patient),
        fwhm_mm=FWHM_MM,
    )


def _truth(study: Study, study_instance_uid: str, series: tuple[SeriesTruth, ...]) -> Truth:
    """The numbers are those on the grid of the reference."""
    patient = study.patient
    slices, labels = study.series[0].protocol.slices, study.series[0].labels
    affine = slices.affine_lps()
    tumour, necrosis = int(tumour_mask(labels).sum()), int((labels == Tissue.NECROSIS).sum())
    return Truth(
        patient_id=patient.patient_id,
        seed=patient.seed,
        study_instance_uid=study_instance_uid,
        shape=slices.shape,
        spacing=slices.spacing,
        affine_lps=rows(affine),
        affine_ras=rows(lps_to_ras(affine)),
        tissues=tuple((tissue.name, tissue.value) for tissue in Tissue),
        tumour_voxels=tumour,
        tumour_volume=tumour * slices.voxel_volume / 1000,
        necrosis_fraction=necrosis / tumour if tumour else 0.0,
        superficial=patient.superficial,
        laterality=patient.laterality,
        latents=patient.latents,
        series=series,
        site=study.protocol.site,
        missing=study.protocol.missing,
    )
