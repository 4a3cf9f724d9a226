"""One session as a folder, as a step sees it under `/input`: SCANS/, RESOURCES/, ASSESSORS/.

    SCANS/<scan id>/<resource>/...      DICOM, with a `*_catalog.xml`
    RESOURCES/<label>/...               what the steps wrote, each label with its `run.json`

The same code reads XNAT's mount and our own archive: it relies on nothing that only one of them has.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sarcoma_core.errors import ArchiveError
from sarcoma_core.provenance import MANIFEST, Outcome, RunRecord, read_record, recorded_scan_id, sha256

DICOM_RESOURCES = ("DICOM", "secondary")
"""XNAT files images under DICOM, and secondary captures under `secondary`, which count when alone."""

_DICOM_SUFFIXES = (".dcm", ".ima")
_PREFIX = slice(128, 132)


@dataclass(frozen=True)
class ScanFolder:
    """The DICOM files of one scan.

    Args:
        id: the XNAT scan id, which is the folder's name; `recorded_scan_id` makes it fit for a manifest.
        files: its DICOM files, in name order; catalogs left out.
        foreign: how many files were left out because they are not DICOM.
    """

    id: str
    files: tuple[Path, ...]
    foreign: int = 0


@dataclass(frozen=True)
class SeriesFiles:
    """A series as an earlier step left it.

    Args:
        label: the resource that holds it.
        outcome: what that step recorded of it.
        files: the recorded files, as paths.
    """

    label: str
    outcome: Outcome
    files: tuple[Path, ...]

    @property
    def scan(self) -> str:
        """The XNAT scan id."""
        return self.outcome.scan

    @property
    def volume(self) -> Path:
        """The image itself: the first file that the outcome lists."""
        return self.files[0]


def is_catalog(path: Path) -> bool:
    """Whether a file is XNAT's own listing of a resource."""
    return path.name.endswith("_catalog.xml")


def scans(session: Path) -> Iterator[ScanFolder]:
    """The scans of a session in natural order of their ids, empty ones included.

    Raises:
        ArchiveError: the folder is not a session.
    """
    root = session / "SCANS"
    if not root.is_dir():
        raise ArchiveError(
            "--session: must be an XNAT session folder with SCANS/ in it; found none.",
            hint="Import DICOM first: sarcoma archive import FOLDER --archive DIR --project NAME.",
        )
    folders = (p for p in root.iterdir() if p.is_dir() and not p.name.startswith("."))
    for folder in sorted(folders, key=lambda p: natural(p.name)):
        held = (_visible_files(folder / name) for name in DICOM_RESOURCES)
        files = next((found for found in held if found), ())
        dicom = tuple(path for path in files if _is_meant_as_dicom(path))
        yield ScanFolder(folder.name, dicom, len(files) - len(dicom))


def _visible_files(resource: Path) -> tuple[Path, ...]:
    """What a resource holds, in name order: no catalog, nothing that file managers and snapshots hide."""
    return tuple(
        path
        for path in sorted(resource.rglob("*"))
        if path.is_file()
        and not is_catalog(path)
        and not any(part.startswith(".") for part in path.relative_to(resource).parts)
    )


def _is_meant_as_dicom(path: Path) -> bool:
    """Whether a file has the DICM prefix (PS3.10, 7.1), or had better have it.

    A file named as DICOM that lost its head, and one that cannot be read, are a scan's damage to be told
    of: were they left out, a slice could be missing unseen at an end of the stack.
    """
    try:
        with path.open("rb") as stream:
            head = stream.read(_PREFIX.stop)
    except OSError:
        return True
    return head[_PREFIX] == b"DICM" or path.suffix.lower() in _DICOM_SUFFIXES


def natural(text: str) -> tuple[tuple[int, str], ...]:
    """A sort key by which scan 10 comes after scan 9."""
    parts: list[tuple[int, str]] = []
    digits = ""
    for char in [*text, ""]:
        if char.isdigit() and char.isascii():
            digits += char
            continue
        if digits:
            parts.append((int(digits), ""))
            digits = ""
        parts.append((-1, char))
    return (*parts, (-2, text))  # 1 and 01 are two scans: their order must not depend on chance


def resource(session: Path, label: str) -> Path:
    """The folder of a session resource, which need not be there."""
    return session / "RESOURCES" / label


def record(session: Path, label: str) -> RunRecord | None:
    """The manifest of a session resource, if a step has written it.

    Raises:
        ArchiveError: the manifest is damaged.
    """
    return read_record(resource(session, label))


def series(session: Path, labels: tuple[str, ...]) -> Iterator[SeriesFiles]:
    """Each usable series, from the first of `labels` that holds it.

    Raises:
        ArchiveError: none of the labels is there, or a recorded file is missing or outside of its resource.
    """
    held: dict[str, tuple[str, Outcome]] = {}
    for label, found in _records(session, labels).items():
        for outcome in found.outcomes:
            if outcome.status == "done" and outcome.scan:  # without a scan it is no series, but a report
                held.setdefault(outcome.scan, (label, outcome))
    for scan in sorted(held, key=natural):
        label, outcome = held[scan]
        root = resource(session, label)
        files = tuple(root / path for path in outcome.files)
        if not files or not all(path.is_file() for path in files):
            raise ArchiveError(
                f"scan {scan}: resource {label} lists {'files that are not there' if files else 'no file'}.",
                hint=f"Run the step that writes {label} again.",
            )
        if not all(path.resolve().is_relative_to(root.resolve()) for path in files):
            raise ArchiveError(
                f"scan {scan}: resource {label} must hold its files; one is a link that leads out of it.",
                hint=f"Delete the resource {label} and run its step again.",
            )
        yield SeriesFiles(label, outcome, files)


def kept_apart(session: Path, labels: tuple[str, ...]) -> tuple[Outcome, ...]:
    """The series that were written and set apart from the chain, such as 4D.

    Raises:
        ArchiveError: none of the labels is there.
    """
    outcomes = (o for found in _records(session, labels).values() for o in found.outcomes)
    apart = {o.scan: o for o in outcomes if o.status == "set apart" and o.files}
    return tuple(apart[scan] for scan in sorted(apart, key=natural))


def _records(session: Path, labels: tuple[str, ...]) -> Mapping[str, RunRecord]:
    found = {label: manifest for label in labels if (manifest := record(session, label))}
    if not found:
        raise not_written(session, labels)
    return found


def not_written(session: Path, labels: tuple[str, ...]) -> ArchiveError:
    """The error that no step wrote any of `labels`; what another tool wrote there is told."""
    foreign = [label for label in labels if _visible_files(resource(session, label))]
    found = f"{' and '.join(foreign)} without {MANIFEST}: another tool wrote it" if foreign else "none"
    hint = f"Run the step that writes {labels[-1]} first: sarcoma run prepare does them in order."
    return ArchiveError(
        f"--session: must hold a resource {' or '.join(labels)} written by a step; found {found}.",
        hint=f"{hint} It replaces {foreign[0]}: to keep what is there, rename it before."
        if foreign
        else hint,
    )


def fingerprint(session: Path, labels: tuple[str, ...]) -> Mapping[str, str]:
    """What a step would read, told so that equal inputs have equal fingerprints.

    DICOM is told by name and size: an archive never changes a file in place, it keeps other bytes under
    another name. A resource is told by the hash of its manifest, which holds the hashes of its files.
    """
    if labels:
        manifests = {label: resource(session, label) / MANIFEST for label in labels}
        return {label: sha256(path) for label, path in manifests.items() if path.is_file()}
    return {told_as(scan.id): _listing(scan) for scan in scans(session)}


def told_as(scan_id: str) -> str:
    """The key under which a fingerprint tells of a scan."""
    return f"scan {recorded_scan_id(scan_id)}"


def listing_digest(files: Iterable[tuple[str, int]]) -> str:
    """What a fingerprint says of a scan: SHA-256 over the names and sizes of its DICOM files, in order."""
    lines = (f"{name}\t{size}" for name, size in files)
    return hashlib.sha256("\n".join(lines).encode(errors="surrogateescape")).hexdigest()


def _listing(scan: ScanFolder) -> str:
    return listing_digest((path.name, path.stat().st_size) for path in scan.files)
