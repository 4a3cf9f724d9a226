"""What a lint rule looks at: a bound command, its raw keys, and where every part stands."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from sarcoma_core.xnat.command.json_text import Members
from sarcoma_core.xnat.command.model import replacement_key
from sarcoma_core.xnat.command.node import Node

_HANDLER_TEMPLATES = ("label", "format", "description", "content")
_COMMAND_TEMPLATES = ("working-directory", "container-name")
_MAP_TEMPLATES = ("environment-variables", "ports", "container-labels")


class Spot(NamedTuple):
    """One place where a rule bites: a JSON pointer (RFC 6901) and what is wrong there."""

    where: str
    message: str


class LintedPart(NamedTuple):
    """A part of the command and its JSON pointer."""

    where: str
    node: Node

    @property
    def name(self) -> str:
        """The part's name, empty if it has none."""
        return self.node.text("name") or ""

    @property
    def key(self) -> str:
        """The text that stands for an input in a template."""
        return replacement_key(self.name, self.node.text("replacement-key"))

    def parts(self, key: str) -> "tuple[LintedPart, ...]":
        """The parts listed under a key."""
        return tuple(
            LintedPart(f"{self.where}/{key}/{i}", node) for i, node in enumerate(self.node.nodes(key))
        )


class Template(NamedTuple):
    """A field in which the service replaces keys."""

    where: str
    text: str


@dataclass(frozen=True, slots=True)
class Scene:
    """One command to lint: the members as they were written, and the command that the service binds."""

    members: Members
    command: Node

    @property
    def root(self) -> LintedPart:
        """The command as a part."""
        return LintedPart("", self.command)

    @property
    def inputs(self) -> tuple[LintedPart, ...]:
        """The command inputs."""
        return self.root.parts("inputs")

    @property
    def wrappers(self) -> tuple[LintedPart, ...]:
        """The wrappers."""
        return self.root.parts("xnat")

    @property
    def is_main(self) -> bool:
        """Whether this is no setup or wrapup command, whose line is filled with its parent's inputs."""
        return self.command.text("type") not in {"docker-setup", "docker-wrapup"}

    @property
    def command_line(self) -> str:
        """The command line, empty if there is none."""
        return self.command.text("command-line") or ""

    def wrapper_inputs(self) -> Iterator[LintedPart]:
        """The external and derived inputs of every wrapper."""
        for wrapper in self.wrappers:
            yield from inputs_of(wrapper)

    def command_templates(self) -> Iterator[Template]:
        """The templated fields of the command, all but its command line."""
        for key in _COMMAND_TEMPLATES:
            yield Template(f"/{key}", self.command.text(key) or "")
        for key in _MAP_TEMPLATES:
            for name, value in self.command.text_map(key).items():
                yield Template(f"/{key}/{pointer_step(name)}", f"{name} {value}")
        for part in (*self.root.parts("mounts"), *self.root.parts("outputs")):
            yield Template(f"{part.where}/path", part.node.text("path") or "")


def inputs_of(wrapper: LintedPart) -> tuple[LintedPart, ...]:
    """A wrapper's inputs, the external ones first."""
    return (*wrapper.parts("external-inputs"), *wrapper.parts("derived-inputs"))


def handler_templates(wrapper: LintedPart) -> Iterator[Template]:
    """The templated fields of a wrapper's output handlers."""
    for handler in wrapper.parts("output-handlers"):
        for key in _HANDLER_TEMPLATES:
            yield Template(f"{handler.where}/{key}", handler.node.text(key) or "")
        for index, tag in enumerate(handler.node.texts("tags")):
            yield Template(f"{handler.where}/tags/{index}", tag)


def pointer_step(key: str) -> str:
    """A key as one step of a JSON pointer (RFC 6901, section 3)."""
    return key.replace("~", "~0").replace("/", "~1")
