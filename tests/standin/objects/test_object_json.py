"""One object as JSON: fields of nested elements become children."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from sarcoma_core.standin.objects.items import Item
from sarcoma_core.standin.objects.object_json import Nested, object_json, taken_apart

ITEM = Item(
    "subject",
    "S01",
    "A",
    "P",
    "xnat:subjectData",
    "/data/subjects/S01",
    Path("/archive"),
    {
        "ID": "S01",
        "demographics[@xsi:type=xnat:demographicData]/gender": "female",
        "demographics[@xsi:type=xnat:demographicData]/age": "61",
        "fields/field[name=grade]/field": "G2",
        "fields/field[name=site]/field": "thigh",
        "references/seriesUID[1]": "1.2",
        "references/seriesUID[2]": "1.3",
        "scanner/model": "M",
    },
    made=datetime(2021, 4, 8, 19, 28, 45, tzinfo=UTC).isoformat(),
)


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("note", Nested("", "", "", "note")),
        ("a/b", Nested("", "", "", "a/b")),
        ("a/b[name=x y]/c/d", Nested("a/b", "name", "x y", "c/d")),
        ("a[@xsi:type=p:q]/r", Nested("a", "@xsi:type", "p:q", "r")),
        ("a/b[2]", Nested("a/b", "", "2", "")),
    ],
)
def test_a_path_is_taken_apart_at_its_first_bracket(path: str, parts: Nested) -> None:
    assert taken_apart(path) == parts


def test_plain_fields_stay_and_nested_ones_become_children() -> None:
    (item,) = object_json(ITEM)["items"]
    assert item["data_fields"] == {"ID": "S01", "scanner/model": "M"}
    children = {
        child["field"]: [each["data_fields"] for each in child["items"]] for child in item["children"]
    }
    assert children == {
        "demographics": [{"gender": "female", "age": "61"}],
        "fields/field": [{"name": "grade", "field": "G2"}, {"name": "site", "field": "thigh"}],
        "references/seriesUID": [{"seriesUID": "1.2"}, {"seriesUID": "1.3"}],
    }
    typed = next(child for child in item["children"] if child["field"] == "demographics")
    assert typed["items"][0]["meta"]["xsi:type"] == "xnat:demographicData"


def test_the_date_is_written_as_xnat_writes_it() -> None:
    meta = object_json(ITEM)["items"][0]["meta"]
    assert meta["start_date"] == "Thu Apr 08 19:28:45 UTC 2021"
    assert meta["isHistory"] is False
