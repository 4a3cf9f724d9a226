"""The Event Service and orchestrations over REST: an administrator's, and an owner's in a project."""

import json as json_module
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sarcoma_core.standin.answers import Refusal, json, text
from sarcoma_core.standin.documents import Document
from sarcoma_core.standin.events.subscriptions import EVENTS, PACKAGE, PROVIDER, Subscription
from sarcoma_core.standin.objects.access import Action, may
from sarcoma_core.standin.rest.bodies import read_bytes
from sarcoma_core.standin.server import standin, user

_Work = Callable[[Request, Document], Response]


def _handler(work: _Work) -> Callable[[Request], object]:
    """A handler that reads the body and works in a thread: everything below asks the database."""

    @wraps(work)
    async def handle(request: Request) -> Response:
        body = await read_bytes(request)
        return await run_in_threadpool(work, request, _tree(body))

    return handle


def _tree(body: bytes) -> Document:
    try:
        tree = json_module.loads(body or b"{}")
    except ValueError:
        raise Refusal(400, "The body must be JSON.") from None
    if not isinstance(tree, dict):
        raise Refusal(400, "The body must be a JSON object.")
    return tree


def _require(request: Request, *, when: bool) -> None:
    if not when:
        raise Refusal(HTTPStatus.FORBIDDEN, f"User {user(request).login} does not have the required access.")


def _require_admin(request: Request) -> None:
    _require(request, when=user(request).is_admin)


def _require_manager(request: Request) -> None:
    _require(request, when=user(request).manages_containers)


def _in_project(request: Request, action: Action) -> str:
    """The project of the path, in which the user may do that."""
    project = str(request.path_params["project"])
    known = project in standin(request).archive.projects()
    _require(request, when=known and may(standin(request).documents, user(request), project, action))
    return project


def _project(request: Request) -> str:
    """The project of the path, which the user owns; empty for the site, which the user administers."""
    if "project" in request.path_params:
        return _in_project(request, "own")
    _require_admin(request)
    return ""


def _require_own(request: Request, subscription: Subscription, project: str) -> None:
    """Refuse a subscription that reaches beyond the project, or beyond what the user owns."""
    if not project:
        return
    documents, who, reach = standin(request).documents, user(request), subscription.project_ids
    if project not in reach or not all(may(documents, who, each, "own") for each in reach):
        raise Refusal(
            HTTPStatus.UNAUTHORIZED,
            f"Unauthorized.\n{who.login} not authorized to modify subscriptions for project(s): "
            + (",".join(reach) or "Site"),
        )


def _subscription(request: Request) -> Subscription:
    project = _project(request)
    found = standin(request).events.get(int(request.path_params["id"]))
    _require_own(request, found, project)
    return found


@_handler
def preferences(request: Request, _body: Document) -> Response:
    """GET: whether the service is on; for every user (``EventServiceRestApi``)."""
    return json(standin(request).events.preferences())


@_handler
def set_preferences(request: Request, body: Document) -> Response:
    """PUT: turn it on or off."""
    _require_admin(request)
    standin(request).events.set_preferences(body)
    return text()


@_handler
def subscribe(request: Request, body: Document) -> Response:
    """POST: a subscription; the answer is `name:id`."""
    project = _project(request)
    _require_own(request, Subscription.from_json(body, user(request).login), project)
    created = standin(request).events.create(body, user(request))
    return text(f"{created.name}:{created.id}", HTTPStatus.CREATED)


@_handler
def subscriptions(request: Request, _body: Document) -> Response:
    """GET: all of them; in a project those that reach it, `editable` where they reach no other one."""
    project, events = _project(request), standin(request).events
    found = events.all(project)
    if not project:
        return json([events.as_json(each) for each in found])
    return json([{**events.as_json(each), "editable": each.project_ids == (project,)} for each in found])


@_handler
def subscription(request: Request, _body: Document) -> Response:
    """GET: one."""
    return json(standin(request).events.as_json(_subscription(request)))


@_handler
def update(request: Request, body: Document) -> Response:
    """PUT: change one."""
    found = _subscription(request)
    _require_own(request, found.updated(body), _project(request))
    standin(request).events.update(found.id, body, user(request))
    return text()


@_handler
def unsubscribe(request: Request, _body: Document) -> Response:
    """DELETE: one."""
    standin(request).events.delete(_subscription(request).id)
    return text("", HTTPStatus.NO_CONTENT)


@_handler
def activate(request: Request, _body: Document) -> Response:
    """POST: let one listen, or not."""
    on = request.url.path.endswith("/activate")
    standin(request).events.activate(_subscription(request).id, on=on)
    return text()


@_handler
def events(_request: Request, _body: Document) -> Response:
    """GET: events that can be subscribed to."""
    return json(
        [
            {"id": PACKAGE + name, "display-name": name.removesuffix("Event"), "statuses": list(statuses)}
            for name, statuses in EVENTS.items()
        ]
    )


@_handler
def actions(request: Request, _body: Document) -> Response:
    """GET: the wrappers that an event can launch: those that are enabled."""
    project = _project(request) or request.query_params.get("project") or None
    commands = standin(request).launches.commands
    wrappers = [wrapper for command in commands.all() for wrapper in command["xnat"]]
    return json(
        [
            {
                "id": str(wrapper["id"]),
                "action-key": f"{PROVIDER}:{wrapper['id']}",
                "display-name": wrapper["name"],
                "description": wrapper.get("description"),
            }
            for wrapper in wrappers
            if commands.enabling.is_on(wrapper["id"], project)
        ]
    )


@_handler
def orchestrations(request: Request, _body: Document) -> Response:
    """GET: all orchestrations."""
    _require_manager(request)
    return json([each.as_json() for each in standin(request).events.orchestrations.all()])


@_handler
def put_orchestration(request: Request, body: Document) -> Response:
    """POST: add one, or change the one that the body numbers."""
    _require_manager(request)
    return json(standin(request).events.orchestrations.put(body).as_json())


@_handler
def delete_orchestration(request: Request, _body: Document) -> Response:
    """DELETE: one."""
    _require_manager(request)
    standin(request).events.orchestrations.delete(int(request.path_params["id"]))
    return text()


@_handler
def enable_orchestration(request: Request, _body: Document) -> Response:
    """PUT: enable or disable one."""
    _require_manager(request)
    on = request.path_params["on"] == "true"
    standin(request).events.orchestrations.set_enabled(int(request.path_params["id"]), on=on)
    return text()


@_handler
def project_orchestration(request: Request, _body: Document) -> Response:
    """GET: those that a project may choose, and the one that it has chosen."""
    project, held = _in_project(request, "edit"), standin(request).events.orchestrations
    available, chosen = held.available(project), held.chosen(project)
    return json(
        {
            "availableOrchestrations": [each.as_json() for each in available],
            "selectedOrchestrationId": chosen.id if chosen in available and chosen else None,
        }
    )


@_handler
def choose_orchestration(request: Request, _body: Document) -> Response:
    """PUT: choose one for a project."""
    number = request.query_params.get("orchestrationId", "")
    if not number.isdigit():
        raise Refusal(400, "There was an error in the request : orchestrationId must be given")
    standin(request).events.orchestrations.choose(_in_project(request, "edit"), int(number))
    return text()


@_handler
def drop_orchestration(request: Request, _body: Document) -> Response:
    """DELETE: take its orchestration from a project."""
    standin(request).events.orchestrations.drop(_in_project(request, "edit"))
    return text()


def _both(path: str, handler: Callable[[Request], object], *methods: str) -> list[Route]:
    """A path for the site and for a project."""
    return [
        Route(f"/xapi{place}/events/{path}", handler, methods=list(methods))
        for place in ("", "/projects/{project}")
    ]


ROUTES = [
    Route("/xapi/events/prefs", preferences, methods=["GET"]),
    Route("/xapi/events/prefs", set_preferences, methods=["PUT"]),
    Route("/xapi/events/events", events),
    *_both("actions", actions, "GET"),
    *_both("subscriptions", subscriptions, "GET"),
    *_both("subscription", subscribe, "POST"),
    *_both("subscription/{id:int}", subscription, "GET"),
    *_both("subscription/{id:int}", update, "PUT"),
    *_both("subscription/{id:int}", unsubscribe, "DELETE"),
    *_both("subscription/{id:int}/activate", activate, "POST"),
    *_both("subscription/{id:int}/deactivate", activate, "POST"),
    Route("/xapi/orchestration", orchestrations, methods=["GET"]),
    Route("/xapi/orchestration", put_orchestration, methods=["POST"]),
    Route("/xapi/orchestration/{id:int}", delete_orchestration, methods=["DELETE"]),
    Route("/xapi/orchestration/{id:int}/enabled/{on}", enable_orchestration, methods=["PUT"]),
    Route("/xapi/orchestration/project/{project}", project_orchestration, methods=["GET"]),
    Route("/xapi/orchestration/project/{project}", choose_orchestration, methods=["PUT"]),
    Route("/xapi/orchestration/project/{project}", drop_orchestration, methods=["DELETE"]),
]
