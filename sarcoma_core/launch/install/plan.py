"""What installing would do, as data: pure functions from what is shipped and what is live to actions.

A dry run shows the list and a run carries it out, so that the two cannot differ. Every plan is made from the
state alone: after a run that broke off, the next one does what is left.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from sarcoma_core.errors import UsageError
from sarcoma_core.launch.install.settings import carried, declared, settings
from sarcoma_core.steps import step_named
from sarcoma_core.xnat.command.comparing import differences
from sarcoma_core.xnat.command.model import Command
from sarcoma_core.xnat.rest.service import LiveCommand

Tree = Mapping[str, Any]
Verb = Literal["add", "update", "configure", "enable", "disable", "delete"]

SITE = ""
"""The scope that is no project."""
_FIELDS_SHOWN = 4


@dataclass(frozen=True)
class Shipped:
    """A step as this version ships it."""

    step: str
    command: Command

    @property
    def wrapper_name(self) -> str:
        """The name of its one wrapper."""
        return self.command.xnat[0].name

    @property
    def version(self) -> str:
        """Its version."""
        return self.command.version or ""


@dataclass(frozen=True)
class Live:
    """One of our commands as the server holds it, with what is set about its wrapper.

    Args:
        step: name of the step.
        command: the command.
        scopes: where it is on: `SITE` and ids of projects.
        configurations: what the service answers as configuration, by scope; may lack scopes.
        unknown: where this user may not know whether it is on; scopes of a listing only.
    """

    step: str
    command: LiveCommand
    scopes: frozenset[str] = frozenset()
    configurations: Mapping[str, Tree] = field(default_factory=dict, repr=False)
    unknown: frozenset[str] = frozenset()

    @property
    def wrapper_id(self) -> int:
        """The id of its one wrapper; 0 when somebody deleted it."""
        return self.command.wrappers[0].id if self.command.wrappers else 0

    @property
    def wrapper_name(self) -> str:
        """The name of its one wrapper."""
        return self.command.wrappers[0].name if self.command.wrappers else ""

    @property
    def is_on(self) -> bool:
        """Whether it is on for the site."""
        return SITE in self.scopes


@dataclass(frozen=True)
class Action:
    """One change of the server.

    Args:
        verb: what is done.
        step: to which step.
        version: to which version of it.
        command_id: the command; 0 for the one that the plan adds.
        wrapper_id: its wrapper; 0 as above.
        project: where; `SITE` for the site.
        body: what is sent.
        shipped: what a new or changed command has to be in the end.
        note: why, or what does not go along.
    """

    verb: Verb
    step: str
    version: str
    command_id: int = 0
    wrapper_id: int = 0
    project: str = SITE
    body: Tree = field(default_factory=dict, repr=False)
    shipped: Command | None = field(default=None, repr=False)
    note: str = ""

    @property
    def scope(self) -> str:
        """Where, in words."""
        return f"project {self.project}" if self.project else "site"


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


def plan_install(
    shipped: Sequence[Shipped], live: Sequence[Live], projects: Sequence[str]
) -> tuple[Action, ...]:
    """What makes the shipped steps the ones that a server runs.

    Args:
        shipped: the steps to install.
        live: all of our commands on the server.
        projects: where the steps are to be on, besides where an earlier version is.

    Returns:
        The actions, in order; none when all is in place.
    """
    return tuple(
        action
        for one in shipped
        for action in _install_one(one, [old for old in live if old.step == one.step], projects)
    )


def _install_one(shipped: Shipped, live: Sequence[Live], projects: Sequence[str]) -> Iterable[Action]:
    current = _current(shipped, live)
    others = [other for other in live if other is not current]
    yield from _bring(shipped, current)
    target = _Target(shipped, current)
    before = next((other for other in reversed(others) if other.is_on), None)
    if before:
        yield from target.configured_as(before, SITE)
    if not (current and current.is_on):
        yield target.action("enable", SITE)
    wanted = dict.fromkeys(projects)  # a set that keeps its order
    if before:
        wanted |= dict.fromkeys(sorted(before.scopes - {SITE}))
    for project in wanted:
        if before and project in before.scopes:
            yield from target.configured_as(before, project)
        if not (current and project in current.scopes):
            yield target.action("enable", project)
    for other in others:
        if other.is_on:
            yield _on(other, "disable", SITE, note=f"{shipped.version} takes its place")


def _current(shipped: Shipped, live: Sequence[Live]) -> Live | None:
    """The live command that is this version: of its image before one of another registry."""
    same = [one for one in live if one.command.version == shipped.version]
    return max(
        same, key=lambda one: (one.command.image == shipped.command.image, one.command.id), default=None
    )


def _bring(shipped: Shipped, current: Live | None) -> Iterable[Action]:
    """Add the command, or change the one that is there, wrapper id kept."""
    body = shipped.command.to_json()
    if current is None:
        yield Action("add", shipped.step, shipped.version, body=body, shipped=shipped.command)
        return
    differing = differences(shipped.command, current.command.tree)
    if not differing:
        return
    ids = {wrapper.name: wrapper.id for wrapper in current.command.wrappers}
    wrappers = body["xnat"]
    assert isinstance(wrappers, list)  # noqa: S101  the model writes a list of objects
    kept = [{**w, "id": ids[w["name"]]} if w["name"] in ids else w for w in wrappers if isinstance(w, dict)]
    fields = [difference.field for difference in differing]
    more = f" and {len(fields) - _FIELDS_SHOWN} more" if len(fields) > _FIELDS_SHOWN else ""
    yield Action(
        "update",
        shipped.step,
        shipped.version,
        command_id=current.command.id,
        wrapper_id=current.wrapper_id,
        body={**body, "xnat": kept},
        shipped=shipped.command,
        note=f"differs in {', '.join(fields[:_FIELDS_SHOWN])}{more}",
    )


@dataclass(frozen=True)
class _Target:
    """The command that is to be on in the end; it may not be there yet."""

    shipped: Shipped
    current: Live | None

    def action(self, verb: Verb, project: str, *, body: Tree | None = None, note: str = "") -> Action:
        return Action(
            verb,
            self.shipped.step,
            self.shipped.version,
            command_id=self.current.command.id if self.current else 0,
            wrapper_id=self.current.wrapper_id if self.current else 0,
            project=project,
            body=body or {},
            note=note,
        )

    def configured_as(self, before: Live, project: str) -> Iterable[Action]:
        """Carry over what was set about the version before, unless something is set already."""
        if self.current and _settings(self.current, project):
            return
        carried_over = carried(
            _settings(before, project), self.shipped.command.to_json(), self.shipped.wrapper_name
        )
        left = f"; not taken any more: {', '.join(carried_over.left)}" if carried_over.left else ""
        if carried_over.configuration:
            note = f"settings of {before.command.version}{left}"
            yield self.action("configure", project, body=carried_over.configuration, note=note)


def _settings(live: Live, project: str) -> Tree:
    """What is set about a live wrapper in a scope."""
    if project not in live.configurations:
        return {}
    own = declared(live.command.tree, live.wrapper_name)
    below = live.configurations.get(SITE, own) if project else own
    return settings(live.configurations[project], below)


def plan_rollback(steps: Sequence[str], live: Sequence[Live]) -> tuple[Action, ...]:
    """What puts the version before in the place of the one that is on; its own settings are still there.

    Raises:
        UsageError: a step has no earlier version on the server.
    """
    actions: list[Action] = []
    for step in steps:
        current = installed(step, live)
        if current is None:
            raise UsageError(f"step {step}: is not installed.", hint="sarcoma xnat install")
        earlier = [one for one in live if one.step == step and one.command.id < current.command.id]
        if not earlier:
            raise UsageError(
                f"step {step}: no version before {current.command.version} is on the server.",
                hint="Versions stay until they are uninstalled: sarcoma xnat list",
            )
        before = max(earlier, key=lambda one: one.command.id)
        actions.append(_on(before, "enable", SITE))
        actions += [_on(before, "enable", project) for project in sorted(current.scopes - {SITE})]
        actions.append(_on(current, "disable", SITE, note=f"{before.command.version} takes its place"))
    return tuple(actions)


def plan_uninstall(live: Sequence[Live]) -> tuple[Action, ...]:
    """What removes these commands, with their wrappers and settings."""
    return tuple(_on(one, "delete", SITE, note=one.command.image) for one in live)


def plan_switch(step: str, live: Sequence[Live], projects: Sequence[str], *, on: bool) -> tuple[Action, ...]:
    """What switches a step on or off: for the site, or for projects only.

    A project's wrapper works only where the site's is on too, so switching it on there switches the site on.

    Raises:
        UsageError: there is no such step, or it is not installed.
    """
    current = installed(step, live)
    if current is None:
        step_named(step)
        raise UsageError(f"step {step}: is not installed.", hint=f"sarcoma xnat install --step {step}")
    wanted = [SITE, *projects] if on else list(projects or (SITE,))
    verb: Verb = "enable" if on else "disable"
    return tuple(_on(current, verb, project) for project in wanted if (project in current.scopes) != on)


def installed(step: str, live: Sequence[Live]) -> Live | None:
    """The version of a step that is on for the site, else the newest one."""
    return max(
        (one for one in live if one.step == step), key=lambda one: (one.is_on, one.command.id), default=None
    )


def _on(live: Live, verb: Verb, project: str, *, note: str = "") -> Action:
    return Action(
        verb,
        live.step,
        live.command.version,
        command_id=live.command.id,
        wrapper_id=live.wrapper_id,
        project=project,
        note=note,
    )
