"""XNAT objects as the Container Service shows them to matchers: Project, Session, Scan, Resource, File, ...

An object is its JSON: scalar keys in the service's words (`scan-type`, `series-description`) and lists of
objects below it (`scans`, `resources`). It is built from our archive, or read from the service's own JSON.

From a folder only what a folder and its record tell is known: database keys (`integer-id`), scanner, quality
and a file's tags, format, content and checksum are left out, as the service leaves out what is null. A
resource lists the files on disk, where the service lists those of its catalog.

Source: Container Service 3.7, package ``org.nrg.containers.model.xnat``.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Literal, get_args

from pydantic import JsonValue

from sarcoma_core.archive.folder import is_catalog
from sarcoma_core.archive.store import RESOURCES, Archive, Scan, Session
from sarcoma_core.errors import CommandError

ObjectType = Literal[
    "Project",
    "ProjectAsset",
    "Subject",
    "SubjectAssessor",
    "Session",
    "Scan",
    "Assessor",
    "Resource",
    "File",
]
OBJECT_TYPES: tuple[ObjectType, ...] = get_args(ObjectType)

_BELOW: Mapping[ObjectType, Mapping[str, ObjectType]] = {
    "Project": {"resources": "Resource", "subjects": "Subject", "project-assets": "ProjectAsset"},
    "ProjectAsset": {"resources": "Resource"},
    "Subject": {"sessions": "Session", "resources": "Resource", "subject-assessors": "SubjectAssessor"},
    "SubjectAssessor": {"resources": "Resource"},
    "Session": {"scans": "Scan", "assessors": "Assessor", "resources": "Resource"},
    "Scan": {"resources": "Resource"},
    "Assessor": {"resources": "Resource"},
    "Resource": {"files": "File"},
    "File": {},
}
_INTEGERS = ("integer-id", "frames", "size")


def _anywhere_below(kind: ObjectType) -> frozenset[ObjectType]:
    return frozenset(
        descendant for child in _BELOW[kind].values() for descendant in ({child} | _anywhere_below(child))
    )


_ANYWHERE_BELOW = {kind: _anywhere_below(kind) for kind in OBJECT_TYPES}


class _Lists(Mapping[str, tuple["XnatObject", ...]]):
    """The lists of an object, each read when it is first asked for, and then kept."""

    def __init__(self, read: Mapping[str, Callable[[], tuple["XnatObject", ...]]]) -> None:
        self._read = read
        self._held: dict[str, tuple[XnatObject, ...]] = {}

    def __getitem__(self, key: str) -> tuple["XnatObject", ...]:
        if key not in self._held:
            self._held[key] = self._read[key]()
        return self._held[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read)

    def __len__(self) -> int:
        return len(self._read)

    def __contains__(self, key: object) -> bool:
        return key in self._read


@dataclass(frozen=True)
class XnatObject:
    """One object of an XNAT, and everything below it.

    Args:
        type: which kind of object it is.
        keys: its scalar keys in the service's words; what is not known is not there.
        below: the lists of objects below it, by key; of our archive each is read when it is asked for.
        above: what it belongs to, nearest first, as far as it is known; no part of its JSON.
    """

    type: ObjectType
    keys: Mapping[str, JsonValue]
    below: Mapping[str, tuple["XnatObject", ...]] = field(default_factory=dict)
    above: tuple["XnatObject", ...] = field(default=(), compare=False, repr=False)

    @property
    def uri(self) -> str:
        """Where it is on the server, e.g. `/archive/experiments/XNAT_E00001`; its value as an input."""
        return str(self.keys.get("uri", ""))

    @property
    def label(self) -> str | None:
        """Its label, if it has one."""
        label = self.keys.get("label")
        return label if isinstance(label, str) else None

    @property
    def directory(self) -> Path | None:
        """Its folder in the archive, or the file itself of a File."""
        place = self.keys.get("path" if self.type == "File" else "directory")
        return Path(place) if isinstance(place, str) and place.strip() else None

    def at(self, key: str) -> tuple["JsonValue | tuple[XnatObject, ...]", ...]:
        """What a key of its JSON holds, as a tuple of one; empty when there is no such key."""
        if key in self.below:
            return (self.below[key],)
        if key == "type":
            return (self.type,)
        return (self.keys[key],) if key in self.keys else ()

    def loaded(self) -> "XnatObject":
        """Itself, with every list below it read now rather than when it is asked for."""
        for child in self._down():
            del child
        return self

    @cached_property
    def json(self) -> dict[str, JsonValue]:
        """The object as a matcher sees it."""
        lists: dict[str, JsonValue] = {key: [o.json for o in objects] for key, objects in self.below.items()}
        return {"type": self.type, **self.keys, **lists}

    def without_children(self) -> "XnatObject":
        """Itself with empty lists, as `load-children: false` gives a Project (and nothing else)."""
        return XnatObject(self.type, self.keys, dict.fromkeys(self.below, ()), self.above)

    def lineage(self, other: "XnatObject") -> tuple["XnatObject", ...]:
        """What `other` belongs to, nearest first: from here down to it, then what this belongs to."""
        path = self._path(other)
        if path:
            return (*reversed(path[:-1]), *self.above)
        return next((self.above[n + 1 :] for n, item in enumerate(self.above) if item is other), ())

    def _path(self, other: "XnatObject") -> tuple["XnatObject", ...]:
        if self is other:
            return (self,)
        if other.type not in _ANYWHERE_BELOW[self.type]:
            return ()
        children = (child for objects in self.below.values() for child in objects)
        paths = (child._path(other) for child in children)  # noqa: SLF001  the same class
        return next(((self, *path) for path in paths if path), ())

    def walk(self) -> Iterator["XnatObject"]:
        """Itself, everything below it, everything that it belongs to."""
        yield from self._down()
        yield from self.above

    def _down(self) -> Iterator["XnatObject"]:
        yield self
        for objects in self.below.values():
            for child in objects:
                yield from child._down()  # noqa: SLF001  the same class


def from_json(tree: JsonValue) -> XnatObject:
    """Read an object from the service's own JSON, such as its test fixtures.

    Raises:
        CommandError: it is no object of a known type.
    """
    kind = tree.get("type") if isinstance(tree, dict) else None
    if not isinstance(tree, dict) or kind not in OBJECT_TYPES:
        raise CommandError(f"archive object: type must be one of {', '.join(OBJECT_TYPES)}; found {kind!r}.")
    lists = _BELOW[kind]
    keys = {key: _scalar(key, value) for key, value in tree.items() if key not in lists and key != "type"}
    below = {
        key: tuple(from_json(child) for child in children)
        for key, children in tree.items()
        if key in lists and isinstance(children, list)
    }
    return XnatObject(kind, {key: value for key, value in keys.items() if value is not None}, below)


def _scalar(key: str, value: JsonValue) -> JsonValue:
    """A scalar as the service binds it: whole numbers under the integer keys, texts elsewhere."""
    if key in _INTEGERS:
        return int(value) if isinstance(value, str | int) else None
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def session_object(session: Session) -> XnatObject:
    """A session of our archive, with the subject and the project that it belongs to.

    The archive keeps no accession id of a subject, so its label stands in for it.
    """
    return _session(session, f"/archive/experiments/{session.id}", _above(session))


def project_object(archive: Archive, project: str) -> XnatObject:
    """A project of our archive, with its subjects, their sessions and its own resources.

    Raises:
        ArchiveError: there is no such project.
    """
    by_subject: dict[str, list[Session]] = {}
    for session in archive.sessions(project):
        by_subject.setdefault(session.subject, []).append(session)
    return _project(project, archive.session_path(project, ""), by_subject)


def scan_object(session: Session, scan: str) -> XnatObject:
    """A scan of a session of our archive, with the session and all that it belongs to.

    Raises:
        CommandError: the session has no such scan.
    """
    whole = session_object(session)
    for one in whole.below["scans"]:
        if one.keys["id"] == scan:
            return replace(one, above=(whole, *whole.above))
    raise CommandError(
        f"--scan: must be the id of a scan of session {session.label}; found {scan!r}.",
        hint=f"List them: sarcoma archive list --archive DIR --project {session.project}.",
    )


def _above(session: Session) -> tuple[XnatObject, ...]:
    return _subject(session.subject, session.project, ()), _project(session.project, session.path.parent, {})


def _project(name: str, folder: Path, by_subject: Mapping[str, Sequence[Session]]) -> XnatObject:
    """A project and its own resources; its folder is that of its sessions, as the service mounts it."""
    keys: Mapping[str, JsonValue] = {
        "id": name,
        "label": name,
        "xsiType": "xnat:projectData",
        "uri": f"/archive/projects/{name}",
        "directory": str(folder),
        "title": name,
    }
    below = _Lists(
        {
            "resources": lambda: _resources(folder.parent / RESOURCES, str(keys["uri"])),
            "subjects": lambda: tuple(_subject(s, name, held) for s, held in by_subject.items()),
            "project-assets": tuple,
        }
    )
    return XnatObject("Project", keys, below)


def _subject(label: str, project: str, sessions: Sequence[Session]) -> XnatObject:
    uri = f"/archive/subjects/{label}"
    keys: Mapping[str, JsonValue] = {
        "id": label,
        "label": label,
        "xsiType": "xnat:subjectData",
        "uri": uri,
        "project-id": project,
    }
    below = _Lists(
        {
            "sessions": lambda: tuple(_session(s, f"{uri}/experiments/{s.id}") for s in sessions),
            "resources": tuple,
            "subject-assessors": tuple,
        }
    )
    return XnatObject("Subject", keys, below)


def _session(session: Session, uri: str, above: tuple[XnatObject, ...] = ()) -> XnatObject:
    keys: Mapping[str, JsonValue] = {
        "id": session.id,
        "label": session.label,
        "xsiType": session.xsi_type,
        "uri": uri,
        "directory": str(session.path),
        "project-id": session.project,
        "subject-id": session.subject,
    }
    below = _Lists(
        {
            "scans": lambda: tuple(_scan(scan, session, uri) for scan in session.scans),
            "assessors": lambda: tuple(
                _assessor(folder, session, uri) for folder in _folders(session.path / "ASSESSORS")
            ),
            "resources": lambda: _resources(session.path / "RESOURCES", uri),
        }
    )
    return XnatObject("Session", keys, below, above)


def _scan(scan: Scan, session: Session, parent: str) -> XnatObject:
    uri = f"{parent}/scans/{scan.id}"
    folder = session.path / "SCANS" / scan.id
    keys: dict[str, JsonValue] = {
        "id": scan.id,
        "label": f"{scan.id} - {scan.description}",
        "xsiType": scan.xsi_type,
        "uri": uri,
        "directory": str(folder),
        "scan-type": scan.description,
        "project-id": session.project,
        "session-id": session.id,
        "frames": scan.frames,
        "note": scan.note,
        "modality": scan.modality,
        "series-description": scan.description,
        "uid": scan.uid,
    }
    known = {key: value for key, value in keys.items() if value != ""}
    return XnatObject("Scan", known, _Lists({"resources": lambda: _resources(folder, uri)}))


def _assessor(folder: Path, session: Session, parent: str) -> XnatObject:
    uri = f"{parent}/assessors/{folder.name}"
    keys: Mapping[str, JsonValue] = {
        "id": folder.name,
        "label": folder.name,
        "uri": uri,
        "directory": str(folder),
        "project-id": session.project,
        "session-id": session.id,
    }
    return XnatObject("Assessor", keys, _Lists({"resources": lambda: _resources(folder, uri)}))


def _resources(folder: Path, parent: str) -> tuple[XnatObject, ...]:
    return tuple(_resource(place, parent) for place in _folders(folder))


def _resource(folder: Path, parent: str) -> XnatObject:
    uri = f"{parent}/resources/{folder.name}"
    keys: Mapping[str, JsonValue] = {
        "id": folder.name,
        "label": folder.name,
        "xsiType": "xnat:resourceCatalog",
        "uri": uri,
        "directory": str(folder),
        "parent-uri": parent,
    }
    return XnatObject("Resource", keys, _Lists({"files": lambda: _files(folder, uri)}))


def _files(folder: Path, resource: str) -> tuple[XnatObject, ...]:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not is_catalog(path))
    objects = (_file(path, folder, resource) for path in files)
    return tuple(file for file in objects if file is not None)


def _file(path: Path, folder: Path, resource: str) -> XnatObject | None:
    """A file; None when it has gone since it was listed."""
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        return None
    name = path.relative_to(folder).as_posix()
    keys: Mapping[str, JsonValue] = {
        "label": name,
        "uri": f"{resource}/files/{name}",
        "name": name,
        "path": str(path),
        "size": size,
    }
    return XnatObject("File", keys)


def _folders(place: Path) -> tuple[Path, ...]:
    """The folders in a place, by name; those of an upload still under way start with a dot."""
    if not place.is_dir():
        return ()
    return tuple(sorted(p for p in place.iterdir() if p.is_dir() and not p.name.startswith(".")))
