"""One series is chosen for a role, by a stated order; copies never by rules; a person's choice before all."""

from dataclasses import replace
from typing import Any

import pytest

from sarcoma_core.archive.roles import Role
from sarcoma_core.dicom.roles.facts import SeriesFacts, SeriesGrid
from sarcoma_core.dicom.roles.site_rules import SiteRule
from sarcoma_core.dicom.roles.telling import ToldSession, tell_session
from sarcoma_core.dicom.roles.weighing import REVIEW_BELOW
from sarcoma_core.errors import UsageError

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
CORONAL = (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)


def mr(series: str, description: str, **values: Any) -> SeriesFacts:
    return SeriesFacts(series, "MR", description=description, **values)


def grid(orientation: tuple[float, ...] = AXIAL, *, slices: int = 30, mm: float = 1.0) -> SeriesGrid:
    return SeriesGrid(orientation, (0.0, 0.0, 0.0), (mm, mm, 5.0), (256, 256, slices))


def told(session: ToldSession, series: str) -> dict[str, Any]:
    return next(one.as_json() for one in session.series if one.name == series)


def test_one_series_is_chosen_for_each_role_that_has_one_and_nothing_is_to_be_reviewed() -> None:
    session = tell_session(
        [
            mr("2", "AX T1"),
            mr("3", "AX T2 FS"),
            mr("4", "AX T1 FS GD"),
            mr("5", "localizer"),
            mr("6", "ADC"),
            SeriesFacts("7", "PT", description="PET AC"),
            SeriesFacts("8", "CT"),
        ]
    )
    assert session.chosen == {"T1CE": "4", "T1": "2", "T2FS": "3", "PET": "7", "CT": "8"}
    assert session.needs_review == ()
    assert [one.role for one in session.series] == ["T1", "T2FS", "T1CE", "LOCALIZER", "MAP", "PET", "CT"]


def test_a_copy_is_not_chosen_though_there_is_nothing_else_and_that_alone_needs_no_review() -> None:
    session = tell_session([mr("2", "Aligned_T1toPET_BOX"), SeriesFacts("7", "PT"), SeriesFacts("8", "CT")])
    assert session.chosen == {"PET": "7", "CT": "8"}
    assert session.needs_review == ()
    assert "a derived copy of a T1; the original is not in this session" in told(session, "2")["evidence"]


def test_a_copy_names_what_may_be_its_original() -> None:
    session = tell_session([mr("2", "T1toPET"), mr("3", "AX T1")])
    assert "a derived copy of a T1; the original may be scan 3" in told(session, "2")["evidence"]
    assert session.chosen == {"T1": "3"}


def test_a_person_may_choose_a_copy_and_then_it_has_that_role() -> None:
    session = tell_session([mr("2", "T1toPET"), mr("3", "AX T1")], choices={"T1": "2"})
    facts = told(session, "2")
    assert (facts["role"], facts["by"], facts["chosen"], facts["confidence"]) == ("T1", "person", True, 1.0)
    assert not told(session, "3")["chosen"]
    assert session.choices == {"T1": "2"}


def test_a_person_who_names_a_scan_of_parts_means_the_part_that_fits_the_role() -> None:
    parts = [
        replace(mr("5 water", "T1 GD"), dixon="water", part="water"),
        replace(mr("5 fat", "T1 GD"), dixon="fat", part="fat"),
    ]
    session = tell_session(parts, choices={"T1CE": "5"})
    assert session.chosen == {"T1CE": "5 water"}


def echoes(*names: str) -> list[SeriesFacts]:
    return [replace(mr(f"7 {name}", "T1 GD"), part=name) for name in names]


@pytest.mark.parametrize("part", ["echo1", "echo2"])
@pytest.mark.parametrize(("named", "bare"), [("T1CE", "T1"), ("T1", "T1CE")])
def test_a_part_is_taken_as_named_and_its_scan_alone_means_another_part(
    named: Role, bare: Role, part: str
) -> None:
    other = {"echo1": "echo2", "echo2": "echo1"}[part]
    for choices in ({named: f"7 {part}", bare: "7"}, {bare: "7", named: f"7 {part}"}):
        session = tell_session(echoes("echo1", "echo2"), choices=choices)
        assert session.chosen == {named: f"7 {part}", bare: f"7 {other}"}
        assert [one.by for one in session.series] == ["person", "person"]
        assert session.needs_review == ()


def test_a_scan_of_which_no_part_is_left_is_refused_now_and_told_later() -> None:
    choices: dict[Role, str] = {"T1CE": "7", "T1": "7 echo1"}
    with pytest.raises(UsageError, match=r"--t1ce: must be a series of its own; found that all of scan 7"):
        tell_session(echoes("echo1"), choices=choices, chosen_now=("T1CE",))
    session = tell_session(echoes("echo1"), choices=choices)
    assert session.chosen == {"T1": "7 echo1"}
    assert "has no part left" in session.needs_review[0]


def test_two_choices_of_one_series_leave_the_first() -> None:
    session = tell_session([mr("3", "AX T1")], choices={"T1CE": "3", "T1": "3"})
    assert session.chosen == {"T1CE": "3"}
    assert len(session.needs_review) == 1


@pytest.mark.parametrize(
    ("role", "needed", "fits"),
    [
        *(("T1CE", "MR", "MR"), ("T1", "MR", "MR"), ("T2FS", "MR", "MR"), ("T2", "MR", "MR")),
        *(("PET", "PT", "PT"), ("CT", "CT", "CT"), ("PET", "PT", "")),
    ],
)
def test_a_choice_of_another_modality_is_refused_now_and_told_later(
    role: Role, needed: str, fits: str
) -> None:
    tell_session([SeriesFacts("9", fits)], choices={role: "9"}, chosen_now=(role,))
    for modality in {"MR", "PT", "CT"} - {needed}:
        facts = [SeriesFacts("9", modality)]
        with pytest.raises(UsageError) as refusal:
            tell_session(facts, choices={role: "9"}, chosen_now=(role,))
        assert refusal.value.message == (
            f"--{role.lower()}: must be a {needed} series; found {modality} in scan 9."
        )
        assert "sarcoma roles set" in refusal.value.hint
        session = tell_session(facts, choices={role: "9"})
        assert session.choices == {role: "9"}
        assert session.series[0].by == "rules"
        assert any(f"chose scan 9, which is {modality} and not {needed}" in s for s in session.needs_review)


def test_a_modality_that_is_no_term_is_not_told() -> None:
    with pytest.raises(UsageError) as refusal:
        tell_session([SeriesFacts("9", "DOE")], choices={"PET": "9"}, chosen_now=("PET",))
    assert "DOE" not in str(refusal.value)


def test_a_part_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(
        UsageError, match=r"part of scan 7, which has 2 parts: echo1, echo2; found '7 nosuch'"
    ):
        tell_session(echoes("echo1", "echo2"), choices={"T1": "7 nosuch"}, chosen_now=("T1",))
    with pytest.raises(UsageError, match=r"--t1: must be a part of scan 3, which has no parts; found"):
        tell_session([mr("3", "AX T1")], choices={"T1": "3 nosuch"}, chosen_now=("T1",))
    many = echoes(*(f"echo{number}" for number in range(1, 10)))
    with pytest.raises(UsageError, match=r"which has 9 parts; found"):
        tell_session(many, choices={"T1": "7 nosuch"}, chosen_now=("T1",))


def test_a_year_after_b_makes_no_diffusion_and_no_digits_of_a_b_value_are_told() -> None:
    session = tell_session([mr("2", "T1 B1234"), mr("3", "b800")])
    assert [one.role for one in session.series] == ["T1", "DWI"]
    assert "the description says a b-value: diffusion" in told(session, "3")["evidence"]
    assert "1234" not in str(told(session, "2"))
    assert "800" not in str(told(session, "3"))


def test_a_sites_rule_of_another_modality_is_not_taken() -> None:
    rule = SiteRule("SeriesDescription", "leg", "T1", 9)
    session = tell_session([SeriesFacts("9", "PT", description="leg")], site_rules=[rule])
    assert session.chosen == {"PET": "9"}
    assert session.series[0].by == "rules"


def test_a_choice_that_is_not_in_the_session_is_kept_and_told() -> None:
    session = tell_session([mr("3", "AX T1")], choices={"T2FS": "99"})
    assert session.needs_review == (
        "T2 fat-saturated or STIR: the scan that a person chose is not in this session",
    )
    assert session.choices == {"T2FS": "99"}
    assert session.chosen == {"T1": "3"}


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        (mr("9", "T1"), mr("1", "T1 fs")),
        (mr("9", "T1", grid=grid()), replace(mr("1 echo1", "T1", grid=grid()), part="echo1")),
        (mr("9", "T1", grid=grid()), mr("1", "T1", grid=grid(CORONAL))),
        (mr("9", "ax T1"), mr("1", "cor T1")),
        (mr("9", "T1 gd fs"), mr("1", "T1 gd")),
        (SeriesFacts("9", "PT", description="AC"), SeriesFacts("1", "PT", description="NAC")),
        (
            SeriesFacts("9", "PT", corrected=frozenset(("DECY", "ATTN"))),
            SeriesFacts("1", "PT", corrected=frozenset(("DECY",))),
        ),
        (SeriesFacts("9", "CT", description="B31f"), SeriesFacts("1", "CT", description="lung B70f")),
        (SeriesFacts("9", "CT", kernel="STANDARD"), SeriesFacts("1", "CT", kernel="BONEPLUS")),
    ],
)
def test_the_better_one_is_chosen_whatever_its_number_and_nobody_is_asked(
    better: SeriesFacts, worse: SeriesFacts
) -> None:
    beside = mr("4", "ax T2 FS", grid=grid())
    session = tell_session([worse, better, beside])
    chosen = [one for one in session.series if one.chosen and one.name != "4"]
    assert [one.name for one in chosen] == ["9"]
    assert not any("equally good" in sentence for sentence in session.needs_review)
    assert any(
        sentence.startswith("not chosen: scan 9 was taken")
        for sentence in told(session, worse.series)["evidence"]
    )


@pytest.mark.parametrize(
    ("taken", "other", "by"),
    [
        (mr("9", "T1", grid=grid(slices=33)), mr("1", "T1", grid=grid(slices=30)), "larger coverage"),
        (mr("9", "T1", grid=grid(mm=0.9)), mr("1", "T1", grid=grid(mm=1.0)), "smaller voxels"),
        (mr("1", "T1", grid=grid()), mr("9", "T1", grid=grid()), "the first scan"),
    ],
)
def test_two_equally_good_ones_are_both_named_for_review(
    taken: SeriesFacts, other: SeriesFacts, by: str
) -> None:
    session = tell_session([taken, other])
    assert session.chosen == {"T1": taken.series}
    (sentence,) = session.needs_review
    names = f"scans {taken.series} and {other.series} are equally good for T1"
    assert sentence == f"scan {taken.series}: {names}; {taken.series} was taken ({by})"


def test_pet_without_attenuation_correction_is_chosen_alone_and_told() -> None:
    session = tell_session([SeriesFacts("7", "PT", description="PET NAC")])
    assert session.chosen == {"PET": "7"}
    assert session.needs_review == ("scan 7: it is not corrected for attenuation",)


def test_what_was_not_converted_into_a_volume_has_a_role_and_is_not_chosen() -> None:
    session = tell_session([replace(mr("2", "AX T1"), usable=False), mr("3", "cor T1")])
    assert told(session, "2")["role"] == "T1"
    assert session.chosen == {"T1": "3"}


def test_a_doubtful_role_needs_review_and_names_the_two_likeliest() -> None:
    session = tell_session([mr("2", "AX T1 FS")])
    (sentence,) = session.needs_review
    assert told(session, "2")["confidence"] < REVIEW_BELOW
    assert sentence.startswith("scan 2: the role is not sure: T1 0.6")
    assert "T1 post-contrast 0." in sentence


def test_headers_that_contradict_the_description_need_review() -> None:
    facts = mr("2", "AX T1", scanning_sequence=frozenset(("SE",)), repetition_time=4000.0, echo_time=90.0)
    assert told(tell_session([facts]), "2")["confidence"] < REVIEW_BELOW


def test_two_patients_in_one_session_are_told_first() -> None:
    session = tell_session([mr("3", "AX T1")], patients=2)
    assert session.needs_review[0] == "the session has images of 2 patients: nothing of it is to be used"


@pytest.mark.parametrize(("sessions", "review"), [(1, True), (2, False), (9, False)])
def test_a_sites_rule_gives_a_series_its_role_and_few_sessions_need_review(
    sessions: int, *, review: bool
) -> None:
    rule = SiteRule("SeriesDescription", "sarc 7", "T1CE", sessions)
    session = tell_session([mr("2", "SARC_7")], site_rules=[rule])
    facts = told(session, "2")
    assert (facts["role"], facts["by"], facts["chosen"]) == ("T1CE", "site rules", True)
    assert bool(session.needs_review) == review


def test_a_sites_rule_makes_no_copy_an_original() -> None:
    rule = SiteRule("SeriesDescription", "t1topet", "T1", 9)
    session = tell_session([mr("2", "T1toPET")], site_rules=[rule])
    assert told(session, "2")["role"] == "DERIVED"
    assert session.chosen == {}


def test_a_sites_rule_against_the_headers_needs_review() -> None:
    facts = mr("2", "ROUTINE A", scanning_sequence=frozenset(("SE",)), repetition_time=4000.0, echo_time=90.0)
    rule = SiteRule("SeriesDescription", "routine a", "T1", 9)
    assert "the headers say T2" in tell_session([facts], site_rules=[rule]).needs_review[0]


def test_a_sites_rule_is_taken_before_the_rule_table() -> None:
    rule = SiteRule("SeriesDescription", "tra plus", "T1", 5)
    session = tell_session([mr("2", "AX T1"), mr("3", "tra plus")], site_rules=[rule])
    assert session.chosen == {"T1": "3"}


def test_the_order_of_the_series_makes_no_difference() -> None:
    series = [mr("10", "AX T1"), mr("9", "AX T1"), mr("2", "T2 FS"), mr("3", "T1toPET")]
    one, other = tell_session(series), tell_session(series[::-1])
    assert one == other
    assert [told.name for told in one.series] == ["2", "3", "9", "10"]


def test_no_text_of_a_header_is_told() -> None:
    facts = mr(
        "2",
        "T1 DOE^SECRET toPET",
        manufacturer="SIEMENS / MIM Software DOE^SECRET",
        study="1.2.77777",
        study_date="19991231",
        protocol="DOE^SECRET",
        image_type=frozenset(("DERIVED", "DOE^SECRET")),
        series_number=19991231,
    )
    text = str(tell_session([facts]).series[0].as_json())
    assert not any(value in text for value in ("DOE", "SECRET", "77777", "19991231"))
