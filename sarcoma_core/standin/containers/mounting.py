"""What the backend makes of a launch's folders: another path for each, and a user who may not write.

A launch's folders are XNAT's own; the backend's host sees them under translated paths. Where a translation
leads to nothing, Docker mounts an empty folder that it creates there; so does this stand-in, and in the place
of a folder outside of its archive too, which it never shows to a container.

Source: Container Service 3.7.3, ``DockerServerBase``; Docker's `--volume` creates a host folder that
is missing.
"""

import errno
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sarcoma_core.errors import ERROR, HINT
from sarcoma_core.runners.build_folder import build_folder
from sarcoma_core.runners.running import Ended, Follow, Runner
from sarcoma_core.standin.documents import Document
from sarcoma_core.steps.running import explain_os_error
from sarcoma_core.xnat.resolution.resolving import ResolvedCommand, ResolvedMount


def run_on_backend(
    runner: Runner,
    server: Document,
    root: Path,
    command: ResolvedCommand,
    folders: Mapping[str, Path],
    *,
    follow: Follow,
) -> Ended:
    """Run a command as the configured backend would.

    Args:
        runner: what really runs it.
        server: the backend's configuration, as `POST /xapi/docker/server` takes it.
        root: the archive.
        command: what is run.
        folders: XNAT's folders by mount.
        follow: where its logs grow, and what ends it.

    Raises:
        RunError: it could not be started.
    """
    denied = refused_to(server, command.mounts, folders, follow)
    if denied:
        return denied
    with mounted(server, root, folders) as seen:
        return runner.run(command, seen, follow=follow)


@contextmanager
def mounted(server: Document, root: Path, folders: Mapping[str, Path]) -> Iterator[Mapping[str, Path]]:
    """The folders as the backend's host sees them.

    Args:
        server: the backend's configuration.
        root: the archive; every folder lies in it.
        folders: XNAT's folders by mount.
    """
    theirs = str(server.get("path-translation-xnat-prefix") or "")
    ours = str(server.get("path-translation-docker-prefix") or "")
    if not theirs or theirs == ours:
        yield folders
        return
    with build_folder(root) as aside:
        yield {
            name: _seen(folder, Path(theirs), Path(ours), root, aside / name)
            for name, folder in folders.items()
        }


def _seen(folder: Path, xnat_prefix: Path, docker_prefix: Path, root: Path, empty: Path) -> Path:
    place = folder.resolve()
    if not place.is_relative_to(xnat_prefix):
        return folder
    there = (docker_prefix / place.relative_to(xnat_prefix)).resolve()
    if there.is_dir() and there.is_relative_to(root.resolve()):
        return there
    empty.mkdir(parents=True, exist_ok=True)
    return empty


def refused_to(
    server: Document, mounts: tuple[ResolvedMount, ...], folders: Mapping[str, Path], follow: Follow
) -> Ended | None:
    """How a step ends under a `container-user` who cannot write its output; None when the user can.

    Our runners run as whoever runs the stand-in, so what the kernel would say to another user is worked out
    from the folder's owner and mode, and said in the step's own words.
    """
    user = str(server.get("container-user") or "")
    written = [folders[mount.name] for mount in mounts if mount.writable]
    if all(may_write(user, folder) for folder in written):
        return None
    denied = explain_os_error(PermissionError(errno.EACCES, os.strerror(errno.EACCES)), {})
    follow.folder.mkdir(parents=True, exist_ok=True)
    follow.stdout.write_text("", encoding="utf-8")
    follow.stderr.write_text(f"{HINT}{denied.hint}\n{ERROR}{denied.message}\n", encoding="utf-8")
    return follow.ended(1)


def may_write(user: str, folder: Path) -> bool:
    """Whether `uid[:gid]` may write a folder, by owner and mode; a name may, as only an image knows it."""
    uid, _, gid = user.partition(":")
    if not uid.isdecimal() or int(uid) == 0:
        return True
    about = folder.stat()
    if about.st_uid == int(uid):
        return bool(about.st_mode & 0o200)
    if gid.isdecimal() and about.st_gid == int(gid):
        return bool(about.st_mode & 0o020)
    return bool(about.st_mode & 0o002)
