"""The worklist names each session once for each role in doubt, with a command that decides it."""

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from sarcoma_core.archive.holdings import FolderHoldings, Holdings
from sarcoma_core.archive.roles import CHOSEN_ROLES, ROLES_LABEL, Role
from sarcoma_core.cli.main import parser
from sarcoma_core.dicom.roles.facts import SeriesFacts
from sarcoma_core.dicom.roles.session import merged
from sarcoma_core.dicom.roles.telling import tell_session
from sarcoma_core.launch.roles.review import Worklist, run_command, worklist
from sarcoma_core.launch.roles.told import read_session_roles
from sarcoma_core.provenance import Outcome, list_files, write_record
from sarcoma_core.steps.series_roles import STEP
from tests.records import record_of

WORDS = ("--project", "P", "--archive", "an archive")


def series(
    name: str, role: str, why: str = "", *, chosen: bool = False, then: str = "", by: str = "rules"
) -> Outcome:
    """What the step says of a series; `then` is the role that it could have had instead."""
    scan, _, part = name.partition(" ")
    facts: dict[str, Any] = {
        "role": role,
        "chosen": chosen,
        "confidence": 0.5,
        "by": by,
        "evidence": [],
        "runners_up": [{"role": then, "confidence": 0.25}] if then else [],
        "needs_review": why,
    }
    return Outcome(scan, "MR", "done", why, facts=facts, part=part)


def held(place: Path, *outcomes: Outcome, more: tuple[str, ...] = (), **document: object) -> Holdings:
    """The resources of a session of which this was told; `more` is said of the session as a whole."""
    folder = place / "RESOURCES" / ROLES_LABEL
    folder.mkdir(parents=True)
    said = [f"scan {o.series}: {o.reason}" for o in outcomes if o.reason]
    document = {"choices": {}, "patients": 1, **document, "needs_review": [*said, *more]}
    (folder / "roles.json").write_text(json.dumps(document))
    write_record(folder, record_of(STEP, *outcomes, files=list_files(folder)))
    return FolderHoldings(place)


def look(*sessions: Holdings) -> Worklist:
    return worklist(((f"S{number}", one) for number, one in enumerate(sessions, 1)), WORDS)


def test_a_session_without_doubt_is_counted_and_not_listed(tmp_path: Path) -> None:
    work = look(held(tmp_path, series("3", "T1", chosen=True), series("4", "LOCALIZER")))
    assert work == Worklist((), 1, (), ())


def test_two_candidates_are_both_named_and_the_command_takes_the_chosen_one(tmp_path: Path) -> None:
    why = "scans 5 and 3 are equally good for T1"
    told = (series("3", "T1"), series("5", "T1", why, chosen=True), series("9", "PET", chosen=True))
    [doubt] = look(held(tmp_path, *told)).doubts
    assert (doubt.session, doubt.role, doubt.why) == ("S1", "T1", why)
    assert doubt.candidates.startswith("5 (T1, chosen, 50")
    assert doubt.candidates.isprintable()
    assert "3 (T1, 50" in doubt.candidates
    assert "9" not in doubt.candidates
    assert shlex.split(doubt.decide) == ["sarcoma", "roles", "set", "S1", *WORDS, "--t1", "5"]


def test_the_command_is_one_that_our_command_line_takes_also_for_a_part_of_a_scan(tmp_path: Path) -> None:
    [doubt] = look(held(tmp_path, series("7 water", "T1CE", "not sure", chosen=True))).doubts
    arguments = parser().parse_args(shlex.split(doubt.decide)[1:])
    assert (arguments.session, arguments.t1ce, arguments.t1) == ("S1", "7 water", "")


def test_a_series_of_no_chosen_role_is_offered_for_the_one_that_it_could_have_had(tmp_path: Path) -> None:
    [doubt] = look(held(tmp_path, series("6", "OTHER", "too little is known", then="T2"))).doubts
    assert doubt.role == "T2"
    assert doubt.decide.endswith("--t2 6")
    assert "or T2 (25" in doubt.candidates


def test_two_roles_in_doubt_are_two_lines_of_one_session(tmp_path: Path) -> None:
    work = look(held(tmp_path, series("3", "T1", "a", chosen=True), series("5", "T2", "b", chosen=True)))
    assert [(doubt.session, doubt.role) for doubt in work.doubts] == [("S1", "T1"), ("S1", "T2")]
    assert work.sessions == 1


def test_images_of_two_patients_are_told_and_no_choice_decides_that(tmp_path: Path) -> None:
    said = "the session has images of 2 patients: nothing of it is to be used"
    [doubt] = look(held(tmp_path, series("3", "T1", chosen=True), more=(said,), patients=2)).doubts
    assert (doubt.role, doubt.why, doubt.decide) == ("", said, "")


def test_a_choice_whose_scan_is_gone_can_be_forgotten(tmp_path: Path) -> None:
    gone = "T1: the scan that a person chose is not in this session"
    [doubt] = look(held(tmp_path, series("3", "T2"), more=(gone,), choices={"T1": "8"})).doubts
    assert doubt.decide.endswith("--forget")
    assert parser().parse_args(shlex.split(doubt.decide)[1:]).forget


def test_what_was_not_told_yet_or_cannot_be_read_is_listed_apart(tmp_path: Path) -> None:
    broken = held(tmp_path / "b", series("3", "T1"))
    (tmp_path / "b" / "RESOURCES" / ROLES_LABEL / "roles.json").write_text("{")
    (tmp_path / "a" / "RESOURCES" / "NIFTI").mkdir(parents=True)
    (tmp_path / "a" / "RESOURCES" / "NIFTI" / "run.json").write_text("{}")
    work = look(FolderHoldings(tmp_path / "a"), broken)
    assert work.untold == ("S1",)
    [one] = work.not_whole
    assert one.session == "S2"
    assert "damaged" in one.reason


def test_of_a_session_of_which_nothing_was_converted_no_roles_can_be_told(tmp_path: Path) -> None:
    assert look(FolderHoldings(tmp_path)) == Worklist((), 0, (), (), ("S1",))


def test_a_session_of_which_one_scan_was_converted_by_itself_waits_for_its_roles(tmp_path: Path) -> None:
    place = tmp_path / "SCANS" / "3" / "NIFTI"
    place.mkdir(parents=True)
    (place / "run.json").write_text("{}")
    assert look(FolderHoldings(tmp_path)).untold == ("S1",)


def test_roles_that_their_manifest_does_not_list_are_not_fine_and_a_command_tells_them_anew(
    tmp_path: Path,
) -> None:
    session = held(tmp_path, series("3", "T1", chosen=True))
    assert look(session).fine == 1
    file = tmp_path / "RESOURCES" / ROLES_LABEL / "roles.json"
    file.write_text(file.read_text().replace('"choices": {}', '"choices": {"T1": "3"}'))
    work = look(session)
    [one] = work.not_whole
    assert (one.session, work.fine) == ("S1", 0)
    arguments = parser().parse_args(shlex.split(one.mend)[1:])
    assert (arguments.session, arguments.project, arguments.forget) == ("S1", "P", True)


def test_what_is_chosen_for_another_role_is_shown_last_and_not_suggested(tmp_path: Path) -> None:
    told = (
        series("5", "T1", "it may be T1 post-contrast", then="T1CE"),
        series("8", "T1CE", chosen=True, then="T1"),
    )
    [doubt] = look(held(tmp_path, *told)).doubts
    assert doubt.decide.endswith("--t1 5")
    assert doubt.candidates.startswith("5 (")
    assert "8 (" in doubt.candidates


def test_where_every_candidate_has_another_role_the_command_has_a_blank_to_fill_in(tmp_path: Path) -> None:
    told = (
        series("4", "T1CE", "it may be T1", then="T1"),
        series("8", "T1CE", chosen=True, by="person"),
    )
    [doubt] = look(held(tmp_path / "free", *told)).doubts
    assert doubt.decide.endswith("--t1 4")
    told = (
        series("4", "T2", "it may be T1", chosen=True, then="T1"),
        series("9", "T2FS", "it may be T1", then="T1", chosen=True),
    )
    session = read_session_roles(held(tmp_path / "taken", *told))
    assert session is not None
    assert session.suggestion("T1") == ""
    told = (series("4", "DERIVED", "it may be T1", chosen=True, then="T1"),)
    [doubt] = look(held(tmp_path / "blank", *told)).doubts
    assert doubt.decide.endswith("--t1 SCAN")
    assert "4 (" in doubt.candidates


def test_a_doubt_is_gone_once_a_person_has_decided_every_role_that_it_leaves_open(tmp_path: Path) -> None:
    doubt = series("5", "T1", "it may be T1 post-contrast", then="T1CE")
    contrast, plain = (
        series("8", "T1CE", chosen=True, by="person"),
        series("3", "T1", chosen=True, by="person"),
    )
    [left] = look(held(tmp_path / "one", doubt, contrast)).doubts
    assert left.role == "T1"
    work = look(held(tmp_path / "both", doubt, contrast, plain))
    assert (work.doubts, work.fine) == ((), 1)


FACTS = (
    SeriesFacts("3", modality="MR", description="T1 TSE AX"),
    SeriesFacts("5", modality="MR", description="T1"),
    SeriesFacts("6", modality="MR", description="T1 TSE AX FS POST GD"),
    SeriesFacts("8", modality="MR", description="T1 TSE AX FS POST GD"),
    SeriesFacts("9", modality="MR", description="T2 TSE AX"),
    SeriesFacts("10", modality="MR", description="AX"),
    SeriesFacts("11", modality="MR", description="T2 TSE AX"),
)


def test_each_printed_command_keeps_what_every_other_role_has_and_together_they_empty_the_list(
    tmp_path: Path,
) -> None:
    choices: dict[Role, str] = {}
    for turn in range(2 * len(CHOSEN_ROLES)):
        told = tell_session(FACTS, choices=choices)
        outcomes = [Outcome(o.name, "MR", "done", o.needs_review, facts=o.as_json()) for o in told.series]
        work = look(held(tmp_path / str(turn), *outcomes, choices=choices))
        if not work.doubts:
            break
        assert turn or len(work.doubts) > 1
        for doubt in work.doubts:
            arguments = parser().parse_args(shlex.split(doubt.decide)[1:])
            asked = {role: s for role in CHOSEN_ROLES if (s := getattr(arguments, role.lower()))}
            after = tell_session(FACTS, choices=merged(choices, asked)).chosen
            assert {**told.chosen, **asked} == after
        choices = dict(merged(choices, asked))
    assert not work.doubts
    assert choices


@pytest.mark.parametrize("on_server", [True, False])
def test_the_command_that_tells_the_rest_is_one_that_our_command_line_takes(on_server: bool) -> None:  # noqa: FBT001
    words = WORDS[:2] if on_server else WORDS
    line = shlex.split(run_command(words, on_server=on_server))
    assert parser().parse_args(line[1:]).what == "series-roles"


def test_what_a_person_chose_is_told_with_who_chose_it(tmp_path: Path) -> None:
    outcome = series("3", "T1", chosen=True)
    person = Outcome("3", "MR", "done", facts={**outcome.facts, "by": "person"})
    told = read_session_roles(held(tmp_path, person, choices={"T1": "3"}))
    assert told is not None
    assert (dict(told.chosen), told.by("T1"), dict(told.choices)) == ({"T1": "3"}, "a person", {"T1": "3"})
    assert read_session_roles(FolderHoldings(tmp_path / "nothing")) is None
