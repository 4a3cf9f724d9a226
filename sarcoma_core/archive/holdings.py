"""What an object of XNAT holds, told the same of a folder and of a server, and what follows from it.

One law, two implementations: `FolderHoldings` here, and `xnat.rest.holdings.RemoteHoldings`.
"""

import hashlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path, PurePath
from typing import NamedTuple, Protocol

from sarcoma_core.archive.drawn import DRAWN_LABEL, roi_collections
from sarcoma_core.archive.folder import images_of, is_catalog, is_hidden, scan_files
from sarcoma_core.archive.masks import COLLECTIONS_LABEL
from sarcoma_core.archive.newest import scan_resources, session_resources
from sarcoma_core.errors import ArchiveError
from sarcoma_core.provenance import (
    SCAN_INPUT,
    contents_hash,
    manifest_bytes,
    parse_record,
    recorded_scan_id,
    sha256,
)


class Held(NamedTuple):
    """A file that is there.

    Attributes:
        path: below its resource, with `/`.
        size: bytes.
    """

    path: str
    size: int


class OwnHoldings(Protocol):
    """What the resources of an object hold, XNAT's own catalogs left out."""

    def labels(self) -> tuple[str, ...]:
        """Labels of its own resources."""

    def manifest(self, label: str) -> bytes | None:
        """The `run.json` of a resource; None when there is none."""

    def files(self, label: str) -> tuple[Held, ...]:
        """The files of a resource, its manifest included; none when there is no such resource."""

    def sha256(self, label: str, path: str) -> str:
        """The SHA-256 of a file of a resource, which is read for it."""

    def content(self, label: str, path: str) -> bytes | None:
        """A small file of a resource; None when it is not there."""


class Holdings(OwnHoldings, Protocol):
    """What a session holds; nothing but manifests is opened."""

    def scans(self) -> Mapping[str, Mapping[str, tuple[Held, ...]]]:
        """The files of each scan by resource, in path order, hidden ones left out, empty scans included."""

    def scan_manifests(self, label: str) -> Mapping[str, bytes]:
        """The `run.json` of scans' own resources of that label, by scan id."""

    def collections(self) -> Mapping[str, str]:
        """The ROI collections of the OHIF viewer: the SHA-256 of each, by label.

        They are read for it: one that is saved over keeps its name, often its size, sometimes its UID.
        """


class ResourceFolders:
    """What the resources below a folder hold, be it those of a project, a session or a scan.

    Args:
        place: the folder with one folder for each label.
    """

    def __init__(self, place: Path) -> None:
        self._place = place

    def labels(self) -> tuple[str, ...]:
        """Labels of the resources, sorted."""
        folders = self._place.iterdir() if self._place.is_dir() else ()
        return tuple(sorted(p.name for p in folders if p.is_dir() and not p.name.startswith(".")))

    def manifest(self, label: str) -> bytes | None:
        """The manifest of a resource.

        Raises:
            ArchiveError: it is there and cannot be read.
        """
        return manifest_bytes(self._place / label)

    def files(self, label: str) -> tuple[Held, ...]:
        """The files of a resource."""
        place = self._place / label
        return _held(place, (p for p in place.rglob("*") if p.is_file() and not is_catalog(p)))

    def sha256(self, label: str, path: str) -> str:
        """The SHA-256 of a file of a resource.

        Raises:
            OSError: it cannot be read.
        """
        return sha256(self._place / label / path)

    def content(self, label: str, path: str) -> bytes | None:
        """A small file of a resource.

        Raises:
            OSError: it is there and cannot be read.
        """
        file = self._place / label / path
        return file.read_bytes() if file.is_file() else None


class FolderHoldings(ResourceFolders):
    """What a session folder holds.

    Args:
        path: the session's folder.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(session_resources(path))
        self._path = path

    def scan_manifests(self, label: str) -> Mapping[str, bytes]:
        """The manifests of scans' own resources of that label.

        Raises:
            ArchiveError: one is there and cannot be read.
        """
        bodies = {scan: manifest_bytes(place) for scan, place in scan_resources(self._path, label).items()}
        return {scan: body for scan, body in bodies.items() if body is not None}

    def collections(self) -> Mapping[str, str]:
        """The ROI collections of the session.

        Raises:
            OSError: the disk fails.
        """
        return {one.label: sha256(one.path) for one in roi_collections(self._path)}

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


def fingerprint(holdings: Holdings | None, labels: tuple[str, ...], scan: str = "") -> Mapping[str, str]:
    """What a step would read, told so that equal inputs have equal fingerprints.

    DICOM is told by name and size: an archive never changes a file in place, it keeps other bytes under
    another name. A resource is told by the hash of its manifest, which holds the hashes of its files; where
    a scan has one of its own, that counts too. `DRAWN` is told by all that may hold masks: the files of the
    resource, the ROI collections, and the scans.

    Args:
        holdings: of the session; None on a project, where nothing is told: a step that reads its sessions is
            done whenever it is asked for.
        labels: resources that the step reads; none means the DICOM of the scans.
        scan: id of the one scan that the step works on; empty for all of them.

    Raises:
        ArchiveError: the object is not a session, or a manifest cannot be read.
    """
    if holdings is None:
        return {}
    if labels:
        manifests = {label: holdings.manifest(label) for label in labels}
        told = {label: body for label, body in manifests.items() if body is not None}
        for label in labels:
            for one, body in holdings.scan_manifests(label).items():
                if scan in ("", one):
                    told[f"{label} {SCAN_INPUT}{recorded_scan_id(one)}"] = body
        hashes = {key: hashlib.sha256(body).hexdigest() for key, body in told.items()}
        return {**hashes, **_drawn(holdings), **_images(holdings, scan)} if DRAWN_LABEL in labels else hashes
    return _images(holdings, scan)


def _drawn(holdings: Holdings) -> Mapping[str, str]:
    """The files that people put into DRAWN, and the collections of the viewer: one hash of each kind.

    Names stay out: they may be a patient's.
    """
    files = (held.path for held in holdings.files(DRAWN_LABEL) if not is_hidden(PurePath(held.path)))
    hashes = {path: holdings.sha256(DRAWN_LABEL, path) for path in files}
    sent = _sent(holdings)
    collections = {label: digest for label, digest in holdings.collections().items() if digest not in sent}
    told = {DRAWN_LABEL: hashes, "collections": collections}
    return {key: contents_hash(held) for key, held in told.items() if held}


def _sent(holdings: Holdings) -> frozenset[str]:
    """The hashes of what was made of masks for the viewer: as long as nobody changes it, nobody drew it."""
    body = holdings.manifest(COLLECTIONS_LABEL)
    if body is None:
        return frozenset()
    with suppress(ArchiveError):  # what cannot be read tells of nothing that was sent
        outcomes = parse_record(body, COLLECTIONS_LABEL).outcomes
        return frozenset(str(digest) for one in outcomes for digest in one.facts.get("sent", ()))
    return frozenset()


def _images(holdings: Holdings, scan: str) -> Mapping[str, str]:
    images = {one: images_of(resources) for one, resources in holdings.scans().items() if scan in ("", one)}
    return {
        f"{SCAN_INPUT}{recorded_scan_id(one)}": _listing_digest(files)
        for one, files in images.items()
        if files  # of a scan without any there may be a folder, or a record, or both
    }


def _listing_digest(files: tuple[Held, ...]) -> str:
    """SHA-256 over the names and sizes of a scan's images, in order."""
    lines = (f"{path.rpartition('/')[2]}\t{size}" for path, size in files)
    return hashlib.sha256("\n".join(lines).encode(errors="surrogateescape")).hexdigest()
