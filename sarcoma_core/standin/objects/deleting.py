"""Delete objects with what belongs to them; their files stay on disk unless the client says otherwise."""

import shutil
from dataclasses import replace

from sarcoma_core.standin.objects.access import forget_members
from sarcoma_core.standin.objects.item_data import ITEM_DATA
from sarcoma_core.standin.objects.items import Item
from sarcoma_core.standin.objects.tree import Change, Tree, item_key

DELETED = "deleted project"
"""Kind of the documents that remember the ids of projects: logs, workflows and files may still be there."""


def delete_item(tree: Tree, item: Item, *, files: bool) -> None:
    """Delete an object.

    Args:
        tree: the objects.
        item: which one.
        files: whether its files are deleted too.

    Raises:
        Refusal: 404, another request has deleted it.
    """
    with tree.lock(item.project):
        if item.kind == "project":
            _project(tree, item.id, files=files)
        elif item.kind == "subject":
            _subject(tree, item, files=files)
        elif item.kind == "experiment":
            tree.remove_session(tree.session(item.id), files=files)
        elif item.kind == "scan":
            _scan(tree, item, files=files)
        else:
            tree.remove_assessor(item.held_session, item.id)


def _project(tree: Tree, project: str, *, files: bool) -> None:
    for session in tree.sessions(project):
        tree.remove_session(session, files=files)
    for subject in tree.subjects.of(project):
        tree.subjects.forget(subject)
    forget_members(tree.documents, project)
    tree.documents.delete(ITEM_DATA, item_key("project", project))
    tree.documents.put(DELETED, project, {})
    folder = tree.archive.root / project
    tree.resources.forget(folder)
    shutil.rmtree(folder if files else folder / "database")


def _subject(tree: Tree, item: Item, *, files: bool) -> None:
    for session in tree.sessions(item.project):
        if session.subject == item.label:
            tree.remove_session(session, files=files)
    tree.subjects.forget(tree.subjects.labelled(item.project, item.label))
    if files and item.owner.is_dir():
        shutil.rmtree(item.owner)
    tree.resources.forget(item.owner)


def _scan(tree: Tree, item: Item, *, files: bool) -> None:
    session = tree.session(item.held_session.id)
    scans = tuple(scan for scan in session.scans if scan.id != item.id)
    tree.archive.write(replace(session, scans=scans))
    tree.documents.delete(ITEM_DATA, item_key("experiment", session.id, item.id))
    if files and item.owner.is_dir():
        shutil.rmtree(item.owner)
    tree.resources.forget(item.owner)
    tree.tell(Change("ScanEvent", "DELETED", tree.session(session.id)))
