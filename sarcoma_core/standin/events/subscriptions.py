"""Subscriptions of the Event Service: what they are, and when the service takes one.

Source: XNAT 1.9, ``org.nrg.xnat.eventservice`` (``Subscription``, ``EventFilter``,
``EventSubscriptionEntityServiceImpl.validate``), our reading of it.
"""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Self

from sarcoma_core.archive.store import Session
from sarcoma_core.standin.answers import Refusal
from sarcoma_core.standin.containers.commands import Commands
from sarcoma_core.standin.documents import Document
from sarcoma_core.xnat.resolution.matchers import matching
from sarcoma_core.xnat.resolution.objects import XnatObject, session_object
from sarcoma_core.xnat.resolution.refusals import NotEvaluatedError

PROVIDER = "org.nrg.containers.services.CommandActionProvider"
PACKAGE = "org.nrg.xnat.eventservice.events."
_CHANGED = ("CREATED", "UPDATED", "DELETED")
EVENTS = {
    "ProjectEvent": ("CREATED", "UPDATED", "DELETED"),
    "SubjectEvent": _CHANGED,
    "SubjectAssessorEvent": _CHANGED,
    "SessionEvent": ("CREATED", "UPDATED", "MERGED", "DELETED"),
    "ScanEvent": _CHANGED,
    "ImageAssessorEvent": _CHANGED,
    "ResourceEvent": _CHANGED,
    "WorkflowStatusChangeEvent": ("CHANGED",),
    "ScheduledEvent": ("CRON",),
}
"""Events with their statuses. The stand-in tells of sessions alone: no other one ever happens in it."""


@dataclass(frozen=True)
class Subscription:
    """A subscription.

    Args:
        id: its number; 0 as long as it is not stored.
        name: unique on the server.
        active: whether it listens.
        action_key: provider and wrapper: `<class>:<wrapper id>`.
        attributes: values of the wrapper's inputs.
        event_type: the event's class.
        status: what happened; any when empty.
        project_ids: in which projects; any when empty.
        payload_filter: JSONPath predicate over the object that it happened to; none when empty.
        act_as_event_user: whether the launch is made as who caused the event, not as the owner.
        owner: who subscribed.
    """

    id: int
    name: str
    active: bool
    action_key: str
    attributes: tuple[tuple[str, str], ...]
    event_type: str
    status: str
    project_ids: tuple[str, ...]
    payload_filter: str
    act_as_event_user: bool
    owner: str

    @classmethod
    def from_json(cls, tree: Document, owner: str, *, number: int = 0) -> Self:
        """A subscription of a request's body, or as it was kept.

        Args:
            tree: the JSON object.
            owner: who subscribes.
            number: its number, once it has one.

        Raises:
            Refusal: 400, the body is none.
        """
        rule, attributes = tree.get("event-filter"), tree.get("attributes") or {}
        if not isinstance(rule, dict) or not isinstance(tree.get("action-key"), str):
            raise Refusal(400, "Subscription: action-key and event-filter must be given.")
        projects = rule.get("project-ids") or []
        if not isinstance(attributes, dict) or not isinstance(projects, list):
            raise Refusal(400, "Subscription: attributes must be an object, project-ids a list.")
        return cls(
            id=number,
            name=str(tree.get("name") or ""),
            active=bool(tree.get("active", True)),
            action_key=tree["action-key"],
            attributes=tuple((str(key), str(value)) for key, value in attributes.items()),
            event_type=str(rule.get("event-type") or ""),
            status=str(rule.get("status") or ""),
            project_ids=tuple(map(str, projects)),
            payload_filter=str(rule.get("payload-filter") or ""),
            act_as_event_user=bool(tree.get("act-as-event-user")),
            owner=owner,
        )

    def updated(self, changes: Document) -> Self:
        """Itself with what a body of a PUT changes.

        Raises:
            Refusal: 400, it is no subscription any more.
        """
        tree = self.as_json()
        merged = {**tree, **{key: value for key, value in changes.items() if value is not None}}
        rule = changes.get("event-filter")
        merged["event-filter"] = {**tree["event-filter"], **(rule if isinstance(rule, dict) else {})}
        return self.from_json(merged, self.owner, number=self.id)

    def as_json(self) -> Document:
        """As the server lists it."""
        return {
            "id": self.id,
            "name": self.name,
            "active": self.active,
            "action-key": self.action_key,
            "attributes": dict(self.attributes),
            "event-filter": {
                "event-type": self.event_type,
                "project-ids": list(self.project_ids),
                "status": self.status or None,
                "payload-filter": self.payload_filter or None,
            },
            "act-as-event-user": self.act_as_event_user,
            "subscription-owner": self.owner,
        }

    @property
    def wrapper_id(self) -> int | None:
        """The wrapper that it launches."""
        provider, _, number = self.action_key.rpartition(":")
        return int(number) if provider == PROVIDER and number.isdigit() else None

    @property
    def launch_project(self) -> str | None:
        """The project of its launches: only a filter on exactly one project passes it on."""
        return self.project_ids[0] if len(self.project_ids) == 1 else None

    def hears(self, event: str, status: str, session: Session) -> bool:
        """Whether it listens to what happened to a session.

        Raises:
            NotEvaluatedError: its filter needs an operator that is not evaluated here.
        """
        return (
            self.active
            and self.event_type == PACKAGE + event
            and self.status in ("", status)
            and (not self.project_ids or session.project in self.project_ids)
            and (not self.payload_filter or self._lets_pass(session_object(session)))
        )

    def _lets_pass(self, item: XnatObject) -> bool:
        return bool(matching((item,), self.payload_filter, root=item))


def require_valid(subscription: Subscription, commands: Commands) -> None:
    """Refuse a subscription that could never do anything.

    Raises:
        Refusal: 424, in the service's words.
    """
    event = subscription.event_type.removeprefix(PACKAGE)
    if not subscription.event_type.startswith(PACKAGE) or event not in EVENTS:
        raise _invalid(f"Could not load Event class: {subscription.event_type}")
    _require_filter(subscription.payload_filter)
    wrapper_id = subscription.wrapper_id
    if wrapper_id is None:
        raise _invalid(f"Could not load Action Provider for key:{subscription.action_key}")
    places: tuple[str | None, ...] = subscription.project_ids or (None,)
    if commands.wrapper(wrapper_id) is None or not all(
        commands.enabling.is_on(wrapper_id, p) for p in places
    ):
        # Known to the service and enabled where it shall run: the commonest reason is that it is not.
        raise _invalid(
            f"Could not validate Action: {subscription.action_key}\n"
            f"Could not validate Action Provider Class {subscription.action_key}"
        )


def _require_filter(payload_filter: str) -> None:
    if not payload_filter:
        return
    if payload_filter.startswith("$") or "$[?" in payload_filter:
        raise _invalid(
            "Could not compile jsonPath filter. "
            '"Payload JsonPath filter contains $ or $[?. Filter string should include only predicate path."'
        )
    nothing = XnatObject("Session", {})
    try:
        matching((nothing,), payload_filter, root=nothing)
    except NotEvaluatedError as error:
        raise _invalid(f"Could not compile jsonPath filter. {error.message}") from None


def _invalid(why: str) -> Refusal:
    return Refusal(HTTPStatus.FAILED_DEPENDENCY, f"Subscription format failed to validate.\n{why}")
