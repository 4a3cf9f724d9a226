"""A person's choice wins and is remembered; what cannot be meant changes nothing. Here and on a server."""

import argparse
import json
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sarcoma_core.archive.holdings import FolderHoldings
from sarcoma_core.archive.roles import ROLES_LABEL
from sarcoma_core.archive.store import Archive, Session
from sarcoma_core.cli.main import parser
from sarcoma_core.errors import RunError, UsageError
from sarcoma_core.launch.bulk.preflight import stages
from sarcoma_core.launch.chain import RunPlan, run_one
from sarcoma_core.launch.roles import CHOICES, setting
from sarcoma_core.launch.roles.setting import Wish, set_in_archive, set_on_server
from sarcoma_core.launch.roles.told import read_session_roles
from sarcoma_core.launch.targets import session_target
from sarcoma_core.provenance import read_record
from sarcoma_core.runners.running import Ended
from sarcoma_core.standin.server import StandIn, StandInSettings
from sarcoma_core.standin.serving import serving
from sarcoma_core.steps.series_roles import STEP
from sarcoma_core.xnat.command.declaring import command_for
from sarcoma_core.xnat.rest.connection import Connection, Login
from sarcoma_core.xnat.rest.remote import RemoteSession, project_sessions
from sarcoma_core.xnat.rest.service import ContainerService, Launched
from sarcoma_core.xnat.status import TO_BE_ASSIGNED
from tests.launch.fake_xnat import SWIFT
from tests.launch.roles.playing import PROJECT, InProcess
from tests.standin.conftest import LOGIN, PASSWORD


@pytest.fixture
def session(archive: Archive) -> Session:
    """Its scans are 4, a T2 with fat suppression, and 7, a T1 after contrast by its description."""
    session = archive.sessions(PROJECT)[0]
    assert [scan.id for scan in session.scans] == ["4", "7"]
    return session


def choose(archive: Archive, session: Session, *, forget: bool = False, **choices: str) -> dict[str, str]:
    told = set_in_archive(archive, PROJECT, session.label, Wish(choices, forget=forget), runner=InProcess())
    return dict(told.chosen)


def test_every_choice_of_the_command_line_is_one_of_the_step() -> None:
    assert sorted(CHOICES) == sorted(choice.name for choice in STEP.choices)


def test_a_choice_wins_and_the_next_automatic_run_is_the_same_work(
    archive: Archive, session: Session
) -> None:
    before = read_session_roles(FolderHoldings(session.path))
    assert before is not None
    other = "T1" if before.chosen.get("T1CE") == "7" else "T1CE"
    assert choose(archive, session, **{other.lower(): "7"})[other] == "7"
    record = read_record(session.resource(ROLES_LABEL))
    assert record is not None
    assert record.params == {"forget": False}
    [work] = RunPlan("series-roles", PROJECT).works(archive)
    again = run_one(archive, session_target(session), work, runner=InProcess(), force=False)
    assert again.outcome == "already done"


def test_a_choice_is_kept_by_a_run_that_is_done_again_until_it_is_forgotten(
    archive: Archive, session: Session
) -> None:
    choose(archive, session, t2="7")
    [work] = RunPlan("series-roles", PROJECT).works(archive)
    run_one(archive, session_target(session), work, runner=InProcess(), force=True)
    told = read_session_roles(FolderHoldings(session.path))
    assert told is not None
    assert told.choices == {"T2": "7"}
    assert told.by("T2") == "a person"
    assert choose(archive, session, t1="4") == {"T1": "4", "T2": "7"}
    assert "T2" not in choose(archive, session, forget=True)


@pytest.mark.parametrize(
    ("choices", "words"),
    [({"t1": "8"}, "--t1: must be a scan of the session"), ({"t1": "4", "t2": "4"}, "must be two scans")],
)
def test_a_choice_that_cannot_be_meant_changes_nothing(
    archive: Archive, session: Session, choices: dict[str, str], words: str
) -> None:
    manifest = session.resource(ROLES_LABEL) / "run.json"
    before = manifest.read_bytes()
    with pytest.raises(UsageError, match=words):
        choose(archive, session, **choices)
    assert manifest.read_bytes() == before


def test_a_step_that_does_not_take_the_choice_is_no_success(
    archive: Archive, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    deaf = InProcess()
    run = deaf.run
    monkeypatch.setattr(
        deaf,
        "run",
        lambda command, folders: run(
            replace(command, arguments=tuple(w for w in command.arguments if "--t2=" not in w)), folders
        ),
    )
    with pytest.raises(RunError, match="did not take --t2 7"):
        set_in_archive(archive, PROJECT, session.label, Wish({"t2": "7"}), runner=deaf)


def test_a_choice_that_is_kept_and_is_not_the_chosen_series_is_no_success(
    archive: Archive, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose(archive, session, t2="7")
    told = read_session_roles(FolderHoldings(session.path))
    assert told is not None
    others = tuple(one for one in told.candidates if one.told.role != "T2")
    monkeypatch.setattr(setting, "read_session_roles", lambda _: replace(told, candidates=others))
    with pytest.raises(RunError, match="kept --t2 7 and did not choose it") as caught:
        choose(archive, session, t2="7")
    assert pasted(caught.value.hint).forget
    assert caught.value.exit_code == 1


def pasted(hint: str) -> argparse.Namespace:
    """The command of a hint, as our command line takes it."""
    return parser().parse_args(shlex.split(hint[hint.index("sarcoma ") :])[1:])


def test_damaged_roles_are_mended_by_the_command_of_the_hint(archive: Archive, session: Session) -> None:
    (session.resource(ROLES_LABEL) / "roles.json").write_text("{}")
    with pytest.raises(RunError) as caught:
        choose(archive, session, t2="7")
    mend = pasted(caught.value.hint)
    assert (mend.session, mend.project, mend.archive) == (session.label, PROJECT, archive.root)
    assert mend.forget
    choose(archive, session, forget=mend.forget)
    assert choose(archive, session, t2="7")["T2"] == "7"


def test_damaged_rules_of_the_site_name_the_command_that_writes_them(
    archive: Archive, session: Session
) -> None:
    rules = archive.resources_path(PROJECT) / "ROLE_RULES"
    rules.mkdir(parents=True)
    (rules / "role_rules.json").write_text("{")
    with pytest.raises(RunError) as caught:
        choose(archive, session, t2="7")
    mend = pasted(caught.value.hint)
    assert (mend.project, mend.archive, mend.write) == (PROJECT, archive.root, True)


# On a server.


@pytest.fixture(scope="module")
def runner() -> InProcess:
    return InProcess()


@pytest.fixture(scope="module")
def service(
    told: Archive, runner: InProcess, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ContainerService]:
    """A stand-in over the archive, on which the step is installed and on."""
    folder = Path(shutil.copytree(told.root, tmp_path_factory.mktemp("server") / "archive"))
    standin = StandIn(StandInSettings(folder, login=LOGIN, password=PASSWORD), runner)
    with serving(standin) as url, Connection(Login(url, LOGIN, PASSWORD)) as connection:
        service = ContainerService(connection)
        for wrapper in service.command(service.add(command_for(STEP).to_json())).wrappers:
            for project in (None, PROJECT):
                service.set_enabled(wrapper.id, True, project)
        yield service


@pytest.fixture
def remote(service: ContainerService) -> RemoteSession:
    return min(project_sessions(service.connection, PROJECT), key=lambda one: one.label)


def test_on_a_server_the_correcting_wrapper_runs_with_that_choice_alone(
    service: ContainerService, runner: InProcess, remote: RemoteSession
) -> None:
    told = set_on_server(service, PROJECT, remote, Wish({"t2": "7"}), pace=SWIFT)
    assert told.chosen["T2"] == "7"
    assert [word for word in runner.lines[-1] if word.startswith(("--t", "--pet", "--ct"))] == ["--t2=7"]
    newest = service.containers(PROJECT)[0]
    wrappers = {w.id: w.name for command in service.commands() for w in command.wrappers}
    assert wrappers[newest.wrapper_id] == "sarcoma-series-roles-correct"


def test_on_a_server_earlier_choices_can_be_forgotten(
    service: ContainerService, remote: RemoteSession
) -> None:
    set_on_server(service, PROJECT, remote, Wish({"t2": "7"}), pace=SWIFT)
    told = set_on_server(service, PROJECT, remote, Wish({}, forget=True), pace=SWIFT)
    assert told.choices == {}


@pytest.mark.parametrize("series", ["99", "7 echo1"])
def test_on_a_server_what_is_no_whole_scan_is_refused_before_anything_is_launched(
    service: ContainerService, runner: InProcess, remote: RemoteSession, series: str
) -> None:
    launched = len(runner.lines)
    with pytest.raises(UsageError, match="--t2: must be a"):
        set_on_server(service, PROJECT, remote, Wish({"t2": series}), pace=SWIFT)
    assert len(runner.lines) == launched


def test_the_only_scan_of_a_session_can_be_chosen_by_command(
    service: ContainerService, runner: InProcess, remote: RemoteSession, told: Archive
) -> None:
    session = next(s for s in told.sessions(PROJECT) if s.label == remote.label)
    assert session.scans
    service.connection.delete(f"/data/experiments/{remote.id}/scans/4", {"removeFiles": "true"})
    chosen = set_on_server(service, PROJECT, remote, Wish({"t1": "7"}), pace=SWIFT)
    assert chosen.choices == {"T1": "7"}
    assert [word for word in runner.lines[-1] if word.startswith("--t")] == ["--t1=7"]


def test_a_step_whose_correcting_wrapper_is_off_is_refused_with_the_command_that_enables_it(
    service: ContainerService, remote: RemoteSession
) -> None:
    [wrapper] = (w for c in service.commands() for w in c.wrappers if w.name.endswith("-correct"))
    service.set_enabled(wrapper.id, False)
    try:
        with pytest.raises(UsageError, match="must be enabled") as caught:
            set_on_server(service, PROJECT, remote, Wish({"t1": "7"}), pace=SWIFT)
        assert caught.value.hint == f"Enable it: sarcoma xnat enable series-roles --project {PROJECT}"
    finally:
        service.set_enabled(wrapper.id, True)


def test_everything_but_a_choice_takes_the_automatic_wrapper_also_where_only_the_other_is_on(
    service: ContainerService,
) -> None:
    [automatic] = stages(service, PROJECT, ("series-roles",), {})
    [correcting] = stages(service, PROJECT, ("series-roles",), {}, choices={"t1": "7"})
    assert (automatic.wrapper, correcting.wrapper) == (
        "sarcoma-series-roles-session",
        "sarcoma-series-roles-correct",
    )
    assert not [name for name in automatic.values if name.endswith("-scan")]
    service.set_enabled(automatic.wrapper_id, False)
    try:
        with pytest.raises(UsageError, match="must be enabled"):
            stages(service, PROJECT, ("series-roles",), {})
    finally:
        service.set_enabled(automatic.wrapper_id, True)


def test_a_step_that_fails_on_the_server_is_told_with_its_reason(
    service: ContainerService, runner: InProcess, remote: RemoteSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "run", lambda *_, **__: Ended(1, "", "error: it broke.\n"))
    with pytest.raises(RunError, match="series-roles failed: it broke"):
        set_on_server(service, PROJECT, remote, Wish({"t2": "7"}), pace=SWIFT)


def test_a_launch_that_was_answered_without_a_workflow_is_found(
    service: ContainerService, remote: RemoteSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    launch = service.launch
    monkeypatch.setattr(service, "launch", lambda *words: replace(launch(*words), workflow_id=TO_BE_ASSIGNED))
    told = set_on_server(service, PROJECT, remote, Wish({"t2": "7"}), pace=SWIFT)
    assert told.choices["T2"] == "7"


def test_a_launch_of_which_no_workflow_appears_is_given_up(
    service: ContainerService, remote: RemoteSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "launch", lambda *_: Launched(TO_BE_ASSIGNED))
    waited: list[float] = []
    pace = replace(SWIFT, first=1.0, longest=8.0, lost_after=20.0)
    with pytest.raises(RunError, match="no workflow of it appeared"):
        set_on_server(service, PROJECT, remote, Wish({"t2": "7"}), pace=pace, sleep=waited.append)
    assert 20.0 <= sum(waited) <= 28.0
    assert waited == sorted(waited)


def test_roles_json_says_what_persons_chose(archive: Archive, session: Session) -> None:
    choose(archive, session, t2="7")
    document = json.loads((session.resource(ROLES_LABEL) / "roles.json").read_text())
    assert document["choices"] == {"T2": "7"}
