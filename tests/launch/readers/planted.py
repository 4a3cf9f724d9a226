"""Twelve cases that three readers have read, with disagreements that are known beforehand.

anna draws a block of 10 x 10 x 4 voxels (2 x 2 x 5 mm, so 8 ml). ben draws the same, shifted to the right by
the case's number modulo 4. cleo draws 12 voxels where anna draws 10: 20 % more, throughout. In case 11 ben
marked nothing, and case 12 cleo has not read.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from sarcoma_core.archive.masks import MaskVersion
from sarcoma_core.archive.store import Archive
from tests.archive.filed import session
from tests.report.masked import block, drawn, file_masks
from tests.report.sessions import AFFINE, Builder

PROJECT = "P"
READERS = ("anna", "ben", "cleo")
CASES = tuple(f"C{number:02}" for number in range(1, 13))
EMPTY, MISSING = "C11", "C12"
SCAN = "2"
NAMES = {"anna": "DOE^Anna", "ben": "", "cleo": "Roe, Cleo"}
"""How the software of each writes the name: ben's does not."""

Drawings = Mapping[str, np.ndarray]


def shift_of(case: str) -> int:
    return int(case[1:]) % 4


def drawings_of(case: str) -> Drawings:
    """What each reader of a case drew."""
    shift, rows = shift_of(case), (slice(10, 20), slice(3, 7))
    ben = block(slice(10 + shift, 20 + shift), *rows)
    drawings = {
        "anna": block(slice(10, 20), *rows),
        "ben": np.zeros_like(ben) if case == EMPTY else ben,
        "cleo": block(slice(10, 22), *rows),
    }
    return {reader: mask for reader, mask in drawings.items() if (case, reader) != (MISSING, "cleo")}


def version_of(builder: Builder, who: str, mask: np.ndarray, version: int, **changes: object) -> MaskVersion:
    """A version that a reader drew: told by the name, or by the collection's label."""
    told: dict[str, object] = {
        "reader": NAMES[who],
        "origin": f"collection {builder.path.name}_{who}",
        "software": "a drawing program",
        "difference": None,
    }
    values = {"affine": AFFINE, "scan": SCAN, **told, **changes}
    return drawn(builder, mask, version=version, **values)  # type: ignore[arg-type]


def put_case(archive: Archive, case: str, drawings: Drawings) -> Path:
    """A session with an image and with what its readers drew, in the order of import."""
    made = session(archive, f"S{case}", case, {SCAN: "t1_tse"}, project=PROJECT)
    builder = Builder(made.path)
    builder.record("NIFTI", builder.done("NIFTI", SCAN, "MR", units="arbitrary"))
    versions = [version_of(builder, reader, mask, n) for n, (reader, mask) in enumerate(drawings.items(), 1)]
    file_masks(builder, versions)
    return made.path


def planted_archive(root: Path, cases: tuple[str, ...] = CASES) -> Archive:
    """All cases, drawn and not assigned."""
    archive = Archive(root)
    for case in cases:
        put_case(archive, case, drawings_of(case))
    return archive


def assign_words(archive: Archive, *more: str) -> list[str]:
    """The command that gives every case to all three."""
    return [
        *("readers", "assign", "--project", PROJECT, "--archive", str(archive.root)),
        *("--readers", ",".join(READERS), "--per-case", "3", "--name", "anna=Doe^Anna"),
        *("--name", "cleo=Roe^Cleo", *more),
    ]
