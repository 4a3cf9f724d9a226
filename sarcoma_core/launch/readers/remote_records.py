"""The records of a project on a server, which has no atomic create.

One coordinator writes. A record is looked for before it is written and read again after, and the server is
asked not to write over a file; two who write within the same second may still both be told that they did.
"""

from collections.abc import Mapping
from pathlib import PurePosixPath

from sarcoma_core.archive.readings import READERS_LABEL, RecordBook, numbers_of, stems_of
from sarcoma_core.xnat.rest.connection import Connection
from sarcoma_core.xnat.rest.filing import put_new_file
from sarcoma_core.xnat.rest.holdings import RemoteResources
from sarcoma_core.xnat.rest.remote import RemoteTarget


class RemoteRecords(RecordBook):
    """The records of a project of a server; which there are is asked once, and again before a write.

    Every method raises `ServerError` when there is no such project for this user, or no answer.

    Args:
        connection: to the server.
        project: id of the project.
    """

    def __init__(self, connection: Connection, project: str) -> None:
        self._connection = connection
        self._target = RemoteTarget("project", project, project)
        self._resources = RemoteResources(connection, self._target)
        self._listed: Mapping[str, tuple[str, ...]] | None = None

    def _names(self) -> Mapping[str, tuple[str, ...]]:
        """The names of the files in each folder."""
        if self._listed is None:
            found: dict[str, list[str]] = {}
            for held in self._resources.files(READERS_LABEL):
                path = PurePosixPath(held.path)
                found.setdefault(path.parent.as_posix(), []).append(path.name)
            self._listed = {folder: tuple(names) for folder, names in found.items()}
        return self._listed

    def numbers(self, stem: str) -> tuple[int, ...]:
        """The numbers that a record has."""
        path = PurePosixPath(stem)
        return numbers_of(path.name, self._names().get(path.parent.as_posix(), ()))

    def stems(self, folder: str) -> tuple[str, ...]:
        """The stems of all records below a folder, sorted."""
        held = self._names().items()
        below = (f"{place}/{name}" for place, names in held for name in names)
        return stems_of(path for path in below if path.startswith(f"{folder}/"))

    def content(self, path: str) -> bytes | None:
        """A file; None when it is not there."""
        return self._resources.content(READERS_LABEL, path)

    def create(self, path: str, content: bytes) -> bool:
        """Write a file that is not there; False where it is, and stays as it is."""
        made = put_new_file(self._connection, self._target, READERS_LABEL, path, content)
        self._listed = None
        return made

    def look_again(self) -> None:
        """Forget what there was: the server is asked anew."""
        self._listed = None
