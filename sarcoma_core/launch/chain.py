"""Run a chain of steps over the sessions of an archive: resumable, and no failure stops another session.

A step is skipped when its manifest says that this very work was done: same step, revision, parameters and
inputs. So running again goes on where it stopped, retries what failed, and redoes what lies after a change.
"""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Protocol, Self

from sarcoma_core.archive.holdings import FolderHoldings
from sarcoma_core.archive.store import Archive, Session
from sarcoma_core.chains import CHAINS
from sarcoma_core.errors import ArchiveError, SarcomaError
from sarcoma_core.interface import Step, Value
from sarcoma_core.launch.one import StepFailedError, launch
from sarcoma_core.launch.step_settings import StepSettings, set_options
from sarcoma_core.launch.work import Work, already_done
from sarcoma_core.provenance import Outcome, Outcomes, read_record
from sarcoma_core.runners.build_folder import build_folder, sweep
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
        outcome: `done` now, `already done` earlier, or `failed`.
        reason: why it failed.
        series: what it said of each series.
        hint: what to do about the failure.
    """

    step: str
    outcome: Literal["done", "already done", "failed"]
    reason: str = ""
    series: Outcomes = ()
    hint: str = ""


@dataclass(frozen=True)
class SessionResult:
    """What became of one session: its steps in order, the failed one last, and the retry command."""

    session: Session
    runs: tuple[StepRun, ...]
    retry: str

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
        """Why it is not complete; where no series could be used, the reasons of the series."""
        last = self.runs[-1]
        if self.outcome == "complete":
            return ""
        if not last.series:
            return f"{last.step}: {last.reason}"
        reasons = [*dict.fromkeys(outcome.reason for outcome in last.series if outcome.reason)]
        more = f"; {len(reasons) - _REASONS_TOLD} more" if len(reasons) > _REASONS_TOLD else ""
        return f"{last.step}: no series could be used: {'; '.join(reasons[:_REASONS_TOLD])}{more}"

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


def plan(archive: Archive, project: str, labels: Sequence[str]) -> tuple[Session, ...]:
    """The sessions to run: those named, or all of the project.

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


def run_chain(
    archive: Archive,
    chain: str,
    sessions: Sequence[Session],
    *,
    runner: Runner,
    watch: ChainObserver,
    settings: StepSettings | None = None,
    force: bool = False,
) -> tuple[SessionResult, ...]:
    """Run a chain on sessions, one after the other.

    Args:
        archive: where the sessions are; results become resources there.
        chain: name of the chain.
        sessions: what to run it on.
        runner: how a step is executed.
        watch: follows the run.
        settings: parameters that differ from the defaults.
        force: do again what is already done.

    Returns:
        A result for each session, in order. A failure is a result, not an exception.
    """
    steps = tuple(step_named(name) for name in CHAINS[chain])
    retry = Retry(archive, chain, runner, settings or {})
    sweep(archive.root)
    results = []
    with watch:
        for session in sessions:
            runs: list[StepRun] = []
            for step in steps:
                watch.step(session, step)
                params = step.check((settings or {}).get(step.name, {}))
                runs.append(_run_one(archive, session, step, params, runner=runner, force=force))
                if runs[-1].outcome == "failed":
                    break
            results.append(SessionResult(session, tuple(runs), retry.command(session)))
            watch.finished(results[-1])
    return tuple(results)


def _run_one(
    archive: Archive,
    session: Session,
    step: Step,
    params: Mapping[str, Value],
    *,
    runner: Runner,
    force: bool,
) -> StepRun:
    try:
        done = () if force else already_done(FolderHoldings(session.path), Work(step, params))
        if done:
            return StepRun(step.name, "already done", series=done[0].outcomes)
        with build_folder(archive.root) as build:
            launch(archive, session, step, params, runner=runner, build=build)
            record = read_record(session.resource(step.labels[0]))
    except SarcomaError as error:
        said = error.outcomes if isinstance(error, StepFailedError) else ()
        return StepRun(step.name, "failed", error.message, said, error.hint)
    except OSError as error:  # a folder of this session: the others may be well
        told = explain_os_error(error, session.path)
        return StepRun(step.name, "failed", told.message, hint=told.hint)
    return StepRun(step.name, "done", series=record.outcomes if record else ())


@dataclass(frozen=True)
class Retry:
    """What was asked for, to be asked again for one session."""

    archive: Archive
    chain: str
    runner: Runner
    settings: StepSettings

    def command(self, session: Session) -> str:
        """The command that retries a session, with the same runner and parameters."""
        words = ["sarcoma", "run", self.chain, "--archive", str(self.archive.root)]
        words += ["--project", session.project, "--session", session.label]
        words += [] if self.runner.name == "local" else ["--runner", self.runner.name]
        return shlex.join([*words, *set_options(self.settings)])
