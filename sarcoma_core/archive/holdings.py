"""What an object of XNAT holds, told the same of a folder and of a server, and what follows from it.

One law, two implementations: `FolderHoldings` here, and `xnat.rest.holdings.RemoteHoldings`.
"""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

from sarcoma_core.archive.folder import images_of, is_catalog, resource, scan_files
from sarcoma_core.provenance import SCAN_INPUT, manifest_bytes, recorded_scan_id


class Held(NamedTuple):
    """A file that is there.

    Attributes:
        path: below its resource, with `/`.
        size: bytes.
    """

    path: str
    size: int


class Holdings(Protocol):
    """What an object holds, XNAT's own catalogs left out; nothing but manifests is opened."""

    def labels(self) -> tuple[str, ...]:
        """Labels of its own resources."""

    def manifest(self, label: str) -> bytes | None:
        """The `run.json` of a resource; None when there is none."""

    def files(self, label: str) -> tuple[Held, ...]:
        """The files of a resource, its manifest included; none when there is no such resource."""

    def scans(self) -> Mapping[str, Mapping[str, tuple[Held, ...]]]:
        """The files of each scan by resource, in path order, hidden ones left out, empty scans included."""


class FolderHoldings:
    """What a session folder holds.

    Args:
        path: the session's folder.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def labels(self) -> tuple[str, ...]:
        """Labels of the resources, sorted."""
        place = self._path / "RESOURCES"
        folders = place.iterdir() if place.is_dir() else ()
        return tuple(sorted(p.name for p in folders if p.is_dir() and not p.name.startswith(".")))

    def manifest(self, label: str) -> bytes | None:
        """The manifest of a resource.

        Raises:
            ArchiveError: it is there and cannot be read.
        """
        return manifest_bytes(resource(self._path, label))

    def files(self, label: str) -> tuple[Held, ...]:
        """The files of a resource."""
        place = resource(self._path, label)
        return _held(place, (p for p in place.rglob("*") if p.is_file() and not is_catalog(p)))

    def scans(self) -> Mapping[str, Mapping[str, tuple[Held, ...]]]:
        """The files of each scan, of the resources that hold images.

        Raises:
            ArchiveError: the folder is not a session.
        """
        root = self._path / "SCANS"
        return {
            scan: {label: _held(root / scan / label, files) for label, files in resources.items()}
            for scan, resources in scan_files(self._path).items()
        }


def _held(place: Path, files: Iterable[Path]) -> tuple[Held, ...]:
    return tuple(Held(path.relative_to(place).as_posix(), path.stat().st_size) for path in files)


def fingerprint(holdings: Holdings, labels: tuple[str, ...]) -> Mapping[str, str]:
    """What a step would read, told so that equal inputs have equal fingerprints.

    DICOM is told by name and size: an archive never changes a file in place, it keeps other bytes under
    another name. A resource is told by the hash of its manifest, which holds the hashes of its files.

    Args:
        holdings: of the object.
        labels: resources that the step reads; none means the DICOM of the scans.

    Raises:
        ArchiveError: the object is not a session, or a manifest cannot be read.
    """
    if labels:
        manifests = {label: holdings.manifest(label) for label in labels}
        return {
            label: hashlib.sha256(body).hexdigest() for label, body in manifests.items() if body is not None
        }
    images = {scan: images_of(resources) for scan, resources in holdings.scans().items()}
    return {
        f"{SCAN_INPUT}{recorded_scan_id(scan)}": _listing_digest(files)
        for scan, files in images.items()
        if files  # of a scan without any there may be a folder, or a record, or both
    }


def _listing_digest(files: tuple[Held, ...]) -> str:
    """SHA-256 over the names and sizes of a scan's images, in order."""
    lines = (f"{path.rpartition('/')[2]}\t{size}" for path, size in files)
    return hashlib.sha256("\n".join(lines).encode(errors="surrogateescape")).hexdigest()
