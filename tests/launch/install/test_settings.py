"""Settings of a wrapper go to the next version; its old defaults do not."""

from typing import Any

from sarcoma_core.launch.install.settings import carried, declared, settings

WRAPPER = "w"


def command(**defaults: str) -> dict[str, Any]:
    """A command with these inputs, as the service lists it."""
    return {
        "inputs": [
            {"name": name, "type": "number", "default-value": value} for name, value in defaults.items()
        ],
        "xnat": [
            {
                "name": WRAPPER,
                "external-inputs": [{"name": "session", "type": "Session", "user-settable": None}],
                "output-handlers": [{"name": "out", "label": "N4"}],
            }
        ],
    }


def merged(tree: dict[str, Any], **changed: dict[str, Any]) -> dict[str, Any]:
    """What the service answers: all inputs, set or not (CommandConfiguration.create)."""
    inputs = {
        one["name"]: {"type": one["type"], "matcher": None, "user-settable": True, "advanced": False}
        | {"default-value": one.get("default-value")}
        | changed.get(one["name"], {})
        for one in [*tree["inputs"], *tree["xnat"][0]["external-inputs"]]
    }
    return {
        "inputs": inputs,
        "outputs": {"out": {"type": "Resource", "label": "N4"} | changed.get("out", {})},
    }


OLD = command(shrink="4", gone="1")
NEW = command(shrink="2", added="3")


def made(tree: dict[str, Any], **changed: dict[str, Any]) -> Any:
    return settings(merged(tree, **changed), declared(tree, WRAPPER))


def test_what_nobody_set_is_no_setting() -> None:
    assert made(OLD) == {}


def test_a_default_that_changed_between_versions_is_not_frozen() -> None:
    assert carried(made(OLD), NEW, WRAPPER).configuration == {}


def test_a_value_that_a_site_set_goes_along() -> None:
    found = carried(made(OLD, shrink={"default-value": "8"}), NEW, WRAPPER)
    assert found.configuration["inputs"]["shrink"]["default-value"] == "8"
    assert found.left == ()


def test_an_input_that_was_hidden_stays_hidden() -> None:
    found = carried(made(OLD, session={"user-settable": False}), NEW, WRAPPER)
    assert found.configuration["inputs"]["session"]["user-settable"] is False


def test_an_input_that_was_given_a_value_stays_visible() -> None:
    found = carried(made(OLD, shrink={"default-value": "8"}), NEW, WRAPPER)
    assert found.configuration["inputs"]["shrink"]["user-settable"] is True


def test_an_output_label_goes_along() -> None:
    found = carried(made(OLD, out={"label": "N4_SITE"}), NEW, WRAPPER)
    assert found.configuration["outputs"] == {"out": {"label": "N4_SITE"}}


def test_a_setting_of_an_input_that_is_gone_is_told() -> None:
    found = carried(made(OLD, gone={"default-value": "9"}), NEW, WRAPPER)
    assert (found.configuration, found.left) == ({}, ("gone",))


def test_a_value_that_is_no_choice_any_more_is_told() -> None:
    new = command(mode="a")
    new["inputs"][0] |= {"select-values": ["a", "b"]}
    old = command(mode="a")
    assert carried(made(old, mode={"default-value": "c"}), new, WRAPPER).left == ("mode",)
    assert carried(made(old, mode={"default-value": "b"}), new, WRAPPER).left == ()


def test_what_a_project_inherits_from_its_site_is_no_setting_of_its_own() -> None:
    site = merged(OLD, shrink={"default-value": "8"})
    assert settings(site, site) == {}
    own = merged(OLD, shrink={"default-value": "6"})
    assert settings(own, site) == {"inputs": {"shrink": {"default-value": "6"}}}
