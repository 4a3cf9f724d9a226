"""The chain `read` on a session that lies in no archive for long, one step after the other."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from time import monotonic
from types import TracebackType
from typing import Final, Protocol, Self

from sarcoma_core.archive.roles import ROLES_LABEL
from sarcoma_core.archive.store import Archive, Session
from sarcoma_core.chains import CHAINS
from sarcoma_core.interface import Value
from sarcoma_core.launch.alone.given import GivenImages
from sarcoma_core.launch.alone.laying import PROJECT
from sarcoma_core.launch.chain import RunPlan, StepRun, run_one
from sarcoma_core.launch.targets import session_target
from sarcoma_core.provenance import Outcome, RunRecord, read_record
from sarcoma_core.report.roles import roles_of
from sarcoma_core.runners.running import Runner
from sarcoma_core.text import counted, printable

DRAWS: Final = "segment"
"""The step that draws."""
_OF_PATIENTS: Final = frozenset({"predict"})
"""Steps that need what a folder of images has not: what is known of its patient."""
_OF_DICOM: Final = frozenset({"convert", "series-roles", "export-masks"})
"""Steps of the chain that NIfTI files have no use for: they are converted, told, and no DICOM to draw on."""
_WRITTEN_ONLY: Final[Mapping[str, Mapping[str, Value]]] = {"export-masks": {"send": False}}


class AloneObserver(Protocol):
    """Follows the steps."""

    def __enter__(self) -> Self:
        """Start."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End, well or not."""

    def begins(self, session: str, step: str) -> None:
        """A step begins."""

    def ended(self, session: str, step: str, outcome: str, seconds: float) -> None:
        """It has ended."""


@dataclass(frozen=True)
class AloneResult:
    """What became of one session.

    Args:
        session: in the archive that is thrown away.
        runs: its steps in order.
        seconds: that each took.
    """

    session: Session
    runs: tuple[StepRun, ...]
    seconds: Mapping[str, float]

    @property
    def drawn(self) -> Outcome | None:
        """What was drawn, as the chosen model tells it; None where nothing looked at the session."""
        told = (outcome for run in self.runs if run.step == DRAWS for outcome in run.series)
        return next((outcome for outcome in told if outcome.status == "done"), None)

    @property
    def fault(self) -> StepRun | None:
        """The step before the masks that failed; None where they are there."""
        if self.drawn:
            return None
        last = self.runs[-1]
        if last.outcome == "failed":
            return last
        why = next((outcome.reason for outcome in last.series), "it saw no series")
        roles = roles_of(self.record(ROLES_LABEL)).line
        held = f"{roles or 'no role told'}; {scan_list(self.session)}"
        return StepRun(DRAWS, "failed", f"{why} ({held})", hint=_another_way(self.session))

    @property
    def problems(self) -> tuple[str, ...]:
        """What failed once the masks were there."""
        return tuple(f"{run.step}: {run.reason}" for run in self.runs if run.outcome == "failed")

    def record(self, label: str) -> RunRecord | None:
        """The manifest of a resource of the session; None where its step was not run, or failed."""
        return read_record(self.session.resource(label))


def scan_list(session: Session) -> str:
    """The scans of a session by their ids, with what a person knows them by; descriptions are free text."""
    return "scans " + ", ".join(
        f"{printable(scan.id)} ({scan.modality}, {counted(scan.frames, 'image')})" for scan in session.scans
    )


def _another_way(session: Session) -> str:
    first = next((scan.id for scan in session.scans if scan.modality == "MR"), "ID")
    return (
        f"If the headers tell a series wrongly, say which it is, e.g. --series T1CE={printable(first)}. "
        "Or name another --model"
    )


def has_mr(session: Session) -> bool:
    """Whether a session has a series that the models could look at."""
    return any(scan.modality == "MR" for scan in session.scans)


def segment_session(
    archive: Archive,
    session: Session,
    params: Mapping[str, Value],
    given: GivenImages,
    *,
    runner: Runner,
    watch: AloneObserver,
) -> AloneResult:
    """Run the chain on a session, up to a step that fails; what comes after the masks fails alone.

    Args:
        archive: that holds the session, and the models.
        session: one of its sessions.
        params: of the step that draws, those that differ from the defaults.
        given: what the session was made of.
        runner: how a step is executed.
        watch: follows the steps.

    Raises:
        UsageError: a parameter breaks its rule.
    """
    settings = {**_WRITTEN_ONLY, DRAWS: params}
    target = session_target(session)
    runs: list[StepRun] = []
    seconds: dict[str, float] = {}
    for name in CHAINS["read"]:
        if name in _OF_PATIENTS or (name in _OF_DICOM and given.niftis):
            continue
        [work] = RunPlan(name, PROJECT, settings).works(archive)
        if work.step.choices:
            work = replace(work, choices={role.lower(): scan for role, scan in given.choices.items()})
        watch.begins(session.label, name)
        started = monotonic()
        runs.append(run_one(archive, target, work, runner=runner, force=False))
        seconds[name] = round(monotonic() - started, 2)
        watch.ended(session.label, name, runs[-1].outcome, seconds[name])
        found = AloneResult(session, tuple(runs), seconds)
        if not found.drawn and (runs[-1].outcome == "failed" or name == DRAWS):
            break
    return found
