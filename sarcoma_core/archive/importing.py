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

from sarcoma_core.archive.filing import FileVerdict, Filing, FilingStatus
from sarcoma_core.archive.folder import natural
from sarcoma_core.archive.instance import Instance, read_instance
from sarcoma_core.archive.placing import (
    PetMr,
    StudyKey,
    StudyPart,
    legal,
    session_label,
    split_studies,
    whole_studies,
)
from sarcoma_core.archive.store import Archive, Scan, Session, accession_id, unwritable
from sarcoma_core.errors import DicomError, InputError, OutputError

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
    fate: FilingStatus
    reason: str = ""


@dataclass(frozen=True)
class ImportReport:
    """What became of every file of an import, and which sessions it touched."""

    files: tuple[FileFate, ...]
    sessions: tuple[Session, ...]

    def count(self, fate: FilingStatus) -> int:
        """How many files had this fate."""
        return sum(f.fate == fate for f in self.files)

    def reasons(self) -> Counter[str]:
        """Why files were rejected, and how many for each reason."""
        return Counter(f.reason for f in self.files if f.fate == "rejected")

    def notes(self) -> Counter[str]:
        """What is special about files that were imported, and of how many."""
        return Counter(f.reason for f in self.files if f.fate == "imported" and f.reason)


@dataclass(frozen=True)
class Naming:
    """Labels that the caller gives, in the place of those that are made of the headers.

    Args:
        subject: subject label; empty: made of PatientID.
        session: session label; empty: made of subject, date and modality. A named session holds one study,
            whole: who names it has decided what belongs to it.
        replacing: whether an instance takes the place of one that is there with other bytes.
        petmr: what becomes of a study that mixes PET and MR.
    """

    subject: str = ""
    session: str = ""
    replacing: bool = False
    petmr: PetMr = "separate"


AS_IN_HEADERS = Naming()


def untracked(items: Sequence[Path], title: str) -> Iterable[Path]:
    """Show no progress."""
    del title
    return items


def import_folder(
    archive: Archive,
    project: str,
    source: Path,
    *,
    track: Track = untracked,
    naming: Naming = AS_IN_HEADERS,
) -> ImportReport:
    """Import every DICOM file below a folder.

    Args:
        archive: where to.
        project: id of the project; created when it is not there.
        source: the folder; it is only read.
        track: shows progress.
        naming: labels of the subject and the session.

    Raises:
        InputError: `source` is no folder, `project` or a label is not a legal one, or a named session is to
            hold several studies, or another one than it does.
        ArchiveError: what the archive holds is damaged.
        OutputError: another import writes the project, or the archive is read-only or full; what was imported
            so far is whole, and importing again goes on from there.
    """
    _require_folder_and_labels(source, project, naming)
    paths, left_out = walk(source, archive.root)
    fates: dict[Path, FileVerdict] = {path: ("rejected", reason) for path, reason in left_out.items()}
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
            sessions, taken = _take(archive, project, instances, track, naming)
            told = {path.relative_to(source).as_posix(): fate for path, fate in (fates | taken).items()}
            report = ImportReport(tuple(FileFate(path, *told[path]) for path in sorted(told)), sessions)
            _write_log(report, log_path(archive, project))
    except OSError as error:
        raise unwritable(error, again="import again: it goes on from there") from error
    return report


def log_path(archive: Archive, project: str) -> Path:
    """Where the latest import of a project is told file by file; it stays with the data."""
    return archive.root / project / "database" / "import.tsv"


def _require_folder_and_labels(source: Path, project: str, naming: Naming) -> None:
    if not source.is_dir():
        fault = "a file" if source.exists() else "no such folder"
        raise InputError(f"FOLDER: must be a folder of DICOM files; found {fault}.", hint="Check the path.")
    if project != legal(project):
        raise InputError(
            f"--project: must be letters, digits, _ or - only; found {project!r}.",
            hint=f"Use --project {legal(project)}.",
        )
    for what, label in (("subject", naming.subject), ("session", naming.session)):
        if label and label != legal(label):
            raise InputError(f"{what}: a label must be letters, digits, _ or - only; it has others.")


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


def walk(source: Path, archive: Path | None = None) -> tuple[tuple[Path, ...], Mapping[Path, str]]:
    """Every file in a stable order, and why what else is there was left out; the archive itself is."""
    inside = archive.resolve() if archive else None
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
    archive: Archive, project: str, instances: Sequence[Instance], track: Track, naming: Naming
) -> tuple[tuple[Session, ...], dict[Path, FileVerdict]]:
    sessions = {s.label: s for s in archive.sessions(project)}
    parts, notes = _parts(instances, sessions.values(), naming)
    verdicts: dict[Path, FileVerdict] = {}
    touched = []
    with tempfile.TemporaryDirectory(prefix=".import-", dir=archive.root / project) as aside:
        for part in parts:
            session = _session_for(archive, project, part, sessions, naming)
            filing = Filing(
                session, Path(aside), note=notes.get(part.study_uid, ""), replacing=naming.replacing
            )
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


def _parts(
    instances: Sequence[Instance], held: Iterable[Session], naming: Naming
) -> tuple[tuple[StudyPart, ...], Mapping[str, str]]:
    """What goes into a session each, and what to say of a study's files.

    Raises:
        InputError: a named session is to hold several studies.
    """
    if naming.session:
        parts = whole_studies(instances, naming.subject)
        if len(parts) > 1:
            raise InputError(
                f"session: one that is named must hold one study of one subject; found {len(parts)}."
            )
        return parts, {}
    known: dict[StudyKey, dict[str, str]] = defaultdict(dict)
    for session in held:
        known[session.study_uid, session.subject] |= {scan.uid: scan.modality for scan in session.scans}
    parts = split_studies(instances, known, subject=naming.subject, petmr=naming.petmr)
    return parts, _shared_studies([*known, *((part.study_uid, part.subject) for part in parts)])


def _shared_studies(studies: Iterable[StudyKey]) -> Mapping[str, str]:
    """What to say of each StudyInstanceUID that several patients have."""
    patients = Counter(uid for uid, _ in set(studies))
    return {
        uid: f"StudyInstanceUID is shared by {count} PatientIDs: a session for each"
        for uid, count in patients.items()
        if count > 1
    }


def _session_for(
    archive: Archive, project: str, part: StudyPart, sessions: Mapping[str, Session], naming: Naming
) -> Session:
    """The session that a study part belongs to: the one that is there, or a new one.

    Raises:
        InputError: the named session holds another study or subject.
    """
    if naming.session in sessions:
        return _same_study(sessions[naming.session], part)
    study = part.study_uid, part.subject
    for session in (s for s in sessions.values() if not naming.session and (s.study_uid, s.subject) == study):
        if session.part == part.part or (not session.part and part.part == session.modality):
            return session
    new = _unlabelled(project, part)
    name = naming.session or session_label(new.subject, new.date, new.modality, sessions)
    if new.id in {session.id for session in sessions.values()}:  # the study is there under another name
        new = replace(new, id=accession_id(project, part.subject, part.study_uid, f"{part.part}/{name}"))
    return replace(new, label=name, scans=(), path=archive.session_path(project, name))


def _unlabelled(project: str, part: StudyPart) -> Session:
    """A new session of a study part, before it has a label and scans of its own."""
    return Session(
        project=project,
        label="",
        id=accession_id(project, part.subject, part.study_uid, part.part),
        subject=part.subject,
        study_uid=part.study_uid,
        part=part.part,
        date=part.instances[0].study_date,
        scans=tuple(Scan("", "", None, i.modality, "", 1) for i in part.instances),
        path=Path(),
    )


def label_of(part: StudyPart, used: Iterable[str]) -> str:
    """The label that a new session of a study part gets, where the labels in `used` are taken."""
    new = _unlabelled("", part)
    return session_label(new.subject, new.date, new.modality, used)


def _same_study(session: Session, part: StudyPart) -> Session:
    """A session that was named, if the study is its own; one without a study takes it."""
    if session.subject != part.subject:
        raise InputError("session: the one that is named must be the subject's; it is another subject's.")
    if session.study_uid not in ("", part.study_uid):
        raise InputError("session: the one that is named must hold the same study; it holds another.")
    date = session.date or part.instances[0].study_date
    return replace(session, study_uid=part.study_uid, date=date)
