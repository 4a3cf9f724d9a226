"""Custom fields of any object over REST: one JSON object each, since XNAT 1.8.6.

Source: NrgXnat/xnat-web, `CustomFieldsApi` and `DefaultCustomFieldService`: a PUT writes over the keys that
it names, and answers all of them.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final, NamedTuple

from pydantic import JsonValue

from sarcoma_core.xnat.rest.answering import ServerError
from sarcoma_core.xnat.rest.connection import Answer, Connection, at

_NO_PATH: Final = (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED)
"""What a server answers that does not know the path; 404 is what an unknown object gets, too."""


class NoCustomFieldsError(ServerError):
    """The server is older than custom fields."""


class FieldOwner(NamedTuple):
    """An object of a project that has custom fields.

    Attributes:
        project: id of the project.
        kind: as the path has it, e.g. `subjects`.
        label: of the object.
        noun: what a person calls it.
    """

    project: str
    kind: str
    label: str
    noun: str

    @property
    def path(self) -> str:
        """Of its fields."""
        return at("xapi", "custom-fields", "projects", self.project, self.kind, self.label, "fields")


def read_fields(connection: Connection, owner: FieldOwner) -> Mapping[str, JsonValue]:
    """The custom fields of an object, by name; none where there are none.

    Args:
        connection: to the server.
        owner: the object.

    Raises:
        NoCustomFieldsError: the server is too old for them.
        ServerError: the object is not the project's own, or the server does not answer.
    """
    return _fields(_found(connection, owner, connection.get(owner.path, accept=_NO_PATH)), owner)


def put_fields(
    connection: Connection, owner: FieldOwner, values: Mapping[str, JsonValue]
) -> Mapping[str, JsonValue]:
    """Put values into custom fields of an object; the others stay as they are.

    Args:
        connection: to the server.
        owner: the object.
        values: by name; None empties a field.

    Returns:
        All fields that the object has now.

    Raises:
        NoCustomFieldsError: the server is too old for them.
        ServerError: the user may not change the object, it is not the project's own, or no answer.
    """
    answer = connection.put(owner.path, json=dict(values), accept=_NO_PATH)
    return _fields(_found(connection, owner, answer), owner)


def _found(connection: Connection, owner: FieldOwner, answer: Answer) -> Answer:
    """An answer, where the path exists.

    The project has the same path: where that one is missing too, the server knows no custom fields.
    """
    if answer.status not in _NO_PATH:
        return answer
    whole = connection.get(at("xapi", "custom-fields", "projects", owner.project, "fields"), accept=_NO_PATH)
    if whole.status in _NO_PATH:
        raise NoCustomFieldsError(
            "Custom fields: must be known to the server, XNAT 1.8.6 or later; this one "
            f"({connection.version}) answers {answer.status}.",
            status=answer.status,
            hint=f"Leave the fields of {owner.noun}s aside: the resource of the project is enough for all "
            "steps.",
        )
    raise ServerError(
        f"The {owner.noun} must be the project's own; the server answers 404.",
        status=answer.status,
        hint=f"A {owner.noun} that is shared from another project has its fields there; XNAT says 404, too, "
        "where there is no right to see it.",
    )


def _fields(answer: Answer, owner: FieldOwner) -> Mapping[str, JsonValue]:
    tree: Any = answer.json()
    if not isinstance(tree, dict):
        raise ServerError(f"The server's answer must be the custom fields of a {owner.noun}; it is not.")
    return tree
