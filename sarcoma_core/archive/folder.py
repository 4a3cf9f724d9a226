"""One session as a folder, as a step sees it under `/input`: SCANS/, RESOURCES/, ASSESSORS/.

    SCANS/<scan id>/<resource>/...      DICOM, with a `*_catalog.xml`
    SCANS/<scan id>/<label>/...         what a step wrote that ran on that scan only
    RESOURCES/<label>/...               what the steps wrote, each label with its `run.json`

The same code reads XNAT's mount and our own archive: it relies on nothing that only one of them has.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any, TypeVar

from sarcoma_core.archive.newest import newest, newest_record, resource, written
from sarcoma_core.archive.roles import ROLES_LABEL
from sarcoma_core.errors import ArchiveError
from sarcoma_core.provenance import MANIFEST, Outcome, RunRecord, Status, recorded_scan_id
from sarcoma_core.text import counted

DICOM_RESOURCES = ("DICOM", "secondary")
"""XNAT files images under DICOM, and secondary captures under `secondary`, which count when alone."""

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
    def folder(self) -> Path:
        """The resource that holds them, be it the session's or the scan's own."""
        return self.files[0].parents[self.outcome.files[0].count("/")]

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
        reads: labels of the resources that the step reads, in order of preference; SERIES_ROLES among them
            says which series is which, and holds none.
        scan: id of the one scan that the step works on; empty for all of them.
    """

    path: Path
    reads: tuple[str, ...] = ()
    scan: str = ""

    @property
    def whole(self) -> "SessionFolder":
        """The session with all its scans."""
        return replace(self, scan="")

    def scans(self) -> Iterator[ScanFolder]:
        """Its scans in natural order of their ids, empty ones included.

        Raises:
            ArchiveError: the folder is not a session, or does not hold the one scan.
        """
        held = scan_files(self.path)
        if self.scan and self.scan not in held:
            raise ArchiveError(
                "--object: must name a scan of the session; "
                f"found none of that id in {counted(len(held), 'scan')}.",
                hint="Check its id: it is the name of its folder below SCANS/.",
            )
        for scan, resources in held.items():
            if not self._takes(scan):
                continue
            files = images_of(resources)
            dicom = tuple(path for path in files if _is_meant_as_dicom(path))
            yield ScanFolder(scan, dicom, len(files) - len(dicom))

    def resource(self, label: str) -> Path:
        """The folder of a resource, which need not be there."""
        return resource(self.path, label)

    def record(self, label: str) -> RunRecord | None:
        """The manifest of a resource, if a step has written it, with the newest outcome of each scan.

        Raises:
            ArchiveError: the manifest is damaged.
        """
        return newest_record(written(self.path, label))

    def series(self) -> Iterator[SeriesFiles]:
        """Each usable series, from the first resource that it reads and that holds it.

        Raises:
            ArchiveError: none of the resources is there, or a recorded file is missing or outside of its
                resource.
        """
        held: dict[str, tuple[str, Path, Outcome]] = {}
        for label, folder, outcome in self._outcomes():
            if outcome.status == "done" and outcome.scan:  # without a scan it is no series, but a report
                held.setdefault(outcome.series, (label, folder, outcome))
        for _, (label, folder, outcome) in sorted(held.items(), key=lambda item: natural(item[0])):
            yield SeriesFiles(label, outcome, _files(label, folder, outcome))

    def apart(self) -> tuple[Outcome, ...]:
        """The series that were written and set apart from the chain, such as 4D.

        Raises:
            ArchiveError: none of the resources is there.
        """
        told = (outcome for _, _, outcome in self._outcomes())
        apart = {o.series: o for o in told if o.status == "set apart" and o.files}
        return tuple(apart[series] for series in sorted(apart, key=natural))

    def by_role(self, *roles: str) -> SeriesFiles | None:
        """The series of the first of these roles that the session has, e.g. `by_role("T1CE", "T1")`.

        Which series has which role stands in the manifest of SERIES_ROLES, as the fact `role`; where it has
        the fact `chosen` as well, only a chosen one counts.

        Raises:
            ArchiveError: the roles were not told, or see `series`.
        """
        record = self.record(ROLES_LABEL)
        if record is None:
            raise not_written(self.path, (ROLES_LABEL,))
        series = {one.outcome.series: one for one in self.series()}
        taken = (o for o in reversed(record.outcomes) if o.facts.get("chosen", True))
        usable = (o for o in taken if o.series in series)
        told = {str(o.facts["role"]): series[o.series] for o in usable if o.facts.get("role")}
        return next((told[role] for role in roles if role in told), None)

    def _takes(self, scan: str) -> bool:
        return self.scan in ("", scan)

    def _outcomes(self) -> Iterator[tuple[str, Path, Outcome]]:
        """What was recorded in the resources of volumes that it reads: label, folder and outcome."""
        labels = tuple(label for label in self.reads if label != ROLES_LABEL)
        resources = {label: held for label in labels if (held := written(self.path, label))}
        if not resources:
            raise not_written(self.path, labels)
        alone = recorded_scan_id(self.scan) if self.scan else ""
        for label, held in resources.items():
            for folder, outcome in newest(held):
                if alone in ("", outcome.scan):
                    yield label, folder, outcome


def _files(label: str, folder: Path, outcome: Outcome) -> tuple[Path, ...]:
    """The files of a series, all there and inside their resource."""
    files = tuple(folder / path for path in outcome.files)
    if not files or not all(path.is_file() for path in files):
        raise ArchiveError(
            f"scan {outcome.series}: resource {label} lists "
            f"{'files that are not there' if files else 'no file'}.",
            hint=f"Run the step that writes {label} again.",
        )
    root = folder.resolve()
    if not all(path.resolve().is_relative_to(root) for path in files):
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
