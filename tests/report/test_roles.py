"""The roles of a session's series, in words, whatever a manifest says of them."""

from pathlib import Path
from typing import Any

import pytest

from sarcoma_core.archive.roles import CHOSEN_ROLES, ROLE_TITLES
from sarcoma_core.report.roles import NO_ROLES, SessionRoles, read_role, read_roles, role_title
from sarcoma_core.report.stages import read_runs, series_names
from tests.report.sessions import as_read, full, prepared, told_role


def of_session(path: Path) -> SessionRoles:
    runs = read_runs(as_read(path))
    return read_roles(runs, series_names(runs))


@pytest.mark.parametrize("role", list(ROLE_TITLES))
def test_every_role_is_told_in_words(role: str) -> None:
    told = read_role("2", {"role": role, "chosen": False})
    assert told
    assert told.words.startswith(dict(ROLE_TITLES)[role])  # type: ignore[index]  # a role of the table itself


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (
            {"chosen": True, "by": "rules", "confidence": 0.93},
            "T1, chosen by the rules, confidence 93\u202f%",
        ),
        ({"chosen": True, "by": "site rules"}, "T1, chosen by the rules of the site"),
        ({"chosen": True, "by": "person", "confidence": 1}, "T1, chosen by a person, confidence 100\u202f%"),
        ({"chosen": False, "by": "rules"}, "T1, not chosen"),
        ({"chosen": True}, "T1, chosen"),
        ({}, "T1, not chosen"),
    ],
)
def test_a_heading_says_the_role_whether_it_is_chosen_by_whom_and_how_surely(
    facts: dict[str, Any], words: str
) -> None:
    told = read_role("2", {"role": "T1", **facts})
    assert told
    assert told.words == words


def test_what_can_never_be_chosen_is_not_said_to_be_left_out() -> None:
    told = read_role("2", {"role": "LOCALIZER", "by": "rules", "confidence": 0.5})
    assert told
    assert told.words == "localizer, told by the rules, confidence 50\u202f%"


def test_a_role_of_a_later_version_stands_for_itself() -> None:
    assert role_title("T2STAR") == "T2STAR"
    assert role_title("<b>") == ""


@pytest.mark.parametrize("role", list(CHOSEN_ROLES))
def test_the_next_command_names_the_role_and_the_series(role: str) -> None:
    told = read_role("2", {"role": role})
    assert told
    assert told.command == f"sarcoma roles set SESSION --project PROJECT --{role.lower()} 2"


def test_the_next_command_quotes_the_part_of_a_scan_and_leaves_open_what_no_person_can_choose() -> None:
    part, other = read_role("2 echo1", {"role": "T2"}), read_role("3", {"role": "OTHER"})
    assert part
    assert other
    assert part.command == 'sarcoma roles set SESSION --project PROJECT --t2 "2 echo1"'
    assert other.command == "sarcoma roles set SESSION --project PROJECT --ROLE 3"


def test_chosen_series_come_in_the_order_of_the_roles_and_the_others_are_named(tmp_path: Path) -> None:
    prepared(tmp_path)
    roles = of_session(tmp_path)
    assert [(one.role, one.series) for one in roles.chosen] == [
        ("T1CE", "2"),
        ("T1", "7"),
        ("T2FS", "3"),
        ("PET", "5"),
        ("CT", "4"),
    ]
    assert [one.series for one in roles.others] == ["6", "8"]
    assert [one.series for one in roles.to_review] == ["7"]
    assert roles.line == "T1CE 2, T1 7, T2FS 3, PET 5, CT 4; 1 to review"


def test_runners_up_are_told_with_their_confidence(tmp_path: Path) -> None:
    prepared(tmp_path)
    (third,) = (one for one in of_session(tmp_path).told if one.series == "3")
    assert third.runners_up == ("T2 (8\u202f%)",)


def test_a_session_whose_roles_were_not_told_has_none(tmp_path: Path) -> None:
    full(tmp_path)
    assert of_session(tmp_path) == NO_ROLES
    assert NO_ROLES.line == ""


def test_a_session_of_which_nothing_is_chosen_says_so() -> None:
    told = read_role("6", told_role("6", "MR", "LOCALIZER", chosen=False).facts)
    assert told
    assert SessionRoles((told,)).line == "none chosen"


@pytest.mark.parametrize("role", [None, 5, "", "t1", "T1 CE", ["T1"], {"T1": 1}, "T" * 17, "<script>"])
def test_a_role_that_is_none_is_not_told(role: object) -> None:
    assert read_role("2", {"role": role}) is None


@pytest.mark.parametrize(
    "facts",
    [
        {"chosen": "yes", "by": ["rules"], "confidence": "high", "evidence": 5, "runners_up": "T1"},
        {"chosen": 1, "by": {}, "confidence": True, "evidence": [5, None, ["x"]], "runners_up": [5, []]},
        {"confidence": float("nan"), "evidence": {"a": 1}, "runners_up": [{"role": 5}, {"role": "<b>"}]},
        {"confidence": 10**400, "needs_review": ["a"], "runners_up": {"role": "T1"}},
        {"confidence": -0.1},
        {"confidence": 1.1},
    ],
    ids=str,
)
def test_facts_of_other_types_are_left_out(facts: dict[str, Any]) -> None:
    told = read_role("2", {"role": "T1", **facts})
    assert told
    assert (told.chosen, told.by, told.confidence) == (False, "", "")
    assert (told.evidence, told.runners_up, told.needs_review) == ((), (), "")


@pytest.mark.parametrize(
    "sentence",
    [
        "it was acquired on 20200131",
        "the frame of reference is 1.2.840.113619.2.1.5",
        "born (1962-03-04), says the header",
        'the description "19991231"',
    ],
)
def test_a_sentence_with_a_date_or_a_uid_is_left_out(sentence: str) -> None:
    told = read_role("2", {"role": "T1", "evidence": [sentence, "TR is short"], "needs_review": sentence})
    assert told
    assert told.evidence == ("TR is short",)
    assert told.needs_review == ""


@pytest.mark.parametrize(("length", "shown"), [(270, 270), (330, 300)])
def test_a_sentence_without_end_is_cut(length: int, shown: int) -> None:
    told = read_role("2", {"role": "T1", "evidence": ["x" * length]})
    assert told
    assert [len(sentence) for sentence in told.evidence] == [shown]


@pytest.mark.parametrize(("sentences", "shown"), [(11, 11), (13, 12)])
def test_of_many_sentences_twelve_are_shown(sentences: int, shown: int) -> None:
    told = read_role("2", {"role": "T1", "evidence": [f"reason {n}" for n in range(sentences)]})
    assert told
    assert len(told.evidence) == shown
