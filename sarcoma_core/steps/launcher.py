"""Who launched a step: an XNAT, with whose token it may ask and send; or nobody but a person."""

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sarcoma_core.archive.project import archive_around
from sarcoma_core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sarcoma_core.interface import Step
    from sarcoma_core.steps.target import StepTarget
    from sarcoma_core.xnat.fields.platform import SessionFields
    from sarcoma_core.xnat.rest.connection import Connection
    from sarcoma_core.xnat.roi.platform import HeldCollection, Platform

_HOST, _USER, _PASS = "XNAT_HOST", "XNAT_USER", "XNAT_PASS"
"""What the Container Service tells each container: its address, and an alias token of the run."""


def launched_by_xnat() -> bool:
    """Whether a server launched this run."""
    return bool(os.environ.get(_HOST))


@contextmanager
def launching_xnat() -> "Iterator[Connection]":
    """To the XNAT that launched this run, with the run's own alias token.

    Raises:
        ServerError: it does not answer, or does not take the token.
    """
    from sarcoma_core.xnat.rest.connection import Connection
    from sarcoma_core.xnat.rest.login import Login

    told = (os.environ.get(name, "") for name in (_HOST, _USER, _PASS))
    with Connection(Login(*told)) as connection:
        yield connection


@contextmanager
def platform_of(step: "Step", session: "Path", target: "StepTarget") -> "Iterator[Platform]":
    """What keeps a session: the server that launched this, or the archive of ours that it lies in.

    A session that is only mounted is kept by nothing: what it is handed refuses all that is sent.

    Args:
        step: which is to send something there.
        session: its folder.
        target: what the step was launched on.

    Raises:
        UsageError: the server did not say which session it is.
        ServerError: the server does not answer.
    """
    if launched_by_xnat():
        from sarcoma_core.xnat.rest.platform import RemotePlatform

        if not target.id:
            raise UsageError(
                "--object: must say which session of the server this is; found nothing.",
                hint="For example: --object /archive/experiments/XNAT_E00001",
            )
        with launching_xnat() as connection:
            yield RemotePlatform(connection, target.id)
        return
    from sarcoma_core.xnat.roi.in_archive import ArchivePlatform

    place = session.resolve()
    archive = archive_around(place.parent)
    held = archive.labelled(place.parent.parent.name, place.name) if archive else None
    yield ArchivePlatform(archive, held) if archive and held else _Nowhere(step.name, place.name)


@contextmanager
def fields_of(step: "Step", folder: "Path", target: "StepTarget") -> "Iterator[SessionFields]":
    """What keeps custom fields of a project's sessions, or of one: the server that launched this.

    Args:
        step: which is to send something there.
        folder: of the project or the session.
        target: what the step was launched on.

    Raises:
        ServerError: the server does not answer.
    """
    del step, folder
    if launched_by_xnat():
        from sarcoma_core.xnat.rest.roi import session_fields
        from sarcoma_core.xnat.rest.session_fields import RemoteSessionFields

        with launching_xnat() as connection:
            of_session = target.level == "session"
            project = session_fields(connection, target.id)["project"] if of_session else target.id
            yield RemoteSessionFields(connection, project)
        return
    from sarcoma_core.xnat.fields.platform import NoFieldPlace

    yield NoFieldPlace("XNAT alone keeps custom fields of sessions, and no XNAT launched this run")


class _Nowhere:
    """What keeps a session that was only mounted: nothing can be sent to it."""

    def __init__(self, step: str, session: str) -> None:
        self._step = step
        self.session = session
        self.viewer = ""

    def collections(self) -> "tuple[HeldCollection, ...]":
        """It shows none."""
        return ()

    def put_roi(self, content: bytes, *, label: str) -> None:
        """It takes none.

        Raises:
            UsageError: always.
        """
        del content, label
        raise UsageError(
            f"--session: must lie in an archive of sarcoma, or be launched by XNAT ({_HOST}), as "
            f"{self._step} sends to what keeps it; it is neither.",
            hint=f"sarcoma run {self._step} --archive DIR --project ID (without --runner docker), or "
            f"sarcoma xnat launch {self._step} SESSION --project ID; --no-send only writes the files",
        )
