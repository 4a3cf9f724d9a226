"""The Event Service: a change to a session launches the wrappers that subscribe to it.

It is off on a fresh install. Launches are made in a thread of its own, never in the thread of the request
that caused the event. The stand-in tells of sessions alone; its changes name no user, so a subscription that
acts as the event's user acts as its owner.

Source: XNAT 1.9, ``EventServiceImpl``, ``EventServiceRestApi``; Container Service 3.7,
``CommandActionProvider``; our reading of them.
"""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from sarcoma_core.standin.answers import Refusal
from sarcoma_core.standin.containers.launches import Launches
from sarcoma_core.standin.containers.records import PersistentWorkflow
from sarcoma_core.standin.documents import Document, Documents
from sarcoma_core.standin.events.orchestrations import Orchestrations
from sarcoma_core.standin.events.subscriptions import Subscription, require_valid
from sarcoma_core.standin.objects.tree import Change, Tree
from sarcoma_core.standin.users import User, Users
from sarcoma_core.xnat.resolution.refusals import NotEvaluatedError
from sarcoma_core.xnat.status import is_success

_KIND, _PREFS = "subscription", "event-prefs"
_DEFAULTS = {
    "enabled": False,
    "respondToEvents": True,
    "triggerCoreEvents": True,
    "triggerPluginEvents": True,
    "triggerWorkflowStatusEvents": True,
}
_ROOTS = ("project", "subject", "session", "assessor", "resource", "scan", "subject-assessor")
"""Types of external inputs that an event's object is given to."""
_LOG = logging.getLogger(__name__)


class Events:
    """The Event Service and the orchestrations of a server.

    Args:
        tree: whose changes are listened to.
        documents: where preferences and subscriptions are kept.
        users: in whose name launches are made.
        launches: the Container Service.
    """

    def __init__(self, tree: Tree, documents: Documents, users: Users, launches: Launches) -> None:
        self.orchestrations = Orchestrations(documents, launches.commands)
        self._documents = documents
        self._users = users
        self._launches = launches
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="events")
        tree.listeners.append(self._heard)
        launches.ended.append(self._ended)

    def close(self) -> None:
        """Let what is under way end, and listen no more."""
        self._thread.shutdown(cancel_futures=True)

    def wait(self) -> None:
        """Wait until every event so far is answered."""
        self._thread.submit(int).result()

    def preferences(self) -> Document:
        """Whether the service is on, and what it does."""
        return {**_DEFAULTS, **(self._documents.get(_PREFS, "site") or {})}

    def set_preferences(self, changes: Document) -> None:
        """Change some of them."""
        known = {key: bool(value) for key, value in changes.items() if key in _DEFAULTS and value is not None}
        self._documents.put(_PREFS, "site", {**self.preferences(), **known})

    def create(self, body: Document, user: User) -> Subscription:
        """Add a subscription.

        Raises:
            Refusal: 405, the service is off; 424, it is not valid; 500, its name is taken.
        """
        asked = Subscription.from_json(body, user.login)
        if asked.name and any(asked.name == other.name for other in self._stored()):
            raise Refusal(500, "There was an error in the request : a subscription of that name exists")
        self._require_on()
        require_valid(asked, self._launches.commands)
        number = self._documents.next_id(_KIND)
        kept = replace(
            asked, id=number, name=asked.name or f"{asked.action_key} on {asked.event_type} {number}"
        )
        self._keep(kept)
        return kept

    def all(self, project: str = "") -> tuple[Subscription, ...]:
        """Subscriptions; those of a project and those of every project; none while the service is off."""
        stored = self._stored() if self.preferences()["enabled"] else ()
        return tuple(s for s in stored if not project or not s.project_ids or project in s.project_ids)

    def get(self, number: int) -> Subscription:
        """One subscription.

        Raises:
            Refusal: 405, the service is off; 404, there is none.
        """
        self._require_on()
        tree = self._documents.get(_KIND, str(number))
        if tree is None:
            raise Refusal(404, f"Could not find entity with ID {number}")
        return _kept(tree)

    def as_json(self, subscription: Subscription) -> Document:
        """A subscription as the server lists it: with a verdict as of now."""
        try:
            require_valid(subscription, self._launches.commands)
        except Refusal as refused:
            why = refused.text.partition("\n")[2]
            return {**subscription.as_json(), "valid": False, "validation-message": why}
        return {**subscription.as_json(), "valid": True, "validation-message": None}

    def update(self, number: int, changes: Document, user: User) -> None:
        """Change a subscription.

        It launches in its owner's name, so whoever changes another one's becomes the owner, unless an
        administrator does (our reading: nobody decides what others launch).

        Raises:
            Refusal: 405, the service is off; 404, there is none; 400, it is none any more with the changes.
        """
        changed = self.get(number).updated(changes)
        self._keep(changed if user.is_admin else replace(changed, owner=user.login))

    def activate(self, number: int, *, on: bool) -> None:
        """Let a subscription listen, or not.

        Raises:
            Refusal: 405, the service is off; 404, there is none.
        """
        self._keep(replace(self.get(number), active=on))

    def delete(self, number: int) -> None:
        """Delete a subscription.

        Raises:
            Refusal: 405, the service is off; 404, there is none.
        """
        self.get(number)
        self._documents.delete(_KIND, str(number))

    def _stored(self) -> tuple[Subscription, ...]:
        return tuple(map(_kept, self._documents.all(_KIND).values()))

    def _keep(self, subscription: Subscription) -> None:
        self._documents.put(_KIND, str(subscription.id), subscription.as_json())

    def _require_on(self) -> None:
        if not self.preferences()["enabled"]:
            raise Refusal(HTTPStatus.METHOD_NOT_ALLOWED, "Event Service disabled.")

    def _heard(self, change: Change) -> None:
        """Called by whoever caused the change: hand it on, and return."""
        self._soon(self._answer, change)

    def _ended(self, workflow: PersistentWorkflow) -> None:
        """Called by the thread of a launch that has ended."""
        self._soon(self._go_on, workflow)

    def _soon(self, work: Callable[[Any], None], about: Change | PersistentWorkflow) -> None:
        with suppress(RuntimeError):  # the server is closing
            self._thread.submit(_logged, work, about)

    def _answer(self, change: Change) -> None:
        """Launch what subscribes to a change."""
        prefs = self.preferences()
        if change.event != "SessionEvent" or not (prefs["enabled"] and prefs["respondToEvents"]):
            return
        for subscription in self._stored():
            try:
                hears = subscription.hears(change.event, change.status, change.session)
            except NotEvaluatedError:  # as a filter that fails in the service: the pipeline halts
                _LOG.warning("subscription %d: its payload-filter cannot be evaluated", subscription.id)
                continue
            if hears:
                self._launch(subscription, f"/archive/experiments/{change.session.id}")

    def _launch(self, subscription: Subscription, uri: str) -> None:
        wrapper_id = subscription.wrapper_id or 0
        root = self._root(wrapper_id)
        if root:
            user = self._users.get(subscription.owner)
            values = {**dict(subscription.attributes), root: uri}
            self._launches.launch(user, subscription.launch_project, wrapper_id, values)

    def _root(self, wrapper_id: int) -> str:
        """The external input that an object is given to; empty when there is none."""
        wrapper = self._launches.commands.wrapper(wrapper_id)
        inputs = wrapper.declared["external-inputs"] if wrapper else ()
        return next((str(i["name"]) for i in inputs if i["type"].lower() in _ROOTS), "")

    def _go_on(self, workflow: PersistentWorkflow) -> None:
        """Launch what follows in an orchestration."""
        container = (
            self._launches.records.container(workflow.container) if is_success(workflow.status) else None
        )
        if container is None:
            return
        following = self.orchestrations.next_after(workflow.id, container.wrapper, workflow.project)
        if following is None:
            return
        place, wrapper_id = following
        values = {self._root(wrapper_id): f"/archive/experiments/{workflow.session}"}
        user = self._users.get(workflow.login)
        launched = self._launches.launch(user, workflow.project, wrapper_id, values, jobid=workflow.jobid)
        if launched:
            self.orchestrations.note(launched, place)


def _kept(tree: Document) -> Subscription:
    return Subscription.from_json(tree, tree["subscription-owner"], number=tree["id"])


def _logged(work: Callable[[Any], None], about: Change | PersistentWorkflow) -> None:
    try:
        work(about)
    except Exception:  # noqa: BLE001  the thread must live on: nobody else answers the next event
        _LOG.exception("the Event Service could not handle an event")
