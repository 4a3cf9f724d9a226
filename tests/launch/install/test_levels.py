"""A step that is launched on several levels: its command has several wrappers; the laws hold for each."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from sarcoma_core import __version__
from sarcoma_core.errors import UsageError
from sarcoma_core.launch.install.installing import DONE, Installed, carry_out, listing, shipped_steps
from sarcoma_core.launch.install.plan import Action, plan_install, plan_rollback, plan_switch, plan_uninstall
from sarcoma_core.launch.install.reading import read_for_install, read_live
from sarcoma_core.launch.install.states import SITE
from sarcoma_core.launch.install.uses import read_uses
from sarcoma_core.steps import step_named
from sarcoma_core.xnat.command.declaring import command_for
from sarcoma_core.xnat.rest.connection import at
from sarcoma_core.xnat.rest.event_service import EventService, SubscriptionRule
from sarcoma_core.xnat.rest.service import ContainerService
from tests.launch.install.conftest import clear

STEP = "convert"
SESSION, SCAN = "sarcoma-convert-session", "sarcoma-convert-scan"
BOTH = (SESSION, SCAN)
OLD = "0.0.1"


def plan(service: ContainerService, *projects: str) -> tuple[Action, ...]:
    live = read_for_install(service, [STEP], projects, __version__)
    return plan_install(shipped_steps([STEP], live=live), live, projects)


def install(service: ContainerService, *projects: str) -> None:
    do(service, plan(service, *projects))


def do(service: ContainerService, actions: Sequence[Action]) -> None:
    assert {outcome.outcome for outcome in carry_out(service, actions)} <= {DONE}


def tree(wrappers: Sequence[str] = BOTH, version: str = __version__) -> dict[str, Any]:
    """The command of a version, with some of its wrappers."""
    command: dict[str, Any] = command_for(step_named(STEP)).to_json()
    kept = [wrapper for wrapper in command["xnat"] if wrapper["name"] in wrappers]
    return {**command, "version": version, "image": f"sarcoma/{STEP}:{version}", "xnat": kept}


def add(
    service: ContainerService, on: Mapping[str, Sequence[str]], *, version: str = __version__
) -> Mapping[str, int]:
    """A command with these wrappers, each on for the site and some projects; gives their ids."""
    command = service.command(service.add(tree(tuple(on), version)))
    ids = {wrapper.name: wrapper.id for wrapper in command.wrappers}
    for name, projects in on.items():
        for project in (None, *projects):
            service.set_enabled(ids[name], on=True, project=project)
    return ids


def ids(service: ContainerService, version: str = __version__) -> dict[str, int]:
    (command,) = (one for one in service.commands() if one.version == version)
    return {wrapper.name: wrapper.id for wrapper in command.wrappers}


def switches(service: ContainerService) -> dict[tuple[str, str], set[str]]:
    """Where each wrapper of each version is on."""
    return {(one.command.version, w.name): set(w.scopes) for one in read_live(service) for w in one.wrappers}


def matcher(service: ContainerService, wrapper: int, project: str | None = None) -> object:
    inputs = service.configuration(wrapper, project)["inputs"]
    return next(iter(inputs.values())).get("matcher")


def set_matcher(service: ContainerService, wrapper: int, text: str, project: str | None = None) -> None:
    (name, *_) = service.configuration(wrapper, project)["inputs"]
    service.set_configuration(wrapper, {"inputs": {name: {"matcher": text}}}, project, enable=True)


def rows(service: ContainerService) -> dict[str, Installed]:
    found = listing(shipped_steps([STEP]), read_live(service))
    return {row.level: row for row in found}


def test_all_wrappers_are_on_after_an_install_where_it_was_asked_for(service: ContainerService) -> None:
    install(service, "P")
    assert switches(service) == {(__version__, name): {SITE, "P"} for name in BOTH}


def test_installing_again_changes_nothing(service: ContainerService) -> None:
    install(service, "P")
    assert plan(service, "P") == ()
    assert plan(service) == ()


def test_a_command_with_the_first_wrapper_only_gets_the_other_where_that_one_is_on(
    service: ContainerService,
) -> None:
    before = add(service, {SESSION: ("P", "Q")})
    set_matcher(service, before[SESSION], "mine", "P")
    install(service)
    assert switches(service) == {(__version__, name): {SITE, "P", "Q"} for name in BOTH}
    assert ids(service)[SESSION] == before[SESSION]
    assert matcher(service, before[SESSION], "P") == "mine"
    assert plan(service) == ()


@pytest.mark.parametrize("deleted", BOTH)
def test_a_wrapper_that_was_deleted_by_hand_is_brought_back_where_the_other_is_on(
    service: ContainerService, deleted: str
) -> None:
    install(service, "P")
    before = ids(service)
    service.connection.delete(at("xapi", "wrappers", str(before[deleted])))
    (kept,) = set(BOTH) - {deleted}
    assert [action.verb for action in plan(service)] == ["update", "enable", "enable"]
    install(service)
    assert switches(service) == {(__version__, name): {SITE, "P"} for name in BOTH}
    assert ids(service)[kept] == before[kept]
    assert plan(service) == ()


def test_a_new_version_takes_over_settings_wrapper_by_wrapper(service: ContainerService) -> None:
    before = add(service, {SESSION: ("P",), SCAN: ("P",)}, version=OLD)
    set_matcher(service, before[SESSION], "of a session", "P")
    set_matcher(service, before[SCAN], "of a scan")
    install(service)
    now = ids(service)
    assert matcher(service, now[SESSION], "P") == "of a session"
    assert matcher(service, now[SESSION]) is None
    assert matcher(service, now[SCAN]) == "of a scan"
    assert switches(service) == {
        **{(OLD, name): set() for name in BOTH},
        **{(__version__, name): {SITE, "P"} for name in BOTH},
    }


def test_a_new_version_is_on_in_the_projects_in_which_the_same_wrapper_was(service: ContainerService) -> None:
    add(service, {SESSION: ("P", "Q"), SCAN: ("Q",)}, version=OLD)
    install(service)
    assert switches(service)[__version__, SESSION] == {SITE, "P", "Q"}
    assert switches(service)[__version__, SCAN] == {SITE, "Q"}


def test_a_new_versions_new_wrapper_is_on_where_the_version_before_was(service: ContainerService) -> None:
    add(service, {SESSION: ("P",)}, version=OLD)
    install(service)
    assert switches(service) == {
        (OLD, SESSION): set(),
        (__version__, SESSION): {SITE, "P"},
        (__version__, SCAN): {SITE, "P"},
    }
    assert plan(service) == ()


@pytest.mark.parametrize(
    ("version", "wrappers"),
    [(OLD, (SESSION,)), (OLD, BOTH), (__version__, (SESSION,)), (__version__, (SCAN,))],
)
def test_an_install_that_was_killed_anywhere_is_finished_by_the_next(
    service: ContainerService, version: str, wrappers: tuple[str, ...]
) -> None:
    on = dict.fromkeys(wrappers, ("P", "Q"))
    add(service, on, version=version)
    whole = plan(service)
    do(service, whole)
    wanted = switches(service)
    for done in range(len(whole)):
        clear(service)
        add(service, on, version=version)
        do(service, plan(service)[:done])
        install(service)
        assert switches(service) == wanted, f"killed after {done}"
        assert plan(service) == ()


def test_a_rollback_restores_and_another_install_takes_over_again(service: ContainerService) -> None:
    add(service, {SESSION: ("P",), SCAN: ("Q",)}, version=OLD)
    before = switches(service)
    install(service)
    after = switches(service)
    do(service, plan_rollback([STEP], read_live(service)))
    assert switches(service) == before | {(__version__, name): set() for name in BOTH}
    install(service)
    assert switches(service) == after


def test_a_rollback_to_a_version_without_a_wrapper_switches_off_all_of_the_present_one(
    service: ContainerService,
) -> None:
    add(service, {SESSION: ("P",)}, version=OLD)
    install(service)
    do(service, plan_rollback([STEP], read_live(service)))
    assert switches(service) == {
        (OLD, SESSION): {SITE, "P"},
        (__version__, SESSION): set(),
        (__version__, SCAN): set(),
    }


def test_a_rollback_leaves_off_what_is_off_beside_another_that_is_on(service: ContainerService) -> None:
    add(service, {SESSION: ("P",), SCAN: ("P",)}, version=OLD)
    install(service)
    service.set_enabled(ids(service)[SCAN], on=False)
    do(service, plan_rollback([STEP], read_live(service)))
    assert switches(service)[OLD, SESSION] == {SITE, "P"}
    assert switches(service)[OLD, SCAN] == set()


def test_a_rollback_needs_a_version_that_has_a_wrapper(service: ContainerService) -> None:
    add(service, {}, version=OLD)
    install(service)
    with pytest.raises(UsageError, match="no version before"):
        plan_rollback([STEP], read_live(service))


def test_enabling_and_disabling_switch_every_wrapper_that_is_otherwise(service: ContainerService) -> None:
    install(service, "P", "Q")
    service.set_enabled(ids(service)[SCAN], False, "P")

    def switch(*projects: str, on: bool) -> list[tuple[str, str]]:
        actions = plan_switch(STEP, read_live(service), projects, on=on)
        do(service, actions)
        return [(action.wrapper, action.project) for action in actions]

    assert switch("P", on=False) == [(SESSION, "P")]
    assert switch("P", on=True) == [(SESSION, "P"), (SCAN, "P")]
    assert switch("P", on=True) == []
    assert switch(on=False) == [(SESSION, SITE), (SCAN, SITE)]
    assert switches(service) == {(__version__, name): set() for name in BOTH}


def test_uninstalling_deletes_the_command_once_with_all_its_wrappers(service: ContainerService) -> None:
    install(service)
    now = tuple(ids(service).values())
    (action,) = plan_uninstall(read_live(service))
    assert (action.verb, action.wrapper_ids) == ("delete", now)
    do(service, [action])
    assert service.commands() == ()


def test_a_list_tells_which_wrapper_is_off_and_an_install_would_switch_it_on(
    service: ContainerService,
) -> None:
    install(service, "P")
    service.set_enabled(ids(service)[SCAN], on=False)
    found = rows(service)
    assert {level: (row.site, row.projects, row.state) for level, row in found.items()} == {
        "session": ("on", "P", "current"),
        "scan": ("off", "", "current"),
    }
    assert {(action.verb, action.wrapper) for action in plan(service)} == {("enable", SCAN)}
    assert switches(service)[__version__, SCAN] == set(), "a plan changes nothing"


def test_a_wrapper_that_a_project_switched_off_stays_off_unless_it_is_asked_for(
    service: ContainerService,
) -> None:
    install(service, "P")
    service.set_enabled(ids(service)[SCAN], False, "P")
    assert plan(service) == ()
    assert plan_install(shipped_steps([STEP]), read_live(service), ()) == (), "also where all is known"
    assert [(action.verb, action.wrapper, action.project) for action in plan(service, "P")] == [
        ("enable", SCAN, "P")
    ]


def test_a_list_has_a_line_for_a_wrapper_that_is_missing(service: ContainerService) -> None:
    kept = add(service, {SESSION: ("P",)})
    found = rows(service)
    assert (found["session"].state, found["session"].wrapper) == ("current", str(kept[SESSION]))
    assert (found["scan"].state, found["scan"].site, found["scan"].wrapper) == ("lacks its wrapper", "", "")
    assert found["scan"].command == found["session"].command


def test_what_differs_is_told_of_the_wrapper_that_it_is_in(service: ContainerService) -> None:
    install(service)
    (command,) = service.commands()
    body: Any = {**command.tree, "limit-memory": 1}
    body["xnat"] = [{**w, "label": "x"} if w["name"] == SCAN else w for w in command.tree["xnat"]]
    service.replace(command.id, body)
    found = rows(service)
    assert found["session"].state == "differs in limit-memory"
    assert found["scan"].state == f"differs in limit-memory, xnat/{SCAN}/label"


def test_a_command_without_any_wrapper_is_listed_and_cannot_be_switched(service: ContainerService) -> None:
    add(service, {})
    (command,) = service.commands()
    assert {row.command for row in rows(service).values()} == {str(command.id)}
    assert {row.state for row in rows(service).values()} == {"lacks its wrapper"}
    with pytest.raises(UsageError, match="has no wrapper"):
        plan_switch(STEP, read_live(service), (), on=True)
    install(service)
    assert switches(service) == {(__version__, name): {SITE} for name in BOTH}


def test_automations_of_any_wrapper_that_is_switched_off_are_named(service: ContainerService) -> None:
    before = add(service, {SESSION: ("P",), SCAN: ("P",)}, version=OLD)
    events = EventService(service.connection)
    events.turn_on()
    wrong = "a scan's on an event of sessions"  # which a server takes
    named = {SESSION: SESSION, SCAN: SCAN, wrong: SCAN}
    for name, wrapper in named.items():
        event = "ScanEvent" if name == SCAN else "SessionEvent"
        events.subscribe(SubscriptionRule(name, before[wrapper], event, "CREATED", "P"))
    try:
        uses = {use.name: use for use in read_uses(service, plan(service))}
    finally:
        for found in events.subscriptions():
            events.unsubscribe(found.id)
    assert {name: use.wrapper_ids for name, use in uses.items()} == {
        name: {before[wrapper]} for name, wrapper in named.items()
    }
    assert uses[SESSION].again == ("sarcoma xnat automate convert --project P --on session-archived",)
    assert uses[SCAN].again == uses[wrong].again == (), "automate makes none of a scan"


def test_an_action_of_a_wrapper_says_its_level_and_one_of_the_command_none(service: ContainerService) -> None:
    assert [(action.verb, action.level) for action in plan(service)] == [
        ("add", ""),
        ("enable", "session"),
        ("enable", "scan"),
    ]
