"""A receipt loses no fact, and lets none out that could tell who the patient is."""

from typing import Any

import pytest

from sarcoma_core.report.facts import Fact, read_facts, value_text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "yes"),
        (966414, "966\u202f414"),
        (-3, "\u22123"),
        (3.0, "3"),
        (0.97656, "0.9766"),
        (0.000036, "3.6 \u00d7 10⁻⁵"),
        (float("nan"), "not a number"),
        (float("inf"), "not a number"),
        ("LAS", "LAS"),
        ([], ""),
        ([[1, 0], [0, 1]], "1, 0\n0, 1"),
        ("a" * 64, "a" * 16 + "…"),
    ],
)
def test_a_value_reads_as_in_print(value: object, text: str) -> None:
    assert value_text(value) == text


def test_known_facts_have_labels_and_units() -> None:
    facts = read_facts({"spacing": [0.5, 0.5, 4.0], "shape": [10, 20, 30], "converter_shift": 0.25})
    assert facts == (
        Fact("Voxels", "10 \u00d7 20 \u00d7 30"),
        Fact("Spacing", "0.5 \u00d7 0.5 \u00d7 4 mm"),
        Fact("Corner set right after the converter by", "0.25 mm"),
    )


def test_an_unknown_fact_is_told_by_its_own_name() -> None:
    facts = read_facts({"kernel_width_mm": 3, "levels": {"coarse": 4, "fine": 1}, "FlipAngle": 12})
    assert facts == (
        Fact("Flip angle", "12"),
        Fact("Kernel width", "3 mm"),
        Fact("Levels coarse", "4"),
        Fact("Levels fine", "1"),
    )


@pytest.mark.parametrize(
    "facts",
    [
        {"SeriesInstanceUID": "anything"},
        {"whatever": "1.2.840.113619.2.55.3"},
        {"whatever": ["one", "1.2.840.113619.2.55.3"]},
        {"whatever": "20140312"},
        {"whatever": "2014-03-12T10:11:12"},
        {"whatever": "taken 2014-03-12, late"},
        {"PatientName": "anything"},
        {"patient_id": 7},
        {"StudyDate": "anything"},
        {"SeriesDescription": "anything"},
        {"AccessionNumber": 7},
        {"inner": {"InstitutionName": "anything"}},
    ],
)
def test_what_could_identify_is_left_out(facts: dict[str, Any]) -> None:
    assert read_facts(facts) == ()


@pytest.mark.parametrize("version", ["dcm2niix 1.0.20250506", "SimpleITK 2.5.2 (GDCM)"])
def test_a_version_is_neither_uid_nor_date(version: str) -> None:
    assert read_facts({"converter": version}) == (Fact("Converter", version),)


def test_nothing_compared_is_not_told_as_all_equal() -> None:
    assert read_facts({"voxels_compared": 0}) == ()
