"""What a step did: `run.json`, one for each output label, listing every file with its hash.

Readers trust only what a manifest lists. The Container Service merges new files into an existing resource and
leaves stale ones behind, so a folder listing says nothing; the manifest does.
Times, ids and digests stand here and nowhere else, so that all other outputs are byte-equal from run to run.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, is_dataclass
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Any, Literal, cast, get_args, get_origin, get_type_hints

from sarcoma_core.errors import ArchiveError
from sarcoma_core.interface import Value

MANIFEST = "run.json"
SCHEMA = 2
"""Of what is written; manifests of schema 1, those of 0.1 and 0.2, are read as well."""

SCAN_INPUT = "scan "
"""What begins the key of a scan in `RunRecord.inputs`; a label holds no blank."""

PERSONS_LABELS = frozenset({"MASKS"})
"""Resources that hold what persons did, which no step can make again."""

UNKNOWN_UNITS = "unknown"
"""The fact `units` of a volume whose headers do not tell what its values mean."""

Status = Literal["done", "not applicable", "set apart", "refused"]
_STATUSES: tuple[str, ...] = get_args(Status)

_LABEL = re.compile(r"[A-Z][A-Z0-9_]*")
_PART = re.compile(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?")
_SCAN_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
SCAN_ID_RULE = (
    "the scan id must be letters, digits, '.', '_' and '-', 64 at most, and begin with none of '.-'"
)


def is_scan_id(text: str) -> bool:
    """Whether a scan id can name files and stand in a manifest: it is one part of a path, on every system."""
    return _SCAN_ID.fullmatch(text) is not None


def recorded_scan_id(text: str) -> str:
    """The id under which a manifest tells of a scan: its own when that is legal.

    Else what is illegal in it becomes `_`, and the start of its SHA-256 keeps `a b` and `a:b` two scans.
    """
    if is_scan_id(text):
        return text
    digest = hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()
    return f"{re.sub(r'[^A-Za-z0-9_-]', '_', text).lstrip('-')[:40]}-{digest[:12]}".lstrip("-")


@dataclass(frozen=True)
class Outcome:
    """What became of one series.

    Args:
        scan: the XNAT scan id, as `recorded_scan_id` writes it; empty when the outcome is that of the whole
            session.
        modality: DICOM Modality of the series.
        status: `done`; `not applicable`, the series goes on unchanged; `set apart`, kept but out of the
            chain; `refused`, it cannot be used. Every status but `done` has a reason.
        reason: one sentence, without a patient's value.
        files: paths below the label's folder, the volume first.
        facts: what was measured and decided, JSON-able.
        part: which volume of a scan that holds several, such as `echo2`; empty where the scan is one volume.
        subject: XNAT label, where the step works on more than one subject.
        session: XNAT label, where the step works on more than one session.
    """

    scan: str
    modality: str
    status: Status
    reason: str = ""
    files: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    part: str = ""
    subject: str = ""
    session: str = ""

    @property
    def series(self) -> str:
        """What tells it from every other outcome of a session: the scan id, and its part after a blank."""
        return f"{self.scan} {self.part}" if self.part else self.scan

    @property
    def place(self) -> str:
        """What tells it from every other outcome of a run: subject, session and series, as far as it has one.

        A label of XNAT holds no `/`.
        """
        if not self.subject and not self.session:
            return self.series
        return f"{self.subject}/{self.session}/{self.series}"

    @property
    def stem(self) -> str:
        """How the names of its files begin: the scan id, and its part after `_`."""
        return f"{self.scan}_{self.part}" if self.part else self.scan

    @property
    def usable(self) -> bool:
        """Whether something came of it: a file, or a pass (CT needs no N4 and goes on as it is)."""
        return bool(self.files) or self.status in ("done", "not applicable")

    @property
    def map(self) -> str:
        """What `convert` calls voxels that are no anatomy, e.g. `an ADC map`; empty where they are."""
        return str(self.facts.get("map") or "")

    def as_line(self) -> str:
        """What a step prints of it: place, modality, status and reason, with tabs between."""
        return f"{self.place}\t{self.modality}\t{self.status}\t{self.reason}"

    @classmethod
    def from_line(cls, line: str) -> "Outcome | None":
        """Read a line of `as_line` again; None when it is none."""
        place, _, rest = line.partition("\t")
        modality, _, rest = rest.partition("\t")
        status, tab, reason = rest.partition("\t")
        if not tab or status not in _STATUSES:
            return None
        subject, slash, rest_of_place = place.partition("/")
        session, further, series = rest_of_place.partition("/")
        if not (slash and further):
            subject, session, series = "", "", place
        scan, _, part = series.partition(" ")
        found = cast("Status", status)
        return cls(scan, modality, found, reason, part=part, subject=subject, session=session)


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
        revision: of the step: it goes up when the step's output changes.
        title: what a reader calls this output, e.g. `Bias field`.
        caption: what its volumes are, e.g. `Bias-corrected`; empty where it holds none.
        params: every parameter, defaults included.
        reads: labels of the resources that the step reads, in order of preference; none for DICOM.
        inputs: what was read, as `archive.holdings.fingerprint` tells it: equal inputs, equal fingerprints.
        outcomes: one for each series.
        files: every file below the label, with its hash.
        methods: one sentence for a paper.
        cites: keys of `report.references`.
        software: versions of the packages that did the work; pinned, so the same wherever it runs.
        image: the image that ran, or `local`.
        started: UTC, ISO 8601.
        finished: UTC, ISO 8601.
        platform: interpreter, system and machine that it ran on.
        device: what computed: `cpu`, or the name of a GPU.
        assets: the hash of each model or cohort that was read, by name (`archive.asset.asset_hash`).
    """

    step: str
    version: str
    revision: int
    title: str
    caption: str
    params: Mapping[str, Value]
    reads: tuple[str, ...]
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
    device: str = "cpu"
    assets: Mapping[str, str] = field(default_factory=dict)
    schema: int = SCHEMA

    @property
    def contents(self) -> str:
        """One hash over its files: equal outputs, equal hash, whenever and wherever they were made."""
        return contents_hash({entry.path: entry.sha256 for entry in self.files})

    def outcome(self, series: str) -> Outcome | None:
        """The outcome of one series, as `Outcome.series` names it, if this run saw it."""
        return next((o for o in self.outcomes if o.series == series), None)

    def is_same_work(
        self,
        step: str,
        revision: int,
        params: Mapping[str, Value],
        inputs: Mapping[str, str],
        assets: Mapping[str, str],
    ) -> bool:
        """Whether running the step again would do this very work again."""
        mine = self.step, self.revision, dict(self.params), dict(self.inputs), dict(self.assets)
        return mine == (step, revision, dict(params), dict(inputs), dict(assets))


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def list_files(folder: Path) -> tuple[FileEntry, ...]:
    """Every file below `folder` but its manifest, in path order."""
    paths = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != MANIFEST)
    return tuple(FileEntry(p.relative_to(folder).as_posix(), p.stat().st_size, sha256(p)) for p in paths)


def contents_hash(hashes: Mapping[str, str]) -> str:
    """One SHA-256 over files, told by path and SHA-256: equal files, equal hash, whenever they were written.

    Args:
        hashes: the SHA-256 of each file, by its path.
    """
    lines = (f"{path}\t{digest}" for path, digest in sorted(hashes.items()))
    return hashlib.sha256("\n".join(lines).encode(errors="surrogateescape")).hexdigest()


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
    """Read the manifest of a label's folder; None when there is none. See `parse_record`.

    Raises:
        ArchiveError: it is damaged, was written by a later schema, or names what is not in the folder.
    """
    content = manifest_bytes(folder)
    return None if content is None else parse_record(content, folder.name)


def manifest_bytes(folder: Path) -> bytes | None:
    """The manifest of a label's folder as it is on disk; None when there is none.

    Raises:
        ArchiveError: it is there and cannot be read.
    """
    try:
        return (folder / MANIFEST).read_bytes()
    except FileNotFoundError:
        return None
    except OSError:
        raise _damaged(folder.name) from None


def parse_record(content: bytes, label: str) -> RunRecord:
    """The manifest of a resource, wherever it was read.

    Whoever wrote it need not be trusted: every field has its type, and no scan id or path leads out of the
    folder. What a symbolic link leads to is for those to check who open the file (`archive.folder.series`).

    Raises:
        ArchiveError: it is damaged, was written by a later schema, or names what is not in the folder.
    """
    try:
        raw = json.loads(content.decode())
        json.dumps(raw, ensure_ascii=False).encode()  # half a surrogate pair is JSON, but no text to write
    except (ValueError, RecursionError):
        raise _damaged(label) from None
    match raw:
        case {"schema": int(schema)} if not 1 <= schema <= SCHEMA:
            raise ArchiveError(
                f"{label}/{MANIFEST}: schema must be 1 to {SCHEMA}; found {schema}.",
                hint="Use the version of sarcoma that wrote it, or run the step again.",
            )
        case {"schema": 1}:
            record = _read_manifest(label, _as_schema_2(raw))
        case {"schema": _}:
            record = _read_manifest(label, raw)
        case _:
            raise _damaged(label)
    paths = (*(path for o in record.outcomes for path in o.files), *(entry.path for entry in record.files))
    scans = (outcome.scan for outcome in record.outcomes if outcome.scan)
    parts = (outcome.part for outcome in record.outcomes if outcome.part)
    if not all(map(_is_label, record.reads)):
        raise _damaged(label)
    if not all(map(_is_inside, paths)) or not all(map(is_scan_id, scans)) or not all(map(_is_part, parts)):
        raise ArchiveError(
            f"{label}/{MANIFEST}: scan and files must stay inside the resource; one does not.",
            hint=_run_again(label),
        )
    return record


def _as_schema_2(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """A manifest of schema 1 as schema 2 would have it: the first revision, told by its step and label."""
    inputs = raw.get("inputs")
    labels = [key for key in inputs if not key.startswith(SCAN_INPUT)] if isinstance(inputs, dict) else []
    step = raw.get("step")
    return {**raw, "revision": 1, "title": step, "caption": "", "reads": labels}


def _read_manifest(label: str, raw: object) -> RunRecord:
    try:
        return cast("RunRecord", typed(RunRecord, raw))
    except (KeyError, TypeError):
        raise _damaged(label) from None


@cache
def _hints(kind: type) -> Mapping[str, Any]:
    return get_type_hints(kind)


def typed(hint: Any, raw: Any) -> Any:  # noqa: ANN401  a type hint has no type of its own, nor has JSON
    """JSON as a field's type hint says it.

    Raises:
        KeyError: a field that the dataclass does not have.
        TypeError: a value of another type, or a field that is not there.
    """
    args = get_args(hint)
    kind = get_origin(hint)
    if hint is Any:
        return raw
    if kind is UnionType and isinstance(raw, dict):
        hint = next((one for one in args if is_dataclass(one)), hint)
    if isinstance(hint, type) and is_dataclass(hint) and isinstance(raw, dict):
        return hint(**{name: typed(_hints(hint)[name], value) for name, value in raw.items()})
    if kind is tuple and isinstance(raw, list):
        return tuple(typed(args[0], item) for item in raw)
    if kind is Mapping and isinstance(raw, dict):
        return {key: typed(args[1], value) for key, value in raw.items()}
    if kind is Literal and raw in args:
        return raw
    if type(raw) in {None: (hint,), UnionType: args}.get(kind, ()):
        return raw
    raise TypeError


def _is_label(text: str) -> bool:
    """Whether what a step read is a label: it names a folder."""
    return _LABEL.fullmatch(text) is not None


def _is_part(text: str) -> bool:
    """Whether the name of a part can stand in a file's name and in a line."""
    return _PART.fullmatch(text) is not None


def _is_inside(path: str) -> bool:
    """Whether a listed path is relative and stays below its label, on every system."""
    return not {"", ".", ".."} & set(path.split("/")) and not {"\\", "\0"} & set(path)


def _damaged(label: str) -> ArchiveError:
    return ArchiveError(f"{label}/{MANIFEST}: must be a manifest; it cannot be read.", hint=_run_again(label))


def _run_again(label: str) -> str:
    if label in PERSONS_LABELS:
        return (
            f"Put back a copy of the resource {label}: it holds what persons did. Never delete it: rename it."
        )
    return f"Delete the resource {label} and run its step again."
