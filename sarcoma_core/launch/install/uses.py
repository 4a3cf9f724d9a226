"""Automations that use a wrapper: what no longer works when it is switched off, and how to make it anew.

Subscriptions and orchestrations name a wrapper by its id. One that is switched off for the site disables its
orchestrations, which leave their projects; a subscription to it launches nothing, or the old version.

Source: Container Service, `OrchestrationEntityServiceImpl.checkAndDisable`; `docs/concepts/xnat-contract.md`.
"""

import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from http import HTTPStatus
from typing import Literal, TypeVar

from sarcoma_core.chains import CHAINS
from sarcoma_core.launch.automation import OCCASIONS, Wanted
from sarcoma_core.launch.install.plan import Action
from sarcoma_core.launch.install.states import SITE, step_of, wrapper_level
from sarcoma_core.xnat.rest.answering import ServerError
from sarcoma_core.xnat.rest.event_service import (
    EventService,
    LiveSubscription,
    Orchestration,
    SubscriptionRule,
)
from sarcoma_core.xnat.rest.remote import visible_projects
from sarcoma_core.xnat.rest.service import ContainerService

_T = TypeVar("_T")
_NOT_TOLD = (
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.METHOD_NOT_ALLOWED,
)


@dataclass(frozen=True)
class Use:
    """An automation that uses wrappers.

    Args:
        kind: what it is.
        name: its name on the server.
        wrapper_ids: what it launches.
        again: the commands that make it anew; none for what `automate` cannot make.
    """

    kind: Literal["subscription", "orchestration"]
    name: str
    wrapper_ids: frozenset[int]
    again: tuple[str, ...] = ()


def name_uses(plan: Sequence[Action], uses: Sequence[Use]) -> tuple[Action, ...]:
    """A plan whose notes name what uses the wrapper that is switched off; every automation once."""
    left, told = list(uses), list[Action]()
    for action in plan:
        hit = [use for use in left if _is_off(action) and use.wrapper_ids.intersection(action.wrapper_ids)]
        left = [use for use in left if use not in hit]
        told.append(replace(action, note=f"{action.note}; {_words(hit)}") if hit else action)
    return tuple(told)


def _is_off(action: Action) -> bool:
    return action.verb == "disable" and action.project == SITE


def _words(hit: Sequence[Use]) -> str:
    names = ", ".join(f"{use.kind} {use.name!r}" for use in hit)
    commands = dict.fromkeys(command for use in hit for command in use.again)  # a set that keeps its order
    by_hand = [repr(use.name) for use in hit if not use.again]
    ways = [*commands, *([f"in XNAT ({', '.join(by_hand)})"] if by_hand else [])]
    return f"used by {names}; make anew: {'; '.join(ways)}"


def read_uses(service: ContainerService, plan: Sequence[Action]) -> tuple[Use, ...]:
    """The automations that use what a plan switches off, as far as this user may read them.

    Args:
        service: the server.
        plan: of `install_plan`.

    Raises:
        ServerError: the server does not answer.
    """
    off = frozenset(number for action in plan if _is_off(action) for number in action.wrapper_ids)
    if not off:
        return ()
    events, projects = EventService(service.connection), visible_projects(service.connection)
    orchestrations = [
        each
        for each in _unless_refused(events.orchestrations) or ()
        if each.enabled and off & {*each.wrapper_ids}
    ]
    chosen = {
        p: orchestration
        for p in projects
        if orchestrations and (orchestration := events.chosen(p)) in orchestrations
    }
    steps = _steps(service)
    rules = [each.rule for each in _subscriptions(events, projects) if each.active]
    again = {rule: _again(rule, chosen.get(rule.project), steps) for rule in rules}
    return (
        *(_orchestrated(each, chosen, again, steps) for each in orchestrations),
        *(
            Use("subscription", rule.name, frozenset({rule.wrapper_id}), again[rule])
            for rule in rules
            if rule.wrapper_id in off
        ),
    )


def _steps(service: ContainerService) -> Mapping[int, str]:
    """The steps that `automate` can launch, by the wrapper that it names: that of a session."""
    ours = ((step, command) for command in service.commands() if (step := step_of(command)))
    return {
        w.id: step
        for step, command in ours
        for w in command.wrappers
        if wrapper_level(w.name, step) == "session"
    }


def _unless_refused(question: Callable[[], _T]) -> _T | None:
    """The answer; None where this user may not ask, or the server has no such thing."""
    try:
        return question()
    except ServerError as error:
        if error.status not in _NOT_TOLD:
            raise
        return None


def _subscriptions(events: EventService, projects: Iterable[str]) -> Iterable[LiveSubscription]:
    """All subscriptions for an administrator, those of the own projects for others."""
    subscriptions = _unless_refused(events.subscriptions)
    if subscriptions is not None:
        return subscriptions
    own = (_unless_refused(partial(events.subscriptions, project)) or () for project in projects)
    return {each.id: each for several in own for each in several}.values()


def _orchestrated(
    orchestration: Orchestration,
    chosen: Mapping[str, Orchestration],
    again: Mapping[SubscriptionRule, tuple[str, ...]],
    steps: Mapping[int, str],
) -> Use:
    """An orchestration's use; in a project it is made anew as the subscription that starts it says."""
    commands, what = list[str](), _what(orchestration.wrapper_ids, steps)
    # A manager may not be told which projects have chosen it.
    for project in [project for project, each in chosen.items() if each == orchestration] or ["PROJECT"]:
        rules = [r for r in again if r.project == project and orchestration.starts_with(r.wrapper_id)]
        own = [command for rule in rules for command in again[rule]]
        commands += own or ([_command(Wanted(what, project))] if what else [])
    return Use("orchestration", orchestration.name, frozenset(orchestration.wrapper_ids), tuple(commands))


def _again(rule: SubscriptionRule, chosen: Orchestration | None, steps: Mapping[int, str]) -> tuple[str, ...]:
    """The command that makes a subscription anew; none when `automate` makes no such one."""
    occasion = next((word for word, meant in OCCASIONS.items() if meant == (rule.event, rule.status)), "")
    if not occasion or not rule.project or "," in rule.project:
        return ()
    started = chosen.wrapper_ids if chosen and chosen.starts_with(rule.wrapper_id) else (rule.wrapper_id,)
    # Ours says by its name what it is, also when its orchestration is gone.
    named = (what for what in CHAINS if Wanted(what, rule.project, occasion).name == rule.name)
    what = next(named, _what(started, steps))
    return (_command(Wanted(what, rule.project, occasion, rule.payload_filter)),) if what else ()


def _what(wrapper_ids: Sequence[int], steps: Mapping[int, str]) -> str:
    """The chain or step that these wrappers are; empty when they are neither."""
    names = tuple(steps.get(each, "") for each in wrapper_ids)
    chains = (name for name, chain in CHAINS.items() if chain == names)
    return next(chains, names[0] if len(names) == 1 else "")


def _command(wanted: Wanted) -> str:
    words = ["sarcoma", "xnat", "automate", wanted.what, "--project", wanted.project, "--on", wanted.occasion]
    return shlex.join([*words, *(["--filter", wanted.payload_filter] if wanted.payload_filter else [])])
