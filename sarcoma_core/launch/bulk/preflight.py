"""Pre-flight: is a step enabled, does it resolve on this session, was it done before? All before a launch.

What is checked is what will run: the command as the server holds it, and every parameter spelled out.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal, NamedTuple

from sarcoma_core.errors import CommandError, UsageError
from sarcoma_core.interface import Level, Step, Value
from sarcoma_core.launch.assets import (
    AssetAbsentError,
    AssetNames,
    ChosenAssets,
    asset_hashes,
    choose_assets,
    launch_values,
)
from sarcoma_core.launch.bulk.following import may_pass
from sarcoma_core.launch.step_settings import StepSettings
from sarcoma_core.launch.work import Lack, Work, WorkPlace, already_done, lacking, unwritten
from sarcoma_core.steps import step_named
from sarcoma_core.steps.naming import labels_hash
from sarcoma_core.xnat.command.choosing import choice_values, correcting_name
from sarcoma_core.xnat.command.declaring import LEVELS, command_for, wrapper_name
from sarcoma_core.xnat.command.model import Command
from sarcoma_core.xnat.resolution.objects import XnatObject
from sarcoma_core.xnat.resolution.resolving import resolve
from sarcoma_core.xnat.rest.answering import ServerError
from sarcoma_core.xnat.rest.connection import Connection
from sarcoma_core.xnat.rest.holdings import RemoteHoldings, RemoteResources
from sarcoma_core.xnat.rest.remote import RemoteTarget, remote_project
from sarcoma_core.xnat.rest.service import ContainerService, LiveCommand
from sarcoma_core.xnat.rest.subject_fields import subject_label


@dataclass(frozen=True)
class LiveStep:
    """One step of a run, as this server will run it.

    Args:
        step: the step.
        command: the server's own command.
        wrapper: name of its wrapper, which is also the name of its workflows.
        wrapper_id: what is launched.
        root: name of the wrapper's root element.
        root_type: the service's word for what it takes, e.g. `Session`.
        params: every parameter.
        assets: the resource that each asset is.
        project: the project with its own resources, where an asset is one of them.
        choices: the scans that a person chose, by name of the choice; None for the automatic wrapper.
        absent: why a chain passes it by: the project lacks one of its assets; None where it is launched. One
            that is passed by need not be installed.
    """

    step: Step
    command: Command
    wrapper: str
    wrapper_id: int
    root: str
    root_type: str
    params: Mapping[str, Value]
    assets: ChosenAssets = field(default_factory=dict)
    project: XnatObject | None = None
    choices: Mapping[str, str] | None = None
    absent: Lack | None = None

    def takes(self, level: Level) -> bool:
        """Whether it is launched on an object of that level."""
        return self.root_type == LEVELS[level].input_type

    @property
    def values(self) -> Mapping[str, str]:
        """What a launch sends."""
        chosen = {} if self.choices is None else choice_values(self.step, self.choices)
        return {**launch_values(self.step, self.params, self.assets), **chosen}

    @property
    def version(self) -> str:
        """The version that will run."""
        return self.command.version or ""

    @property
    def work(self) -> Work:
        """What makes a launch of it the same work as an earlier one."""
        return Work(self.step, self.params, asset_hashes(self.assets), self.version)


@dataclass(frozen=True)
class PreflightResult:
    """What pre-flight says of one step on one session.

    Args:
        answer: `go`, or why it is not launched; `not applicable`: the chain goes on without it.
        reason: in one sentence; empty for `go`.
        hint: what to do about it.
    """

    answer: Literal["go", "already done", "not applicable", "not launched"]
    reason: str = ""
    hint: str = ""


def stages(
    service: ContainerService,
    project: str,
    steps: tuple[str, ...],
    settings: StepSettings,
    *,
    level: Level = "session",
    assets: AssetNames = MappingProxyType({}),
    choices: Mapping[str, str] | None = None,
) -> tuple[LiveStep, ...]:
    """The steps of a run, as this server will run them; a chain passes those by whose asset is lacking.

    Args:
        service: the server.
        project: id of the project.
        steps: names of the steps.
        settings: parameters that differ from the defaults.
        level: which kind of object they are launched on.
        assets: the project's resources that were named, by name of the asset.
        choices: the scans that a person chose, for the wrapper that takes them; None for the automatic one.

    Raises:
        UsageError: a step is not installed or not enabled, a parameter breaks its rule, or which resource an
            asset is cannot be told.
        ServerError: the server does not answer.
    """
    named = tuple(map(step_named, steps))
    needed = any(step.assets for step in named)
    scene = remote_project(service.connection, project) if needed else None
    own = RemoteResources(service.connection, RemoteTarget("project", project))

    def planned(step: Step) -> LiveStep:
        given = settings.get(step.name, {})
        try:
            chosen = choose_assets(step, project, own, assets)
        except AssetAbsentError as error:
            if len(named) == 1:
                raise
            return _passed_by(step, level, given, Lack(error.lack, error.hint))
        stage = _stage(service, project, step, level, given=given, choices=choices)
        return replace(stage, project=scene, assets=chosen)

    return tuple(map(planned, named))


def _passed_by(step: Step, level: Level, given: Mapping[str, Value], lack: Lack) -> LiveStep:
    """A step that is not launched, as we declare it: a launch before it was lacking is still found."""
    params = step.check(given)
    return LiveStep(step, command_for(step), wrapper_name(step, level), 0, "", "", params, absent=lack)


def _stage(
    service: ContainerService,
    project: str,
    step: Step,
    level: Level,
    *,
    given: Mapping[str, Value],
    choices: Mapping[str, str] | None,
) -> LiveStep:
    name = command_for(step).name
    params = step.check(given)
    commands = [live for live in service.commands(name) if live.wrappers]
    if not commands:
        raise UsageError(
            f"step {step.name}: must be installed on this server; it is not.",
            hint=f"Install it: sarcoma xnat install --step {step.name} --project {project}",
        )
    fitting = [
        replace(stage, choices=choices)
        for live in reversed(commands)
        for stage in _live_stages(step, live, params)
        if stage.takes(level) and (stage.wrapper == correcting_name(step)) == (choices is not None)
    ]
    if not fitting:
        what = f"launched on a {level}" if choices is None else "able to take a person's choices"
        raise UsageError(
            f"step {step.name}: the version on this server must be one that is {what}; it is not.",
            hint=f"Install this version: sarcoma xnat install --step {step.name} --project {project}",
        )
    for stage in fitting:
        if service.enabled(stage.wrapper_id, project):
            return stage
    raise UsageError(
        f"step {step.name}: must be enabled for the site and for project {project}; it is not.",
        hint=f"Enable it: sarcoma xnat enable {step.name} --project {project}",
    )


def _live_stages(step: Step, live: LiveCommand, params: Mapping[str, Value]) -> Iterator[LiveStep]:
    """A step as each wrapper of a live command would run it."""
    command = Command.from_json(live.tree)
    for wrapper in live.wrappers:
        declared = next(each for each in command.xnat if each.name == wrapper.name)
        if not declared.external_inputs:
            raise CommandError(f"step {step.name}: the server's command must have an input; it has none.")
        root = declared.external_inputs[0]
        yield LiveStep(step, command, wrapper.name, wrapper.id, root.name, root.type, params)


def preflight(
    connection: Connection,
    target: RemoteTarget,
    stage: LiveStep,
    *,
    force: bool,
    passed_by: Iterable[Step] = (),
) -> PreflightResult:
    """Say whether a step can be launched on an object, and need be.

    Args:
        connection: to the server.
        target: the object.
        stage: what would be launched.
        force: launch it although its output is there.
        passed_by: steps of its chain that were passed by on this object.

    Raises:
        ServerError: the server does not answer.
    """
    if stage.absent:
        return PreflightResult("not applicable", stage.absent.reason, stage.absent.hint)
    try:
        on = _launch_object(connection, target, stage)
        resolve(stage.command, stage.wrapper, on.item, stage.values)
    except CommandError as error:
        return PreflightResult("not launched", error.message, error.hint)
    except ServerError as error:
        if may_pass(error):
            raise
        return PreflightResult("not launched", error.message, error.hint)
    return _looked_into(on.place, stage, force=force, passed_by=passed_by)


def _looked_into(
    place: WorkPlace, stage: LiveStep, *, force: bool, passed_by: Iterable[Step]
) -> PreflightResult:
    """What follows from what the object holds."""
    if lack := unwritten(place, stage.step, passed_by):
        return PreflightResult("not applicable", lack.reason, lack.hint)
    if missing := lacking(place, stage.step):
        return PreflightResult("not launched", missing.reason, missing.hint)
    if not force and already_done(place, stage.work):
        return PreflightResult("already done")
    return PreflightResult("go")


class _LaunchObject(NamedTuple):
    """An object as resolution sees it, and where a step reads and writes on it."""

    item: XnatObject
    place: WorkPlace


def _whose(connection: Connection, session: XnatObject) -> str:
    """Of a session that a step with labels is launched on; one request."""
    subject = next((one for one in session.above if one.type == "Subject"), None)
    label = subject_label(connection, str(subject.keys["id"])) if subject else ""
    return labels_hash(session.label or "", label)


def _launch_object(connection: Connection, target: RemoteTarget, stage: LiveStep) -> _LaunchObject:
    own = RemoteResources(connection, target)
    if target.level == "project":
        return _LaunchObject(stage.project or remote_project(connection, target.id), WorkPlace(own, None))
    holdings = RemoteHoldings(connection, target.holder)
    session = holdings.object
    if stage.project:
        others = (one for one in session.above if one.type != "Project")
        session = replace(session, above=(*others, stage.project))
    if target.level == "session":
        whose = _whose(connection, session) if stage.step.object_labels else ""
        return _LaunchObject(session, WorkPlace(holdings, holdings, whose=whose))
    scan = next((one for one in session.below["scans"] if one.keys["id"] == target.scan), None)
    if scan is None:
        raise CommandError("the session has no such scan any more", hint="Look at the session in XNAT.")
    item = replace(scan, above=(session, *session.above))
    return _LaunchObject(item, WorkPlace(own, holdings, target.scan))
