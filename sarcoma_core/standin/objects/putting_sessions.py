"""Make and change sessions and scans; what the archive itself keeps of them is written there."""

import re
from dataclasses import replace
from http import HTTPStatus

from sarcoma_core.archive.folder import natural
from sarcoma_core.archive.store import Scan, Session, modality_of
from sarcoma_core.standin.answers import Refusal
from sarcoma_core.standin.objects.item_data import ItemData
from sarcoma_core.standin.objects.names import require_label
from sarcoma_core.standin.objects.put_request import PutRequest
from sarcoma_core.standin.objects.tree import Change, Tree

_IN_SESSION = ("ID", "label", "project", "subject_ID", "date", "UID")
_IN_SCAN = ("ID", "type", "UID", "note", "modality", "frames")
"""Fields that the archive keeps."""


def put_session(tree: Tree, asked: PutRequest) -> str:
    """Make a session, or change it.

    Returns:
        Its accession id.

    Raises:
        Refusal: 400, a label or value is not legal; 404, there is no such project; 409, the label is taken.
    """
    exact, above = asked.exact, asked.place.above
    if exact and exact.kind == "assessor":
        raise Refusal(HTTPStatus.BAD_REQUEST, "An assessor is changed below its session.")
    project = exact.project if exact else above.project if above else asked.fields.get("project", "")
    if project not in tree.archive.projects():
        raise Refusal(HTTPStatus.NOT_FOUND, "A session is made in a project that is there.")
    with tree.lock(project):
        session = _changed(tree, exact.held_session, asked) if exact else _made(tree, project, asked)
        told = tree.data_of("experiment", session.id) if exact else ItemData.made_now(asked.login)
        tree.keep_data(told.changed(asked.but(*_IN_SESSION)), "experiment", session.id)
    if not exact or asked.fields:
        tree.tell(Change("SessionEvent", "UPDATED" if exact else "CREATED", session))
    return session.id


def _made(tree: Tree, project: str, asked: PutRequest) -> Session:
    label = _free_label(tree, project, asked.name)
    given = asked.fields.get("ID", "")
    if given and (tree.find_session(given) or not re.fullmatch(r"[A-Za-z0-9_]{1,64}", given)):
        raise Refusal(HTTPStatus.CONFLICT, "ID already in use, or not letters, digits and _.")
    session = Session(
        project=project,
        label=label,
        id=given or f"SARCOMA_E{tree.documents.next_id('accession'):05d}",
        subject=_subject_label(tree, project, asked),
        study_uid=asked.fields.get("UID", ""),
        part="",
        date=_date(asked.fields.get("date", "")),
        scans=(),
        path=tree.archive.session_path(project, label),
        declared_type=asked.xsi_type,
    )
    for name in ("SCANS", "RESOURCES"):
        (session.path / name).mkdir(parents=True, exist_ok=True)
    tree.archive.write(session)
    return session


def _free_label(tree: Tree, project: str, label: str) -> str:
    """A label that no session of a project has."""
    require_label(label, "Session label")
    if tree.find_session(label, project):
        raise Refusal(HTTPStatus.CONFLICT, "Session label already in use in the project.")
    return label


def _subject_label(tree: Tree, project: str, asked: PutRequest) -> str:
    """The label of a session's subject: by the path, by a field, else the session's own label."""
    above = asked.place.above
    named = above.label if above and above.kind == "subject" else asked.fields.get("subject_ID", asked.name)
    subject = tree.subjects.find(named, project) or tree.subjects.ensure(project, named, asked.login)
    tree.subjects.keep(subject)
    return subject.label


def _changed(tree: Tree, session: Session, asked: PutRequest) -> Session:
    """A session with other values of what the archive keeps."""
    fields, changed = asked.fields, tree.session(session.id)
    if "date" in fields:
        changed = replace(changed, date=_date(fields["date"]))
    if "UID" in fields:
        changed = replace(changed, study_uid=fields["UID"])
    if "subject_ID" in fields:
        changed = replace(changed, subject=_subject_label(tree, session.project, _without_path(asked)))
    if changed != session:
        tree.archive.write(changed)
    if (label := fields.get("label", session.label)) == session.label:
        return changed
    renamed = tree.archive.relabel(changed, _free_label(tree, session.project, label))
    tree.resources.moved(changed.path, renamed.path)
    return renamed


def _without_path(asked: PutRequest) -> PutRequest:
    """A request whose subject is the one of its field, whatever subject the path went through."""
    return replace(asked, place=replace(asked.place, above=None))


def put_scan(tree: Tree, asked: PutRequest) -> str:
    """Make a scan, or change it.

    Returns:
        Its id.

    Raises:
        Refusal: 400, the id or a value is not legal; 404, the path names no session.
    """
    if asked.place.above is None:
        raise Refusal(HTTPStatus.NOT_FOUND, "A scan is made below its session.")
    session = asked.place.above.held_session
    name = require_label(asked.name, "Scan id")
    if name == "ALL":
        raise Refusal(HTTPStatus.BAD_REQUEST, "Scan id must not be ALL.")
    with tree.lock(session.project):
        session = tree.session(session.id)
        known = next((scan for scan in session.scans if scan.id == name), None)
        scan = _scan(known or _empty_scan(name, asked), asked)
        others = (each for each in session.scans if each.id != name)
        scans = tuple(sorted((*others, scan), key=lambda each: natural(each.id)))
        (session.path / "SCANS" / name).mkdir(parents=True, exist_ok=True)
        tree.archive.write(replace(session, scans=scans))
        _say_of_scan(tree, session, known, asked)
    tree.tell(Change("ScanEvent", "UPDATED" if known else "CREATED", tree.session(session.id)))
    return name


def _empty_scan(name: str, asked: PutRequest) -> Scan:
    described = asked.fields.get("series_description", "")
    return Scan(name, "", None, modality_of(asked.xsi_type), described, 0)


def _scan(scan: Scan, asked: PutRequest) -> Scan:
    """A scan with other values of what the archive keeps."""
    fields = asked.fields
    return replace(
        scan,
        uid=fields.get("UID", scan.uid),
        description=fields.get("type", scan.description),
        note=fields.get("note", scan.note),
        modality=fields.get("modality", scan.modality),
        frames=_count(fields["frames"]) if "frames" in fields else scan.frames,
    )


def _say_of_scan(tree: Tree, session: Session, known: Scan | None, asked: PutRequest) -> None:
    """Keep a scan's other fields.

    A new type is no new series description, and the archive keeps one text for both.
    """
    told = tree.data_of("experiment", session.id, asked.name) if known else ItemData.made_now(asked.login)
    fields = asked.but(*_IN_SCAN)
    if known and known.description and "type" in asked.fields:
        fields.setdefault("series_description", told.fields.get("series_description", known.description))
    if not known and modality_of(asked.xsi_type) == "OT":
        fields["xsi:type"] = asked.xsi_type
    tree.keep_data(told.changed(fields), "experiment", session.id, asked.name)


def _date(text: str) -> str:
    """A date as the archive keeps it, from `2026-11-21` or `11/21/2026`."""
    if text in ("", "NULL"):
        return ""
    if iso := re.fullmatch(r"(\d{4})-?(\d\d)-?(\d\d)", text):
        return "".join(iso.groups())
    if american := re.fullmatch(r"(\d\d)/(\d\d)/(\d{4})", text):
        month, day, year = american.groups()
        return f"{year}{month}{day}"
    raise Refusal(HTTPStatus.BAD_REQUEST, "date must be YYYY-MM-DD or MM/DD/YYYY.")


def _count(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise Refusal(HTTPStatus.BAD_REQUEST, "frames must be a number.")
    return int(text)
