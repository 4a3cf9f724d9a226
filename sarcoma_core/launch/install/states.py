"""Our steps as they are shipped, and as a server holds them: what every plan is made from."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sarcoma_core.xnat.command.comparing import Difference, differences
from sarcoma_core.xnat.command.model import Command
from sarcoma_core.xnat.rest.service import LiveCommand

Tree = Mapping[str, Any]

SITE = ""
"""The scope that is no project."""


@dataclass(frozen=True)
class Shipped:
    """A step as this version ships it."""

    step: str
    command: Command

    @property
    def wrapper_names(self) -> tuple[str, ...]:
        """The names of its wrappers, one for each level, the usual one first."""
        return tuple(wrapper.name for wrapper in self.command.xnat)

    @property
    def version(self) -> str:
        """Its version."""
        return self.command.version or ""


@dataclass(frozen=True)
class WrapperState:
    """A wrapper of one of our commands as the server holds it: where it is on, and what is set about it.

    Args:
        id: its id.
        name: its name.
        scopes: where it is on: `SITE` and ids of projects.
        configurations: what the service answers as configuration, by scope; may lack scopes.
        unknown: where this user may not know whether it is on; scopes of a listing only.
    """

    id: int
    name: str
    scopes: frozenset[str] = frozenset()
    configurations: Mapping[str, Tree] = field(default_factory=dict, repr=False)
    unknown: frozenset[str] = frozenset()

    @property
    def is_on(self) -> bool:
        """Whether it is on for the site."""
        return SITE in self.scopes


@dataclass(frozen=True)
class Live:
    """One of our commands as the server holds it.

    Args:
        step: name of the step.
        command: the command.
        wrappers: its wrappers; none when somebody deleted them.
    """

    step: str
    command: LiveCommand
    wrappers: tuple[WrapperState, ...] = ()

    @property
    def is_on(self) -> bool:
        """Whether any of its wrappers is on for the site."""
        return any(wrapper.is_on for wrapper in self.wrappers)

    @property
    def scopes(self) -> frozenset[str]:
        """Where any of its wrappers is on."""
        return frozenset().union(*(wrapper.scopes for wrapper in self.wrappers))

    def named(self, name: str) -> WrapperState | None:
        """Its wrapper of a name."""
        return next((wrapper for wrapper in self.wrappers if wrapper.name == name), None)

    def scopes_for(self, name: str) -> frozenset[str]:
        """Where another version's wrapper of a name takes its place: one that it has not, where any is on."""
        own = self.named(name)
        return own.scopes if own else self.scopes


def step_of(command: LiveCommand) -> str:
    """The step whose command this is; empty for a command that is none of ours.

    Ours has our name and our image, whatever the registry and the tag.
    """
    name = command.name.removeprefix("sarcoma-")
    ours = re.fullmatch(rf"(?:[^@]*/)?sarcoma/{re.escape(name)}[:@].+", command.image)
    return name if ours and name != command.name else ""


def registry_of(image: str) -> str:
    """The registry's prefix of one of our images; empty for the engine's own."""
    return image.rpartition("sarcoma/")[0].rstrip("/")


def wrapper_level(wrapper: str, step: str) -> str:
    """The level of a step's wrapper, by its name; the whole name of one that is none of ours."""
    return wrapper.removeprefix(f"sarcoma-{step}-")


def changed(shipped: Shipped, live: Live) -> tuple[Difference, ...]:
    """Where a live command differs from the shipped one; of a part that one of them lacks, no more than that.

    Raises:
        CommandError: the live one cannot be read as a command.
    """
    found = differences(shipped.command, live.command.tree)
    lacking = tuple(f"{each.field}/" for each in found if "present" in (each.shipped, each.live))
    return tuple(each for each in found if not each.field.startswith(lacking))


def installed(step: str, live: Sequence[Live]) -> Live | None:
    """The version of a step that is on for the site, else the newest one."""
    return max(
        (one for one in live if one.step == step), key=lambda one: (one.is_on, one.command.id), default=None
    )
