"""A site's rules are learned from what persons chose, and from nothing that may be a name."""

import json
from typing import Any

import pytest

from sarcoma_core.archive.roles import Role
from sarcoma_core.dicom.roles.facts import SeriesFacts
from sarcoma_core.dicom.roles.site_rules import (
    FILE,
    Lesson,
    SiteRule,
    learn,
    read_site_rules,
    site_rule_for,
    write_site_rules,
)
from sarcoma_core.errors import InputError

ROW = {"field": "SeriesDescription", "text": "ax sarc", "manufacturer": "ge", "role": "T1CE", "sessions": 3}


def lesson(number: int, description: str, role: Role = "T1CE", *, patient: str = "") -> Lesson:
    series = (SeriesFacts("5", "MR", description=description, manufacturer="GE MEDICAL SYSTEMS"),)
    return Lesson(f"S{number}", patient or f"P{number}", series, {role: "5"})


def content(*rows: dict[str, Any], **document: Any) -> bytes:
    return json.dumps({"schema": 1, "rules": list(rows), **document}).encode()


def test_what_persons_chose_in_two_patients_becomes_a_rule_that_holds_for_that_text() -> None:
    learned = learn([lesson(1, "AX SARC-7"), lesson(2, "ax sarc 7")])
    assert learned.rules == (SiteRule("SeriesDescription", "ax sarc 7", "T1CE", 2, "ge"),)
    assert learned.left_out == ()
    fitting = SeriesFacts("9", "MR", description="Ax_Sarc_7", manufacturer="GE")
    assert site_rule_for(fitting, learned.rules) == learned.rules[0]
    assert site_rule_for(SeriesFacts("9", "MR", description="Ax_Sarc_7"), learned.rules) is None
    assert (
        site_rule_for(SeriesFacts("9", "MR", description="Ax_Sarc_8", manufacturer="GE"), learned.rules)
        is None
    )


def test_a_text_of_dictionary_words_is_learned_from_one_patient() -> None:
    assert [rule.text for rule in learn([lesson(1, "AX T1 FS 3mm")]).rules] == ["ax t1 fs 3mm"]


@pytest.mark.parametrize("text", ["AX T1 TSE 12.03.48", "T2 FS 943-476-591", "T1 B1948"])
def test_a_text_with_a_date_or_a_long_number_is_not_learned_from_one_patient(text: str) -> None:
    assert learn([lesson(1, text)]).rules == ()


@pytest.mark.parametrize(("modality", "holds"), [("MR", True), ("", True), ("PT", False), ("CT", False)])
def test_a_rule_holds_for_no_series_of_another_modality(modality: str, *, holds: bool) -> None:
    rule = SiteRule("SeriesDescription", "leg", "T1", 9)
    assert rule.fits(SeriesFacts("1", modality, description="leg")) == holds


def test_nothing_is_learned_from_a_choice_of_another_modality() -> None:
    assert learn([lesson(1, "AX T1", "PET")]).rules == ()


@pytest.mark.parametrize("patients", [("A", "A"), ("A",)])
def test_a_text_that_may_hold_a_name_is_left_out_and_not_told(patients: tuple[str, ...]) -> None:
    learned = learn([lesson(n, "AX DOE", patient=patient) for n, patient in enumerate(patients)])
    assert learned.rules == ()
    (sentence,) = learned.left_out
    assert "may hold a name" in sentence
    assert "doe" not in sentence.casefold()


def test_a_text_that_was_given_two_roles_is_left_out_and_told() -> None:
    learned = learn([lesson(1, "AX T1"), lesson(2, "AX T1", "T1"), lesson(3, "AX T2", "T2")])
    assert [rule.role for rule in learned.rules] == ["T2"]
    assert learned.left_out == ("1 text left out: it was given the roles T1 and T1CE: choose one of them",)


def test_a_series_without_any_text_teaches_nothing() -> None:
    assert "no description" in learn([lesson(1, "")]).left_out[0]


def test_nothing_is_learned_from_series_that_nobody_chose() -> None:
    one = lesson(1, "AX T1")
    assert learn([Lesson(one.session, one.patient, one.series, {})]) == learn([])


def test_rules_are_written_and_read_again_and_their_order_makes_no_difference() -> None:
    rules = (
        SiteRule("SeriesDescription", "ax sarc", "T1CE", 3, "ge"),
        SiteRule("ProtocolName", "leg", "T2FS", 1),
    )
    assert set(read_site_rules(write_site_rules(rules))) == set(rules)
    assert write_site_rules(rules) == write_site_rules(rules[::-1])


def test_a_rule_for_the_maker_stands_before_one_for_all() -> None:
    all_makers = SiteRule("SeriesDescription", "leg", "T2", 9)
    of_ge = SiteRule("SeriesDescription", "leg", "T2FS", 1, "ge")
    facts = SeriesFacts("1", "MR", description="leg", manufacturer="GE MEDICAL SYSTEMS")
    assert site_rule_for(facts, (all_makers, of_ge)) == of_ge


@pytest.mark.parametrize(("sessions", "confidence"), [(1, 2 / 3), (2, 3 / 4), (8, 9 / 10)])
def test_confidence_is_laplaces_rule_of_succession(sessions: int, confidence: float) -> None:
    assert SiteRule("SeriesDescription", "leg", "T2", sessions).confidence == pytest.approx(confidence)


@pytest.mark.parametrize(
    ("bad", "fault"),
    [
        (b"\xff", "must be JSON"),
        (b"[" * 100_000, "must be JSON"),
        (b"[]", "must hold a list 'rules'"),
        (b'{"schema": 1, "rules": {}}', "must hold a list 'rules'"),
        (content(schema=2), "schema must be 1"),
        (content(ROW, {**ROW, "text": "x", "more": 1}), "row 2: must have"),
        (content({**ROW, "field": "PatientName"}), "row 1: field must be"),
        (content({**ROW, "text": "AX Sarc"}), "row 1: text must be"),
        (content({**ROW, "text": ""}), "row 1: text must be"),
        (content({**ROW, "text": 7}), "row 1: text must be"),
        (content({**ROW, "role": "T3"}), "row 1: role must be"),
        (content({**ROW, "sessions": 0}), "row 1: sessions must be"),
        (content({**ROW, "sessions": True}), "row 1: sessions must be"),
        (content({**ROW, "manufacturer": "Acme"}), "row 1: manufacturer must be"),
        (content(ROW, ROW), "rows 1 and 2: one text must have one row; found the same twice"),
        (content(ROW, {**ROW, "role": "T2"}), "rows 1 and 2: one text must have one row; found T1CE and T2"),
    ],
)
def test_a_file_that_breaks_a_rule_is_refused_with_the_rows_number(bad: bytes, fault: str) -> None:
    with pytest.raises(InputError, match=FILE) as refusal:
        read_site_rules(bad)
    assert fault in refusal.value.message
    assert refusal.value.hint
