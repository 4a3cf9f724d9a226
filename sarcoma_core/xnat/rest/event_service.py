"""The Event Service and orchestrations of a server over REST: what launches wrappers by itself.

Everything is asked for in a project, so that an owner needs no right of the site; only the service's switch
and the making of an orchestration are a manager's.

Source: XNAT 1.9, ``EventServiceRestApi``; Container Service 3.7, ``OrchestrationRestApi``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from sarcoma_core.xnat.rest.answering import ServerError
from sarcoma_core.xnat.rest.connection import Answer, Connection, at

PROVIDER = "org.nrg.containers.services.CommandActionProvider"
_EVENT_PACKAGE = "org.nrg.xnat.eventservice.events."
_PREFS = "/xapi/events/prefs"


@dataclass(frozen=True)
class SubscriptionRule:
    """What a subscription says: when what happens, launch which wrapper.

    Args:
        name: unique on the server.
        wrapper_id: the wrapper to launch.
        event: e.g. `SessionEvent`.
        status: e.g. `CREATED`.
        project: the project in which it must happen.
        payload_filter: JSONPath predicate over the object that it happens to; none when empty.
    """

    name: str
    wrapper_id: int
    event: str
    status: str
    project: str
    payload_filter: str = ""

    def body(self) -> Mapping[str, Any]:
        """As the service takes it."""
        return {
            "name": self.name,
            "active": True,
            "act-as-event-user": False,
            "action-key": f"{PROVIDER}:{self.wrapper_id}",
            "attributes": {},
            "event-filter": {
                "event-type": _EVENT_PACKAGE + self.event,
                "status": self.status,
                "project-ids": [self.project],
                **({"payload-filter": self.payload_filter} if self.payload_filter else {}),
            },
        }


@dataclass(frozen=True)
class LiveSubscription:
    """A subscription as the server holds it.

    Args:
        id: its number.
        rule: what it says; wrapper 0 when it launches something else than a wrapper.
        active: whether it listens.
        editable: whether it is this project's alone.
        owner: in whose name it launches.
        problem: why the service would not take it today; empty when it would.
    """

    id: int
    rule: SubscriptionRule
    active: bool
    editable: bool
    owner: str
    problem: str

    @classmethod
    def of(cls, tree: Mapping[str, Any]) -> "LiveSubscription":
        """Read one of the service's own listing."""
        told = tree.get("event-filter") or {}
        provider, _, number = str(tree.get("action-key") or "").rpartition(":")
        projects = told.get("project-ids") or ()
        rule = SubscriptionRule(
            name=str(tree.get("name") or ""),
            wrapper_id=int(number) if provider == PROVIDER and number.isdigit() else 0,
            event=str(told.get("event-type") or "").removeprefix(_EVENT_PACKAGE),
            status=str(told.get("status") or ""),
            project=",".join(map(str, projects)),
            payload_filter=str(told.get("payload-filter") or ""),
        )
        return cls(
            id=int(tree["id"]),
            rule=rule,
            active=bool(tree.get("active")),
            editable=bool(tree.get("editable", True)),
            owner=str(tree.get("subscription-owner") or ""),
            problem="" if tree.get("valid", True) else str(tree.get("validation-message") or "not valid"),
        )


@dataclass(frozen=True)
class Orchestration:
    """Wrappers that run one after the other, started by a launch of the first."""

    id: int
    name: str
    wrapper_ids: tuple[int, ...]
    enabled: bool

    def starts_with(self, wrapper_id: int) -> bool:
        """Whether a launch of this wrapper starts it."""
        return self.enabled and self.wrapper_ids[:1] == (wrapper_id,)

    @classmethod
    def of(cls, tree: Mapping[str, Any]) -> "Orchestration":
        """Read one of the service's own listing."""
        wrapper_ids = tuple(map(int, tree.get("wrapperIds") or ()))
        return cls(int(tree["id"]), str(tree.get("name") or ""), wrapper_ids, bool(tree.get("enabled")))


class EventService:
    """The Event Service of one server, for one user; every method raises `ServerError`.

    Args:
        connection: how it is reached.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def is_on(self, project: str) -> bool:
        """Whether the service is on; where only administrators are told: off, it refuses an owner's look."""
        told = self.connection.get(_PREFS, accept=(HTTPStatus.FORBIDDEN,))
        if told.status != HTTPStatus.FORBIDDEN:
            return bool(told.json()["enabled"])
        path = at("xapi", "projects", project, "events", "subscription", "0")
        return (
            self.connection.get(path, accept=(HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED)).status
            != HTTPStatus.METHOD_NOT_ALLOWED
        )

    def turn_on(self) -> bool:
        """Turn the service on for the whole site; whether the user may."""
        return (
            self.connection.put(_PREFS, json={"enabled": True}, accept=(HTTPStatus.FORBIDDEN,)).status
            != HTTPStatus.FORBIDDEN
        )

    def subscriptions(self, project: str = "") -> tuple[LiveSubscription, ...]:
        """Subscriptions of a project and of the whole site; all of them for an administrator."""
        scope = ("projects", project) if project else ()
        subscriptions = self.connection.get(at("xapi", *scope, "events", "subscriptions")).json()
        return tuple(map(LiveSubscription.of, subscriptions))

    def subscribe(self, rule: SubscriptionRule) -> int:
        """Make a subscription; gives its number."""
        path = at("xapi", "projects", rule.project, "events", "subscription")
        answer = self.connection.post(
            path,
            json=dict(rule.body()),
            accept=(HTTPStatus.FAILED_DEPENDENCY, HTTPStatus.INTERNAL_SERVER_ERROR),
        )
        return int(_told(answer).text.strip().rpartition(":")[2])

    def change(self, number: int, rule: SubscriptionRule) -> None:
        """Let a subscription say something else."""
        path = at("xapi", "projects", rule.project, "events", "subscription", str(number))
        _told(
            self.connection.put(
                path,
                json=dict(rule.body()),
                accept=(HTTPStatus.FAILED_DEPENDENCY, HTTPStatus.INTERNAL_SERVER_ERROR),
            )
        )

    def unsubscribe(self, number: int, project: str = "") -> None:
        """Delete a subscription."""
        scope = ("projects", project) if project else ()
        self.connection.delete(at("xapi", *scope, "events", "subscription", str(number)))

    def orchestrations(self) -> tuple[Orchestration, ...] | None:
        """All orchestrations; None for a user who does not manage the Container Service."""
        answer = self.connection.get("/xapi/orchestration", accept=(HTTPStatus.FORBIDDEN,))
        return None if answer.status == HTTPStatus.FORBIDDEN else tuple(map(Orchestration.of, answer.json()))

    def choices(self, project: str) -> tuple[tuple[Orchestration, ...], int] | None:
        """The orchestrations that a project may choose, and the number of the chosen one (0: none).

        None for a server that has no orchestrations.
        """
        answer = self.connection.get(
            at("xapi", "orchestration", "project", project), accept=(HTTPStatus.NOT_FOUND,)
        )
        if answer.status == HTTPStatus.NOT_FOUND:
            return None
        tree = answer.json()
        available = tuple(map(Orchestration.of, tree.get("availableOrchestrations") or ()))
        return available, int(tree.get("selectedOrchestrationId") or 0)

    def chosen(self, project: str) -> Orchestration | None:
        """A project's orchestration; None where there is none, and for a user who may not ask.

        Raises:
            ServerError: the server does not answer.
        """
        try:
            choices = self.choices(project)
        except ServerError as error:
            if error.status != HTTPStatus.FORBIDDEN:
                raise
            return None
        available, number = choices or ((), 0)
        return next((each for each in available if each.id == number), None)

    def orchestrate(self, name: str, wrapper_ids: tuple[int, ...]) -> int:
        """Make an orchestration; gives its number."""
        body = {"name": name, "wrapperIds": list(wrapper_ids)}
        answer = self.connection.post(
            "/xapi/orchestration",
            json=body,
            accept=(HTTPStatus.BAD_REQUEST, HTTPStatus.INTERNAL_SERVER_ERROR),
        )
        return int(_told(answer).json()["id"])

    def enable(self, number: int) -> None:
        """Enable an orchestration that is disabled, and its wrappers for the site."""
        self.connection.put(at("xapi", "orchestration", str(number), "enabled", "true"))

    def choose(self, project: str, number: int) -> None:
        """Make an orchestration a project's."""
        path = at("xapi", "orchestration", "project", project)
        _told(
            self.connection.put(
                path, query={"orchestrationId": str(number)}, accept=(HTTPStatus.BAD_REQUEST,)
            )
        )

    def drop(self, project: str) -> None:
        """Take its orchestration from a project."""
        self.connection.delete(at("xapi", "orchestration", "project", project))


def _told(answer: Answer) -> Answer:
    """An answer, or the service's own reason against it: it names classes, wrappers, filters; no patient."""
    if answer.status in (
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.FAILED_DEPENDENCY,
        HTTPStatus.INTERNAL_SERVER_ERROR,
    ):
        raise ServerError(f"The server refuses it: {' '.join(answer.text.split())}", status=answer.status)
    return answer
