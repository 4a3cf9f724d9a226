"""One session as a folder, as a step sees it under `/input`: SCANS/, RESOURCES/, ASSESSORS/.

    SCANS/<scan id>/<resource>/...      DICOM, with a `*_catalog.xml`
    RESOURCES/<label>/...               what the steps wrote, each label with its `run.json`

The same code reads XNAT's mount and our own archive: it relies on nothing that only one of them has.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sarcoma_core.errors import ArchiveError
from sarcoma_core.provenance import MANIFEST, Outcome, RunRecord, read_record, sha256

DICOM_RESOURCES = ("DICOM", "secondary")
"""XNAT files a scan's images under DICOM, and secondary captures under `secondary`."""


@dataclass(frozen=True)
class ScanFolder:
    """The DICOM files of one scan.

    Args:
        id: the XNAT scan id.
        files: its DICOM files, in name order; catalogs left out.
    """

    id: str
    files: tuple[Path, ...]


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
    for folder in sorted((p for p in root.iterdir() if p.is_dir()), key=lambda p: natural(p.name)):
        resources = [folder / name for name in DICOM_RESOURCES if (folder / name).is_dir()]
        files = (p for r in resources for p in r.rglob("*") if p.is_file() and not is_catalog(p))
        yield ScanFolder(folder.name, tuple(sorted(files)))


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
        ArchiveError: none of the labels is there, or a recorded file is missing.
    """
    records = _records(session, labels)
    ids = {o.scan for found in records.values() for o in found.outcomes if o.status == "done"}
    for scan in sorted(ids, key=natural):
        held = ((label, o) for label, r in records.items() if (o := r.outcome(scan)) and o.status == "done")
        label, outcome = next(held)
        files = tuple(resource(session, label) / path for path in outcome.files)
        if not all(path.is_file() for path in files):
            raise ArchiveError(
                f"scan {scan}: resource {label} lists files that are not there.",
                hint=f"Run the step that writes {label} again.",
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
        wanted = " or ".join(labels)
        raise ArchiveError(
            f"--session: must hold a resource {wanted} written by a step; found none.",
            hint=f"Run the step that writes {labels[-1]} first: sarcoma run prepare does them in order.",
        )
    return found


def fingerprint(session: Path, labels: tuple[str, ...]) -> Mapping[str, str]:
    """What a step would read, told so that equal inputs have equal fingerprints.

    DICOM is told by name and size: an archive never changes a file in place, it keeps other bytes under
    another name. A resource is told by the hash of its manifest, which holds the hashes of its files.
    """
    if labels:
        manifests = {label: resource(session, label) / MANIFEST for label in labels}
        return {label: sha256(path) for label, path in manifests.items() if path.is_file()}
    return {f"scan {scan.id}": _listing(scan) for scan in scans(session)}


def _listing(scan: ScanFolder) -> str:
    lines = (f"{path.name}\t{path.stat().st_size}" for path in scan.files)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
