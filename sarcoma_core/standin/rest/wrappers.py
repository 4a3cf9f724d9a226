"""Where a wrapper may be run, over REST: enabled, disabled, config; for the site and for each project.

Source: Container Service 3.7.3, ``CommandConfigurationRestApi``.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sarcoma_core.standin.answers import Refusal, json, text
from sarcoma_core.standin.containers.commands import Found
from sarcoma_core.standin.containers.enabling import Enabling
from sarcoma_core.standin.objects.access import require
from sarcoma_core.standin.rest.bodies import read_document
from sarcoma_core.standin.server import standin, user
from sarcoma_core.standin.users import User


def require_manager(who: User) -> None:
    """Stop whoever lacks the roles that the Container Service asks of its managers.

    Raises:
        Refusal: 403.
    """
    if not who.manages_containers:
        raise Refusal(403, f"User {who.login} is not a container manager.")


def wrapper_of(request: Request) -> Found | None:
    """The wrapper that a path names: by its number, or by its command's number and its name."""
    commands, place = standin(request).launches.commands, request.path_params
    if "name" in place:
        return commands.wrapper_named(place["command"], place["name"])
    return commands.wrapper(place["wrapper"])


def _found(request: Request) -> Found:
    found = wrapper_of(request)
    if found is None:
        place = request.path_params
        raise Refusal(404, f"No command wrapper for id {place.get('wrapper', place.get('name'))}")
    return found


def _project(request: Request) -> str | None:
    project: str | None = request.path_params.get("project")
    return project


def _set_up(request: Request, *, to_change: bool = True) -> Enabling:
    """The switches, for those who may set up this site or project.

    An owner sets up a project, a member sees how it is set up; a container manager may both.
    """
    who, project, server = user(request), _project(request), standin(request)
    if project is None:
        require_manager(who)
    elif not who.manages_containers:
        require(server.documents, who, project, "own" if to_change else "edit")
    return server.launches.commands.enabling


async def get_enabled(request: Request) -> Response:
    """GET: a bare boolean for the site; both switches for a project."""
    switches, number, project = (
        _set_up(request, to_change=False),
        _found(request).wrapper["id"],
        _project(request),
    )
    at_site = switches.is_on(number)
    if project is None:
        return json(at_site)
    return json(
        {
            "enabled-for-site": at_site,
            "enabled-for-project": switches.is_on(number, project),
            "project": project,
        }
    )


async def enable(request: Request) -> Response:
    """PUT: run it here."""
    _set_up(request).switch(_found(request).wrapper["id"], on=True, project=_project(request))
    return text()


async def disable(request: Request) -> Response:
    """PUT: do not run it here."""
    _set_up(request).switch(_found(request).wrapper["id"], on=False, project=_project(request))
    return text()


async def get_config(request: Request) -> Response:
    """GET: the settings, declarations filled in."""
    switches, found = _set_up(request, to_change=False), _found(request)
    return json(switches.configuration(found.command, found.wrapper, _project(request)))


async def set_config(request: Request) -> Response:
    """POST: settings; they enable the wrapper as well, unless told not to."""
    switches, number, project = _set_up(request), _found(request).wrapper["id"], _project(request)
    switches.configure(number, await read_document(request), project)
    if request.query_params.get("enable", "true").lower() != "false":
        switches.switch(number, on=True, project=project)
    return text(status=201)


async def delete_config(request: Request) -> Response:
    """DELETE: no settings, and off."""
    _set_up(request).unconfigure(_found(request).wrapper["id"], _project(request))
    return text(status=204)


async def enabled_projects(request: Request) -> Response:
    """GET: the projects in which a wrapper is enabled."""
    require_manager(user(request))
    number = _found(request).wrapper["id"]
    return json(list(standin(request).launches.commands.enabling.projects(number)))


WRAPPER_PATHS = tuple(
    f"/xapi{project}{wrapper}"
    for project in ("", "/projects/{project}")
    for wrapper in ("/wrappers/{wrapper:int}", "/commands/{command:int}/wrappers/{name}")
)
"""How a wrapper is named in a path."""

WRAPPER_ROUTES = [
    route
    for path in WRAPPER_PATHS
    for route in (
        Route(f"{path}/enabled", get_enabled),
        Route(f"{path}/enabled", enable, methods=["PUT"]),
        Route(f"{path}/disabled", disable, methods=["PUT"]),
        Route(f"{path}/config", get_config),
        Route(f"{path}/config", set_config, methods=["POST"]),
        Route(f"{path}/config", delete_config, methods=["DELETE"]),
    )
] + [Route("/xapi/wrappers/{wrapper:int}/projects", enabled_projects)]
