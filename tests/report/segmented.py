"""What `segment` would leave of a session, built by hand: masks, uncertainty, and the facts of the gate."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sarcoma_core.archive.folder import resource
from sarcoma_core.archive.holdings import FolderHoldings, fingerprint
from sarcoma_core.archive.masks import MASKS_FILE, MaskVersion, mask_path, masks_document
from sarcoma_core.imaging.nifti_masks import write_mask
from sarcoma_core.provenance import Outcome, RunRecord, sha256
from tests.report.masked import block
from tests.report.sessions import AFFINE, Builder, save

SET = "ab" * 32
NAME = "MODEL_SEG_STS"
TUMOUR = block(slice(14, 24), slice(14, 22), slice(3, 9))
AROUND = block(slice(9, 29), slice(10, 26), slice(2, 10))
TOLD: Mapping[str, Any] = {
    "step": "segment",
    "title": "Automatic segmentation",
    "caption": "",
    "reads": ("REGISTERED", "NORMALISED", "SERIES_ROLES"),
    "methods": "Automatic segmentation was done.",
}
FACTS: Mapping[str, Any] = {
    "model": NAME,
    "member": "T1CE",
    "member_why": "on extremities T1 after contrast agent was best",
    "set_sha256": SET,
    "synthetic": False,
    "regions": {"tumour": 9.6},
    "needs_review": [],
    "uncertainty": 0.0123,
    "others": {"T2FS": 0.8123},
    "device": "cpu",
    "seconds": 12.34,
}


def plain(path: Path) -> Builder:
    """A session of one MR, prepared; more would take longer to draw."""
    builder = Builder(path)
    for label in ("NIFTI", "N4", "NORMALISED"):
        builder.record(label, builder.done(label, "2", "MR", units="arbitrary"))
    return builder


def halo(mask: npt.NDArray[np.bool_], most: float = 0.2) -> npt.NDArray[np.float32]:
    """A variance that is `most` in voxels at the mask's faces, and 0 far from them."""
    padded = np.pad(mask, 1)
    moved = [np.roll(padded, by, axis)[1:-1, 1:-1, 1:-1] for axis in range(3) for by in (-1, 1)]
    edge = np.logical_or.reduce(moved) & ~np.logical_and.reduce([*moved, mask])
    return np.where(edge, most, 0).astype(np.float32)


def network_mask(
    builder: Builder,
    mask: npt.NDArray[np.bool_],
    *,
    scan: str = "2",
    roi: str = "tumour",
    member: str = "T1CE",
    variance: npt.NDArray[np.float32] | None = None,
    affine: npt.NDArray[np.float64] = AFFINE,
) -> tuple[MaskVersion | None, tuple[str, ...]]:
    """The files of one region, as `segment` writes them; an empty one has no mask, and its uncertainty."""
    folder, path = resource(builder.path, "SEG"), mask_path(scan, "", roi, 1)
    uncertain = path.replace("-v1.nii.gz", "-uncertainty.nii.gz")
    save(folder / uncertain, halo(mask) if variance is None else variance, affine)
    if not mask.any():
        return None, (uncertain,)
    write_mask(folder / path, mask, affine)
    version = MaskVersion(
        *(scan, "", roi, 1, path, sha256(folder / path), "Neoplasm", roi, "NIFTI", "segment", "", 1, ""),
        *("sarcoma 0.9.0", "", "as drawn", float(mask.sum() * abs(np.linalg.det(affine[:3, :3])) / 1000)),
        algorithm="AUTOMATIC",
        algorithm_name=f"{NAME} {member} {SET[:12]}",
    )
    return version, (path, uncertain)


def file_segmentation(
    builder: Builder, versions: Sequence[MaskVersion | None], *outcomes: Outcome, **changes: Any
) -> RunRecord:
    """Write `masks.json` and the manifest of SEG."""
    folder = resource(builder.path, "SEG")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MASKS_FILE).write_bytes(masks_document(one for one in versions if one))
    values = {**TOLD, "inputs": fingerprint(FolderHoldings(builder.path), TOLD["reads"]), **changes}
    return builder.record("SEG", *outcomes, **values)


def segmented(builder: Builder, mask: npt.NDArray[np.bool_] = TUMOUR, scan: str = "2", **facts: Any) -> Path:
    """One tumour on one series, with these facts beside the usual ones; returns the session."""
    version, files = network_mask(builder, mask, scan=scan)
    file_segmentation(builder, [version], Outcome(scan, "MR", "done", "so", files, {**FACTS, **facts}))
    return builder.path
