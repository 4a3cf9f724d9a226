"""One cell: what can be read in one way alone is read, what can be read in two ways is an error."""

import datetime as dt
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sarcoma_core.prognosis.clinical.cell_readings import CellReading
from sarcoma_core.prognosis.clinical.dates import read_date
from sarcoma_core.prognosis.clinical.levels import EVENT, read_event, read_level
from sarcoma_core.prognosis.clinical.quantities import read_quantity
from sarcoma_core.prognosis.clinical.sheets import Cell, CellValue, text_cell
from sarcoma_core.prognosis.clinical.units import TIME, UNITS
from sarcoma_core.prognosis.clinical.variables import BY_NAME, Levels, Quantity
from tests.prognosis.clinical.written import TODAY

AGE, SIZE, VOLUME = (BY_NAME[name].kind for name in ("age_years", "size_cm", "volume_cm3"))
assert isinstance(AGE, Quantity)
assert isinstance(SIZE, Quantity)
assert isinstance(VOLUME, Quantity)


def told(reading: CellReading) -> list[tuple[str, str]]:
    return [(remark.severity, remark.kind) for remark in reading.remarks]


@pytest.mark.parametrize(
    ("text", "value", "remarks"),
    [
        ("7.5", 7.5, []),
        ("+7.5", 7.5, []),
        (".5", 0.5, []),
        ("7.", 7.0, []),
        ("7,5", 7.5, [("warning", "decimal comma")]),
        ("75 mm", 7.5, [("warning", "unit in cell")]),
        ("75mm", 7.5, [("warning", "unit in cell")]),
        ("7,5 cm", 7.5, [("warning", "unit in cell")]),
        ("60", 60.0, []),
        ("60.01", None, [("error", "out of range")]),
        ("0", None, [("error", "out of range")]),
        ("0.001", 0.001, []),
        ("-7.5", None, [("error", "negative")]),
        ("\N{MINUS SIGN}7.5", None, [("error", "negative")]),
        ("\N{EN DASH}7.5", None, [("error", "dash for minus")]),
        ("1,234.5", None, [("error", "ambiguous number")]),
        ("1.234,5", None, [("error", "ambiguous number")]),
        ("1 234", None, [("error", "ambiguous number")]),
        ("5,123", None, [("error", "ambiguous number")]),
        ("5 x 7 x 3", None, [("error", "several numbers")]),
        ("5-7", None, [("error", "several numbers")]),
        (">10", None, [("error", "no exact number")]),
        ("ca. 8", None, [("error", "no exact number")]),
        ("~8", None, [("error", "no exact number")]),
        ("8+", None, [("error", "no exact number")]),
        ("8 kg", None, [("error", "unknown unit")]),
        ("1O", None, [("error", "unknown unit")]),
        ("eight", None, [("error", "no number")]),
        ("03/04/2014", None, [("error", "date for number")]),
        ("\N{ARABIC-INDIC DIGIT SEVEN}", None, [("error", "no number")]),
        ("nan", None, [("warning", "placeholder")]),
        ("inf", None, [("error", "no number")]),
        ("--", None, [("warning", "placeholder")]),
        ("\N{EN DASH}", None, [("warning", "placeholder")]),
        ("n/a", None, [("warning", "placeholder")]),
        ("N.A.", None, [("warning", "placeholder")]),
        ("", None, [("note", "blank")]),
    ],
)
def test_a_size_in_cm(text: str, value: float | None, remarks: list[tuple[str, str]]) -> None:
    found = read_quantity(text_cell(text), SIZE)
    assert found.value == (None if value is None else pytest.approx(value))
    assert told(found) == remarks


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (True, "truth value"),
        (dt.date(2014, 5, 3), "date for number"),
        (math.nan, "out of range"),
        (math.inf, "out of range"),
    ],
)
def test_what_a_workbook_holds_instead_of_a_number(value: CellValue, kind: str) -> None:
    assert told(read_quantity(Cell(value), SIZE)) == [("error", kind)]


@pytest.mark.parametrize(
    ("text", "value", "kind"),
    [
        ("0", 0.0, ""),
        ("120", 120.0, ""),
        ("121", None, "out of range"),
        ("1899", None, "out of range"),
        ("1900", None, "year for age"),
        ("2100", None, "year for age"),
        ("2101", None, "out of range"),
        ("90+", 90.0, ""),
        (">89", 90.0, ""),
        ("\N{GREATER-THAN OR EQUAL TO}89", 90.0, ""),
        (">" + 5000 * "9", None, "no exact number"),
        (5000 * "9" + "+", None, "no exact number"),
        ("89+", None, "no exact number"),
        (">88", None, "no exact number"),
        ("59y", 59.0, "unit in cell"),
        ("708 months", 59.0, "unit in cell"),
    ],
)
def test_an_age(text: str, value: float | None, kind: str) -> None:
    found = read_quantity(text_cell(text), AGE)
    assert found.value == (None if value is None else pytest.approx(value))
    assert [remark.kind for remark in found.remarks] == ([kind] if kind else [])


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("0.1", ""),
        ("0", ""),
        ("21915", ""),
        ("21916", "date as number"),
        ("41732", "date as number"),
        ("73050", "date as number"),
        ("73051", "out of range"),
        ("20140403", "date as number"),
        ("20992000", "out of range"),
        ("-3", "negative"),
    ],
)
def test_a_time(text: str, kind: str) -> None:
    assert [remark.kind for remark in read_quantity(text_cell(text), TIME).remarks] == (
        [kind] if kind else []
    )


@pytest.mark.parametrize(
    ("kind", "unit", "value", "expected"),
    [
        (TIME, "months", 12.0, 365.25),
        (TIME, "Years", 2.0, 730.5),
        (TIME, "weeks", 2.0, 14.0),
        (SIZE, "mm", 75.0, 7.5),
        (VOLUME, "mm3", 75_000.0, 75.0),
        (VOLUME, "l", 1.5, 1500.0),
        (AGE, "days", 21915.0, 60.0),
    ],
)
def test_the_unit_of_the_heading_counts(kind: Quantity, unit: str, value: float, expected: float) -> None:
    assert read_quantity(Cell(value), kind, unit).value == pytest.approx(expected)


def test_each_unit_of_the_table_is_one() -> None:
    quantities = [one.kind.unit for one in BY_NAME.values() if isinstance(one.kind, Quantity)]
    assert {unit: UNITS[unit][unit] for unit in {*quantities, TIME.unit}} == dict.fromkeys(
        {*quantities, "days"}, 1
    )


def level(name: str, text: str) -> CellReading:
    kind = BY_NAME[name].kind
    assert isinstance(kind, Levels)
    return read_level(text_cell(text), kind)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("sex", "Female", "F"),
        ("sex", "w", "F"),
        ("sex", "homme", "M"),
        ("sex", " m ", "M"),
        ("grade", "II", "2"),
        ("grade", "2.0", "2"),
        ("grade", "High grade", "3"),
        ("grade", "G1", "1"),
        ("depth", "0", "superficial"),
        ("radiotherapy", "none", "none"),
        ("radiotherapy", "Pre-op", "preoperative"),
        ("location", "left thigh", "lower limb"),
        ("location", "Left Upper Arm", "upper limb"),
        ("diagnosis", "pleiomorphic leiomyosarcoma", "leiomyosarcoma"),
        ("diagnosis", "UPS", "undifferentiated pleomorphic sarcoma"),
        ("diagnosis", "Malignant Fibrous Histiocytoma", "undifferentiated pleomorphic sarcoma"),
        ("diagnosis", "Myxofibrosarc\N{COMBINING DIAERESIS}oma", "myxofibrosarcoma"),
        ("diagnosis", "dedifferentiated liposarcoma", "dedifferentiated liposarcoma"),
        ("neoadjuvant_chemotherapy", "Nein", "no"),
    ],
)
def test_words_of_people_are_the_words_of_the_table(name: str, text: str, value: str) -> None:
    assert level(name, text) == CellReading(value)


@pytest.mark.parametrize(
    ("name", "text", "value", "remark"),
    [
        ("diagnosis", "spindle cell suggestive of myxofibrosarcoma", "myxofibrosarcoma", "longer text"),
        ("diagnosis", "leiomyosarcoma or synovial sarcoma", None, "several words"),
        ("diagnosis", "carcinoma", None, "unknown word"),
        ("diagnosis", "?", None, "placeholder"),
        ("grade", "4", None, "unknown word"),
        ("grade", "G2-3", None, "unknown word"),
        ("sex", "3", None, "unknown word"),
        ("sex", "H", None, "unknown word"),  # man in French, and beside it M is a woman in Spanish
        ("location", "thigh and arm", None, "several words"),
        ("depth", "", None, "blank"),
        ("sex", "\N{CJK UNIFIED IDEOGRAPH-5973}", None, "unknown word"),
    ],
)
def test_other_words_are_told(name: str, text: str, value: str | None, remark: str) -> None:
    found = level(name, text)
    assert (found.value, [one.kind for one in found.remarks]) == (value, [remark])


def test_every_word_of_the_table_means_itself_and_no_synonym_means_two() -> None:
    for variable in BY_NAME.values():
        if isinstance(variable.kind, Levels):
            for word in variable.kind.words:
                assert level(variable.name, word) == CellReading(word)
                for synonym in variable.kind.synonyms.get(word, ()):
                    assert level(variable.name, synonym) == CellReading(word), (variable.name, synonym)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", "0"),
        ("1", "1"),
        ("Dead", "1"),
        ("NED", "0"),
        ("AWD", "0"),
        ("D", "1"),
        ("alive", "0"),
        ("yes", "1"),
    ],
)
def test_an_event(text: str, value: str) -> None:
    assert read_event(text_cell(text)) == CellReading(value)


def test_the_codes_1_and_2_are_refused_as_1_would_be_an_event() -> None:
    assert told(read_event(Cell(2.0))) == [("error", "coded 1 and 2")]
    assert EVENT.words == ("0", "1")


def test_the_users_own_words_come_first() -> None:
    kind = BY_NAME["grade"].kind
    assert isinstance(kind, Levels)
    assert read_level(text_cell("Low"), kind, {"low": "2"}).value == "2"


@pytest.mark.parametrize(
    ("text", "date", "remark"),
    [
        ("2014-04-03", dt.date(2014, 4, 3), ""),
        ("2014-04-03 00:00:00", dt.date(2014, 4, 3), ""),
        ("2014/04/03", dt.date(2014, 4, 3), ""),
        ("03.04.2014", dt.date(2014, 4, 3), ""),
        ("20140403", dt.date(2014, 4, 3), ""),
        ("13/04/2014", dt.date(2014, 4, 13), "order of a date"),
        ("04/13/2014", dt.date(2014, 4, 13), "order of a date"),
        ("04/04/2014", dt.date(2014, 4, 4), "order of a date"),
        ("03/04/2014", None, "ambiguous date"),
        ("12/11/2014", None, "ambiguous date"),
        ("41732", dt.date(2014, 4, 3), "date as number"),
        ("2014-02-30", None, "no such date"),
        ("30.02.2014", None, "no such date"),
        ("13/13/2014", None, "no such date"),
        ("03.04.14", None, "no date"),
        ("April 2014", None, "no date"),
        ("2014", None, "no date"),
        ("1949-12-31", None, "date out of range"),
        ("1950-01-01", dt.date(1950, 1, 1), ""),
        ("2026-06-01", dt.date(2026, 6, 1), ""),
        ("2026-06-02", None, "date out of range"),
        ("--", None, "placeholder"),
    ],
)
def test_a_date(text: str, date: dt.date | None, remark: str) -> None:
    found = read_date(text_cell(text), TODAY)
    assert (found.value, [one.kind for one in found.remarks]) == (date, [remark] if remark else [])


@given(st.text(max_size=40))
def test_no_text_ends_in_another_error_and_no_remark_holds_it(text: str) -> None:
    cell = text_cell(text)
    kind = BY_NAME["diagnosis"].kind
    assert isinstance(kind, Levels)
    readings = (read_quantity(cell, SIZE), read_level(cell, kind), read_event(cell), read_date(cell, TODAY))
    for found in readings:
        if len(cell.text) > 12:
            assert all(cell.text not in remark.message for remark in found.remarks)
