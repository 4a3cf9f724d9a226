"""Installing on a server that answers as the Container Service does (a stand-in, over REST)."""

from collections.abc import Iterator
from typing import Any

import pytest

from sarcoma_core import __version__
from sarcoma_core.errors import RunError, UsageError
from sarcoma_core.launch.install.installing import (
    DONE,
    carry_out,
    check_projects,
    check_roles,
    listing,
    shipped_steps,
)
from sarcoma_core.launch.install.plan import (
    Action,
    plan_install,
    plan_rollback,
    plan_switch,
    plan_uninstall,
)
from sarcoma_core.launch.install.reading import read_for_install, read_live
from sarcoma_core.launch.install.states import SITE
from sarcoma_core.steps import STEPS, step_named
from sarcoma_core.xnat.command.declaring import command_for
from sarcoma_core.xnat.rest.administration import Administration
from sarcoma_core.xnat.rest.connection import Connection, Login, at
from sarcoma_core.xnat.rest.service import ContainerService
from tests.launch.install.conftest import clear
from tests.xnat.double import PASSWORD, Double, Reply, of_json, running

STEP = "bias-field"
OLD = "0.0.1"


def plan(service: ContainerService, *projects: str, **choices: Any) -> tuple[Action, ...]:
    live = read_for_install(service, [STEP], projects, __version__)
    return plan_install(shipped_steps([STEP], live=live, **choices), live, projects)


def install(service: ContainerService, *projects: str, **choices: Any) -> None:
    outcomes = carry_out(service, plan(service, *projects, **choices))
    assert {outcome.outcome for outcome in outcomes} <= {DONE}


def add_earlier(service: ContainerService, *projects: str) -> int:
    """An earlier version, on for the site and these projects; gives its wrapper's id."""
    step = next(step for step in STEPS if step.name == STEP)
    image = f"registry.example.org/sarcoma/{STEP}:{OLD}"
    tree = {**command_for(step).to_json(), "version": OLD, "image": image}
    wrapper = service.command(service.add(tree)).wrappers[0].id
    service.set_enabled(wrapper, on=True)
    for project in projects:
        service.set_enabled(wrapper, on=True, project=project)
    return wrapper


def scopes(service: ContainerService) -> dict[str, set[str]]:
    """Where each version of the step is on."""
    return {live.command.version: set(live.scopes) for live in read_live(service)}


def test_a_fresh_server_gets_the_step_switched_on_where_it_is_asked_for(service: ContainerService) -> None:
    install(service, "P")
    assert scopes(service) == {__version__: {SITE, "P"}}


def test_installing_again_changes_nothing(service: ContainerService) -> None:
    install(service, "P")
    before = service.commands()
    assert plan(service, "P") == ()
    assert service.commands() == before


def test_all_steps_are_accepted_and_kept_as_shipped(service: ContainerService) -> None:
    live = read_for_install(service, [step.name for step in STEPS], (), __version__)
    outcomes = carry_out(service, plan_install(shipped_steps(), live, ()))
    assert {outcome.outcome for outcome in outcomes} == {DONE}
    assert {row.state for row in listing(shipped_steps(), read_live(service))} == {"current"}


def test_a_command_that_was_changed_is_mended_and_keeps_its_wrapper(service: ContainerService) -> None:
    install(service, "P")
    (command,) = service.commands()
    service.replace(command.id, {**command.tree, "limit-memory": 1, "command-line": "false"})
    assert [action.verb for action in plan(service)] == ["update"]
    install(service)
    (mended,) = service.commands()
    assert mended.wrappers == command.wrappers
    assert mended.tree["limit-memory"] == command.tree["limit-memory"]
    assert scopes(service) == {__version__: {SITE, "P"}}


def test_a_deleted_wrapper_comes_back_and_is_switched_on(service: ContainerService) -> None:
    install(service)
    (command,) = service.commands()
    service.connection.delete(at("xapi", "wrappers", str(command.wrappers[0].id)))
    install(service, "P")
    assert len(service.commands()) == 1
    assert scopes(service) == {__version__: {SITE, "P"}}


def test_a_new_version_takes_over_with_projects_and_settings(service: ContainerService) -> None:
    wrapper = add_earlier(service, "P", "Q")
    service.set_configuration(wrapper, {"inputs": {"shrink": {"default-value": "2"}}}, "Q", enable=True)
    install(service)
    assert scopes(service) == {OLD: set(), __version__: {SITE, "P", "Q"}}
    new = next(live for live in read_live(service) if live.command.version == __version__)
    values = {
        project: service.configuration(new.wrappers[0].id, project)["inputs"]["shrink"]["default-value"]
        for project in ("P", "Q")
    }
    declared = next(i["default-value"] for i in new.command.tree["inputs"] if i["name"] == "shrink")
    assert values == {"P": declared, "Q": "2"}
    assert plan(service) == ()


def test_a_new_version_comes_from_the_registry_of_the_one_before(service: ContainerService) -> None:
    add_earlier(service)
    install(service)
    assert {command.image.split(":")[0] for command in service.commands()} == {
        f"registry.example.org/sarcoma/{STEP}"
    }
    install(service, registry="")
    assert f"sarcoma/{STEP}:{__version__}" in {command.image for command in service.commands()}


def test_a_rollback_and_another_install_switch_to_and_fro(service: ContainerService) -> None:
    add_earlier(service, "P")
    install(service, "Q")
    carry_out(service, plan_rollback([STEP], read_live(service)))
    assert scopes(service) == {OLD: {SITE, "P", "Q"}, __version__: set()}
    install(service)
    assert scopes(service) == {OLD: set(), __version__: {SITE, "P", "Q"}}


def test_a_take_over_that_was_killed_anywhere_is_finished_by_the_next_run(service: ContainerService) -> None:
    for done in range(6):
        clear(service)
        wrapper = add_earlier(service, "P")
        service.set_configuration(wrapper, {"inputs": {"shrink": {"default-value": "2"}}}, "P", enable=True)
        carry_out(service, plan(service)[:done])
        install(service)
        assert scopes(service) == {OLD: set(), __version__: {SITE, "P"}}
        new = next(live for live in read_live(service) if live.command.version == __version__)
        assert service.configuration(new.wrappers[0].id, "P")["inputs"]["shrink"]["default-value"] == "2"


def test_switching_off_and_on(service: ContainerService) -> None:
    install(service, "P", "Q")
    carry_out(service, plan_switch(STEP, read_live(service), ["P"], on=False))
    assert scopes(service) == {__version__: {SITE, "Q"}}
    carry_out(service, plan_switch(STEP, read_live(service), [], on=False))
    assert scopes(service) == {__version__: set()}
    carry_out(service, plan_switch(STEP, read_live(service), ["P"], on=True))
    assert scopes(service) == {__version__: {SITE, "P", "Q"}}


def test_uninstalling_leaves_the_commands_of_others(service: ContainerService) -> None:
    other = service.add({"name": "sarcoma-other", "image": "hospital/other:1"})
    install(service)
    carry_out(service, plan_uninstall(read_live(service)))
    assert [command.id for command in service.commands()] == [other]


def test_a_project_that_is_not_there_is_refused_before_anything_is_done(service: ContainerService) -> None:
    check_projects(service, ["P"])
    with pytest.raises(UsageError, match="'R'"):
        check_projects(service, ["P", "R"])


def test_a_step_that_is_not_ours_is_refused() -> None:
    with pytest.raises(UsageError, match="bias-field"):
        shipped_steps(["bais-field"])


def test_the_owner_of_a_project_switches_it_on_there_without_a_role(service: ContainerService) -> None:
    install(service)
    connection = service.connection
    connection.post("/xapi/users", json={"username": "otto", "password": "pw"})
    connection.put("/data/projects/P/users/Owners/otto")
    with Connection(Login(connection.server, "otto", "pw")) as otto:
        own = ContainerService(otto)
        outcomes = carry_out(own, plan_switch(STEP, read_live(own, ["P"]), ["P"], on=True))
    assert [(one.scope, one.outcome) for one in outcomes] == [("project P", DONE)]
    assert scopes(service) == {__version__: {SITE, "P"}}


def test_who_lacks_a_role_is_told_which_one_and_who_grants_it(service: ContainerService) -> None:
    connection = service.connection
    connection.post("/xapi/users", json={"username": "erna", "password": "pw"})
    connection.put("/xapi/users/erna/roles/ContainerManager")
    check_roles(Administration(connection))
    with Connection(Login(connection.server, "erna", "pw")) as erna, pytest.raises(RunError) as caught:
        check_roles(Administration(erna))
    assert "Privileged" in caught.value.message
    assert "ContainerManager" not in caught.value.message
    assert "Administer > Users > erna" in caught.value.hint


@pytest.fixture
def double() -> Iterator[Double]:
    with running() as server:
        yield server


def test_an_older_xnat_asks_for_one_role_only(double: Double) -> None:
    double.answer("GET", "/xapi/siteConfig/buildInfo", of_json({"version": "1.9.1"}))
    double.answer("GET", "/xapi/users/mary/roles", of_json(["ContainerManager"]))
    with Connection(Login(double.url, "mary", PASSWORD)) as connection:
        check_roles(Administration(connection))


def test_a_site_administrator_is_told_that_being_one_is_not_enough(double: Double) -> None:
    double.answer("GET", "/xapi/users/mary/roles", of_json(["Administrator"]))
    double.answer("GET", "/xapi/users/roles/Administrator", of_json(["mary"]))
    with Connection(Login(double.url, "mary", PASSWORD)) as connection, pytest.raises(RunError) as caught:
        check_roles(Administration(connection))
    assert "ContainerManager and Privileged" in caught.value.message
    assert "not enough" in caught.value.hint


def test_a_step_that_fails_is_left_alone_and_the_others_go_on(double: Double) -> None:
    double.answer("POST", "/xapi/commands", Reply(400, b"Invalid command:\n\tNo."), Reply(201, b"7"))
    first = STEPS[0]
    second: Any = {**command_for(step_named(STEP)).to_json(), "id": 7}
    second["xnat"] = [{**wrapper, "id": 70} for wrapper in second["xnat"]]
    double.answer("GET", "/xapi/commands/7", of_json(second))
    double.answer("GET", "/xapi/wrappers/70/enabled", of_json(True))  # noqa: FBT003  a bare boolean it is
    with Connection(Login(double.url, "mary", PASSWORD)) as connection:
        shipped = shipped_steps([first.name, STEP])
        outcomes = carry_out(ContainerService(connection), plan_install(shipped, (), ()))
    assert [(one.step, one.outcome.split(":")[0]) for one in outcomes] == [
        (first.name, "failed"),
        *((first.name, "not done") for _ in first.levels),
        (STEP, DONE),
        (STEP, DONE),
    ]


def test_a_service_that_says_yes_and_does_nothing_is_found_out(double: Double) -> None:
    double.answer("GET", "/xapi/wrappers/70/enabled", of_json(False))  # noqa: FBT003  a bare boolean it is
    action = Action("enable", STEP, "1", command_id=7, wrapper="w", wrapper_ids=(70,))
    with Connection(Login(double.url, "mary", PASSWORD)) as connection:
        (outcome,) = carry_out(ContainerService(connection), [action])
    assert outcome.outcome.startswith("failed: step bias-field: the service accepted it and did not do it")


def test_a_service_that_renumbers_a_wrapper_is_found_out(double: Double) -> None:
    command = next(one for one in shipped_steps([STEP])).command
    tree: Any = {**command.to_json(), "id": 7}
    before, after = ({**tree, "xnat": [{**tree["xnat"][0], "id": number}]} for number in (70, 71))
    double.answer("GET", "/xapi/commands/7", of_json(before), of_json(after))
    action = Action("update", STEP, "1", command_id=7, wrapper_ids=(70,), body=before, shipped=command)
    with Connection(Login(double.url, "mary", PASSWORD)) as connection:
        (outcome,) = carry_out(ContainerService(connection), [action])
    assert "another id" in outcome.outcome
