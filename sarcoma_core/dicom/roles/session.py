"""The series of a session folder, and what persons chose in it before."""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from sarcoma_core.archive.folder import SessionFolder
from sarcoma_core.archive.roles import CHOSEN_ROLES, ROLES_LABEL, Role
from sarcoma_core.dicom.roles.facts import SeriesFacts
from sarcoma_core.dicom.roles.reading import facts_of
from sarcoma_core.dicom.roles.site_rules import Lesson
from sarcoma_core.dicom.series import read_scan
from sarcoma_core.errors import ArchiveError
from sarcoma_core.provenance import Outcome, recorded_scan_id, sha256

ROLES_FILE = "roles.json"
SCHEMA = 1
CONVERTED = "NIFTI"


@dataclass(frozen=True)
class SessionSeries:
    """The series of a session.

    Args:
        facts: of every series, the parts of a scan each by itself.
        converted: what was made of each series, by its name.
        patients: how many patients the images name.
    """

    facts: tuple[SeriesFacts, ...]
    converted: Mapping[str, Outcome]
    patients: int


def read_session_series(session: SessionFolder) -> SessionSeries:
    """Read what is known of every series: from the DICOM headers, and from what was converted.

    A scan whose headers cannot be read is a series of which nothing is known. One that was not converted into
    a volume is told, too: only a volume can be chosen.

    Raises:
        ArchiveError: the folder is not a session, or the manifest of what was converted is damaged.
        OSError: of the disk.
    """
    record = session.record(CONVERTED)
    of_scan: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in record.outcomes if record else ():
        of_scan[outcome.scan].append(outcome)
    facts: list[SeriesFacts] = []
    converted: dict[str, Outcome] = {}
    patients: set[str] = set()
    for scan in session.scans():
        name = recorded_scan_id(scan.id)
        headers = read_scan(scan.files).headers
        patients |= {header.patient for header in headers}
        for outcome in of_scan.get(name) or [Outcome(name, "", "refused", "not converted")]:
            converted[outcome.series] = outcome
            facts.append(
                facts_of(
                    headers,
                    outcome.series,
                    part=outcome.part,
                    modality=outcome.modality,
                    usable=outcome.status == "done" and bool(outcome.files),
                )
            )
    return SessionSeries(tuple(facts), converted, len(patients - {""}))


def earlier_choices(session: SessionFolder) -> Mapping[Role, str]:
    """What persons chose before: the series of each role; none where no step has told roles.

    Raises:
        ArchiveError: the file is not as its manifest lists it, so a choice could be lost.
    """
    record = session.record(ROLES_LABEL)
    entry = next((e for e in record.files if e.path == ROLES_FILE), None) if record else None
    if entry is None:
        return {}
    path = session.resource(ROLES_LABEL) / ROLES_FILE
    try:
        if sha256(path) != entry.sha256:
            raise _damaged("it is another file than its manifest lists")
        raw = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise _damaged("it is missing") from None
    except (ValueError, RecursionError):
        raise _damaged("it cannot be read") from None
    choices = raw.get("choices") if isinstance(raw, dict) else None
    if not isinstance(choices, dict):
        raise _damaged("it has no choices")
    named: Mapping[str, Role] = {str(role): role for role in CHOSEN_ROLES}
    return {named[role]: series for role, series in choices.items() if role in named and _is_name(series)}


def _is_name(series: object) -> bool:
    return isinstance(series, str) and bool(series)


def _damaged(fault: str) -> ArchiveError:
    return ArchiveError(
        f"{ROLES_LABEL}/{ROLES_FILE}: must be as the step left it, as it holds what persons chose; {fault}.",
        hint="To go on without these choices: sarcoma run series-roles --set series-roles.forget=true",
    )


def merged(earlier: Mapping[Role, str], new: Mapping[Role, str]) -> Mapping[Role, str]:
    """What persons chose, the newer choice before the earlier: for one role, and of one series.

    Args:
        earlier: the series of each role.
        new: likewise; an empty name is no choice.
    """
    chosen = {role: series for role, series in new.items() if series}
    kept = {r: s for r, s in earlier.items() if r not in chosen and s not in chosen.values()}
    both = {**kept, **chosen}
    return {role: both[role] for role in CHOSEN_ROLES if role in both}


def lesson_of(session: SessionFolder, *, label: str, patient: str) -> Lesson:
    """What persons chose in a session, to learn a site's rules from.

    Args:
        session: with the roles that were told.
        label: what tells it from another session.
        patient: what tells its patient from another.

    Raises:
        ArchiveError: a manifest or the file of roles is damaged.
        OSError: of the disk.
    """
    choices = earlier_choices(session)
    series = read_session_series(session).facts if choices else ()
    return Lesson(label, patient, series, choices)
