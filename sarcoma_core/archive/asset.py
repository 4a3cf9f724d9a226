"""Assets: resources of a project that a step reads beside its input, such as a model, a cohort or a table.

An asset is told by one hash over the names and contents of its files. Where a step wrote it, its manifest
lists them and no file is opened; where a person put it there by hand, each is read.
"""

from dataclasses import dataclass
from pathlib import Path

from sarcoma_core.archive.folder import is_hidden
from sarcoma_core.archive.holdings import OwnHoldings, ResourceFolders
from sarcoma_core.errors import InputError
from sarcoma_core.interface import AssetSpec
from sarcoma_core.provenance import MANIFEST, RunRecord, contents_hash, parse_record, sha256


@dataclass(frozen=True)
class AssetFolder:
    """An asset, as a step receives it: whole, and as its manifest lists it.

    Args:
        path: its folder; only read.
        record: its manifest; None where no step wrote it.
        sha256: what tells it from another, as it stands in the manifest of the step that reads it.
    """

    path: Path
    record: RunRecord | None
    sha256: str

    def file(self, name: str) -> Path:
        """A file of the asset.

        Raises:
            InputError: it is not there, or its manifest does not list it.
        """
        listed = self.record is None or any(entry.path == name for entry in self.record.files)
        path = self.path / name
        if not listed or not path.is_file():
            fault = "it is missing" if listed else f"{MANIFEST} does not list it"
            raise InputError(
                f"asset: must hold {name}; {fault}.",
                hint="docs/outputs.md says which files each kind of asset has.",
            )
        return path


def asset_hash(holdings: OwnHoldings, label: str) -> str:
    """The hash by which a resource is told as an asset, on disk and on a server.

    Args:
        holdings: of the project.
        label: of the resource.

    Raises:
        ArchiveError: its manifest is damaged.
    """
    body = holdings.manifest(label)
    if body is not None:
        entries = parse_record(body, label).files
        return contents_hash({entry.path: entry.sha256 for entry in entries if _counts(entry.path)})
    paths = (held.path for held in holdings.files(label) if _counts(held.path))
    return contents_hash({path: holdings.sha256(label, path) for path in paths})


def _counts(path: str) -> bool:
    """Whether a file is one of an asset's: no manifest, no catalog, nothing hidden."""
    return not is_hidden(Path(path)) and Path(path).name != MANIFEST


def open_asset(asset: AssetSpec, folder: Path | None) -> AssetFolder | None:
    """Check an asset at the door: it is there, and every file that its manifest lists is as listed.

    Args:
        asset: what the step declares.
        folder: where it is mounted; None, or a folder without files, where there is none.

    Returns:
        The asset; None for an optional one that is not there.

    Raises:
        InputError: it is missing, or a file of it is missing or has another content than its manifest says.
        ArchiveError: its manifest is damaged.
    """
    holdings = ResourceFolders(folder.parent) if folder else None
    if folder is None or holdings is None or not _has_files(holdings, folder):
        if asset.spec.optional:
            return None
        raise InputError(
            f"{asset.flag}: must be a folder with the files of a resource {asset.spec.label}; found none.",
            hint=f"Put one into the project as resource {asset.spec.label}; here: {asset.flag} DIR",
        )
    body = holdings.manifest(folder.name)
    record = parse_record(body, folder.name) if body is not None else None
    for number, entry in enumerate(record.files if record else (), 1):
        path = folder / entry.path
        if not path.is_file() or path.stat().st_size != entry.size or sha256(path) != entry.sha256:
            raise InputError(
                f"{asset.flag}: every file must be as {MANIFEST} lists it; number {number} of them is "
                f"{'another one' if path.is_file() else 'missing'}.",
                hint=f"It was changed, or copied in part: put all of it there again, {MANIFEST} included.",
            )
    return AssetFolder(folder, record, asset_hash(holdings, folder.name))


def _has_files(holdings: ResourceFolders, folder: Path) -> bool:
    return any(not is_hidden(Path(held.path)) for held in holdings.files(folder.name))
