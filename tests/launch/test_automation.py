"""Automation against a stand-in: what it makes, that it works, that twice is once, and its refusals."""

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest

from sarcoma_core.archive.importing import import_folder
from sarcoma_core.archive.store import Archive
from sarcoma_core.chains import CHAINS
from sarcoma_core.cli import main
from sarcoma_core.errors import UsageError
from sarcoma_core.interface import Level
from sarcoma_core.launch.automation import (
    AutomationPart,
    Wanted,
    automations,
    carry_out,
    plan,
    removal,
    remove,
)
from sarcoma_core.standin.objects.access import set_member
from sarcoma_core.standin.objects.tree import Change
from sarcoma_core.standin.server import StandIn, StandInSettings
from sarcoma_core.standin.serving import serving
from sarcoma_core.steps import step_named
from sarcoma_core.xnat.command.declaring import command_for, wrapper_name
from sarcoma_core.xnat.rest.connection import Connection, Login, ServerError
from sarcoma_core.xnat.rest.filing import put_resource_file
from sarcoma_core.xnat.rest.remote import RemoteTarget
from sarcoma_core.xnat.rest.service import ContainerService
from tests.standin.noting import NotingRunner

PROJECT, ADMIN, OWNER, SECRET = "STS", "admin", "owner", "a password of tests"
PREPARE = Wanted("prepare", PROJECT)
PATIENCE = 20.0


@dataclass(frozen=True)
class Site:
    """A server with our steps installed and enabled, its Event Service on."""

    server: StandIn
    runner: NotingRunner
    url: str
    admin: Connection
    owner: Connection

    def wrapper(self, step: str, level: Level = "session") -> int:
        (found,) = ContainerService(self.admin).commands(f"sarcoma-{step}")
        name = wrapper_name(step_named(step), level)
        return next(wrapper.id for wrapper in found.wrappers if wrapper.name == name)

    def archive(self) -> None:
        """Tell of a session, as an import does."""
        session = self.server.archive.sessions(PROJECT)[0]
        self.server.tree.tell(Change("SessionEvent", "CREATED", session))

    def ran(self, count: int) -> list[str]:
        """Names of the commands that ran, once so many have."""
        until = time.monotonic() + PATIENCE
        while len(self.runner.ran) < count and time.monotonic() < until:
            time.sleep(0.02)
        return [each.name for each in self.runner.ran]


@pytest.fixture(scope="module")
def base(cohort: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder, export = tmp_path_factory.mktemp("automated"), tmp_path_factory.mktemp("one") / "export"
    shutil.copytree(next(iter(sorted(cohort.iterdir()))), export)
    import_folder(Archive(folder), PROJECT, export)
    runner = NotingRunner()
    server = StandIn(StandInSettings(folder, login=ADMIN, password=SECRET), runner)
    server.users.add(OWNER, SECRET)
    set_member(server.documents, PROJECT, OWNER, "Owners")
    with (
        serving(server) as url,
        Connection(Login(url, ADMIN, SECRET)) as admin,
        Connection(Login(url, OWNER, SECRET)) as owner,
    ):
        service = ContainerService(admin)
        for step in CHAINS["prepare"]:
            service.add(command_for(step_named(step)).to_json())
        yield Site(server, runner, url, admin, owner)


@pytest.fixture
def site(base: Site) -> Site:
    """Nothing automated, everything enabled, the service on."""
    admin, service = base.admin, ContainerService(base.admin)
    admin.put("/xapi/events/prefs", json={"enabled": True})
    for found in admin.get("/xapi/events/subscriptions").json():
        admin.delete(f"/xapi/events/subscription/{found['id']}")
    for found in admin.get("/xapi/orchestration").json():
        admin.delete(f"/xapi/orchestration/{found['id']}")
    for step in CHAINS["prepare"]:
        for project in (None, PROJECT):
            service.set_enabled(base.wrapper(step), True, project)
    base.runner.ran.clear()
    return base


def automate(
    connection: Connection, wanted: Wanted = PREPARE, *, enable: bool = False
) -> tuple[AutomationPart, ...]:
    return carry_out(connection, plan(connection, wanted, enable=enable))


def changes(connection: Connection, wanted: Wanted = PREPARE) -> list[tuple[str, str]]:
    return [(part.part, part.change) for part in plan(connection, wanted).parts]


def test_a_chain_is_one_orchestration_and_one_subscription_to_its_first_step(site: Site) -> None:
    automate(site.admin)
    (subscription,) = site.admin.get("/xapi/events/subscriptions").json()
    (orchestration,) = site.admin.get("/xapi/orchestration").json()
    steps = [site.wrapper(step) for step in CHAINS["prepare"]]
    assert orchestration["wrapperIds"] == steps
    assert subscription["action-key"].endswith(f":{steps[0]}")
    assert subscription["event-filter"]["project-ids"] == [PROJECT]
    chosen = site.admin.get(f"/xapi/orchestration/project/{PROJECT}").json()["selectedOrchestrationId"]
    assert chosen == orchestration["id"]


def test_an_archived_session_then_goes_through_the_whole_chain(site: Site) -> None:
    automate(site.admin)
    site.archive()
    steps = CHAINS["prepare"]
    assert site.ran(len(steps)) == [f"sarcoma-{step}" for step in steps]


def test_the_same_automation_twice_changes_nothing(site: Site) -> None:
    made = automate(site.admin)
    planned = plan(site.admin, PREPARE)
    assert not planned.changes
    assert carry_out(site.admin, planned)[-1].id == made[-1].id
    assert len(site.admin.get("/xapi/events/subscriptions").json()) == 1
    assert len(site.admin.get("/xapi/orchestration").json()) == 1


def test_a_plan_alone_changes_nothing(site: Site) -> None:
    assert changes(site.admin) == [
        ("event service", "unchanged"),
        ("orchestration", "create"),
        ("orchestration", "choose"),
        ("subscription", "create"),
    ]
    assert site.admin.get("/xapi/events/subscriptions").json() == []
    assert site.admin.get("/xapi/orchestration").json() == []


def test_a_single_step_needs_no_orchestration(site: Site) -> None:
    automate(site.owner, Wanted("bias-field", PROJECT))
    assert site.admin.get("/xapi/orchestration").json() == []
    site.archive()
    assert site.ran(1) == ["sarcoma-bias-field"]


def test_what_was_changed_by_hand_is_put_right(site: Site) -> None:
    made = automate(site.admin)
    site.admin.post(f"/xapi/events/subscription/{made[-1].id}/deactivate")
    site.admin.delete(f"/xapi/orchestration/project/{PROJECT}")
    assert changes(site.admin) == [
        ("event service", "unchanged"),
        ("orchestration", "choose"),
        ("subscription", "update"),
    ]
    automate(site.admin)
    assert not plan(site.admin, PREPARE).changes


def test_a_filter_reaches_the_server(site: Site) -> None:
    wanted = Wanted("convert", PROJECT, payload_filter="(@.xsiType=='xnat:petSessionData')")
    automate(site.admin, wanted)
    assert not plan(site.admin, wanted).changes
    assert plan(site.admin, Wanted("convert", PROJECT)).changes
    (found,) = site.admin.get("/xapi/events/subscriptions").json()
    assert found["event-filter"]["payload-filter"] == "(@.xsiType=='xnat:petSessionData')"


def test_a_service_that_is_off_is_refused_and_only_turned_on_when_told(site: Site) -> None:
    site.admin.put("/xapi/events/prefs", json={"enabled": False})
    for connection in (site.admin, site.owner):
        with pytest.raises(UsageError, match="Event Service of this server is off"):
            plan(connection, PREPARE)
    automate(site.admin, enable=True)
    assert site.admin.get("/xapi/events/prefs").json()["enabled"] is True


def test_only_an_administrator_can_turn_it_on(site: Site) -> None:
    site.admin.put("/xapi/events/prefs", json={"enabled": False})
    with pytest.raises(UsageError, match="must be given by a site administrator"):
        automate(site.owner, Wanted("convert", PROJECT), enable=True)
    assert site.admin.get("/xapi/events/prefs").json()["enabled"] is False


def test_an_owner_may_use_what_a_manager_has_made(site: Site) -> None:
    with pytest.raises(UsageError, match="made once by a manager"):
        plan(site.owner, PREPARE)
    automate(site.admin)
    remove(site.admin, removal(site.admin, int(automations(site.admin)[0].id), PROJECT))
    parts = automate(site.owner)
    assert [part.change for part in parts] == ["unchanged", "choose", "create"]


def test_who_does_not_own_the_project_is_refused(site: Site) -> None:
    site.server.users.add("member", SECRET)
    set_member(site.server.documents, PROJECT, "member", "Members")
    with Connection(Login(site.url, "member", SECRET)) as member, pytest.raises(ServerError) as refused:
        plan(member, PREPARE)
    assert refused.value.status == 403


def test_a_step_that_is_not_enabled_is_refused_with_what_to_do(site: Site) -> None:
    ContainerService(site.admin).set_enabled(site.wrapper("normalise"), False, PROJECT)
    with pytest.raises(UsageError, match="normalise") as refused:
        plan(site.admin, PREPARE)
    assert "sarcoma xnat" in refused.value.hint


def test_an_event_of_a_session_never_launches_the_wrapper_of_a_scan(site: Site) -> None:
    """Not even where that is the only one that is on."""
    service = ContainerService(site.admin)
    for project in (None, PROJECT):
        service.set_enabled(site.wrapper("convert", "scan"), True, project)
    assert plan(site.admin, PREPARE).wrapper_ids[0] == site.wrapper("convert", "session")
    service.set_enabled(site.wrapper("convert", "session"), False)
    with pytest.raises(UsageError, match="convert") as refused:
        plan(site.admin, Wanted("convert", PROJECT))
    assert f"sarcoma xnat enable convert --project {PROJECT}" in refused.value.hint
    service.set_enabled(site.wrapper("convert", "scan"), False)


@pytest.mark.parametrize("what", ["cohort", "prepare-and-freeze"])
def test_a_step_that_is_not_on_sessions_is_refused(
    site: Site, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setitem(cast("dict[str, object]", CHAINS), "prepare-and-freeze", ("convert", "cohort"))
    with pytest.raises(UsageError, match="must be a step on sessions; cohort is launched on projects") as no:
        plan(site.admin, Wanted(what, PROJECT))
    assert f"sarcoma xnat launch cohort --project {PROJECT}" in no.value.hint
    assert automations(site.admin) == ()


def test_a_chain_whose_asset_the_project_lacks_or_has_twice_is_refused(site: Site) -> None:
    """A server passes no step by, and chooses nothing: its orchestration would end there."""
    read = Wanted("read", PROJECT)
    service = ContainerService(site.admin)
    for step in CHAINS["read"]:
        if step not in CHAINS["prepare"]:
            wrapper = service.command(service.add(command_for(step_named(step)).to_json())).wrappers[0]
            for project in (None, PROJECT):
                service.set_enabled(wrapper.id, True, project)
    with pytest.raises(UsageError, match=r"has no resource MODEL_SEG_\*.*, which segment reads") as no:
        plan(site.admin, read)
    assert f"sarcoma models add DIR --project {PROJECT} --write" in no.value.hint
    model = RemoteTarget("project", PROJECT, PROJECT)
    put_resource_file(site.admin, model, "MODEL_SEG_A", "config.json", b"{}")
    assert len(plan(site.admin, read).wrapper_ids) == len(CHAINS["read"]) - 1  # nothing to predict with
    put_resource_file(site.admin, model, "MODEL_PROG_A", "config.json", b"{}")
    assert len(plan(site.admin, read).wrapper_ids) == len(CHAINS["read"])
    site.admin.put(f"/data/projects/{PROJECT}/resources/MODEL_SEG_B")
    with pytest.raises(UsageError, match="could be MODEL_SEG_A or MODEL_SEG_B of project") as no:
        plan(site.admin, read)
    assert "empty ones as well" in no.value.hint
    for label in ("MODEL_SEG_A", "MODEL_SEG_B", "MODEL_PROG_A"):
        site.admin.delete(f"/data/projects/{PROJECT}/resources/{label}", {"removeFiles": "true"})


def test_an_orchestration_that_was_disabled_is_turned_on_again(site: Site) -> None:
    """As after a new version and a roll-back: its name is taken."""
    number = automate(site.admin)[1].id
    for on in (False, True):
        ContainerService(site.admin).set_enabled(site.wrapper("report"), on)
    assert changes(site.admin)[1:3] == [("orchestration", "turn on"), ("orchestration", "choose")]
    with pytest.raises(UsageError, match="made once by a manager"):
        plan(site.owner, PREPARE)
    assert automate(site.admin)[1].id == number
    assert not plan(site.admin, PREPARE).changes
    site.archive()
    assert site.ran(4)[:4] == [f"sarcoma-{step}" for step in CHAINS["prepare"][:4]]


def test_an_orchestration_of_somebody_else_is_left_alone(site: Site) -> None:
    wrappers = [site.wrapper("convert"), site.wrapper("report")]
    made = site.admin.post("/xapi/orchestration", json={"name": "theirs", "wrapperIds": wrappers}).json()
    path = f"/xapi/orchestration/project/{PROJECT}"
    site.admin.put(path, query={"orchestrationId": str(made["id"])})
    with pytest.raises(UsageError, match="has only one"):
        plan(site.admin, PREPARE)
    assert site.admin.get(path).json()["selectedOrchestrationId"] == made["id"]


def test_an_earlier_orchestration_of_ours_makes_way(site: Site) -> None:
    """As after a new version, whose wrappers are others."""
    wrappers = [site.wrapper("report"), site.wrapper("convert")]
    made = site.admin.post(
        "/xapi/orchestration", json={"name": "sarcoma prepare 98-99", "wrapperIds": wrappers}
    )
    path = f"/xapi/orchestration/project/{PROJECT}"
    site.admin.put(path, query={"orchestrationId": str(made.json()["id"])})
    automate(site.admin)
    assert not plan(site.admin, PREPARE).changes
    site.archive()
    assert site.ran(len(CHAINS["prepare"]))[0] == "sarcoma-convert"


def test_a_listing_names_every_step_that_will_run(site: Site) -> None:
    automate(site.admin)
    (row,) = automations(site.owner, PROJECT)
    assert (row.project, row.occasion, row.active, row.owner) == (PROJECT, "session-archived", True, ADMIN)
    (row,) = automations(site.admin)
    assert row.launches.split(", ") == [f"sarcoma-{step}-session" for step in CHAINS["prepare"]]
    assert not row.problem


def test_a_listing_tells_an_automation_that_can_no_longer_work(site: Site) -> None:
    automate(site.admin)
    ContainerService(site.admin).set_enabled(site.wrapper("convert"), False, PROJECT)
    (row,) = automations(site.admin)
    assert row.problem.startswith("Could not validate Action")


def test_removal_takes_away_what_automation_made_and_no_more(site: Site) -> None:
    automate(site.admin)
    keep = automate(site.admin, Wanted("report", PROJECT))
    number = next(row.id for row in automations(site.admin) if row.name == PREPARE.name)
    found = removal(site.admin, number)
    assert [part.part for part in found.parts] == ["subscription", "orchestration"]
    remove(site.admin, found)
    assert [str(row.id) for row in automations(site.admin)] == [keep[-1].id]
    chosen = site.admin.get(f"/xapi/orchestration/project/{PROJECT}").json()["selectedOrchestrationId"]
    assert chosen is None
    site.archive()
    assert site.ran(1) == ["sarcoma-report"]


def test_an_unknown_number_is_not_removed(site: Site) -> None:
    with pytest.raises(UsageError, match="--remove"):
        removal(site.admin, 999)


@pytest.fixture
def shell(site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    """The administrator's environment."""
    for name, value in (("XNAT_HOST", site.url), ("XNAT_USER", ADMIN), ("XNAT_PASS", SECRET)):
        monkeypatch.setenv(name, value)
    return site


def test_on_the_command_line_a_dry_run_shows_and_changes_nothing(
    shell: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["xnat", "automate", "prepare", "--project", PROJECT, "--on", "session-archived"]
    assert main([*words, "--dry-run"]) == 0
    assert "dry run: nothing was changed" in capsys.readouterr().out
    assert automations(shell.admin) == ()
    assert main(words) == 0
    assert main(words) == 0
    assert "it was there already" in capsys.readouterr().out


def test_on_the_command_line_it_is_listed_and_removed_by_number(
    shell: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    automate(shell.admin, Wanted("convert", PROJECT))
    assert main(["xnat", "automate", "--list", "--project", PROJECT, "-q"]) == 0
    number = capsys.readouterr().out.strip()
    assert main(["xnat", "automate", "--remove", number]) == 2  # nobody can be asked
    assert len(automations(shell.admin)) == 1
    assert main(["xnat", "automate", "--remove", number, "--yes"]) == 0
    assert automations(shell.admin) == ()


@pytest.mark.parametrize(
    "words", [[], ["prepare"], ["prepare", "--project", PROJECT, "--list"], ["--list", "--remove", "1"]]
)
def test_on_the_command_line_exactly_one_thing_is_asked_for(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["xnat", "automate", *words]) == 2
    assert "must be given" in capsys.readouterr().err
