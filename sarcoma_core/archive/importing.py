"""Import a folder tree of DICOM into an archive: any nesting, any extension, mixed with other files.

Importing again changes nothing. A file that cannot be taken is listed with its reason and stops no other.
"""

import os
import re
import shutil
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from sarcoma_core.archive.catalog import CatalogEntry, md5, read_catalog, write_dicom_catalog
from sarcoma_core.archive.folder import natural
from sarcoma_core.archive.instance import Instance, read_instance
from sarcoma_core.archive.placing import (
    SeriesKey,
    StudyPart,
    group_series,
    label,
    new_scan_ids,
    session_label,
    split_studies,
    suffixed,
)
from sarcoma_core.archive.store import Archive, Scan, Session, accession_id
from sarcoma_core.errors import DicomError, InputError, OutputError

Fate = Literal["imported", "duplicate", "rejected"]
Track = Callable[[Sequence[Path], str], Iterable[Path]]
"""Shows progress over a sequence; `untracked` shows none."""


@dataclass(frozen=True)
class FileFate:
    """What became of one file.

    Args:
        path: the file, below the imported folder.
        fate: `imported`, `duplicate` (already there, same bytes) or `rejected`.
        reason: why a file was rejected; what is special about an imported one; may be empty.
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
        OutputError: the archive is read-only or full; what was imported so far is whole, and importing
            again goes on from there.
    """
    if not source.is_dir():
        raise InputError("FOLDER: must be a folder of DICOM files; found none there.", hint="Check the path.")
    if project != label(project):
        raise InputError(
            f"--project: must be letters, digits, _ or - only; found {project!r}.",
            hint=f"Use --project {label(project)}.",
        )
    fates: dict[Path, tuple[Fate, str]] = {}
    instances = []
    for path in track(tuple(_walk(source, archive.root)), "reading"):
        try:
            instances.append(read_instance(path))
        except DicomError as error:
            fates[path] = "rejected", str(error)
        except OSError as error:
            fates[path] = "rejected", f"cannot be opened ({error.strerror})"
    try:
        (archive.root / project / "database").mkdir(parents=True, exist_ok=True)
        sessions, taken = _take(archive, project, instances, track)
        told = {path.relative_to(source).as_posix(): fate for path, fate in (fates | taken).items()}
        report = ImportReport(tuple(FileFate(path, *told[path]) for path in sorted(told)), sessions)
        _write_log(report, log_path(archive, project))
    except OSError as error:
        raise OutputError(
            f"--archive: must be writable and have space; found: {error.strerror}.",
            hint="Make room or change its rights, then run the same import again: it goes on from there.",
        ) from error
    return report


def log_path(archive: Archive, project: str) -> Path:
    """Where the latest import of a project is told file by file; it stays with the data."""
    return archive.root / project / "database" / "import.tsv"


def _write_log(report: ImportReport, path: Path) -> None:
    lines = (f"{f.fate}\t{f.path}\t{f.reason}\n" for f in report.files)
    path.write_text("fate\tfile\treason\n" + "".join(lines), encoding="utf-8", errors="surrogateescape")


def _walk(source: Path, archive: Path) -> Iterator[Path]:
    """Every file in a stable order; links to folders are not followed, the archive itself is left out."""
    inside = archive.resolve()
    for folder, names, files in os.walk(source):
        names[:] = sorted(n for n in names if (Path(folder) / n).resolve() != inside)
        yield from (path for name in sorted(files) if (path := Path(folder) / name).is_file())


def _take(
    archive: Archive, project: str, instances: Sequence[Instance], track: Track
) -> tuple[tuple[Session, ...], dict[Path, tuple[Fate, str]]]:
    sessions = {s.label: s for s in archive.sessions(project)}
    known: dict[str, dict[str, str]] = defaultdict(dict)
    for session in sessions.values():
        known[session.study_uid] |= {scan.uid: scan.modality for scan in session.scans}
    fates: dict[Path, tuple[Fate, str]] = {}
    touched = []
    with tempfile.TemporaryDirectory(prefix=".import-", dir=archive.root / project) as aside:
        for part in split_studies(instances, known):
            session = _session_for(archive, project, part, sessions)
            filing = _Filing(session, Path(aside))
            paths = tuple(i.path for i in part.instances)
            placed = dict(zip(paths, filing.place(part.instances), strict=True))
            for path in track(paths, session.label):
                fates[path] = filing.file(path, *placed[path])
            sessions[session.label] = filing.finish()
            archive.write(sessions[session.label])
            touched.append(session.label)
    return tuple(sessions[name] for name in sorted(touched, key=natural)), fates


def _session_for(archive: Archive, project: str, part: StudyPart, sessions: Mapping[str, Session]) -> Session:
    """The session that a study part belongs to: the one that is there, or a new one."""
    of_study = [s for s in sessions.values() if s.study_uid == part.study_uid]
    for session in of_study:
        if session.part == part.part or (not session.part and part.part == session.modality):
            return session
    first = part.instances[0]
    new = Session(
        project=project,
        label="",
        id=accession_id(project, part.study_uid, part.part),
        subject=label(first.patient_id),
        study_uid=part.study_uid,
        part=part.part,
        date=first.study_date,
        scans=tuple(Scan("", "", None, i.modality, "", 1) for i in part.instances),
        path=archive.root,
    )
    name = session_label(new.subject, new.date, new.modality, sessions)
    return replace(new, label=name, scans=(), path=archive.session_path(project, name))


class _Filing:
    """Files the instances of one session: decides the scan of each, then copies them one by one."""

    def __init__(self, session: Session, aside: Path) -> None:
        self.session = session
        self.aside = aside
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

    def file(self, path: Path, instance: Instance, key: SeriesKey) -> tuple[Fate, str]:
        """Copy one instance to its scan, unless the same bytes are there."""
        candidates = [s.id for s in self.scans.values() if (s.uid, s.number) == key]
        digest = md5(path)
        reason = ""
        for scan in candidates:
            held = self.entries[scan].get(instance.sop_uid)
            if held is None:
                break
            if held.digest == digest:
                return "duplicate", ""
        else:
            number = "0" if key[1] is None else str(key[1])
            scan = suffixed(number, instance.modality, self.scans)
            note = f"SOP instances that scan {candidates[0]} holds with other content"
            self._open(scan, instance, note)
        if self.scans[scan].note:
            reason = f"same SOPInstanceUID as in scan {candidates[0]}, other content: kept as scan {scan}"
        self._copy(path, scan, instance, digest)
        return "imported", reason

    def _copy(self, path: Path, scan: str, instance: Instance, digest: str) -> None:
        name = instance.sop_uid if re.fullmatch(r"[0-9.]{1,64}", instance.sop_uid) else digest
        partial = self.aside / "partial"
        shutil.copyfile(path, partial)
        folder = self._folder(scan)
        folder.mkdir(parents=True, exist_ok=True)
        partial.replace(folder / f"{name}.dcm")
        self.entries[scan][instance.sop_uid] = CatalogEntry(
            f"{name}.dcm", digest, instance.sop_uid, instance.instance_number
        )
        self.scans[scan] = replace(self.scans[scan], frames=self.scans[scan].frames + instance.frames)

    def finish(self) -> Session:
        """Write the catalogs; the session as it is now."""
        for scan in self.scans.values():
            write_dicom_catalog(self._catalog(scan.id), scan.uid, self.entries[scan.id].values())
        ordered = sorted(self.scans.values(), key=lambda s: natural(s.id))
        return replace(self.session, scans=tuple(ordered))
