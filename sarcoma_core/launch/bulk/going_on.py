"""Where the server goes on by itself: a launch of an orchestration's first wrapper starts all of it.

A chain that is launched step by step in such a project would run the orchestration's steps twice.

Source: Container Service, `OrchestrationEntityServiceImpl.findWhereWrapperIsFirst`.
"""

from collections.abc import Sequence

from sarcoma_core.errors import UsageError
from sarcoma_core.launch.automation import is_ours
from sarcoma_core.launch.bulk.preflight import LiveStep
from sarcoma_core.xnat.rest.connection import Connection
from sarcoma_core.xnat.rest.event_service import EventService, Orchestration


def check_going_on(connection: Connection, project: str, plan: Sequence[LiveStep]) -> str:
    """Refuse a chain whose steps the server would launch too; says of one step that the server goes on.

    A server without orchestrations, or a user who may not ask, is no finding. A step in the middle of the
    orchestration starts nothing.

    Args:
        connection: to the server.
        project: where it is launched.
        plan: the steps, as the server will run them.

    Returns:
        What to tell of one step; empty when the server does not go on.

    Raises:
        UsageError: one of several steps starts the project's orchestration.
        ServerError: the server does not answer.
    """
    orchestration = EventService(connection).chosen(project)
    names = [
        stage.step.name for stage in plan if orchestration and orchestration.starts_with(stage.wrapper_id)
    ]
    if orchestration is None or not names:
        return ""
    if len(plan) == 1:
        return (
            f"Each launch of {names[0]} in project {project} starts orchestration {orchestration.name!r}: "
            "the server goes on with its other steps by itself."
        )
    raise UsageError(
        f"STEP|CHAIN: must be one step in project {project}, where each launch of {names[0]} starts "
        f"orchestration {orchestration.name!r}; found {len(plan)} steps, which would run twice.",
        hint=_instead(project, plan, names[0], orchestration),
    )


def _instead(project: str, plan: Sequence[LiveStep], starter: str, orchestration: Orchestration) -> str:
    """What to do: launch up to the step that starts it, or take the orchestration away."""
    steps = [stage.step.name for stage in plan]
    launched = steps[: steps.index(starter) + 1]
    commands = " && ".join(f"sarcoma xnat bulk {step} --project {project}" for step in launched)
    end = (
        f"sarcoma xnat automate --remove NUMBER (of sarcoma xnat automate --list --project {project})"
        if is_ours(orchestration)
        else "XNAT, project settings, Command Orchestration"
    )
    return f"{commands} and the orchestration does the rest. Or take it from the project first: {end}."
