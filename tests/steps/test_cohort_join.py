"""`cohort` with a clinical table, on a project of 200 patients: every row is told, none joined wrongly."""

import json
import shutil
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest

from sarcoma_core.archive.asset import asset_hash
from sarcoma_core.archive.holdings import ResourceFolders
from sarcoma_core.archive.store import Archive
from sarcoma_core.cli.main import main
from sarcoma_core.errors import InputError
from sarcoma_core.steps.cohort import STEP
from sarcoma_core.steps.running import NothingUsableError, run_step
from tests.archive.filed import done, filed, put, served
from tests.prognosis.joinable import Case, build, cases
from tests.prognosis.made_sessions import before, dated, header, push, row
from tests.steps.cohort_runs import Ran, run_cohort

run = partial(run_cohort, joined=True)


@pytest.fixture(scope="module")
def made() -> tuple[Case, ...]:
    return cases()


@pytest.fixture(scope="module")
def archive(made: tuple[Case, ...], tmp_path_factory: pytest.TempPathFactory) -> Archive:
    held = Archive(tmp_path_factory.mktemp("joinable") / "archive")
    build(held, made)
    return held


@pytest.fixture(scope="module")
def ran(archive: Archive, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return run(archive, tmp_path_factory.mktemp("joined"), consent="required")


STATUS = {"joined": "done", "left out": "set apart", "refused": "refused"}


def test_every_row_has_the_outcome_the_session_and_the_reason_that_it_must_have(
    made: tuple[Case, ...], ran: Ran
) -> None:
    outcomes = {(o.subject, o.session): o for o in ran.record.outcomes}
    wrong = []
    rows = [one for one in made if one.row]
    assert len(rows) == 198
    for one in rows:
        found = outcomes.get((one.truth.subject, one.session))
        if found is None or found.status != STATUS[one.outcome] or one.says not in found.reason:
            wrong.append((one.truth.subject, one.outcome, one.session, one.says, found))
    assert wrong == []


def test_no_session_is_taken_but_those_of_the_rows_that_are_joined(made: tuple[Case, ...], ran: Ran) -> None:
    joined = {one.session: one for one in made if one.row and one.outcome == "joined"}
    taken = {each["session"]: each for each in ran.told["sessions"]}
    assert taken.keys() == joined.keys()
    for label, each in taken.items():
        case = joined[label]
        assert each["subject"] == each["clinical"]["subject"] == case.subject
        assert each["clinical"]["overall_survival_days"] == case.truth.days["overall_survival_days"]
        assert each["key"] in ("subject", "subject and date", "subject and session")
        assert case.says in each["why"]


def test_every_other_row_and_session_is_left_out_once_with_its_reason(
    made: tuple[Case, ...], ran: Ran
) -> None:
    excluded = [(each["subject"], each["session"]) for each in ran.told["excluded"]]
    assert len(set(excluded)) == len(excluded)
    sessions = {session.label for one in made for session in one.sessions}
    taken = {each["session"] for each in ran.told["sessions"]}
    assert {session for _, session in excluded if session} | taken == sessions
    fell = {one.truth.subject for one in made if one.row and one.outcome != "joined"}
    assert {subject for subject, _ in excluded} >= fell
    assert all(each["reason"] for each in ran.told["excluded"])
    reasons = {each["session"]: each["reason"] for each in ran.told["excluded"]}
    for one in made:
        if one.row is None:
            assert reasons[one.session] == "no row of the clinical table"


def test_a_swap_of_two_who_are_alike_cannot_be_seen(made: tuple[Case, ...], ran: Ran) -> None:
    """A limit, and told as one: docs/outputs.md, The cohort."""
    alike = [one for one in made if one.swapped and one.outcome == "joined"]
    assert len(alike) == 2
    taken = {each["subject"]: each for each in ran.told["sessions"]}
    assert all("sex and age agree with the images" in taken[one.subject]["why"] for one in alike)


def test_the_head_and_the_flow_tell_of_all_rows(made: tuple[Case, ...], archive: Archive, ran: Ran) -> None:
    told = ran.told
    own = ResourceFolders(archive.resources_path("P"))
    digest = asset_hash(own, "CLINICAL")
    assert told["schema"] == 2
    assert told["clinical"] == {"time_zero": "surgery", "days_before": 180, "sha256": digest}
    assert told["tables"]["CLINICAL"] == digest
    assert ran.record.assets == {"clinical": digest}
    steps, rows = told["flow"]["steps"], [one for one in made if one.row]
    assert steps[0]["n"] == len(rows)
    assert steps[-1]["n"] == len(told["sessions"]) == sum(one.outcome == "joined" for one in rows)
    for above, below in pairwise(steps):
        assert above["n"] - sum(number for _, number in below["left_out"]) == below["n"]
    for one in told["flow"]["endpoints"]:
        assert steps[-1]["n"] - sum(number for _, number in one["left_out"]) == one["n"]
    joined = [one.truth for one in rows if one.outcome == "joined"]
    overall, distant, *_ = told["flow"]["endpoints"]
    assert overall["events"] == sum(one.events["death"] for one in joined)
    assert distant["left_out"] == [["metastasis at presentation", sum(one.metastatic for one in joined)]]


def test_no_date_and_no_value_of_a_row_is_in_a_reason(made: tuple[Case, ...], ran: Ran) -> None:
    reasons = " ".join(o.reason for o in ran.record.outcomes)
    for one in made:
        if one.row and one.row.date:
            assert one.row.date.isoformat() not in reasons
            assert f"{one.row.date:%Y%m%d}" not in reasons


def test_four_kinds_of_swaps_are_refused_in_both_rows(made: tuple[Case, ...]) -> None:
    """See that the project has them, so that the first test looks at them."""
    refused = [one.says for one in made if one.swapped and one.outcome == "refused"]
    assert {says: refused.count(says) for says in refused} == {
        "sex of the row is another": 8,
        "age of the row is another": 8,
        "sex and age of the row are others": 8,
        " surgery; ": 8,
    }


def test_the_same_project_in_another_order_gives_the_same_bytes(
    made: tuple[Case, ...], ran: Ran, tmp_path: Path
) -> None:
    other = Archive(tmp_path / "other")
    build(other, made[::-1])
    again = run(other, tmp_path / "out", consent="required")
    assert again.body == ran.body


def test_the_limit_of_days_is_a_parameter(made: tuple[Case, ...], archive: Archive, tmp_path: Path) -> None:
    taken = {each["session"] for each in run(archive, tmp_path / "a", days_before=182).told["sessions"]}
    assert {made[37].sessions[0].label, made[38].sessions[0].label} <= taken
    assert made[39].sessions[0].label not in taken


# Small projects, one thing at a time.


@pytest.fixture
def small(tmp_path: Path) -> Archive:
    """Two subjects with a session each, and a table that names both."""
    held = Archive(tmp_path / "archive")
    for subject, days in (("S1", 12), ("S2", 30)):
        header(dated(held, subject, f"{subject}_MR", before(days)), {"PatientSex": "F"})
    push(held, [row("S1", sex="F"), row("S2", sex="F")])
    return held


def keep(archive: Archive, out: Path) -> None:
    archive.put_resources(archive.resources_path("P"), {"COHORT": out / "COHORT"})


def reasons(ran: Ran) -> dict[str, str]:
    return {outcome.session: outcome.reason for outcome in ran.record.outcomes}


def test_the_key_and_the_reason_are_told_of_each_row(small: Archive, tmp_path: Path) -> None:
    ran = run(small, tmp_path / "a")
    assert reasons(ran) == {
        "S1_MR": "by subject and date: 12 days before surgery; sex agrees with the images",
        "S2_MR": "by subject and date: 30 days before surgery; sex agrees with the images",
    }
    facts = [outcome.facts for outcome in ran.record.outcomes]
    assert [one["key"] for one in facts] == ["subject and date"] * 2
    assert [one["why"] for one in facts] == [each["why"] for each in ran.told["sessions"]]


def test_a_row_that_has_changed_is_told_and_no_other(small: Archive, tmp_path: Path) -> None:
    run(small, tmp_path / "a")
    keep(small, tmp_path / "a")
    push(small, [row("S1", sex="F"), row("S2", sex="F", grade="3")])
    told = reasons(run(small, tmp_path / "b"))
    assert "since the last cohort" not in told["S1_MR"]
    assert told["S2_MR"].endswith("; changed since the last cohort: CLINICAL")


def test_without_the_asset_a_cohort_is_as_before_and_has_no_row(small: Archive, tmp_path: Path) -> None:
    source = small.session_path("P", "")
    run_step(STEP, source, tmp_path / "a", {}, target="/archive/projects/P")
    told = json.loads((tmp_path / "a" / "COHORT" / "cohort.json").read_text())
    assert list(told) == ["schema", "project", "label", "consent", "tables", "sessions", "excluded"]
    assert {frozenset(each) for each in told["sessions"]} == {
        frozenset({"subject", "session", "consent", "labels", "series"})
    }


def test_a_table_that_was_put_there_by_hand_is_refused_with_what_to_do(
    small: Archive, tmp_path: Path
) -> None:
    shutil.rmtree(small.resources_path("P") / "CLINICAL")
    put(small.resources_path("P"), "CLINICAL/clinical.csv", b"subject,age\nS1,60\n")
    with pytest.raises(InputError, match="it holds what was put there by hand") as caught:
        run(small, tmp_path / "a")
    assert "sarcoma clinical push TABLE --project P --write" in caught.value.hint
    assert list((tmp_path / "a").iterdir()) == []


def test_a_session_that_turns_out_unusable_leaves_its_row_out(small: Archive, tmp_path: Path) -> None:
    put(small.session_path("P", "S2_MR"), "RESOURCES/NORMALISED/run.json", b"{")
    ran = run(small, tmp_path / "a")
    assert reasons(ran)["S2_MR"] == "NORMALISED/run.json: must be a manifest; it cannot be read."
    *_, last = ran.told["flow"]["steps"]
    assert (last["n"], last["left_out"]) == (1, [[reasons(ran)["S2_MR"], 1]])


def test_a_table_of_which_no_row_can_be_joined_fails_with_the_reasons(small: Archive, tmp_path: Path) -> None:
    push(small, [row("S1", sex="M"), row("S2", sex="M")])
    with pytest.raises(NothingUsableError, match=r"S1_MR refused: sex of the row is another"):
        run(small, tmp_path / "a")
    assert list((tmp_path / "a").iterdir()) == []


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("CONSENT/consent.csv", "subject,consent\ns2,withdrawn\n"),
        ("EXCLUSIONS/exclusions.csv", "subject,session\nS\u200b2,\n"),
        ("EXCLUSIONS/exclusions.csv", "subject,session\nS2,s2_mr\n"),
    ],
)
def test_a_line_of_a_list_that_nearly_names_a_patient_refuses_the_row(
    small: Archive, tmp_path: Path, path: str, content: str
) -> None:
    put(small.resources_path("P"), path, content.encode())
    ran = run(small, tmp_path / "a")
    assert [each["session"] for each in ran.told["sessions"]] == ["S1_MR"]
    (refused,) = [one for one in ran.record.outcomes if one.status == "refused"]
    assert refused.subject == "S2"
    assert refused.reason.endswith("from its label; correct the list")
    assert {each["session"]: each["reason"] for each in ran.told["excluded"]}["S2_MR"] == refused.reason
    consent = next(step for step in ran.told["flow"]["steps"] if step["name"].startswith("Consent"))
    assert consent["left_out"] == [[refused.reason, 1]]


def test_dates_that_are_shifted_differently_are_told_once(small: Archive, tmp_path: Path) -> None:
    header(dated(small, "S3", "S3_MR", before(4)), {})
    push(small, [row("S1", date=before(900)), row("S2", date=before(700)), row("S3")])
    *_, told = run(small, tmp_path / "a").record.outcomes
    assert (told.subject, told.session, told.status) == ("", "", "set apart")
    assert told.reason == "dates of the table and of the images seem to be shifted differently"


def test_an_empty_resource_is_no_table(small: Archive, tmp_path: Path) -> None:
    """A launch on a server makes one where there is none; the cohort is the same, byte for byte."""
    place, source = small.resources_path("P") / "CLINICAL", small.session_path("P", "")
    shutil.rmtree(place)
    bodies = []
    for name in ("none", "empty"):
        run_step(STEP, source, tmp_path / name, {}, target="/archive/projects/P", assets={"clinical": place})
        bodies.append((tmp_path / name / "COHORT" / "cohort.json").read_bytes())
        place.mkdir(exist_ok=True)
    assert bodies[0] == bodies[1]


def test_on_a_mount_of_a_server_the_join_is_that_of_the_archive(
    small: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dated(small, "S3", "S3_CT", before(5), labelled=False)
    filed(dated(small, "S3", "S3_MR", before(8)) / "RESOURCES" / "N4", done("4"))
    push(small, [row("S1", sex="M"), row("S2"), row("S3"), row("S9")])
    here = run(small, tmp_path / "a")
    mount = shutil.copytree(small.session_path("P", ""), tmp_path / "mount")
    table = shutil.copytree(small.resources_path("P") / "CLINICAL", tmp_path / "assets" / "CLINICAL")
    with served(small) as connection:
        monkeypatch.setenv("XNAT_HOST", connection.server)
        monkeypatch.setenv("XNAT_USER", "admin")
        monkeypatch.setenv("XNAT_PASS", "of tests")
        (record,) = run_step(
            STEP, mount, tmp_path / "b", {}, target="/archive/projects/P", assets={"clinical": table}
        )
    assert (tmp_path / "b" / "COHORT" / "cohort.json").read_bytes() == here.body
    assert record.outcomes == here.record.outcomes
    assert [each["session"] for each in here.told["sessions"]] == ["S2_MR", "S3_MR"]


def test_run_cohort_takes_the_table_of_the_project_and_prints_the_join(
    small: Archive, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "cohort", "--archive", str(small.root), "--project", "P"]) == 0
    said = capsys.readouterr().out
    assert "S1\tS1_MR\tdone\tby subject and date: 12 days before surgery; sex agrees" in said
    told = json.loads((small.resources_path("P") / "COHORT" / "cohort.json").read_text())
    assert [each["clinical"]["subject"] for each in told["sessions"]] == ["S1", "S2"]
