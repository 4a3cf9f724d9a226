"""What the Container Service asks of one part of a command, looked at by itself.

A rule is data: when it is broken, and what the service then says, word for word; braces hold the wire's keys
of the part. A part that the service stumbles over raises `ServiceCrashError`.

Source: Container Service 3.7.3, the ``validate`` methods of ``Command``'s parts; the order is theirs.
"""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple, get_args

from sarcoma_core.xnat.command.binding import ServiceCrashError
from sarcoma_core.xnat.command.coercion import to_text
from sarcoma_core.xnat.command.java import is_blank, shown
from sarcoma_core.xnat.command.json_text import JsonTextError, parse
from sarcoma_core.xnat.command.model import HandlerType, MultipleDelimiter
from sarcoma_core.xnat.command.node import Node

# The service lists these in the order of a hash table; the order never changes.
WRAPPER_INPUT_TYPES = (
    "string",
    "SubjectAssessor",
    "Config",
    "Resource",
    "Subject",
    "number",
    "Project",
    "ProjectAsset",
    "boolean",
    "File[]",
    "file",
    "Scan",
    "Assessor",
    "File",
    "Directory",
    "Session",
)
SELECT_TYPES = ("select-one", "select-many")
SELECT_NOTE = (
    "Note that command inputs with values provided by xnat inputs shouldn't be designated as select "
    "(they'll automatically render as a select if their xnat input resolves to more than one value)."
)
_UNUSUAL = re.compile(r"[^A-Za-z0-9_-]")
_NAME = "name should contain only alphanumeric, _ and - characters."


class PartRule(NamedTuple):
    """One demand on a part: when it is broken, and the service's text."""

    broken: Callable[[Node], bool]
    text: str


def complaints(part: Node, rules: tuple[PartRule, ...]) -> Iterator[str]:
    """The texts of the rules that a part breaks, in order."""
    for rule in rules:
        if rule.broken(part):
            yield rule.text.format_map({key: shown(value) for key, value in part.values.items()})


def blank(key: str) -> Callable[[Node], bool]:
    """Whether a key is absent, null, empty or white space."""
    return lambda part: is_blank(part.text(key))


def _unusual_name(kind: str) -> Callable[[Node], bool]:
    """Whether a name has a character outside the usual ones; no name at all is a NullPointerException."""

    def broken(part: Node) -> bool:
        name = part.text("name")
        if name is None:
            raise ServiceCrashError(f'the service crashes on {kind} without a "name".')
        return _UNUSUAL.search(name) is not None

    return broken


def _outside(key: str, words: tuple[str | None, ...]) -> Callable[[Node], bool]:
    return lambda part: part.text(key) not in words


def is_select(part: Node) -> bool:
    """Whether a command input offers its values for selection."""
    return part.text("type") in SELECT_TYPES


def _setup_without_mount(part: Node) -> bool:
    return not is_blank(part.text("via-setup-command")) and is_blank(
        part.text("provides-files-for-command-mount")
    )


MOUNT = (
    PartRule(blank("name"), "Mount name cannot be blank."),
    PartRule(blank("path"), 'Mount "{name}" path cannot be blank.'),
)
INPUT = (
    PartRule(blank("name"), "Command input name cannot be blank"),
    PartRule(_unusual_name("a command input"), f'Command input "{{name}}" {_NAME}'),
    PartRule(
        _outside("multiple-delimiter", (None, *get_args(MultipleDelimiter))),
        'Invalid multiple-delimiter "{multiple-delimiter}", choose from: '
        + ", ".join(get_args(MultipleDelimiter)),
    ),
    PartRule(
        lambda part: is_select(part) and not part.texts("select-values"),
        'Command input "{name}" is designated as type "{type}" but doesn\'t list select-values. '
        + SELECT_NOTE,
    ),
    PartRule(
        lambda part: not is_select(part) and bool(part.texts("select-values")),
        'Command input "{name}" has select-values set, but is not a select type.',
    ),
)
OUTPUT = (
    PartRule(blank("name"), "Output name cannot be blank."),
    PartRule(blank("mount"), 'Output "{name}" - mount cannot be blank.'),
    PartRule(_unusual_name("an output"), f'Command output "{{name}}" {_NAME}'),
)
WRAPPER = (PartRule(blank("name"), "Command wrapper name cannot be blank."),)
EXTERNAL_INPUT = (
    PartRule(blank("name"), "Command wrapper input name cannot be blank."),
    PartRule(
        _outside("type", WRAPPER_INPUT_TYPES),
        'Command wrapper input "{name}" - Unknown type "{type}". Known types: '
        + ", ".join(WRAPPER_INPUT_TYPES),
    ),
    PartRule(
        _setup_without_mount,
        'Command wrapper input "{name}" - "via-setup-command": "{via-setup-command}" - You cannot set '
        '"via-setup-command" on an input that does not provide files for a command mount.',
    ),
    PartRule(_unusual_name("a wrapper input"), f'Command wrapper input "{{name}}" {_NAME}'),
)
DERIVED_INPUT = (
    *EXTERNAL_INPUT,
    PartRule(
        blank("derived-from-wrapper-input"),
        'Command wrapper input "{name}" - property "derived-from-wrapper-input" cannot be blank.',
    ),
    PartRule(
        lambda part: (
            part.flag("multiple") is True and not is_blank(part.text("provides-files-for-command-mount"))
        ),
        'derived input "{name}" is designated as a "multiple" input, which means it cannot provide files for '
        "command mounts (consider mounting the parent element).",
    ),
    PartRule(
        lambda part: (
            part.flag("multiple") is True and is_blank(part.text("provides-value-for-command-input"))
        ),
        # "whichmeans" is the service's.
        'derived input "{name}" is designated as a "multiple" input, whichmeans it must directly provide '
        "values for some command input.",
    ),
)
_HANDLER = 'Command wrapper output "{name}"'
HANDLER = (
    PartRule(blank("name"), "Command wrapper output - name cannot be blank."),
    PartRule(
        blank("accepts-command-output"), f'{_HANDLER} - property "accepts-command-output" cannot be blank.'
    ),
    PartRule(blank("as-a-child-of"), f'{_HANDLER} - property "as-a-child-of" cannot be blank.'),
    PartRule(
        _outside("type", get_args(HandlerType)),
        f'{_HANDLER} - Unknown type "{{type}}". Known types: ' + ", ".join(get_args(HandlerType)),
    ),
    PartRule(
        lambda part: part.text("type") == "Resource" and is_blank(part.text("label")),
        f"{_HANDLER} - when type = Resource, label cannot be blank.",
    ),
    PartRule(_unusual_name("an output handler"), f"{_HANDLER} {_NAME}"),
)


def input_complaints(part: Node) -> Iterator[str]:
    """What is wrong with a command input: its own rules, then a default outside the offered values."""
    yield from complaints(part, INPUT)
    default, offered = part.text("default-value"), part.texts("select-values")
    defaults = _default_list(part) if part.text("type") == "select-many" else None
    name, choice = part.text("name"), f'select-values "{shown(offered)}"'
    if not offered or default is None:
        return
    if defaults is None and default not in offered:
        yield f'Command input "{name}" default value "{default}" is not one of the {choice}'
    if not set(defaults or ()) <= set(offered):
        yield (
            f'Command input "{name}" one or more default values in "{shown(defaults)}" '
            f"is not in the list of {choice}"
        )


def _default_list(part: Node) -> tuple[str | None, ...] | None:
    """The default of a select-many input as the list that it holds as JSON, or None if it holds none."""
    default = part.text("default-value")
    if default is None:
        name = part.text("name")
        raise ServiceCrashError(
            f'the service crashes on "{name}", a "select-many" without a "default-value".'
        )
    try:
        tree = parse(default, lenient=False)
        return tuple(map(to_text, tree)) if isinstance(tree, list) else None
    except (JsonTextError, ValueError):
        return None
