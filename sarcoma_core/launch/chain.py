"""Run a step or a chain over the objects of an archive: resumable, and no failure stops another one.

A step is skipped when its manifest says that this very work was done: same step, revision, parameters and
inputs. So running again goes on where it stopped, retries what failed, and redoes what lies after a change.
"""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, Protocol, Self

from sarcoma_core.archive.holdings import ResourceFolders
from sarcoma_core.archive.store import Archive, Session
from sarcoma_core.archive.swapping import take_back
from sarcoma_core.chains import steps_of
from sarcoma_core.errors import ArchiveError, SarcomaError
from sarcoma_core.interface import Step
from sarcoma_core.launch.assets import AssetAbsentError, AssetNames, asset_options, choose_assets
from sarcoma_core.launch.clinical.leftovers import sweep_pushes
from sarcoma_core.launch.install.gpu import Gpu
from sarcoma_core.launch.one import PlannedWork, StepFailedError, launch
from sarcoma_core.launch.step_settings import StepSettings, set_options
from sarcoma_core.launch.targets import ArchiveTarget, project_target
from sarcoma_core.launch.work import Lack, already_done, told_passed_by, unwritten
from sarcoma_core.provenance import Outcome, Outcomes, read_record
from sarcoma_core.runners.build_folder import BUILD_PREFIX, build_folder
from sarcoma_core.runners.owned_folders import sweep
from sarcoma_core.runners.running import Runner
from sarcoma_core.steps import step_named
from sarcoma_core.steps.running import explain_os_error

_REASONS_TOLD = 3
"""Of the series of a session of which none could be used."""


@dataclass(frozen=True)
class StepRun:
    """What became of one step on one session.

    Args:
        step: name of the step.
        outcome: `done` now, `already done` earlier, `failed`, or `not applicable`: a chain has passed it by,
            and what an earlier run of it wrote is of no run of this one.
        reason: why it failed, or was passed by.
        series: what it said of each series.
        hint: what to do about it.
    """

    step: str
    outcome: Literal["done", "already done", "failed", "not applicable"]
    reason: str = ""
    series: Outcomes = ()
    hint: str = ""


@dataclass(frozen=True)
class SessionResult:
    """What became of one session, or of one scan of it.

    Args:
        session: the session.
        runs: its steps in order, the failed one last.
        retry: the command that retries it.
        scan: id of the one scan; empty for the whole session.
    """

    session: Session
    runs: tuple[StepRun, ...]
    retry: str
    scan: str = ""

    @property
    def label(self) -> str:
        """What it is called: the session's label, of a scan `<session label>/<scan id>`."""
        return f"{self.session.label}/{self.scan}" if self.scan else self.session.label

    @property
    def outcome(self) -> Literal["complete", "nothing to do", "failed"]:
        """`nothing to do` when every series was set apart, as in a session of radiographs: no fault."""
        last = self.runs[-1]
        if last.outcome != "failed":
            return "complete"
        apart = bool(last.series) and all(series.status == "set apart" for series in last.series)
        return "nothing to do" if apart else "failed"

    @property
    def failed(self) -> bool:
        """Whether a step failed on something that can be mended."""
        return self.outcome == "failed"

    @property
    def reason(self) -> str:
        """Why it is not complete; of a complete one, what was passed by, and what later steps refused."""
        last = self.runs[-1]
        if self.outcome == "complete":
            refused = _refusals(self._later or tuple(filter(_all_refused, self.runs)))
            return "; ".join([*(told_passed_by(run.step, run.reason) for run in self.passed_by), *refused])
        return _no_series(last) if last.series else f"{last.step}: {last.reason}"

    @property
    def passed_by(self) -> tuple[StepRun, ...]:
        """The steps that the chain has passed by."""
        return tuple(run for run in self.runs if run.outcome == "not applicable")

    @property
    def _later(self) -> tuple[StepRun, ...]:
        """The runs after the one that met the DICOM, whose refusals are the page's."""
        return self.runs[1:] if not step_named(self.runs[0].step).reads else self.runs

    @property
    def hint(self) -> str:
        """What to do about a failure, before it is retried."""
        return self.runs[-1].hint

    @property
    def series(self) -> tuple[Outcome, ...]:
        """What the first step said of each series: later ones see only those that it passed on."""
        return self.runs[0].series if self.runs else ()

    def names(self, scan: str) -> tuple[str, ...]:
        """The series of a scan, as `Outcome.series` names them: the scan itself where no step saw it."""
        seen = dict.fromkeys(o.series for run in self.runs for o in run.series if o.scan == scan)
        return tuple(seen) or (scan,)

    def outcome_of(self, step: str, series: str) -> Outcome | None:
        """What a step said of one series; None when it did not see it."""
        seen = (o for run in self.runs if run.step == step for o in run.series)
        return next((o for o in seen if o.series == series), None)


def _refusals(runs: Sequence[StepRun]) -> list[str]:
    """What steps refused, each series with the reason; a reason that another step repeats is told once.

    So is what is set apart of the session itself: a model that abstains.
    """
    told: dict[str, str] = {}
    for run in runs:
        for outcome in run.series:
            apart = outcome.status == "set apart" and not outcome.scan
            if not apart and outcome.status != "refused":
                continue
            if any(outcome.reason.endswith(reason) for reason in told):
                continue
            what = f" scan {outcome.series}:" if outcome.series else ""
            verb = ":" if apart else " refused"
            told[outcome.reason] = f"{run.step}{verb}{what} {outcome.reason}"
    return list(told.values())[:_REASONS_TOLD]


def _all_refused(run: StepRun) -> bool:
    return bool(run.series) and all(outcome.status == "refused" for outcome in run.series)


def _no_series(run: StepRun) -> str:
    """That a step could use no series, with the reasons of the series."""
    reasons = [*dict.fromkeys(outcome.reason for outcome in run.series if outcome.reason)]
    more = f"; {len(reasons) - _REASONS_TOLD} more" if len(reasons) > _REASONS_TOLD else ""
    return f"{run.step}: no series could be used: {'; '.join(reasons[:_REASONS_TOLD])}{more}"


class ChainObserver(Protocol):
    """Follows a run, e.g. to draw a progress bar."""

    def __enter__(self) -> Self:
        """Start."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End, well or not."""

    def step(self, session: Session, step: Step) -> None:
        """A step is about to run."""

    def finished(self, result: SessionResult) -> None:
        """A session is finished."""


def chosen_sessions(archive: Archive, project: str, labels: Sequence[str]) -> tuple[Session, ...]:
    """The sessions to run on: those named, or all of the project.

    Raises:
        ArchiveError: no such project or session, or the project has none.
    """
    if labels:
        return tuple(archive.session(project, label) for label in labels)
    sessions = archive.sessions(project)
    if not sessions:
        raise ArchiveError(
            f"--project: must have sessions; {project!r} has none.",
            hint="Import some: sarcoma archive import FOLDER --archive DIR --project NAME.",
        )
    return sessions


@dataclass(frozen=True)
class RunPlan:
    """What is asked for, the same for every object.

    Args:
        what: name of a step or a chain.
        project: id of the project.
        settings: parameters that differ from the defaults.
        assets: labels of the project's resources that a user named, by name of the asset.
        gpu: whether steps that can use one are given a GPU.
        force: do again what is already done.
    """

    what: str
    project: str
    settings: StepSettings = field(default_factory=dict)
    assets: AssetNames = field(default_factory=dict)
    gpu: Gpu = "none"
    force: bool = False

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps, in order."""
        return tuple(step_named(name) for name in steps_of(self.what))

    def works(self, archive: Archive) -> tuple[PlannedWork, ...]:
        """The steps with every parameter and asset; of a chain, those whose asset is lacking are passed by.

        Raises:
            UsageError: a parameter breaks its rule, or which resource an asset is cannot be told.
        """
        own = ResourceFolders(archive.resources_path(self.project))
        return tuple(self._work(step, own, archive) for step in self.steps)

    def _work(self, step: Step, own: ResourceFolders, archive: Archive) -> PlannedWork:
        params = step.check(self.settings.get(step.name, {}))
        gpu = self.gpu if step.gpu else "none"
        try:
            assets = choose_assets(step, self.project, own, self.assets, archive=archive.root)
        except AssetAbsentError as error:
            if len(self.steps) == 1:
                raise
            return PlannedWork(step, params, {}, gpu, absent=Lack(error.lack, error.hint))
        return PlannedWork(step, params, assets, gpu)


def run_chain(
    archive: Archive,
    plan: RunPlan,
    targets: Sequence[ArchiveTarget],
    *,
    runner: Runner,
    watch: ChainObserver,
) -> tuple[SessionResult, ...]:
    """Run the steps of a plan on sessions or scans, one after the other.

    Args:
        archive: where they are; results become resources there.
        plan: what to run.
        targets: what to run it on.
        runner: how a step is executed.
        watch: follows the run.

    Returns:
        A result for each of them, in order. A failure is a result, not an exception.

    Raises:
        UsageError: a parameter breaks its rule, or which resource an asset is cannot be told.
    """
    works = plan.works(archive)
    retry = Retry(archive, plan, runner)
    sweep(archive.root, BUILD_PREFIX)
    results = []
    with watch:
        for target in targets:
            session = target.session
            assert session is not None  # noqa: S101  a project has a run of its own
            runs: list[StepRun] = []
            left: list[Step] = []
            for work in works:
                watch.step(session, work.step)
                runs.append(run_one(archive, target, work, runner=runner, force=plan.force, passed_by=left))
                if runs[-1].outcome == "failed":
                    break
                left += [work.step] if runs[-1].outcome == "not applicable" else []
            results.append(SessionResult(session, tuple(runs), retry.command(target), target.scan))
            watch.finished(results[-1])
    return tuple(results)


def run_on_project(archive: Archive, plan: RunPlan, *, runner: Runner) -> StepRun:
    """Run the one step of a plan on the project itself.

    Raises:
        ArchiveError: there is no such project.
        UsageError: a parameter breaks its rule, or which resource an asset is cannot be told.
    """
    target = project_target(archive, plan.project)
    [work] = plan.works(archive)
    sweep(archive.root, BUILD_PREFIX)
    sweep_pushes(target.resources)
    return run_one(archive, target, work, runner=runner, force=plan.force)


def run_one(
    archive: Archive,
    target: ArchiveTarget,
    work: PlannedWork,
    *,
    runner: Runner,
    force: bool,
    passed_by: Sequence[Step] = (),
) -> StepRun:
    """Run one step on one object, unless that very work is done; a failure is a result.

    Args:
        archive: where the object is.
        target: the object.
        work: what to run.
        runner: how it is executed.
        force: do again what is already done.
        passed_by: steps of its chain that were passed by on this object.
    """
    name = work.step.name
    try:
        take_back(target.resources)
        if lack := work.absent or unwritten(target.place, work.step, passed_by):
            return StepRun(name, "not applicable", lack.reason, hint=lack.hint)
        done = () if force else already_done(target.place, work.work)
        if done:
            return StepRun(name, "already done", series=done[0].outcomes)
        with build_folder(archive.root) as build:
            launch(archive, target, work, runner=runner, build=build)
            record = read_record(target.resources / work.step.labels[0])
    except SarcomaError as error:
        said = error.outcomes if isinstance(error, StepFailedError) else ()
        return StepRun(name, "failed", error.message, said, error.hint)
    except OSError as error:  # a folder of this object: the others may be well
        told = explain_os_error(error, {"session": target.resources.parent})
        return StepRun(name, "failed", told.message, hint=told.hint)
    return StepRun(name, "done", series=record.outcomes if record else ())


@dataclass(frozen=True)
class Retry:
    """What was asked for, to be asked again for one object."""

    archive: Archive
    plan: RunPlan
    runner: Runner

    def command(self, target: ArchiveTarget) -> str:
        """The command that retries it, with the same runner, parameters and assets."""
        words = ["sarcoma", "run", self.plan.what, "--archive", str(self.archive.root)]
        words += ["--project", self.plan.project]
        words += ["--session", target.session.label] if target.session else []
        words += ["--scan", target.scan] if target.level == "scan" else []
        words += [] if self.runner.name == "local" else ["--runner", self.runner.name]
        words += [] if self.plan.gpu == "none" else ["--gpu"]
        return shlex.join([*words, *set_options(self.plan.settings), *asset_options(self.plan.assets)])
