"""The factor of a PET series: by QIBA's formula for each unit, decay and maker; what is missing is named."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset

from sarcoma_core.dicom.radiopharmaceutical import read_pet
from sarcoma_core.errors import InputError
from sarcoma_core.imaging.decay import Timing, average_time, decay_time
from sarcoma_core.imaging.suv import SuvType
from sarcoma_core.steps.suv_factors import SuvFactors, suv_factors
from tests.dicom.pet_maker import PHILIPS, SIZE, UPTAKE, WEIGHT, factor, item, pet, with_private
from tests.dicom.series_maker import save
from tests.wrong_forms import FORMS, MARKER, damaged, faults_of, place_of

PATIENTS = ("STS_002", "STS_008", "STS_018", "STS_019", "STS_025", "STS_042")
STARTED = "RadiopharmaceuticalStartTime"


def found(folder: Path, slices: list[Dataset], target: SuvType = "BW") -> SuvFactors:
    return suv_factors(read_pet(save(slices, folder)), target)


def refused(folder: Path, slices: list[Dataset], target: SuvType = "BW") -> str:
    """The reason, with what to do next."""
    with pytest.raises(InputError) as error:
        found(folder, slices, target)
    assert error.value.hint
    return str(error.value)


def cnts(element: int, value: Any, **values: Any) -> list[Dataset]:
    return with_private(pet(Units="CNTS", **values), PHILIPS, element, value)


LEAN = 9270 * WEIGHT / (8780 + 244 * WEIGHT / SIZE**2)
"""Janmahasatian's lean body mass of the woman of `pet_maker`, kg."""
SURFACE = 0.007184 * WEIGHT**0.425 * (SIZE * 100) ** 0.725 * 1e4
"""DuBois' surface of hers, cm2."""
CASES: dict[str, tuple[Callable[[], list[Dataset]], float]] = {
    "BQML, START": (pet, factor()),
    "BQML, ADMIN": (lambda: pet(DecayCorrection="ADMIN"), factor(0)),
    "BQML, ADMIN, no times": (
        lambda: pet(DecayCorrection="ADMIN", AcquisitionTime=None, SeriesTime=None, given={STARTED: None}),
        factor(0),
    ),
    "CNTS, SUV factor": (lambda: cnts(0x00, 0.00025), 0.00025),
    "CNTS, SUV factor alone": (
        lambda: cnts(0x00, 0.00025, PatientWeight=None, RadiopharmaceuticalInformationSequence=None),
        0.00025,
    ),
    "CNTS, activity factor": (lambda: cnts(0x09, 1.7), 1.7 * factor()),
    "CNTS, both": (
        lambda: with_private(cnts(0x00, 0.00025), PHILIPS, 0x09, 1.7),
        0.00025,
    ),
    "CNTS, SUV factor of 0": (lambda: with_private(cnts(0x00, 0), PHILIPS, 0x09, 1.7), 1.7 * factor()),
    "GML": (lambda: pet(Units="GML"), 1.0),
    "GML, BW": (lambda: pet(Units="GML", SUVType="BW"), 1.0),
    "GML, LBMJANMA": (lambda: pet(Units="GML", SUVType="LBMJANMA"), WEIGHT / LEAN),
    "GML, IBW": (lambda: pet(Units="GML", SUVType="IBW"), WEIGHT / (45.5 + 0.91 * 23)),
    "CM2ML": (lambda: pet(Units="CM2ML"), WEIGHT * 1000 / SURFACE),
    "CM2ML, BSA": (lambda: pet(Units="CM2ML", SUVType="BSA"), WEIGHT * 1000 / SURFACE),
    "GE, post-processed": (lambda: pet(Manufacturer="GE MEDICAL SYSTEMS", SeriesTime="143000"), factor()),
    "next day's series": (lambda: pet(SeriesDate="20210306", SeriesTime="090000"), factor()),
    "GE, scan time": (
        lambda: with_private(
            pet(Manufacturer="GE MEDICAL SYSTEMS", SeriesTime="143000"),
            (0x0009, "GEMS_PETD_01"),
            0x0D,
            "20210305105000",
            vr="DT",
        ),
        factor(UPTAKE - 600),
    ),
    "midnight": (
        lambda: pet(given={STARTED: "233000"}, AcquisitionTime="003000", SeriesTime="003000"),
        factor(),
    ),
    "half-life by its code": (lambda: pet(given={"RadionuclideHalfLife": None}), factor()),
    "a date and time": (
        lambda: pet(given={STARTED: None, "RadiopharmaceuticalStartDateTime": "20210305093000.000000"}),
        factor(5400),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_each_unit_decay_and_maker_gets_the_factor_of_its_formula(tmp_path: Path, case: str) -> None:
    write, expected = CASES[case]
    factors = found(tmp_path, write())
    assert factors.each == pytest.approx((expected,), rel=1e-6)
    assert factors.suv_type == "BW"
    assert factors.warnings == ()


@pytest.mark.parametrize(
    ("target", "measure"),
    [("BW", WEIGHT * 1000), ("LBMJANMA", LEAN * 1000), ("BSA", SURFACE)],
)
@pytest.mark.parametrize(
    ("write", "before"),
    [(pet, factor()), (lambda: cnts(0x00, 0.00025), 0.00025), (lambda: pet(Units="GML"), 1.0)],
    ids=["BQML", "CNTS", "GML"],
)
def test_another_kind_is_the_same_activity_by_another_measure(
    tmp_path: Path, target: SuvType, measure: float, write: Callable[[], list[Dataset]], before: float
) -> None:
    factors = found(tmp_path, write(), target)
    assert factors.each == pytest.approx((before * measure / (WEIGHT * 1000),), rel=1e-6)
    assert factors.suv_type == target


MISSING: dict[str, tuple[str, dict[str, Any]]] = {
    "weight": ("PatientWeight: ", {"PatientWeight": None}),
    "empty weight": ("PatientWeight: ", {"PatientWeight": ""}),
    "weight 0": ("PatientWeight: ", {"PatientWeight": 0}),
    "negative weight": ("PatientWeight: ", {"PatientWeight": -72}),
    "dose": ("RadionuclideTotalDose: ", {"given": {"RadionuclideTotalDose": None}}),
    "dose 0": ("RadionuclideTotalDose: ", {"given": {"RadionuclideTotalDose": 0}}),
    "dose in MBq": ("RadionuclideTotalDose: ", {"given": {"RadionuclideTotalDose": 370}}),
    "half-life": (
        "RadionuclideHalfLife: ",
        {"given": {"RadionuclideHalfLife": None, "RadionuclideCodeSequence": None}},
    ),
    "half-life in minutes": ("RadionuclideHalfLife: ", {"given": {"RadionuclideHalfLife": 109.77}}),
    "injection": ("RadiopharmaceuticalStartDateTime or ", {"given": {STARTED: None}}),
    "scan": ("AcquisitionTime: ", {"AcquisitionTime": None}),
    "dose item": ("RadiopharmaceuticalInformationSequence: ", {"RadiopharmaceuticalInformationSequence": []}),
    "two doses": (
        "RadiopharmaceuticalInformationSequence: ",
        {"RadiopharmaceuticalInformationSequence": [item(), item()]},
    ),
    "decay correction": (
        "DecayCorrection: must be START, ADMIN or NONE; found none",
        {"DecayCorrection": None},
    ),
    "another decay correction": ("DecayCorrection: .*found another", {"DecayCorrection": "SCAN"}),
    "units": ("Units: .*found none", {"Units": None}),
    "counts of another maker": (r"SUV scale factor \(7053,xx00\) or ", {"Units": "CNTS"}),
    "counts per second": ("Units: .*found CPS", {"Units": "CPS"}),
    "unknown units": ("Units: .*found another term", {"Units": "SUV"}),
    "surface in GML": ("SUVType: ", {"Units": "GML", "SUVType": "BSA"}),
    "weight in CM2ML": ("SUVType: ", {"Units": "CM2ML", "SUVType": "BW"}),
    "an injection after the scan": (
        "RadiopharmaceuticalStartDateTime or .*before the scan",
        {"given": {STARTED: "110100"}},
    ),
    "an injection of yesterday": (
        "RadiopharmaceuticalStartDateTime or .*before the scan",
        {"given": {"RadiopharmaceuticalStartDateTime": "20210304100000"}},
    ),
    "a dose date that was not shifted": (
        "RadiopharmaceuticalStartDateTime or .*before the scan",
        {"given": {"RadiopharmaceuticalStartDateTime": "20250304100000"}},
    ),
    "decay that is contradicted": ("CorrectedImage: ", {"CorrectedImage": ["ATTN"]}),
    "decay that was corrected after all": ("CorrectedImage: ", {"DecayCorrection": "NONE"}),
    "duration": (
        "ActualFrameDuration: ",
        {"DecayCorrection": "NONE", "CorrectedImage": ["ATTN"], "ActualFrameDuration": None},
    ),
}


@pytest.mark.parametrize("case", MISSING)
def test_what_is_missing_or_cannot_be_true_refuses_the_series_under_its_keyword(
    tmp_path: Path, case: str
) -> None:
    pattern, values = MISSING[case]
    reason = refused(tmp_path, pet(**values))
    assert re.match(pattern, reason), reason
    assert ". " in reason, "and it says what to do"
    for value in ("72", "370", "2021", "2025", "1000", "1100", "MRN", "Doe"):
        assert value not in reason.replace("7053", "")


@pytest.mark.parametrize(
    ("target", "values", "keyword"),
    [
        ("LBMJANMA", {"PatientSize": None}, "PatientSize"),
        ("LBMJANMA", {"PatientSize": 175}, "PatientSize"),
        ("LBMJANMA", {"PatientSex": "O"}, "PatientSex"),
        ("LBMJANMA", {"PatientSex": None, "Units": "GML"}, "PatientSex"),
        ("BSA", {"PatientSize": None}, "PatientSize"),
        ("BSA", {"PatientSize": None, "Units": "GML"}, "PatientSize"),
    ],
)
def test_a_kind_that_was_asked_for_and_cannot_be_made_is_refused(
    tmp_path: Path, target: SuvType, values: dict[str, Any], keyword: str
) -> None:
    assert refused(tmp_path, pet(**values), target).startswith(f"{keyword}: ")


@pytest.mark.parametrize(
    ("units", "suv_type"), [("GML", "LBM"), ("GML", "LBMJAMES128"), ("GML", "IBW"), ("CM2ML", "BSA")]
)
def test_suv_of_another_kind_that_cannot_be_converted_is_kept_and_named(
    tmp_path: Path, units: str, suv_type: SuvType
) -> None:
    factors = found(tmp_path, pet(Units=units, SUVType=suv_type, PatientSize=None))
    assert (factors.each, factors.suv_type) == ((1.0,), suv_type)
    assert factors.warnings[0].startswith(f"the values stay SUV of type {suv_type}, not by body weight")
    assert "PatientSize" in factors.warnings[0]


def test_no_attenuation_correction_is_a_caution(tmp_path: Path) -> None:
    lacking = found(tmp_path / "1", pet(CorrectedImage=["DECY", "SCAT"])).warnings
    assert lacking == ("no attenuation correction: CorrectedImage lacks ATTN in 4 of 4 images",)
    (absent,) = found(tmp_path / "2", pet(CorrectedImage=None)).warnings
    assert "CorrectedImage is absent" in absent


@pytest.mark.parametrize(
    "values",
    [{"PatientWeight": 73}, {"given": {STARTED: "100001"}}, {"given": {"RadionuclideTotalDose": 371e6}}],
)
def test_one_slice_that_tells_otherwise_refuses_the_series(tmp_path: Path, values: dict[str, Any]) -> None:
    reason = refused(tmp_path, [*pet()[:3], *pet(**values)[3:]])
    assert "must be the same in all images of the series; found 2 values" in reason


@pytest.mark.parametrize("patient", PATIENTS)
def test_the_decay_factors_of_a_real_scanner_lead_to_its_reference_time(data: Path, patient: str) -> None:
    """GE, as it was before the conversion to SUV; STS_025 has a later SeriesTime and lacks its first beds."""
    headers = read_pet(sorted((data / "sts_ibsi" / patient / "PET" / "image").iterdir()))

    def seconds(text: str) -> float:
        return int(text[:2]) * 3600 + int(text[2:4]) * 60 + float(text[4:])

    series = seconds(headers.text("SeriesTime"))
    acquired = tuple(seconds(text) for text in headers.each_text("AcquisitionTime"))
    frames = tuple((time or 0) / 1000 for time in headers.each_number("FrameReferenceTime"))
    found = decay_time(
        Timing(
            acquired=acquired,
            durations=tuple((time or 0) / 1000 for time in headers.each_number("ActualFrameDuration")),
            decay_factors=headers.each_number("DecayFactor"),
            frame_times=frames,
            series=series,
            frame_time_is_start=True,
        ),
        headers.number("RadionuclideHalfLife") or 0,
    )
    assert found.confirmed_by == "DecayFactor"
    assert found.seconds == pytest.approx(acquired[0] - frames[0])
    assert found.told_by == (
        "SeriesTime" if patient != "STS_025" else "AcquisitionTime and FrameReferenceTime"
    )


_GIVEN = "RadiopharmaceuticalInformationSequence"
HOSTILE = (
    *("Units", "SUVType", "DecayCorrection", "PatientWeight", "CorrectedImage", "ImagePositionPatient"),
    *("SeriesDate", "SeriesTime", "AcquisitionDate", "AcquisitionTime", "TimezoneOffsetFromUTC"),
    *("ActualFrameDuration", "FrameReferenceTime", "DecayFactor", "Manufacturer", _GIVEN),
    *(f"{_GIVEN}.{k}" for k in ("RadionuclideTotalDose", "RadionuclideHalfLife", STARTED)),
    *(f"{_GIVEN}.{k}" for k in ("RadiopharmaceuticalStartDateTime", "RadionuclideCodeSequence")),
)


@pytest.mark.parametrize("keyword", HOSTILE)
def test_a_header_in_a_wrong_form_is_refused_in_words_or_changes_nothing(
    tmp_path: Path, keyword: str
) -> None:
    good = [path.read_bytes() for path in save(pet(), tmp_path)]
    for title, reason, each in _hurt(good, keyword, tmp_path):
        assert reason or each == pytest.approx([factor()] * 4), f"{title}: another factor"
        assert not reason or not faults_of(reason), title
        assert MARKER not in reason


def _hurt(good: list[bytes], keyword: str, folder: Path) -> Iterator[tuple[str, str, list[float]]]:
    """One slice with the attribute in each wrong form: the reason why it was refused, or the factors."""
    for title in FORMS:
        paths = []
        for number, content in enumerate(good):
            paths.append(folder / f"hurt{number}")
            paths[-1].write_bytes(damaged(content, place_of(keyword), title) if number == 1 else content)
        try:
            each = suv_factors(read_pet(paths), "BW").each
        except InputError as error:
            yield title, str(error), []
        else:
            yield title, "", list(each if len(each) > 1 else each * len(good))


def applied(time: float) -> float:
    """The DecayFactor of an image from 11:00 on for 180 s that is corrected to so many s after 10:00."""
    return float(2 ** ((3600 + average_time(180, 6586.2) - time) / 6586.2))


@pytest.mark.parametrize("time", [0.0, 0.9 * 1800])
def test_admin_stands_where_the_factor_that_was_applied_leads_to_the_administration(
    tmp_path: Path, time: float
) -> None:
    slices = pet(DecayCorrection="ADMIN", DecayFactor=f"{applied(time):.6f}")
    assert found(tmp_path, slices).each == pytest.approx([factor(0)])


@pytest.mark.parametrize("time", [1.1 * 1800, 3600.0])
def test_admin_is_not_believed_where_the_factor_leads_to_the_start_of_the_scan(
    tmp_path: Path, time: float
) -> None:
    reason = refused(tmp_path, pet(DecayCorrection="ADMIN", DecayFactor=f"{applied(time):.6f}"))
    assert reason.startswith("DecayFactor: must lead to the administration where DecayCorrection is ADMIN")


def test_none_is_not_believed_where_a_factor_was_applied(tmp_path: Path) -> None:
    untouched = {"DecayCorrection": "NONE", "CorrectedImage": ["ATTN"]}
    assert found(tmp_path / "a", pet(**untouched, DecayFactor="1")).each
    reason = refused(tmp_path / "b", pet(**untouched, DecayFactor="1.01"))
    assert reason.startswith("DecayFactor: must be 1 or absent where DecayCorrection is NONE")
