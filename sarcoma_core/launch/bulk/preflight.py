"""Pre-flight: is a step enabled, does it resolve on this session, was it done before? All before a launch.

What is checked is what will run: the command as the server holds it, and every parameter spelled out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sarcoma_core.errors import CommandError, UsageError
from sarcoma_core.interface import ParamSpec, Step, Value
from sarcoma_core.launch.bulk.following import may_pass
from sarcoma_core.launch.step_settings import StepSettings
from sarcoma_core.launch.work import Work, already_done, lacking
from sarcoma_core.steps import step_named
from sarcoma_core.xnat.command.declaring import command_for
from sarcoma_core.xnat.command.model import Command
from sarcoma_core.xnat.resolution.resolving import resolve
from sarcoma_core.xnat.rest.answering import ServerError
from sarcoma_core.xnat.rest.connection import Connection
from sarcoma_core.xnat.rest.holdings import RemoteHoldings
from sarcoma_core.xnat.rest.service import ContainerService, LiveCommand, LiveWrapper


@dataclass(frozen=True)
class LiveStep:
    """One step of a run, as this server will run it.

    Args:
        step: the step.
        command: the server's own command.
        wrapper: name of its wrapper, which is also the name of its workflows.
        wrapper_id: what is launched.
        root: name of the wrapper's root element.
        params: every parameter.
    """

    step: Step
    command: Command
    wrapper: str
    wrapper_id: int
    root: str
    params: Mapping[str, Value]

    @property
    def values(self) -> Mapping[str, str]:
        """The parameters as a launch sends them: all of them, so that no site's default can differ."""
        return {name: ParamSpec.text(value) for name, value in self.params.items()}

    @property
    def version(self) -> str:
        """The version that will run."""
        return self.command.version or ""

    @property
    def work(self) -> Work:
        """What makes a launch of it the same work as an earlier one."""
        return Work(self.step, self.params, self.version)


@dataclass(frozen=True)
class PreflightResult:
    """What pre-flight says of one step on one session.

    Args:
        answer: `go`, or why it is not launched.
        reason: in one sentence; empty for `go`.
        hint: what to do about it.
    """

    answer: Literal["go", "already done", "not launched"]
    reason: str = ""
    hint: str = ""


def stages(
    service: ContainerService, project: str, steps: tuple[str, ...], settings: StepSettings
) -> tuple[LiveStep, ...]:
    """The steps of a run, as this server will run them.

    Raises:
        UsageError: a step is not installed or not enabled, or a parameter breaks its rule.
        ServerError: the server does not answer.
    """
    return tuple(_stage(service, project, step_named(name), settings.get(name, {})) for name in steps)


def _stage(service: ContainerService, project: str, step: Step, given: Mapping[str, Value]) -> LiveStep:
    name = command_for(step).name
    params = step.check(given)
    commands = [live for live in service.commands(name) if live.wrappers]
    if not commands:
        raise UsageError(
            f"step {step.name}: must be installed on this server; it is not.",
            hint=f"Install it: sarcoma xnat install --step {step.name} --project {project}",
        )
    for live in reversed(commands):
        for wrapper in live.wrappers:
            if service.enabled(wrapper.id, project):
                return _live_stage(step, live, wrapper, params)
    raise UsageError(
        f"step {step.name}: must be enabled for the site and for project {project}; it is not.",
        hint=f"Enable it: sarcoma xnat enable {step.name} --project {project}",
    )


def _live_stage(step: Step, live: LiveCommand, wrapper: LiveWrapper, params: Mapping[str, Value]) -> LiveStep:
    command = Command.from_json(live.tree)
    declared = next(each for each in command.xnat if each.name == wrapper.name)
    if not declared.external_inputs:
        raise CommandError(f"step {step.name}: the server's command must have an input; it has none.")
    return LiveStep(step, command, wrapper.name, wrapper.id, declared.external_inputs[0].name, params)


def preflight(connection: Connection, session_id: str, stage: LiveStep, *, force: bool) -> PreflightResult:
    """Say whether a step can be launched on a session, and need be.

    Args:
        connection: to the server.
        session_id: accession id.
        stage: what would be launched.
        force: launch it although its output is there.

    Raises:
        ServerError: the server does not answer.
    """
    holdings = RemoteHoldings(connection, session_id)
    try:
        resolve(stage.command, stage.wrapper, holdings.object, stage.values)
    except CommandError as error:
        return PreflightResult("not launched", error.message, error.hint)
    except ServerError as error:
        if may_pass(error):
            raise
        return PreflightResult("not launched", error.message, error.hint)
    if missing := lacking(holdings, stage.step):
        return PreflightResult("not launched", missing.reason, missing.hint)
    if not force and already_done(holdings, stage.work):
        return PreflightResult("already done")
    return PreflightResult("go")
