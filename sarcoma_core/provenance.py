"""What a step did: `run.json`, one for each output label, listing every file with its hash.

Readers trust only what a manifest lists. The Container Service merges new files into an existing resource and
leaves stale ones behind, so a folder listing says nothing; the manifest does.
Times, ids and digests stand here and nowhere else, so that all other outputs are byte-equal from run to run.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, cast, get_args

from sarcoma_core.errors import ArchiveError
from sarcoma_core.interface import Value

MANIFEST = "run.json"
SCHEMA = 1

Status = Literal["done", "not applicable", "set apart", "refused"]
_STATUSES: tuple[str, ...] = get_args(Status)


@dataclass(frozen=True)
class Outcome:
    """What became of one series.

    Args:
        scan: the XNAT scan id; empty when the outcome is that of the whole session.
        modality: DICOM Modality of the series.
        status: `done`; `not applicable`, the series goes on unchanged; `set apart`, kept but out of the
            chain; `refused`, it cannot be used. Every status but `done` has a reason.
        reason: one sentence, without a patient's value.
        files: paths below the label's folder, the volume first.
        facts: what was measured and decided, JSON-able.
    """

    scan: str
    modality: str
    status: Status
    reason: str = ""
    files: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def usable(self) -> bool:
        """Whether something came of it: a file, or a pass (CT needs no N4 and goes on as it is)."""
        return bool(self.files) or self.status in ("done", "not applicable")

    def as_line(self) -> str:
        """What a step prints of it: scan, modality, status and reason, with tabs between."""
        return f"{self.scan}\t{self.modality}\t{self.status}\t{self.reason}"

    @classmethod
    def from_line(cls, line: str) -> "Outcome | None":
        """Read a line of `as_line` again; None when it is none."""
        scan, _, rest = line.partition("\t")
        modality, _, rest = rest.partition("\t")
        status, tab, reason = rest.partition("\t")
        return cls(scan, modality, cast("Status", status), reason) if tab and status in _STATUSES else None


Outcomes = tuple[Outcome, ...]


@dataclass(frozen=True)
class FileEntry:
    """One file of a resource: path below its label, size in bytes, SHA-256."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class RunRecord:
    """The manifest of one output label of one run.

    Args:
        step: name of the step.
        version: version of this package.
        params: every parameter, defaults included.
        inputs: what was read, as `archive.fingerprint` tells it: equal inputs, equal fingerprints.
        outcomes: one for each series.
        files: every file below the label, with its hash.
        methods: one sentence for a paper.
        cites: keys of `report.references`.
        software: versions of the packages that did the work; pinned, so the same wherever it runs.
        image: the image that ran, or `local`.
        started: UTC, ISO 8601.
        finished: UTC, ISO 8601.
        platform: interpreter, system and machine that it ran on.
    """

    step: str
    version: str
    params: Mapping[str, Value]
    inputs: Mapping[str, str]
    outcomes: Outcomes
    files: tuple[FileEntry, ...]
    methods: str
    cites: tuple[str, ...]
    software: Mapping[str, str]
    image: str
    started: str
    finished: str
    platform: str = ""
    schema: int = SCHEMA

    def outcome(self, scan: str) -> Outcome | None:
        """The outcome of one scan, if this run saw it."""
        return next((o for o in self.outcomes if o.scan == scan), None)

    def is_same_work(
        self, step: str, version: str, params: Mapping[str, Value], inputs: Mapping[str, str]
    ) -> bool:
        """Whether running the step again would do this very work again."""
        return (self.step, self.version, dict(self.params), dict(self.inputs)) == (
            step,
            version,
            dict(params),
            dict(inputs),
        )


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def list_files(folder: Path) -> tuple[FileEntry, ...]:
    """Every file below `folder` but its manifest, in path order."""
    paths = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != MANIFEST)
    return tuple(FileEntry(p.relative_to(folder).as_posix(), p.stat().st_size, sha256(p)) for p in paths)


def write_record(folder: Path, record: RunRecord) -> Path:
    """Write the manifest of a label's folder; it appears whole or not at all.

    Raises:
        OSError: the disk is full or read-only.
    """
    path = folder / MANIFEST
    partial = folder / f".{MANIFEST}.partial"
    partial.write_text(json.dumps(asdict(record), indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return partial.replace(path)


def read_record(folder: Path) -> RunRecord | None:
    """Read the manifest of a label's folder; None when there is none.

    Raises:
        ArchiveError: it is damaged, or was written by a later schema.
    """
    path = folder / MANIFEST
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        raise _damaged(folder) from None
    try:
        if raw["schema"] != SCHEMA:
            raise ArchiveError(
                f"{folder.name}/{MANIFEST}: schema must be {SCHEMA}; found {raw['schema']!r}.",
                hint="Use the version of sarcoma that wrote it, or run the step again.",
            )
        outcomes = tuple(Outcome(**{**o, "files": tuple(o["files"])}) for o in raw["outcomes"])
        files = tuple(FileEntry(**f) for f in raw["files"])
        return RunRecord(**{**raw, "outcomes": outcomes, "files": files, "cites": tuple(raw["cites"])})
    except (KeyError, TypeError):
        raise _damaged(folder) from None


def _damaged(folder: Path) -> ArchiveError:
    return ArchiveError(
        f"{folder.name}/{MANIFEST}: must be a manifest; it cannot be read.",
        hint=f"Delete the resource {folder.name} and run its step again.",
    )
