"""Import a folder tree of DICOM into an archive: any nesting, any extension, mixed with other files.

Importing again changes nothing. A file that cannot be taken is listed with its reason and stops no other.
"""

import fcntl
import os
import stat
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from sarcoma_core.archive.catalog import CatalogEntry, md5, read_catalog, write_dicom_catalog
from sarcoma_core.archive.folder import natural
from sarcoma_core.archive.instance import Instance, read_instance
from sarcoma_core.archive.placing import (
    SeriesKey,
    StudyKey,
    StudyPart,
    group_series,
    legal,
    new_scan_ids,
    number_word,
    session_label,
    split_studies,
    suffixed,
)
from sarcoma_core.archive.store import Archive, Scan, Session, accession_id, unwritable
from sarcoma_core.errors import DicomError, InputError, OutputError

Fate = Literal["imported", "duplicate", "rejected"]
Verdict = tuple[Fate, str]
"""What became of a file, and the reason."""
_BLOCK = 2**20
"""Bytes that are copied at a time."""

Track = Callable[[Sequence[Path], str], Iterable[Path]]
"""Shows progress over a sequence; `untracked` shows none."""


@dataclass(frozen=True)
class FileFate:
    """What became of one file.

    Args:
        path: the file, below the imported folder.
        fate: `imported`, `duplicate` (already there, same bytes) or `rejected`.
        reason: why a file was rejected; what is special about one that was not; may be empty.
    """

    path: str
    fate: Fate
    reason: str = ""


@dataclass(frozen=True)
class ImportReport:
    """What became of every file of an import, and which sessions it touched."""

    files: tuple[FileFate, ...]
    sessions: tuple[Session, ...]

    def count(self, fate: Fate) -> int:
        """How many files had this fate."""
        return sum(f.fate == fate for f in self.files)

    def reasons(self) -> Mapping[str, int]:
        """Why files were rejected, and how many for each reason."""
        return Counter(f.reason for f in self.files if f.fate == "rejected")


def untracked(items: Sequence[Path], title: str) -> Iterable[Path]:
    """Show no progress."""
    del title
    return items


def import_folder(archive: Archive, project: str, source: Path, *, track: Track = untracked) -> ImportReport:
    """Import every DICOM file below a folder.

    Args:
        archive: where to.
        project: id of the project; created when it is not there.
        source: the folder; it is only read.
        track: shows progress.

    Raises:
        InputError: `source` is no folder, or `project` is not an XNAT id.
        ArchiveError: what the archive holds is damaged.
        OutputError: another import writes the project, or the archive is read-only or full; what was imported
            so far is whole, and importing again goes on from there.
    """
    _require_folder_and_project(source, project)
    paths, left_out = _walk(source, archive.root)
    fates: dict[Path, Verdict] = {path: ("rejected", reason) for path, reason in left_out.items()}
    instances = []
    for path in track(paths, "reading"):
        try:
            instances.append(read_instance(path))
        except DicomError as error:
            fates[path] = "rejected", str(error)
        except OSError as error:
            fates[path] = "rejected", f"cannot be opened ({error.strerror})"
    try:
        with _alone(archive, project):
            sessions, taken = _take(archive, project, instances, track)
            told = {path.relative_to(source).as_posix(): fate for path, fate in (fates | taken).items()}
            report = ImportReport(tuple(FileFate(path, *told[path]) for path in sorted(told)), sessions)
            _write_log(report, log_path(archive, project))
    except OSError as error:
        raise unwritable(error, again="import again: it goes on from there") from error
    return report


def log_path(archive: Archive, project: str) -> Path:
    """Where the latest import of a project is told file by file; it stays with the data."""
    return archive.root / project / "database" / "import.tsv"


def _require_folder_and_project(source: Path, project: str) -> None:
    if not source.is_dir():
        found = "a file" if source.exists() else "no such folder"
        raise InputError(f"FOLDER: must be a folder of DICOM files; found {found}.", hint="Check the path.")
    if project != legal(project):
        raise InputError(
            f"--project: must be letters, digits, _ or - only; found {project!r}.",
            hint=f"Use --project {legal(project)}.",
        )


@contextmanager
def _alone(archive: Archive, project: str) -> Iterator[None]:
    """Keep other imports out of a project: each writes the whole of a record that it has read before.

    The operating system frees the lock when the process ends, however it ends; its file stays, empty.
    """
    database = archive.root / project / "database"
    database.mkdir(parents=True, exist_ok=True)
    with (database / ".lock").open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OutputError(
                "--project: must not be written by another import; one is running.",
                hint="Wait for it to end, then run the same import again.",
            ) from None
        yield


_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})
"""What would break a line of the log in two, as in PostgreSQL's text format."""


def _write_log(report: ImportReport, path: Path) -> None:
    lines = (f"{f.fate}\t{f.path.translate(_ESCAPES)}\t{f.reason}\n" for f in report.files)
    path.write_text("fate\tfile\treason\n" + "".join(lines), encoding="utf-8", errors="surrogateescape")


def _walk(source: Path, archive: Path) -> tuple[tuple[Path, ...], Mapping[Path, str]]:
    """Every file in a stable order, and why what else is there was left out; the archive itself is."""
    inside = archive.resolve()
    paths: list[Path] = []
    left_out: dict[Path, str] = {}

    def closed(error: OSError) -> None:
        left_out[Path(error.filename)] = f"a folder that cannot be opened ({error.strerror})"

    for folder, names, files in os.walk(source, onerror=closed):
        folders = [path for name in sorted(names) if (path := Path(folder) / name).resolve() != inside]
        left_out |= {path: "a link to a folder: not followed" for path in folders if path.is_symlink()}
        names[:] = [path.name for path in folders]
        for path in (Path(folder) / name for name in sorted(files)):
            if reason := _no_file(path):
                left_out[path] = reason
            else:
                paths.append(path)
    return tuple(paths), left_out


def _no_file(path: Path) -> str:
    """Why a path is not read; empty when it is a file."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        broken = path.is_symlink() and not isinstance(error, PermissionError)
        return "a broken link" if broken else f"cannot be opened ({error.strerror})"
    return "" if stat.S_ISREG(mode) else "a device or pipe, not a file"


def _take(
    archive: Archive, project: str, instances: Sequence[Instance], track: Track
) -> tuple[tuple[Session, ...], dict[Path, Verdict]]:
    sessions = {s.label: s for s in archive.sessions(project)}
    known: dict[StudyKey, dict[str, str]] = defaultdict(dict)
    for session in sessions.values():
        known[session.study_uid, session.subject] |= {scan.uid: scan.modality for scan in session.scans}
    verdicts: dict[Path, Verdict] = {}
    touched = []
    with tempfile.TemporaryDirectory(prefix=".import-", dir=archive.root / project) as aside:
        parts = split_studies(instances, known)
        shared = _shared_studies([*known, *((part.study_uid, part.subject) for part in parts)])
        for part in parts:
            session = _session_for(archive, project, part, sessions)
            filing = _Filing(session, Path(aside), note=shared.get(part.study_uid, ""))
            paths = tuple(i.path for i in part.instances)
            placed = dict(zip(paths, filing.place(part.instances), strict=True))
            for path in track(paths, session.label):
                verdicts[path] = filing.file(path, *placed[path])
            filed = filing.finish()
            if filed.scans:  # none when no file of a new session could be read again
                sessions[session.label] = filed
                archive.write(filed)
                touched.append(session.label)
    return tuple(sessions[name] for name in sorted(touched, key=natural)), verdicts


def _shared_studies(studies: Iterable[StudyKey]) -> Mapping[str, str]:
    """What to say of each StudyInstanceUID that several patients have."""
    patients = Counter(uid for uid, _ in set(studies))
    return {
        uid: f"StudyInstanceUID is shared by {count} PatientIDs: a session for each"
        for uid, count in patients.items()
        if count > 1
    }


def _session_for(archive: Archive, project: str, part: StudyPart, sessions: Mapping[str, Session]) -> Session:
    """The session that a study part belongs to: the one that is there, or a new one."""
    study = part.study_uid, part.subject
    for session in (s for s in sessions.values() if (s.study_uid, s.subject) == study):
        if session.part == part.part or (not session.part and part.part == session.modality):
            return session
    first = part.instances[0]
    new = Session(
        project=project,
        label="",
        id=accession_id(project, part.subject, part.study_uid, part.part),
        subject=part.subject,
        study_uid=part.study_uid,
        part=part.part,
        date=first.study_date,
        scans=tuple(Scan("", "", None, i.modality, "", 1) for i in part.instances),
        path=archive.root,
    )
    name = session_label(new.subject, new.date, new.modality, sessions)
    return replace(new, label=name, scans=(), path=archive.session_path(project, name))


class _UnreadableError(Exception):
    """A file of the source could be read once, and now cannot be."""


@contextmanager
def _reading() -> Iterator[None]:
    """Tell errors of the source, which reject one file, from those of the archive, which stop the import."""
    try:
        yield
    except OSError as error:
        raise _UnreadableError(f"cannot be read ({error.strerror})") from error


def _blocks(path: Path) -> Iterator[bytes]:
    """A file's content, piece by piece."""
    with _reading(), path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            yield block


class _Filing:
    """Files the instances of one session: decides the scan of each, then copies them one by one."""

    def __init__(self, session: Session, aside: Path, *, note: str) -> None:
        self.session = session
        self.aside = aside
        self.note = note
        self.scans = {scan.id: scan for scan in session.scans}
        self.entries = {scan: {e.uid: e for e in read_catalog(self._catalog(scan))} for scan in self.scans}

    def _folder(self, scan: str) -> Path:
        return self.session.path / "SCANS" / scan / "DICOM"

    def _catalog(self, scan: str) -> Path:
        return self._folder(scan) / f"scan_{scan}_catalog.xml"

    def place(self, instances: Sequence[Instance]) -> Iterator[tuple[Instance, SeriesKey]]:
        """Give every new series its scan, then each instance its series."""
        groups = group_series(instances)
        held = {(scan.uid, scan.number) for scan in self.scans.values()}
        newcomers = [(key, members[0].modality) for key, members in groups.items() if key not in held]
        for key, scan in new_scan_ids(frozenset(self.scans), newcomers).items():
            self._open(scan, groups[key][0])
        return ((i, (i.series_uid, i.series_number)) for i in instances)

    def _open(self, scan: str, first: Instance, note: str = "") -> None:
        self.scans[scan] = Scan(
            scan, first.series_uid, first.series_number, first.modality, first.description, 0, note
        )
        self.entries[scan] = {}

    def file(self, path: Path, instance: Instance, key: SeriesKey) -> Verdict:
        """Copy one instance to its scan, unless the same bytes are there.

        Raises:
            OSError: the archive cannot be written; a file that cannot be read is rejected instead.
        """
        try:
            return self._file(path, instance, key)
        except _UnreadableError as error:
            return "rejected", str(error)

    def _file(self, path: Path, instance: Instance, key: SeriesKey) -> Verdict:
        candidates = [s.id for s in self.scans.values() if (s.uid, s.number) == key]
        with _reading():
            digest = md5(path)
        reasons = [self.note] if self.note else []
        for scan in candidates:
            held = self.entries[scan].get(instance.sop_uid)
            if held is None:
                break
            if held.digest == digest:
                return "duplicate", "; ".join(reasons)
        else:
            scan = suffixed(number_word(key[1]), instance.modality, self.scans)
            note = f"SOP instances that scan {candidates[0]} holds with other content"
            self._open(scan, instance, note)
        if self.scans[scan].note:
            reasons.append(
                f"same SOPInstanceUID as in scan {candidates[0]}, other content: kept as scan {scan}"
            )
        self._copy(path, scan, instance, digest)
        return "imported", "; ".join(reasons)

    def _copy(self, path: Path, scan: str, instance: Instance, digest: str) -> None:
        partial = self.aside / "partial"
        with partial.open("wb") as copy:
            for block in _blocks(path):
                copy.write(block)
        folder = self._folder(scan)
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{instance.sop_uid}.dcm"
        partial.replace(folder / name)
        self.entries[scan][instance.sop_uid] = CatalogEntry(
            name, digest, instance.sop_uid, instance.instance_number
        )
        self.scans[scan] = replace(self.scans[scan], frames=self.scans[scan].frames + instance.frames)

    def finish(self) -> Session:
        """Write the catalogs; the session as it is now."""
        kept = [s for s in self.scans.values() if self.entries[s.id] or s in self.session.scans]
        for scan in kept:
            write_dicom_catalog(self._catalog(scan.id), scan.uid, self.entries[scan.id].values())
        ordered = sorted(kept, key=lambda s: natural(s.id))
        return replace(self.session, scans=tuple(ordered))
