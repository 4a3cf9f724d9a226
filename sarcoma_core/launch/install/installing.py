"""Install our steps on a server: check the rights, carry a plan out and look again, list what is there."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from sarcoma_core import __version__
from sarcoma_core.errors import RunError, SarcomaError, UsageError
from sarcoma_core.interface import Step
from sarcoma_core.launch.install.gpu import Gpu, asked_of, with_gpu
from sarcoma_core.launch.install.plan import Action
from sarcoma_core.launch.install.states import (
    SITE,
    Live,
    Shipped,
    WrapperState,
    changed,
    installed,
    registry_of,
    wrapper_level,
)
from sarcoma_core.launch.optional_assets import make_room
from sarcoma_core.steps import STEPS
from sarcoma_core.xnat.command.comparing import differences
from sarcoma_core.xnat.command.declaring import command_for, named_by_digest
from sarcoma_core.xnat.rest.administration import ADMINISTRATOR, Administration, needed_roles
from sarcoma_core.xnat.rest.remote import visible_projects
from sarcoma_core.xnat.rest.service import ContainerService, LiveCommand

DONE, PLANNED = "done", "would be done"
UNKNOWN = "?"
"""Stands for what this user may not know."""


class ActionResult(NamedTuple):
    """What became of an action.

    `command` and `wrapper` are ids, empty where there is none yet. What is done to a command as a whole has
    no `level`, and all of the command's wrappers as `wrapper`, with blanks between them.
    """

    step: str
    version: str
    action: str
    level: str
    scope: str
    outcome: str
    note: str
    command: str
    wrapper: str


class Installed(NamedTuple):
    """A wrapper of a step on a server: a step has one for each level that it is launched on."""

    step: str
    level: str
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
    images: Mapping[str, str] | None = None,
    live: Sequence[Live] = (),
) -> tuple[Shipped, ...]:
    """The steps of this version, as this site wants them.

    Args:
        names: which; all when none is named.
        registry: prefix of the site's registry; None for the one that a step, else the newest of them, has
            on the server, and then the digest that this version of the step has there.
        gpu: how the backend is asked for a GPU, for the steps that use one; None as on the server.
        images: the image of each of these steps by digest, instead of the registry's; of `read_images`.
        live: our commands on the server.

    Raises:
        UsageError: there is no such step, or the registry is no prefix.
    """
    known = {step.name: step for step in STEPS}
    for name in names:
        if name not in known:
            raise UsageError(f"--step: must be one of {', '.join(known)}; found {name!r}.")
    chosen = [known[name] for name in dict.fromkeys(names or known)]
    return tuple(_shipped(step, registry, gpu, (images or {}).get(step.name, ""), live) for step in chosen)


def _shipped(step: Step, registry: str | None, gpu: Gpu | None, image: str, live: Sequence[Live]) -> Shipped:
    """A step with the choices of this site: those that are made now, else those that were made before."""
    own = installed(step.name, live)
    known = own or max(live, key=lambda one: one.command.id, default=None)
    prefix = registry if registry is not None else registry_of(known.command.image) if known else ""
    backend = gpu or (asked_of(own.command.tree) if own else "none")
    image = image or (_digest_of(step, live) if registry is None else "")
    command = command_for(step, prefix, image=image)
    return Shipped(step.name, with_gpu(command, backend if step.gpu else "none"))


def _digest_of(step: Step, live: Sequence[Live]) -> str:
    """The image that this version of a step has on the server, where that is by digest; else empty."""
    same = installed(step.name, [one for one in live if one.command.version == __version__])
    return same.command.image if same and named_by_digest(same.command.image) == step.name else ""


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
    return ActionResult(
        action.step,
        action.version,
        action.verb,
        action.level,
        action.scope,
        outcome,
        action.note,
        str(action.command_id or (command.id if command else "")),
        " ".join(map(str, _wrapper_ids(action, command))),
    )


def _wrapper_ids(action: Action, brought: LiveCommand | None) -> tuple[int, ...]:
    """The wrapper that an action is about, or all of its command's; `brought` may have more than before."""
    ids = {wrapper.name: wrapper.id for wrapper in brought.wrappers} if brought else {}
    if not action.wrapper:
        return tuple(ids.values()) or action.wrapper_ids
    return action.wrapper_ids or tuple(number for name, number in ids.items() if name == action.wrapper)


def _do(service: ContainerService, action: Action, brought: LiveCommand | None) -> LiveCommand | None:
    """One action; gives the command that it brought."""
    if action.verb == "add":
        return _checked(service, action, service.add(action.body))
    if action.verb == "update":
        return _updated(service, action)
    if action.verb == "delete":
        service.delete(action.command_id)
        return None
    (wrapper_id,) = _wrapper_ids(action, brought)  # what was brought has it, or `_checked` would have said so
    project = action.project or None
    if action.verb == "configure":
        service.set_configuration(wrapper_id, action.body, project)
        return None
    _switch(service, action, wrapper_id)
    return None


def _switch(service: ContainerService, action: Action, wrapper_id: int) -> None:
    """Switch a wrapper on or off, and look: an unknown project is answered with success."""
    on, project = action.verb == "enable", action.project or None
    service.set_enabled(wrapper_id, on, project)
    is_on = service.enabled(wrapper_id, project)
    # On in a project that comes before the site: only the site's switch is missing.
    waits = on and project is not None and not is_on and not service.enabled_for_site(wrapper_id, project)
    if is_on != on and not waits:
        raise RunError(f"step {action.step}: the service accepted it and did not do it ({action.scope}).")
    step = next((each for each in STEPS if each.name == action.step), None)
    if on and project and step:
        make_room(service.connection, project, step)


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
    """Every wrapper of every version on the server; a shipped one that is not there has a line too."""
    rows: list[Installed] = []
    for one in shipped:
        versions = [other for other in live if other.step == one.step]
        rows += [row for other in versions for row in _rows(one, other)]
        if not versions:
            rows += [_missing(one, name, "not installed") for name in one.wrapper_names]
    known = {one.step for one in shipped}
    rows += [row for other in live if other.step not in known for row in _unjudged(other)]
    return tuple(rows)


def _rows(shipped: Shipped, live: Live) -> Iterator[Installed]:
    """The rows of a command, each with what differs in its own wrapper or in what all of them share."""
    if live.command.version != shipped.version:
        for row in _unjudged(live):
            yield row._replace(shipped=shipped.version, state="another version")
        return
    fields = [difference.field for difference in changed(shipped, live) if difference.field != "image"]
    for wrapper, row in zip(live.wrappers, _unjudged(live), strict=False):  # of none there is a row too
        differing = [field for field in fields if _concerns(field, wrapper.name)]
        state = f"differs in {', '.join(differing)}" if differing else "current"
        yield row._replace(shipped=shipped.version, state=state)
    for name in shipped.wrapper_names:
        if live.named(name) is None:
            row = _missing(shipped, name, "lacks its wrapper")
            yield row._replace(
                installed=live.command.version, image=live.command.image, command=str(live.command.id)
            )


def _concerns(field: str, wrapper: str) -> bool:
    """Whether a field that differs is of a wrapper, or of none."""
    return not field.startswith("xnat/") or f"{field}/".startswith(f"xnat/{wrapper}/")


def _missing(shipped: Shipped, name: str, state: str) -> Installed:
    level = wrapper_level(name, shipped.step)
    return Installed(shipped.step, level, "", shipped.version, "", "", "", state, "", "")


def _unjudged(live: Live) -> Iterator[Installed]:
    """A command's rows, as of a step that is not shipped any more; one where it has no wrapper."""
    for wrapper in live.wrappers or (WrapperState(0, ""),):
        projects = [*sorted(wrapper.scopes - {SITE}), *([UNKNOWN] if wrapper.unknown - {SITE} else [])]
        yield Installed(
            live.step,
            wrapper_level(wrapper.name, live.step),
            live.command.version,
            "",
            live.command.image,
            UNKNOWN if SITE in wrapper.unknown else "on" if wrapper.is_on else "off",
            " ".join(projects),
            "not shipped any more",
            str(live.command.id),
            str(wrapper.id or ""),
        )
