"""Listings: the columns asked for, in either format, filtered as asked."""

import csv
import io

import pytest

from tests.standin.conftest import PROJECT
from tests.standin.objects.test_tree import Client

GENDER = "xnat:subjectData/demographics[@xsi:type=xnat:demographicData]/gender"


@pytest.fixture(scope="module")
def ask(url: str) -> Client:
    client = Client(url)
    for subject, gender in (("A", "female"), ("B", "male")):
        path = f"/projects/{PROJECT}/subjects/{subject}"
        client("PUT", path, **{GENDER: gender})
        client("PUT", f"{path}/experiments/{subject}_PET", xsiType="xnat:petSessionData", date="2026-01-02")
    client("PUT", f"/projects/{PROJECT}/subjects/A/experiments/A_PET", note='says "so", twice\nindeed')
    return client


def test_json_and_csv_say_the_same(ask: Client) -> None:
    query = {"columns": "ID,label,note,URI,xsiType"}
    rows = ask.rows("/experiments", **query)
    text = ask("GET", "/experiments", format="csv", **query).text
    assert list(csv.DictReader(io.StringIO(text))) == rows
    assert any("\n" in row["note"] for row in rows)


def test_an_empty_listing_still_has_its_header(ask: Client) -> None:
    text = ask("GET", "/experiments", format="csv", columns="ID,label", label="NO_SUCH").text
    assert text.splitlines() == ["ID,label,xsiType,URI"]


@pytest.mark.parametrize("column", [GENDER, "gender", "xnat:subjectdata/demographics/gender", "GENDER"])
def test_one_field_is_found_by_all_its_names(ask: Client, column: str) -> None:
    rows = ask.rows(f"/projects/{PROJECT}/subjects", columns=f"label,{column}")
    values = {row["label"]: row[column.lower() if ":" in column else column] for row in rows}
    assert (values["A"], values["B"]) == ("female", "male")


def test_a_session_is_listed_with_fields_of_its_subject(ask: Client) -> None:
    rows = ask.rows("/experiments", columns=f"label,{GENDER},subject_label", label="?_PET")
    found = {(row["label"], row["subject_label"], row[GENDER.lower()]) for row in rows}
    assert found == {("A_PET", "A", "female"), ("B_PET", "B", "male")}


@pytest.mark.parametrize(
    ("query", "labels"),
    [
        ({"xsiType": "xnat:petSessionData"}, {"A_PET", "B_PET"}),
        ({"xsiType": "xnat:imageSessionData", "label": "A_*"}, {"A_PET"}),
        ({"xsiType": "xnat:imageSessionData", "label": "A%"}, {"A_PET"}),
        ({"xsiType": "xnat:ctSessionData"}, set()),
        ({"project": "OTHER"}, set()),
        ({"xnat:petSessionData/date": "2026-01-02"}, {"A_PET", "B_PET"}),
        ({GENDER: "male"}, {"B_PET"}),
        ({"label": "A_PET,B_PET"}, {"A_PET", "B_PET"}),
        ({"xsiType": "xnat:petSessionData", "unknown": "x"}, {"A_PET", "B_PET"}),
    ],
)
def test_a_listing_is_filtered_by_its_query(ask: Client, query: dict[str, str], labels: set[str]) -> None:
    assert {row["label"] for row in ask.rows("/experiments", **query)} == labels


def test_a_column_of_scans_gives_a_row_for_each_scan(ask: Client) -> None:
    rows = ask.rows("/experiments", columns="label,xnat:mrScanData/ID", xsiType="xnat:mrSessionData")
    sessions = {row["label"] for row in rows}
    assert sorted(row["xnat:mrscandata/id"] for row in rows) == sorted(["4", "7"] * len(sessions))


def test_a_column_that_nothing_has_is_empty(ask: Client) -> None:
    rows = ask.rows("/experiments", columns="label,no_such_column")
    assert {row["no_such_column"] for row in rows} == {""}


def test_an_unknown_format_is_refused(ask: Client) -> None:
    assert ask("GET", "/experiments", format="pdf").status_code == 400
