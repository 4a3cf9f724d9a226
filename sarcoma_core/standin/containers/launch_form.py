"""The JSON that a launch dialog is drawn from: inputs resolved as far as the object allows.

Source: Container Service 3.7.3, ``LaunchUi``.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from sarcoma_core.errors import CommandError
from sarcoma_core.standin.answers import Refusal
from sarcoma_core.standin.containers.commands import Commands, Found
from sarcoma_core.standin.containers.roots import Sees, find_root
from sarcoma_core.standin.documents import Document
from sarcoma_core.standin.objects.tree import Tree
from sarcoma_core.xnat.command.model import DerivedInput, Input
from sarcoma_core.xnat.resolution.input_tree import Launch, preresolve
from sarcoma_core.xnat.resolution.resolved import ResolvedInput, ResolvedValue

_COMMAND_INPUT_TYPES = ("boolean", "select-one", "select-many", "file")


class _Scene(NamedTuple):
    """What every input of a form is shown in the light of."""

    settings: Mapping[str, Document]
    given: Mapping[str, str]
    most: Mapping[str, int]
    is_bulk: bool


def launch_form(
    tree: Tree,
    commands: Commands,
    found: Found,
    project: str | None,
    values: Mapping[str, str],
    *,
    sees: Sees,
    is_bulk: bool = False,
) -> Document:
    """The form of a wrapper.

    Args:
        tree: the objects of the server.
        commands: the commands of the server; their settings fill the form in.
        found: the wrapper.
        project: the project of the launch; None at site level.
        values: what is given already, the root element's URI above all.
        sees: whether who asks may see a project; nothing is resolved on what is not seen.
        is_bulk: for many objects: what is derived from the object cannot be set then.

    Raises:
        Refusal: 404, there is no such object; 400, a required input has no value on it; 500, the service
            itself would not resolve it.
    """
    configured = commands.enabling.configured(found.command, found.wrapper, project)
    command = Found(configured, found.wrapper).resolvable
    inputs = found.wrapper["external-inputs"]
    given = values.get(inputs[0]["name"], "") if inputs else ""
    root = find_root(tree, given, inputs[0]["type"], project, sees=sees) if given else None
    try:
        trees = preresolve(Launch(command, command.xnat[0], root.item if root else None, values))
    except CommandError as error:
        raise Refusal(500, f"The command could not be resolved.\n{error.message}") from None
    missing = [each.name for each in _every(trees) if _is_missing(each)]
    if missing:
        raise Refusal(
            400,
            "The following required fields cannot be resolved using the provided data: "
            f"{', '.join(dict.fromkeys(missing))}",
        )
    settings = commands.enabling.configuration(found.command, found.wrapper, project)["inputs"]
    scene = _Scene(settings, values, _most(trees), is_bulk)
    return {
        "meta": _meta(found),
        "container-server-config": {},
        "input-config": [_config(each, scene) for each in trees],
        "input-values": [_values(each, scene) for each in trees],
    }


def _meta(found: Found) -> Document:
    told = {
        "command-id": found.command["id"],
        "command-name": found.command["name"],
        "command-label": found.command.get("label"),
        "command-description": found.command.get("description"),
        "wrapper-id": found.wrapper["id"],
        "wrapper-name": found.wrapper["name"],
        "wrapper-label": found.wrapper.get("label"),
        "wrapper-description": found.wrapper.get("description"),
        "image-name": found.command["image"],
        "image-type": found.command["type"],
    }
    return {key: value for key, value in told.items() if value is not None}


def _config(found: ResolvedInput, scene: _Scene) -> Document:
    """How one input is asked for, with the wrapper inputs below it."""
    spec, settings = found.spec, scene.settings.get(found.name, {})
    shown_as = _shown_as(found, scene)
    told = {
        "name": found.name,
        "label": spec.label or found.name,
        "description": spec.description,
        "advanced": bool(settings.get("advanced")),
        "required": spec.required or bool(settings.get("required")),
        "user-settable": settings.get("user-settable") is not False,
        "multiple": found.multiple and shown_as == "select-many",
        "input-type": shown_as,
        "select-values": list(spec.select_values) if isinstance(spec, Input) else [],
        "children": [_config(child, scene) for child in _below(found)],
    }
    return {key: value for key, value in told.items() if value is not None}


def _shown_as(found: ResolvedInput, scene: _Scene) -> str:
    """The kind of field: what was given or follows from it is not asked for again."""
    spec = found.spec
    if isinstance(spec, Input):
        secret_or_text = "password" if spec.sensitive else "text"
        return spec.type if spec.type in _COMMAND_INPUT_TYPES else secret_or_text
    if scene.is_bulk:
        return "derived"
    if spec.type == "boolean":
        return "boolean"
    most = scene.most.get(found.name, 0)
    if most > 1 and spec.user_settable is not False:
        return "select-many" if found.multiple else "select-one"
    return "text" if most == 0 and spec.user_settable is not False else "static"


def _values(found: ResolvedInput, scene: _Scene) -> Document:
    """The values of one input, each with the values that follow from it."""
    return {
        "name": found.name,
        "values": [
            {
                "value": text,
                "label": _label(value, text),
                "children": [_values(child, scene) for child in _children_of(value)],
            }
            for value in found.values
            if (text := _text(found, value, scene)) is not None
        ],
    }


def _text(found: ResolvedInput, value: ResolvedValue, scene: _Scene) -> str | None:
    """A value as a field holds it: a switch is true or false, not the words that it puts on the line."""
    if isinstance(found.spec, Input) and value.origin in ("launch", "default"):
        return scene.given.get(found.name, found.spec.default_value)
    return value.text


def _label(value: ResolvedValue, text: str) -> str:
    return (value.item.label if value.item else None) or text


def _below(found: ResolvedInput) -> Iterator[ResolvedInput]:
    """The wrapper inputs below an input, each once, whatever the values."""
    seen: set[str] = set()
    for value in found.values:
        for child in _children_of(value):
            if child.name not in seen:
                seen.add(child.name)
                yield child


def _children_of(value: ResolvedValue) -> Iterator[ResolvedInput]:
    """What follows from a value; a command input that it feeds needs no field of its own."""
    return (child for child in value.children if not isinstance(child.spec, Input))


def _every(trees: tuple[ResolvedInput, ...]) -> Iterator[ResolvedInput]:
    for found in trees:
        yield found
        for value in found.values:
            yield from _every(value.children)


def _is_missing(found: ResolvedInput) -> bool:
    return isinstance(found.spec, DerivedInput) and found.spec.required and not found.values


def _most(trees: tuple[ResolvedInput, ...]) -> Mapping[str, int]:
    """The greatest number of values that each input has anywhere in the trees."""
    most: dict[str, int] = {}
    for found in _every(trees):
        count = sum(value.text is not None for value in found.values)
        most[found.name] = max(count, most.get(found.name, 0))
    return most
