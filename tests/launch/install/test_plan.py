"""What installing would do, told from what is shipped and what is live."""

from collections.abc import Mapping
from typing import Any

import pytest

from sarcoma_core.errors import UsageError
from sarcoma_core.launch.install.plan import (
    Action,
    plan_install,
    plan_rollback,
    plan_switch,
    plan_uninstall,
    with_version_before,
)
from sarcoma_core.launch.install.settings import declared
from sarcoma_core.launch.install.states import SITE, Live, Shipped, WrapperState, registry_of, step_of
from sarcoma_core.steps import STEPS
from sarcoma_core.xnat.command.declaring import command_for
from sarcoma_core.xnat.rest.service import LiveCommand

STEP = next(step for step in STEPS if step.name == "bias-field")
SHIPPED = Shipped(STEP.name, command_for(STEP))
NOW = SHIPPED.version
(WRAPPER,) = SHIPPED.wrapper_names
CHANGED: Any = {"limit-memory": 1}


def live(
    number: int,
    *scopes: str,
    version: str = NOW,
    configurations: Mapping[str, Any] | None = None,
    **fields: Any,
) -> Live:
    """A command on the server, of some version; its wrapper's id is ten times its own."""
    tree: dict[str, Any] = {**SHIPPED.command.to_json(), "id": number, "version": version, **fields}
    if version != NOW and "image" not in fields:
        tree["image"] = f"sarcoma/bias-field:{version}"
    tree["xnat"] = [{**wrapper, "id": number * 10} for wrapper in tree["xnat"]]
    wrapper = WrapperState(number * 10, WRAPPER, frozenset(scopes), configurations or {})
    return Live(STEP.name, LiveCommand.of(tree), (wrapper,))


def told(plan: tuple[Action, ...]) -> list[tuple[str, str, str]]:
    return [(action.verb, action.version, action.project) for action in plan]


def install(*found: Live, projects: tuple[str, ...] = ()) -> tuple[Action, ...]:
    return plan_install([SHIPPED], found, projects)


def test_on_an_empty_server_a_step_is_added_and_switched_on() -> None:
    plan = install(projects=("P", "Q"))
    assert told(plan) == [
        ("add", NOW, SITE),
        ("enable", NOW, "P"),
        ("enable", NOW, "Q"),
        ("enable", NOW, SITE),
    ]
    assert plan[0].body == SHIPPED.command.to_json()


def test_what_is_in_place_is_left_alone() -> None:
    assert install(live(1, SITE, "P"), projects=("P",)) == ()


def test_a_project_is_added_to_what_is_in_place() -> None:
    plan = install(live(1, SITE, "P"), projects=("P", "Q"))
    assert told(plan) == [("enable", NOW, "Q")]
    assert plan[0].wrapper_ids == (10,)


def test_a_changed_command_is_changed_in_place_with_the_wrapper_that_it_has() -> None:
    plan = install(live(1, SITE, **CHANGED))
    assert told(plan) == [("update", NOW, SITE)]
    assert plan[0].command_id == 1
    assert [wrapper["id"] for wrapper in plan[0].body["xnat"]] == [10]
    assert plan[0].note == "differs in limit-memory"


def test_another_registry_is_a_change_and_no_second_command() -> None:
    plan = install(live(1, SITE, image=f"old.example/sarcoma/bias-field:{NOW}"))
    assert told(plan) == [("update", NOW, SITE)]


def test_of_two_commands_of_this_version_the_one_of_the_wanted_image_stays_on() -> None:
    twin = live(1, SITE, "P", image=f"old.example/sarcoma/bias-field:{NOW}")
    plan = install(twin, live(2, SITE))
    assert [(action.verb, action.command_id, action.project) for action in plan] == [
        ("enable", 2, "P"),
        ("disable", 1, SITE),
    ]


def test_a_new_version_takes_over_where_the_one_before_is_on() -> None:
    plan = install(live(1, SITE, "P", version="0.0.1"))
    assert told(plan) == [
        ("add", NOW, SITE),
        ("enable", NOW, "P"),
        ("enable", NOW, SITE),
        ("disable", "0.0.1", SITE),
    ]


def test_the_version_before_is_never_deleted_nor_switched_off_in_its_projects() -> None:
    plan = install(live(1, SITE, "P", version="0.0.1"))
    old = [action for action in plan if action.version == "0.0.1"]
    assert [(action.verb, action.wrapper_ids, action.project) for action in old] == [("disable", (10,), SITE)]


def test_a_version_that_is_off_already_is_left_alone() -> None:
    assert install(live(1, version="0.0.1"), live(2, SITE)) == ()


def test_a_take_over_that_broke_off_is_finished() -> None:
    plan = install(live(1, SITE, "P", "Q", version="0.0.1"), live(2, SITE, "P"))
    assert told(plan) == [("enable", NOW, "Q"), ("disable", "0.0.1", SITE)]


def configured(version: str, scopes: tuple[str, ...], **value: str) -> dict[str, Any]:
    """Configurations as the service answers them, `shrink` set in some scopes."""
    own = declared(live(1, version=version).command.tree, WRAPPER)
    answers: dict[str, Any] = {}
    for scope in scopes:
        inputs = {name: dict(one) for name, one in own["inputs"].items()}
        if scope in value or (scope == SITE and "site" in value):
            inputs["shrink"]["default-value"] = value[scope or "site"]
        answers[scope] = {**own, "inputs": inputs}
    return answers


def test_settings_of_the_site_and_of_projects_go_along() -> None:
    answers = configured("0.0.1", (SITE, "P", "Q"), P="8")
    plan = install(live(1, SITE, "P", "Q", version="0.0.1", configurations=answers))
    found = [action for action in plan if action.verb == "configure"]
    assert [(action.version, action.project) for action in found] == [(NOW, "P")]
    assert found[0].body["inputs"]["shrink"]["default-value"] == "8"


def test_settings_of_the_new_version_are_not_overwritten() -> None:
    old = live(1, SITE, version="0.0.1", configurations=configured("0.0.1", (SITE,), site="8"))
    new = live(2, configurations=configured(NOW, (SITE,), site="6"))
    assert "configure" not in [action.verb for action in install(old, new)]
    bare = live(2, configurations=configured(NOW, (SITE,)))
    assert "configure" in [action.verb for action in install(old, bare)]


def test_a_plan_carried_out_leaves_nothing_to_do() -> None:
    assert install(live(1, version="0.0.1"), live(2, SITE, "P"), projects=("P",)) == ()


def test_a_rollback_switches_the_one_before_on_and_the_present_one_off() -> None:
    plan = plan_rollback([STEP.name], [live(1, version="0.0.1"), live(2, SITE, "P")])
    assert told(plan) == [("enable", "0.0.1", SITE), ("enable", "0.0.1", "P"), ("disable", NOW, SITE)]


def test_a_second_rollback_goes_one_version_further_back() -> None:
    found = [live(1, version="0.0.1"), live(2, SITE, version="0.0.2"), live(3)]
    assert told(plan_rollback([STEP.name], found)) == [
        ("enable", "0.0.1", SITE),
        ("disable", "0.0.2", SITE),
    ]


def test_a_rollback_needs_a_version_before() -> None:
    with pytest.raises(UsageError, match="no version before"):
        plan_rollback([STEP.name], [live(1, SITE)])
    with pytest.raises(UsageError, match="not installed"):
        plan_rollback([STEP.name], [])


def test_a_step_that_came_with_this_version_has_none_before() -> None:
    assert with_version_before([STEP.name], [live(2, SITE)]) == ()
    assert with_version_before([STEP.name], [live(1, version="0.0.1"), live(2, SITE)]) == (STEP.name,)
    assert with_version_before([STEP.name], []) == ()


def test_an_install_after_a_rollback_takes_over_again() -> None:
    plan = install(live(1, SITE, "P", version="0.0.1"), live(2))
    assert told(plan) == [("enable", NOW, "P"), ("enable", NOW, SITE), ("disable", "0.0.1", SITE)]


def test_uninstall_deletes_every_version() -> None:
    plan = plan_uninstall([live(1, version="0.0.1"), live(2, SITE)])
    assert [(action.verb, action.command_id) for action in plan] == [("delete", 1), ("delete", 2)]


def test_enable_and_disable_change_only_what_is_otherwise() -> None:
    on, off = live(1, SITE, "P"), live(1)
    assert plan_switch(STEP.name, [on], (), on=True) == ()
    assert told(plan_switch(STEP.name, [off], (), on=True)) == [("enable", NOW, SITE)]
    assert told(plan_switch(STEP.name, [on], ("P", "Q"), on=False)) == [("disable", NOW, "P")]
    assert told(plan_switch(STEP.name, [on], (), on=False)) == [("disable", NOW, SITE)]


def test_a_project_needs_the_site_too() -> None:
    assert told(plan_switch(STEP.name, [live(1)], ("P",), on=True)) == [
        ("enable", NOW, SITE),
        ("enable", NOW, "P"),
    ]


def test_switching_a_step_that_is_not_there_is_refused() -> None:
    with pytest.raises(UsageError, match="not installed"):
        plan_switch(STEP.name, [], (), on=True)


@pytest.mark.parametrize(
    ("name", "image", "step"),
    [
        ("sarcoma-bias-field", "sarcoma/bias-field:0.1.0", "bias-field"),
        ("sarcoma-bias-field", "host:5000/a/sarcoma/bias-field:9", "bias-field"),
        ("sarcoma-bias-field", "sarcoma/bias-field@sha256:00", "bias-field"),
        ("sarcoma-bias-field", "sarcoma/other:0.1.0", ""),
        ("sarcoma-bias-field", "notsarcoma/bias-field:0.1.0", ""),
        ("sarcoma-mine", "hospital/mine:1", ""),
        ("bias-field", "sarcoma/bias-field:0.1.0", ""),
        ("sarcoma-", "sarcoma/:1", ""),
    ],
)
def test_a_command_is_ours_by_its_name_and_its_image(name: str, image: str, step: str) -> None:
    assert step_of(live(1, name=name, image=image).command) == step


@pytest.mark.parametrize("registry", ["", "registry.example.org/imaging", "host:5000", "host/sarcoma"])
def test_the_registry_of_an_image_is_read_back(registry: str) -> None:
    assert registry_of(command_for(STEP, registry).image) == registry
