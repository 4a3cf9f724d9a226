"""The XNAT object that a launch is made on, found by the URI or id that the request gives.

Source: Container Service 3.7.3, ``CommandResolutionServiceImpl``; the URI forms are those of XNAT's archive.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple
from urllib.parse import unquote

from sarcoma_core.archive.store import Session
from sarcoma_core.errors import ArchiveError
from sarcoma_core.standin.answers import Refusal
from sarcoma_core.standin.objects.tree import Tree
from sarcoma_core.xnat.resolution.objects import XnatObject, project_object, session_object

_PROJECT = re.compile(r"/projects/(?P<project>[^/]+)")
_SUBJECT = re.compile(r"/subjects/(?P<subject>[^/]+)$")
_SESSION = re.compile(r"/experiments/(?P<session>[^/]+)(?P<below>/.*)?$")


class ShownObject(NamedTuple):
    """The object in whose history a launch is shown."""

    id: str
    label: str
    xsi_type: str


class Root(NamedTuple):
    """What a launch is made on.

    Attributes:
        item: the object.
        session: the session that it is, or is part of; None for a project or a subject.
        project: id of the project that it is in.
    """

    item: XnatObject
    session: Session | None
    project: str

    @property
    def shown(self) -> ShownObject:
        """Where the launch is shown: a scan has no history, so that its session's id, label and type count.

        Source: ``ContainerServiceImpl.findRootInputObject``.
        """
        if self.session:
            return ShownObject(self.session.id, self.session.label, self.session.xsi_type)
        keys = self.item.keys
        return ShownObject(str(keys.get("id", "")), self.item.label or "", str(keys.get("xsiType", "")))


def id_in(value: str) -> str:
    """The id or label of the session, subject or project that a value names."""
    uri = unquote(value)
    match = _SESSION.search(uri) or _SUBJECT.search(uri) or _PROJECT.search(uri)
    return match[1] if match else uri


def not_there(value: str) -> str:
    """What is said of an object that is not there, and of one that is not for this user's eyes."""
    return f"Experiment {id_in(value)} does not exist."


Sees = Callable[[str], bool]
"""Whether who asks may see a project."""


def find_root(tree: Tree, value: str, kind: str, project: str | None, *, sees: Sees) -> Root:
    """The object behind a value.

    Args:
        tree: the objects of the server.
        value: URI such as `/archive/experiments/E/scans/4`, or an id or label.
        kind: type of the wrapper's input, which tells what a bare id is of.
        project: the project of the launch; ids and labels are looked for in it.
        sees: what is in a project that is not seen is answered as if it were not there.

    Raises:
        Refusal: 404, there is no such object.
    """
    uri = unquote(value)
    named = _PROJECT.search(uri)
    project = named["project"] if named else project
    in_session, in_subject = _SESSION.search(uri), _SUBJECT.search(uri)
    if in_session:
        return _in_session(tree, in_session["session"], in_session["below"] or "", project, sees)
    if in_subject or kind == "Subject":
        return _subject(tree, in_subject["subject"] if in_subject else uri, project, sees)
    if kind == "Project":
        return _project(tree, named["project"] if named else uri, sees)
    return _in_session(tree, uri, "", project, sees)


def _in_session(tree: Tree, name: str, below: str, project: str | None, sees: Sees) -> Root:
    session = tree.session(name, project)
    if not sees(session.project):
        raise Refusal(404, not_there(name))
    with tree.lock(session.project):  # not while an upload writes there
        top = session_object(session).loaded()
    if not below:
        return Root(top, session, session.project)
    part = next((item for item in top.walk() if item.uri == f"{top.uri}{below}"), None)
    if part is None:
        raise Refusal(404, f"There is no object at the given place below experiment {session.id}.")
    return Root(replace(part, above=top.lineage(part)), session, session.project)


def _subject(tree: Tree, name: str, project: str | None, sees: Sees) -> Root:
    for each in (project,) if project else filter(sees, tree.archive.projects()):
        whole = _project(tree, each, sees)
        for subject in whole.item.below["subjects"]:
            if name in (subject.keys["id"], subject.label):
                return Root(replace(subject, above=(whole.item,)), None, each)
    raise Refusal(404, f"Subject {name} does not exist.")


def _project(tree: Tree, name: str, sees: Sees) -> Root:
    missing = Refusal(404, f"Project {name} does not exist.")
    if not sees(name):
        raise missing
    try:
        return Root(project_object(tree.archive, name), None, name)
    except ArchiveError:
        raise missing from None
