"""An XNAT-shaped archive in a folder: projects, subjects, sessions, scans, resources.

    <archive>/<project>/arc001/<session label>/SCANS/<scan id>/DICOM/...
                                              /RESOURCES/<label>/...
                                              /ASSESSORS/<label>/...
    <archive>/<project>/resources/<label>/...             of the project itself
    <archive>/<project>/subjects/<subject label>/<label>/...
    <archive>/<project>/database/<session label>.json     what XNAT keeps in its database

The session folder holds what a step's mount holds on a real server, and nothing else. A session is what has a
record in `database/`, and a project what has that folder: no other folder is taken for one.
"""

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from sarcoma_core.archive.catalog import write_catalog
from sarcoma_core.archive.folder import natural
from sarcoma_core.archive.newest import resource
from sarcoma_core.archive.swapping import put_in_place
from sarcoma_core.errors import ArchiveError, OutputError
from sarcoma_core.text import counted

RESOURCES = "resources"
"""The folder of a project's own resources."""

_SESSION_TYPES = {
    "PT": "xnat:petSessionData",
    "MR": "xnat:mrSessionData",
    "CT": "xnat:ctSessionData",
    "US": "xnat:usSessionData",
    "CR": "xnat:crSessionData",
    "DX": "xnat:dxSessionData",
    "SM": "xnat:smSessionData",
}
"""In order of precedence: a PET/CT study is a PET session, as in XNAT."""

_SCAN_TYPES = {
    "PT": "xnat:petScanData",
    "MR": "xnat:mrScanData",
    "CT": "xnat:ctScanData",
    "US": "xnat:usScanData",
    "CR": "xnat:crScanData",
    "DX": "xnat:dxScanData",
    "SM": "xnat:smScanData",
    "SEG": "xnat:segScanData",
    "SR": "xnat:srScanData",
    "RTSTRUCT": "xnat:rtImageScanData",
}


@dataclass(frozen=True)
class Scan:
    """One series: SeriesInstanceUID and SeriesNumber together are its identity.

    Args:
        id: the scan id: the series number, with `-<modality><n>` where several series share it.
        uid: SeriesInstanceUID.
        number: SeriesNumber, or None.
        modality: DICOM Modality.
        description: SeriesDescription, which is also XNAT's scan `type`.
        frames: number of frames.
        note: what the import has to say of it.
    """

    id: str
    uid: str
    number: int | None
    modality: str
    description: str
    frames: int
    note: str = ""

    @property
    def xsi_type(self) -> str:
        """The XNAT data type."""
        return _SCAN_TYPES.get(self.modality, "xnat:otherDicomScanData")


def modality_of(xsi_type: str) -> str:
    """The modality whose scans have this XNAT data type; `OT` when there is none."""
    return next((modality for modality, known in _SCAN_TYPES.items() if known == xsi_type), "OT")


@dataclass(frozen=True)
class Session:
    """One study of one subject (or its PET or MR part).

    Args:
        project: project id.
        label: session label, unique in its project.
        id: accession id, unique in the archive.
        subject: subject label; sessions of one study and different subjects are different sessions.
        study_uid: StudyInstanceUID.
        part: `MR` or `PT` when the study mixed them and was split, else empty.
        date: StudyDate as YYYYMMDD, or empty.
        scans: its scans, in natural order of their ids.
        path: the session's folder.
        declared_type: the XNAT data type that a client gave it; empty when its scans tell.
    """

    project: str
    label: str
    id: str
    subject: str
    study_uid: str
    part: str
    date: str
    scans: tuple[Scan, ...]
    path: Path
    declared_type: str = ""

    @property
    def modality(self) -> str:
        """The modality that names the session's type."""
        held = {scan.modality for scan in self.scans}
        declared = (m for m, xsi_type in _SESSION_TYPES.items() if xsi_type == self.declared_type)
        return next((m for m in _SESSION_TYPES if m in held), next(declared, "OT"))

    @property
    def xsi_type(self) -> str:
        """The XNAT data type."""
        return self.declared_type or _SESSION_TYPES.get(self.modality, "xnat:otherDicomSessionData")

    def resource(self, label: str) -> Path:
        """The folder of a session resource, which need not be there."""
        return resource(self.path, label)


class Archive:
    """An archive folder.

    Args:
        root: the folder; it need not exist until something is imported.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._read_before: dict[Path, tuple[tuple[int, int], Session]] = {}

    def projects(self) -> tuple[str, ...]:
        """Ids of the projects, sorted."""
        return tuple(sorted(p.parent.name for p in self.root.glob("*/database") if p.is_dir()))

    def sessions(self, project: str) -> tuple[Session, ...]:
        """The sessions of a project, in natural order of their labels.

        Raises:
            ArchiveError: there is no such project, or a session's record cannot be read.
        """
        if not self.root.is_dir():
            raise ArchiveError(
                "--archive: must be a folder; found none there.",
                hint="Check the path. To make it: sarcoma archive import FOLDER --archive DIR --project ID",
            )
        if project not in self.projects():
            known = ", ".join(self.projects()) or "none"
            raise ArchiveError(
                f"--project: must be in the archive; found {project!r}, known: {known}.",
                hint="Import it: sarcoma archive import FOLDER --archive DIR --project NAME.",
            )
        files = sorted((self.root / project / "database").glob("*.json"), key=lambda p: natural(p.stem))
        return tuple(self._read(project, path) for path in files)

    def session(self, project: str, label: str) -> Session:
        """One session, by label or accession id.

        Raises:
            ArchiveError: there is no such project or session.
        """
        if (session := self.labelled(project, label)) is not None:
            return session
        sessions = self.sessions(project)
        for session in sessions:
            if label == session.id:
                return session
        raise ArchiveError(
            f"--session: must be in project {project!r}; found {label!r}, "
            f"it has {counted(len(sessions), 'session')}.",
            hint=f"List them: sarcoma archive list --archive DIR --project {project}.",
        )

    def labelled(self, project: str, label: str) -> Session | None:
        """One session by its label, without a look at the others; None when there is none.

        Raises:
            ArchiveError: its record cannot be read.
        """
        path = self._record(project, label)
        return self._read(project, path) if path.is_file() else None

    def _record(self, project: str, label: str) -> Path:
        return self.root / project / "database" / f"{label}.json"

    def _read(self, project: str, path: Path) -> Session:
        try:
            # A record is never changed in place, so a file that is still the same needs no second reading:
            # a server looks up its sessions with every request.
            state = path.stat()
            stamp = state.st_ino, state.st_ctime_ns
            held = self._read_before.get(path)
            if held is None or held[0] != stamp:
                raw = json.loads(path.read_text(encoding="utf-8"))
                scans = tuple(Scan(**scan) for scan in raw.pop("scans"))
                place = self.session_path(project, raw["label"])
                held = stamp, Session(**raw, project=project, scans=scans, path=place)
                self._read_before[path] = held
            return held[1]
        except OSError as error:
            raise ArchiveError(
                f"archive: the record of a session of project {project!r} must be readable; "
                f"one cannot be opened ({error.strerror}).",
                hint="Give yourself the right to read what is below database/.",
            ) from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ArchiveError(
                f"archive: the record of a session of project {project!r} must be readable; one is damaged.",
                hint="Import its DICOM again after deleting that record below database/.",
            ) from None

    def session_path(self, project: str, label: str) -> Path:
        """Where a session's files are."""
        return self.root / project / "arc001" / label

    def resources_path(self, project: str) -> Path:
        """Where a project's own resources are."""
        return self.root / project / RESOURCES

    def write(self, session: Session) -> None:
        """Record a session: new, or in the place of its earlier record.

        Raises:
            OSError: the disk is full or read-only.
        """
        raw = asdict(session)
        del raw["project"], raw["path"]
        path = self._record(session.project, session.label)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps(raw, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        partial.replace(path)

    def relabel(self, session: Session, label: str) -> Session:
        """Give a session another label, which no session of its project has.

        Raises:
            OSError: the disk is read-only, or a folder of that label is in the way.
        """
        renamed = replace(session, label=label, path=self.session_path(session.project, label))
        if session.path.is_dir():
            session.path.rename(renamed.path)
        self.write(renamed)
        self._record(session.project, session.label).unlink()
        return renamed

    def remove(self, session: Session, *, files: bool = True) -> None:
        """Forget a session, and delete its files.

        Raises:
            OSError: the disk is read-only.
        """
        self._record(session.project, session.label).unlink(missing_ok=True)
        if files and session.path.is_dir():
            shutil.rmtree(session.path)

    @staticmethod
    def put_resources(place: Path, sources: Mapping[str, Path]) -> None:
        """Move folders to be resources of an object, whole, each in the place of an earlier one: all or none.

        Args:
            place: the folder that holds the object's resources, one folder for each label.
            sources: the folder of each label, on the archive's disk.

        Raises:
            OSError: the disk is full or read-only; the earlier resources are then still there.
        """
        place.mkdir(parents=True, exist_ok=True)
        for label, source in sources.items():
            write_catalog(source, label, resource_label=label)
        put_in_place({source: place / label for label, source in sources.items()})


def unwritable(error: OSError, *, again: str) -> OutputError:
    """An archive that cannot be written, in words.

    Args:
        error: what the file system said.
        again: what to do once there is room.
    """
    return OutputError(
        f"--archive: must be writable and have space; found: {error.strerror}.",
        hint=f"Make room or change its rights, then run the same {again}.",
    )


def accession_id(project: str, subject: str, study_uid: str, part: str) -> str:
    """An accession id that a repeated import gives again."""
    identity = f"{project}/{subject}/{study_uid}/{part}"
    return "SARCOMA_E" + hashlib.sha256(identity.encode()).hexdigest()[:10].upper()
