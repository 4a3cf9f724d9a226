"""The Event Service and orchestrations: what an event really launches, and the service's refusals."""

import shutil
import time
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from threading import current_thread
from typing import Any

import pytest

from sarcoma_core.standin.containers.records import PersistentWorkflow
from sarcoma_core.standin.objects.access import set_member
from sarcoma_core.standin.objects.tree import Change
from sarcoma_core.standin.server import StandIn, StandInSettings
from sarcoma_core.standin.serving import serving
from sarcoma_core.xnat.rest.connection import Answer, Connection, Login
from sarcoma_core.xnat.rest.service import ContainerService
from tests.standin.conftest import LOGIN, PASSWORD, PROJECT
from tests.standin.noting import STEPS, NotingRunner, command

OWNER, MEMBER, SECRET = "owner", "member", "a password of two others"
PROVIDER = "org.nrg.containers.services.CommandActionProvider"
SESSION_EVENT = "org.nrg.xnat.eventservice.events.SessionEvent"
REFUSED = (400, 401, 403, 404, 405, 424, 500)
PATIENCE = 10.0


@dataclass(frozen=True)
class Site:
    """A server with three enabled commands, and the ways in."""

    server: StandIn
    runner: NotingRunner
    admin: Connection
    owner: Connection
    member: Connection
    wrappers: Mapping[str, int]

    def archive(self, status: str = "CREATED") -> str:
        """Tell of a session, as an import does; gives its accession id."""
        session = self.server.archive.sessions(PROJECT)[0]
        self.server.tree.tell(Change("SessionEvent", status, session))  # type: ignore[arg-type]
        return session.id

    def settled(self) -> tuple[PersistentWorkflow, ...]:
        """All workflows, the oldest first, once nothing is under way and no event is unanswered."""
        until, calm = time.monotonic() + PATIENCE, 0
        while calm < 3 and time.monotonic() < until:
            self.server.events.wait()
            busy = any(not workflow.ended for workflow in self.server.launches.records.newest())
            calm = 0 if busy else calm + 1
            time.sleep(0.01)
        return tuple(reversed(tuple(self.server.launches.records.newest())))

    def subscribe(self, by: Connection | None = None, project: str = PROJECT, **changes: Any) -> Answer:
        scope = f"/projects/{project}" if project else ""
        body = subscription(self.wrappers["first"], **changes)
        return (by or self.admin).post(f"/xapi{scope}/events/subscription", json=body, accept=REFUSED)

    def orchestrate(self, *steps: str, project: str = PROJECT) -> int:
        body = {"name": "-".join(steps), "wrapperIds": [self.wrappers[step] for step in steps]}
        made = self.admin.post("/xapi/orchestration", json=body).json()
        self.admin.put(f"/xapi/orchestration/project/{project}", query={"orchestrationId": str(made["id"])})
        return int(made["id"])


def subscription(wrapper: int, **changes: Any) -> dict[str, Any]:
    """The body of section B7, with other values."""
    filters = {
        "event-type": SESSION_EVENT,
        "status": "CREATED",
        "project-ids": [PROJECT],
        **changes.pop("event_filter", {}),
    }
    return {
        "name": "n",
        "active": True,
        "act-as-event-user": False,
        "action-key": f"{PROVIDER}:{wrapper}",
        "attributes": {},
        "event-filter": filters,
        **changes,
    }


@pytest.fixture(scope="module")
def base(imported: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("events") / "archive"
    shutil.copytree(imported, folder)
    runner = NotingRunner()
    server = StandIn(StandInSettings(folder, login=LOGIN, password=PASSWORD), runner)
    for login, group in ((OWNER, "Owners"), (MEMBER, "Members")):
        server.users.add(login, SECRET)
        set_member(server.documents, PROJECT, login, group)
    with serving(server) as url:
        logins = ((LOGIN, PASSWORD), (OWNER, SECRET), (MEMBER, SECRET))
        admin, owner, member = (Connection(Login(url, *login)) for login in logins)
        service, wrappers = ContainerService(admin), {}
        for name in STEPS:
            wrappers[name] = service.command(service.add(command(name))).wrappers[0].id
        yield Site(server, runner, admin, owner, member, wrappers)
        for connection in (admin, owner, member):
            connection.close()


@pytest.fixture
def site(base: Site) -> Iterator[Site]:
    """Enabled commands, the service on; nothing subscribed, nothing run before."""
    service = ContainerService(base.admin)
    for wrapper in base.wrappers.values():
        for project in (None, PROJECT):
            service.set_enabled(wrapper, True, project)
    base.admin.put("/xapi/events/prefs", json={"enabled": True})
    base.runner.ran.clear()
    base.runner.failing.clear()
    yield replace(base)
    base.settled()
    base.admin.put("/xapi/events/prefs", json={"enabled": True})
    for found in base.admin.get("/xapi/events/subscriptions").json():
        base.admin.delete(f"/xapi/events/subscription/{found['id']}")
    for found in base.admin.get("/xapi/orchestration").json():
        base.admin.delete(f"/xapi/orchestration/{found['id']}")


def ran(site: Site) -> list[str]:
    site.settled()
    return [each.name for each in site.runner.ran]


def test_the_service_is_off_on_a_fresh_install(imported: Path, tmp_path: Path) -> None:
    shutil.copytree(imported, tmp_path / "archive")
    server = StandIn(StandInSettings(tmp_path / "archive", login=LOGIN, password=PASSWORD), NotingRunner())
    with serving(server) as url, Connection(Login(url, LOGIN, PASSWORD)) as admin:
        assert admin.get("/xapi/events/prefs").json()["enabled"] is False
        answer = admin.post("/xapi/events/subscription", json=subscription(1), accept=REFUSED)
    assert (answer.status, answer.text) == (405, "Event Service disabled.")


def test_an_archived_session_launches_what_subscribes_to_it(site: Site) -> None:
    answer = site.subscribe(name="prepare it", attributes={"word": "told"})
    assert answer.status == 201
    assert answer.text.startswith("prepare it:")
    session = site.archive()
    (workflow, *_) = reversed(site.settled())
    assert (workflow.status, workflow.session, workflow.project, workflow.login) == (
        "Complete", session, PROJECT, "admin",
    )  # fmt: skip
    assert site.runner.ran == [("first", "first told")]
    kept = site.server.archive.session(PROJECT, session).resource("FIRST")
    assert (kept / "note.txt").read_text() == "first"


def test_a_session_that_is_imported_over_rest_launches_it(site: Site, cohort: Path, tmp_path: Path) -> None:
    """The whole way: a zip of DICOM, the archive, the event, the container, its resource."""
    assert site.subscribe().status == 201
    scan = sorted(cohort.rglob("*.dcm"))[:3]
    with zipfile.ZipFile(tmp_path / "one.zip", "w") as packed:
        for file in scan:
            packed.write(file, file.name)
    query = {"dest": "/archive", "project": PROJECT, "subject": "NEW", "session": "NEW_MR"}
    with (tmp_path / "one.zip").open("rb") as body:
        site.admin.post("/data/services/import", data=body, query=query, content_type="application/zip")
    assert ran(site) == ["first"]
    session = site.server.archive.session(PROJECT, "NEW_MR")
    assert (session.resource("FIRST") / "note.txt").read_text() == "first"
    site.server.tree.remove_session(session)


def test_nothing_is_launched_in_the_thread_that_caused_the_event(site: Site) -> None:
    threads = list[str]()
    launch = site.server.launches.launch

    def noted(*arguments: Any, **named: Any) -> str | None:
        threads.append(current_thread().name)
        return launch(*arguments, **named)

    site.server.launches.launch = noted  # type: ignore[method-assign]
    try:
        site.subscribe()
        site.archive()
        site.settled()
    finally:
        del site.server.launches.launch
    assert len(threads) == 1
    assert threads[0] != current_thread().name


def test_an_event_of_another_status_launches_nothing(site: Site) -> None:
    site.subscribe(event_filter={"status": "UPDATED"})
    site.archive()
    assert ran(site) == []
    site.archive("UPDATED")
    assert ran(site) == ["first"]


def test_a_filter_on_another_project_launches_nothing(site: Site) -> None:
    site.subscribe(project="", event_filter={"project-ids": []}, name="everywhere")
    other = {"project-ids": ["OTHER"]}
    assert site.subscribe(project="", event_filter=other, name="elsewhere").status == 424
    site.archive()
    assert ran(site) == ["first"]


@pytest.mark.parametrize(("projects", "passed"), [([], None), ([PROJECT], PROJECT), ([PROJECT, "Q"], None)])
def test_only_a_filter_on_one_project_passes_the_project_on(
    site: Site, projects: list[str], passed: str | None
) -> None:
    ContainerService(site.admin).set_enabled(site.wrappers["first"], True, "Q")
    assert site.subscribe(project="", event_filter={"project-ids": projects}).status == 201
    asked = list[str | None]()
    launch = site.server.launches.launch

    def noted(user: Any, project: str | None, wrapper: int, values: Any) -> str | None:
        asked.append(project)
        return launch(user, project, wrapper, values)

    site.server.launches.launch = noted  # type: ignore[method-assign, assignment]
    try:
        site.archive()
        site.settled()
    finally:
        del site.server.launches.launch
    assert asked == [passed]


@pytest.mark.parametrize(
    ("predicate", "launched"),
    [
        ("(@.xsiType=='xnat:mrSessionData')", ["first"]),
        ("(@.xsiType=='xnat:petSessionData')", []),
        ("@.label =~ /.*PHANTOM.*/ && @.xsiType != 'xnat:ctSessionData'", ["first"]),
    ],
)
def test_a_payload_filter_is_asked_about_the_session(site: Site, predicate: str, launched: list[str]) -> None:
    assert site.subscribe(event_filter={"payload-filter": predicate}).status == 201
    site.archive()
    assert ran(site) == launched


def test_a_subscription_that_is_not_active_launches_nothing_until_it_is(site: Site) -> None:
    number = site.subscribe().text.rpartition(":")[2]
    site.admin.post(f"/xapi/events/subscription/{number}/deactivate")
    site.archive()
    assert ran(site) == []
    site.admin.post(f"/xapi/events/subscription/{number}/activate")
    site.archive()
    assert ran(site) == ["first"]


def test_a_service_that_is_turned_off_launches_nothing_and_shows_nothing(site: Site) -> None:
    number = site.subscribe().text.rpartition(":")[2]
    site.admin.put("/xapi/events/prefs", json={"enabled": False})
    site.archive()
    assert ran(site) == []
    assert site.admin.get("/xapi/events/subscriptions").json() == []
    assert site.admin.get(f"/xapi/events/subscription/{number}", accept=REFUSED).status == 405


def test_a_wrapper_that_is_switched_off_makes_the_subscription_invalid(site: Site) -> None:
    number = site.subscribe().text.rpartition(":")[2]
    assert site.admin.get(f"/xapi/events/subscription/{number}").json()["valid"] is True
    ContainerService(site.admin).set_enabled(site.wrappers["first"], False, PROJECT)
    told = site.admin.get(f"/xapi/events/subscription/{number}").json()
    assert told["valid"] is False
    assert told["validation-message"].startswith("Could not validate Action")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"action-key": f"{PROVIDER}:9999"}, "Could not validate Action"),
        ({"action-key": "some.other.Provider:1"}, "Could not load Action Provider for key"),
        ({"event_filter": {"event-type": "some.other.Event"}}, "Could not load Event class"),
        ({"event_filter": {"payload-filter": "$[?(@.id)]"}}, "Could not compile jsonPath filter"),
        ({"event_filter": {"payload-filter": "@.id == 'never closed"}}, "Could not compile jsonPath filter"),
    ],
)
def test_a_subscription_that_could_never_work_is_refused(
    site: Site, changes: dict[str, Any], why: str
) -> None:
    answer = site.subscribe(**changes)
    assert answer.status == 424
    assert answer.text.startswith(f"Subscription format failed to validate.\n{why}")


def test_a_wrapper_that_is_not_enabled_cannot_be_subscribed(site: Site) -> None:
    ContainerService(site.admin).set_enabled(site.wrappers["first"], False, PROJECT)
    assert site.subscribe().status == 424


def test_a_name_is_given_once(site: Site) -> None:
    assert site.subscribe().status == 201
    assert site.subscribe().status == 500


def test_a_subscription_is_listed_changed_and_deleted(site: Site) -> None:
    number = int(site.subscribe().text.rpartition(":")[2])
    path = f"/xapi/events/subscription/{number}"
    site.admin.put(path, json={"attributes": {"word": "changed"}})
    (listed,) = site.admin.get("/xapi/events/subscriptions").json()
    assert (listed["id"], listed["name"], listed["subscription-owner"]) == (number, "n", "admin")
    assert (listed["attributes"], listed["event-filter"]["status"]) == ({"word": "changed"}, "CREATED")
    assert site.admin.delete(path).status == 204
    assert site.admin.get(path, accept=REFUSED).status == 404
    site.archive()
    assert ran(site) == []


def test_an_owner_subscribes_in_the_project_and_nowhere_else(site: Site) -> None:
    assert site.subscribe(site.owner, project="").status == 403
    assert site.subscribe(site.member).status == 403
    beyond = site.subscribe(site.owner, event_filter={"project-ids": []})
    assert (beyond.status, beyond.text) == (
        401,
        "Unauthorized.\nowner not authorized to modify subscriptions for project(s): Site",
    )
    assert site.subscribe(site.owner).status == 201
    (listed,) = site.owner.get(f"/xapi/projects/{PROJECT}/events/subscriptions").json()
    assert listed["editable"] is True
    site.archive()
    assert [workflow.login for workflow in site.settled()][-1] == OWNER


def test_who_changes_anothers_subscription_decides_only_what_the_own_name_launches(site: Site) -> None:
    number = site.subscribe(site.admin).text.rpartition(":")[2]
    path = f"/xapi/projects/{PROJECT}/events/subscription/{number}"
    site.owner.put(path, json={"action-key": f"{PROVIDER}:{site.wrappers['second']}"})
    (listed,) = site.admin.get("/xapi/events/subscriptions").json()
    assert listed["subscription-owner"] == OWNER
    site.admin.put(f"/xapi/events/subscription/{number}", json={"name": "by an administrator"})
    (listed,) = site.admin.get("/xapi/events/subscriptions").json()
    assert listed["subscription-owner"] == OWNER
    site.archive()
    assert ran(site) == ["second"]
    assert [workflow.login for workflow in site.settled()][-1] == OWNER


def test_a_subscription_of_the_site_is_no_owners(site: Site) -> None:
    number = site.subscribe(project="", event_filter={"project-ids": []}).text.rpartition(":")[2]
    (listed,) = site.owner.get(f"/xapi/projects/{PROJECT}/events/subscriptions").json()
    assert listed["editable"] is False
    path = f"/xapi/projects/{PROJECT}/events/subscription/{number}"
    assert site.owner.delete(path, accept=REFUSED).status == 401


def test_only_an_administrator_turns_the_service_on(site: Site) -> None:
    for connection in (site.owner, site.member):
        assert connection.put("/xapi/events/prefs", json={"enabled": True}, accept=REFUSED).status == 403


def test_actions_are_the_wrappers_that_are_enabled(site: Site) -> None:
    ContainerService(site.admin).set_enabled(site.wrappers["third"], False, PROJECT)
    told = site.owner.get(f"/xapi/projects/{PROJECT}/events/actions").json()
    assert {each["display-name"] for each in told} == {"first-session", "second-session"}
    assert told[0]["action-key"] == f"{PROVIDER}:{site.wrappers['first']}"
    assert SESSION_EVENT in {each["id"] for each in site.member.get("/xapi/events/events").json()}


def test_an_orchestration_runs_its_wrappers_one_after_the_other_on_one_session(site: Site) -> None:
    site.orchestrate("first", "second", "third")
    site.subscribe()
    session = site.archive()
    assert ran(site) == ["first", "second", "third"]
    last = site.settled()[-3:]
    assert [w.pipeline for w in last] == ["first-session", "second-session", "third-session"]
    assert {(w.session, w.status, w.login) for w in last} == {(session, "Complete", "admin")}
    starts, ends = [w.launched for w in last], [w.changed for w in last]
    assert all(start >= end for start, end in zip(starts[1:], ends, strict=False))


def test_a_launch_of_its_first_wrapper_by_hand_starts_it_too(site: Site) -> None:
    site.orchestrate("first", "second")
    session = site.server.archive.sessions(PROJECT)[0]
    uri = f"/archive/experiments/{session.id}"
    ContainerService(site.admin).launch(PROJECT, site.wrappers["first"], "session", {"session": uri})
    assert ran(site) == ["first", "second"]


def test_a_launch_of_a_later_wrapper_starts_nothing(site: Site) -> None:
    site.orchestrate("first", "second", "third")
    session = site.server.archive.sessions(PROJECT)[0]
    uri = f"/archive/experiments/{session.id}"
    ContainerService(site.admin).launch(PROJECT, site.wrappers["second"], "session", {"session": uri})
    assert ran(site) == ["second"]


def test_the_first_failure_ends_it(site: Site) -> None:
    site.runner.failing.add("second")
    site.orchestrate("first", "second", "third")
    site.subscribe()
    site.archive()
    assert ran(site) == ["first", "second"]
    assert site.settled()[-1].status.startswith("Failed")


def test_a_disabled_orchestration_starts_nothing_and_leaves_its_projects(site: Site) -> None:
    number = site.orchestrate("first", "second")
    site.admin.put(f"/xapi/orchestration/{number}/enabled/false")
    site.subscribe()
    site.archive()
    assert ran(site) == ["first"]
    path = f"/xapi/orchestration/project/{PROJECT}"
    assert site.owner.get(path).json()["selectedOrchestrationId"] is None
    again = site.admin.put(path, query={"orchestrationId": str(number)}, accept=REFUSED)
    assert (again.status, again.text.rpartition(") ")[2]) == (
        400,
        "cannot be added to a project because it is not enabled.",
    )


@pytest.mark.parametrize("step", ["first", "second"])
def test_a_wrapper_that_is_switched_off_for_the_site_disables_its_orchestrations(
    site: Site, step: str
) -> None:
    other, number = site.orchestrate("third", "first"), site.orchestrate("first", "second")
    service, path = ContainerService(site.admin), f"/xapi/orchestration/project/{PROJECT}"
    service.set_enabled(site.wrappers[step], False, PROJECT)
    service.set_enabled(site.wrappers[step], True, PROJECT)
    assert site.owner.get(path).json()["selectedOrchestrationId"] == number  # a project's switch does not
    service.set_enabled(site.wrappers[step], False)
    service.set_enabled(site.wrappers[step], True)
    assert site.owner.get(path).json()["selectedOrchestrationId"] is None
    enabled = {each["id"]: each["enabled"] for each in site.admin.get("/xapi/orchestration").json()}
    assert enabled == {number: False, other: step != "first"}
    session = site.server.archive.sessions(PROJECT)[0]
    uri = {"session": f"/archive/experiments/{session.id}"}
    service.launch(PROJECT, site.wrappers["first"], "session", uri)
    assert ran(site) == ["first"]


def test_a_project_has_one_orchestration(site: Site) -> None:
    site.orchestrate("first", "second")
    latest = site.orchestrate("first", "third")
    told = site.owner.get(f"/xapi/orchestration/project/{PROJECT}").json()
    assert told["selectedOrchestrationId"] == latest
    assert len(told["availableOrchestrations"]) == 2
    site.admin.delete(f"/xapi/orchestration/project/{PROJECT}")
    assert site.owner.get(f"/xapi/orchestration/project/{PROJECT}").json()["selectedOrchestrationId"] is None


def _post(site: Site, wrappers: list[int]) -> tuple[int, str]:
    body = {"name": "refused", "wrapperIds": wrappers}
    answer = site.admin.post("/xapi/orchestration", json=body, accept=REFUSED)
    return answer.status, answer.text


def test_an_orchestration_needs_two_enabled_wrappers_of_one_context(site: Site) -> None:
    first, second = site.wrappers["first"], site.wrappers["second"]
    assert _post(site, [first]) == (400, "Orchestration of fewer than two wrappers is not allowed")
    service = ContainerService(site.admin)
    service.set_enabled(second, False)
    assert _post(site, [first, second]) == (400, f"Wrapper {second} not enabled for site")
    of_scans = service.command(service.add(command("scans", "xnat:imageScanData"))).wrappers[0].id
    service.set_enabled(of_scans, True)
    assert _post(site, [first, of_scans]) == (400, "Wrappers must all have a common context")


def test_orchestrations_are_a_managers_and_the_choice_an_editors(site: Site) -> None:
    number = site.orchestrate("first", "second")
    assert site.owner.get("/xapi/orchestration", accept=REFUSED).status == 403
    assert site.owner.delete(f"/xapi/orchestration/{number}", accept=REFUSED).status == 403
    path = f"/xapi/orchestration/project/{PROJECT}"
    assert site.member.put(path, query={"orchestrationId": str(number)}).status == 200


def test_choosing_an_orchestration_enables_its_wrappers_in_the_project(site: Site) -> None:
    service = ContainerService(site.admin)
    service.set_enabled(site.wrappers["second"], False, PROJECT)
    site.orchestrate("first", "second")
    assert service.enabled(site.wrappers["second"], PROJECT)
