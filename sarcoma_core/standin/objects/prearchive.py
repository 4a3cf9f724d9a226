"""The prearchive: where sessions wait between their upload and the archive.

Each upload is an archive of its own, `.prearchive/projects/PROJECT/TIMESTAMP`, so one code files both. Every
import goes through it, as in XNAT: what cannot be archived stays here with its status. The texts of refusals
are those of XNAT 1.8 (`PrearcSessionArchiver`, `MergeSessionsA`, `Archiver`, `PrearcSessionResource`); how a
conflict is found, and that a session in conflict keeps waiting, is our reading of them.
"""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

from sarcoma_core.archive.catalog import read_catalog
from sarcoma_core.archive.importing import ImportReport, Naming, import_folder
from sarcoma_core.archive.store import Archive, Session
from sarcoma_core.errors import InputError, OutputError
from sarcoma_core.standin.answers import Refusal
from sarcoma_core.standin.objects.tree import Change, Tree

Overwrite = Literal["none", "append", "delete"]
"""What happens to a session that is there: refuse; add what is new; add, and replace what is there."""

READY, CONFLICT, ERROR = "READY", "CONFLICT", "ERROR"
ARCHIVING, BUILDING, MOVING, DELETING = "ARCHIVING", "BUILDING", "MOVING", "DELETING"
_BUSY = (ARCHIVING, BUILDING, MOVING, DELETING)
_KIND = "prearchive"

PRE_EXISTS = "Session already exists, retry with overwrite enabled"
HAS_FILES = "Session already exists with matching files."
SUBJECT_MOD = "Invalid modification of session subject via archive process."
UID_MOD = "Invalid modification of session UID via archive process."
MODALITY_MOD = (
    "Invalid modification of session modality via archive process.  Data may require a manual merge."
)
IN_PROGRESS = "Operation already in progress on this prearchive entry."


@dataclass(frozen=True)
class Entry:
    """One session in the prearchive.

    Args:
        project: id of its project.
        timestamp: when its upload came, as XNAT writes it; part of its name.
        name: session label, which is also its folder's name.
        subject: subject label.
        tag: StudyInstanceUID.
        status: XNAT's word: `READY`, `CONFLICT`, `ERROR`, or what is being done with it.
        scan_date: StudyDate as YYYY-MM-DD, or empty.
        uploaded: when it came, `YYYY-MM-DD HH:MM:SS.mmm`.
        lastmod: when it changed last.
    """

    project: str
    timestamp: str
    name: str
    subject: str
    tag: str
    status: str
    scan_date: str
    uploaded: str
    lastmod: str

    @property
    def key(self) -> str:
        """What names it: project, timestamp and name."""
        return f"{self.project}/{self.timestamp}/{self.name}"

    @property
    def uri(self) -> str:
        """Its URI, without `/data`."""
        return f"/prearchive/projects/{self.key}"


class Prearchive:
    """The sessions that wait.

    Args:
        tree: the server's objects; sessions are archived there.
        clock: seconds since 1970.
    """

    def __init__(self, tree: Tree, clock: Callable[[], float] = time.time) -> None:
        self._tree = tree
        self._documents = tree.documents
        self._root = tree.archive.root / ".prearchive"
        self._clock = clock

    @property
    def incoming(self) -> Path:
        """A folder for uploads on their way in, on the archive's disk."""
        folder = self._root / "incoming"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def entries(self, project: str | None = None) -> tuple[Entry, ...]:
        """The sessions that wait, the oldest first."""
        entries = (Entry(**kept) for kept in self._documents.all(_KIND).values())
        return tuple(entry for entry in entries if project in (None, entry.project))

    def entry(self, project: str, timestamp: str, name: str) -> Entry:
        """One session that waits.

        Raises:
            Refusal: 404, there is none.
        """
        kept = self._documents.get(_KIND, f"{project}/{timestamp}/{name}")
        if kept is None:
            raise Refusal(404, "Invalid prearchive session: there is none of this URI.")
        return Entry(**kept)

    def session(self, entry: Entry) -> Session:
        """What waits, as a session of an archive of its own.

        Raises:
            Refusal: 404, its folder is gone.
        """
        session = self._place(entry).labelled(entry.project, entry.name)
        if session is None:
            raise Refusal(404, "Invalid prearchive session: its folder is gone.")
        return session

    def receive(
        self, project: str, source: Path, *, naming: Naming, ignore_unparsable: bool = False
    ) -> tuple[Entry, ...]:
        """Take the DICOM below a folder in; all of it, or nothing.

        More of a study that waits under the same name joins it, as in XNAT.

        Args:
            project: id of the project.
            source: the folder.
            naming: labels that the upload gave.
            ignore_unparsable: leave out what is not DICOM, instead of refusing the whole.

        Raises:
            Refusal: 404, no such project; 400, there is no DICOM, or something else as well.
        """
        self._require_project(project)
        timestamp = self._new_timestamp(project)
        place = Archive(self._folder(project, timestamp))
        try:
            sessions = _sessions_of(
                _import(place, project, source, naming), ignore_unparsable=ignore_unparsable
            )
            with self._tree.lock(project):
                return tuple(self._wait(session, timestamp) for session in sessions)
        finally:
            self._sweep(project, timestamp)

    def _wait(self, session: Session, timestamp: str) -> Entry:
        """Put a session that came among those that wait: to its own, or as one more."""
        for earlier in self.entries(session.project):
            same = (earlier.tag, earlier.name) == (session.study_uid, session.label)
            if same and earlier.status not in _BUSY:
                naming = Naming(earlier.subject, earlier.name, replacing=True)
                _import(self._place(earlier), session.project, session.path, naming)
                return self._put(replace(earlier, status=self._status_of(session)))
        now = self._now()
        entry = Entry(
            project=session.project,
            timestamp=timestamp,
            name=session.label,
            subject=session.subject,
            tag=session.study_uid,
            status=self._status_of(session),
            scan_date="-".join(filter(None, (session.date[:4], session.date[4:6], session.date[6:]))),
            uploaded=now,
            lastmod=now,
        )
        return self._put(entry)

    def _status_of(self, session: Session) -> str:
        held = self._tree.archive.labelled(session.project, session.label)
        return CONFLICT if held else READY

    def archive(
        self,
        entry: Entry,
        *,
        project: str = "",
        subject: str = "",
        label: str = "",
        overwrite: Overwrite = "none",
    ) -> Session:
        """Move a session into the archive.

        Args:
            entry: what waits.
            project: where to; its own project when empty.
            subject: subject label; its own when empty.
            label: session label; its own when empty.
            overwrite: what happens to a session of that label.

        Raises:
            Refusal: 409, a conflict, after which it waits with that status; 403, something is being done with
                it; 404, no such project.
        """
        project, label = project or entry.project, label or entry.name
        self._require_project(project)
        with self._doing(entry, ARCHIVING), self._tree.lock(project):
            new = self.session(entry)
            naming = Naming(subject or entry.subject, label, replacing=overwrite == "delete")
            held = self._tree.archive.labelled(project, label)
            if held:
                _require_no_conflict(held, new, naming.subject, overwrite)
            (archived,) = _import(self._tree.archive, project, new.path, naming).sessions
            self._forget(entry)
        self._tree.tell(Change("SessionEvent", "UPDATED" if held else "CREATED", archived))
        return archived

    def build(self, entry: Entry) -> Entry:
        """Look at a session again: what is in its way, and what it holds.

        Raises:
            Refusal: 403, something is being done with it.
        """
        with self._doing(entry, BUILDING):
            session = self.session(entry)
        return self._put(replace(entry, status=self._status_of(session)))

    def move(self, entry: Entry, project: str) -> Entry:
        """Move a session to the prearchive of another project.

        Raises:
            Refusal: 404, no such project; 403, something is being done with it.
        """
        self._require_project(project)
        with self._doing(entry, MOVING):
            timestamp = self._new_timestamp(project)
            naming = Naming(entry.subject, entry.name)
            place = Archive(self._folder(project, timestamp))
            (moved,) = _import(place, project, self.session(entry).path, naming).sessions
            self._forget(entry)
        status = self._status_of(moved)
        return self._put(replace(entry, project=project, timestamp=timestamp, status=status))

    def delete(self, entry: Entry) -> None:
        """Delete a session that waits.

        Raises:
            Refusal: 403, something is being done with it.
        """
        with self._doing(entry, DELETING):
            self._forget(entry)

    @contextmanager
    def _doing(self, entry: Entry, status: str) -> Iterator[None]:
        """Keep everybody else from an entry; when it fails, the entry says so."""
        with self._documents.lock:
            now = self.entry(entry.project, entry.timestamp, entry.name)
            if now.status in _BUSY:
                raise Refusal(403, IN_PROGRESS)
            self._put(replace(now, status=status))
        try:
            yield
        except Refusal as refused:
            self._put(replace(now, status=CONFLICT if refused.status == 409 else ERROR))  # noqa: PLR2004
            raise
        except BaseException:
            self._put(replace(now, status=ERROR))
            raise

    def _put(self, entry: Entry) -> Entry:
        changed = replace(entry, lastmod=self._now())
        self._documents.put(_KIND, entry.key, asdict(changed))
        return changed

    def _forget(self, entry: Entry) -> None:
        place = self._place(entry)
        if session := place.labelled(entry.project, entry.name):
            place.remove(session)
        self._documents.delete(_KIND, entry.key)
        self._sweep(entry.project, entry.timestamp)

    def _sweep(self, project: str, timestamp: str) -> None:
        """Delete an upload's folder when none of its sessions waits."""
        if not any(e.timestamp == timestamp for e in self.entries(project)):
            shutil.rmtree(self._folder(project, timestamp), ignore_errors=True)

    def _require_project(self, project: str) -> None:
        if project not in self._tree.archive.projects():
            raise Refusal(404, f"Project {project} does not exist.")

    def _folder(self, project: str, timestamp: str) -> Path:
        # Below `projects`: a folder named `database` here would make the prearchive look like a project.
        return self._root / "projects" / project / timestamp

    def _place(self, entry: Entry) -> Archive:
        return Archive(self._folder(entry.project, entry.timestamp))

    def _new_timestamp(self, project: str) -> str:
        """A timestamp that no other upload of the project has, and its folder."""
        millisecond = int(self._clock() * 1000)
        while True:
            timestamp = (
                time.strftime("%Y%m%d_%H%M%S", time.gmtime(millisecond / 1000)) + f"{millisecond % 1000:03}"
            )
            try:
                self._folder(project, timestamp).mkdir(parents=True)
            except FileExistsError:
                millisecond += 1
            else:
                return timestamp

    def _now(self) -> str:
        seconds = self._clock()
        return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds)) + f".{int(seconds * 1000) % 1000:03}"


def _import(archive: Archive, project: str, source: Path, naming: Naming) -> ImportReport:
    """Import a folder; what stands against it is an answer.

    Raises:
        Refusal: 400, it cannot be imported; 503, not now.
    """
    try:
        return import_folder(archive, project, source, naming=naming)
    except InputError as error:
        raise Refusal(400, error.message) from None
    except OutputError as error:
        raise Refusal(503, error.message) from None


def _sessions_of(report: ImportReport, *, ignore_unparsable: bool) -> tuple[Session, ...]:
    """The sessions of an upload.

    Raises:
        Refusal: 400, it holds no DICOM, or other files as well; told without their names.
    """
    reasons = report.reasons()
    if not ignore_unparsable and reasons:
        reason, count = reasons.most_common(1)[0]
        raise Refusal(400, f"unable to read DICOM object: {count} of {len(report.files)} files: {reason}")
    if not report.sessions:
        raise Refusal(400, "Uploaded content did not include any DICOM.")
    return report.sessions


def _require_no_conflict(held: Session, new: Session, subject: str, overwrite: Overwrite) -> None:
    """Check that a session may join the one of its label.

    Raises:
        Refusal: 409, in XNAT's words.
    """
    if overwrite == "none":
        raise Refusal(409, PRE_EXISTS)
    if held.xsi_type != new.xsi_type:
        raise Refusal(409, MODALITY_MOD)
    if held.subject != subject:
        raise Refusal(409, f"{SUBJECT_MOD}: {held.label} Already Exists for another Subject")
    if held.study_uid not in ("", new.study_uid):
        raise Refusal(409, UID_MOD)
    if overwrite == "append" and _files(held) & _files(new):
        raise Refusal(409, HAS_FILES)


def _files(session: Session) -> frozenset[tuple[str, str]]:
    """SOPInstanceUID and MD5 of a session's files, from its catalogs.

    Ours: XNAT compares names of files in a scan. One UID with other bytes is no match here, for the archive
    keeps both, the newcomer in a scan of its own.
    """
    folders = (session.path / "SCANS" / scan.id / "DICOM" for scan in session.scans)
    catalogs = (folder / f"scan_{folder.parent.name}_catalog.xml" for folder in folders)
    return frozenset(
        (entry.uid, entry.digest) for path in catalogs for entry in read_catalog(path) if entry.uid
    )
