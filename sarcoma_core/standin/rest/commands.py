"""Commands and wrappers over REST: add, replace, delete, list, which are available.

Source: Container Service 3.7.3, ``CommandRestApi``, ``CommandVisibilityRestApi``.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sarcoma_core.standin.answers import Refusal, json, text
from sarcoma_core.standin.containers.available import available
from sarcoma_core.standin.containers.commands import Commands
from sarcoma_core.standin.objects.access import may
from sarcoma_core.standin.rest.bodies import RequestBody, with_body
from sarcoma_core.standin.rest.wrappers import WRAPPER_ROUTES, require_manager
from sarcoma_core.standin.server import StandIn, standin, user
from sarcoma_core.standin.users import User


def _managed(server: StandIn, who: User) -> Commands:
    """The commands, for those who may change them."""
    require_manager(who)
    return server.launches.commands


def list_commands(request: Request) -> Response:
    """GET: every command, or those of a name, a version, an image.

    Raises:
        Refusal: 400, a version without a name.
    """
    asked = request.query_params
    if asked.get("version") and not asked.get("name"):
        raise Refusal(400, 'Bad request:\nIf "version" is specified, must specify "name" as well.')
    commands = standin(request).launches.commands
    listed = commands.all(
        name=asked.get("name", ""), version=asked.get("version", ""), image=asked.get("image", "")
    )
    if asked.get("restrictToEnabledForSite", "").lower() == "true":
        listed = tuple(c for c in listed if any(commands.enabling.is_on(w["id"]) for w in c["xnat"]))
    return json(list(listed))


@with_body()
def add_command(request: Request, body: RequestBody) -> Response:
    """POST: a new command; the answer is its number, bare.

    Raises:
        Refusal: 400, it is not valid, or there is one of this name, image and version; 403, who asks is no
            container manager.
    """
    commands = _managed(standin(request), user(request))
    return json(commands.add(body.document(), request.query_params.get("image", "")), 201)


def get_command(request: Request) -> Response:
    """GET: one command.

    Raises:
        Refusal: 404, there is none.
    """
    return json(standin(request).launches.commands.get(request.path_params["command"]))


@with_body()
def replace_command(request: Request, body: RequestBody) -> Response:
    """POST: another command in the place of this one, whole.

    Raises:
        Refusal: 400, it is not valid; 403, who asks is no container manager; 500, there is no such command.
    """
    commands = _managed(standin(request), user(request))
    commands.replace(request.path_params["command"], body.document())
    return text()


def delete_command(request: Request) -> Response:
    """DELETE: a command and its wrappers; one that is not there is no error.

    Raises:
        Refusal: 403, who asks is no container manager.
    """
    _managed(standin(request), user(request)).delete(request.path_params["command"])
    return text(status=204)


@with_body()
def add_wrapper(request: Request, body: RequestBody) -> Response:
    """POST: a new wrapper of a command; the answer is its number, bare.

    Raises:
        Refusal: 400, the command is not valid with it; 403, who asks is no container manager; 404, there is
            no such command.
    """
    commands = _managed(standin(request), user(request))
    return json(commands.add_wrapper(request.path_params["command"], body.document()), 201)


@with_body()
def replace_wrapper(request: Request, body: RequestBody) -> Response:
    """POST: another wrapper in the place of this one.

    Raises:
        Refusal: 400, the command is not valid with it; 403, who asks is no container manager; 404, there is
            no such command or wrapper.
    """
    commands, path = _managed(standin(request), user(request)), request.path_params
    commands.replace_wrapper(path["command"], path["wrapper"], body.document())
    return text()


def delete_wrapper(request: Request) -> Response:
    """DELETE: a wrapper; one that is not there is no error.

    Raises:
        Refusal: 403, who asks is no container manager.
    """
    _managed(standin(request), user(request)).delete_wrapper(request.path_params["wrapper"])
    return text(status=204)


def set_visibility(request: Request) -> Response:
    """POST: public, private or protected.

    Raises:
        Refusal: 400, no such visibility; 403, who asks is no container manager; 404, there is no such
            command.
    """
    commands, path = _managed(standin(request), user(request)), request.path_params
    commands.set_visibility(path["command"], path["visibility"])
    return text()


def available_in_project(request: Request) -> Response:
    """GET: the wrappers that fit a data type, in a project.

    Raises:
        Refusal: 400, a parameter is missing.
    """
    server, who = standin(request), user(request)
    project = request.path_params.get("project") or request.query_params.get("project")
    xsi_type = request.query_params.get("xsiType")
    if not project or xsi_type is None:
        raise Refusal(400, "Bad request:\nParameters project and xsiType are required.")
    if not may(server.documents, who, project, "read"):
        return json([])
    return json(list(available(server.launches.commands, xsi_type, project)))


def available_at_site(request: Request) -> Response:
    """GET: the wrappers that fit a data type, whatever the project."""
    commands = standin(request).launches.commands
    return json(list(available(commands, request.query_params.get("xsiType", ""), None)))


ROUTES = [
    Route("/xapi/commands", list_commands),
    Route("/xapi/commands", add_command, methods=["POST"]),
    Route("/xapi/commands/available", available_in_project),
    Route("/xapi/commands/available/site", available_at_site),
    Route("/xapi/projects/{project}/commands/available", available_in_project),
    Route("/xapi/commands/{command:int}", get_command),
    Route("/xapi/commands/{command:int}", replace_command, methods=["POST"]),
    Route("/xapi/commands/{command:int}", delete_command, methods=["DELETE"]),
    Route("/xapi/commands/{command:int}/wrappers", add_wrapper, methods=["POST"]),
    Route("/xapi/commands/{command:int}/wrappers/{wrapper:int}", replace_wrapper, methods=["POST"]),
    Route("/xapi/wrappers/{wrapper:int}", delete_wrapper, methods=["DELETE"]),
    Route("/xapi/command/{command:int}/visibility/{visibility}", set_visibility, methods=["POST"]),
    *WRAPPER_ROUTES,
]
