"""What a container left behind becomes resources of its session.

Source: Container Service 3.7.3, ``ContainerFinalizeServiceImpl.uploadOutputs``: everything directly below an
output's path is taken, a required output that is missing fails, another is left out.
"""

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from sarcoma_core.archive.store import Session
from sarcoma_core.errors import RunError, SarcomaError
from sarcoma_core.standin.answers import Refusal
from sarcoma_core.standin.objects.tree import Tree
from sarcoma_core.xnat.resolution.resolving import ResolvedCommand, ResolvedOutput


class UploadError(RunError):
    """A required output is not there, or cannot be uploaded."""


def upload(
    tree: Tree, session: Session | None, command: ResolvedCommand, folders: Mapping[str, Path]
) -> None:
    """Upload every output.

    Args:
        tree: the objects of the server.
        session: the session that the container ran on; None when it ran on none.
        command: what ran.
        folders: the folder behind each mount.

    Raises:
        UploadError: a required output cannot be uploaded; those before it are.
    """
    for output in command.outputs:
        try:
            _upload(tree, session, output, folders[output.mount])
        except (UploadError, Refusal, SarcomaError, OSError) as error:
            if output.required:
                raise UploadError(f'Output "{output.output}": {_reason(error)}') from error


def _upload(tree: Tree, session: Session | None, output: ResolvedOutput, mount: Path) -> None:
    if session is None or output.type != "Resource" or output.parent_uri != _uri(session):
        raise UploadError("this stand-in uploads resources of the session that was launched on, only.")
    source = _source(mount, output.path)
    tree.insert(
        session,
        output.label,
        source,
        file_format=output.format or "",
        content=output.content or "",
        tags=",".join(output.tags),
    )


def _source(mount: Path, path: str) -> Path:
    """The folder to upload: what the container wrote, and nothing that it only points to."""
    top = mount.resolve()
    source = (top / path.lstrip("/")).resolve()
    if not source.is_relative_to(top):
        raise UploadError("its path must lie in its mount; it leads out of it.")
    if source.is_file():
        alone = Path(tempfile.mkdtemp(dir=top.parent))
        return Path(shutil.move(source, alone / source.name)).parent
    files = [place for place in source.rglob("*") if not place.is_dir()] if source.is_dir() else []
    if not files:
        raise UploadError("nothing was written there.")
    if any(place.is_symlink() for place in source.rglob("*")):
        raise UploadError("symbolic links are not uploaded; found one.")
    return source


def _uri(session: Session) -> str:
    return f"/archive/experiments/{session.id}"


def _reason(error: Exception) -> str:
    match error:
        case SarcomaError():
            return error.message
        case Refusal():
            return error.text
        case OSError():
            return f"the archive cannot be written ({error.strerror})."
        case _:
            return type(error).__name__
