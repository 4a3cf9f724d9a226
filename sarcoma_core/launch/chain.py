"""Run a chain of steps over the sessions of an archive: resumable, and no failure stops another session.

A step is skipped when its manifest says that this very work was done: same step, version, parameters, inputs.
So running again goes on where it stopped, retries what failed, and redoes what lies after a change.
"""

import shlex
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Protocol, Self

from sarcoma_core import __version__
from sarcoma_core.archive.folder import fingerprint
from sarcoma_core.archive.store import Archive, Session
from sarcoma_core.chains import CHAINS
from sarcoma_core.errors import ArchiveError, SarcomaError, UsageError
from sarcoma_core.interface import Step, Value
from sarcoma_core.launch.one import StepFailedError, launch
from sarcoma_core.provenance import Outcome, Outcomes, RunRecord, read_record
from sarcoma_core.runners.running import Runner
from sarcoma_core.steps import step_named

Settings = Mapping[str, Mapping[str, Value]]
"""Parameters by step name; a step that is not in it runs with its defaults."""


@dataclass(frozen=True)
class StepRun:
    """What became of one step on one session.

    Args:
        step: name of the step.
        outcome: `done` now, `already done` earlier, or `failed`.
        reason: why it failed.
        series: what it said of each series.
    """

    step: str
    outcome: Literal["done", "already done", "failed"]
    reason: str = ""
    series: Outcomes = ()


@dataclass(frozen=True)
class SessionResult:
    """What became of one session: its steps in order, the failed one last, and the retry command."""

    session: Session
    runs: tuple[StepRun, ...]
    retry: str

    @property
    def failed(self) -> bool:
        """Whether a step failed."""
        return any(run.outcome == "failed" for run in self.runs)

    @property
    def reason(self) -> str:
        """Why it failed, or nothing; where no series could be used, each series has its own reason."""
        last = self.runs[-1]
        if not self.failed:
            return ""
        return f"{last.step}: {'no series could be used' if last.series else last.reason}"

    @property
    def series(self) -> tuple[Outcome, ...]:
        """What the first step said of each series: later ones see only those that it passed on."""
        return self.runs[0].series if self.runs else ()

    def outcome(self, step: str, scan: str) -> Outcome | None:
        """What a step said of one series; None when it did not see it."""
        seen = (o for run in self.runs if run.step == step for o in run.series)
        return next((o for o in seen if o.scan == scan), None)


class Watch(Protocol):
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


def parse_settings(chain: str, texts: Iterable[str]) -> Settings:
    """Read `STEP.PARAM=VALUE` texts, and check them against the steps of the chain.

    Raises:
        UsageError: the form, the step, the parameter or the value is wrong.
    """
    settings: dict[str, dict[str, Value]] = {}
    for text in texts:
        place, equals, value = text.partition("=")
        name, dot, key = place.partition(".")
        if not (equals and dot) or name not in CHAINS[chain]:
            steps = ", ".join(CHAINS[chain])
            raise UsageError(f"--set: must be STEP.PARAM=VALUE with a step of {steps}; found {text!r}.")
        step = step_named(name)
        param = next((p for p in step.params if p.name == key.replace("-", "_")), None)
        if param is None:
            known = ", ".join(sorted(step.defaults)) or "none"
            raise UsageError(f"--set: {name} has no parameter {key!r}; it has: {known}.")
        settings.setdefault(name, {})[param.name] = param.parse(value)
    return settings


def run_chain(
    archive: Archive,
    chain: str,
    sessions: Sequence[Session],
    *,
    runner: Runner,
    watch: Watch,
    settings: Settings | None = None,
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
            results.append(SessionResult(session, tuple(runs), _retry(archive, chain, session, runner)))
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
        done = None if force else _done_before(session, step, params)
        if done:
            return StepRun(step.name, "already done", series=done.outcomes)
        with tempfile.TemporaryDirectory(prefix=f".build-{step.name}-", dir=archive.root) as build:
            launch(archive, session, step, params, runner=runner, build=Path(build))
            done = read_record(session.resource(step.outputs[0].spec.resource))
    except StepFailedError as error:
        return StepRun(step.name, "failed", error.message, error.outcomes)
    except SarcomaError as error:
        return StepRun(step.name, "failed", error.message)
    return StepRun(step.name, "done", series=done.outcomes if done else ())


def _done_before(session: Session, step: Step, params: Mapping[str, Value]) -> RunRecord | None:
    inputs = fingerprint(session.path, step.input.spec.resource)
    records = [read_record(session.resource(output.spec.resource)) for output in step.outputs]
    same = all(r is not None and r.is_same_work(step.name, __version__, params, inputs) for r in records)
    return records[0] if same else None


def _retry(archive: Archive, chain: str, session: Session, runner: Runner) -> str:
    words = ["sarcoma", "run", chain, "--archive", str(archive.root), "--project", session.project]
    words += ["--session", session.label]
    return shlex.join(words + ([] if runner.name == "local" else ["--runner", runner.name]))
