"""Pages of a listing, as the batch-launch plugin documents them for ``/xapi/workflows``."""

import pytest

from sarcoma_core.standin.answers import Refusal
from sarcoma_core.standin.containers.paging import Page

ROWS = [
    {"wfid": number, "status": status, "launchTime": number * 1000}
    for number, status in enumerate(("Complete", "Failed (Killed)", "Running", "Failed"), start=1)
]


def ids(**body: object) -> list[int]:
    return [row["wfid"] for row in Page.of(body, column="launchTime").of_rows(ROWS)]


def test_the_newest_is_first_unless_another_order_is_asked_for() -> None:
    assert ids() == [4, 3, 2, 1]
    assert ids(sort_col="wfid", sort_dir="ASC") == [1, 2, 3, 4]
    assert ids(sort_col="status", sort_dir="asc") == [1, 4, 2, 3]


def test_a_page_is_as_long_as_asked_and_0_is_all() -> None:
    assert [ids(size=3, page=page) for page in (1, 2, 3)] == [[4, 3, 2], [1], []]
    assert ids(size=0) == [4, 3, 2, 1]


def test_texts_are_filtered_by_a_part_of_them_in_any_case_or_by_its_absence() -> None:
    assert ids(filters={"status": {"backend": "sql_string", "like": "failed"}}) == [4, 2]
    assert ids(filters={"status": {"backend": "sql_string", "like": "failed", "not": True}}) == [3, 1]


def test_numbers_are_filtered_by_open_and_closed_bounds() -> None:
    assert ids(filters={"wfid": {"backend": "sql_number", "ge": 2, "lt": 4}}) == [3, 2]
    assert ids(filters={"wfid": {"backend": "sql_number", "gt": 2, "le": 4}}) == [4, 3]


def test_moments_are_filtered_by_date_and_time() -> None:
    after = {"backend": "sql_datetime", "after": "1970-01-01 00:00:02"}
    assert ids(filters={"launchTime": after}) == [4, 3]
    on = {"backend": "sql_datetime", "afterOrOn": "1970-01-01T00:00:02+00:00", "before": "1970-01-02"}
    assert ids(filters={"launchTime": on}) == [4, 3, 2]


@pytest.mark.parametrize(
    "body",
    [
        {"page": "first"},
        {"filters": ["status"]},
        {"filters": {"status": "Failed"}},
        {"filters": {"status": {"type": "string", "like": "failed"}}},
        {"filters": {"status": {"backend": "hibernate", "operator": "eq"}}},
        {"filters": {"wfid": {"backend": "sql_number", "gt": "many"}}},
        {"filters": {"launchTime": {"backend": "sql_datetime", "after": "yesterday"}}},
    ],
)
def test_a_request_that_cannot_be_read_is_refused(body: dict[str, object]) -> None:
    with pytest.raises(Refusal) as refusal:
        Page.of(body, column="launchTime")
    assert refusal.value.status == 400
