"""The scans that a person chose for a step, checked at the door against those that the session has."""

from collections.abc import Collection, Mapping
from pathlib import Path

from sarcoma_core.archive.folder import scan_files
from sarcoma_core.errors import UsageError
from sarcoma_core.interface import Step
from sarcoma_core.provenance import recorded_scan_id
from sarcoma_core.text import counted, printable


def check_choices(step: Step, chosen: Mapping[str, str], session: Path) -> dict[str, str]:
    """The series of each choice of a step, as `Outcome.series` names it; empty where none is chosen.

    A scan and a part of it may both be named: which parts a scan has, and of which modality, is known to the
    step alone, and it refuses two choices that end as one series.

    Args:
        step: the step.
        chosen: a scan's id, or `scan part`, by name of the choice; an empty text chooses none.
        session: the session's folder; it is looked into only where something is chosen.

    Raises:
        UsageError: the step has no such choice, the session no such scan, or one scan is chosen twice.
        ArchiveError: the folder is not a session.
    """
    scans = tuple(scan_files(session)) if any(series.strip() for series in chosen.values()) else ()
    return chosen_series(step, chosen, scans)


def chosen_series(step: Step, chosen: Mapping[str, str], scans: Collection[str]) -> dict[str, str]:
    """As `check_choices`, for a session of which the ids of its scans are known.

    Raises:
        UsageError: the step has no such choice, the session no such scan, or one scan is chosen twice.
    """
    flags = {choice.name: choice.flag for choice in step.choices}
    if unknown := sorted(set(chosen) - set(flags)):
        known = ", ".join(flags) or "none"
        raise UsageError(f"step {step.name}: no choice {unknown[0]!r}; it has: {known}.")
    typed = {name: series.strip() for name, series in chosen.items() if series.strip()}
    found = {name: _series(flags[name], series, scans) for name, series in typed.items()}
    _refuse_twice({flags[name]: series for name, series in found.items()})
    return {name: found.get(name, "") for name in flags}


def _series(flag: str, typed: str, scans: Collection[str]) -> str:
    """What the manifest calls a series that a person named; a scan's own id comes first."""
    recorded = {recorded_scan_id(scan) for scan in scans}
    if typed in scans:
        return recorded_scan_id(typed)
    scan, _, part = typed.partition(" ")
    if scan not in recorded or " " in part:
        raise UsageError(
            f"{flag}: must be a scan of the session, which has {counted(len(scans), 'scan')}; "
            f"found {printable(typed)!r}.",
            hint="A scan's id is the name of its folder below SCANS/; of one in parts, `ID PART`.",
        )
    return typed


def _refuse_twice(chosen: Mapping[str, str]) -> None:
    """One scan is one thing only.

    The Container Service fills every optional input in where it finds a single scan to choose from (3.7.3,
    `CommandResolutionServiceImpl.findResolvedValues`), so a dialog may have chosen where nobody did.
    """
    by_series: dict[str, str] = {}
    for flag, series in chosen.items():
        if series in by_series:
            one, scan = by_series[series], printable(series)
            raise UsageError(
                f"{one} and {flag}: must be two scans; both name scan {scan}.",
                hint="XNAT's dialog fills in the only scan of a session for every role. Name the role "
                f"by command: sarcoma roles set SESSION --project P {one} {scan}",
            )
        by_series[series] = flag
