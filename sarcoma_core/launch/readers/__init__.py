"""Several readers on one case: handed out, looked at, settled and locked, in an archive or on a server."""

from collections.abc import Callable

from sarcoma_core.archive.masks import SessionMasks
from sarcoma_core.errors import ArchiveError

MasksOf = Callable[[str], SessionMasks]
"""The masks of the session of a label; raises `ArchiveError` where they cannot be read, and of it
`SessionGoneError` where the session is not in the project any more."""


class SessionGoneError(ArchiveError):
    """A case whose session is not in the project any more: deleted, renamed or moved."""

    def __init__(self) -> None:
        super().__init__(
            "the session must be in the project; it is not there any more.",
            hint="Put it back, or take the case out of the lists: sarcoma readers assign --drop CASE.",
        )
