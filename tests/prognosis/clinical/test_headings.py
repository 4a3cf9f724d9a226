"""Columns are found by what people call them; a time whose unit is not told is refused."""

from pathlib import Path

import pytest

from sarcoma_core.errors import InputError, UsageError
from sarcoma_core.prognosis.clinical.column_names import COLUMN_NAMES, KNOWN_AS, unit_of
from sarcoma_core.prognosis.clinical.table import COLUMNS
from sarcoma_core.prognosis.clinical.words import plain
from tests.prognosis.clinical.written import check, kinds, of_kind, table


def test_every_column_of_the_table_is_known_by_its_own_name() -> None:
    assert set(COLUMNS) <= set(COLUMN_NAMES)
    assert {name: KNOWN_AS[plain(name)] for name in COLUMN_NAMES} == {name: name for name in COLUMN_NAMES}


@pytest.mark.parametrize(
    ("heading", "cell", "column", "value"),
    [
        ("OS (months)", "12", "overall_survival_days", 365.25),
        ("OS [days]", "12", "overall_survival_days", 12.0),
        ("Follow-up in years", "2", "overall_survival_days", 730.5),
        ("OS_days", "12", "overall_survival_days", 12.0),
        ("overall_survival_days", "12", "overall_survival_days", 12.0),
    ],
)
def test_the_unit_of_a_time_is_that_of_its_heading(
    tmp_path: Path, heading: str, cell: str, column: str, value: float
) -> None:
    (row,) = check(tmp_path, table(f"Vital status,{heading}", f"dead,{cell}")).patients.rows
    assert row.days == {column: value}
    assert row.events == {"death": True}


@pytest.mark.parametrize(
    ("heading", "cell", "name", "value"),
    [
        ("Tumor size (mm)", "75", "size_cm", 7.5),
        ("Max. diameter [cm]", "7.5", "size_cm", 7.5),
        ("Volume (ml)", "75", "volume_cm3", 75.0),
        ("Tumor Volume (cm^3)", "75", "volume_cm3", 75.0),
        ("Age (months)", "708", "age_years", 59.0),
        ("Age", "59", "age_years", 59.0),
        ("AGE AT DIAGNOSIS", "59", "age_years", 59.0),
        ("Histological type", "ups", "diagnosis", "undifferentiated pleomorphic sarcoma"),
        ("Site of primary STS", "left thigh", "location", "lower limb"),
    ],
)
def test_headings_of_people_and_of_the_papers(
    tmp_path: Path, heading: str, cell: str, name: str, value: float | str
) -> None:
    (row,) = check(tmp_path, table(f'"{heading}"', cell)).patients.rows
    assert row.values[name] == value


@pytest.mark.parametrize("heading", ["OS", "TumorSize", "TumorVolume", "Time to metastasis"])
def test_a_heading_without_its_unit_is_an_error_until_it_is_told(tmp_path: Path, heading: str) -> None:
    text = table(f"{heading},centre", "12,X")
    assert kinds(check(tmp_path, text), "error") == [(1, heading, "no unit")]
    column = KNOWN_AS[plain(heading)]
    unit = unit_of(column)
    assert not of_kind(check(tmp_path, text, units={column: unit}), "no unit")


def test_a_user_names_columns_units_and_words(tmp_path: Path) -> None:
    text = table("Alter bei OP,Groesse,Typ,Lebt", "59,75,Spindelzelltumor,nicht mehr")
    found = check(
        tmp_path,
        text,
        columns={"age_years": "Alter bei OP", "size_cm": "Groesse", "diagnosis": "Typ", "death": "Lebt"},
        units={"size_cm": "mm"},
        words={"diagnosis": {"Spindelzelltumor": "other sarcoma"}, "death": {"nicht mehr": "1"}},
    )
    (row,) = found.patients.rows
    assert (row.values["age_years"], row.values["size_cm"]) == (59.0, 7.5)
    assert (row.values["diagnosis"], row.events) == ("other sarcoma", {"death": True})


def test_a_named_column_takes_the_place_of_the_one_that_would_be_read(tmp_path: Path) -> None:
    text = table("Age,Age at recurrence", "59,63")
    assert check(tmp_path, text).patients.rows[0].values["age_years"] == 59
    named = check(tmp_path, text, columns={"age_years": "Age at recurrence"})
    assert named.patients.rows[0].values["age_years"] == 63
    assert [one.column for one in of_kind(named, "column not read")] == ["Age"]


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"columns": {"age": "Alter"}}, "--column: must be one of age_years"),
        ({"columns": {"age_years": "Alter"}}, "--column age_years: must be a heading of the table"),
        ({"units": {"size_cm": "kg"}}, "--unit size_cm: must be one of cm, mm"),
        ({"units": {"sex": "mm"}}, "--unit sex: must be one of no unit"),
        ({"words": {"age_years": {"old": "90"}}}, "--word: must name a column of words"),
        ({"words": {"sex": {"x": "female"}}}, "--word sex: must mean one of F, M; found 'female'"),
    ],
)
def test_what_a_user_says_has_to_fit(tmp_path: Path, how: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        check(tmp_path, table("Age", "59"), **how)


@pytest.mark.parametrize(
    "heading",
    ["Vital status (0=dead 1=alive)", "Tumour depth (0=deep 1=superficial)", "Grade (1=low 2=high)"],
)
def test_codes_that_a_heading_explains_are_an_error_until_the_user_says_them(
    tmp_path: Path, heading: str
) -> None:
    text = f"subject,{heading},age\nP1,1,59\n"
    assert ("codes in heading") in [kind for _, _, kind in kinds(check(tmp_path, text), "error")]
    words = {"death": {"0": "1", "1": "0"}, "depth": {"0": "deep"}, "grade": {"1": "1"}}
    found = check(tmp_path, text, words=words)
    assert kinds(found, "error") == []
    if "Vital" in heading:
        assert found.patients.rows[0].events == {"death": False}


@pytest.mark.parametrize("heading", ["Age (at last follow-up)", "Grade (AJCC)"])
def test_other_words_in_brackets_are_told(tmp_path: Path, heading: str) -> None:
    found = check(tmp_path, f"subject,{heading},sex\nP1,2,F\n")
    assert kinds(found, "warning") == [(1, heading, "words in brackets")]


@pytest.mark.parametrize("heading", ["size_cm [mm]", "overall_survival_days (months)"])
def test_a_heading_of_two_units_is_an_error(tmp_path: Path, heading: str) -> None:
    assert kinds(check(tmp_path, table(f"{heading},centre", "7,X")), "error") == [(1, heading, "two units")]


def test_a_unit_that_contradicts_the_heading_is_an_error(tmp_path: Path) -> None:
    text = table("OS (months),death", "7,1")
    for unit, errors in (("days", 1), ("months", 0), ("mo", 0)):
        found = check(tmp_path, text, units={"overall_survival_days": unit})
        assert len(of_kind(found, "two units")) == errors


def test_two_times_zero_are_an_error(tmp_path: Path) -> None:
    both = "Time diagnosis to last follow up (days),Time surgery to DM (days)"
    columns = {"distant_metastasis_days": "Time surgery to DM (days)"}
    found = check(tmp_path, table(f"{both},status", "500,200,dead"), columns=columns)
    assert [kind for _, _, kind in kinds(found, "error")] == ["two times zero"]
    dates = table("status,Date of surgery,Last contact", "dead,2014-01-01,2015-01-01")
    assert of_kind(check(tmp_path, dates, time_zero="diagnosis"), "two times zero")
    assert not of_kind(check(tmp_path, dates), "two times zero")


def test_two_columns_of_one_meaning_are_refused(tmp_path: Path) -> None:
    assert kinds(check(tmp_path, table("Age,Alter", "59,63")), "error") == [(1, "Alter", "repeated heading")]


@pytest.mark.parametrize("heading", ["Name", "MRN", "Date of birth", "Phone", "accession number"])
def test_a_column_that_says_who_it_is_is_told_and_not_read(tmp_path: Path, heading: str) -> None:
    found = check(tmp_path, table(f"{heading},Age", "Doe,59"))
    assert kinds(found) == [(1, heading, "identifying column")]


def test_what_is_known_after_surgery_is_told_and_not_read(tmp_path: Path) -> None:
    found = check(tmp_path, table("Resection margin,Age", "R0,59"))
    assert [(one.severity, one.column) for one in of_kind(found, "known later")] == [
        ("note", "Resection margin")
    ]


def test_titles_above_the_headings_are_told(tmp_path: Path) -> None:
    found = check(tmp_path, "Our sarcomas,,\n,,\nID,Age,Sex\nP1,59,F\n")
    assert [one.line for one in of_kind(found, "title")] == [1]
    assert [row.line for row in found.patients.rows] == [4]


@pytest.mark.parametrize("text", ["a,b\n1,2\n", "subject,age\nP1,3\n", "subject\nP1\n", ""])
def test_a_table_without_headings_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match="line of headings"):
        check(tmp_path, text)


def test_headings_are_looked_for_in_the_first_25_lines(tmp_path: Path) -> None:
    text = "ID,Age,Sex\nP1,59,F\n"
    assert len(check(tmp_path, "x,,\n" * 24 + text).patients.rows) == 1
    with pytest.raises(InputError, match="line of headings"):
        check(tmp_path, "x,,\n" * 25 + text)


@pytest.mark.parametrize(
    ("heading", "told", "zero", "severity"),
    [
        ("Time diagnosis to last follow-up (days)", None, "diagnosis", "warning"),
        ("Time surgery to last follow-up (days)", None, "surgery", None),
        ("OS (days)", None, "surgery", "note"),
        ("OS (days)", "diagnosis", "diagnosis", None),
        ("Time diagnosis to last follow-up (days)", "surgery", "surgery", "error"),
        ("Time diagnosis to last follow-up (days)", "diagnosis", "diagnosis", "warning"),
    ],
)
def test_time_zero_is_what_headings_say_or_the_user(
    tmp_path: Path, heading: str, told: str | None, zero: str, severity: str | None
) -> None:
    found = check(tmp_path, table(f"status,{heading}", "alive,500"), time_zero=told)
    assert found.patients.time_zero == zero
    assert [one.severity for one in of_kind(found, "time zero")] == ([severity] if severity else [])
