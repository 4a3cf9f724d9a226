"""What installing would do, as data: pure functions from what is shipped and what is live to actions.

A dry run shows the list and a run carries it out, so that the two cannot differ. Every plan is made from the
state alone: after a run that broke off, the next one does what is left.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from sarcoma_core.errors import UsageError
from sarcoma_core.launch.install.settings import carried, declared, settings
from sarcoma_core.launch.install.states import (
    SITE,
    Live,
    Shipped,
    Tree,
    WrapperState,
    changed,
    installed,
    wrapper_level,
)
from sarcoma_core.steps import step_named
from sarcoma_core.xnat.command.model import Command

Verb = Literal["add", "update", "configure", "enable", "disable", "delete"]

_FIELDS_SHOWN = 4


@dataclass(frozen=True)
class Action:
    """One change of the server.

    Args:
        verb: what is done.
        step: to which step.
        version: to which version of it.
        command_id: the command; 0 for the one that the plan adds.
        wrapper: name of its wrapper; empty for what is done to the command as a whole.
        wrapper_ids: that wrapper, or all of the command's; none as long as they are not there.
        project: where; `SITE` for the site.
        body: what is sent.
        shipped: what a new or changed command has to be in the end.
        note: why, or what does not go along.
    """

    verb: Verb
    step: str
    version: str
    command_id: int = 0
    wrapper: str = ""
    wrapper_ids: tuple[int, ...] = ()
    project: str = SITE
    body: Tree = field(default_factory=dict, repr=False)
    shipped: Command | None = field(default=None, repr=False)
    note: str = ""

    @property
    def scope(self) -> str:
        """Where, in words."""
        return f"project {self.project}" if self.project else "site"

    @property
    def level(self) -> str:
        """The level of its wrapper; empty for what is done to the command as a whole."""
        return wrapper_level(self.wrapper, self.step)


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
    before = next((other for other in reversed(others) if other.is_on), None)
    yield from _bring(shipped, current)
    for name in shipped.wrapper_names:
        yield from _Target(shipped, name, current, before).switched_on(projects)
    for other in others:
        for wrapper in other.wrappers:
            if wrapper.is_on:
                yield _on(other, wrapper, "disable", SITE, note=f"{shipped.version} takes its place")


def _current(shipped: Shipped, live: Sequence[Live]) -> Live | None:
    """The live command that is this version: of its image before one of another registry."""
    same = [one for one in live if one.command.version == shipped.version]
    return max(
        same, key=lambda one: (one.command.image == shipped.command.image, one.command.id), default=None
    )


def _bring(shipped: Shipped, current: Live | None) -> Iterable[Action]:
    """Add the command, or change the one that is there, ids of its wrappers kept."""
    body = shipped.command.to_json()
    if current is None:
        yield Action("add", shipped.step, shipped.version, body=body, shipped=shipped.command)
        return
    differing = changed(shipped, current)
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
        wrapper_ids=_ids(current),
        body={**body, "xnat": kept},
        shipped=shipped.command,
        note=f"differs in {', '.join(fields[:_FIELDS_SHOWN])}{more}",
    )


@dataclass(frozen=True)
class _Target:
    """A wrapper that is to be on in the end; it may not be there yet.

    Args:
        shipped: the step.
        name: the wrapper's name.
        current: its command on the server.
        before: the version whose place it takes.
    """

    shipped: Shipped
    name: str
    current: Live | None
    before: Live | None

    @property
    def own(self) -> WrapperState | None:
        return self.current.named(self.name) if self.current else None

    def switched_on(self, projects: Sequence[str]) -> Iterator[Action]:
        """On for the site, these projects, and where the version before is.

        The site comes last: by its being off the next run knows a wrapper that a killed one left halfway.
        """
        scopes = self.own.scopes if self.own else frozenset[str]()
        yield from self._configured(SITE)
        for project in dict.fromkeys((*projects, *sorted(self._inherited() - {SITE}))):
            yield from self._configured(project)
            if project not in scopes:
                yield self._action("enable", project)
        if SITE not in scopes:
            yield self._action("enable", SITE)

    def _inherited(self) -> frozenset[str]:
        """Where it is to be on without being told: a new wrapper goes where the others are."""
        if self.before:
            return self.before.scopes_for(self.name)
        is_new = self.current and not (self.own and self.own.is_on)
        return self.current.scopes if self.current and is_new else frozenset()

    def _configured(self, project: str) -> Iterator[Action]:
        """Carry over what was set about the version before, unless something is set already."""
        earlier = self.before.named(self.name) if self.before else None
        if self.before is None or earlier is None:
            return
        if self.current and self.own and _settings(self.current, self.own, project):
            return
        made = _settings(self.before, earlier, project)
        carried_over = carried(made, self.shipped.command.to_json(), self.name)
        left = f"; not taken any more: {', '.join(carried_over.left)}" if carried_over.left else ""
        if carried_over.configuration:
            note = f"settings of {self.before.command.version}{left}"
            yield self._action("configure", project, body=carried_over.configuration, note=note)

    def _action(self, verb: Verb, project: str, *, body: Tree | None = None, note: str = "") -> Action:
        return Action(
            verb,
            self.shipped.step,
            self.shipped.version,
            command_id=self.current.command.id if self.current else 0,
            wrapper=self.name,
            wrapper_ids=(self.own.id,) if self.own else (),
            project=project,
            body=body or {},
            note=note,
        )


def _settings(live: Live, wrapper: WrapperState, project: str) -> Tree:
    """What is set about a live wrapper in a scope."""
    if project not in wrapper.configurations:
        return {}
    own = declared(live.command.tree, wrapper.name)
    below = wrapper.configurations.get(SITE, own) if project else own
    return settings(wrapper.configurations[project], below)


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
        before = _version_before(current, live)
        if before is None:
            raise UsageError(
                f"step {step}: no version before {current.command.version} is on the server.",
                hint="Versions stay until they are uninstalled: sarcoma xnat list",
            )
        actions += _in_place_of(current, before)
    return tuple(actions)


def with_version_before(steps: Sequence[str], live: Sequence[Live]) -> tuple[str, ...]:
    """Those steps that can be rolled back: not one that came with the present version."""
    found = {step: installed(step, live) for step in steps}
    return tuple(step for step, current in found.items() if current and _version_before(current, live))


def _version_before(current: Live, live: Sequence[Live]) -> Live | None:
    older = (one for one in live if one.step == current.step and one.command.id < current.command.id)
    return max((one for one in older if one.wrappers), key=lambda one: one.command.id, default=None)


def _in_place_of(current: Live, before: Live) -> Iterator[Action]:
    for wrapper in before.wrappers:
        scopes = current.scopes_for(wrapper.name)
        if SITE in scopes or not current.is_on:  # what is off by intent, beside one that is on, stays off
            yield _on(before, wrapper, "enable", SITE)
        for project in sorted(scopes - {SITE}):
            yield _on(before, wrapper, "enable", project)
    for wrapper in current.wrappers:
        if wrapper.is_on:
            note = f"{before.command.version} takes its place"
            yield _on(current, wrapper, "disable", SITE, note=note)


def plan_uninstall(live: Sequence[Live]) -> tuple[Action, ...]:
    """What removes these commands, with their wrappers and settings."""
    return tuple(
        Action(
            "delete",
            one.step,
            one.command.version,
            command_id=one.command.id,
            wrapper_ids=_ids(one),
            note=one.command.image,
        )
        for one in live
    )


def plan_switch(step: str, live: Sequence[Live], projects: Sequence[str], *, on: bool) -> tuple[Action, ...]:
    """What switches all wrappers of a step on or off: for the site, or for projects only.

    A project's wrapper works only where the site's is on too, so switching it on there switches the site on.

    Raises:
        UsageError: there is no such step, or it is not installed, or somebody deleted its wrappers.
    """
    current = installed(step, live)
    if current is None or not current.wrappers:
        step_named(step)
        found = "its command has no wrapper" if current else "is not installed"
        raise UsageError(f"step {step}: {found}.", hint=f"sarcoma xnat install --step {step}")
    wanted = [SITE, *projects] if on else list(projects or (SITE,))
    verb: Verb = "enable" if on else "disable"
    return tuple(
        _on(current, wrapper, verb, project)
        for wrapper in current.wrappers
        for project in wanted
        if (project in wrapper.scopes) != on
    )


def _ids(live: Live) -> tuple[int, ...]:
    return tuple(wrapper.id for wrapper in live.wrappers)


def _on(live: Live, wrapper: WrapperState, verb: Verb, project: str, *, note: str = "") -> Action:
    return Action(
        verb,
        live.step,
        live.command.version,
        command_id=live.command.id,
        wrapper=wrapper.name,
        wrapper_ids=(wrapper.id,),
        project=project,
        note=note,
    )
