"""What `cohort` tells of each session and row, and of what has changed since the cohort that is there."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace

from sarcoma_core.archive.cohort import COHORT_FILE, CohortSession, LeftOut, PatientSession
from sarcoma_core.archive.holdings import OwnHoldings
from sarcoma_core.errors import ArchiveError
from sarcoma_core.prognosis.clinical.table import LABEL as CLINICAL
from sarcoma_core.prognosis.join import JoinedRow
from sarcoma_core.provenance import Outcome, RunRecord, Status, parse_record

LABEL = "COHORT"

HashesBefore = Mapping[tuple[str, str], Mapping[str, str]]
"""The hashes of each session of a cohort, by subject and session."""


def hashes_before(own: OwnHoldings) -> HashesBefore | None:
    """The hashes of each session in the cohort that is there; None where there is none that can be read."""
    body = own.manifest(LABEL)
    if body is None:
        return None
    try:
        record: RunRecord = parse_record(body, LABEL)
    except ArchiveError:
        return None
    hashes = ((one, one.facts.get("labels")) for one in record.outcomes if one.usable)
    # Whoever wrote it: what is no table of hashes tells of none.
    return {(o.subject, o.session): told if isinstance(told, dict) else {} for o, told in hashes}


def outcome_of(one: CohortSession | LeftOut, before: HashesBefore | None) -> Outcome:
    """What became of a session, and what has changed of it."""
    if isinstance(one, LeftOut):
        return Outcome("", "", "set apart", one.reason, subject=one.subject, session=one.session)
    facts = {"labels": _hashes(one), "series": len(one.series), "consent": one.consent}
    return Outcome(
        "",
        "",
        "done",
        "" if before is None else _difference(_hashes(one), before.get((one.subject, one.session))),
        files=(COHORT_FILE,),
        facts=facts,
        subject=one.subject,
        session=one.session,
    )


def outcome_of_row(one: JoinedRow, session: PatientSession | None, before: HashesBefore | None) -> Outcome:
    """What became of a row, with its key and its reason."""
    if session is None:
        status: Status = "refused" if one.outcome == "refused" else "set apart"
        return Outcome("", "", status, one.told, subject=one.subject, session=one.session)
    told = outcome_of(session, before)
    reason = "; ".join(filter(None, (f"by {one.key}: {one.told}", told.reason)))
    return replace(told, reason=reason, facts={**told.facts, "key": one.key, "why": one.told})


def _hashes(one: CohortSession) -> Mapping[str, str]:
    """What tells a session from one that has changed: the hash of each label, and of the patient's row."""
    if not isinstance(one, PatientSession):
        return dict(one.labels)
    row = json.dumps(one.clinical, sort_keys=True).encode()
    return {**one.labels, CLINICAL: hashlib.sha256(row).hexdigest()}


def _difference(hashes: Mapping[str, str], before: Mapping[str, str] | None) -> str:
    """What is another than in the cohort that is there; empty where nothing is."""
    if before is None:
        return "new since the last cohort"
    changed = sorted(label for label in {*before, *hashes} if before.get(label) != hashes.get(label))
    return f"changed since the last cohort: {', '.join(changed)}" if changed else ""
