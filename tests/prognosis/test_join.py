"""The join: one result for each row and each spare session, and nothing is guessed."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sarcoma_core.archive.cohort import CohortRules
from sarcoma_core.archive.lists import Consent
from sarcoma_core.errors import UsageError
from sarcoma_core.prognosis.clinical.table import ClinicalRow, ClinicalTable
from sarcoma_core.prognosis.join import SHIFTED, CohortJoin, JoinRules, join
from sarcoma_core.prognosis.preoperative import ImagingSession
from sarcoma_core.prognosis.witness import ImageFacts
from tests.prognosis.made_sessions import before, row


def at(subject: str, label: str, days: int = 12) -> ImagingSession:
    return ImagingSession(subject, label, before(days))


def joined(
    *rows: ClinicalRow,
    sessions: tuple[ImagingSession, ...] = (),
    consents: Mapping[str, Consent] | None = None,
    exclusions: frozenset[tuple[str, str]] = frozenset(),
    needs_consent: bool = False,
    seen: ImageFacts | None = None,
    subjects: tuple[str, ...] = (),
) -> CohortJoin:
    rules = CohortRules(("NORMALISED",), consents or {}, exclusions, needs_consent)
    return join(
        ClinicalTable(rows),
        sessions,
        JoinRules(rules),
        look=lambda _: seen or ImageFacts(),
        subjects=subjects,
    )


def told(found: CohortJoin) -> list[tuple[str, str, str, str]]:
    return [(one.subject, one.session, one.outcome, one.reason) for one in found.rows]


def spare(found: CohortJoin) -> dict[str, str]:
    return {one.session: one.reason for one in found.sessions}


def test_a_row_is_joined_to_the_session_of_its_subject() -> None:
    found = joined(row("S1"), sessions=(at("S1", "S1_MR"), at("S2", "S2_MR")))
    assert told(found) == [("S1", "S1_MR", "joined", "12 days before surgery")]
    assert spare(found) == {"S2_MR": "no row of the clinical table"}
    (one,) = found.rows
    assert (one.key, one.fell) == ("subject and date", "")
    assert one.told == "12 days before surgery; nothing in the images to check it by"


@pytest.mark.parametrize("near", ["s1", "S1 ", "S_1", "S01"])
def test_a_label_that_nearly_fits_is_refused_with_what_to_do(near: str) -> None:
    found = joined(row(near), sessions=(at("S1", "S1_MR"),))
    ((_, session, outcome, reason),) = told(found)
    assert (session, outcome) == ("", "refused")
    assert reason.startswith("differs only in ")
    assert reason.endswith(" from a subject of the project; correct the table")
    assert spare(found) == {"S1_MR": "no row of the clinical table"}


def test_a_label_that_nearly_fits_takes_nothing_from_the_row_that_fits() -> None:
    found = joined(row("S1"), row("s1"), sessions=(at("S1", "S1_MR"),))
    assert {one.subject: one.outcome for one in found.rows} == {"S1": "joined", "s1": "refused"}


def test_a_subject_that_the_project_does_not_have_is_told() -> None:
    assert told(joined(row("S9"), sessions=(at("S1", "S1_MR"),))) == [
        ("S9", "", "left out", "no such subject in the project")
    ]


def test_a_subject_without_a_session_is_told() -> None:
    assert told(joined(row("S9"), subjects=("S9",))) == [("S9", "", "left out", "no image session")]


def test_a_subject_that_stands_in_a_table_twice_is_never_joined() -> None:
    """The table refuses it already: `read_clinical`."""
    found = joined(row("S1"), row("S1"), sessions=(at("S1", "S1_MR"),))
    assert [one.outcome for one in found.rows] == ["refused", "refused"]
    assert spare(found) == {"S1_MR": "its patient is not joined"}


@pytest.mark.parametrize(
    ("consents", "needs", "reason"),
    [
        ({"S1": "refused"}, False, "consent refused"),
        ({"S1": "withdrawn"}, False, "consent withdrawn"),
        ({}, True, "no consent is recorded"),
        ({"S1": "granted"}, True, ""),
        ({}, False, ""),
    ],
)
def test_consent_comes_before_the_choice_of_a_session(
    *,
    consents: Mapping[str, Consent],
    needs: bool,
    reason: str,
) -> None:
    sessions = (at("S1", "A"), at("S1", "B"))
    found = joined(row("S1"), sessions=sessions, consents=consents, needs_consent=needs)
    (one,) = found.rows
    assert one.outcome == ("left out" if reason else "refused"), "two on one day, if it comes to that"
    assert one.fell == ("consent" if reason else "session")
    if reason:
        assert one.reason == reason
        assert spare(found) == {"A": reason, "B": reason}


@pytest.mark.parametrize("near", ["s1", "S_1", "S01", "S\u200b1"])
@pytest.mark.parametrize("word", ["granted", "withdrawn"])
@pytest.mark.parametrize("needs", [False, True])
def test_a_line_of_consent_that_nearly_names_the_subject_refuses_its_row(
    near: str, word: Consent, *, needs: bool
) -> None:
    found = joined(row("S1"), sessions=(at("S1", "A"),), consents={near: word}, needs_consent=needs)
    (one,) = found.rows
    assert (one.outcome, one.fell, one.session) == ("refused", "consent", "")
    assert one.reason.startswith("a line of CONSENT differs only in ")
    assert one.reason.endswith(" from its label; correct the list")
    assert spare(found) == {"A": one.reason}


@pytest.mark.parametrize("line", [("s1", ""), ("s1", "A"), ("S1", "a")])
def test_a_line_of_exclusions_that_nearly_names_a_session_refuses_the_row(line: tuple[str, str]) -> None:
    """Also where another session could be taken: which one is to be left out is not known."""
    found = joined(row("S1"), sessions=(at("S1", "A", 60), at("S1", "B")), exclusions=frozenset({line}))
    (one,) = found.rows
    assert (one.outcome, one.fell) == ("refused", "consent")
    assert one.reason == "a line of EXCLUSIONS differs only in case from its label; correct the list"
    assert spare(found)["A"] == one.reason


def test_a_line_that_nearly_names_nobody_or_another_changes_nothing() -> None:
    found = joined(
        row("S1"),
        sessions=(at("S1", "A"), at("S2", "B")),
        consents={"S2": "withdrawn", "s3": "withdrawn"},
        exclusions=frozenset({("s2", "A")}),
    )
    assert told(found) == [("S1", "A", "joined", "12 days before surgery")]


def test_exclusions_of_a_subject_and_of_a_session_count() -> None:
    sessions = (at("S1", "A"), at("S1", "B"))
    whole = joined(row("S1"), sessions=sessions, exclusions=frozenset({("S1", "")}))
    assert told(whole) == [("S1", "", "left out", "on the exclusion list")]
    one = joined(row("S1"), sessions=sessions, exclusions=frozenset({("S1", "A")}))
    assert told(one) == [("S1", "B", "joined", "12 days before surgery")]
    assert spare(one) == {"A": "on the exclusion list"}
    both = joined(row("S1"), sessions=sessions, exclusions=frozenset({("S1", "A"), ("S1", "B")}))
    assert told(both) == [("S1", "", "left out", "on the exclusion list")]


def test_an_excluded_session_that_a_row_names_is_left_out_and_no_other_taken() -> None:
    sessions = (at("S1", "A"), at("S1", "B"))
    found = joined(row("S1", session="A"), sessions=sessions, exclusions=frozenset({("S1", "A")}))
    assert told(found) == [("S1", "A", "left out", "on the exclusion list")]
    assert spare(found) == {"B": "its patient is not joined"}


def test_one_session_of_a_patient_is_taken_and_the_others_are_told() -> None:
    found = joined(row("S1"), sessions=(at("S1", "A", 60), at("S1", "B", 12), at("S1", "C", -9)))
    assert told(found)[0][1] == "B"
    assert spare(found) == dict.fromkeys("AC", "another session of its patient is taken")


def test_a_session_of_another_subject_that_the_row_names_is_refused() -> None:
    found = joined(row("S1", session="S2_MR"), sessions=(at("S1", "S1_MR"), at("S2", "S2_MR")))
    assert told(found) == [("S1", "", "refused", "the session that the row names is none of its subject")]


def test_images_that_contradict_refuse_the_row_with_its_session() -> None:
    found = joined(row("S1", sex="F"), sessions=(at("S1", "A"),), seen=ImageFacts(sex="M"))
    assert told(found) == [
        ("S1", "A", "refused", "sex of the row is another than that of the images: rows swapped?")
    ]
    assert found.rows[0].told == found.rows[0].reason, "days would say no more"
    assert spare(found) == {}


def test_what_vouches_several_tumours_and_what_cannot_be_read_are_notes() -> None:
    seen = ImageFacts(sex="F", tumours=2, notes=("its MASKS cannot be read",))
    (one,) = joined(row("S1", sex="F"), sessions=(at("S1", "A"),), seen=seen).rows
    assert one.outcome == "joined"
    assert one.notes == ("sex agrees with the images", "2 tumours are drawn", "its MASKS cannot be read")
    (single,) = joined(row("S1"), sessions=(at("S1", "A"),), seen=ImageFacts(tumours=1)).rows
    assert not any("tumour" in note for note in single.notes)


def test_no_reason_holds_a_date() -> None:
    found = joined(row("S1"), row("S2"), sessions=(at("S1", "A", -40), at("S2", "B", 500)))
    assert all(f"{year}" not in one.told for one in found.rows for year in range(2010, 2020))


@pytest.mark.parametrize(("wrong", "hint"), [(0, False), (2, False), (3, True), (4, True)])
def test_more_than_half_of_the_dates_that_contradict_are_a_shift(wrong: int, *, hint: bool) -> None:
    """Of four that can be compared; a fifth has no date, and says nothing of it."""
    days = [-5] * wrong + [12] * (4 - wrong)
    sessions = tuple(at(f"S{n}", f"S{n}_MR", each) for n, each in enumerate(days))
    undated = ImagingSession("S4", "S4_MR")
    found = joined(*(row(f"S{n}") for n in range(5)), sessions=(*sessions, undated))
    assert found.hints == ((SHIFTED,) if hint else ())


def test_without_a_row_there_is_no_hint() -> None:
    assert joined().hints == ()


def test_a_limit_out_of_bounds_is_refused() -> None:
    rules = JoinRules(CohortRules(("N4",)), days_before=-1)
    with pytest.raises(UsageError, match="days_before"):
        join(ClinicalTable((row("S1"),)), [at("S1", "A")], rules)


LABELS = ("S1", "s1", "S2", "S10", "S 2")
SESSION = st.builds(
    lambda subject, number, days: at(subject, f"{subject}_{number}", days),
    st.sampled_from(LABELS),
    st.integers(0, 3),
    st.sampled_from([-5, 0, 12, 12, 90, 400]),
)


@given(
    st.lists(st.sampled_from(LABELS), unique=True),
    st.lists(SESSION, unique_by=lambda one: one.session, max_size=9),
    st.randoms(use_true_random=False),
)
def test_every_row_and_every_session_has_one_result_whatever_their_order(
    subjects: list[str], sessions: list[ImagingSession], random: object
) -> None:
    rows = [row(subject) for subject in subjects]
    found = joined(*rows, sessions=tuple(sessions))
    assert sorted(one.subject for one in found.rows) == sorted(subjects)
    taken = {one.session for one in found.rows if one.session}
    assert taken | spare(found).keys() == {one.session for one in sessions}
    assert not taken & spare(found).keys()
    of = {one.session: one.subject for one in sessions}
    assert all(of[one.session] == one.subject for one in found.rows if one.session)
    random.shuffle(rows)  # type: ignore[attr-defined]
    random.shuffle(sessions)  # type: ignore[attr-defined]
    assert joined(*rows, sessions=tuple(sessions)).in_order() == found.in_order()
