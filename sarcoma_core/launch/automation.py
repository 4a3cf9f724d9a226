"""Automation: when a session is archived, the server launches a step or a whole chain by itself.

A step is one subscription of the Event Service. A chain is an orchestration of the Container Service, chosen
in the project, and one subscription to its first wrapper. What is there as asked for stays untouched, so the
same automation twice changes nothing.

Two limits are the server's: a project has one orchestration, and any launch of its first wrapper starts it, a
person's too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from sarcoma_core.chains import DISPENSABLE
from sarcoma_core.errors import UsageError
from sarcoma_core.interface import Step
from sarcoma_core.launch.bulk.preflight import LiveStep, stages
from sarcoma_core.launch.levels import steps_asked_for
from sarcoma_core.xnat.rest.answering import ServerError
from sarcoma_core.xnat.rest.connection import Connection
from sarcoma_core.xnat.rest.event_service import (
    EventService,
    LiveSubscription,
    Orchestration,
    SubscriptionRule,
)
from sarcoma_core.xnat.rest.holdings import RemoteResources
from sarcoma_core.xnat.rest.remote import RemoteTarget
from sarcoma_core.xnat.rest.service import ContainerService

OCCASIONS: Mapping[str, tuple[str, str]] = {
    "session-archived": ("SessionEvent", "CREATED"),
    "session-updated": ("SessionEvent", "UPDATED"),
}
"""Our words for events of the service."""
_OURS = "sarcoma "

Change = Literal["unchanged", "create", "update", "choose", "turn on", "remove"]


class AutomationPart(NamedTuple):
    """One part of an automation, and what has to be done about it.

    Args:
        part: `event service`, `orchestration` or `subscription`.
        id: its number on the server; empty as long as it has none.
        name: its name.
        change: what is to be done, or was.
    """

    part: str
    id: str
    name: str
    change: Change


class Automated(NamedTuple):
    """A subscription, as a listing shows it."""

    id: int
    name: str
    project: str
    occasion: str
    launches: str
    active: bool
    owner: str
    problem: str


@dataclass(frozen=True)
class Wanted:
    """What is asked for.

    Args:
        what: a step or a chain.
        project: project id.
        occasion: one of `OCCASIONS`.
        payload_filter: JSONPath predicate over the session; every session when empty.
    """

    what: str
    project: str
    occasion: str = "session-archived"
    payload_filter: str = ""

    @property
    def name(self) -> str:
        """The subscription's name: a name is unique on the server."""
        return f"{_OURS}{self.what} on {self.occasion} in {self.project}"


@dataclass(frozen=True)
class AutomationPlan:
    """What has to be done on a server, part by part, in order.

    Args:
        wanted: what is asked for.
        rule: the subscription.
        wrapper_ids: the chain's wrappers in order, or the one step's.
        parts: what is to be done.
    """

    wanted: Wanted
    rule: SubscriptionRule
    wrapper_ids: tuple[int, ...]
    parts: tuple[AutomationPart, ...]

    @property
    def changes(self) -> bool:
        """Whether anything is to be done."""
        return any(part.change != "unchanged" for part in self.parts)


def plan(connection: Connection, wanted: Wanted, *, enable: bool = False) -> AutomationPlan:
    """Compare what is asked for with what the server has; nothing is changed.

    Args:
        connection: to the server.
        wanted: what is asked for.
        enable: whether the Event Service may be turned on for the whole site.

    Raises:
        UsageError: a step is not launched on sessions, or not installed or not enabled, or the project lacks
            one of its assets; the Event Service is off; the server has no orchestrations; the project has
            another one; only a manager can make the one that is needed.
        ServerError: the server does not answer, or the user does not own the project.
    """
    events = EventService(connection)
    chain = _on_sessions(ContainerService(connection), wanted)
    event, status = OCCASIONS[wanted.occasion]
    rule = SubscriptionRule(
        wanted.name, chain[0].wrapper_id, event, status, wanted.project, wanted.payload_filter.strip()
    )
    parts = [_service_part(events, wanted.project, enable=enable)]
    subscription = _subscription_part(events, rule)  # first of all, as it refuses whoever is no owner
    if len(chain) > 1:
        parts += _orchestration_parts(events, wanted, chain)
    parts.append(subscription)
    return AutomationPlan(wanted, rule, tuple(stage.wrapper_id for stage in chain), tuple(parts))


def _on_sessions(service: ContainerService, wanted: Wanted) -> tuple[LiveStep, ...]:
    """The steps, each with its wrapper of a session: that is what the event is of."""
    steps = steps_asked_for(wanted.what)
    for step in steps:
        if "session" not in step.levels:
            raise UsageError(
                f"STEP: must be a step on sessions; {step.name} is launched on {step.levels[0]}s.",
                hint=f"Launch it yourself: sarcoma xnat launch {step.name} --project {wanted.project}",
            )
    chain = stages(service, wanted.project, tuple(step.name for step in steps), {}, level="session")
    chain = tuple(stage for stage in chain if not (stage.absent and stage.step.name in DISPENSABLE))
    for stage in chain:
        if stage.absent:  # the server passes no step by: its orchestration ends there
            raise UsageError(
                f"STEP|CHAIN: must find the assets of its steps in project {wanted.project}; "
                f"{stage.absent.reason}, which {stage.step.name} reads.",
                hint=stage.absent.hint,
            )
    own = RemoteResources(service.connection, RemoteTarget("project", wanted.project))
    for stage in chain:
        _require_no_choice(stage.step, wanted.project, own)
    return chain


def _require_no_choice(step: Step, project: str, own: RemoteResources) -> None:
    """Refuse a step of whose assets the server could not tell which resource they are.

    Raises:
        UsageError: several match, be they empty or not.
    """
    for asset in step.assets:
        matching = sorted(filter(asset.spec.matches, own.labels()))
        if len(matching) > 1:
            raise UsageError(
                f"STEP|CHAIN: must leave the server no choice; the {asset.name} of {step.name} could be "
                f"{' or '.join(matching)} of project {project}.",
                hint="Delete those that are not meant, empty ones as well (Manage Files of the project). Or "
                f"launch it yourself: sarcoma xnat bulk {step.name} --project {project}",
            )


def carry_out(connection: Connection, planned: AutomationPlan) -> tuple[AutomationPart, ...]:
    """Do what a plan says; gives its parts with the numbers that the server gave them.

    The subscription comes last: a session that is archived meanwhile finds the whole chain or nothing.

    Raises:
        UsageError: the user may not turn on the Event Service.
        ServerError: the server does not answer, or refuses.
    """
    events, done = EventService(connection), list[AutomationPart]()
    for part in planned.parts:
        done.append(part._replace(id=_do(events, planned, part, done)))
    return tuple(done)


def automations(connection: Connection, project: str = "") -> tuple[Automated, ...]:
    """The subscriptions that launch wrappers: of a project, or of the site for its administrator."""
    events, names = EventService(connection), _wrapper_names(connection)
    return tuple(
        _automated(subscription, names, _chain_of(events, subscription.rule))
        for subscription in events.subscriptions(project)
        if subscription.rule.wrapper_id
    )


@dataclass(frozen=True)
class Removal:
    """What removing an automation takes away.

    Args:
        scope: the project that the user named; empty for the site, as its administrator.
        project: the project that it is about.
        parts: its subscription, and the project's orchestration when it is ours.
    """

    scope: str
    project: str
    parts: tuple[AutomationPart, ...]


def removal(connection: Connection, number: int, project: str = "") -> Removal:
    """Find an automation to remove; nothing is changed.

    Raises:
        UsageError: there is no such automation.
    """
    events = EventService(connection)
    subscription = next((each for each in events.subscriptions(project) if each.id == number), None)
    if subscription is None or not subscription.rule.wrapper_id:
        raise UsageError(
            f"--remove: must be the id of an automation; found {number}.",
            hint="List them: sarcoma xnat automate --list",
        )
    parts = [AutomationPart("subscription", str(number), subscription.rule.name, "remove")]
    chosen = _chosen(events, subscription.rule.project)
    if chosen and is_ours(chosen) and chosen.wrapper_ids[0] == subscription.rule.wrapper_id:
        # Only the project's choice: another project may use the orchestration itself.
        parts.append(AutomationPart("orchestration", str(chosen.id), chosen.name, "remove"))
    return Removal(project, subscription.rule.project, tuple(parts))


def remove(connection: Connection, planned: Removal) -> None:
    """Take it away."""
    events = EventService(connection)
    for part in planned.parts:
        if part.part == "subscription":
            events.unsubscribe(int(part.id), planned.scope)
        else:
            events.drop(planned.project)


def is_ours(orchestration: Orchestration) -> bool:
    """Whether `automate` made it: it may replace it, and take it away."""
    return orchestration.name.startswith(_OURS)


def _service_part(events: EventService, project: str, *, enable: bool) -> AutomationPart:
    if events.is_on(project):
        return AutomationPart("event service", "", "", "unchanged")
    if enable:
        return AutomationPart("event service", "", "", "turn on")
    raise UsageError(
        "The Event Service of this server is off, as on every fresh XNAT: nothing would ever be launched.",
        hint="A site administrator turns it on for the whole site: add --enable-event-service.",
    )


def _orchestration_parts(
    events: EventService, wanted: Wanted, chain: tuple[LiveStep, ...]
) -> list[AutomationPart]:
    choices = events.choices(wanted.project)
    if choices is None:
        raise UsageError(
            f"{wanted.what}: must be one step on this server, which has no orchestrations; "
            f"it has {len(chain)} steps.",
            hint=f"Automate one step, or run the chain yourself: sarcoma xnat bulk {wanted.what} "
            f"--project {wanted.project}",
        )
    wrapper_ids = tuple(stage.wrapper_id for stage in chain)
    available, chosen = choices
    same = _same(available, wrapper_ids) or _same(events.orchestrations() or (), wrapper_ids)
    other = next((each for each in available if each.id == chosen), None)
    if other and other != same:
        _require_replaceable(other, wanted.project)
    if same is None:
        name, every = f"{_OURS}{wanted.what} {'-'.join(map(str, wrapper_ids))}", events.orchestrations()
        if every is None:
            raise UsageError(
                "An orchestration of these steps must be made once by a manager of the Container Service; "
                "this user is none.",
                hint="Ask for the roles ContainerManager and Privileged, or let a manager run this command.",
            )
        # As after a roll-back: one was disabled with its wrappers, and a name is given once.
        kept = (str(o.id) for o in every if o.name == name and o.wrapper_ids == wrapper_ids)
        number = next(kept, "")
        change: Change = "turn on" if number else "create"
        return [
            AutomationPart("orchestration", number, name, change),
            AutomationPart("orchestration", number, name, "choose"),
        ]
    change = "unchanged" if same.id == chosen else "choose"
    return [AutomationPart("orchestration", str(same.id), same.name, change)]


def _same(orchestrations: tuple[Orchestration, ...], wrapper_ids: tuple[int, ...]) -> Orchestration | None:
    return next((each for each in orchestrations if each.wrapper_ids == wrapper_ids and each.enabled), None)


def _require_replaceable(other: Orchestration, project: str) -> None:
    if not is_ours(other):
        raise UsageError(
            f"--project: must have no orchestration of another kind, as a project has only one; found number "
            f"{other.id} in {project}.",
            hint="Take it from the project first: XNAT, project settings, Command Orchestration.",
        )


def _subscription_part(events: EventService, rule: SubscriptionRule) -> AutomationPart:
    for subscription in events.subscriptions(rule.project):
        if subscription.rule.name == rule.name:
            same = subscription.rule == rule and subscription.active
            return AutomationPart(
                "subscription", str(subscription.id), rule.name, "unchanged" if same else "update"
            )
    return AutomationPart("subscription", "", rule.name, "create")


def _do(
    events: EventService, planned: AutomationPlan, part: AutomationPart, done: list[AutomationPart]
) -> str:
    """Do one part; gives its number."""
    match part.part, part.change:
        case "event service", "turn on":
            if not events.turn_on():
                raise UsageError(
                    "--enable-event-service: must be given by a site administrator; this user is none.",
                    hint="Ask the site's administrator: Administer > Event Service.",
                )
        case "orchestration", "create":
            return str(events.orchestrate(part.name, planned.wrapper_ids))
        case "orchestration", "turn on":
            events.enable(int(part.id))
        case "orchestration", "choose":
            number = part.id or done[-1].id
            events.choose(planned.wanted.project, int(number))
            return number
        case "subscription", "create":
            return str(events.subscribe(planned.rule))
        case "subscription", "update":
            events.change(int(part.id), planned.rule)
    return part.id


def _automated(subscription: LiveSubscription, names: Mapping[int, str], chain: tuple[int, ...]) -> Automated:
    rule = subscription.rule
    words = (word for word, meant in OCCASIONS.items() if meant == (rule.event, rule.status))
    launched = (names.get(each, f"wrapper {each}") for each in chain or (rule.wrapper_id,))
    return Automated(
        id=subscription.id,
        name=rule.name,
        project=rule.project,
        occasion=next(words, f"{rule.event} {rule.status}".strip()),
        launches=", ".join(launched),
        active=subscription.active,
        owner=subscription.owner,
        problem=subscription.problem,
    )


def _chain_of(events: EventService, rule: SubscriptionRule) -> tuple[int, ...]:
    """The wrappers that a launch of this one starts in its project."""
    chosen = _chosen(events, rule.project)
    return chosen.wrapper_ids if chosen and chosen.wrapper_ids[0] == rule.wrapper_id else ()


def _chosen(events: EventService, project: str) -> Orchestration | None:
    """The orchestration of a project; none for a rule on several projects."""
    return events.chosen(project) if project and "," not in project else None


def _wrapper_names(connection: Connection) -> Mapping[int, str]:
    """Names of wrappers; none where commands may not be listed."""
    try:
        commands = ContainerService(connection).commands()
    except ServerError:
        return {}
    return {wrapper.id: wrapper.name for command in commands for wrapper in command.wrappers}
