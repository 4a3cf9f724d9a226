"""What a member has drawn, as files of the resource SEG: masks, uncertainty, and masks.json."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from sarcoma_core import __version__
from sarcoma_core.archive.masks import MASKS_FILE, MaskVersion, mask_path, masks_document
from sarcoma_core.imaging.nifti_masks import write_mask
from sarcoma_core.imaging.volume import write_nifti
from sarcoma_core.provenance import sha256
from sarcoma_core.segmentation.inference.drawing import DrawnMember
from sarcoma_core.segmentation.region_names import MEANINGS

_DECIMALS = 4
"""Of a variance: more would be noise that does not compress."""


class WrittenMember(NamedTuple):
    """The files of a member.

    Attributes:
        versions: of its masks.
        files: below the resource, masks first.
    """

    versions: tuple[MaskVersion, ...]
    files: tuple[str, ...]


def write_member(folder: Path, drawn: DrawnMember, *, algorithm: str, beside: str = "") -> WrittenMember:
    """Write the masks of a member and how uncertain they are; a region of which nothing was found has none.

    Args:
        folder: of the resource.
        drawn: by the member.
        algorithm: what is told as the program that drew.
        beside: what is added to the key of each region, where another member draws the one that counts.

    Raises:
        OSError: the disk is full or read-only.
    """
    image, of = drawn.finding.images[0], drawn.series.outcome
    versions, files = [], []
    for number, (region, kept) in enumerate(drawn.finding.kept.items(), 1):
        roi = f"{region}_{beside}" if beside else region
        path = mask_path(of.scan, of.part, roi, 1)
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        if kept.mask.any():
            write_mask(folder / path, kept.mask, image.affine)
            files.append(path)
            versions.append(
                MaskVersion(
                    scan=of.scan,
                    part=of.part,
                    roi=roi,
                    version=1,
                    file=path,
                    sha256=sha256(folder / path),
                    meaning=MEANINGS.get(region, ""),
                    name=roi,
                    source="NIFTI",
                    origin="segment",
                    uid="",
                    number=number,
                    reader="",
                    software=f"sarcoma {__version__}",
                    time="",
                    placement="as drawn",
                    volume_ml=drawn.finding.volume_ml(region),
                    notes=drawn.needs_review,
                    algorithm="AUTOMATIC",
                    algorithm_name=algorithm,
                )
            )
        uncertain = path.replace("-v1.nii.gz", "-uncertainty.nii.gz")
        variance = np.round(drawn.finding.prediction.variance[region], _DECIMALS)
        write_nifti(folder / uncertain, image.with_array(variance))
        files.append(uncertain)
    return WrittenMember(tuple(versions), tuple(files))


def write_versions(folder: Path, versions: Iterable[MaskVersion]) -> None:
    """Write `masks.json` of all members.

    Args:
        folder: of the resource.
        versions: of all their masks.

    Raises:
        OSError: the disk is full or read-only.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MASKS_FILE).write_bytes(masks_document(versions))
