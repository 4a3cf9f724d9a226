"""What is planted is there and is told, and every other cell tells the truth."""

import csv
import datetime as dt
from collections import Counter
from pathlib import Path

import pytest

from sarcoma_core.errors import OutputError, UsageError
from sarcoma_core.phantom.clinical_rows import PhantomRow, clinical_rows
from sarcoma_core.phantom.messy_table import (
    HEADINGS,
    Cell,
    MessyTable,
    PlantedCell,
    messy_table,
    write_messy_table,
)

ROWS = clinical_rows(range(40))
TABLE = messy_table(ROWS)
KINDS = {
    "title": 1,
    "months": 1,
    "full word": 1,
    "other language": 1,
    "lower case": 1,
    "double hyphen": 1,
    "Excel serial number": 1,
    "day first": 1,
    "trailing space": 2,
    "blank": 1,
    "decimal comma": 2,
    "not available": 2,
    "en dash": 1,
    "negative time": 1,
    "repeated patient": 1,
    "summary": 1,
    "empty row": 1,
    "footnote": 2,
}


def truth(row: PhantomRow, heading: str) -> Cell:
    """What stands in a cell where nothing is planted, by hand."""
    value = getattr(row, HEADINGS[heading])
    if heading == "Date of surgery":
        return str(value)
    if heading == "Tumour size [mm]":
        return pytest.approx(10 * value)
    if heading == "Time to LR (days)":
        return pytest.approx(value / 30.4375, abs=0.051)
    return value


def cell(table: MessyTable, planted: PlantedCell) -> Cell:
    return table.rows[planted.row - 1][list(HEADINGS).index(planted.heading)]


def one(table: MessyTable, kind: str, heading: str | None = None) -> PlantedCell:
    found = [each for each in table.planted if each.kind == kind and heading in (None, each.heading)]
    assert len(found) == 1
    return found[0]


def patient_of(planted: PlantedCell) -> PhantomRow:
    return ROWS[planted.row - TABLE.header - 1]


@pytest.mark.parametrize("seed", [0, 1])
def test_every_cell_where_nothing_is_planted_tells_the_truth(seed: int) -> None:
    table = messy_table(ROWS, seed=seed)
    planted = {(each.row, each.heading) for each in table.planted}
    assert table.rows[table.header - 1] == tuple(HEADINGS)
    for place, row in enumerate(ROWS):
        number = table.header + 1 + place
        for heading, value in zip(HEADINGS, table.rows[number - 1], strict=True):
            same = value == truth(row, heading)
            assert same != ((number, heading) in planted), (number, heading)


def test_each_kind_is_planted_as_often_as_it_should_be_and_no_cell_twice() -> None:
    assert Counter(each.kind for each in TABLE.planted) == KINDS
    places = [(each.row, each.heading) for each in TABLE.planted]
    assert len(set(places)) == len(places)
    assert [row for row, _ in places] == sorted(row for row, _ in places)


def test_what_is_planted_is_what_it_is_called() -> None:
    assert cell(TABLE, one(TABLE, "full word")) == "Female"
    assert cell(TABLE, one(TABLE, "other language")) == "w"
    assert cell(TABLE, one(TABLE, "lower case")) == "f"
    assert cell(TABLE, one(TABLE, "double hyphen")) == "--"
    assert cell(TABLE, one(TABLE, "en dash")) == "\u2013"
    assert cell(TABLE, one(TABLE, "blank")) == ""
    for heading in ("Tumour size [mm]", "Time to DM (days)"):
        assert cell(TABLE, one(TABLE, "not available", heading)) == "n/a"
    for heading in ("Histology", "RT"):
        text = str(cell(TABLE, one(TABLE, "trailing space", heading)))
        assert text == f"{text.strip()} "
    for kind in ("full word", "other language", "lower case"):
        assert patient_of(one(TABLE, kind)).sex == "F"


def test_dates_of_a_spreadsheet_and_of_people_are_the_patients() -> None:
    serial = one(TABLE, "Excel serial number")
    # Excel's serial of 2014-04-03 is 41732
    days = int(cell(TABLE, serial)) - 41732
    assert dt.date(2014, 4, 3) + dt.timedelta(days) == patient_of(serial).surgery_date
    first = one(TABLE, "day first")
    day, month, year = map(int, str(cell(TABLE, first)).split("."))
    assert dt.date(year, month, day) == patient_of(first).surgery_date
    assert len(str(cell(TABLE, first))) == len("03.04.2014")


def test_a_decimal_comma_is_the_patients_number() -> None:
    for heading, factor in (("Tumour size [mm]", 10), ("Volume (ml)", 1)):
        planted = one(TABLE, "decimal comma", heading)
        whole, tenths = str(cell(TABLE, planted)).split(",")
        expected = factor * float(getattr(patient_of(planted), HEADINGS[heading]))
        assert int(whole) + int(tenths) / 10 == pytest.approx(expected)


def test_a_negative_time_is_the_patients_with_its_sign_turned() -> None:
    planted = one(TABLE, "negative time")
    assert cell(TABLE, planted) == -patient_of(planted).overall_survival_days < 0


def test_months_stand_in_a_column_of_days() -> None:
    months = one(TABLE, "months")
    assert months.row == TABLE.header
    assert cell(TABLE, months) == months.heading == "Time to LR (days)"


def test_the_repeated_patient_stands_there_before_and_nothing_is_planted_in_it() -> None:
    repeated = TABLE.rows[one(TABLE, "repeated patient").row - 1]
    above = TABLE.rows[TABLE.header : TABLE.header + len(ROWS)]
    assert [row[0] for row in above].count(repeated[0]) == 1
    (row,) = [row for row in ROWS if row.subject == repeated[0]]
    assert list(repeated) == [truth(row, heading) for heading in HEADINGS]


def test_a_title_stands_above_and_means_and_footnotes_below() -> None:
    def row(kind: str) -> tuple[Cell, ...]:
        return TABLE.rows[one(TABLE, kind).row - 1]

    assert (one(TABLE, "title").row, TABLE.header) == (1, 2)
    assert row("title")[0]
    assert set(row("title")[1:]) == set(row("empty row")) == {""}
    means = dict(zip(HEADINGS, row("summary"), strict=True))
    assert means["Patient ID"] == "Mean"
    assert means["Age (y)"] == pytest.approx(sum(each.age_years for each in ROWS) / 40, abs=0.051)
    assert means["Tumour size [mm]"] == pytest.approx(sum(each.size_cm for each in ROWS) / 4, abs=0.051)
    assert means["Histology"] == means["Dead"] == ""
    last = [each.row for each in TABLE.planted if each.kind == "footnote"]
    assert last == [len(TABLE.rows) - 1, len(TABLE.rows)]
    for number in last:
        text, *others = TABLE.rows[number - 1]
        assert text
        assert set(others) == {""}


def test_columns_are_the_canonical_ones_but_for_the_session_in_another_order() -> None:
    canonical = [name for name in PhantomRow._fields if name != "session"]
    assert sorted(HEADINGS.values()) == sorted(canonical)
    assert list(HEADINGS.values()) != canonical


def test_cells_are_what_a_spreadsheet_holds() -> None:
    assert {type(value) for row in TABLE.rows for value in row} == {str, int, float}
    assert {len(row) for row in TABLE.rows} == {len(HEADINGS)}


def test_rows_are_numbered_as_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "messy.csv"
    write_messy_table(path, TABLE)
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        lines = [(reader.line_num, line) for line in reader]
    assert lines == [(n, [str(value) for value in row]) for n, row in enumerate(TABLE.rows, start=1)]
    with pytest.raises(OutputError, match="path: must be a new file"):
        write_messy_table(path, TABLE)


def test_another_seed_hits_other_rows_and_the_same_one_the_same() -> None:
    assert messy_table(ROWS) == TABLE
    assert messy_table(ROWS, seed=5).planted != TABLE.planted


def test_too_few_patients_or_women_are_refused() -> None:
    women, men = ([row for row in ROWS if row.sex == sex] for sex in "FM")
    with pytest.raises(UsageError, match=r"12 or more, with 3 women or more; found 11 with 3\."):
        messy_table([*women[:3], *men[:8]])
    with pytest.raises(UsageError, match=r"found 12 with 2\."):
        messy_table([*women[:2], *men[:10]])
    assert Counter(each.kind for each in messy_table([*women[:3], *men[:9]]).planted) == KINDS
