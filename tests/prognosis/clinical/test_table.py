"""The table itself: what endpoints a row has, and that writing and reading it is of no effect."""

import datetime as dt
import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sarcoma_core.archive.folder import natural
from sarcoma_core.errors import InputError, UsageError
from sarcoma_core.prognosis.clinical.endpoints import ENDPOINTS
from sarcoma_core.prognosis.clinical.table import (
    COLUMNS,
    ClinicalRow,
    ClinicalTable,
    Followed,
    head_text,
    read_clinical,
    row_of,
    row_tree,
    table_text,
)
from sarcoma_core.prognosis.clinical.variables import BY_NAME, Levels, Quantity, known_by, require_known


def row(death: int | None, last: float, **more: float | bool) -> ClinicalRow:
    events = {name: bool(value) for name, value in more.items() if not name.endswith("_days")}
    days = {name: float(value) for name, value in more.items() if name.endswith("_days")}
    told = {} if death is None else {"death": bool(death)}
    return ClinicalRow("P", events={**told, **events}, days={"overall_survival_days": last, **days})


def test_survival_is_followed_to_death_or_to_the_last_look() -> None:
    assert row(1, 500).followed("overall_survival") == Followed(500, event=True)
    assert row(0, 500).followed("overall_survival") == Followed(500, event=False)
    assert row(None, 500).followed("overall_survival") is None


def test_without_a_metastasis_the_last_look_counts_and_death_is_told_as_competing() -> None:
    assert row(0, 500, distant_metastasis=False).followed("distant_metastasis") == Followed(500, event=False)
    assert row(1, 500, distant_metastasis=False).followed("distant_metastasis") == Followed(
        500, event=False, died=True
    )
    for days, died in ((400, False), (496.9, False), (497, True), (500, True)):
        seen = row(1, 500, distant_metastasis=False, distant_metastasis_days=days)
        assert seen.followed("distant_metastasis") == Followed(days, event=False, died=died)
    found = row(1, 500, distant_metastasis=True, distant_metastasis_days=200)
    assert found.followed("distant_metastasis") == Followed(200, event=True)


def test_recurrence_free_survival_ends_with_the_first_of_them() -> None:
    both = {"local_recurrence": True, "local_recurrence_days": 90, "distant_metastasis": True}
    assert row(1, 500, distant_metastasis_days=60, **both).followed("recurrence_free_survival") == Followed(
        60, event=True
    )
    assert row(1, 500, distant_metastasis_days=95, **both).followed("recurrence_free_survival") == Followed(
        90, event=True
    )
    none = {"local_recurrence": False, "distant_metastasis": False}
    assert row(1, 500, **none).followed("recurrence_free_survival") == Followed(500, event=True)
    assert row(0, 500, **none).followed("recurrence_free_survival") == Followed(500, event=False)
    assert row(0, 500, local_recurrence=False).followed("recurrence_free_survival") is None


@pytest.mark.parametrize("endpoint", [one.name for one in ENDPOINTS])
def test_who_was_followed_for_no_time_has_no_endpoint(endpoint: str) -> None:
    none = {"local_recurrence": False, "distant_metastasis": False}
    assert row(1, 0, **none).followed(endpoint) is None
    assert row(1, 0.1, **none).followed(endpoint) is not None


def test_another_endpoint_is_no_endpoint() -> None:
    with pytest.raises(UsageError, match="must be one of overall_survival"):
        row(1, 1).followed("happiness")


def values() -> st.SearchStrategy[dict[str, float | str]]:
    def of(kind: Quantity | Levels) -> st.SearchStrategy[float | str]:
        if isinstance(kind, Levels):
            return st.sampled_from(kind.words)
        return st.floats(kind.above, kind.highest, exclude_min=not kind.closed)

    return st.fixed_dictionaries({}, optional={name: of(one.kind) for name, one in BY_NAME.items()})


def rows() -> st.SearchStrategy[ClinicalRow]:
    label = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=9)
    return st.builds(
        ClinicalRow,
        label,
        session=st.just("") | label,
        centre=st.just("") | label,
        date=st.none() | st.dates(dt.date(1950, 1, 1)),
        values=values(),
        events=st.fixed_dictionaries(
            {}, optional={one.event: st.booleans() for one in ENDPOINTS if one.event}
        ),
        days=st.fixed_dictionaries(
            {}, optional={one.time: st.floats(0, 2e4) for one in ENDPOINTS if one.time}
        ),
    )


def same(one: ClinicalRow, other: ClinicalRow) -> bool:
    return row_tree(one) == row_tree(other)


@given(
    st.lists(rows(), unique_by=lambda one: one.subject, max_size=4), st.sampled_from(["surgery", "diagnosis"])
)
def test_what_is_written_is_read_again(made: list[ClinicalRow], zero: str) -> None:
    table = ClinicalTable(tuple(made), zero)  # type: ignore[arg-type]
    found = read_clinical(table_text(table).encode(), head_text(table, "0" * 64).encode())
    assert found.time_zero == zero
    assert len(found.rows) == len(made)
    assert all(map(same, found.rows, sorted(made, key=lambda one: natural(one.subject))))
    assert [one.line for one in found.rows] == list(range(2, len(made) + 2))
    assert table_text(found) == table_text(table)


@given(rows())
def test_a_row_goes_through_json(made: ClinicalRow) -> None:
    assert same(row_of(json.loads(json.dumps(row_tree(made)))), made)


def told(table: str) -> tuple[str, str]:
    """A table that is another than what was written, with a head that tells of it."""
    digest = hashlib.sha256(table.encode()).hexdigest()
    return table, json.dumps({**json.loads(head_text(GOOD, "")), "table_sha256": digest})


GOOD = ClinicalTable((ClinicalRow("P1", values={"age_years": 59.0}), ClinicalRow("P2")))


@pytest.mark.parametrize(
    ("table", "head"),
    [
        (told(table_text(GOOD).replace("age_years", "age"))),
        (told(table_text(GOOD).replace("P2", "P1"))),
        (told(table_text(GOOD).replace("P2", ""))),
        (told(table_text(GOOD).replace("59", "121"))),
        (told(table_text(GOOD).replace("59", "old"))),
        (told(table_text(GOOD) + "P3,a\n")),
        (table_text(GOOD).replace("59", "58"), head_text(GOOD, "")),
        (table_text(GOOD), head_text(GOOD, "").replace("surgery", "birth")),
        (table_text(GOOD), head_text(GOOD, "").replace('"schema": 1', '"schema": 2')),
        (table_text(GOOD), "{}"),
        (table_text(GOOD), "["),
        (table_text(GOOD), "[" * 100_000),
    ],
)
def test_what_was_not_written_so_is_refused_without_a_value(table: str, head: str) -> None:
    with pytest.raises(InputError, match=r"must hold clinical\.csv and clinical\.json") as caught:
        read_clinical(table.encode(), head.encode())
    assert "59" not in caught.value.message


def test_the_order_of_rows_is_of_no_matter() -> None:
    assert table_text(GOOD) == table_text(ClinicalTable(GOOD.rows[::-1]))
    assert (
        table_text(ClinicalTable((ClinicalRow("P10"), ClinicalRow("P9")))).splitlines()[1].startswith("P9,")
    )


def test_columns_are_each_once_and_missing_values_are_counted() -> None:
    assert len(set(COLUMNS)) == len(COLUMNS) == 21
    assert GOOD.missing()["age_years"] == 1
    assert GOOD.missing()["sex"] == 2


def test_a_prediction_knows_nothing_of_later() -> None:
    before = [one.name for one in known_by("before surgery")]
    assert "radiotherapy" not in before
    assert len(before) == 10
    assert len(known_by("after surgery")) == 11
    require_known(tuple(before), "before surgery")
    require_known(("radiotherapy",), "after surgery")
    with pytest.raises(UsageError, match="must be known before surgery; radiotherapy is known after surgery"):
        require_known(("age_years", "radiotherapy"), "before surgery")
    with pytest.raises(UsageError, match="found 'margin'"):
        require_known(("margin",), "after surgery")
