"""A cohort, frozen: which subjects, sessions and series a training will see, each told by its hashes.

Pseudonyms only: labels of XNAT as they are, scan ids and scan types, no UID, no value of a header. One
session is one line of the file, so that a difference between two cohorts shows what has changed. Sessions are
read one after the other and written at once: memory holds the labels, never the manifests.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, TextIO

from sarcoma_core.archive.folder import SessionFolder, natural
from sarcoma_core.archive.holdings import ResourceFolders
from sarcoma_core.archive.lists import CONSENT, EXCLUSIONS, Consent, near_lines
from sarcoma_core.archive.newest import WrittenResource, session_resources, written
from sarcoma_core.archive.register import Register, RegisteredSession
from sarcoma_core.archive.roles import ROLES_LABEL
from sarcoma_core.errors import ArchiveError
from sarcoma_core.provenance import MANIFEST, SCAN_INPUT, FileEntry, recorded_scan_id
from sarcoma_core.text import counted

SCHEMA = 2
COHORT_FILE = "cohort.json"


@dataclass(frozen=True)
class CohortRules:
    """What makes a session one of a cohort.

    Args:
        reads: labels that a training takes each series from, in order of preference; a session must have the
            first one.
        consents: the consent of each subject that has one recorded.
        exclusions: subjects and sessions that are left out.
        needs_consent: whether a subject without a recorded consent is left out.
        near: whom lines of the lists nearly name, with the reason: `near_lines`, which `among` asks.
    """

    reads: tuple[str, ...]
    consents: Mapping[str, Consent] = field(default_factory=dict)
    exclusions: frozenset[tuple[str, str]] = frozenset()
    needs_consent: bool = False
    near: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def among(self, sessions: Iterable[RegisteredSession]) -> "CohortRules":
        """The rules for a project: whom a line of the lists nearly names is left out as well."""
        pairs = [(one.subject, one.session) for one in sessions]
        return replace(self, near=near_lines(self.consents, self.exclusions, pairs))

    def strangers(self, sessions: Iterable[RegisteredSession]) -> str:
        """How many lines of the lists name no subject or session of a project, in words; empty for none.

        They may be mistyped: whoever meant to leave somebody out has to know.
        """
        known = tuple(sessions)
        subjects = {one.subject for one in known}
        pairs = {(one.subject, one.session) for one in known} | {(subject, "") for subject in subjects}
        number = len(set(self.consents) - subjects) + len(self.exclusions - pairs)
        if not number:
            return ""
        return (
            f"{counted(number, 'line')} of {CONSENT} or {EXCLUSIONS} name nobody of this project: mistyped?"
        )

    def near_line(self, one: RegisteredSession) -> str:
        """Why a line of the lists may mean a session or its subject; empty where none does."""
        return self.near.get((one.subject, "")) or self.near.get((one.subject, one.session), "")

    def consent(self, subject: str) -> Consent:
        """What is recorded of a subject."""
        return self.consents.get(subject, "not recorded")

    def why_not(self, one: RegisteredSession) -> str:
        """Why a session is left out whatever it holds; empty when it is not."""
        consent = self.consent(one.subject)
        if consent in ("refused", "withdrawn"):
            return f"consent {consent}"
        if near := self.near_line(one):
            return near
        if self.needs_consent and consent == "not recorded":
            return "no consent is recorded"
        if {(one.subject, ""), (one.subject, one.session)} & self.exclusions:
            return "on the exclusion list"
        return ""


@dataclass(frozen=True)
class CohortSeries:
    """A series as a training will see it.

    Args:
        scan: XNAT scan id.
        part: which volume of a scan that holds several; empty for one.
        modality: DICOM Modality.
        role: of SERIES_ROLES; empty where the roles were not told.
        type: XNAT's scan type.
        label: the resource that it is taken from.
        files: with their hashes, as the manifest lists them.
    """

    scan: str
    part: str
    modality: str
    role: str
    type: str
    label: str
    files: tuple[FileEntry, ...]

    @property
    def key(self) -> str:
        """The series, as `Outcome.series` names it."""
        return f"{self.scan} {self.part}" if self.part else self.scan


@dataclass(frozen=True)
class CohortSession:
    """A session of a cohort.

    Args:
        subject: its label.
        session: its label.
        consent: what is recorded of the subject.
        labels: one SHA-256 over the files of each resource that holds series, by label.
        series: those that are usable.
    """

    subject: str
    session: str
    consent: Consent
    labels: Mapping[str, str]
    series: tuple[CohortSeries, ...]


@dataclass(frozen=True)
class PatientSession(CohortSession):
    """A session of a cohort with what the clinical table says of its patient.

    Args:
        clinical: the row of the table as JSON.
        key: by which row and session were joined.
        why: the reason for which this session was chosen.
    """

    clinical: Mapping[str, Any]
    key: str
    why: str


@dataclass(frozen=True)
class LeftOut:
    """What is not in the cohort, and why: a session of the project, or a row of the clinical table.

    Args:
        subject: its label.
        session: its label; empty for a row without one.
        reason: in words.
    """

    subject: str
    session: str
    reason: str


def freeze(
    register: Register, folders: Mapping[str, Path], rules: CohortRules
) -> Iterator[CohortSession | LeftOut]:
    """Each session of a project, in order of subject and session; one that is damaged stops no other.

    Args:
        register: the project's database; where it cannot be asked, all ends, as nothing is then known.
        folders: the folder of each session, by label.
        rules: what makes a session one of the cohort.
    """
    sessions = register.sessions()
    rules = rules.among(sessions)
    for one in sorted(sessions, key=lambda each: (natural(each.subject), natural(each.session))):
        yield freeze_session(one, register, folders, rules)


def freeze_session(
    one: RegisteredSession, register: Register, folders: Mapping[str, Path], rules: CohortRules
) -> CohortSession | LeftOut:
    """One session of a project, or why it is left out; see `freeze`."""
    reason = rules.why_not(one)
    if not reason and one.session not in folders:
        reason = "its files are not in the project's folder"
    if reason:
        return LeftOut(one.subject, one.session, reason)
    try:
        return _session(one, SessionFolder(folders[one.session], rules.reads), register, rules)
    except ArchiveError as error:
        return LeftOut(one.subject, one.session, error.message)


def _session(
    one: RegisteredSession, folder: SessionFolder, register: Register, rules: CohortRules
) -> CohortSession | LeftOut:
    needed = rules.reads[0]
    record = folder.record(needed)
    if record is None:
        return LeftOut(one.subject, one.session, f"has no {needed}")
    types = {recorded_scan_id(scan): kind for scan, kind in register.scan_types(one.session).items()}
    series = tuple(_series(folder, types))
    if not series:
        return LeftOut(one.subject, one.session, "none of its series is usable")
    return CohortSession(one.subject, one.session, rules.consent(one.subject), _labels(folder), series)


def _series(folder: SessionFolder, types: Mapping[str, str]) -> Iterator[CohortSeries]:
    roles = folder.record(ROLES_LABEL)
    told = {o.series: str(o.facts.get("role") or "") for o in roles.outcomes} if roles else {}
    listed = {
        held.folder: {entry.path: entry for entry in held.record.files}
        for label in folder.reads
        for held in written(folder.path, label).values()
    }
    for one in folder.series():
        outcome, entries = one.outcome, listed[one.folder]
        if not set(outcome.files) <= set(entries):
            raise ArchiveError(
                f"{one.label}: {MANIFEST} must list every file of a series; "
                f"of scan {outcome.series} it does not.",
                hint=f"Run the step that writes {one.label} again.",
            )
        yield CohortSeries(
            outcome.scan,
            outcome.part,
            outcome.modality,
            told.get(outcome.series, ""),
            types.get(outcome.scan, ""),
            one.label,
            tuple(entries[path] for path in outcome.files),
        )


def _labels(folder: SessionFolder) -> Mapping[str, str]:
    """One hash over the files of each resource that holds series, be it the session's or a scan's own."""
    hashes: dict[str, str] = {}
    own = ResourceFolders(session_resources(folder.path)).labels()
    alone = {place.parent.name for place in (folder.path / "SCANS").glob(f"[!.]*/[!.]*/{MANIFEST}")}
    for label in sorted({*own, *alone}):
        for scan, held in _ours(folder, label).items():
            if any(outcome.scan and outcome.files for outcome in held.record.outcomes):
                key = f"{label} {SCAN_INPUT}{recorded_scan_id(scan)}" if scan else label
                hashes[key] = held.record.contents
    return hashes


def _ours(folder: SessionFolder, label: str) -> Mapping[str, WrittenResource]:
    """What steps wrote under a label; a `run.json` of another tool is nothing where no training reads it."""
    try:
        return written(folder.path, label)
    except ArchiveError:
        if label in folder.reads:
            raise
        return {}


def write_cohort(
    stream: TextIO,
    head: Mapping[str, Any],
    frozen: Iterable[CohortSession | LeftOut],
    *,
    tail: Callable[[], Mapping[str, Any]] = dict,
) -> Iterator[CohortSession | LeftOut]:
    """Write a cohort as JSON while its sessions are read; gives each of them on.

    Args:
        stream: where to.
        head: what stands before the sessions.
        frozen: the sessions.
        tail: what stands after them, asked for when they are all written.
    """
    lines = [f" {json.dumps(key)}: {_text(value)}" for key, value in {"schema": SCHEMA, **head}.items()]
    stream.write("{\n" + ",\n".join(lines) + ',\n "sessions": [')
    left: list[LeftOut] = []
    separator = "\n"
    for one in frozen:
        if isinstance(one, LeftOut):
            left.append(one)
        else:
            stream.write(f"{separator}  {_text(asdict(one))}")
            separator = ",\n"
        yield one
    stream.write('\n ],\n "excluded": [')
    stream.write(",".join(f"\n  {_text(asdict(one))}" for one in left))
    stream.write("\n ]")
    stream.writelines(f",\n {json.dumps(key)}: {_text(value)}" for key, value in tail().items())
    stream.write("\n}\n")


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
