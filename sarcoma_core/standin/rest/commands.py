"""Commands and wrappers over REST: add, replace, delete, list, which are available.

Source: Container Service 3.7.3, ``CommandRestApi``, ``CommandVisibilityRestApi``.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sarcoma_core.standin.answers import Refusal, json, text
from sarcoma_core.standin.containers.available import available
from sarcoma_core.standin.containers.commands import Commands
from sarcoma_core.standin.documents import Document
from sarcoma_core.standin.objects.access import may
from sarcoma_core.standin.rest.bodies import read_document
from sarcoma_core.standin.rest.wrappers import WRAPPER_ROUTES, require_manager
from sarcoma_core.standin.server import standin, user


def _commands(request: Request) -> Commands:
    return standin(request).launches.commands


async def _body(request: Request) -> Document:
    return await read_document(request)


def _managed(request: Request) -> Commands:
    """The commands, for those who may change them."""
    require_manager(user(request))
    return _commands(request)


async def list_commands(request: Request) -> Response:
    """GET: every command, or those of a name, a version, an image."""
    asked = request.query_params
    if asked.get("version") and not asked.get("name"):
        raise Refusal(400, 'Bad request:\nIf "version" is specified, must specify "name" as well.')
    commands = _commands(request)
    found = commands.all(
        name=asked.get("name", ""), version=asked.get("version", ""), image=asked.get("image", "")
    )
    if asked.get("restrictToEnabledForSite", "").lower() == "true":
        found = tuple(c for c in found if any(commands.enabling.is_on(w["id"]) for w in c["xnat"]))
    return json(list(found))


async def add_command(request: Request) -> Response:
    """POST: a new command; the answer is its number, bare."""
    commands = _managed(request)
    return json(commands.add(await _body(request), request.query_params.get("image", "")), 201)


async def get_command(request: Request) -> Response:
    """GET: one command."""
    return json(_commands(request).get(request.path_params["command"]))


async def replace_command(request: Request) -> Response:
    """POST: another command in the place of this one, whole."""
    _managed(request).replace(request.path_params["command"], await _body(request))
    return text()


async def delete_command(request: Request) -> Response:
    """DELETE: a command and its wrappers; one that is not there is no error."""
    _managed(request).delete(request.path_params["command"])
    return text(status=204)


async def add_wrapper(request: Request) -> Response:
    """POST: a new wrapper of a command; the answer is its number, bare."""
    return json(_managed(request).add_wrapper(request.path_params["command"], await _body(request)), 201)


async def replace_wrapper(request: Request) -> Response:
    """POST: another wrapper in the place of this one."""
    place = request.path_params
    _managed(request).replace_wrapper(place["command"], place["wrapper"], await _body(request))
    return text()


async def delete_wrapper(request: Request) -> Response:
    """DELETE: a wrapper; one that is not there is no error."""
    _managed(request).delete_wrapper(request.path_params["wrapper"])
    return text(status=204)


async def set_visibility(request: Request) -> Response:
    """POST: public, private or protected."""
    _managed(request).set_visibility(request.path_params["command"], request.path_params["visibility"])
    return text()


async def available_in_project(request: Request) -> Response:
    """GET: the wrappers that fit a data type, in a project."""
    project = request.path_params.get("project") or request.query_params.get("project")
    xsi_type = request.query_params.get("xsiType")
    if not project or xsi_type is None:
        raise Refusal(400, "Bad request:\nParameters project and xsiType are required.")
    if not may(standin(request).documents, user(request), project, "read"):
        return json([])
    return json(list(available(_commands(request), xsi_type, project)))


async def available_at_site(request: Request) -> Response:
    """GET: the wrappers that fit a data type, whatever the project."""
    return json(list(available(_commands(request), request.query_params.get("xsiType", ""), None)))


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
