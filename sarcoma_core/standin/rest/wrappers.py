"""Where a wrapper may be run, over REST: enabled, disabled, config; for the site and for each project.

Source: Container Service 3.7.3, ``CommandConfigurationRestApi``.
"""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sarcoma_core.standin.answers import Refusal, json, text
from sarcoma_core.standin.containers.commands import Commands, CommandWrapper
from sarcoma_core.standin.containers.enabling import Enabling
from sarcoma_core.standin.objects.access import require
from sarcoma_core.standin.rest.bodies import RequestBody, with_body
from sarcoma_core.standin.server import StandIn, standin, user
from sarcoma_core.standin.users import User


@dataclass(frozen=True)
class WrapperPath:
    """How a path names a wrapper: by its number, or by its command's number and its name.

    Args:
        project: the project that the path is in; None for the site.
        wrapper: the wrapper's number; 0 where the path gives a name.
        command: its command's number; 0 where the path gives the wrapper's own.
        name: its name; empty where the path gives its number.
        root: the input that takes the object of a launch; empty where the path does not say.
    """

    project: str | None = None
    wrapper: int = 0
    command: int = 0
    name: str = ""
    root: str = ""

    def find(self, commands: Commands) -> CommandWrapper | None:
        """The wrapper; None when there is none."""
        if self.name:
            return commands.wrapper_named(self.command, self.name)
        return commands.wrapper(self.wrapper)

    def get(self, commands: Commands) -> CommandWrapper:
        """The wrapper.

        Raises:
            Refusal: 404, there is none.
        """
        wrapper = self.find(commands)
        if wrapper is None:
            raise Refusal(404, f"No command wrapper for id {self.name or self.wrapper}")
        return wrapper

    def number(self, commands: Commands) -> int:
        """The wrapper's number, which may be no wrapper's; 0 for a name that is none's."""
        wrapper = self.find(commands) if self.name else None
        return wrapper.id if wrapper else self.wrapper


def require_manager(who: User) -> None:
    """Stop whoever lacks the roles that the Container Service asks of its managers.

    Raises:
        Refusal: 403.
    """
    if not who.manages_containers:
        raise Refusal(403, f"User {who.login} is not a container manager.")


def _switches(server: StandIn, who: User, project: str | None, *, to_change: bool = True) -> Enabling:
    """The switches, for those who may set up this site or project.

    An owner sets up a project, a member sees how it is set up; a container manager may both.
    """
    if project is None:
        require_manager(who)
    elif not who.manages_containers:
        require(server.documents, who, project, "own" if to_change else "edit")
    return server.launches.commands.enabling


def get_enabled(request: Request) -> Response:
    """GET: a bare boolean for the site; both switches for a project.

    Raises:
        Refusal: 403, the user may not; 404, there is no such wrapper.
    """
    server, path = standin(request), WrapperPath(**request.path_params)
    switches = _switches(server, user(request), path.project, to_change=False)
    number = path.get(server.launches.commands).id
    at_site = switches.is_on(number)
    if path.project is None:
        return json(at_site)
    return json(
        {
            "enabled-for-site": at_site,
            "enabled-for-project": switches.is_on(number, path.project),
            "project": path.project,
        }
    )


def enable(request: Request) -> Response:
    """PUT: run it here.

    Raises:
        Refusal: 403, the user may not; 404, there is no such wrapper.
    """
    return _switched(standin(request), user(request), WrapperPath(**request.path_params), on=True)


def disable(request: Request) -> Response:
    """PUT: do not run it here.

    Raises:
        Refusal: 403, the user may not; 404, there is no such wrapper.
    """
    return _switched(standin(request), user(request), WrapperPath(**request.path_params), on=False)


def _switched(server: StandIn, who: User, path: WrapperPath, *, on: bool) -> Response:
    switches = _switches(server, who, path.project)
    switches.switch(path.get(server.launches.commands).id, on=on, project=path.project)
    return text()


def get_config(request: Request) -> Response:
    """GET: the settings, declarations filled in.

    Raises:
        Refusal: 403, the user may not; 404, there is no such wrapper.
    """
    server, path = standin(request), WrapperPath(**request.path_params)
    switches = _switches(server, user(request), path.project, to_change=False)
    wrapper = path.get(server.launches.commands)
    return json(switches.configuration(wrapper.command, wrapper.declared, path.project))


@with_body()
def set_config(request: Request, body: RequestBody) -> Response:
    """POST: settings; they enable the wrapper as well, unless told not to.

    Raises:
        Refusal: 400, the body is no JSON object; 403, the user may not; 404, there is no such wrapper.
    """
    server, path = standin(request), WrapperPath(**request.path_params)
    switches = _switches(server, user(request), path.project)
    number = path.get(server.launches.commands).id
    switches.configure(number, body.document(), path.project)
    if request.query_params.get("enable", "true").lower() != "false":
        switches.switch(number, on=True, project=path.project)
    return text(status=201)


def delete_config(request: Request) -> Response:
    """DELETE: no settings, and off.

    Raises:
        Refusal: 403, the user may not; 404, there is no such wrapper.
    """
    server, path = standin(request), WrapperPath(**request.path_params)
    switches = _switches(server, user(request), path.project)
    switches.unconfigure(path.get(server.launches.commands).id, path.project)
    return text(status=204)


def enabled_projects(request: Request) -> Response:
    """GET: the projects in which a wrapper is enabled.

    Raises:
        Refusal: 403, who asks is no container manager; 404, there is no such wrapper.
    """
    require_manager(user(request))
    commands = standin(request).launches.commands
    number = WrapperPath(**request.path_params).get(commands).id
    return json(list(commands.enabling.projects(number)))


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
