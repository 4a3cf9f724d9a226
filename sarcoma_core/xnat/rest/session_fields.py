"""Custom fields of the sessions of one project of an XNAT."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from sarcoma_core.xnat.fields.platform import FieldsTold, FieldValue
from sarcoma_core.xnat.rest.answering import ServerError
from sarcoma_core.xnat.rest.connection import Connection
from sarcoma_core.xnat.rest.custom_fields import FieldOwner, NoCustomFieldsError, put_fields, read_fields

_ENDS_ALL: Final = (0, HTTPStatus.UNAUTHORIZED)
"""No answer, or no log-in any more: the next session would fare no better."""


class RemoteSessionFields:
    """A server, with one project of it.

    Args:
        connection: to the server.
        project: id of the project.
    """

    def __init__(self, connection: Connection, project: str) -> None:
        self._connection = connection
        self._project = project

    def put(self, fields: Mapping[str, Mapping[str, FieldValue]], *, prefix: str) -> FieldsTold:
        """Put values into custom fields of sessions, one request each; see `SessionFields.put`."""
        kept: list[str] = []
        failed: dict[str, str] = {}
        gone = ""
        for session, values in fields.items():
            if gone:
                failed[session] = f"not tried: {gone}"
                continue
            try:
                self._put(session, values, prefix)
            except NoCustomFieldsError as error:
                return FieldsTold(nowhere=error.message.rstrip("."))
            except ServerError as error:
                gone = error.message if error.status in _ENDS_ALL else ""
                failed[session] = error.message
                continue
            kept.append(session)
        return FieldsTold(tuple(kept), failed)

    def _put(self, session: str, values: Mapping[str, FieldValue], prefix: str) -> None:
        owner = FieldOwner(self._project, "experiments", session, "session")
        if not values:
            held = read_fields(self._connection, owner)
            values = {
                name: None
                for name, held_value in held.items()
                if name.startswith(prefix) and held_value is not None
            }
        if not values:
            return
        answered = put_fields(self._connection, owner, values)
        if any(answered.get(name) != value for name, value in values.items()):
            raise ServerError(
                "The server must keep what was sent; its answer holds something else.", status=HTTPStatus.OK
            )
