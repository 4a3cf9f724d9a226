"""The session before surgery: the latest that fits, told with its reason; where two could be it, neither."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sarcoma_core.errors import UsageError
from sarcoma_core.prognosis.preoperative import ImagingSession, SessionChoice, SessionRule, choose_session
from tests.prognosis.made_sessions import ZERO, before

RULE = SessionRule()


def at(label: str, days: int | None, *, labelled: bool = True) -> ImagingSession:
    return ImagingSession("S1", label, None if days is None else before(days), labelled)


def chosen(
    *sessions: ImagingSession, wanted: str = "", date: dt.date | None = ZERO, rule: SessionRule = RULE
) -> SessionChoice:
    return choose_session(wanted, date, sessions, rule)


def refused(found: SessionChoice) -> str:
    assert found.session is None
    assert found.key == ""
    return found.reason


def test_of_several_the_latest_before_surgery_is_taken() -> None:
    found = chosen(at("A", 60), at("B", 12), at("C", -3))
    assert found.session == at("B", 12)
    assert (found.key, found.reason, found.notes) == (
        "subject and date",
        "12 days before surgery",
        ("the latest of 2 sessions",),
    )
    assert found.days == 12


@pytest.mark.parametrize(
    ("days", "words"),
    [(0, "on the day of surgery"), (1, "1 day before surgery"), (180, "180 days before surgery")],
)
def test_a_session_counts_from_the_day_of_surgery_back_to_the_limit(days: int, words: str) -> None:
    found = chosen(at("A", days))
    assert (found.reason, found.session) == (words, at("A", days))
    assert not found.contradicts


@pytest.mark.parametrize(
    ("days", "reason", "note"),
    [
        (-1, "session after surgery", "1 day after surgery"),
        (181, "session more than 180 days before surgery", "181 days before surgery"),
    ],
)
@pytest.mark.parametrize("wanted", ["", "A"])
def test_one_day_beyond_either_limit_is_refused_also_where_the_row_names_it(
    wanted: str, days: int, reason: str, note: str
) -> None:
    found = chosen(at("A", days), wanted=wanted)
    assert refused(found) == reason
    assert found.notes == (note,)
    assert found.contradicts


@pytest.mark.parametrize(("limit", "taken"), [(59, False), (60, True), (61, True)])
def test_the_limit_can_be_set(limit: int, *, taken: bool) -> None:
    assert (chosen(at("A", 60), rule=SessionRule(days_before=limit)).session is not None) is taken


@pytest.mark.parametrize(("limit", "legal"), [(-1, False), (0, True), (3650, True), (3651, False)])
def test_the_limit_has_limits(limit: int, *, legal: bool) -> None:
    if legal:
        assert SessionRule(days_before=limit).days_before == limit
        return
    with pytest.raises(UsageError, match="days_before: must be 0 to 3650"):
        SessionRule(days_before=limit)


def test_where_some_are_after_surgery_and_all_others_too_early_both_are_told() -> None:
    found = chosen(at("A", 300), at("B", -20))
    assert refused(found) == "no session within 180 days before surgery"
    assert found.notes == ("20 days after surgery",)


def test_times_that_are_counted_from_diagnosis_say_so() -> None:
    rule = SessionRule("diagnosis")
    assert chosen(at("A", 3), rule=rule).reason == "3 days before diagnosis"
    assert refused(chosen(at("A", -3), rule=rule)) == "session after diagnosis"


def test_two_on_the_latest_day_are_refused() -> None:
    found = chosen(at("A", 12), at("B", 12), at("C", 60))
    assert refused(found) == "several sessions on the latest day before surgery"
    assert not found.contradicts
    assert chosen(at("A", 12), at("B", 13)).session == at("A", 12), "a day apart is not the same day"


def test_of_two_on_one_day_the_one_with_the_needed_label_is_taken() -> None:
    found = chosen(at("A", 12), at("B", 12, labelled=False))
    assert found.session == at("A", 12)
    assert found.notes == ("1 session without the needed label passed over",)
    assert refused(chosen(at("A", 12, labelled=False), at("B", 12, labelled=False)))


def test_a_later_session_that_lacks_the_needed_label_is_passed_over_and_told() -> None:
    """MR and PET/CT of one patient are often two sessions of different days."""
    found = chosen(at("MR", 20), at("CT", 12, labelled=False))
    assert found.session == at("MR", 20)
    assert found.notes == ("1 session without the needed label passed over",)


def test_without_a_date_the_only_session_is_taken_and_told_as_unchecked() -> None:
    for found in (chosen(at("A", 5), date=None), chosen(at("A", None))):
        assert found.session
        assert (found.key, found.reason) == ("subject", "the only session")
        assert found.notes == ("no date to check against surgery",)
        assert not found.compared


@pytest.mark.parametrize(
    ("sessions", "date"),
    [
        ((at("A", 5), at("B", 6)), None),
        ((at("A", 5), at("B", 6, labelled=False)), None),
        ((at("A", None), at("B", None)), ZERO),
        ((at("A", None), at("B", 6)), ZERO),
        ((at("A", None), at("B", -6)), ZERO),
    ],
)
def test_without_a_date_several_sessions_are_refused(
    sessions: tuple[ImagingSession, ...], date: dt.date | None
) -> None:
    assert refused(chosen(*sessions, date=date)).startswith("several sessions, and ")


def test_the_session_that_a_row_names_is_taken_before_a_later_one() -> None:
    found = chosen(at("A", 60), at("B", 12), wanted="A")
    assert found.session == at("A", 60)
    assert (found.key, found.reason, found.notes) == (
        "subject and session",
        "60 days before surgery",
        ("named by the row",),
    )


def test_a_named_session_without_a_date_is_told_as_unchecked() -> None:
    found = chosen(at("A", None), at("B", 12), wanted="A")
    assert found.session == at("A", None)
    assert (found.reason, found.notes) == ("named by the row", ("no date to check against surgery",))


def test_a_named_session_of_another_subject_is_refused() -> None:
    assert refused(chosen(at("A", 60), wanted="B")) == "the session that the row names is none of its subject"


@given(
    st.lists(st.tuples(st.integers(-30, 260), st.booleans()), min_size=1, max_size=5),
    st.randoms(use_true_random=False),
)
def test_whatever_there_is_a_taken_session_fits_and_none_that_fits_and_is_labelled_is_later(
    told: list[tuple[int, bool]], random: object
) -> None:
    sessions = [at(f"A{n}", days, labelled=labelled) for n, (days, labelled) in enumerate(told)]
    found = chosen(*sessions)
    random.shuffle(sessions)  # type: ignore[attr-defined]
    assert chosen(*sessions) == found, "the order of folders decides nothing"
    if found.session is None:
        return
    assert found.days is not None
    assert 0 <= found.days <= 180
    rivals = [one for one in sessions if one.labelled == found.session.labelled and one != found.session]
    days = [(ZERO - one.date).days for one in rivals if one.date]
    assert all(other > found.days or other < 0 for other in days)
