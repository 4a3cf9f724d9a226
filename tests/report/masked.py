"""Masks of a session built by hand, as `import-masks` would leave them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sarcoma_core.archive.folder import resource
from sarcoma_core.archive.masks import MASKS_FILE, MASKS_LABEL, MaskDifference, MaskVersion, masks_document
from sarcoma_core.imaging.nifti_masks import write_mask
from sarcoma_core.provenance import Outcome, sha256
from tests.report.sessions import AFFINE, Builder

SHAPE = (48, 40, 12)
CHANGED = MaskDifference(dice=0.912, hd95_mm=4.04, volume_change_ml=-1.25)


def block(x: slice, y: slice, z: slice, shape: tuple[int, int, int] = SHAPE) -> np.ndarray:
    """A mask that is a block."""
    mask = np.zeros(shape, dtype=bool)
    mask[x, y, z] = True
    return mask


def drawn(
    builder: Builder,
    mask: np.ndarray,
    *,
    scan: str = "2",
    roi: str = "tumour",
    version: int = 1,
    affine: np.ndarray = AFFINE,
    **changes: Any,
) -> MaskVersion:
    """A version, with its file."""
    file = f"{scan}/{roi}-v{version}.nii.gz"
    path = resource(builder.path, MASKS_LABEL) / file
    path.parent.mkdir(parents=True, exist_ok=True)
    write_mask(path, mask, affine)
    values: dict[str, Any] = {
        "meaning": "Neoplasm",
        "name": "GTV_Mass",
        "source": "RTSTRUCT",
        "origin": "scan 8",
        "uid": "",
        "number": 1,
        "reader": "reader one",
        "software": "a drawing program 3.1",
        "time": "2024-05-06T07:08:09",
        "placement": "as drawn",
        "volume_ml": float(mask.sum() * abs(np.linalg.det(affine[:3, :3])) / 1000),
        "difference": CHANGED if version > 1 else None,
    }
    return MaskVersion(
        scan=scan, part="", roi=roi, version=version, file=file, sha256=sha256(path), **(values | changes)
    )


def file_masks(builder: Builder, versions: Sequence[MaskVersion], *outcomes: Outcome, **changes: Any) -> Path:
    """Write `masks.json` and the manifest of MASKS; returns its folder."""
    folder = resource(builder.path, MASKS_LABEL)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MASKS_FILE).write_bytes(masks_document(versions))
    scans = {one.scan: one for one in versions}
    done = (Outcome(scan, "MR", "done", files=(MASKS_FILE, one.file)) for scan, one in scans.items())
    builder.record(MASKS_LABEL, *done, *outcomes, **changes)
    return folder
