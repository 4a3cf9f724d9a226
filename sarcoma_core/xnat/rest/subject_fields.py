"""What a server knows of the subjects of a project: gender and age, custom fields, old custom variables.

Custom fields (XNAT 1.8.6 and later) are one JSON object for each subject. Those of a form of the web page lie
one level deeper, under the form's id. Custom variables are the older kind, one text for each name.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from pydantic import JsonValue

from sarcoma_core.errors import UsageError
from sarcoma_core.xnat.rest.answering import ServerError
from sarcoma_core.xnat.rest.connection import Connection, at
from sarcoma_core.xnat.rest.custom_fields import FieldOwner, put_fields, read_fields
from sarcoma_core.xnat.rest.remote import listing

_COLUMNS: Final = ("label", "gender", "age", "yob", "dob")
_VARIABLE: Final = re.compile(r"[\w -]+", re.ASCII)


class RemoteSubject(NamedTuple):
    """A subject of a project's listing.

    Attributes:
        label: unique in its project.
        gender: as the server has it; empty where it is not told.
        age: likewise, in years; at which date the server does not say.
        has_birth: whether a date or a year of birth is told; it is not kept.
        variables: the custom variables that were asked for and are told, by name.
    """

    label: str
    gender: str = ""
    age: str = ""
    has_birth: bool = False
    variables: Mapping[str, str] = {}


def project_subjects(
    connection: Connection, project: str, variables: Iterable[str] = ()
) -> tuple[RemoteSubject, ...]:
    """The subjects of a project, of one request, in the server's order.

    Args:
        connection: to the server.
        project: its id.
        variables: names of custom variables to ask for.

    Raises:
        UsageError: such a name has marks that no variable's name has.
        ServerError: there is no such project for this user, or the server does not answer.
    """
    names = tuple(variables)
    if wrong := [name for name in names if not is_variable_name(name)]:
        raise UsageError(f"A custom variable's name must be of letters, digits, - and _; found {wrong[0]!r}.")
    columns = (*_COLUMNS, *map(_column, names))
    rows = listing(connection, at("data", "projects", project, "subjects"), columns=",".join(columns))
    return tuple(_subject({key.lower(): value for key, value in row.items()}, names) for row in rows)


def is_variable_name(name: str) -> bool:
    """Whether a custom variable can be called so."""
    return _VARIABLE.fullmatch(name) is not None


def custom_fields(connection: Connection, project: str, subject: str) -> Mapping[str, JsonValue]:
    """The custom fields of a subject, by name; none where there are none.

    Args:
        connection: to the server.
        project: id of the project that the subject belongs to.
        subject: its label.

    Raises:
        NoCustomFieldsError: the server is too old for them.
        ServerError: the subject is not the project's own, or the server does not answer.
    """
    return read_fields(connection, _owner(project, subject))


def put_custom_fields(
    connection: Connection, project: str, subject: str, values: Mapping[str, JsonValue]
) -> Mapping[str, JsonValue]:
    """Put values into custom fields of a subject; the others stay as they are.

    Args:
        connection: to the server.
        project: id of the project that the subject belongs to.
        subject: its label.
        values: by name; None empties a field.

    Returns:
        All fields that the subject has now.

    Raises:
        NoCustomFieldsError: the server is too old for them.
        ServerError: the user may not change the subject, it is not the project's own, or no answer.
    """
    return put_fields(connection, _owner(project, subject), values)


def _owner(project: str, subject: str) -> FieldOwner:
    return FieldOwner(project, "subjects", subject, "subject")


def _column(name: str) -> str:
    return f"xnat:subjectData/fields/field[name={name}]/field"


def _subject(row: Mapping[str, str], names: Iterable[str]) -> RemoteSubject:
    """A row, whose keys are in small letters: XNAT writes those of paths so."""
    told = {name: text for name in names if (text := row.get(_column(name).lower()))}
    has_birth = bool(row.get("yob") or row.get("dob"))
    gender, age = (str(row.get(key) or "") for key in ("gender", "age"))
    return RemoteSubject(row.get("label") or "", gender, age, has_birth, told)


def subject_label(connection: Connection, subject_id: str) -> str:
    """The label of a subject; empty where it has none.

    Raises:
        ServerError: there is no such subject for this user, or the server does not answer.
    """
    tree = connection.get(at("data", "subjects", subject_id), {"format": "json"}).json()
    try:
        return str(tree["items"][0]["data_fields"].get("label", ""))
    except (KeyError, IndexError, TypeError):
        raise ServerError("The server's answer must be the JSON of a subject; it is not.") from None
