"""PET series whose SUV is known, because dose, weight, times and stored values are chosen here.

The factor that they must get is worked out in `factor`, by QIBA's pseudo-code and nothing of ours.
"""

from typing import Any

from pydicom.dataset import Dataset

from tests.dicom.series_maker import Stack

HALF_LIFE = 6586.2
DOSE, WEIGHT, SIZE = 370e6, 72.0, 1.75
UPTAKE = 3600.0
"""Seconds from the injection at 10:00 to the scan at 11:00."""
SLOPE = 2.5
STACK = Stack(slices=4, modality="PT", shape=(8, 8), gap=4.0)


def factor(seconds: float = UPTAKE, *, weight: float = WEIGHT, dose: float = DOSE) -> float:
    """SUVbwScaleFactor of QIBA: weight in g by the dose that is left."""
    return weight * 1000 / (dose * 2 ** (-seconds / HALF_LIFE))


def pet(stack: Stack = STACK, *, given: dict[str, Any] | None = None, **values: Any) -> list[Dataset]:
    """The slices of a PET in BQML that is corrected to the start of its one bed.

    Args:
        stack: where they lie.
        given: what of the item of RadiopharmaceuticalInformationSequence is other; None deletes.
        values: what else is other; None deletes.
    """
    header: dict[str, Any] = {
        "Units": "BQML",
        "DecayCorrection": "START",
        "CorrectedImage": ["DECY", "ATTN", "SCAT", "DTIM", "RAN", "DCAL", "NORM"],
        "RescaleSlope": SLOPE,
        "SeriesDate": "20210305",
        "SeriesTime": "110000.000000",
        "AcquisitionDate": "20210305",
        "AcquisitionTime": "110000.000000",
        "ActualFrameDuration": 180000,
        "FrameReferenceTime": 0,
        "PatientWeight": WEIGHT,
        "PatientSize": SIZE,
        "PatientSex": "F",
        "RadiopharmaceuticalInformationSequence": [item(**given or {})],
    }
    header |= values
    made = stack.datasets(**{keyword: value for keyword, value in header.items() if value is not None})
    for dataset in made:
        for keyword in [name for name, value in header.items() if value is None and name in dataset]:
            delattr(dataset, keyword)
    return made


def item(**values: Any) -> Dataset:
    """An item of RadiopharmaceuticalInformationSequence: F-18, given at 10:00."""
    made, nuclide = Dataset(), Dataset()
    nuclide.CodeValue, nuclide.CodingSchemeDesignator, nuclide.CodeMeaning = "C-111A1", "SRT", "^18^Fluorine"
    made.RadionuclideCodeSequence = [nuclide]
    made.RadionuclideTotalDose, made.RadionuclideHalfLife = DOSE, HALF_LIFE
    made.RadiopharmaceuticalStartTime = "100000.000000"
    for keyword, value in values.items():
        if value is None:
            delattr(made, keyword)
        else:
            setattr(made, keyword, value)
    return made


def with_private(
    datasets: list[Dataset], block: tuple[int, str], element: int, value: Any, *, vr: str = "DS"
) -> list[Dataset]:
    """The slices with a private attribute in the block of a creator."""
    for dataset in datasets:
        dataset.private_block(*block, create=True).add_new(element, vr, value)
    return datasets


PHILIPS = (0x7053, "Philips PET Private Group")
GE = (0x0009, "GEMS_PETD_01")
SIEMENS = (0x0071, "SIEMENS MED PT")
