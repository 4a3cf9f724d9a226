"""A model on its way into a project, an archive folder or one of a server: whole, and under a free label."""

import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Final, Literal, NamedTuple, Protocol

from sarcoma_core.archive.asset import AssetFolder, asset_hash
from sarcoma_core.archive.folder import visible_files
from sarcoma_core.archive.holdings import Held, OwnHoldings, ResourceFolders
from sarcoma_core.archive.store import Archive, unwritable
from sarcoma_core.archive.swapping import take_back
from sarcoma_core.errors import OutputError, UsageError
from sarcoma_core.launch.models.listing import PREFIX
from sarcoma_core.models.folder import CARD
from sarcoma_core.models.model_set import ONLY, ModelSet
from sarcoma_core.provenance import MANIFEST, contents_hash, list_files, sha256
from sarcoma_core.runners.owned_folders import owned_prefix, sweep
from sarcoma_core.xnat.rest.connection import Connection
from sarcoma_core.xnat.rest.filing import delete_file, put_resource_file
from sarcoma_core.xnat.rest.holdings import RemoteResources
from sarcoma_core.xnat.rest.remote import RemoteTarget

SETS: Final = "MODEL_SEG_"
"""How the labels of sets begin that the step `segment` takes."""
State = Literal["nothing", "same", "other"]

_LABEL: Final = re.compile(r"MODEL_[A-Z0-9_]{0,57}[A-Z0-9]")
_ADDED: Final = ".models-"
"""How the names of the folders begin in which a model is laid out (`owned_folders`)."""
_HEADS: Final = (CARD, MANIFEST)
"""Without them nobody takes a model: they come last."""


class ModelPlace(Protocol):
    """A project that keeps models."""

    own: OwnHoldings

    def write(self, addition: "ModelAddition", folder: Path) -> None:
        """Put the files of a folder there, in the place of all that the resource holds.

        Raises:
            OutputError: the archive cannot be written, or the server has not kept what was sent.
            ServerError: the server refuses, or does not answer.
        """


class ModelAddition(NamedTuple):
    """What is to be put into a project.

    Attributes:
        label: of the resource.
        sha256: of the model, as an asset has it.
        files: that are put there.
        there: what the resource holds now: nothing, this very model, or something else.
    """

    label: str
    sha256: str
    files: tuple[Held, ...]
    there: State

    def require(self, hashes: Mapping[str, str]) -> None:
        """Refuse files that are no more those that were checked.

        Args:
            hashes: the SHA-256 of each file, by its path.

        Raises:
            OutputError: one has changed.
        """
        if contents_hash({path: one for path, one in hashes.items() if path != MANIFEST}) != self.sha256:
            raise OutputError(
                "DIR: must not change while it is copied; it did.", hint="Run the same command again."
            )


def check_label(label: str, models: ModelSet) -> None:
    """Refuse a label that no step would find.

    Raises:
        UsageError: it is none of a model, or none of a set that segments.
    """
    if _LABEL.fullmatch(label) is None:
        raise UsageError(
            f"--label: must be {PREFIX} and capital letters, digits and underscores, 64 in all; found "
            f"{label[:80]!r}.",
            hint=f"Name one: --label {SETS}STS",
        )
    if models.members.keys() != {ONLY} and not label.startswith(SETS):
        raise UsageError(
            f"--label: must begin with {SETS} for models that segment, as the step segment takes those; "
            f"found {label}.",
            hint=f"Name one: --label {SETS}{label.removeprefix(PREFIX)}",
        )


def plan_addition(own: OwnHoldings, asset: AssetFolder, label: str) -> ModelAddition:
    """Find what is to be put into a project, and what is there.

    Args:
        own: what the project's own resources hold.
        asset: the checked folder.
        label: of the resource.

    Raises:
        OSError: a file cannot be read.
    """
    files = _files(asset)
    held = own.files(label) if label in own.labels() else ()
    there: State = "nothing"
    if held:
        same = set(files) <= set(held) and asset_hash(own, label) == asset.sha256
        there = "same" if same else "other"
    return ModelAddition(label, asset.sha256, files, there)


def _files(asset: AssetFolder) -> tuple[Held, ...]:
    """The files that count, the manifest at the end."""
    if asset.record is None:
        paths = [path.relative_to(asset.path).as_posix() for path in visible_files(asset.path)]
    else:
        paths = [*(entry.path for entry in asset.record.files), MANIFEST]
    return tuple(Held(path, (asset.path / path).stat().st_size) for path in paths)


class ModelArchive:
    """A project of an archive folder.

    Args:
        archive: the archive.
        project: id of the project.

    Raises:
        ArchiveError: there is no such project.
    """

    def __init__(self, archive: Archive, project: str) -> None:
        archive.sessions(project)  # no such project is told before anything else
        self._archive = archive
        self._place = archive.resources_path(project)
        self.own: OwnHoldings = ResourceFolders(self._place)

    def write(self, addition: ModelAddition, folder: Path) -> None:
        """Put all files there at once: whoever kills this finds the earlier model, or this one.

        Raises:
            OutputError: the archive cannot be written, or a file changed while it was copied.
        """
        try:
            self._place.mkdir(parents=True, exist_ok=True)
            take_back(self._place)
            sweep(self._place, _ADDED)
            with tempfile.TemporaryDirectory(prefix=owned_prefix(_ADDED), dir=self._place) as work:
                laid = Path(work, addition.label)
                for held in addition.files:
                    file = laid / held.path
                    file.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(folder / held.path, file)
                addition.require({entry.path: entry.sha256 for entry in list_files(laid)})
                self._archive.put_resources(self._place, {addition.label: laid})
        except OSError as error:
            raise unwritable(error, again="command") from None


class ModelServer:
    """A project of a server.

    Args:
        connection: to the server.
        project: id of the project.
    """

    def __init__(self, connection: Connection, project: str) -> None:
        self._connection = connection
        self._target = RemoteTarget("project", project, project)
        self.own: OwnHoldings = RemoteResources(connection, self._target)

    def write(self, addition: ModelAddition, folder: Path) -> None:
        """Put the files there, one after the other: until all are there no step takes the model.

        Raises:
            OutputError: the server holds something else than was sent.
            ServerError: it refuses, or does not answer.
        """
        label, hashes = addition.label, {held.path: sha256(folder / held.path) for held in addition.files}
        addition.require(hashes)
        before = [held.path for held in self.own.files(label)]
        for path in filter(_is_head, before):
            delete_file(self._connection, self._target, label, path)
        for path in sorted(hashes, key=_is_head):
            put_resource_file(self._connection, self._target, label, path, (folder / path).read_bytes())
        for path in before:
            if path not in hashes and not _is_head(path):
                delete_file(self._connection, self._target, label, path)
        there = {held.path for held in self.own.files(label)}
        if there != set(hashes) or any(self.own.sha256(label, path) != one for path, one in hashes.items()):
            raise OutputError(
                f"{label}: must hold what was sent; the server answers with other files or another content.",
                hint="Run the same command again with --replace; does somebody else write there, too?",
            )


def model_place(place: Archive | Connection, project: str) -> ModelPlace:
    """The project in an archive, or on a server.

    Raises:
        ArchiveError: there is no such project in the archive.
    """
    return ModelArchive(place, project) if isinstance(place, Archive) else ModelServer(place, project)


def _is_head(path: str) -> bool:
    return PurePosixPath(path).name in _HEADS
