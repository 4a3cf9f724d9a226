"""What keeps the sessions of a project, as a step that sends custom fields of them sees it.

One law, two implementations: `NoFieldPlace` of an archive of ours, whose database has no place for them, and
`xnat.rest.session_fields.RemoteSessionFields`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

FieldValue = str | float | bool | None
"""Of a field; None empties it."""


@dataclass(frozen=True)
class FieldsTold:
    """What became of the fields of sessions.

    Args:
        kept: labels of the sessions whose fields are there now.
        failed: why those of others are not, by label of the session.
        nowhere: why there is no place for any, in a sentence without a full stop; empty where there is.
    """

    kept: tuple[str, ...] = ()
    failed: Mapping[str, str] = field(default_factory=dict)
    nowhere: str = ""


class SessionFields(Protocol):
    """Our archive, or an XNAT, with one project of it."""

    def put(self, fields: Mapping[str, Mapping[str, FieldValue]], *, prefix: str) -> FieldsTold:
        """Put values into custom fields of sessions; other fields stay as they are.

        A session that fails does not stop the others; a server that is gone does.

        Args:
            fields: the values by name, by label of the session; of a session without any, fields that an
                earlier run has put are emptied.
            prefix: what the names of all of them begin with.
        """


class NoFieldPlace:
    """What keeps no custom fields.

    Args:
        reason: in a sentence without a full stop.
    """

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def put(self, fields: Mapping[str, Mapping[str, FieldValue]], *, prefix: str) -> FieldsTold:
        """Tell that there is no place for them."""
        del fields, prefix
        return FieldsTold(nowhere=self._reason)
