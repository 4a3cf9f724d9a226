"""What a container left behind becomes resources: of a project, subject, session, scan or assessor.

Source: Container Service 3.7.3, ``ContainerFinalizeServiceImpl.uploadOutputs``: everything directly below an
output's path is taken, a required output that is missing fails, another is left out. What the output is a
child of is looked up again: it may be gone since the launch.
"""

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from sarcoma_core.errors import RunError, SarcomaError
from sarcoma_core.standin.answers import Refusal
from sarcoma_core.standin.objects.items import Item, Items
from sarcoma_core.standin.objects.places import find_place
from sarcoma_core.standin.objects.resources import ResourceInfo
from sarcoma_core.standin.objects.tree import Tree
from sarcoma_core.xnat.resolution.resolving import ResolvedCommand, ResolvedOutput


class UploadError(RunError):
    """A required output is not there, or cannot be uploaded."""


def upload(tree: Tree, project: str, command: ResolvedCommand, folders: Mapping[str, Path]) -> None:
    """Upload every output.

    Args:
        tree: the objects of the server.
        project: the project of the object that the container ran on, which outputs stay in.
        command: what ran.
        folders: the folder behind each mount.

    Raises:
        UploadError: a required output cannot be uploaded; those before it are.
    """
    for output in command.outputs:
        try:
            _upload(tree, project, output, folders[output.mount])
        except (UploadError, Refusal, SarcomaError, OSError) as error:
            if output.required:
                raise UploadError(f'Output "{output.output}": {_reason(error)}') from error


def _upload(tree: Tree, project: str, output: ResolvedOutput, mount: Path) -> None:
    if output.type != "Resource" or not output.parent_uri:
        raise UploadError("this stand-in uploads resources of objects that are there; it makes no objects.")
    source = _source(mount, output.path)
    with tree.lock(project):  # the object is not deleted until its files are there
        parent = _parent(tree, project, output.parent_uri)
        tree.insert(
            parent.owner,
            output.label,
            source,
            project=project,
            session=parent.session,
            info=ResourceInfo(output.format or "", output.content or "", ",".join(output.tags)),
        )


def _parent(tree: Tree, project: str, uri: str) -> Item:
    """The object of a project that a URI such as `/archive/experiments/E/scans/4` names."""
    parts = uri.removeprefix("/archive").strip("/").split("/")
    inside = parts if parts[0] == "projects" else ["projects", project, *parts]
    place = find_place(Items(tree), inside, sees=lambda name: name == project)
    if place.resources is not None or place.words:
        raise UploadError("this stand-in uploads resources of objects, and no files into a resource.")
    return place.item


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
