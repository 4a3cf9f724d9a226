"""What a site or a project has set about a wrapper, so that the next version can have it too.

The service answers a wrapper's configuration merged over its declaration, all inputs and outputs, set or not
(``CommandConfiguration.create``). Copying that to the next version would freeze the old defaults. So only
what differs from the declaration is a setting, and only what the next version still takes is carried over.
"""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

Tree = Mapping[str, Any]

_INPUT_KEYS = ("default-value", "matcher", "user-settable", "advanced")
_UNSET: Mapping[str, object] = {"user-settable": True, "advanced": False}
"""What the service answers, or null, for a setting that nobody has made."""


class Carried(NamedTuple):
    """Settings for another version.

    Args:
        configuration: the body that sets them; empty when there are none.
        left: names of the inputs and outputs whose setting the other version does not take.
    """

    configuration: Tree
    left: tuple[str, ...]


def settings(configuration: Tree, below: Tree) -> Tree:
    """What was set in a configuration and differs from what it is merged over.

    Args:
        configuration: as the service answers it.
        below: `declared` of the command; for a project, the site's configuration.
    """
    inputs = {
        name: changed
        for name, input_configuration in (configuration.get("inputs") or {}).items()
        if (changed := _changed(input_configuration, (below.get("inputs") or {}).get(name) or {}))
    }
    outputs = {
        name: {"label": output_configuration["label"]}
        for name, output_configuration in (configuration.get("outputs") or {}).items()
        if output_configuration.get("label")
        and output_configuration["label"] != ((below.get("outputs") or {}).get(name) or {}).get("label")
    }
    return {key: part for key, part in (("inputs", inputs), ("outputs", outputs)) if part}


def declared(command: Tree, wrapper_name: str) -> Tree:
    """The configuration that the service answers for a wrapper that nobody has configured."""
    wrapper = _wrapper(command, wrapper_name)
    parts = (
        *(command.get("inputs") or ()),
        *(wrapper.get("external-inputs") or ()),
        *(wrapper.get("derived-inputs") or ()),
    )
    return {
        "inputs": {part["name"]: {key: part.get(key) for key in _INPUT_KEYS} for part in parts},
        "outputs": {h["name"]: {"label": h.get("label")} for h in wrapper.get("output-handlers") or ()},
    }


def carried(made: Tree, command: Tree, wrapper_name: str) -> Carried:
    """Settings that another version of a command takes.

    Args:
        made: of `settings`.
        command: the other version's JSON.
        wrapper_name: its wrapper.
    """
    takes = declared(command, wrapper_name)
    choices = {part["name"]: part.get("select-values") or () for part in command.get("inputs") or ()}
    inputs, left = {}, []
    for name, setting in (made.get("inputs") or {}).items():
        if name in takes["inputs"] and _is_allowed(setting.get("default-value"), choices.get(name, ())):
            # Written out, as null would switch an input off (CommandConfiguration.create).
            inputs[name] = {**_UNSET, **setting}
        else:
            left.append(name)
    outputs = {}
    for name, setting in (made.get("outputs") or {}).items():
        if name in takes["outputs"]:
            outputs[name] = setting
        else:
            left.append(name)
    configuration = {"inputs": inputs, "outputs": outputs} if inputs or outputs else {}
    return Carried(configuration, tuple(left))


def _changed(input_configuration: Tree, below: Tree) -> Tree:
    return {
        key: input_configuration[key]
        for key in _INPUT_KEYS
        if input_configuration.get(key) is not None
        and input_configuration[key] != (below.get(key) if below.get(key) is not None else _UNSET.get(key))
    }


def _is_allowed(value: object, choices: tuple[str, ...]) -> bool:
    if value is None or not choices or value in choices:
        return True
    try:
        many = json.loads(str(value))
    except ValueError:
        return False
    return isinstance(many, list) and set(map(str, many)) <= set(choices)


def _wrapper(command: Tree, name: str) -> Tree:
    return next((w for w in command.get("xnat") or () if w.get("name") == name), {})
