"""What a server holds of our steps: commands, their wrappers, where these are on, what is set about them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from http import HTTPStatus

from sarcoma_core.launch.install.states import SITE, Live, Tree, WrapperState, step_of
from sarcoma_core.steps import step_named
from sarcoma_core.xnat.command.declaring import command_for
from sarcoma_core.xnat.rest.answering import ServerError
from sarcoma_core.xnat.rest.remote import visible_projects
from sarcoma_core.xnat.rest.service import ContainerService, LiveCommand, LiveWrapper


def read_live(service: ContainerService, projects: Sequence[str] | None = None) -> tuple[Live, ...]:
    """All of our commands on the server, in order of their ids.

    Args:
        service: the server.
        projects: projects to look at; all that this user sees when None.

    Raises:
        ServerError: the server does not answer, or refuses.
    """
    ours = tuple(_ours(service))
    if not ours:
        return ()
    looked_at = visible_projects(service.connection) if projects is None else projects
    return tuple(_live(step, command, partial(_state, service, looked_at)) for step, command in ours)


def read_for_install(
    service: ContainerService, steps: Sequence[str], projects: Sequence[str], version: str
) -> tuple[Live, ...]:
    """Our commands of some steps; where one is to be replaced or completed, all its projects and settings.

    Args:
        service: the server.
        steps: names of the steps to install.
        projects: where they are to be on.
        version: the version to install.

    Raises:
        ServerError: the server does not answer, or refuses.
    """
    commands = tuple(live for live in read_live(service, projects) if live.step in steps)
    on = [live for live in commands if live.is_on]
    whole = {live.step for live in on if live.command.version != version or not _is_complete(live)}
    whole |= {live.step for live in on if sum(other.step == live.step for other in on) > 1}
    if not whole:
        return commands
    state = partial(_whole, service, visible_projects(service.connection))
    return tuple(_live(one.step, one.command, state) if one.step in whole else one for one in commands)


def read_for_list(service: ContainerService) -> tuple[Live, ...]:
    """All of our commands on the server, and where they are on as far as this user may know.

    Raises:
        ServerError: the server does not answer.
    """
    ours = tuple(_ours(service))
    projects = visible_projects(service.connection) if ours else ()
    return tuple(_live(step, command, partial(_seen, service, projects)) for step, command in ours)


def _ours(service: ContainerService) -> Iterator[tuple[str, LiveCommand]]:
    return ((step, command) for command in service.commands() if (step := step_of(command)))


def _live(step: str, command: LiveCommand, state: Callable[[LiveWrapper], WrapperState]) -> Live:
    return Live(step, command, tuple(map(state, command.wrappers)))


def _is_complete(live: Live) -> bool:
    """Whether each wrapper that we ship is there, and on for the site."""
    own = map(live.named, (wrapper.name for wrapper in command_for(step_named(live.step)).xnat))
    return all(wrapper is not None and wrapper.is_on for wrapper in own)


def _state(service: ContainerService, projects: Sequence[str], wrapper: LiveWrapper) -> WrapperState:
    """Where a wrapper is on: off for the site, it is off everywhere."""
    if not _is_on(service, wrapper.id, projects):
        return WrapperState(wrapper.id, wrapper.name)
    on = (project for project in projects if service.enabled(wrapper.id, project))
    return WrapperState(wrapper.id, wrapper.name, frozenset({SITE, *on}))


def _is_on(service: ContainerService, wrapper_id: int, projects: Sequence[str]) -> bool:
    """Whether a wrapper is on for the site; a project's owner asks the project."""
    if not projects:
        return service.enabled(wrapper_id)
    answer = _unless_forbidden(lambda: service.enabled(wrapper_id))
    return service.enabled_for_site(wrapper_id, projects[0]) if answer is None else answer


def _whole(service: ContainerService, projects: Sequence[str], wrapper: LiveWrapper) -> WrapperState:
    """Where a wrapper is on, and what is set about it there and at the site."""
    scopes = _state(service, projects, wrapper).scopes
    configurations: Mapping[str, Tree] = {
        scope: service.configuration(wrapper.id, scope or None) for scope in (SITE, *sorted(scopes - {SITE}))
    }
    return WrapperState(wrapper.id, wrapper.name, scopes, configurations)


def _seen(service: ContainerService, projects: Sequence[str], wrapper: LiveWrapper) -> WrapperState:
    at_site = _unless_forbidden(lambda: service.enabled(wrapper.id))
    if at_site is False:  # off for the site, it is off everywhere
        return WrapperState(wrapper.id, wrapper.name)
    on = {p: _unless_forbidden(partial(service.enabled, wrapper.id, p)) for p in projects}
    readable = next((project for project, answer in on.items() if answer is not None), None)
    if at_site is None and readable is not None:
        at_site = service.enabled_for_site(wrapper.id, readable)
    on[SITE] = at_site
    return WrapperState(
        wrapper.id,
        wrapper.name,
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
