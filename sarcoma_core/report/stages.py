"""What became of each series at each step, and what follows: read off the manifests, no voxel is touched."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from sarcoma_core.archive.folder import SessionFolder, natural, not_written
from sarcoma_core.archive.holdings import FolderHoldings, fingerprint
from sarcoma_core.archive.masks import COLLECTIONS_LABEL, MASKS_LABEL, SEG_LABEL
from sarcoma_core.archive.predicted import PREDICTION_LABEL
from sarcoma_core.archive.roles import ROLES_LABEL
from sarcoma_core.errors import ArchiveError
from sarcoma_core.provenance import Outcome, RunRecord

Z_LABEL = "NORMALISED"
SUV_LABEL = "SUV"
"""Resources whose voxels have a unit of their own: standard deviations, and standardised uptake values."""

REGISTERED_LABEL = "REGISTERED"
"""The one resource whose volumes lie on the grid of another series."""

ADDED: Mapping[str, str] = {ROLES_LABEL: "series-roles", SUV_LABEL: "suv", REGISTERED_LABEL: "register"}
"""Resources that volumes are good without, and the steps that write them: 0.5 had none of them."""

OF_MASKS = (MASKS_LABEL, SEG_LABEL, COLLECTIONS_LABEL)
"""What was drawn on the series, and what was made of it for the viewer: a series goes on without."""

BESIDE = (*OF_MASKS, PREDICTION_LABEL)
"""What settles nothing of a series: what was drawn on it, and what was foretold of the patient."""

REMADE = (SEG_LABEL, PREDICTION_LABEL)
"""What a model has made and can make again: a damaged one stops no page, and its section says so."""

UNASKED = (*ADDED, *BESIDE)
"""Resources of which nothing is said where no step has written them; most sessions have no masks."""


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

    @property
    def holds_volumes(self) -> bool:
        """Whether it is images; SERIES_ROLES says which is which, others what was drawn or foretold."""
        return self.label not in (ROLES_LABEL, *BESIDE)

    @property
    def settles_series(self) -> bool:
        """Whether it counts for what becomes of a series."""
        return self.label not in BESIDE


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

SPARE = "ready, but not chosen"
"""How it counts those that are ready and stand for no role."""


@dataclass(frozen=True)
class Readiness:
    """What a series is good for.

    Args:
        fate: in one word.
        advice: what to do next.
        spare: whether it stands for no role, so that no model takes it.
    """

    fate: SeriesFate
    advice: str
    spare: bool = False

    @property
    def words(self) -> str:
        """The fate in words."""
        return SPARE if self.spare and self.fate == "ready" else FATES[self.fate]


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

    Of those that a session is good without (`UNASKED`), only what was written: see `not_run`.

    Raises:
        ArchiveError: the session was never converted, or a manifest is damaged.
    """
    runs = tuple(_read_run(session, label) for label in reversed(session.reads))
    if runs[0].record is None:
        raise not_written(session.path, (runs[0].stage.label,))
    return tuple(run for run in runs if run.record or run.stage.label not in UNASKED)


def not_run(reads: Iterable[str], runs: Iterable[StageRun]) -> tuple[str, ...]:
    """The steps that a session is good without and that have not run on it, in the order of the chain.

    Args:
        reads: labels that the report reads.
        runs: what `read_runs` found.
    """
    written = {run.stage.label for run in runs}
    labels = set(reads) - written
    return tuple(step for label, step in ADDED.items() if label in labels)


def _read_run(session: SessionFolder, label: str) -> StageRun:
    record = _record(session, label)
    if record is None:
        return StageRun(Stage(label, "", label, label), None)
    stage = Stage(label, record.step, record.title, record.caption or record.title)
    there = fingerprint(FolderHoldings(session.path), record.reads) if record.reads else record.inputs
    return StageRun(stage, record, dict(record.inputs) == dict(there))


def _record(session: SessionFolder, label: str) -> RunRecord | None:
    """Its manifest; a damaged one of what a model made stops nothing, and the page says so."""
    try:
        return session.record(label)
    except ArchiveError:
        if label not in REMADE:
            raise
        return None


def series_names(runs: Iterable[StageRun]) -> tuple[str, ...]:
    """Every series that any manifest tells of, in natural order; an outcome of the whole session is none."""
    records = [run.record for run in runs if run.record and run.stage.settles_series]
    names = {outcome.series for record in records for outcome in record.outcomes if outcome.scan}
    return tuple(sorted(names, key=natural))


def states(runs: Iterable[StageRun], series: str) -> tuple[State, ...]:
    """What became of one series, stage by stage."""
    told: list[State] = []
    for run in (run for run in runs if run.stage.settles_series):
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
        reason = "an earlier step was run again since; this is from before"
        return State(run.stage, "out of date", reason, outcome)
    if outcome.status == "not applicable" and not run.current and ROLES_LABEL in run.record.reads:
        reason = "an earlier step was run again since; the series may have another role now"
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
            return Readiness("refused", _after_refusal(state, told))
        if state.condition in ("not run", "out of date"):
            order = "" if state.stage.step else ": the chain prepare does them in order"
            return Readiness("unfinished", f"Run {state.stage.maker} and the steps after it{order}.")
    return Readiness("ready", f"Read it from the resource {_last_done(told)}{_frame(told)}.", _spare(told))


def _spare(told: tuple[State, ...]) -> bool:
    """Whether its role was told, and it was not chosen for it."""
    roles = (s.outcome for s in told if s.stage.label == ROLES_LABEL and s.condition == "done" and s.outcome)
    return any(outcome.facts.get("chosen") is False for outcome in roles)


def _last_done(told: tuple[State, ...]) -> str:
    """The last resource that holds the series as a volume."""
    made = (s.stage.label for s in reversed(told) if s.condition == "done" and s.stage.holds_volumes)
    return next(made, told[0].stage.label)


def _after_refusal(refused: State, told: tuple[State, ...]) -> str:
    """What to do about a refusal; a volume that was not registered is good on its own grid."""
    if refused.stage.label != REGISTERED_LABEL:
        return f"Mend the cause, then run {refused.stage.maker} again."
    return f"It does not lie on the reference; on its own grid, read it from {_last_done(told)}."


def _frame(told: tuple[State, ...]) -> str:
    """On which grid a volume lies, where the session was registered."""
    last = told[-1]
    if last.stage.label != REGISTERED_LABEL:
        return ""
    return ", on the grid of the reference" if last.condition == "done" else ", on its own grid"
