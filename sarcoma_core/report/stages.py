"""What became of each series at each step, and what follows: read off the manifests, no voxel is touched."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from sarcoma_core.archive.folder import SessionFolder, natural, not_written
from sarcoma_core.archive.holdings import FolderHoldings, fingerprint
from sarcoma_core.provenance import Outcome, RunRecord


@dataclass(frozen=True)
class Stage:
    """One resource of the session as the page tells it, in the words of its manifest.

    Args:
        label: the resource.
        step: name of the step that wrote it; empty when none has.
        title: the heading of its column.
        caption: what its volumes are, in the captions of pictures.
    """

    label: str
    step: str
    title: str
    caption: str

    @property
    def maker(self) -> str:
        """What has to run to have it."""
        return self.step or f"the step that writes {self.label}"


Condition = Literal["done", "not applicable", "set apart", "refused", "not reached", "not run", "out of date"]

MARKS: Mapping[Condition, str] = {
    "done": "✓",
    "not applicable": "\u2013",
    "set apart": "○",
    "refused": "✕",
    "not reached": "·",
    "not run": "?",
    "out of date": "!",
}
"""A sign beside each word, so that nothing is told by colour alone."""


@dataclass(frozen=True)
class State:
    """What became of one series at one stage.

    Args:
        stage: which.
        condition: the manifest's own status, or why it has none.
        reason: in words; empty when it is done.
        outcome: the manifest's entry, if it has one.
    """

    stage: Stage
    condition: Condition
    reason: str = ""
    outcome: Outcome | None = None

    @property
    def mark(self) -> str:
        """The sign beside the word."""
        return MARKS[self.condition]


SeriesFate = Literal["ready", "unfinished", "set apart", "refused"]

FATES: Mapping[SeriesFate, str] = {
    "ready": "ready for the models",
    "unfinished": "not finished",
    "set apart": "set apart",
    "refused": "refused",
}
"""How the head of the page counts them, in its order."""


@dataclass(frozen=True)
class Readiness:
    """What a series is good for.

    Args:
        fate: in one word.
        advice: what to do next.
    """

    fate: SeriesFate
    advice: str

    @property
    def words(self) -> str:
        """The fate in words."""
        return FATES[self.fate]


@dataclass(frozen=True)
class StageRun:
    """A stage and what its manifest says.

    Args:
        stage: which.
        record: its manifest; None when the step has not run.
        current: whether what it read is still what is there.
    """

    stage: Stage
    record: RunRecord | None
    current: bool = True


def read_runs(session: SessionFolder) -> tuple[StageRun, ...]:
    """The manifests of all resources that the report reads, the earliest of the chain first.

    Raises:
        ArchiveError: the session was never converted, or a manifest is damaged.
    """
    runs = tuple(_read_run(session, label) for label in reversed(session.reads))
    if runs[0].record is None:
        raise not_written(session.path, (runs[0].stage.label,))
    return runs


def _read_run(session: SessionFolder, label: str) -> StageRun:
    record = session.record(label)
    if record is None:
        return StageRun(Stage(label, "", label, label), None)
    stage = Stage(label, record.step, record.title, record.caption or record.title)
    there = fingerprint(FolderHoldings(session.path), record.reads) if record.reads else record.inputs
    return StageRun(stage, record, dict(record.inputs) == dict(there))


def series_names(runs: Iterable[StageRun]) -> tuple[str, ...]:
    """Every series that any manifest tells of, in natural order; an outcome of the whole session is none."""
    names = {o.series for run in runs if run.record for o in run.record.outcomes if o.scan}
    return tuple(sorted(names, key=natural))


def states(runs: Iterable[StageRun], series: str) -> tuple[State, ...]:
    """What became of one series, stage by stage."""
    told: list[State] = []
    for run in runs:
        goes_on = all(state.condition not in ("set apart", "refused", "not reached") for state in told)
        told.append(_state(run, series, goes_on=goes_on))
    return tuple(told)


def _state(run: StageRun, series: str, *, goes_on: bool) -> State:
    if run.record is None:
        return State(run.stage, *_absent("the step has not run", goes_on=goes_on))
    outcome = run.record.outcome(series)
    if outcome is None:
        return State(run.stage, *_absent("the step ran before this series was there", goes_on=goes_on))
    if outcome.status == "done" and not run.current:
        reason = "an earlier step was run again since; these voxels are from before"
        return State(run.stage, "out of date", reason, outcome)
    return State(run.stage, outcome.status, outcome.reason, outcome)


def _absent(reason: str, *, goes_on: bool) -> tuple[Condition, str]:
    return ("not run", reason) if goes_on else ("not reached", "")


def verdict(told: tuple[State, ...]) -> Readiness:
    """What a series is good for, and what to do next."""
    converted = told[0]
    if converted.condition == "done" and converted.outcome and (kind := converted.outcome.map):
        what = f"{kind[:1].upper()}{kind[1:]}, not anatomy"
        return Readiness("set apart", f"{what}: read it from the resource {converted.stage.label}, as it is.")
    for state in told:
        if state.condition == "set apart":
            return Readiness("set apart", "Kept as it is; the models do not read it.")
        if state.condition == "refused":
            return Readiness("refused", f"Mend the cause, then run {state.stage.maker} again.")
        if state.condition in ("not run", "out of date"):
            order = "" if state.stage.step else ": the chain prepare does them in order"
            return Readiness("unfinished", f"Run {state.stage.maker} and the steps after it{order}.")
    last = next((s.stage.label for s in reversed(told) if s.condition == "done"), converted.stage.label)
    return Readiness("ready", f"Read it from the resource {last}.")
