"""One project as a folder, as a step on a project sees it under `/input`: a folder for each session.

XNAT mounts the folder of the sessions and nothing of its database: neither who the subjects are nor the
project's own resources. On an archive of ours both lie beside it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sarcoma_core.archive.folder import SessionFolder, natural
from sarcoma_core.archive.newest import session_resources
from sarcoma_core.archive.store import Archive


@dataclass(frozen=True)
class ProjectFolder:
    """A project, as a step receives it.

    Args:
        path: the folder that holds a folder for each session; only read.
        id: id of the project.
        reads: labels of the resources that the step reads of each session, in order of preference.
    """

    path: Path
    id: str
    reads: tuple[str, ...] = ()

    def sessions(self) -> Iterator[tuple[str, SessionFolder]]:
        """Its sessions by label, in natural order."""
        folders = (place for place in self.path.iterdir() if not place.name.startswith("."))
        for place in sorted(folders, key=lambda p: natural(p.name)):
            if (place / "SCANS").is_dir() or session_resources(place).is_dir():
                yield place.name, SessionFolder(place, self.reads)

    @property
    def archive(self) -> Archive | None:
        """The archive of ours that it is in; None where it is a mount of a server."""
        return archive_around(self.path)


def archive_around(sessions: Path) -> Archive | None:
    """The archive of ours that a project's folder of sessions is in; None where it is a server's.

    Args:
        sessions: the folder that holds a folder for each session.
    """
    place = sessions.resolve().parent
    archive = Archive(place.parent)
    is_ours = sessions.resolve() == archive.session_path(place.name, "") and (place / "database").is_dir()
    return archive if is_ours else None
