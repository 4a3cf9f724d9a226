"""A synthetic acquisition as a series of DICOM files: what the modalities have in common."""

from dataclasses import dataclass
from pathlib import Path

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian
from pydicom.valuerep import DSfloat

from sarcoma_core import __version__
from sarcoma_core.errors import OutputError
from sarcoma_core.phantom.ct import CtAcquisition
from sarcoma_core.phantom.dicom_contents import Contents, date, decimals, time
from sarcoma_core.phantom.dicom_ct import ct_contents
from sarcoma_core.phantom.dicom_mr import mr_contents
from sarcoma_core.phantom.dicom_pet import pet_contents
from sarcoma_core.phantom.grid import Grid
from sarcoma_core.phantom.patient import Patient, start_of_series
from sarcoma_core.phantom.pet import PetAcquisition
from sarcoma_core.phantom.randomness import stream, uid
from sarcoma_core.phantom.signal import Acquisition
from sarcoma_core.phantom.slices import Slices

_MANUFACTURER = "SARCOMA PHANTOM (SYNTHETIC)"


@dataclass(frozen=True, slots=True)
class SeriesPlan:
    """What tells one series of a study from another.

    Args:
        number: SeriesNumber.
        description: SeriesDescription.
        minutes: from the start of the study to the start of the series.
        suffix: of the file names; exports have ".dcm" or nothing.
        frame: series with the same number share a frame of reference.
        study: StudyDescription.
        variant: tells the studies that a patient can have from one another; part of every UID.
    """

    number: int
    description: str
    minutes: int
    suffix: str
    frame: int = 0
    study: str = "MR THIGH WITH CONTRAST (SYNTHETIC)"
    variant: str = ""


@dataclass(frozen=True, slots=True)
class SeriesUids:
    """The UIDs under which a series was written; the instances are in the order of the slices."""

    study: str
    series: str
    frame_of_reference: str
    instances: tuple[str, ...]


def write_series(
    folder: Path,
    patient: Patient,
    acquisition: Acquisition | PetAcquisition | CtAcquisition,
    plan: SeriesPlan,
    *,
    bits_stored: int = 12,
) -> SeriesUids:
    """Write one file per slice into a new folder, under names that tell nothing about the order of slices.

    Args:
        folder: must not exist.
        patient: whom the series is of.
        acquisition: what to write.
        plan: how the series is called.
        bits_stored: of the integers of MR.

    Raises:
        OutputError: the folder exists, or cannot be made.
    """
    contents, grid = _contents(acquisition, bits_stored=bits_stored)
    uids = _uids(patient, plan, grid.shape[2])
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise OutputError(
            f"folder: must be a new folder in a place that can be written; found {folder} "
            f"({type(error).__name__}).",
            hint="Choose another folder.",
        ) from None
    names = stream(patient.seed, f"file names {plan.number}").permutation(grid.shape[2])
    instance = _series(patient, contents, grid, plan, uids)
    for k, name in enumerate(names):
        _set_slice(instance, contents, grid, k, uids)
        instance.save_as(folder / f"IM{name + 1:06d}{plan.suffix}", enforce_file_format=True)
    return uids


def _contents(
    acquisition: Acquisition | PetAcquisition | CtAcquisition, *, bits_stored: int
) -> tuple[Contents, Grid | Slices]:
    if isinstance(acquisition, PetAcquisition):
        return pet_contents(acquisition), acquisition.slices
    if isinstance(acquisition, CtAcquisition):
        return ct_contents(acquisition), acquisition.slices
    return mr_contents(acquisition, bits_stored=bits_stored), acquisition.grid


def _uids(patient: Patient, plan: SeriesPlan, slices: int) -> SeriesUids:
    seed, variant = patient.seed, [plan.variant] if plan.variant else []
    frame = [plan.frame] if plan.frame else []
    return SeriesUids(
        study=uid(seed, "study", *variant),
        series=uid(seed, "series", plan.number, *variant),
        frame_of_reference=uid(seed, "frame of reference", *frame, *variant),
        instances=tuple(uid(seed, "instance", plan.number, k + 1, *variant) for k in range(slices)),
    )


def _series(
    patient: Patient, contents: Contents, grid: Grid | Slices, plan: SeriesPlan, uids: SeriesUids
) -> Dataset:
    """What all instances of the series have in common."""
    series = Dataset()
    series.file_meta = FileMetaDataset()
    series.file_meta.MediaStorageSOPClassUID = contents.sop_class
    series.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    series.file_meta.ImplementationClassUID = UID(uid(0, "implementation"))
    series.file_meta.ImplementationVersionName = "SARCOMA_PHANTOM"
    series.SOPClassUID = contents.sop_class
    series.Modality = contents.modality
    _set_patient_and_study(series, patient, plan, uids)
    _set_series(series, patient, plan, uids)
    _set_plane(series, grid)
    series.update(contents.common)
    return series


def _set_patient_and_study(series: Dataset, patient: Patient, plan: SeriesPlan, uids: SeriesUids) -> None:
    """Patient, General Study and Patient Study modules."""
    series.PatientName = f"PHANTOM^STS {patient.seed:04d}"
    series.PatientID = patient.patient_id
    series.PatientBirthDate = ""
    series.PatientSex = patient.sex
    series.PatientAge = f"{patient.age:03d}Y"
    series.PatientComments = "Synthetic: no such person exists"
    series.PatientIdentityRemoved = "YES"
    series.DeidentificationMethod = "Synthetic data: there was never an identity to remove"
    series.StudyInstanceUID = uids.study
    series.StudyID = "1"
    series.StudyDate = date(patient.study_start)
    series.StudyTime = time(patient.study_start)
    series.StudyDescription = plan.study
    series.AccessionNumber = ""
    series.ReferringPhysicianName = ""


def _set_series(series: Dataset, patient: Patient, plan: SeriesPlan, uids: SeriesUids) -> None:
    """General Series, Frame of Reference, General Equipment and SOP Common modules."""
    start = start_of_series(patient, plan.minutes)
    series.SeriesInstanceUID = uids.series
    series.SeriesNumber = plan.number
    series.SeriesDescription = plan.description
    series.ProtocolName = plan.description
    series.BodyPartExamined = "THIGH"
    series.Laterality = patient.laterality
    series.FrameOfReferenceUID = uids.frame_of_reference
    series.PositionReferenceIndicator = ""
    series.Manufacturer = _MANUFACTURER
    series.DeviceSerialNumber = "0"
    series.SoftwareVersions = __version__
    for name in ("Series", "Acquisition", "Content", "InstanceCreation"):
        setattr(series, f"{name}Date", date(start))
        setattr(series, f"{name}Time", time(start))


def _set_plane(series: Dataset, grid: Grid | Slices) -> None:
    """Image Plane module, but for the position of each slice."""
    right, down, _ = grid.directions().T
    series.ImageOrientationPatient = decimals(*right, *down)
    series.PixelSpacing = decimals(grid.spacing[1], grid.spacing[0])  # between rows, between columns
    series.SliceThickness = DSfloat(grid.slice_thickness)


def _set_slice(instance: Dataset, contents: Contents, grid: Grid | Slices, k: int, uids: SeriesUids) -> None:
    """What differs from slice to slice."""
    affine = grid.affine_lps()
    position = affine[:3, 2] * k + affine[:3, 3]
    stored, own = contents.slice_of(k)
    instance.update(own)
    instance.SOPInstanceUID = UID(uids.instances[k])
    instance.file_meta.MediaStorageSOPInstanceUID = instance.SOPInstanceUID
    instance.InstanceNumber = k + 1
    instance.ImagePositionPatient = decimals(*position)
    instance.SliceLocation = DSfloat(float(position @ grid.directions()[:, 2]), auto_format=True)
    # stored row by row from the top: rows are j, columns are i
    instance.PixelData = stored.T.astype("<u2").tobytes()
    instance["PixelData"].VR = "OW"
