"""Launch and bulk launch over REST: every form of the path, optimistic answers.

Source: Container Service 3.7.3, ``LaunchRestApi``, ``LaunchReport``.
"""

import json as text_json
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sarcoma_core.standin.answers import Refusal, json
from sarcoma_core.standin.containers.launch_form import launch_form
from sarcoma_core.standin.documents import Document
from sarcoma_core.standin.objects.access import may, require
from sarcoma_core.standin.rest.bodies import RequestBody, with_body
from sarcoma_core.standin.rest.containers import CONTAINER_ROUTES
from sarcoma_core.standin.rest.workflows import WORKFLOW_ROUTES
from sarcoma_core.standin.rest.wrappers import WRAPPER_PATHS, WrapperPath
from sarcoma_core.standin.server import StandIn, standin, user
from sarcoma_core.standin.users import User
from sarcoma_core.xnat.status import TO_BE_ASSIGNED


@with_body()
def launch(request: Request, body: RequestBody) -> Response:
    """POST: queue one launch. A wrapper that is not there is a success, too: nothing will run.

    Raises:
        Refusal: 400, a value is no text; 403 or 404, the user may not; 500, there is no such project.
    """
    server, who, path = standin(request), user(request), WrapperPath(**request.path_params)
    _require_project(server, who, path.project)
    number = path.number(server.launches.commands)
    values = _values(body, request.query_params)
    workflow = server.launches.launch(who, path.project, number, values)
    named = workflow if path.root and values.get(path.root) else None
    return json(_success(path, values, named or TO_BE_ASSIGNED))


@with_body()
def bulk_launch(request: Request, body: RequestBody) -> Response:
    """POST: queue a launch for each URI of the root element's list, which is a JSON text inside the JSON.

    Raises:
        Refusal: 400, a value is no text; 403 or 404, the user may not; 500, no such project, or no list of
            URIs.
    """
    server, who, path = standin(request), user(request), WrapperPath(**request.path_params)
    _require_project(server, who, path.project)
    wrapper = path.find(server.launches.commands)
    values = _values(body, request.query_params)
    root_input = wrapper.root if wrapper else None
    root = path.root or (str(root_input["name"]) if root_input else "")
    uris = _uris(values.pop(root, ""))
    report = server.launches.bulk_launch(
        who,
        path.project,
        wrapper.id if wrapper else path.wrapper,
        root=root,
        uris=uris,
        values=values,
    )
    return json(
        {
            "bulk-launch-id": report.id,
            "pipeline-name": report.pipeline,
            "successes": [_success(path, {**values, root: uri}, TO_BE_ASSIGNED) for uri in uris],
            "failures": [],
        }
    )


def form(request: Request) -> Response:
    """GET: what a dialog asks for, resolved as far as the object that is given allows.

    Raises:
        Refusal: 400, a required input has no value; 404, no such wrapper or object; 500, it cannot be
            resolved.
    """
    path = WrapperPath(**request.path_params)
    return json(_form(standin(request), user(request), path, dict(request.query_params), is_bulk=False))


def bulk_form(request: Request) -> Response:
    """GET: what a dialog over many objects asks for, resolved on one of them.

    Raises:
        Refusal: 400, a parameter is missing, or a required input has no value; 404, no such wrapper or
            object; 500, it cannot be resolved.
    """
    asked = request.query_params
    root, target = asked.get("rootElement"), asked.get("sampleTarget")
    if root is None or target is None:
        raise Refusal(400, "Bad request:\nParameters sampleTarget and rootElement are required.")
    path = WrapperPath(**request.path_params)
    return json(_form(standin(request), user(request), path, {root: target}, is_bulk=True))


def _form(
    server: StandIn, who: User, path: WrapperPath, values: Mapping[str, str], *, is_bulk: bool
) -> Document:
    if path.project is not None:
        require(server.documents, who, path.project, "read")
    commands = server.launches.commands
    return launch_form(
        server.tree,
        commands,
        path.get(commands),
        path.project,
        values,
        sees=lambda project: may(server.documents, who, project, "read"),
        is_bulk=is_bulk,
    )


def _require_project(server: StandIn, who: User, project: str | None) -> None:
    """Stop who may not see the project of a launch, if it has one, or names one that is not there."""
    if project is None:
        return
    require(server.documents, who, project, "read")
    if project not in server.archive.projects():
        raise Refusal(500, "There was an error in the request : null")


def _values(body: RequestBody, query: Mapping[str, str]) -> dict[str, str]:
    """The values of a launch as texts; the service binds scalars to texts and refuses the rest."""
    given: Document = body.document() if "json" in body.content_type else dict(query)
    if any(isinstance(value, list | dict) for value in given.values()):
        raise Refusal(400, "Bad request:\nValues must be texts; found a list or an object.")
    return {
        name: value if isinstance(value, str) else text_json.dumps(value)
        for name, value in given.items()
        if value is not None
    }


def _uris(listed: str) -> list[str]:
    try:
        uris = text_json.loads(listed)
    except ValueError:
        uris = None
    if not isinstance(uris, list) or not all(isinstance(uri, str) for uri in uris):
        raise Refusal(500, "The root element must be a JSON list of URIs in a text.")
    return uris


def _success(path: WrapperPath, values: Mapping[str, str], workflow: str) -> Document:
    return {
        "status": "success",
        "params": values,
        "command-id": path.command,
        "wrapper-id": path.wrapper,
        "workflow-id": workflow,
    }


ROUTES = [
    route
    for path in WRAPPER_PATHS
    for route in (
        Route(f"{path}/root/{{root}}/launch", launch, methods=["POST"]),
        Route(f"{path}/launch", launch, methods=["POST"]),
        Route(f"{path}/root/{{root}}/bulklaunch", bulk_launch, methods=["POST"]),
        Route(f"{path}/bulklaunch", bulk_launch, methods=["POST"]),
        Route(f"{path}/launch", form),
        Route(f"{path}/root/{{root}}/launch", form),
        Route(f"{path}/bulklaunch", bulk_form),
    )
] + [*WORKFLOW_ROUTES, *CONTAINER_ROUTES]
