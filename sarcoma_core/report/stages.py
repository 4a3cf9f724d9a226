"""What became of each series at each step, and what follows: read off the manifests, no voxel is touched."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sarcoma_core.archive import folder
from sarcoma_core.provenance import Outcome, RunRecord


@dataclass(frozen=True)
class Stage:
    """One step of the chain as the page tells it.

    Args:
        label: the resource that it fills.
        step: its name.
        title: the heading of its column.
        picture: what its volumes are, in the captions of pictures.
        reads: the resources that it reads.
    """

    label: str
    step: str
    title: str
    picture: str
    reads: tuple[str, ...] = ()


STAGES = (
    Stage("NIFTI", "convert", "Conversion", "Converted"),
    Stage("N4", "bias-field", "Bias field", "Bias-corrected", reads=("NIFTI",)),
    Stage("NORMALISED", "normalise", "Normalisation", "Normalised", reads=("N4", "NIFTI")),
)

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


Fate = Literal["ready", "unfinished", "set apart", "refused"]

FATES: Mapping[Fate, str] = {
    "ready": "ready for the models",
    "unfinished": "not finished",
    "set apart": "set apart",
    "refused": "refused",
}
"""How the head of the page counts them, in its order."""


@dataclass(frozen=True)
class Verdict:
    """What a series is good for.

    Args:
        fate: in one word.
        advice: what to do next.
    """

    fate: Fate
    advice: str

    @property
    def words(self) -> str:
        """The fate in words."""
        return FATES[self.fate]


@dataclass(frozen=True)
class Run:
    """A stage and what its manifest says.

    Args:
        stage: which.
        record: its manifest; None when the step has not run.
        current: whether what it read is still what is there.
    """

    stage: Stage
    record: RunRecord | None
    current: bool = True


def read_runs(session: Path) -> tuple[Run, ...]:
    """The manifests of all stages.

    Raises:
        ArchiveError: the session was never converted, or a manifest is damaged.
    """
    runs = tuple(_read_run(session, stage) for stage in STAGES)
    if runs[0].record is None:
        raise folder.not_written(session, (STAGES[0].label,))
    return runs


def _read_run(session: Path, stage: Stage) -> Run:
    record = folder.record(session, stage.label)
    if record is None or not stage.reads:
        return Run(stage, record)
    return Run(stage, record, dict(record.inputs) == dict(folder.fingerprint(session, stage.reads)))


def scan_ids(runs: Iterable[Run]) -> tuple[str, ...]:
    """Every scan that any manifest names, in natural order; an outcome of the whole session names none."""
    ids = {o.scan for run in runs if run.record for o in run.record.outcomes if o.scan}
    return tuple(sorted(ids, key=lambda scan: (folder.natural(scan), scan)))


def states(runs: Iterable[Run], scan: str) -> tuple[State, ...]:
    """What became of one scan, stage by stage."""
    told: list[State] = []
    for run in runs:
        goes_on = all(state.condition not in ("set apart", "refused", "not reached") for state in told)
        told.append(_state(run, scan, goes_on=goes_on))
    return tuple(told)


def _state(run: Run, scan: str, *, goes_on: bool) -> State:
    if run.record is None:
        return State(run.stage, *_absent("the step has not run", goes_on=goes_on))
    outcome = run.record.outcome(scan)
    if outcome is None:
        return State(run.stage, *_absent("the step ran before this series was there", goes_on=goes_on))
    if outcome.status == "done" and not run.current:
        reason = "an earlier step was run again since; these voxels are from before"
        return State(run.stage, "out of date", reason, outcome)
    return State(run.stage, outcome.status, outcome.reason, outcome)


def _absent(reason: str, *, goes_on: bool) -> tuple[Condition, str]:
    return ("not run", reason) if goes_on else ("not reached", "")


def verdict(told: tuple[State, ...]) -> Verdict:
    """What a series is good for, and what to do next."""
    converted = told[0]
    if converted.condition == "done" and converted.outcome and (kind := converted.outcome.map):
        what = f"{kind[:1].upper()}{kind[1:]}, not anatomy"
        return Verdict("set apart", f"{what}: read it from the resource {converted.stage.label}, as it is.")
    for state in told:
        if state.condition == "set apart":
            return Verdict("set apart", "Kept as it is; the models do not read it.")
        if state.condition == "refused":
            return Verdict("refused", f"Mend the cause, then run {state.stage.step} again.")
        if state.condition in ("not run", "out of date"):
            return Verdict("unfinished", f"Run {state.stage.step} and the steps after it.")
    last = next((s.stage.label for s in reversed(told) if s.condition == "done"), STAGES[0].label)
    return Verdict("ready", f"Read it from the resource {last}.")
