"""The Event Service and orchestrations over REST: an administrator's, and an owner's in a project."""

import json as json_module
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sarcoma_core.standin.answers import Refusal, json, text
from sarcoma_core.standin.documents import Document
from sarcoma_core.standin.events.subscriptions import EVENTS, PACKAGE, PROVIDER, Subscription
from sarcoma_core.standin.objects.access import Action, may
from sarcoma_core.standin.rest.bodies import RequestBody, with_body
from sarcoma_core.standin.server import StandIn, standin, user
from sarcoma_core.standin.users import User


@dataclass(frozen=True)
class SubscriptionPath:
    """How a path names subscriptions.

    Args:
        project: the project that the path is in; empty for the site.
        id: the subscription's number; 0 where the path names none.
    """

    project: str = ""
    id: int = 0


def _tree(body: RequestBody) -> Document:
    """The JSON object of a body; an empty one when there is no body."""
    try:
        tree = json_module.loads(body.whole() or b"{}")
    except (ValueError, RecursionError):
        raise Refusal(400, "The body must be JSON.") from None
    if not isinstance(tree, dict):
        raise Refusal(400, "The body must be a JSON object.")
    return tree


def _require(who: User, *, when: bool) -> None:
    if not when:
        raise Refusal(HTTPStatus.FORBIDDEN, f"User {who.login} does not have the required access.")


def _require_in_project(server: StandIn, who: User, project: str, action: Action) -> None:
    """Refuse who may not do that in a project, or a project that is not there."""
    known = project in server.archive.projects()
    _require(who, when=known and may(server.documents, who, project, action))


def _require_setup(server: StandIn, who: User, project: str) -> None:
    """Refuse who does not own the project; for the site (an empty name), who does not administer it."""
    if project:
        _require_in_project(server, who, project, "own")
    else:
        _require(who, when=who.is_admin)


def _require_own(server: StandIn, who: User, subscription: Subscription, project: str) -> None:
    """Refuse a subscription that reaches beyond the project, or beyond what the user owns."""
    if not project:
        return
    reach = subscription.project_ids
    if project not in reach or not all(may(server.documents, who, each, "own") for each in reach):
        raise Refusal(
            HTTPStatus.UNAUTHORIZED,
            f"Unauthorized.\n{who.login} not authorized to modify subscriptions for project(s): "
            + (",".join(reach) or "Site"),
        )


def _subscription(server: StandIn, who: User, path: SubscriptionPath) -> Subscription:
    """The subscription of a path, for those who may change it."""
    _require_setup(server, who, path.project)
    held = server.events.get(path.id)
    _require_own(server, who, held, path.project)
    return held


def preferences(request: Request) -> Response:
    """GET: whether the service is on; for every user (``EventServiceRestApi``)."""
    return json(standin(request).events.preferences())


@with_body()
def set_preferences(request: Request, body: RequestBody) -> Response:
    """PUT: turn it on or off.

    Raises:
        Refusal: 400, the body is no JSON object; 403, who asks is no administrator.
    """
    tree, who = _tree(body), user(request)
    _require(who, when=who.is_admin)
    standin(request).events.set_preferences(tree)
    return text()


@with_body()
def subscribe(request: Request, body: RequestBody) -> Response:
    """POST: a subscription; the answer is `name:id`.

    Raises:
        Refusal: 400, it is no subscription; 401, it reaches beyond the project; 403, the user may not; 405,
            the service is off; 424, it is not valid; 500, its name is taken.
    """
    tree, server, who = _tree(body), standin(request), user(request)
    project = SubscriptionPath(**request.path_params).project
    _require_setup(server, who, project)
    _require_own(server, who, Subscription.from_json(tree, who.login), project)
    created = server.events.create(tree, who)
    return text(f"{created.name}:{created.id}", HTTPStatus.CREATED)


def subscriptions(request: Request) -> Response:
    """GET: all of them; in a project those that reach it, `editable` where they reach no other one.

    Raises:
        Refusal: 403, the user may not.
    """
    server, project = standin(request), SubscriptionPath(**request.path_params).project
    _require_setup(server, user(request), project)
    listed, as_json = server.events.all(project), server.events.as_json
    if not project:
        return json([as_json(each) for each in listed])
    return json([{**as_json(each), "editable": each.project_ids == (project,)} for each in listed])


def subscription(request: Request) -> Response:
    """GET: one.

    Raises:
        Refusal: 401, it reaches beyond the project; 403, the user may not; 404, there is none; 405, the
            service is off.
    """
    server = standin(request)
    held = _subscription(server, user(request), SubscriptionPath(**request.path_params))
    return json(server.events.as_json(held))


@with_body()
def update(request: Request, body: RequestBody) -> Response:
    """PUT: change one.

    Raises:
        Refusal: 400, it is no subscription; 401, it reaches beyond the project; 403, the user may not; 404,
            there is none; 405, the service is off.
    """
    tree, server, who = _tree(body), standin(request), user(request)
    path = SubscriptionPath(**request.path_params)
    held = _subscription(server, who, path)
    _require_own(server, who, held.updated(tree), path.project)
    server.events.update(held.id, tree, who)
    return text()


def unsubscribe(request: Request) -> Response:
    """DELETE: one.

    Raises:
        Refusal: 401, it reaches beyond the project; 403, the user may not; 404, there is none; 405, the
            service is off.
    """
    server = standin(request)
    held = _subscription(server, user(request), SubscriptionPath(**request.path_params))
    server.events.delete(held.id)
    return text("", HTTPStatus.NO_CONTENT)


def activate(request: Request) -> Response:
    """POST: let one listen, or not.

    Raises:
        Refusal: 401, it reaches beyond the project; 403, the user may not; 404, there is none; 405, the
            service is off.
    """
    server = standin(request)
    held = _subscription(server, user(request), SubscriptionPath(**request.path_params))
    server.events.activate(held.id, on=request.url.path.endswith("/activate"))
    return text()


def events(_request: Request) -> Response:
    """GET: events that can be subscribed to."""
    return json(
        [
            {"id": PACKAGE + name, "display-name": name.removesuffix("Event"), "statuses": list(statuses)}
            for name, statuses in EVENTS.items()
        ]
    )


def actions(request: Request) -> Response:
    """GET: the wrappers that an event can launch: those that are enabled.

    Raises:
        Refusal: 403, the user may not.
    """
    server, project = standin(request), SubscriptionPath(**request.path_params).project
    _require_setup(server, user(request), project)
    where = project or request.query_params.get("project") or None
    commands = server.launches.commands
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
            if commands.enabling.is_on(wrapper["id"], where)
        ]
    )


def orchestrations(request: Request) -> Response:
    """GET: all orchestrations.

    Raises:
        Refusal: 403, who asks is no container manager.
    """
    who = user(request)
    _require(who, when=who.manages_containers)
    return json([each.as_json() for each in standin(request).events.orchestrations.all()])


@with_body()
def put_orchestration(request: Request, body: RequestBody) -> Response:
    """POST: add one, or change the one that the body numbers.

    Raises:
        Refusal: 400, it is none; 403, who asks is no container manager; 404, no such orchestration or
            wrapper; 500, its name is taken.
    """
    tree, who = _tree(body), user(request)
    _require(who, when=who.manages_containers)
    return json(standin(request).events.orchestrations.put(tree).as_json())


def delete_orchestration(request: Request) -> Response:
    """DELETE: one.

    Raises:
        Refusal: 403, who asks is no container manager.
    """
    who = user(request)
    _require(who, when=who.manages_containers)
    standin(request).events.orchestrations.delete(request.path_params["id"])
    return text()


def enable_orchestration(request: Request) -> Response:
    """PUT: enable or disable one.

    Raises:
        Refusal: 403, who asks is no container manager; 404, there is none.
    """
    who, path = user(request), request.path_params
    _require(who, when=who.manages_containers)
    standin(request).events.orchestrations.set_enabled(path["id"], on=path["on"] == "true")
    return text()


def project_orchestration(request: Request) -> Response:
    """GET: those that a project may choose, and the one that it has chosen.

    Raises:
        Refusal: 403, the user may not.
    """
    server, project = standin(request), request.path_params["project"]
    _require_in_project(server, user(request), project, "edit")
    held = server.events.orchestrations
    available, chosen = held.available(project), held.chosen(project)
    return json(
        {
            "availableOrchestrations": [each.as_json() for each in available],
            "selectedOrchestrationId": chosen.id if chosen in available and chosen else None,
        }
    )


def choose_orchestration(request: Request) -> Response:
    """PUT: choose one for a project.

    Raises:
        Refusal: 400, none is named, or it is not enabled; 403, the user may not; 404, there is none.
    """
    server, project = standin(request), request.path_params["project"]
    number = request.query_params.get("orchestrationId", "")
    if not number.isdigit():
        raise Refusal(400, "There was an error in the request : orchestrationId must be given")
    _require_in_project(server, user(request), project, "edit")
    server.events.orchestrations.choose(project, int(number))
    return text()


def drop_orchestration(request: Request) -> Response:
    """DELETE: take its orchestration from a project.

    Raises:
        Refusal: 403, the user may not.
    """
    server, project = standin(request), request.path_params["project"]
    _require_in_project(server, user(request), project, "edit")
    server.events.orchestrations.drop(project)
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
