"""One session as a folder, as a step sees it under `/input`: SCANS/, RESOURCES/, ASSESSORS/.

    SCANS/<scan id>/<resource>/...      DICOM, with a `*_catalog.xml`
    RESOURCES/<label>/...               what the steps wrote, each label with its `run.json`

The same code reads XNAT's mount and our own archive: it relies on nothing that only one of them has.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, TypeVar

from sarcoma_core.errors import ArchiveError
from sarcoma_core.provenance import MANIFEST, Outcome, RunRecord, Status, read_record

DICOM_RESOURCES = ("DICOM", "secondary")
"""XNAT files images under DICOM, and secondary captures under `secondary`, which count when alone."""

ROLES = "SERIES_ROLES"
"""The resource whose manifest tells the role of each series."""

File = TypeVar("File")

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

    def told(
        self,
        status: Status,
        reason: str = "",
        *,
        files: tuple[str, ...] = (),
        facts: Mapping[str, Any] | None = None,
    ) -> Outcome:
        """What a later step says of this series."""
        of = self.outcome
        return Outcome(of.scan, of.modality, status, reason, files=files, facts=facts or {}, part=of.part)


def is_catalog(path: PurePath) -> bool:
    """Whether a file is XNAT's own listing of a resource."""
    return path.name.endswith("_catalog.xml")


@dataclass(frozen=True)
class SessionFolder:
    """A session, as a step receives it.

    Args:
        path: its folder; only read.
        reads: labels of the resources that the step reads, in order of preference.
    """

    path: Path
    reads: tuple[str, ...] = ()

    def scans(self) -> Iterator[ScanFolder]:
        """Its scans in natural order of their ids, empty ones included.

        Raises:
            ArchiveError: the folder is not a session.
        """
        for scan, resources in scan_files(self.path).items():
            files = images_of(resources)
            dicom = tuple(path for path in files if _is_meant_as_dicom(path))
            yield ScanFolder(scan, dicom, len(files) - len(dicom))

    def resource(self, label: str) -> Path:
        """The folder of a resource, which need not be there."""
        return resource(self.path, label)

    def record(self, label: str) -> RunRecord | None:
        """The manifest of a resource, if a step has written it.

        Raises:
            ArchiveError: the manifest is damaged.
        """
        return read_record(self.resource(label))

    def series(self) -> Iterator[SeriesFiles]:
        """Each usable series, from the first resource that it reads and that holds it.

        Raises:
            ArchiveError: none of the resources is there, or a recorded file is missing or outside of its
                resource.
        """
        held: dict[str, tuple[str, Outcome]] = {}
        for label, record in self._records().items():
            for outcome in record.outcomes:
                if outcome.status == "done" and outcome.scan:  # without a scan it is no series, but a report
                    held.setdefault(outcome.series, (label, outcome))
        for _, (label, outcome) in sorted(held.items(), key=lambda item: natural(item[0])):
            yield SeriesFiles(label, outcome, self._files(label, outcome))

    def apart(self) -> tuple[Outcome, ...]:
        """The series that were written and set apart from the chain, such as 4D.

        Raises:
            ArchiveError: none of the resources is there.
        """
        outcomes = (o for record in self._records().values() for o in record.outcomes)
        apart = {o.series: o for o in outcomes if o.status == "set apart" and o.files}
        return tuple(apart[series] for series in sorted(apart, key=natural))

    def by_role(self, *roles: str) -> SeriesFiles | None:
        """The series of the first of these roles that the session has, e.g. `by_role("T1CE", "T1")`.

        Which series has which role stands in the manifest of SERIES_ROLES, as the fact `role`.

        Raises:
            ArchiveError: the roles were not told, or see `series`.
        """
        record = self.record(ROLES)
        if record is None:
            raise not_written(self.path, (ROLES,))
        series = {one.outcome.series: one for one in self.series()}
        usable = (o for o in reversed(record.outcomes) if o.series in series)
        told = {str(o.facts["role"]): series[o.series] for o in usable if "role" in o.facts}
        return next((told[role] for role in roles if role in told), None)

    def _records(self) -> Mapping[str, RunRecord]:
        records = {label: record for label in self.reads if (record := self.record(label))}
        if not records:
            raise not_written(self.path, self.reads)
        return records

    def _files(self, label: str, outcome: Outcome) -> tuple[Path, ...]:
        root = self.resource(label)
        files = tuple(root / path for path in outcome.files)
        if not files or not all(path.is_file() for path in files):
            raise ArchiveError(
                f"scan {outcome.series}: resource {label} lists "
                f"{'files that are not there' if files else 'no file'}.",
                hint=f"Run the step that writes {label} again.",
            )
        if not all(path.resolve().is_relative_to(root.resolve()) for path in files):
            raise ArchiveError(
                f"scan {outcome.series}: resource {label} must hold its files; one is a link that leads out.",
                hint=f"Delete the resource {label} and run its step again.",
            )
        return files


def scan_files(session: Path) -> Mapping[str, Mapping[str, tuple[Path, ...]]]:
    """The files of each scan by resource, in natural order of the scan ids; only resources of images.

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
    return {
        folder.name: {name: visible_files(folder / name) for name in DICOM_RESOURCES}
        for folder in sorted(folders, key=lambda p: natural(p.name))
    }


def images_of(resources: Mapping[str, tuple[File, ...]]) -> tuple[File, ...]:
    """The files of a scan's images: those of the first resource of images that holds any."""
    return next((files for label in DICOM_RESOURCES if (files := resources.get(label, ()))), ())


def is_hidden(path: PurePath) -> bool:
    """Whether a file of a resource is none of its data: XNAT's catalog, or what file managers leave."""
    return is_catalog(path) or any(part.startswith(".") for part in path.parts)


def visible_files(resource: Path) -> tuple[Path, ...]:
    """The files of a resource that are its data, in name order."""
    return tuple(
        path
        for path in sorted(resource.rglob("*"))
        if path.is_file() and not is_hidden(path.relative_to(resource))
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


def not_written(session: Path, labels: tuple[str, ...]) -> ArchiveError:
    """The error that no step wrote any of `labels`; what another tool wrote there is told."""
    foreign = [label for label in labels if visible_files(resource(session, label))]
    fault = f"{' and '.join(foreign)} without {MANIFEST}: another tool wrote it" if foreign else "none"
    hint = f"Run the step that writes {labels[-1]} first: sarcoma run prepare does them in order."
    return ArchiveError(
        f"--session: must hold a resource {' or '.join(labels)} written by a step; found {fault}.",
        hint=f"{hint} It replaces {foreign[0]}: to keep what is there, rename it before."
        if foreign
        else hint,
    )
