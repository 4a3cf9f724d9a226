"""Make and change objects: what a PUT on a project, subject, session, scan or assessor does."""

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import NamedTuple

from sarcoma_core.standin.answers import Refusal
from sarcoma_core.standin.objects.access import set_member
from sarcoma_core.standin.objects.assessors import NewAssessor
from sarcoma_core.standin.objects.deleting import DELETED
from sarcoma_core.standin.objects.item_data import ItemData
from sarcoma_core.standin.objects.names import require_label
from sarcoma_core.standin.objects.places import Place
from sarcoma_core.standin.objects.put_request import PutRequest
from sarcoma_core.standin.objects.putting_sessions import put_scan, put_session
from sarcoma_core.standin.objects.tree import Tree


class PutResult(NamedTuple):
    """What a PUT did: the object's id, and whether it is new."""

    id: str
    created: bool


def put_object(tree: Tree, place: Place, query: Mapping[str, str], login: str) -> PutResult:
    """Make the object that a path names, or change it.

    Args:
        tree: the objects.
        place: what the path is about.
        query: the type and the fields.
        login: who asks.

    Raises:
        Refusal: 400, a label, type, field or value is not legal; 404, it cannot be made here; 409, the label
            is taken.
    """
    asked = PutRequest.of(place, query, login)
    makers = {
        "project": _project,
        "subject": _subject,
        "experiment": put_session,
        "scan": put_scan,
        "assessor": _assessor,
    }
    return PutResult(makers[place.kind](tree, asked), asked.exact is None)


def refuse_used(tree: Tree, project: str) -> None:
    """Stop who would own, by its id, what is left of an earlier project: files, workflows, logs.

    Raises:
        Refusal: 403; 400, it is no legal id.
    """
    require_label(project, "Project id")
    if tree.documents.get(DELETED, project) is not None or (tree.archive.root / project).exists():
        raise Refusal(403, f"Project id {project} was used before; an administrator can make it again.")


def _project(tree: Tree, asked: PutRequest) -> str:
    name = asked.name
    with tree.lock(name):
        created = name not in tree.archive.projects()
        if created:
            folder = tree.archive.root / require_label(name, "Project id")
            (folder / "database").mkdir(parents=True)
            set_member(tree.documents, name, asked.login, "Owners")
        told = ItemData.made_now(asked.login) if created else tree.data_of("project", name)
        tree.keep_data(told.changed(asked.but("ID")), "project", name)
    return name


def _subject(tree: Tree, asked: PutRequest) -> str:
    exact, above = asked.exact, asked.place.above
    project = exact.project if exact else above.id if above else asked.fields.get("project", "")
    if project not in tree.archive.projects():
        raise Refusal(HTTPStatus.NOT_FOUND, "A subject is made in a project that is there.")
    with tree.lock(project):
        label = exact.label if exact else asked.name
        subject = tree.subjects.ensure(project, label, asked.login)
        renamed = asked.fields.get("label", label) if exact else label
        if renamed != label:
            if tree.subjects.find(renamed, project):
                raise Refusal(HTTPStatus.CONFLICT, "Label already in use by another subject of the project.")
            _move_folder(tree, project, label, require_label(renamed, "Subject label"))
            subject = tree.subjects.relabel(subject, renamed)
        told = subject.data.changed(asked.but("ID", "label", "project"))
        tree.subjects.keep(replace(subject, data=told))
    return subject.id


def _move_folder(tree: Tree, project: str, label: str, renamed: str) -> None:
    """Resources of a subject follow its label."""
    place = tree.archive.root / project / "subjects"
    if (place / label).is_dir():
        (place / label).rename(place / renamed)
        tree.resources.moved(place / label, place / renamed)


def _assessor(tree: Tree, asked: PutRequest) -> str:
    exact, above = asked.exact, asked.place.above
    if above is None:
        raise Refusal(HTTPStatus.NOT_FOUND, "An assessor is made below its session.")
    new = NewAssessor(
        label=exact.label if exact else asked.name,
        xsi_type=exact.xsi_type if exact and not asked.typed else asked.xsi_type,
        fields=asked.but("ID", "label", "project"),
        by=asked.login,
    )
    return tree.add_assessor(above.held_session, new).id
