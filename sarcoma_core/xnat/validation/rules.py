"""The Container Service's judgement of a command, without the service.

`validate` says what ``POST /xapi/commands`` would answer: every message at once, in the service's order and
words. It reflects our reading of Container Service 3.7.3, calibrated on foreign commands with the real
validator's verdicts; no live server takes part.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from itertools import chain
from typing import NamedTuple, get_args

from sarcoma_core.xnat.command.binding import BindError, ServiceCrashError, bind
from sarcoma_core.xnat.command.java import hash_order, is_blank, shown
from sarcoma_core.xnat.command.json_text import Json, JsonTextError, parse
from sarcoma_core.xnat.command.model import Command, CommandType, Visibility
from sarcoma_core.xnat.command.node import Node
from sarcoma_core.xnat.validation.part_rules import MOUNT, OUTPUT, WRAPPER, complaints, input_complaints
from sarcoma_core.xnat.validation.wrapper_rules import Declared, joined, wrapper_complaints

RESERVED_ENVIRONMENT = frozenset({"XNAT_USER", "XNAT_PASS", "XNAT_HOST"})
# Java's dot stops at five line ends; `matches` leaves no line end over for the `$`.
_TAGGED_IMAGE = re.compile(r"[^\n\r\u0085\u2028\u2029]+:[a-zA-Z0-9_.-]+")
_SECRET_NAMES_CAPACITY = 16
_ULIMIT_PARTS = 2
# What a setup or wrapup command may not declare, and what the service calls it.
_NOT_OF_HELPERS = {
    "mounts": "mounts",
    "inputs": "inputs",
    "outputs": "outputs",
    "xnat": "wrappers",
    "environment-variables": "environment variables",
    "ports": "ports",
    "secrets": "secrets",
}


class JudgementKind(StrEnum):
    """The four things that can become of a text."""

    ACCEPT = "ACCEPT"
    REJECT = "REJECT"
    BIND_ERROR = "BIND-ERROR"
    UNPARSABLE = "UNPARSABLE"


class Judgement(NamedTuple):
    """What the service makes of one command.

    The messages of a REJECT are the service's, a line break inside one shown as a blank; those of a bind
    error and of an unparsable text are ours.

    Attributes:
        kind: the verdict.
        messages: everything that is wrong, in the service's order.
        place: which command of a list this is, ``[0]`` the first; empty for a command by itself.
    """

    kind: JudgementKind
    messages: tuple[str, ...] = ()
    place: str = ""

    @property
    def word(self) -> str:
        """The verdict in one word, a REJECT with the count of its messages."""
        return f"{self.kind}({len(self.messages)})" if self.kind is JudgementKind.REJECT else str(self.kind)


def validate(text: str) -> Judgement:
    """Judge the text of one command, as the body of ``POST /xapi/commands``.

    Args:
        text: JSON with Jackson's two liberties (``#`` comments, single quotes); a list is a bind error here.
    """
    try:
        tree = parse(text)
    except JsonTextError as error:
        return Judgement(JudgementKind.UNPARSABLE, (error.message,))
    return judge(tree)


def validate_each(text: str) -> tuple[Judgement, ...]:
    """Judge a text that holds one command, or a JSON list of commands as an image label does.

    A command of a label may leave its image out, because the service fills it in; judged alone it is rejected
    for that, as the service rejects it in a request.
    """
    try:
        tree = parse(text)
    except JsonTextError as error:
        return (Judgement(JudgementKind.UNPARSABLE, (error.message,)),)
    if not isinstance(tree, list):
        return (judge(tree),)
    if not tree:
        return (Judgement(JudgementKind.BIND_ERROR, ("the document: the list holds no command.",)),)
    return tuple(judge(item)._replace(place=f"[{index}]") for index, item in enumerate(tree))


def judge(tree: Json) -> Judgement:
    """Judge a parsed command."""
    try:
        command = bind(Command, tree)
        messages = tuple(message.replace("\n", " ") for message in _complaints(command))
    except BindError as error:
        return Judgement(JudgementKind.BIND_ERROR, (error.message,))
    return Judgement(JudgementKind.REJECT if messages else JudgementKind.ACCEPT, messages)


def _complaints(command: Node) -> Iterator[str]:
    name, kind = shown(command.text("name")), command.text("type") or ""
    if is_blank(command.text("name")):
        yield "Command name cannot be blank."
    judged = _BY_TYPE.get(kind, _unknown_type)(command)
    for message in chain(_image(command), judged, _visibility(command)):
        yield f'Command "{name}" - {message}'


def _image(command: Node) -> Iterator[str]:
    image = command.text("image") or ""
    # Creation appends the default tag to an image without one, so white space alone passes.
    created = image if not image or _TAGGED_IMAGE.fullmatch(image) else f"{image}:latest"
    if is_blank(created):
        yield "image name cannot be blank."
    elif not _TAGGED_IMAGE.fullmatch(created):
        yield "image name must include version tag. e.g. image_name:tag"


def _visibility(command: Node) -> Iterator[str]:
    known = get_args(Visibility)
    if command.text("visibility") not in known:
        yield f" has visibility set to an unknown value. Known types: {', '.join(known)}"


def _unknown_type(command: Node) -> Iterator[str]:
    known = ", ".join(get_args(CommandType))
    yield f'Cannot validate command of type "{command.text("type")}". Known types: {known}'


def _helper_command(kind: str) -> Callable[[Node], Iterator[str]]:
    """The rules of a setup or wrapup command: it declares nothing of its own."""

    def judge_helper(command: Node) -> Iterator[str]:
        for key, words in _NOT_OF_HELPERS.items():
            if command.values[key]:
                yield f" {kind} commands cannot declare any {words}."

    return judge_helper


def _docker(command: Node) -> Iterator[str]:
    mounts, inputs, outputs = map(command.nodes, ("mounts", "inputs", "outputs"))
    mount_names = _names(mounts)
    declared = Declared({part.text("name"): part for part in reversed(inputs)}, _names(outputs))

    def output_complaints(output: Node) -> Iterator[str]:
        name, mount = shown(output.text("name")), output.text("mount")
        if mount not in mount_names:
            known = joined(mount_names)
            yield f'output "{name}" references unknown mount "{shown(mount)}". Known mounts: {known}'
        yield from complaints(output, OUTPUT)

    yield from _ulimits(command)
    yield from _secrets(command)
    yield from _each("mount", mounts, lambda mount: complaints(mount, MOUNT))
    yield from _each("input", inputs, input_complaints)
    yield from _each("output", outputs, output_complaints)
    yield from _each("wrapper", command.nodes("xnat"), lambda wrapper: _wrapper(wrapper, declared))


def _names(parts: tuple[Node, ...]) -> tuple[str | None, ...]:
    """The names of parts in the order in which the service lists them."""
    return hash_order((part.text("name") for part in parts), capacity=len(parts))


def _each(kind: str, parts: tuple[Node, ...], own: Callable[[Node], Iterator[str]]) -> Iterator[str]:
    """Every part in turn: first a name used before, then its own complaints."""
    seen: set[str | None] = set()
    for part in parts:
        name = part.text("name")
        if name in seen:
            yield f'{kind} name "{shown(name)}" is not unique.'
        seen.add(name)
        yield from own(part)


def _wrapper(wrapper: Node, declared: Declared) -> Iterator[str]:
    name = shown(wrapper.text("name"))
    for message in wrapper_complaints(wrapper, declared):
        yield f'wrapper "{name}" - {message}'
    yield from complaints(wrapper, WRAPPER)


def _ulimits(command: Node) -> Iterator[str]:
    for limit in command.text_map("ulimits").values():
        # Java's split drops empty parts at the end, so "1024:2048:" passes.
        if not limit or len(limit.rstrip(":").split(":")) > _ULIMIT_PARTS:
            yield (
                f" incorrect ulimit format: {limit}. "
                'Should be "name" : "softlimit:hardlimit" or "name" : "limit"'
            )


def _secrets(command: Node) -> Iterator[str]:
    destinations = [secret and secret.node("destination") for secret in command.nodes_or_nulls("secrets")]
    if None in destinations:
        raise ServiceCrashError('secrets: the service crashes on a secret without a "destination".')
    asked = (place.text("identifier") for place in destinations if place)
    names = hash_order(asked, capacity=_SECRET_NAMES_CAPACITY)
    for name in names:
        if name in RESERVED_ENVIRONMENT:
            yield f' Secrets use reserved environment variable name "{name}"'
    for name in names:
        if name in command.text_map("environment-variables"):
            yield f' Secrets and environment variables both request name "{name}"'


_BY_TYPE: Mapping[str, Callable[[Node], Iterator[str]]] = {
    "docker": _docker,
    "docker-setup": _helper_command("Setup"),
    "docker-wrapup": _helper_command("Wrapup"),
}
