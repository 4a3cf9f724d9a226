"""The JSON that a launch dialog is drawn from: inputs resolved as far as the object allows.

Source: Container Service 3.7.3, ``LaunchUi``.
"""

from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from typing import NamedTuple

from sarcoma_core.errors import CommandError
from sarcoma_core.standin.answers import Refusal
from sarcoma_core.standin.containers.commands import Commands, CommandWrapper
from sarcoma_core.standin.containers.roots import Sees, find_root
from sarcoma_core.standin.documents import Document
from sarcoma_core.standin.objects.tree import Tree
from sarcoma_core.xnat.command.model import CommandInput, DerivedInput
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
    wrapper: CommandWrapper,
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
        wrapper: the wrapper.
        project: the project of the launch; None at site level.
        values: what is given already, the root element's URI above all.
        sees: whether who asks may see a project; nothing is resolved on what is not seen.
        is_bulk: for many objects: what is derived from the object cannot be set then.

    Raises:
        Refusal: 404, there is no such object; 400, a required input has no value on it; 500, the service
            itself would not resolve it.
    """
    configured = commands.enabling.configured(wrapper.command, wrapper.declared, project)
    command, root_input = CommandWrapper(configured, wrapper.declared).resolvable, wrapper.root
    given = values.get(root_input["name"], "") if root_input else ""
    root = find_root(tree, given, root_input["type"], project, sees=sees) if root_input and given else None
    try:
        with tree.lock(root.project) if root else nullcontext():  # not while an upload writes there
            trees = preresolve(Launch(command, command.xnat[0], root.item if root else None, values))
    except CommandError as error:
        raise Refusal(500, f"The command could not be resolved.\n{error.message}") from None
    missing = [each.name for each in every_input(trees) if _is_missing(each)]
    if missing:
        raise Refusal(
            400,
            "The following required fields cannot be resolved using the provided data: "
            f"{', '.join(dict.fromkeys(missing))}",
        )
    settings = commands.enabling.configuration(wrapper.command, wrapper.declared, project)["inputs"]
    scene = _Scene(settings, values, _most(trees), is_bulk)
    return {
        "meta": {
            **wrapper.summary,
            "image-name": wrapper.command["image"],
            "image-type": wrapper.command["type"],
        },
        "container-server-config": {},
        "input-config": [_config(each, scene) for each in trees],
        "input-values": [_values(each, scene) for each in trees],
    }


def _config(asked: ResolvedInput, scene: _Scene) -> Document:
    """How one input is asked for, with the wrapper inputs below it."""
    spec, settings = asked.spec, scene.settings.get(asked.name, {})
    shown_as = _shown_as(asked, scene)
    told = {
        "name": asked.name,
        "label": spec.label or asked.name,
        "description": spec.description,
        "advanced": bool(settings.get("advanced")),
        "required": spec.required or bool(settings.get("required")),
        "user-settable": settings.get("user-settable") is not False,
        "multiple": asked.multiple and shown_as == "select-many",
        "input-type": shown_as,
        "select-values": list(spec.select_values) if isinstance(spec, CommandInput) else [],
        "children": [_config(child, scene) for child in _below(asked)],
    }
    return {key: value for key, value in told.items() if value is not None}


def _shown_as(asked: ResolvedInput, scene: _Scene) -> str:
    """The kind of field: what was given or follows from it is not asked for again."""
    spec = asked.spec
    if isinstance(spec, CommandInput):
        secret_or_text = "password" if spec.sensitive else "text"
        return spec.type if spec.type in _COMMAND_INPUT_TYPES else secret_or_text
    if scene.is_bulk:
        return "derived"
    if spec.type == "boolean":
        return "boolean"
    most = scene.most.get(asked.name, 0)
    if most > 1 and spec.user_settable is not False:
        return "select-many" if asked.multiple else "select-one"
    return "text" if most == 0 and spec.user_settable is not False else "static"


def _values(asked: ResolvedInput, scene: _Scene) -> Document:
    """The values of one input, each with the values that follow from it."""
    return {
        "name": asked.name,
        "values": [
            {
                "value": text,
                "label": _label(value, text),
                "children": [_values(child, scene) for child in _children_of(value)],
            }
            for value in asked.values
            if (text := _text(asked, value, scene)) is not None
        ],
    }


def _text(asked: ResolvedInput, value: ResolvedValue, scene: _Scene) -> str | None:
    """A value as a field holds it: a switch is true or false, not the words that it puts on the line."""
    if isinstance(asked.spec, CommandInput) and value.origin in ("launch", "default"):
        return scene.given.get(asked.name, asked.spec.default_value)
    return value.text


def _label(value: ResolvedValue, text: str) -> str:
    return (value.item.label if value.item else None) or text


def _below(asked: ResolvedInput) -> Iterator[ResolvedInput]:
    """The wrapper inputs below an input, each once, whatever the values."""
    seen: set[str] = set()
    for value in asked.values:
        for child in _children_of(value):
            if child.name not in seen:
                seen.add(child.name)
                yield child


def _children_of(value: ResolvedValue) -> Iterator[ResolvedInput]:
    """What follows from a value; a command input that it feeds needs no field of its own."""
    return (child for child in value.children if not isinstance(child.spec, CommandInput))


def every_input(trees: tuple[ResolvedInput, ...]) -> Iterator[ResolvedInput]:
    """Every input of some trees, each before those that follow from it."""
    for tree in trees:
        yield tree
        for value in tree.values:
            yield from every_input(value.children)


def _is_missing(asked: ResolvedInput) -> bool:
    return isinstance(asked.spec, DerivedInput) and asked.spec.required and not asked.values


def _most(trees: tuple[ResolvedInput, ...]) -> Mapping[str, int]:
    """The greatest number of values that each input has anywhere in the trees."""
    most: dict[str, int] = {}
    for each in every_input(trees):
        count = sum(value.text is not None for value in each.values)
        most[each.name] = max(count, most.get(each.name, 0))
    return most
