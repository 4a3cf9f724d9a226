"""Automations that a plan breaks: named where it does, with the command that makes them anew."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from sarcoma_core.chains import CHAINS
from sarcoma_core.launch.install.plan import Action
from sarcoma_core.launch.install.uses import Use, name_uses, read_uses
from sarcoma_core.standin.server import StandIn, StandInSettings
from sarcoma_core.standin.serving import serving
from sarcoma_core.steps import step_named
from sarcoma_core.xnat.command.declaring import command_for
from sarcoma_core.xnat.rest.connection import Connection, Login
from sarcoma_core.xnat.rest.event_service import EventService, SubscriptionRule
from sarcoma_core.xnat.rest.service import ContainerService
from tests.xnat.double import PASSWORD, Double, Reply, of_json, running

CHAIN = Use("orchestration", "o", frozenset({10, 20}), ("make it",))
FIRST = Use("subscription", "s", frozenset({10}), ("make it",))
FOREIGN = Use("subscription", "theirs", frozenset({20}))


def off(wrapper_id: int, project: str = "") -> Action:
    note = "2 takes its place"
    return Action("disable", "step", "1", wrapper_ids=(wrapper_id,), project=project, note=note)


def notes(plan: Sequence[Action], *uses: Use) -> list[str]:
    return [action.note for action in name_uses(plan, uses)]


def test_an_action_names_what_it_breaks_once_and_each_command_once() -> None:
    assert notes([off(10), off(20)], CHAIN, FIRST) == [
        "2 takes its place; used by orchestration 'o', subscription 's'; make anew: make it",
        "2 takes its place",
    ]


def test_what_automate_cannot_make_is_made_in_xnat() -> None:
    (note,) = notes([off(20)], CHAIN, FOREIGN)
    assert note.endswith("make anew: make it; in XNAT ('theirs')")


def test_only_switching_off_for_the_site_breaks_anything() -> None:
    plan = [off(10, "P"), Action("enable", "step", "1", wrapper_ids=(10,), note="2 takes its place")]
    assert notes(plan, CHAIN, FIRST) == ["2 takes its place"] * 2
    assert notes([off(30)], CHAIN, FIRST, FOREIGN) == ["2 takes its place"]


class Site:
    """A server with a chain's steps on in projects P and Q, its Event Service on."""

    def __init__(self, connection: Connection) -> None:
        self.service, self.events = ContainerService(connection), EventService(connection)
        self.wrappers: dict[str, int] = {}
        for project in ("P", "Q"):
            connection.put(f"/data/projects/{project}")
        for step in CHAINS["prepare"]:
            number = self.service.add(command_for(step_named(step)).to_json())
            wrapper = self.wrappers[step] = self.service.command(number).wrappers[0].id
            for place in (None, "P", "Q"):
                self.service.set_enabled(wrapper, on=True, project=place)
        self.events.turn_on()

    def subscribe(self, step: str, project: str, name: str, **changes: Any) -> None:
        told = {"event": "SessionEvent", "status": "CREATED", **changes}
        self.events.subscribe(SubscriptionRule(name, self.wrappers[step], project=project, **told))

    def orchestrate(self, *steps: str, name: str = "o", projects: Sequence[str] = ()) -> None:
        number = self.events.orchestrate(name, tuple(self.wrappers[step] for step in steps))
        for project in projects:
            self.events.choose(project, number)

    def uses(self, *steps: str) -> list[tuple[str, tuple[str, ...]]]:
        """What is named when these steps are switched off: the name and the commands of each."""
        return [
            (use.name, use.again)
            for use in read_uses(self.service, [off(self.wrappers[step]) for step in steps])
        ]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    settings = StandInSettings(tmp_path_factory.mktemp("standin"), login="mary", password=PASSWORD)
    with serving(StandIn(settings)) as url, Connection(Login(url, "mary", PASSWORD)) as connection:
        yield Site(connection)


@pytest.fixture
def site(base: Site) -> Iterator[Site]:
    yield base
    for each in base.events.subscriptions():
        base.events.unsubscribe(each.id)
    for found in base.events.orchestrations() or ():
        base.service.connection.delete(f"/xapi/orchestration/{found.id}")


def automate(what: str, project: str, on: str = "session-archived") -> str:
    return f"sarcoma xnat automate {what} --project {project} --on {on}"


def test_a_chain_is_made_anew_in_each_project_that_chose_it(site: Site) -> None:
    site.orchestrate(*CHAINS["prepare"], projects=("P", "Q"))
    assert site.uses("normalise") == [("o", (automate("prepare", "P"), automate("prepare", "Q")))]


def test_an_orchestration_that_nobody_is_seen_to_have_chosen_is_named_too(site: Site) -> None:
    site.orchestrate(*CHAINS["prepare"])
    assert site.uses("normalise") == [("o", (automate("prepare", "PROJECT"),))]


def test_a_chain_is_made_anew_as_its_subscription_says(site: Site) -> None:
    site.orchestrate(*CHAINS["prepare"], projects=("P",))
    site.subscribe("convert", "P", "s", status="UPDATED", payload_filter="(@.xsiType=='xnat:mrSessionData')")
    (chain, *_), (subscription, *_) = (dict(site.uses(step)).values() for step in ("report", "convert"))
    assert chain == subscription
    assert chain == (
        automate("prepare", "P", "session-updated")
        + """ --filter '(@.xsiType=='"'"'xnat:mrSessionData'"'"')'""",
    )


def test_a_single_step_is_made_anew_alone(site: Site) -> None:
    site.subscribe("bias-field", "Q", "theirs")
    assert site.uses("bias-field", "convert") == [("theirs", (automate("bias-field", "Q"),))]


def test_a_chain_whose_orchestration_is_gone_is_known_by_its_name(site: Site) -> None:
    """As after an install that broke off."""
    name = "sarcoma prepare on session-archived in P"
    site.subscribe("convert", "P", name)
    assert site.uses("convert") == [(name, (automate("prepare", "P"),))]


def test_what_is_not_automates_own_kind_has_no_command(site: Site) -> None:
    site.orchestrate("report", "convert", projects=("P",))
    site.subscribe("normalise", "P", "on deletion", status="DELETED")
    assert site.uses("report", "normalise") == [("o", ()), ("on deletion", ())]


def test_what_does_not_use_it_or_is_off_already_is_not_named(site: Site) -> None:
    site.orchestrate("convert", "report", projects=("P",))
    site.subscribe("convert", "P", "s")
    assert site.uses("bias-field") == []
    (found,) = site.events.subscriptions()
    site.service.connection.post(f"/xapi/events/subscription/{found.id}/deactivate")
    (orchestration,) = site.events.orchestrations() or ()
    site.service.connection.put(f"/xapi/orchestration/{orchestration.id}/enabled/false")
    assert site.uses("convert") == []


def test_who_is_no_administrator_sees_the_own_projects(site: Site) -> None:
    site.subscribe("convert", "P", "in P")
    site.subscribe("convert", "Q", "in Q")
    connection = site.service.connection
    connection.post("/xapi/users", json={"username": "otto", "password": "pw"})
    for role in ("ContainerManager", "Privileged"):
        connection.put(f"/xapi/users/otto/roles/{role}")
    connection.put("/data/projects/P/users/Owners/otto")
    with Connection(Login(connection.server, "otto", "pw")) as otto:
        found = read_uses(ContainerService(otto), [off(site.wrappers["convert"])])
    assert [use.name for use in found] == ["in P"]


@pytest.fixture
def double() -> Iterator[Double]:
    with running() as server:
        yield server


@pytest.mark.parametrize("status", [403, 404, 405])
def test_a_server_that_tells_nothing_stands_in_no_installs_way(double: Double, status: int) -> None:
    double.answer("GET", "/data/projects", of_json({"ResultSet": {"Result": [{"ID": "P"}]}}))
    double.answer("GET", "/xapi/commands", of_json([]))
    for path in ("orchestration", "events/subscriptions", "projects/P/events/subscriptions"):
        double.answer("GET", f"/xapi/{path}", Reply(status, b""))
    with Connection(Login(double.url, "mary", PASSWORD)) as connection:
        assert read_uses(ContainerService(connection), [off(1)]) == ()


def test_a_plan_that_switches_nothing_off_asks_nothing(double: Double) -> None:
    with Connection(Login(double.url, "mary", PASSWORD)) as connection:
        assert read_uses(ContainerService(connection), [off(1, "P")]) == ()
