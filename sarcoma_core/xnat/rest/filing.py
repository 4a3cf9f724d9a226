"""Make, fill and delete objects of a server, one request each.

Every function raises `ServerError` when the server refuses or does not answer.
"""

from http import HTTPStatus

from sarcoma_core.xnat.rest.connection import Connection, at
from sarcoma_core.xnat.rest.remote import RemoteTarget

_WITH_FILES = {"removeFiles": "true"}
_IN_BODY = {"inbody": "true"}
"""Says that the body is the file, whatever its type: XNAT takes some types without it, and no plain text."""
_BYTES = "application/octet-stream"


def _resource(session: str, label: str) -> str:
    return at("data", "experiments", session, "resources", label)


def make_resource(connection: Connection, session: str, label: str) -> None:
    """Make an empty resource of a session."""
    connection.put(_resource(session, label))


def make_project_resource(connection: Connection, project: str, label: str) -> None:
    """Make an empty resource of a project."""
    connection.put(f"{RemoteTarget('project', project).path}{at('resources', label)}")


def put_file(connection: Connection, session: str, label: str, name: str, content: bytes) -> None:
    """Put a file into a resource of a session, in the place of one of that name."""
    put_resource_file(connection, RemoteTarget("session", session), label, name, content)


def put_resource_file(
    connection: Connection, target: RemoteTarget, label: str, name: str, content: bytes
) -> None:
    """Put a file into a resource of a project, a session or a scan, in the place of one of that name.

    Its name may be a path of several parts. The server makes the resource where it is not there.
    """
    path = f"{target.path}{at('resources', label, 'files', *name.split('/'))}"
    connection.put(path, data=content, query={**_IN_BODY, "overwrite": "true"}, content_type=_BYTES)


def put_new_file(connection: Connection, target: RemoteTarget, label: str, path: str, content: bytes) -> bool:
    """Put a file into a resource, at a path of one part or more; False where one is there, which stays.

    The server looks and then writes: of two who put at once both may be told that they did.
    """
    place = f"{target.path}{at('resources', label, 'files', *path.split('/'))}"
    answer = connection.put(
        place, data=content, query=_IN_BODY, content_type=_BYTES, accept=(HTTPStatus.CONFLICT,)
    )
    return answer.status != HTTPStatus.CONFLICT


def delete_file(connection: Connection, target: RemoteTarget, label: str, path: str) -> None:
    """Delete one file of a resource of a project, a session or a scan."""
    connection.delete(f"{target.path}{at('resources', label, 'files', *path.split('/'))}")


def delete_resource(connection: Connection, session: str, label: str) -> None:
    """Delete a resource with its files, if it is there."""
    connection.delete(_resource(session, label), _WITH_FILES, accept=(HTTPStatus.NOT_FOUND,))


def make_session(connection: Connection, project: str, subject: str, label: str) -> str:
    """Make a subject with an MR session that has no scan; gives the session's accession id."""
    place = at("data", "projects", project, "subjects", subject)
    connection.put(place, query={"xsiType": "xnat:subjectData"})
    path = f"{place}{at('experiments', label)}"
    return connection.put(path, query={"xsiType": "xnat:mrSessionData"}).text.strip()


def delete_subject(connection: Connection, project: str, subject: str) -> None:
    """Delete a subject with its sessions and files, if it is there."""
    place = at("data", "projects", project, "subjects", subject)
    connection.delete(place, _WITH_FILES, accept=(HTTPStatus.NOT_FOUND,))
