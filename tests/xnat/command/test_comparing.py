"""Shipped against live: what the service fills in is no difference, what a person changed is."""

import copy
from typing import Any

import pytest

from sarcoma_core.steps import STEPS
from sarcoma_core.xnat.command.comparing import Difference, differences
from sarcoma_core.xnat.command.declaring import command_for

COMMAND = command_for(next(step for step in STEPS if step.name == "bias-field"))


@pytest.fixture
def live() -> dict[str, Any]:
    """The command as the service lists it: ids, nulls and its own defaults everywhere."""
    tree: dict[str, Any] = copy.deepcopy(COMMAND.to_json())
    tree |= {"id": 7, "hash": None, "index": "", "override-entrypoint": False, "visibility": "public"}
    tree |= {"ports": {}, "environment-variables": {}, "type": "docker", "auto-remove": None, "secrets": []}
    for number, mount in enumerate(tree["mounts"]):
        mount |= {"id": number, "writable": mount.get("writable", False)}
    for one in tree["inputs"]:
        one |= {"id": 3, "sensitive": None, "matcher": None, "replacement-key": f"#{one['name']}#"}
        one.setdefault("select-values", [])
    for one in tree["outputs"]:
        one |= {"id": 4, "glob": None}
    for wrapper in tree["xnat"]:
        wrapper |= {"id": 9, "derived-inputs": []}
        for one in wrapper["external-inputs"]:
            one |= {"id": 5, "user-settable": True, "required": True, "load-children": True}
        for one in wrapper["output-handlers"]:
            one |= {"id": 6, "tags": [], "xsi-type": None, "type": "Resource"}
    return tree


def test_what_the_service_fills_in_is_no_difference(live: dict[str, Any]) -> None:
    assert differences(COMMAND, live) == ()


def test_the_order_of_named_parts_is_no_difference(live: dict[str, Any]) -> None:
    live["inputs"].reverse()
    live["mounts"].reverse()
    assert differences(COMMAND, live) == ()


def test_a_changed_default_is_told_with_both_values(live: dict[str, Any]) -> None:
    shrink = next(one for one in live["inputs"] if one["name"] == "shrink")
    declared, shrink["default-value"] = shrink["default-value"], "8"
    assert differences(COMMAND, live) == (Difference("inputs/shrink/default-value", declared, "8"),)


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("limit-memory", {"limit-memory": 1}),
        ("image", {"image": "other/bias-field:1"}),
        ("override-entrypoint", {"override-entrypoint": True}),
        ("environment-variables/A", {"environment-variables": {"A": "b"}}),
        ("visibility", {"visibility": "private"}),
        ("gpus", {"gpus": "all"}),
    ],
)
def test_a_changed_field_is_found(live: dict[str, Any], field: str, change: dict[str, Any]) -> None:
    assert [found.field for found in differences(COMMAND, {**live, **change})] == [field]


def test_a_wrapper_input_that_is_not_required_any_more_is_a_difference(live: dict[str, Any]) -> None:
    live["xnat"][0]["external-inputs"][0]["required"] = False
    wrapper, session = live["xnat"][0]["name"], live["xnat"][0]["external-inputs"][0]["name"]
    found = differences(COMMAND, live)
    assert [one.field for one in found] == [f"xnat/{wrapper}/external-inputs/{session}/required"]


def test_an_output_that_is_not_required_any_more_is_a_difference(live: dict[str, Any]) -> None:
    live["outputs"][0]["required"] = False
    assert [one.field for one in differences(COMMAND, live)] == [
        f"outputs/{live['outputs'][0]['name']}/required"
    ]


def test_a_deleted_wrapper_is_a_difference(live: dict[str, Any]) -> None:
    name = live["xnat"][0]["name"]
    found = {one.field for one in differences(COMMAND, {**live, "xnat": []})}
    assert f"xnat/{name}" in found
