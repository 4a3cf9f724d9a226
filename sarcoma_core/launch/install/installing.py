"""Install our steps on a server: read what is live, check the rights, carry a plan out and look again."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from http import HTTPStatus
from typing import NamedTuple

from sarcoma_core.errors import RunError, SarcomaError, UsageError
from sarcoma_core.interface import Step
from sarcoma_core.launch.install.gpu import Gpu, asked_of, with_gpu
from sarcoma_core.launch.install.plan import (
    SITE,
    Action,
    Live,
    Shipped,
    Tree,
    installed,
    registry_of,
    step_of,
)
from sarcoma_core.steps import STEPS
from sarcoma_core.xnat.command.comparing import differences
from sarcoma_core.xnat.command.declaring import command_for
from sarcoma_core.xnat.rest.administration import ADMINISTRATOR, Administration, needed_roles
from sarcoma_core.xnat.rest.answering import ServerError
from sarcoma_core.xnat.rest.remote import visible_projects
from sarcoma_core.xnat.rest.service import ContainerService, LiveCommand

DONE, PLANNED = "done", "would be done"
UNKNOWN = "?"
"""Stands for what this user may not know."""


class ActionResult(NamedTuple):
    """What became of an action; `command` and `wrapper` are ids, empty where there is none yet."""

    step: str
    version: str
    action: str
    scope: str
    outcome: str
    note: str
    command: str
    wrapper: str


class Installed(NamedTuple):
    """A step on a server."""

    step: str
    installed: str
    shipped: str
    image: str
    site: str
    projects: str
    state: str
    command: str
    wrapper: str


def shipped_steps(
    names: Sequence[str] = (),
    *,
    registry: str | None = None,
    gpu: Gpu | None = None,
    live: Sequence[Live] = (),
) -> tuple[Shipped, ...]:
    """The steps of this version, as this site wants them.

    Args:
        names: which; all when none is named.
        registry: prefix of the site's registry; None for the one that a step, else the newest of them, has
            on the server.
        gpu: how the backend is asked for a GPU, for the steps that use one; None as on the server.
        live: our commands on the server.

    Raises:
        UsageError: there is no such step, or the registry is no prefix.
    """
    known = {step.name: step for step in STEPS}
    for name in names:
        if name not in known:
            raise UsageError(f"--step: must be one of {', '.join(known)}; found {name!r}.")
    chosen = [known[name] for name in dict.fromkeys(names or known)]
    return tuple(_shipped(step, registry, gpu, live) for step in chosen)


def _shipped(step: Step, registry: str | None, gpu: Gpu | None, live: Sequence[Live]) -> Shipped:
    """A step with the choices of this site: those that are made now, else those that were made before."""
    own = installed(step.name, live)
    known = own or max(live, key=lambda one: one.command.id, default=None)
    prefix = registry if registry is not None else registry_of(known.command.image) if known else ""
    backend = gpu or (asked_of(own.command.tree) if own else "none")
    return Shipped(step.name, with_gpu(command_for(step, prefix), backend if step.gpu else "none"))


def check_roles(administration: Administration) -> None:
    """Refuse early, and say who can help, when this user may not manage commands.

    Raises:
        RunError: a role is missing.
    """
    held = administration.roles()
    missing = needed_roles(administration.connection.version) - (held or frozenset())
    if held is None or not missing:  # where roles cannot be read, the service's own refusal tells
        return
    user, words = administration.connection.user, " and ".join(sorted(missing))
    administrators = administration.administrators() or ()
    who = f"({', '.join(administrators)}) " if administrators else ""
    if ADMINISTRATOR in held:
        who = "(which you are; being one is not enough) "
    raise RunError(
        f"{user}: must have what manages commands of the Container Service; lacks {words}.",
        hint=f"A site administrator {who}grants it: Administer > Users > {user} > Edit > Security; or "
        f"PUT /xapi/users/{user}/roles/{min(missing)}",
    )


def check_projects(service: ContainerService, projects: Iterable[str]) -> None:
    """Refuse a project that is not there: the service would answer success.

    Raises:
        UsageError: a project is not there, or not for this user.
    """
    wanted = tuple(projects)
    seen = frozenset(visible_projects(service.connection)) if wanted else frozenset()
    for project in wanted:
        if project not in seen:
            raise UsageError(
                f"--project: must be the id of a project that you can see; found {project!r}.",
                hint=f"Check the id; to create it: sarcoma xnat upload FOLDER --project {project} --create",
            )


def read_live(service: ContainerService, projects: Sequence[str] | None = None) -> tuple[Live, ...]:
    """All of our commands on the server, in order of their ids.

    Args:
        service: the server.
        projects: projects to look at; all that this user sees when None.
    """
    ours = [(step, command) for command in service.commands() if (step := step_of(command))]
    if not ours:
        return ()
    looked_at = visible_projects(service.connection) if projects is None else projects
    return tuple(Live(step, command, _scopes(service, command, looked_at)) for step, command in ours)


def read_for_install(
    service: ContainerService, steps: Sequence[str], projects: Sequence[str], version: str
) -> tuple[Live, ...]:
    """Our commands of some steps; where one is to be replaced, all its projects and settings.

    Args:
        service: the server.
        steps: names of the steps to install.
        projects: where they are to be on.
        version: the version to install.
    """
    commands = tuple(live for live in read_live(service, projects) if live.step in steps)
    replaced = {live.step for live in commands if live.is_on and live.command.version != version}
    replaced |= {live.step for live in commands if sum(o.step == live.step for o in commands if o.is_on) > 1}
    if not replaced:
        return commands
    everywhere = visible_projects(service.connection)
    return tuple(_whole(service, one, everywhere) if one.step in replaced else one for one in commands)


def read_for_list(service: ContainerService) -> tuple[Live, ...]:
    """All of our commands on the server, and where they are on as far as this user may know."""
    ours = [(step, command) for command in service.commands() if (step := step_of(command))]
    projects = visible_projects(service.connection) if ours else ()
    return tuple(_seen(service, step, command, projects) for step, command in ours)


def _seen(service: ContainerService, step: str, command: LiveCommand, projects: Sequence[str]) -> Live:
    if not command.wrappers:
        return Live(step, command)
    number = command.wrappers[0].id
    at_site = _unless_forbidden(lambda: service.enabled(number))
    if at_site is False:  # off for the site, it is off everywhere
        return Live(step, command)
    on = {project: _unless_forbidden(partial(service.enabled, number, project)) for project in projects}
    readable = next((project for project, answer in on.items() if answer is not None), None)
    if at_site is None and readable is not None:
        at_site = service.enabled_for_site(number, readable)
    on[SITE] = at_site
    return Live(
        step,
        command,
        frozenset(scope for scope, answer in on.items() if answer),
        unknown=frozenset(scope for scope, answer in on.items() if answer is None),
    )


def _unless_forbidden(question: Callable[[], bool]) -> bool | None:
    """The answer; None where this user may not ask."""
    try:
        return question()
    except ServerError as error:
        if error.status != HTTPStatus.FORBIDDEN:
            raise
        return None


def _scopes(service: ContainerService, command: LiveCommand, projects: Sequence[str]) -> frozenset[str]:
    """Where a command's wrapper is on: off for the site, it is off everywhere."""
    wrapper = next(iter(command.wrappers), None)
    if wrapper is None or not _is_on(service, wrapper.id, projects):
        return frozenset()
    return frozenset({SITE, *(project for project in projects if service.enabled(wrapper.id, project))})


def _is_on(service: ContainerService, wrapper_id: int, projects: Sequence[str]) -> bool:
    """Whether a wrapper is on for the site; a project's owner asks the project."""
    if not projects:
        return service.enabled(wrapper_id)
    answer = _unless_forbidden(lambda: service.enabled(wrapper_id))
    return service.enabled_for_site(wrapper_id, projects[0]) if answer is None else answer


def _whole(service: ContainerService, live: Live, projects: Sequence[str]) -> Live:
    if not live.wrapper_id:
        return live
    scopes = _scopes(service, live.command, projects)
    looked_at = [SITE, *sorted(scopes - {SITE})]
    configurations: Mapping[str, Tree] = {
        scope: service.configuration(live.wrapper_id, scope or None) for scope in looked_at
    }
    return Live(live.step, live.command, scopes, configurations)


def carry_out(
    service: ContainerService,
    plan: Sequence[Action],
    *,
    watch: Callable[[ActionResult], None] = lambda _: None,
) -> tuple[ActionResult, ...]:
    """Do what a plan says; a step whose command fails is left alone, the others go on.

    Args:
        service: the server.
        plan: of `install_plan`.
        watch: is told each outcome.
    """
    outcomes: list[ActionResult] = []
    brought: dict[tuple[str, str], LiveCommand] = {}
    failed: set[str] = set()
    for action in plan:
        key = (action.step, action.version)
        if action.step in failed:
            outcome = "not done: an earlier action failed"
        else:
            try:
                command = _do(service, action, brought.get(key))
                outcome = DONE
                if command:
                    brought[key] = command
            except SarcomaError as error:
                failed.add(action.step)
                outcome = f"failed: {error}"
        outcomes.append(_outcome(action, outcome, brought.get(key)))
        watch(outcomes[-1])
    return tuple(outcomes)


def planned(plan: Sequence[Action]) -> tuple[ActionResult, ...]:
    """A plan in the words of its outcome."""
    return tuple(_outcome(action, PLANNED, None) for action in plan)


def _outcome(action: Action, outcome: str, command: LiveCommand | None) -> ActionResult:
    command_id = action.command_id or (command.id if command else 0)
    wrapper_id = action.wrapper_id or (command.wrappers[0].id if command and command.wrappers else 0)
    return ActionResult(
        action.step,
        action.version,
        action.verb,
        action.scope,
        outcome,
        action.note,
        str(command_id or ""),
        str(wrapper_id or ""),
    )


def _do(service: ContainerService, action: Action, brought: LiveCommand | None) -> LiveCommand | None:
    """One action; gives the command that it brought."""
    if action.verb == "add":
        return _checked(service, action, service.add(action.body))
    if action.verb == "update":
        return _updated(service, action)
    if action.verb == "delete":
        service.delete(action.command_id)
        return None
    wrapper_id = action.wrapper_id or (brought.wrappers[0].id if brought and brought.wrappers else 0)
    if not wrapper_id:
        raise RunError(f"step {action.step}: its command has no wrapper.", hint="sarcoma xnat install")
    project = action.project or None
    if action.verb == "configure":
        service.set_configuration(wrapper_id, action.body, project)
        return None
    on = action.verb == "enable"
    service.set_enabled(wrapper_id, on, project)
    if service.enabled(wrapper_id, project) != on:  # an unknown project is answered with success
        raise RunError(f"step {action.step}: the service accepted it and did not do it ({action.scope}).")
    return None


def _updated(service: ContainerService, action: Action) -> LiveCommand:
    """Change a command in place; the ids of its wrappers hold its settings, so they have to stay."""
    before = {wrapper.name: wrapper.id for wrapper in service.command(action.command_id).wrappers}
    service.replace(action.command_id, action.body)
    command = _checked(service, action, action.command_id)
    after = {wrapper.name: wrapper.id for wrapper in command.wrappers}
    moved = [name for name, number in before.items() if name in after and after[name] != number]
    if moved:
        raise RunError(
            f"step {action.step}: the service gave its wrapper another id, so its settings are lost.",
            hint="Enable it again: sarcoma xnat install --project ...",
        )
    return command


def _checked(service: ContainerService, action: Action, command_id: int) -> LiveCommand:
    """The command as the service keeps it, which has to be what was sent."""
    command = service.command(command_id)
    differing = differences(action.shipped, command.tree) if action.shipped else ()
    if differing:
        fields = ", ".join(difference.field for difference in differing)
        raise RunError(f"step {action.step}: the service keeps it otherwise than it was sent: {fields}.")
    return command


def listing(shipped: Sequence[Shipped], live: Sequence[Live]) -> tuple[Installed, ...]:
    """Every step with its versions on the server; a step without any has one line too."""
    rows: list[Installed] = []
    for one in shipped:
        versions = [other for other in live if other.step == one.step]
        rows += [_row(one, other) for other in versions]
        if not versions:
            rows.append(Installed(one.step, "", one.version, "", "", "", "not installed", "", ""))
    known = {one.step for one in shipped}
    rows += [_foreign(other) for other in live if other.step not in known]
    return tuple(rows)


def _row(shipped: Shipped, live: Live) -> Installed:
    changed = [d.field for d in differences(shipped.command, live.command.tree) if d.field != "image"]
    state = "current" if live.command.version == shipped.version else "another version"
    if state == "current" and changed:
        state = f"differs in {', '.join(changed)}"
    return _foreign(live)._replace(shipped=shipped.version, state=state)


def _foreign(live: Live) -> Installed:
    """A row for a step that this version does not ship any more."""
    return Installed(
        live.step,
        live.command.version,
        "",
        live.command.image,
        UNKNOWN if SITE in live.unknown else "on" if live.is_on else "off",
        " ".join([*sorted(live.scopes - {SITE}), *([UNKNOWN] if live.unknown - {SITE} else [])]),
        "not shipped any more",
        str(live.command.id),
        str(live.wrapper_id or ""),
    )
