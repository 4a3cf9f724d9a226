"""A synthetic acquisition as a series of MR Image Storage objects (PS3.3 A.4)."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, MRImageStorage
from pydicom.valuerep import DSfloat

from sarcoma_core import __version__
from sarcoma_core.errors import OutputError
from sarcoma_core.phantom.grid import Grid
from sarcoma_core.phantom.patient import Patient
from sarcoma_core.phantom.randomness import stream, uid
from sarcoma_core.phantom.signal import Acquisition

_MANUFACTURER = "SARCOMA PHANTOM (SYNTHETIC)"
_FIELD_STRENGTH = 1.5
_PROTON_MHZ_PER_T = 42.577


@dataclass(frozen=True, slots=True)
class SeriesPlan:
    """What tells one series of a study from another.

    Args:
        number: SeriesNumber.
        description: SeriesDescription.
        minutes: from the start of the study to the start of the series.
        suffix: of the file names; exports have ".dcm" or nothing.
    """

    number: int
    description: str
    minutes: int
    suffix: str


@dataclass(frozen=True, slots=True)
class SeriesUids:
    """The UIDs under which a series was written; the instances are in the order of the slices."""

    study: str
    series: str
    frame_of_reference: str
    instances: tuple[str, ...]


def write_series(
    folder: Path, patient: Patient, acquisition: Acquisition, plan: SeriesPlan, *, bits_stored: int = 12
) -> SeriesUids:
    """Write one file per slice into a new folder, under names that tell nothing about the order of slices.

    Args:
        folder: must not exist.
        patient: whom the series is of.
        acquisition: what to write.
        plan: how the series is called.
        bits_stored: of the acquisition's integers.

    Raises:
        OutputError: the folder exists, or cannot be made.
    """
    slices = acquisition.grid.shape[2]
    uids = _uids(patient, plan.number, slices)
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise OutputError(
            f"folder: must be a new folder in a place that can be written; found {folder} "
            f"({type(error).__name__}).",
            hint="Choose another folder.",
        ) from None
    names = stream(patient.seed, f"file names {plan.number}").permutation(slices)
    instance = _series(patient, acquisition, plan, uids, bits_stored=bits_stored)
    for k, name in enumerate(names):
        _set_slice(instance, acquisition, k, uids)
        instance.save_as(folder / f"IM{name + 1:06d}{plan.suffix}", enforce_file_format=True)
    return uids


def _uids(patient: Patient, series_number: int, slices: int) -> SeriesUids:
    seed = patient.seed
    return SeriesUids(
        study=uid(seed, "study"),
        series=uid(seed, "series", series_number),
        frame_of_reference=uid(seed, "frame of reference"),
        instances=tuple(uid(seed, "instance", series_number, k + 1) for k in range(slices)),
    )


def _series(
    patient: Patient, acquisition: Acquisition, plan: SeriesPlan, uids: SeriesUids, *, bits_stored: int
) -> Dataset:
    """What all instances of the series have in common."""
    series = Dataset()
    series.file_meta = FileMetaDataset()
    series.file_meta.MediaStorageSOPClassUID = MRImageStorage
    series.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    series.file_meta.ImplementationClassUID = UID(uid(0, "implementation"))
    series.file_meta.ImplementationVersionName = "SARCOMA_PHANTOM"
    _set_patient_and_study(series, patient, uids)
    _set_series(series, patient, plan, uids)
    _set_plane(series, acquisition.grid)
    _set_pulse_sequence(series, acquisition)
    if acquisition.sequence.contrast:
        _set_contrast_agent(series)
    _set_pixel_format(series, acquisition, bits_stored=bits_stored)
    return series


def _set_patient_and_study(series: Dataset, patient: Patient, uids: SeriesUids) -> None:
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
    series.StudyDate = _date(patient.study_start)
    series.StudyTime = _time(patient.study_start)
    series.StudyDescription = "MR THIGH WITH CONTRAST (SYNTHETIC)"
    series.AccessionNumber = ""
    series.ReferringPhysicianName = ""


def _set_series(series: Dataset, patient: Patient, plan: SeriesPlan, uids: SeriesUids) -> None:
    """General Series, Frame of Reference, General Equipment and SOP Common modules."""
    start = patient.study_start + dt.timedelta(minutes=plan.minutes)
    series.SOPClassUID = MRImageStorage
    series.Modality = "MR"
    series.SeriesInstanceUID = uids.series
    series.SeriesNumber = plan.number
    series.SeriesDescription = plan.description
    series.ProtocolName = plan.description
    series.BodyPartExamined = "THIGH"
    series.Laterality = patient.laterality
    series.PatientPosition = "FFS"
    series.FrameOfReferenceUID = uids.frame_of_reference
    series.PositionReferenceIndicator = ""
    series.Manufacturer = _MANUFACTURER
    series.ManufacturerModelName = "Virtual Spin Echo"
    series.DeviceSerialNumber = "0"
    series.SoftwareVersions = __version__
    for name in ("Series", "Acquisition", "Content", "InstanceCreation"):
        setattr(series, f"{name}Date", _date(start))
        setattr(series, f"{name}Time", _time(start))


def _set_plane(series: Dataset, grid: Grid) -> None:
    """Image Plane module, but for the position of each slice."""
    right, down, _ = grid.directions().T
    series.ImageOrientationPatient = _decimals(*right, *down)
    series.PixelSpacing = _decimals(grid.spacing[1], grid.spacing[0])  # between rows, between columns
    series.SliceThickness = DSfloat(grid.slice_thickness)
    series.SpacingBetweenSlices = DSfloat(grid.spacing[2])


def _set_pulse_sequence(series: Dataset, acquisition: Acquisition) -> None:
    """General Image, General Acquisition and MR Image modules."""
    sequence, (columns, rows, _) = acquisition.sequence, acquisition.grid.shape
    series.ImageType = ["ORIGINAL", "PRIMARY", "OTHER"]
    series.AcquisitionNumber = 1
    series.LossyImageCompression = "00"
    series.BurnedInAnnotation = "NO"
    series.ScanningSequence = "SE"
    series.SequenceVariant = "NONE" if sequence.contrast else "SK"
    series.ScanOptions = "FS"
    series.SequenceName = sequence.name
    series.MRAcquisitionType = "2D"
    series.RepetitionTime = DSfloat(sequence.repetition_time)
    series.EchoTime = DSfloat(sequence.echo_time)
    series.EchoTrainLength = 1 if sequence.contrast else 12
    series.EchoNumbers = 1
    series.FlipAngle = 90
    series.NumberOfAverages = 1
    series.MagneticFieldStrength = DSfloat(_FIELD_STRENGTH)
    series.ImagedNucleus = "1H"
    series.ImagingFrequency = DSfloat(_FIELD_STRENGTH * _PROTON_MHZ_PER_T, auto_format=True)
    series.PixelBandwidth = 200
    series.PercentSampling = 100
    series.PercentPhaseFieldOfView = 100
    series.AcquisitionMatrix = [0, columns, rows, 0]
    series.InPlanePhaseEncodingDirection = "COL"
    series.ReceiveCoilName = "VIRTUAL"


def _set_contrast_agent(series: Dataset) -> None:
    """Contrast/Bolus module."""
    series.ContrastBolusAgent = "SYNTHETIC GADOLINIUM CHELATE"
    series.ContrastBolusRoute = "IV"


def _set_pixel_format(series: Dataset, acquisition: Acquisition, *, bits_stored: int) -> None:
    """Image Pixel module, but for the pixels, and VOI LUT module; MR Image has no rescale."""
    columns, rows, _ = acquisition.grid.shape
    series.SamplesPerPixel = 1
    series.PhotometricInterpretation = "MONOCHROME2"
    series.Rows, series.Columns = rows, columns
    series.BitsAllocated = 16
    series.BitsStored = bits_stored
    series.HighBit = bits_stored - 1
    series.PixelRepresentation = 0
    brightest = round(float(np.percentile(acquisition.image, 99.5)))
    series.WindowCenter, series.WindowWidth = brightest // 2, max(brightest, 1)


def _set_slice(instance: Dataset, acquisition: Acquisition, k: int, uids: SeriesUids) -> None:
    """What differs from slice to slice."""
    affine = acquisition.grid.affine_lps()
    position = affine[:3, 2] * k + affine[:3, 3]
    instance.SOPInstanceUID = UID(uids.instances[k])
    instance.file_meta.MediaStorageSOPInstanceUID = instance.SOPInstanceUID
    instance.InstanceNumber = k + 1
    instance.ImagePositionPatient = _decimals(*position)
    instance.SliceLocation = DSfloat(float(position @ acquisition.grid.directions()[:, 2]), auto_format=True)
    # stored row by row from the top: rows are j, columns are i
    instance.PixelData = acquisition.image[:, :, k].T.astype("<u2").tobytes()
    instance["PixelData"].VR = "OW"


def _decimals(*values: float) -> list[DSfloat]:
    """Decimal strings with all the digits that their 16 characters hold (PS3.5 6.2)."""
    return [DSfloat(float(value), auto_format=True) for value in values]


def _date(moment: dt.datetime) -> str:
    return moment.strftime("%Y%m%d")


def _time(moment: dt.datetime) -> str:
    return moment.strftime("%H%M%S")
