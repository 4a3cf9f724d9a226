"""The search: criteria in sets, and what a document may not do."""

import pytest

from tests.standin.conftest import PROJECT
from tests.standin.objects.test_tree import Client

NS = 'xmlns:xdat="http://nrg.wustl.edu/security"'


@pytest.fixture(scope="module")
def ask(url: str) -> Client:
    client = Client(url)
    for label, age in (("A", "9"), ("B", "50"), ("C", "61")):
        client("PUT", f"/projects/{PROJECT}/subjects/{label}", age=age)
    return client


def criterion(field: str, how: str, value: str) -> str:
    return (
        f"<xdat:criteria><xdat:schema_field>{field}</xdat:schema_field><xdat:comparison_type>{how}"
        f"</xdat:comparison_type><xdat:value>{value}</xdat:value></xdat:criteria>"
    )


def query(where: str, root: str = "xnat:subjectData") -> bytes:
    return (
        f"<xdat:bundle {NS}><xdat:root_element_name>{root}</xdat:root_element_name>"
        f'<xdat:search_where method="AND">{where}</xdat:search_where></xdat:bundle>'
    ).encode()


AGE, LABEL = "xnat:subjectData/AGE", "xnat:subjectData/SUBJECT_LABEL"
NINE_OR_61 = criterion(AGE, "=", "9") + criterion(AGE, "=", "61")
ABC = criterion(LABEL, "IN", "'A','B','C'")


@pytest.mark.parametrize(
    ("where", "labels"),
    [
        (ABC, "ABC"),
        (ABC + criterion(AGE, "&gt;", "10"), "BC"),
        (ABC + criterion(AGE, "&lt;=", "50"), "AB"),
        (ABC + criterion(AGE, "!=", "50"), "AC"),
        (ABC + criterion(LABEL, " LIKE ", "%c%"), "C"),
        (ABC + criterion("xnat:subjectData/RACE", "IS NULL", ""), "ABC"),
        (
            f'{ABC}<xdat:child_set method="OR">{NINE_OR_61}</xdat:child_set>',
            "AC",
        ),
    ],
)
def test_criteria_choose(ask: Client, where: str, labels: str) -> None:
    answer = ask("POST", "/search", query(where), format="json").json()
    assert "".join(sorted(row["subject_label"] for row in answer["ResultSet"]["Result"])) == labels


def test_sessions_are_found_by_a_field_of_their_subject(ask: Client) -> None:
    ask("PUT", f"/projects/{PROJECT}/subjects/C/experiments/C_MR")
    where = criterion("xnat:subjectData/AGE", "=", "61")
    answer = ask("POST", "/search", query(where, "xnat:mrSessionData"), format="json").json()
    assert [row["label"] for row in answer["ResultSet"]["Result"]] == ["C_MR"]


@pytest.mark.parametrize(
    "body",
    [
        b"no xml",
        b"<a>",
        b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
        b"<!DOCTYPE a>" + query(ABC),
        *(
            f'<?xml version="1.0" encoding="{code}"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'.encode(code)
            for code in ("utf-8", "utf-16", "utf-16-be")
        ),
        b'<?xml version="1.0" encoding="no such code"?>' + query(ABC),
        query(criterion(AGE, "RESEMBLES", "1")),
        query("<xdat:child_set>" * 30 + "</xdat:child_set>" * 30),
    ],
)
def test_a_document_that_is_no_query_is_refused(ask: Client, body: bytes) -> None:
    assert ask("POST", "/search", body).status_code == 400


def test_types_tell_their_fields(ask: Client) -> None:
    names = [row["ELEMENT_NAME"] for row in ask.rows("/search/elements")]
    assert names[:2] == ["xnat:projectData", "xnat:subjectData"]
    for name in names:
        assert ask.rows(f"/search/elements/{name}")
    assert ask("GET", "/search/elements/xnat:nonsense").status_code == 404
