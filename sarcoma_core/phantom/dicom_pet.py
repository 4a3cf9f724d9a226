"""The part of a series that Positron Emission Tomography Image Storage has for itself (PS3.3 A.21)."""

import datetime as dt

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import PositronEmissionTomographyImageStorage
from pydicom.valuerep import DSfloat

from sarcoma_core.phantom.dicom_contents import Contents, date, decimals, general_image, pixel_format, time
from sarcoma_core.phantom.pet import HALF_LIFE_S, Injection, PetAcquisition

LARGEST_STORED = 32767
_BED_S = 180  # per bed position; the second one is acquired after the first
_CORRECTIONS = ["DECY", "ATTN", "SCAT", "DTIM", "RAN", "NORM"]


def pet_contents(acquisition: PetAcquisition) -> Contents:
    """A PET series in Bq/ml, corrected for decay to its start; each slice has its own RescaleSlope.

    Args:
        acquisition: what to write.
    """
    common = general_image("ORIGINAL", "PRIMARY")
    common.update(pixel_format(acquisition.suv.shape, bits_stored=16))
    common.update(_patient_study(acquisition.injection))
    common.update(_pet_series(acquisition.suv.shape[2]))
    common.update(_isotope(acquisition.injection))

    def slice_of(k: int) -> tuple[NDArray[np.uint16], Dataset]:
        activity = acquisition.suv[:, :, k] / acquisition.injection.suv_factor
        slope = rescale_slope(activity)
        stored = np.rint(activity / float(slope)).astype(np.uint16)
        return stored, _pet_image(acquisition, k, slope)

    return Contents(PositronEmissionTomographyImageStorage, "PT", common, slice_of)


def rescale_slope(activity: NDArray[np.floating]) -> DSfloat:
    """What one stored unit of a slice stands for, in Bq/ml, as its decimal string has it."""
    highest = float(activity.max())
    return decimals(highest / LARGEST_STORED if highest else 1.0)[0]


def _patient_study(injection: Injection) -> Dataset:
    """Patient Study module."""
    study = Dataset()
    study.PatientWeight = DSfloat(injection.weight_kg)
    study.PatientSize = DSfloat(injection.size_m)
    return study


def _pet_series(slices: int) -> Dataset:
    """PET Series and NM/PET Patient Orientation modules; where the latter is, PatientPosition may not be."""
    series = Dataset()
    series.ManufacturerModelName = "Virtual PET"
    series.Units = "BQML"
    series.CountsSource = "EMISSION"
    series.SeriesType = ["WHOLE BODY", "IMAGE"]
    series.NumberOfSlices = slices
    series.CorrectedImage = _CORRECTIONS
    series.DecayCorrection = "START"
    series.RandomsCorrectionMethod = "DLYD"
    series.AttenuationCorrectionMethod = "CT"
    series.ScatterCorrectionMethod = "MODEL"
    series.ReconstructionMethod = "OSEM"
    series.CollimatorType = "NONE"
    series.PatientOrientationCodeSequence = Items([_recumbent()])
    series.PatientGantryRelationshipCodeSequence = Items([_code("102541007", "SCT", "feet-first")])
    return series


def _recumbent() -> Dataset:
    item = _code("102538003", "SCT", "recumbent")
    item.PatientOrientationModifierCodeSequence = Items([_code("40199007", "SCT", "supine")])
    return item


def _isotope(injection: Injection) -> Dataset:
    """PET Isotope module."""
    item = Dataset()
    item.RadionuclideCodeSequence = Items([_code("77004003", "SCT", "^18^Fluorine")])
    item.RadiopharmaceuticalCodeSequence = Items([_code("35321007", "SCT", "Fluorodeoxyglucose F^18^")])
    item.Radiopharmaceutical = "SYNTHETIC FDG"
    item.RadiopharmaceuticalRoute = "IV"
    item.RadiopharmaceuticalStartTime = time(injection.injected)
    item.RadiopharmaceuticalStartDateTime = date(injection.injected) + time(injection.injected)
    item.RadionuclideTotalDose = DSfloat(injection.dose_bq)
    item.RadionuclideHalfLife = DSfloat(HALF_LIFE_S)
    item.RadionuclidePositronFraction = DSfloat(0.967)
    series = Dataset()
    series.RadiopharmaceuticalInformationSequence = Items([item])
    return series


def _pet_image(acquisition: PetAcquisition, k: int, slope: DSfloat) -> Dataset:
    """PET Image module of one slice; the upper half is a second bed position."""
    slices, bed = acquisition.suv.shape[2], int(k >= acquisition.suv.shape[2] / 2)
    start = acquisition.injection.scanned + dt.timedelta(seconds=bed * _BED_S)
    middle = (bed + 0.5) * _BED_S
    image = Dataset()
    image.RescaleIntercept = DSfloat(0)
    image.RescaleSlope = slope
    image.FrameReferenceTime = DSfloat(middle * 1000)
    image.ActualFrameDuration = _BED_S * 1000
    image.AcquisitionDate, image.AcquisitionTime = date(start), time(start)
    image.DecayFactor = decimals(2 ** (middle / HALF_LIFE_S))[0]
    image.DoseCalibrationFactor = DSfloat(1)
    image.ScatterFractionFactor = DSfloat(0)
    image.ImageIndex = slices - k  # counted from the head
    return image


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item
