"""Launch and bulk launch over REST: every form of the path, optimistic answers.

Source: Container Service 3.7.3, ``LaunchRestApi``, ``LaunchReport``.
"""

import json as text_json
from typing import NamedTuple

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sarcoma_core.standin.answers import Refusal, json
from sarcoma_core.standin.containers.commands import Found
from sarcoma_core.standin.containers.launch_form import launch_form
from sarcoma_core.standin.documents import Document
from sarcoma_core.standin.objects.access import may, require
from sarcoma_core.standin.rest.bodies import read_document
from sarcoma_core.standin.rest.containers import CONTAINER_ROUTES
from sarcoma_core.standin.rest.workflows import WORKFLOW_ROUTES
from sarcoma_core.standin.rest.wrappers import WRAPPER_PATHS, wrapper_of
from sarcoma_core.standin.server import StandIn, standin, user
from sarcoma_core.xnat.status import TO_BE_ASSIGNED


class _Asked(NamedTuple):
    """A launch that is asked for: the wrapper's number (0 where the path gives a name), and the values."""

    wrapper: int
    project: str | None
    root: str
    values: dict[str, str]


async def launch(request: Request) -> Response:
    """POST: queue one launch. A wrapper that is not there is a success, too: nothing will run."""
    server, who = standin(request), user(request)
    asked = await _asked(request)
    workflow = await run_in_threadpool(
        server.launches.launch, who, asked.project, asked.wrapper, asked.values
    )
    named = workflow if asked.root and asked.values.get(asked.root) else None
    return json(_success(request, asked.values, named or TO_BE_ASSIGNED))


async def bulk_launch(request: Request) -> Response:
    """POST: queue a launch for each URI of the root element's list, which is a JSON text inside the JSON."""
    server, who = standin(request), user(request)
    asked = await _asked(request)
    root = asked.root or _root_of(wrapper_of(request))
    uris = _uris(asked.values.pop(root, ""))
    report = await run_in_threadpool(
        server.launches.bulk_launch,
        who,
        asked.project,
        asked.wrapper,
        root=root,
        uris=uris,
        values=asked.values,
    )
    return json(
        {
            "bulk-launch-id": report.id,
            "pipeline-name": report.pipeline,
            "successes": [_success(request, {**asked.values, root: uri}, TO_BE_ASSIGNED) for uri in uris],
            "failures": [],
        }
    )


async def form(request: Request) -> Response:
    """GET: what a dialog asks for, resolved as far as the object that is given allows."""
    return await _form(request, dict(request.query_params), is_bulk=False)


async def bulk_form(request: Request) -> Response:
    """GET: what a dialog over many objects asks for, resolved on one of them."""
    asked = request.query_params
    root, target = asked.get("rootElement"), asked.get("sampleTarget")
    if root is None or target is None:
        raise Refusal(400, "Bad request:\nParameters sampleTarget and rootElement are required.")
    return await _form(request, {root: target}, is_bulk=True)


async def _form(request: Request, values: dict[str, str], *, is_bulk: bool) -> Response:
    server, who, project = standin(request), user(request), _project(request)
    if project is not None:
        require(server.documents, who, project, "read")
    found = wrapper_of(request)
    if found is None:
        place = request.path_params
        raise Refusal(404, f"No command wrapper for id {place.get('wrapper', place.get('name'))}")
    told = await run_in_threadpool(
        launch_form,
        server.tree,
        server.launches.commands,
        found,
        project,
        values,
        sees=lambda each: may(server.documents, who, each, "read"),
        is_bulk=is_bulk,
    )
    return json(told)


async def _asked(request: Request) -> _Asked:
    server, project = standin(request), _project(request)
    if project is not None:
        _require_project(server, request, project)
    found = wrapper_of(request)
    number = found.wrapper["id"] if found else request.path_params.get("wrapper", 0)
    if "json" in request.headers.get("content-type", ""):
        body = await read_document(request)
    else:
        body = dict(request.query_params)
    return _Asked(number, project, request.path_params.get("root", ""), _texts(body))


def _require_project(server: StandIn, request: Request, project: str) -> None:
    require(server.documents, user(request), project, "read")
    if project not in server.archive.projects():
        raise Refusal(500, "There was an error in the request : null")


def _project(request: Request) -> str | None:
    project: str | None = request.path_params.get("project")
    return project


def _root_of(found: Found | None) -> str:
    inputs = found.wrapper["external-inputs"] if found else []
    return str(inputs[0]["name"]) if inputs else ""


def _texts(body: Document) -> dict[str, str]:
    """The values as texts; the service binds scalars to texts and refuses the rest."""
    if any(isinstance(value, list | dict) for value in body.values()):
        raise Refusal(400, "Bad request:\nValues must be texts; found a list or an object.")
    return {
        name: value if isinstance(value, str) else text_json.dumps(value)
        for name, value in body.items()
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


def _success(request: Request, values: dict[str, str], workflow: str) -> Document:
    place = request.path_params
    return {
        "status": "success",
        "params": values,
        "command-id": place.get("command", 0),
        "wrapper-id": place.get("wrapper", 0),
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
