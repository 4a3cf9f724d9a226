"""Make and change objects: what a PUT on a project, subject, session, scan or assessor does."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from sarcoma_core.archive.folder import natural
from sarcoma_core.archive.store import Scan, Session, modality_of
from sarcoma_core.standin.access import set_member
from sarcoma_core.standin.answers import Refusal
from sarcoma_core.standin.fields import full_path
from sarcoma_core.standin.items import Item
from sarcoma_core.standin.names import require_label
from sarcoma_core.standin.places import Place
from sarcoma_core.standin.said import made_now
from sarcoma_core.standin.tree import Change, Tree
from sarcoma_core.standin.types import ASSESSOR_TYPES, DEFAULT_TYPE, SCAN_TYPES, SESSION_TYPES

_NO_FIELDS = frozenset(
    "xsitype req_format format event_reason event_type event_action event_id xnat_csrf allowdatadeletion activate "
    "quarantine pulldatafromheaders fixscantypes triggerpipelines inbody removefiles primary overwrite".split()
)
"""Query parameters that say how, not what."""
_FIELD_PATH = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*(\[[^\[\]/<>&\"']*\])?(/[A-Za-z_][A-Za-z0-9_.-]*(\[[^\[\]<>&\"']*\])?)*")
_LONGEST_VALUE = 10_000
_BAD, _GONE, _CONFLICT = 400, 404, 409
_TYPES = {"experiment": SESSION_TYPES, "scan": SCAN_TYPES, "assessor": ASSESSOR_TYPES}


class Put(NamedTuple):
    """What a PUT did: the object's id, and whether it is new."""

    id: str
    created: bool


def put_object(tree: Tree, place: Place, query: Mapping[str, str], login: str) -> Put:
    """Make the object that a path names, or change it.

    Args:
        tree: the objects.
        place: what the path is about.
        query: the type and the fields.
        login: who asks.

    Raises:
        Refusal: 400, a label, type, field or value is not legal; 404, it cannot be made here; 409, the label is
            taken.
    """
    fields = _fields(place, query)
    xsi_type = _type(place, query.get("xsiType", ""))
    exact = next((i for i in place.items if i.is_called(place.name)), None)
    if place.kind == "project":
        return _project(tree, place.name, fields, login)
    if place.kind == "subject":
        return _subject(tree, place, exact, fields, login)
    if place.kind == "experiment":
        return _experiment(tree, place, exact, fields, xsi_type, login)
    if place.above is None:
        raise Refusal(_GONE, f"Unable to find the session of this {place.kind}.")
    session = place.above.held_session
    if place.kind == "scan":
        return _scan(tree, session, place.name, fields, xsi_type, login)
    known = exact.xsi_type if exact and "xsiType" not in query else xsi_type
    label = exact.label if exact else place.name
    fields.pop("label", None)
    added = tree.add_assessor(session, label=label, xsi_type=known, fields=fields, by=login)
    return Put(added.id, created=exact is None)


def _fields(place: Place, query: Mapping[str, str]) -> dict[str, str]:
    """The fields of a query, by their path below the object."""
    fields = {full_path(place.kind, k): v for k, v in query.items() if k.lower() not in _NO_FIELDS}
    for path, value in fields.items():
        if not _FIELD_PATH.fullmatch(path):
            raise Refusal(_BAD, f"Unknown field {path[:100]!r}.")
        if len(value) > _LONGEST_VALUE or not all(c.isprintable() or c in "\r\n\t" for c in value):
            raise Refusal(_BAD, f"Value of {path} must be text of at most {_LONGEST_VALUE} characters.")
    return fields


def _type(place: Place, wanted: str) -> str:
    """The type of an object, in the schema's spelling."""
    known = (*_TYPES.get(place.kind, ()), DEFAULT_TYPE[place.kind])
    if not wanted:
        return DEFAULT_TYPE[place.kind]
    for name in known:
        if name.lower() == wanted.lower():
            return name
    raise Refusal(_BAD, f"xsiType must be one of {', '.join(known)}; found {wanted[:100]}.")


def _project(tree: Tree, name: str, fields: Mapping[str, str], login: str) -> Put:
    created = name not in tree.archive.projects()
    if created:
        folder = tree.archive.root / require_label(name, "Project id")
        (folder / "database").mkdir(parents=True)
        set_member(tree.documents, name, login, "Owners")
    told = made_now(login) if created else tree.said("project", name)
    tree.say(told.changed({k: v for k, v in fields.items() if k != "ID"}), "project", name)
    return Put(name, created)


def _subject(tree: Tree, place: Place, exact: Item | None, fields: dict[str, str], login: str) -> Put:
    project = exact.project if exact else place.above.id if place.above else fields.get("project", "")
    if project not in tree.archive.projects():
        raise Refusal(_GONE, "A subject is made in a project that is there.")
    with tree.lock(project):
        label = exact.label if exact else place.name
        wanted = fields.get("label", label) if exact else label
        subject = tree.subjects.ensure(project, label, login)
        if wanted != label:
            if tree.subjects.find(wanted, project):
                raise Refusal(_CONFLICT, "Label already in use by another subject of the project.")
            _move_folder(tree, project, label, require_label(wanted, "Subject label"))
            subject = tree.subjects.relabel(subject, wanted)
        kept = {k: v for k, v in fields.items() if k not in ("ID", "label", "project")}
        tree.subjects.keep(replace(subject, said=subject.said.changed(kept)))
    return Put(subject.id, created=exact is None)


def _move_folder(tree: Tree, project: str, label: str, wanted: str) -> None:
    """Resources of a subject follow its label."""
    place = tree.archive.root / project / "subjects"
    if (place / label).is_dir():
        (place / label).rename(place / wanted)
        tree.resources.moved(place / label, place / wanted)


def _experiment(
    tree: Tree, place: Place, exact: Item | None, fields: dict[str, str], xsi_type: str, login: str
) -> Put:
    if exact and exact.kind == "assessor":
        raise Refusal(_BAD, "An assessor is changed below its session.")
    above = place.above
    project = exact.project if exact else above.project if above else fields.get("project", "")
    if project not in tree.archive.projects():
        raise Refusal(_GONE, "A session is made in a project that is there.")
    with tree.lock(project):
        if exact:
            session = _changed(tree, exact.held_session, fields, login)
            kept = tree.said("experiment", session.id)
        else:
            session = _made(tree, place, project, fields, xsi_type, login)
            kept = made_now(login)
        rest = {k: v for k, v in fields.items() if k not in ("ID", "label", "project", "subject_ID", "date", "UID")}
        tree.say(kept.changed(rest), "experiment", session.id)
    if not exact or fields:
        tree.tell(Change("SessionEvent", "UPDATED" if exact else "CREATED", session))
    return Put(session.id, created=exact is None)


def _made(
    tree: Tree, place: Place, project: str, fields: Mapping[str, str], xsi_type: str, login: str
) -> Session:
    label = require_label(place.name, "Session label")
    if tree.find_session(label, project):
        raise Refusal(_CONFLICT, "Session label already in use in the project.")
    given = fields.get("ID", "")
    if given and (tree.find_session(given) or not given.replace("_", "").isalnum()):
        raise Refusal(_CONFLICT, "ID already in use, or not letters, digits and _.")
    session = Session(
        project=project,
        label=label,
        id=given or f"SARCOMA_E{tree.documents.next_id('accession'):05d}",
        subject=_subject_label(tree, place, project, fields, login),
        study_uid=fields.get("UID", ""),
        part="",
        date=_date(fields.get("date", "")),
        scans=(),
        path=tree.archive.session_path(project, label),
        declared_type=xsi_type,
    )
    for name in ("SCANS", "RESOURCES"):
        (session.path / name).mkdir(parents=True, exist_ok=True)
    tree.archive.write(session)
    return session


def _subject_label(tree: Tree, place: Place, project: str, fields: Mapping[str, str], login: str) -> str:
    """The label of a session's subject: by the path, by a field, else a subject of the session's own label."""
    if place.above and place.above.kind == "subject":
        found = tree.subjects.ensure(project, place.above.label, login)
    else:
        named = fields.get("subject_ID") or place.name
        found = tree.subjects.find(named, project) or tree.subjects.ensure(project, named, login)
    tree.subjects.keep(found)
    return found.label


def _changed(tree: Tree, session: Session, fields: Mapping[str, str], login: str) -> Session:
    """A session with other values of what the archive holds."""
    changed = session
    if "date" in fields:
        changed = replace(changed, date=_date(fields["date"]))
    if "UID" in fields:
        changed = replace(changed, study_uid=fields["UID"])
    if "subject_ID" in fields:
        found = tree.subjects.find(fields["subject_ID"], session.project)
        found = found or tree.subjects.ensure(session.project, fields["subject_ID"], login)
        changed = replace(changed, subject=found.label)
    if changed != session:
        tree.archive.write(changed)
    label = fields.get("label", session.label)
    if label != session.label:
        require_label(label, "Session label")
        if tree.find_session(label, session.project):
            raise Refusal(_CONFLICT, "Session label already in use in the project.")
        old = changed.path
        changed = tree.archive.relabel(changed, label)
        tree.resources.moved(old, changed.path)
    return changed


def _scan(
    tree: Tree, session: Session, name: str, fields: dict[str, str], xsi_type: str, login: str
) -> Put:
    with tree.lock(session.project):
        session = tree.session(session.id)
        known = next((scan for scan in session.scans if scan.id == name), None)
        description = fields.get("series_description", "")
        scan = known or Scan(
            require_label(name, "Scan id"), "", None, modality_of(xsi_type), description, 0
        )
        if name in ("ALL", "*"):
            raise Refusal(_BAD, "Scan id must not be ALL.")
        changed = replace(
            scan,
            uid=fields.get("UID", scan.uid),
            description=fields.get("type", scan.description),
            note=fields.get("note", scan.note),
            modality=fields.get("modality", scan.modality),
            frames=_count(fields["frames"]) if "frames" in fields else scan.frames,
        )
        others = (each for each in session.scans if each.id != name)
        scans = tuple(sorted((*others, changed), key=lambda each: natural(each.id)))
        (session.path / "SCANS" / name).mkdir(parents=True, exist_ok=True)
        tree.archive.write(replace(session, scans=scans))
        told = tree.said("experiment", session.id, name) if known else made_now(login)
        rest = {k: v for k, v in fields.items() if k not in ("ID", "type", "UID", "note", "modality", "frames")}
        if known and "type" in fields and scan.description:
            rest = {"series_description": told.fields.get("series_description", scan.description)} | rest
        if not known and modality_of(xsi_type) == "OT":
            rest["xsi:type"] = xsi_type
        tree.say(told.changed(rest), "experiment", session.id, name)
    tree.tell(Change("ScanEvent", "UPDATED" if known else "CREATED", tree.session(session.id)))
    return Put(name, created=known is None)


def _date(text: str) -> str:
    """A date as the archive keeps it, from `2026-11-21` or `11/21/2026`."""
    if text in ("", "NULL"):
        return ""
    if found := re.fullmatch(r"(\d{4})-?(\d\d)-?(\d\d)", text):
        return "".join(found.groups())
    if found := re.fullmatch(r"(\d\d)/(\d\d)/(\d{4})", text):
        month, day, year = found.groups()
        return f"{year}{month}{day}"
    raise Refusal(_BAD, "date must be YYYY-MM-DD or MM/DD/YYYY.")


def _count(text: str) -> int:
    if not text.isdigit():
        raise Refusal(_BAD, "frames must be a number.")
    return int(text)
