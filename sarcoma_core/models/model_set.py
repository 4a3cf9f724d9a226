"""The models of a project resource: one folder for each, named by the sequences that it takes.

A folder that itself holds a config is a set of one. A training that is to go on has left a checkpoint and no
weights: it is told, and keeps no other member from its work.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from sarcoma_core.archive.asset import AssetFolder, asset_hash
from sarcoma_core.archive.folder import is_hidden
from sarcoma_core.archive.holdings import ResourceFolders
from sarcoma_core.errors import ArchiveError, InputError
from sarcoma_core.models.card import WEIGHTS
from sarcoma_core.models.config import ModelConfig
from sarcoma_core.models.door import CHECKPOINTS, require_ours
from sarcoma_core.models.folder import CARD, CONFIG, ModelFolder, fault, open_model
from sarcoma_core.provenance import MANIFEST, RunRecord, parse_record, sha256

ONLY: Final = "model"
"""The name of a member that segments nothing, which is alone in its folder."""

_MARKS: Final = frozenset({CONFIG, CARD, WEIGHTS, *CHECKPOINTS})
"""Files by which a folder is told to hold a model."""


@dataclass(frozen=True)
class ModelSet:
    """The models of a resource, all of them checked.

    Args:
        members: by name, such as `T1CE` or `T1CE_T2FS`.
        unfinished: names of those whose training is to go on.
        sha256: what tells the set from another: that of the asset.
    """

    members: Mapping[str, ModelFolder]
    unfinished: tuple[str, ...]
    sha256: str

    def member(self, name: str) -> ModelFolder:
        """One of its models.

        Raises:
            InputError: it is not there, or not yet.
        """
        if name in self.members:
            return self.members[name]
        known = ", ".join(self.members) or "none"
        state = "its training has not ended" if name in self.unfinished else f"it has {known}"
        raise fault(f"the set must hold {name}; {state}", hint="Train it: sarcoma run train-segmentation")


def open_set(asset: AssetFolder) -> ModelSet:
    """Read and check the models of a resource; no network is built.

    Args:
        asset: the resource, or a folder with one model.

    Raises:
        InputError: a file is none of ours, or a member is not as it must be: then all are refused.
    """
    require_ours(asset.path)
    found = set_layout(_held(asset))
    members: dict[str, ModelFolder] = {}
    for place in found.places:
        model = open_model(asset, place)
        members[member_name(place, model.config)] = model
    return ModelSet(members, found.unfinished, asset.sha256)


class SetLayout(NamedTuple):
    """Where the models of a set lie.

    Attributes:
        places: the folder of each, with a `/` at its end; one that is empty where the set is one model.
        unfinished: names of those whose training is to go on.
    """

    places: tuple[str, ...]
    unfinished: tuple[str, ...]


def set_layout(names: Collection[str]) -> SetLayout:
    """Where the models of a set lie, of its files' paths.

    Raises:
        InputError: there is none, or a model has folders beside it.
    """
    places = {name.rpartition("/")[0] for name in names if name.rpartition("/")[2] in _MARKS}
    if "" in places and any("/" in name for name in names):
        raise fault("a folder that holds a model must hold no other folder; found one")
    places |= {name.split("/")[0] for name in names if "/" in name}
    if not places:
        raise fault(f"the resource must hold a model, or a folder for each; found no {CONFIG}")
    held, unfinished = [], []
    for place in sorted(places):
        start = f"{place}/" if place else ""
        own = {name.removeprefix(start) for name in names if name.startswith(start)}
        if WEIGHTS not in own and own & set(CHECKPOINTS):
            unfinished.append(place or ONLY)
        else:
            held.append(start)
    return SetLayout(tuple(held), tuple(unfinished))


def member_name(place: str, config: ModelConfig) -> str:
    """The name of a member: that of its sequences, which its folder must have, too.

    Raises:
        InputError: the folder has another, or the member segments nothing.
    """
    task = config.segmentation
    if not place:
        return task.member if task else ONLY
    if task is None:
        raise fault(f"a member of a set must tell what it segments; {place}{CONFIG} does not")
    if place != f"{task.member}/":
        raise fault(f"a member must be named by its sequences, {task.member}; found {place[:40]!r}")
    return task.member


def open_model_folder(path: Path) -> AssetFolder:
    """A folder that somebody names, as an asset: whole, and as its manifest lists it.

    Args:
        path: the folder.

    Raises:
        InputError: it is no folder, its manifest is damaged, or a file is another than that lists.
    """
    folder = path.resolve()
    if not folder.is_dir():
        raise fault("must be a folder; found none there", hint="Check the path.")
    require_ours(folder)
    holdings = ResourceFolders(folder.parent)
    body = holdings.manifest(folder.name)
    record = _own_record(body, folder.name)
    for entry in record.files if record else ():
        file = folder / entry.path
        if not file.is_file() or sha256(file) != entry.sha256:
            raise fault(
                f"every file must be as {MANIFEST} lists it; {entry.path} is "
                f"{'another one' if file.is_file() else 'missing'}",
                hint=f"It was changed, or copied in part: copy all of it again, {MANIFEST} included.",
            )
    return AssetFolder(folder, record, asset_hash(holdings, folder.name))


def _own_record(body: bytes | None, name: str) -> RunRecord | None:
    """The manifest of a folder that somebody names: there is no step here that would write it again."""
    try:
        return None if body is None else parse_record(body, name)
    except ArchiveError as error:
        raise InputError(
            error.message, hint=f"Copy the folder again, {MANIFEST} included; or leave it out."
        ) from None


def _held(asset: AssetFolder) -> set[str]:
    """The files that count: those that the manifest lists, else all that are there."""
    if asset.record is not None:
        return {entry.path for entry in asset.record.files}
    paths = (path.relative_to(asset.path) for path in asset.path.rglob("*") if path.is_file())
    return {path.as_posix() for path in paths if not is_hidden(path)}
