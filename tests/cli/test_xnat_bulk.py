"""`sarcoma xnat launch | bulk | resume | status | logs | cancel | clean` against the stand-in."""

import json
import os
import shlex
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sarcoma_core.archive.importing import import_folder
from sarcoma_core.archive.store import Archive
from sarcoma_core.chains import CHAINS
from sarcoma_core.cli.main import main
from sarcoma_core.launch.bulk.engine import Bulk
from sarcoma_core.launch.bulk.ledger import Ledger
from sarcoma_core.standin.server import StandIn, StandInSettings
from sarcoma_core.standin.serving import serving
from sarcoma_core.steps import step_named
from sarcoma_core.xnat.command.declaring import command_for
from sarcoma_core.xnat.rest.connection import Connection, Login
from sarcoma_core.xnat.rest.event_service import EventService
from sarcoma_core.xnat.rest.remote import RemoteSession
from sarcoma_core.xnat.rest.service import ContainerService
from tests.e2e.quick_runner import QuickRunner

LOGIN, PASSWORD = "admin", "a password of tests"


@pytest.fixture(scope="module")
def standin(cohort: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    """Two patients, `convert` and `bias-field` installed and enabled, `normalise` installed only."""
    archive = tmp_path_factory.mktemp("standin")
    import_folder(Archive(archive), "STS", cohort)
    server = StandIn(StandInSettings(archive, login=LOGIN, password=PASSWORD), QuickRunner(0.01))
    with serving(server) as url, Connection(Login(url, LOGIN, PASSWORD)) as connection:
        service = ContainerService(connection)
        for step in map(step_named, ("convert", "bias-field", "normalise")):
            wrapper = service.command(service.add(command_for(step).to_json())).wrappers[0].id
            if step.name != "normalise":
                service.set_enabled(wrapper, True)
                service.set_enabled(wrapper, True, "STS")
        yield server


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def sarcoma(
    standin: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """`sarcoma xnat ...`: exit code, stdout, stderr; each test has a ledger of its own."""
    for name, value in (("HOST", standin.url), ("USER", LOGIN), ("PASS", PASSWORD)):
        monkeypatch.setenv(f"XNAT_{name}", value)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))

    def run(*words: str) -> tuple[int, str, str]:
        code = main(["xnat", *words])
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


def labels(standin: StandIn) -> list[str]:
    return [session.label for session in standin.archive.sessions("STS")]


def workflows(standin: StandIn) -> int:
    return len(tuple(standin.launches.records.newest(project="STS")))


def test_a_launch_is_followed_to_its_end_and_its_manifest_is_there(sarcoma: Run, standin: StandIn) -> None:
    label = labels(standin)[0]
    code, out, _ = sarcoma("launch", "convert", label, "--project", "STS", "--force")
    assert code == 0
    assert f"{label}\tcomplete" in out
    assert (standin.archive.session("STS", label).resource("NIFTI") / "run.json").is_file()


def test_a_launch_takes_an_accession_id_too_and_skips_what_is_done(sarcoma: Run, standin: StandIn) -> None:
    session = standin.archive.sessions("STS")[0]
    sarcoma("launch", "convert", session.id, "--project", "STS")
    before = workflows(standin)
    code, out, _ = sarcoma("launch", "convert", session.id, "--project", "STS")
    assert code == 0
    assert "already done" in out
    assert workflows(standin) == before


def test_a_launch_that_is_not_waited_for_is_followed_by_resume(sarcoma: Run, standin: StandIn) -> None:
    label = labels(standin)[0]
    code, out, _ = sarcoma("launch", "convert", label, "--project", "STS", "--force", "--no-wait")
    assert code == 0
    assert "follow it: sarcoma xnat resume 1" in out
    code, out, _ = sarcoma("resume")
    assert code == 0
    assert f"{label}\tcomplete" in out


def test_json_is_json_and_nothing_else(sarcoma: Run, standin: StandIn) -> None:
    code, out, _ = sarcoma("bulk", "convert", "--project", "STS", "-o", "json")
    assert code == 0
    assert {row["session"] for row in json.loads(out)} == set(labels(standin))


def test_quiet_prints_the_sessions_alone(sarcoma: Run, standin: StandIn) -> None:
    code, out, err = sarcoma("bulk", "convert", "--project", "STS", "-q")
    assert (code, out.splitlines(), err) == (0, labels(standin), "")


def test_a_dry_run_says_what_would_be_done_and_does_nothing(
    sarcoma: Run, standin: StandIn, tmp_path: Path
) -> None:
    before = workflows(standin)
    code, out, _ = sarcoma("bulk", "convert", "--project", "STS", "--force", "--dry-run")
    assert code == 0
    assert out.count("would be launched") == 3
    assert "2 of 2 would be launched" in out
    assert workflows(standin) == before
    assert not list(tmp_path.rglob("ledger.sqlite"))


@pytest.mark.parametrize(
    ("where", "number"),
    [
        ("modality=MR", 2),
        ("modality=mr", 2),
        ("subject=STS-PHANTOM-0001", 1),
        ("label=STS-PHANTOM-*", 2),
        ("type=xnat:mrSessionData", 2),
    ],
)
def test_sessions_are_chosen_by_what_is_said_of_them(sarcoma: Run, where: str, number: int) -> None:
    _, out, err = sarcoma("bulk", "convert", "--project", "STS", "--where", where, "--dry-run", "-q")
    assert len(out.splitlines()) == number, err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("bulk", "convert", "--where", "age=3"), "--where: must be KEY=VALUE with a key of id, label"),
        (("bulk", "convert", "--where", "modality=CT"), "must leave something to launch on; found none"),
        (
            ("bulk", "convert", "--where", "modality=CT", "--dry-run"),
            "must leave something to launch on; found none",
        ),
        (("bulk", "convert", "--set", "convert.x=1"), "convert has no parameter 'x'"),
        (("bulk", "draw"), "STEP|CHAIN: must be a step (convert"),
        (("launch", "draw", "NOBODY"), "step: must be one of convert"),
        (("bulk", "segment"), "step segment: project STS must have a resource MODEL_SEG_*"),
        (("launch", "prepare", "NOBODY"), "sarcoma xnat bulk prepare --project STS --where label=NOBODY"),
        (
            ("launch", "convert", "NOBODY", "--set", "shrink"),
            "--set: must be PARAM=VALUE, of convert; found 'shrink'",
        ),
        (("bulk", "normalise"), "must be enabled for the site and for project STS"),
        (("bulk", "report"), "must be installed on this server"),
        (("launch", "convert", "NOBODY"), "SESSION: must be an image session of project STS"),
        (
            ("launch", "bias-field", "NOBODY", "--set", "shrink=99"),
            "--set shrink=99: must be 1 to 8; found '99'",
        ),
        (("bulk", "prepare", "--set", "bias-field.shrink=99"), "--set bias-field.shrink=99: must be 1 to 8"),
    ],
)
def test_a_wrong_word_is_told_before_anything_is_launched(
    sarcoma: Run, standin: StandIn, words: tuple[str, ...], told: str
) -> None:
    before = workflows(standin)
    code, _, err = sarcoma(*words, "--project", "STS")
    assert code == 2
    assert told in err
    assert workflows(standin) == before


def test_a_file_of_sessions_is_taken_in_its_order_and_a_wrong_line_is_told_by_number(
    sarcoma: Run, standin: StandIn, tmp_path: Path
) -> None:
    file = tmp_path / "sessions.txt"
    first, second = standin.archive.sessions("STS")
    file.write_text(f"{second.id}\n\n{first.label}\n{second.label}\n")
    words = ("bulk", "convert", "--project", "STS", "--dry-run", "-q", "--sessions", str(file))
    assert sarcoma(*words)[1].splitlines() == [second.label, first.label]
    file.write_text(f"{first.label}\nJane Doe\n")
    code, _, err = sarcoma(*words)
    assert code == 2
    assert "line 2 is not" in err
    assert "Jane" not in err


def test_a_file_of_sessions_may_come_from_windows_but_must_be_text(
    sarcoma: Run, standin: StandIn, tmp_path: Path
) -> None:
    file = tmp_path / "sessions.txt"
    label = labels(standin)[0]
    words = ("bulk", "convert", "--project", "STS", "--dry-run", "-q", "--sessions", str(file))
    file.write_text(f"{label}\r\n", encoding="utf-8-sig")
    assert sarcoma(*words)[1].splitlines() == [label]
    file.write_text(label, encoding="utf-16")
    code, _, err = sarcoma(*words)
    assert code == 2
    assert "--sessions: must be a text file that can be read; found: it is not UTF-8" in err
    file.unlink()
    assert "found: No such file or directory" in sarcoma(*words)[2]


@pytest.mark.parametrize(
    "words",
    [
        ("bulk", "convert"),
        ("launch", "convert", "S"),
        ("clean",),
        ("roi", "list"),
        ("automate", "--list"),
        ("install",),
    ],
)
def test_a_project_that_is_not_there_is_told_by_its_argument(sarcoma: Run, words: tuple[str, ...]) -> None:
    code, _, err = sarcoma(*words, "--project", "NOWHERE")
    assert code == 2
    assert "--project: must be the id of a project that you can see; found 'NOWHERE'" in err


@pytest.mark.parametrize("seconds", ["0", "-5", "nan", "inf", "soon"])
def test_patience_is_a_number_of_seconds_above_0(
    sarcoma: Run, capsys: pytest.CaptureFixture[str], seconds: str
) -> None:
    with pytest.raises(SystemExit, match="2"):
        sarcoma("bulk", "convert", "--project", "STS", f"--lost-after={seconds}")
    assert f"must be a number of seconds above 0; found '{seconds}'" in capsys.readouterr().err


def test_a_dry_run_of_a_chain_tells_of_the_first_step_that_is_not_done(
    sarcoma: Run, standin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    label = labels(standin)[0]
    monkeypatch.setitem(CHAINS, "half", ("convert", "bias-field"))
    sarcoma("launch", "convert", label, "--project", "STS")
    # Another parameter, so that no earlier test can have done this one.
    more = ("--project", "STS", "--where", f"label={label}", "--set", "bias-field.shrink=7", "--dry-run")
    code, out, _ = sarcoma("bulk", "half", *more)
    assert code == 0
    assert f"{label}\twould be launched\tbias-field" in out
    assert "1 of 1 would be launched" in out


PASSED_BY = "segment not applicable: project STS has no resource MODEL_SEG_* (the models that draw)"


def test_a_step_whose_asset_is_lacking_is_passed_by_and_told_before_and_after(
    sarcoma: Run, standin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It need not even be installed; nor is it a failure."""
    monkeypatch.setitem(CHAINS, "drawn", ("convert", "segment", "bias-field"))
    code, out, _ = sarcoma("bulk", "drawn", "--project", "STS", "--dry-run")
    assert code == 0
    assert out.splitlines()[0].startswith(
        f"{PASSED_BY}; the chain goes on without it. Put one there: sarcoma "
    )
    code, out, _ = sarcoma("bulk", "drawn", "--project", "STS")
    assert code == 0
    hint = "Put one there: sarcoma models add DIR --project STS --write, or sarcoma xnat launch train-segm"
    assert f"segment was passed by on 2 sessions. {hint}" in out
    assert "retry" not in out
    assert out.count(f"\t{PASSED_BY}") == 2
    assert sarcoma("status")[1].count(f"\t{PASSED_BY}") == 2
    rows = json.loads(sarcoma("status", "-o", "json")[1])
    assert {row["reason"] for row in rows} == {PASSED_BY}
    assert {row["outcome"] for row in rows} <= {"complete", "already done"}
    before = workflows(standin)
    code, out, _ = sarcoma("bulk", "drawn", "--project", "STS", "--dry-run")
    assert (code, out.count(f"already done\t\t{PASSED_BY}")) == (0, 2)
    assert workflows(standin) == before


def test_what_is_to_be_pasted_names_the_ledger_and_server_that_were_given(
    sarcoma: Run, standin: StandIn, tmp_path: Path
) -> None:
    given = ("--ledger", str(tmp_path / "my ledger"), "--server", standin.url)
    label = labels(standin)[0]
    _, out, _ = sarcoma("launch", "convert", label, "--project", "STS", "--force", "--no-wait", *given)
    [line] = [line for line in out.splitlines() if line.startswith("retry: sarcoma xnat ")]
    code, out, _ = sarcoma(*shlex.split(line.removeprefix("retry: sarcoma xnat ")))
    assert code == 0
    assert f"{label}\tcomplete" in out


def test_what_would_not_run_is_told_with_what_to_do_first(sarcoma: Run, standin: StandIn) -> None:
    session = standin.archive.sessions("STS")[1]
    images = session.path / "SCANS"
    images.rename(session.path / "elsewhere")
    try:
        code, out, _ = sarcoma("launch", "convert", session.id, "--project", "STS")
        [row] = json.loads(sarcoma("status", "-o", "json")[1])
    finally:
        (session.path / "elsewhere").rename(images)
    assert code == 1
    assert f"first: {row['hint']}" in out
    assert f"retry: {row['retry']}" in out
    assert row["retry"] == f"sarcoma xnat bulk convert --project STS --where label={session.label}"


def test_ctrl_c_says_how_to_go_on_with_the_run_and_nothing_else(
    sarcoma: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: Bulk) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Bulk, "work", interrupted)
    code, out, err = sarcoma("bulk", "convert", "--project", "STS", "-o", "json")
    assert (code, out) == (130, "")
    assert err == "Stopped; what runs on the server goes on. Go on: sarcoma xnat resume 1\n"


@pytest.mark.parametrize("verb", ["status", "resume", "cancel"])
def test_a_ledger_that_is_not_there_is_told_and_not_made(sarcoma: Run, tmp_path: Path, verb: str) -> None:
    ledger = tmp_path / "mistyped.sqlite"
    code, _, err = sarcoma(verb, "--ledger", str(ledger))
    assert code == 2
    assert "--ledger: must be the ledger of an earlier run; found no such file" in err
    assert not ledger.exists()


def test_nothing_done_is_exit_1_and_some_failed_exit_3(sarcoma: Run, standin: StandIn) -> None:
    first = standin.archive.sessions("STS")[0]
    sarcoma("launch", "convert", first.id, "--project", "STS")
    second = standin.archive.sessions("STS")[1]
    images = second.path / "SCANS"
    images.rename(second.path / "elsewhere")
    try:
        some, out, _ = sarcoma("bulk", "convert", "--project", "STS")
        none, _, _ = sarcoma("launch", "convert", second.id, "--project", "STS")
    finally:
        (second.path / "elsewhere").rename(images)
    assert (some, none) == (3, 1)
    assert f"sarcoma xnat bulk convert --project STS --where label={second.label}" in out


def test_status_shows_the_last_run_or_the_one_that_is_named(sarcoma: Run, standin: StandIn) -> None:
    sarcoma("launch", "convert", labels(standin)[0], "--project", "STS")
    sarcoma("bulk", "convert", "--project", "STS")
    assert sarcoma("status", "-q")[1].splitlines() == labels(standin)
    assert sarcoma("status", "1", "-q")[1].splitlines() == labels(standin)[:1]
    code, _, err = sarcoma("status", "9")
    assert code == 2
    assert "RUN: must be in the ledger; found 9" in err


def test_logs_are_found_by_session_and_by_workflow(sarcoma: Run, standin: StandIn) -> None:
    label = labels(standin)[0]
    sarcoma("launch", "convert", label, "--project", "STS", "--force")
    newest = next(standin.launches.records.newest(project="STS")).id
    for words in ((label,), (newest,), (label, "--project", "STS")):
        code, out, err = sarcoma("logs", *words)
        assert code == 0, err
        assert f"workflow {newest}: Complete" in out
    [said] = json.loads(sarcoma("logs", label, "-o", "json")[1])
    assert (said["workflow"], said["status"]) == (str(newest), "Complete")
    assert said["stdout"] in sarcoma("logs", label)[1]
    assert sarcoma("logs", label, "-q")[1] == f"{newest}\n"
    code, _, err = sarcoma("logs", "NOBODY")
    assert code == 2
    assert "must have a launch in the ledger" in err


def test_a_run_of_another_server_is_not_resumed_here(sarcoma: Run, standin: StandIn, tmp_path: Path) -> None:
    sarcoma("launch", "convert", labels(standin)[0], "--project", "STS")
    ledger = Ledger(tmp_path / "sarcoma" / "ledger.sqlite")
    here = ledger.run()
    elsewhere = ledger.begin(replace(here, server="http://other"), [RemoteSession("E", "L")])
    ledger.close()
    code, _, err = sarcoma("resume")
    assert code == 2
    assert f"must be the server of run {elsewhere.id}, http://other; found {here.server}" in err


def test_cancel_asks_first_and_then_leaves_nothing_to_resume(sarcoma: Run, standin: StandIn) -> None:
    sarcoma("launch", "convert", labels(standin)[0], "--project", "STS", "--force", "--no-wait")
    code, _, err = sarcoma("cancel")
    assert code == 2
    assert "--yes: must be given" in err
    code, out, _ = sarcoma("cancel", "--dry-run")
    assert "1 session not ended, would be cancelled" in out
    code, out, _ = sarcoma("cancel", "--dry-run", "-o", "json")
    assert [row["outcome"] for row in json.loads(out)] == ["unfinished"]
    code, out, _ = sarcoma("cancel", "--yes")
    assert code == 0
    assert "cancelled" in out
    before = workflows(standin)
    code, out, _ = sarcoma("resume")
    assert (code, workflows(standin)) == (1, before)


def test_a_run_that_is_worked_on_is_not_to_be_resumed_but_waited_for(
    sarcoma: Run, standin: StandIn, tmp_path: Path
) -> None:
    sarcoma("launch", "convert", labels(standin)[0], "--project", "STS", "--force", "--no-wait")
    ledger = Ledger(tmp_path / "sarcoma" / "ledger.sqlite")
    with ledger.alone(ledger.run()):
        _, out, _ = sarcoma("status")
        [row] = json.loads(sarcoma("status", "-o", "json")[1])
    assert f"being worked on by process {os.getpid()} on this machine" in out
    assert "retry:" not in out
    assert (row["outcome"], row["retry"]) == ("unfinished", "")
    assert "retry: sarcoma xnat resume 1" in sarcoma("status")[1]


def test_a_launcher_that_was_cancelled_from_elsewhere_says_so(
    sarcoma: Run, standin: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Bulk.work

    def cancelled(bulk: Bulk) -> None:
        ledger = Ledger(tmp_path / "sarcoma" / "ledger.sqlite")
        ledger.ask_to_cancel(ledger.run())
        real(bulk)

    monkeypatch.setattr(Bulk, "work", cancelled)
    label = labels(standin)[0]
    for verb in (("launch", "convert", label), ("bulk", "convert", "--where", f"label={label}")):
        code, out, _ = sarcoma(*verb, "--project", "STS", "--force")
        assert code == 1
        assert "1 cancelled" in out
        assert "resume" not in out


def test_clean_deletes_what_no_manifest_lists_and_nothing_else(sarcoma: Run, standin: StandIn) -> None:
    label = labels(standin)[0]
    sarcoma("launch", "convert", label, "--project", "STS", "--force")
    session = standin.archive.session("STS", label)
    sarcoma("clean", "--project", "STS", "--yes")
    kept = sorted(p for p in session.path.rglob("*") if p.is_file())
    stale = session.resource("NIFTI") / "9" / "an earlier run.nii.gz"
    stale.parent.mkdir()
    stale.write_bytes(b"stale")
    foreign = session.resource("OTHER")
    foreign.mkdir()
    (foreign / "notes.txt").write_text("of another tool")
    code, out, _ = sarcoma("clean", "--project", "STS", "--dry-run")
    assert code == 0
    assert f"{label}\tNIFTI\t1\t5" in out
    assert "earlier" not in out
    assert stale.exists()
    code, _, err = sarcoma("clean", "--project", "STS")
    assert code == 2
    assert "--yes" in err
    code, out, _ = sarcoma("clean", "--project", "STS", "--yes")
    assert "1 file deleted" in out
    left = sorted(p for p in session.path.rglob("*") if p.is_file() and "OTHER" not in p.parts)
    assert left == kept
    assert (foreign / "notes.txt").read_text() == "of another tool"


@pytest.fixture
def going_on(standin: StandIn, monkeypatch: pytest.MonkeyPatch) -> Iterator[EventService]:
    """The project has chosen an orchestration of the first two steps; `half` is the same chain of ours."""
    monkeypatch.setitem(CHAINS, "half", ("convert", "bias-field"))
    with Connection(Login(standin.url, LOGIN, PASSWORD)) as connection:
        commands, events = ContainerService(connection).commands(), EventService(connection)
        wrappers = {command.name: command.wrappers[0].id for command in commands}
        number = events.orchestrate("o", (wrappers["sarcoma-convert"], wrappers["sarcoma-bias-field"]))
        events.choose("STS", number)
        yield events
        connection.delete(f"/xapi/orchestration/{number}")


@pytest.mark.usefixtures("going_on")
@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_a_chain_is_refused_where_its_first_step_starts_the_rest(
    sarcoma: Run, standin: StandIn, tmp_path: Path, more: tuple[str, ...]
) -> None:
    before = workflows(standin)
    code, _, err = sarcoma("bulk", "half", "--project", "STS", *more)
    assert code == 2
    assert "each launch of convert starts orchestration 'o'" in err
    assert "sarcoma xnat bulk convert --project STS" in err
    assert workflows(standin) == before
    assert not list(tmp_path.rglob("ledger.sqlite"))


@pytest.mark.usefixtures("going_on")
@pytest.mark.parametrize("verb", ["bulk", "launch"])
def test_one_step_says_that_the_server_goes_on_and_it_does(sarcoma: Run, standin: StandIn, verb: str) -> None:
    label, before = labels(standin)[0], workflows(standin)
    words = (
        ("launch", "convert", label) if verb == "launch" else ("bulk", "convert", "--where", f"label={label}")
    )
    code, out, _ = sarcoma(*words, "--project", "STS", "--force")
    assert code == 0
    assert "starts orchestration 'o': the server goes on" in out
    until = time.monotonic() + 10
    while workflows(standin) < before + 2 and time.monotonic() < until:
        time.sleep(0.02)
    assert workflows(standin) == before + 2
    code, out, _ = sarcoma("bulk", "bias-field", "--project", "STS", "--dry-run")
    assert (code, "orchestration" in out) == (0, False)


def test_once_it_is_taken_from_the_project_the_chain_is_launched(
    sarcoma: Run, going_on: EventService
) -> None:
    going_on.drop("STS")
    assert sarcoma("bulk", "half", "--project", "STS", "--dry-run")[0] == 0
