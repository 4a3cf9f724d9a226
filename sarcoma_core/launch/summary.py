"""What a run came to, in words: the same for the terminal and for the study's page."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from sarcoma_core.archive.store import Session
from sarcoma_core.launch.chain import SessionResult
from sarcoma_core.provenance import Outcome
from sarcoma_core.text import counted


class SessionLine(NamedTuple):
    """One session of a run."""

    session: str
    outcome: str
    series: str
    reason: str


class SeriesLine(NamedTuple):
    """One series of a run."""

    session: str
    scan: str
    type: str
    outcome: str
    reason: str


def holdings(session: Session) -> str:
    """What a session holds, e.g. `2 MR, 1 RTSTRUCT`."""
    counts = Counter(scan.modality for scan in session.scans)
    return ", ".join(f"{n} {modality}" for modality, n in sorted(counts.items()))


def session_line(result: SessionResult) -> SessionLine:
    """A session's outcome, its series counted by what became of them, and why it failed."""
    counts = Counter(outcome.status for outcome in result.series)
    series = ", ".join(f"{n} {status}" for status, n in counts.items()) or holdings(result.session)
    return SessionLine(result.label, result.outcome, series, result.reason)


def series_lines(result: SessionResult) -> Iterator[SeriesLine]:
    """Each series with the steps that it passed, or why it went no further. None is left out."""
    label = result.session.label
    names = ((scan, name) for scan in result.session.scans for name in result.names(scan.id))
    for scan, name in names:
        seen = [(run.step, o) for run in result.runs if (o := result.outcome_of(run.step, name))]
        stopped = next((pair for pair in seen if pair[1].status in ("set apart", "refused")), None)
        passed = ", ".join(step for step, outcome in seen if outcome.status == "done")
        if stopped:
            step, outcome = stopped
            reason = outcome.reason if step == seen[0][0] else f"{step}: {outcome.reason}"
            yield SeriesLine(label, name, scan.modality, outcome.status, reason)
        elif seen:
            yield SeriesLine(label, name, scan.modality, passed, "; ".join(_reasons([o for _, o in seen])))
        else:
            yield SeriesLine(label, name, scan.modality, "failed", result.reason)


def _reasons(seen: Sequence[Outcome]) -> Iterable[str]:
    """What to tell of a series that went all the way: why the last step passed it by, and what was odd.

    That an earlier step does not apply says nothing: SUV is not for MR, N4 not for CT.
    """
    told = (o.reason for o in seen if o.status == "done" or o is seen[-1])
    return dict.fromkeys(reason for reason in told if reason)


def lede(results: tuple[SessionResult, ...]) -> str:
    """The result in one line, e.g. `2 of 3 sessions complete, 1 failed`."""
    counts = Counter(result.outcome for result in results)
    others = "".join(f", {n} {word}" for word, n in sorted(counts.items()) if word != "complete")
    return f"{counts['complete']} of {counted(len(results), 'session')} complete{others}"
