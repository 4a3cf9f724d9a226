"""The masks of a session: `MASKS/masks.json`, which lists every version of every region of interest.

XNAT writes new files over old ones of the same name, and readers trust the newest manifest only. So a version
has a name of its own that is never used again, and every run carries all earlier versions forward.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Final, Literal

from sarcoma_core.archive.drawn import DRAWN_LABEL
from sarcoma_core.archive.folder import SessionFolder, visible_files
from sarcoma_core.errors import ArchiveError
from sarcoma_core.provenance import MANIFEST, sha256, typed
from sarcoma_core.text import counted

MASKS_LABEL: Final = "MASKS"
SEG_LABEL: Final = "SEG"
"""The resource of masks that a network made, kept in the same way: one version of each region."""
COLLECTIONS_LABEL: Final = "ROI_COLLECTIONS"
"""The resource of what was made of masks for the viewer."""
MASKS_FILE: Final = "masks.json"
SCHEMA: Final = 1

Algorithm = Literal["MANUAL", "SEMIAUTOMATIC", "AUTOMATIC", ""]
"""Who drew a region, in DICOM's words; empty where the source does not say."""

_ROI = re.compile(r"[a-z0-9]([a-z0-9_]{0,38}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class MaskDifference:
    """What a version changed against the one before.

    Args:
        dice: Dice coefficient of the two.
        hd95_mm: maximum of the directed 95th percentiles of surface distances.
        volume_change_ml: by how much it grew; negative where it shrank.
    """

    dice: float
    hd95_mm: float
    volume_change_ml: float


@dataclass(frozen=True, slots=True)
class SameDrawing:
    """A further drawing with the very voxels of a version: who agrees to the voxel makes no version.

    Args:
        origin: where it was found.
        reader: who drew it, as the source says.
        time: when the source was saved, ISO 8601; empty where it does not say.
    """

    origin: str
    reader: str
    time: str


@dataclass(frozen=True, slots=True)
class MaskVersion:
    """One version of one region of interest on one series.

    Args:
        scan: XNAT scan id of the image, as manifests write it.
        part: of a scan that holds several volumes; empty otherwise.
        roi: its key, such as `tumour`: what names its files.
        version: from 1, in the order of import.
        file: path below MASKS.
        sha256: of the file.
        meaning: of the region, in the standard's words, such as `Neoplasm`; empty where it is not known.
        name: as it was written in the source.
        source: `SEG`, `RTSTRUCT` or `NIFTI`.
        origin: where it was found: `collection LABEL`, `scan ID` or `DRAWN/PATH`.
        uid: SOPInstanceUID of the source; empty for NIfTI.
        number: of the region in its source.
        reader: who drew it, as the source says.
        software: with which it was drawn, as the source says.
        time: when the source was saved, ISO 8601; empty where it does not say.
        placement: `as drawn` or `resampled`.
        volume_ml: voxels times the volume of one.
        locked: whether a person has said that it is final.
        matched_by: how the series was found: `series`, `instances`, `geometry` or `folder`.
        difference: against the version before; None for the first.
        notes: what a reader has to know.
        algorithm: whether a person or a program drew it, as the source says.
        algorithm_name: of the program, as the source says.
        also: further drawings of the same voxels.
    """

    scan: str
    part: str
    roi: str
    version: int
    file: str
    sha256: str
    meaning: str
    name: str
    source: str
    origin: str
    uid: str
    number: int
    reader: str
    software: str
    time: str
    placement: str
    volume_ml: float
    locked: bool = False
    matched_by: str = "series"
    difference: MaskDifference | None = None
    notes: tuple[str, ...] = ()
    algorithm: Algorithm = ""
    algorithm_name: str = ""
    also: tuple[SameDrawing, ...] = ()

    @property
    def series(self) -> str:
        """The series that it lies on, as `Outcome.series` names it."""
        return f"{self.scan} {self.part}" if self.part else self.scan

    @property
    def key(self) -> tuple[str, str]:
        """What its versions share: the series and the region."""
        return self.series, self.roi

    def drawings(self) -> Iterator["MaskVersion"]:
        """Itself, and itself as each further drawing of its voxels."""
        yield self
        for one in self.also:
            yield replace(self, origin=one.origin, reader=one.reader, time=one.time, also=())

    @property
    def handle(self) -> str:
        """How a person names it: `<scan>/<roi>-v<N>`."""
        return self.file.removesuffix(".nii.gz")


@dataclass(frozen=True)
class SessionMasks:
    """All versions of a session.

    Args:
        versions: by series, region and version.
        folder: of the resource.
    """

    versions: tuple[MaskVersion, ...]
    folder: Path = field(default=Path(), compare=False)

    def of(self, series: str) -> tuple[MaskVersion, ...]:
        """The versions that lie on a series."""
        return tuple(one for one in self.versions if one.series == series)

    def current(self) -> tuple[MaskVersion, ...]:
        """The version that counts of each region: the newest that is locked, else the newest.

        Whoever trains takes those alone that are `locked`.
        """
        best: dict[tuple[str, str], MaskVersion] = {}
        for one in self.versions:
            before = best.get(one.key)
            if before is None or (one.locked, one.version) > (before.locked, before.version):
                best[one.key] = one
        return tuple(best.values())

    def path(self, version: MaskVersion) -> Path:
        """Its file."""
        return self.folder / version.file


def is_roi(text: str) -> bool:
    """Whether a text may be the key of a region: it is one part of a path on every system."""
    return _ROI.fullmatch(text) is not None


def read_masks(session: SessionFolder, label: str = MASKS_LABEL) -> SessionMasks:
    """The masks of a session; none where no step has written any.

    Args:
        session: the session.
        label: the resource that holds them.

    Raises:
        ArchiveError: a file is not as its manifest lists it, so that a version could be lost.
    """
    record, folder = session.record(label), session.resource(label)
    there = {path.relative_to(folder).as_posix() for path in visible_files(folder)} - {MANIFEST}
    if record is None:
        if there:
            raise _damaged(label, f"it holds files, and no {MANIFEST}")
        return SessionMasks(())
    if foreign := len(there - {entry.path for entry in record.files}):
        raise ArchiveError(
            f"{label}: must hold what {MANIFEST} lists; found {counted(foreign, 'other file')}.",
            hint=f"Masks that are to be imported go into the resource {DRAWN_LABEL}: move it there.",
        )
    listed = {entry.path: entry.sha256 for entry in record.files}
    for path, digest in listed.items():
        try:
            same = sha256(folder / path) == digest
        except OSError:
            raise _damaged(label, "a file that its manifest lists is missing") from None
        if not same:
            raise _damaged(label, "a file is another than its manifest lists")
    if MASKS_FILE not in listed:
        raise _damaged(label, f"its manifest lists no {MASKS_FILE}")
    versions = _parse(label, (folder / MASKS_FILE).read_bytes())
    if any(listed.get(one.file) != one.sha256 for one in versions):
        raise _damaged(label, f"{MASKS_FILE} names a file that is not there")
    return SessionMasks(versions, folder)


def masks_document(versions: Iterable[MaskVersion]) -> bytes:
    """`masks.json` of these versions; equal versions give equal bytes."""
    told = [asdict(one) for one in sorted(versions, key=lambda v: (v.series, v.roi, v.version))]
    body = {"schema": SCHEMA, "masks": told}
    return (json.dumps(body, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _parse(label: str, content: bytes) -> tuple[MaskVersion, ...]:
    try:
        raw = json.loads(content)
        if raw["schema"] != SCHEMA:
            raise _damaged(label, f"schema must be {SCHEMA}")
        return tuple(_version(one) for one in raw["masks"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _damaged(label, f"{MASKS_FILE} cannot be read") from None


def _version(raw: object) -> MaskVersion:
    found: MaskVersion = typed(MaskVersion, raw)
    if not is_roi(found.roi) or found.file != mask_path(found.scan, found.part, found.roi, found.version):
        raise ValueError(found.roi)
    return found


def mask_path(scan: str, part: str, roi: str, version: int) -> str:
    """Where a version lies below MASKS: `<scan>/<roi>-v<N>.nii.gz`; a part stands before the region."""
    prefix = f"{part}_" if part else ""
    return f"{scan}/{prefix}{roi}-v{version}.nii.gz"


def _damaged(label: str, fault: str) -> ArchiveError:
    if label != MASKS_LABEL:
        hint = f"Run the step that writes {label} again."
        return ArchiveError(f"{label}: must be as its step left it; {fault}.", hint=hint)
    return ArchiveError(
        f"{label}: must be as the step left it, as it holds what persons drew; {fault}.",
        hint=f"Put back a copy of {label}. Without one, rename the resource and import again: versions "
        "then start anew, and none is locked.",
    )
