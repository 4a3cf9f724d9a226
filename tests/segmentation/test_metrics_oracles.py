"""Scores against the packages themselves, each by its own definition, to a thousandth of a millimetre."""

import numpy as np
import pytest
from medpy.metric import binary
from surface_distance import metrics as deepmind

from sarcoma_core.imaging.volume import Mask, Spacing
from sarcoma_core.segmentation.metrics import compare
from tests.segmentation.shapes import ball, blobs, cube, peers, voxels

MM = 1e-3
PAIRS = {
    "cubes": (cube(), cube((3, 0, 0))),
    "cubes that touch": (cube(), cube((10, 0, 0))),
    "cubes apart": (cube((-5, -5, -5)), cube((9, 9, 6))),
    "spheres": (ball(20), ball(23)),
    "one voxel": (voxels((0, 0, 0)), voxels((11, 13, 9))),
    "one voxel in a mask": (voxels((5, 5, 5)), np.ones((12, 14, 10), bool)),
    **{f"blobs {n}": (blobs(n), blobs(n + 100, share=0.2 + 0.1 * n)) for n in range(6)},
}
SPACINGS = [(1.0, 1.0, 1.0), (0.5, 0.5, 5.0), (0.98, 0.98, 3.27), (4.1, 0.7, 1.9)]
pytestmark = [
    pytest.mark.parametrize("spacing", SPACINGS, ids=str),
    pytest.mark.parametrize("masks", PAIRS.values(), ids=PAIRS.keys()),
]


def test_surface_distance_agrees_in_all_it_has(masks: tuple[Mask, Mask], spacing: Spacing) -> None:
    scores = compare(*masks, spacing, definition="area-weighted", tolerance_mm=2.0)
    with peers():
        found = deepmind.compute_surface_distances(*masks, spacing)
        averages = deepmind.compute_average_surface_distance(found)
        assert scores.assd_mm == pytest.approx(np.mean(averages), abs=MM)
        assert scores.hd95_mm == pytest.approx(deepmind.compute_robust_hausdorff(found, 95), abs=MM)
        assert scores.hd_mm == pytest.approx(deepmind.compute_robust_hausdorff(found, 100), abs=MM)
        assert scores.surface_dice == pytest.approx(
            deepmind.compute_surface_dice_at_tolerance(found, 2.0), abs=MM
        )
        assert scores.dice == pytest.approx(deepmind.compute_dice_coefficient(*masks))


def test_medpy_agrees_in_all_it_has(masks: tuple[Mask, Mask], spacing: Spacing) -> None:
    reference, other = masks
    scores = compare(reference, other, spacing, definition="pooled")
    assert scores.hd95_mm == pytest.approx(binary.hd95(other, reference, spacing), abs=MM)
    assert scores.hd_mm == pytest.approx(binary.hd(other, reference, spacing), abs=MM)
    assert scores.assd_mm == pytest.approx(binary.assd(other, reference, spacing), abs=MM)
    assert scores.dice == pytest.approx(binary.dc(other, reference))


@pytest.mark.torch
def test_monai_agrees_in_all_it_has(masks: tuple[Mask, Mask], spacing: Spacing) -> None:
    with peers():
        import monai.metrics as monai  # noqa: PLC0415  of the extra `torch`
        import torch  # noqa: PLC0415

        reference, other = (torch.from_numpy(mask.astype(np.float32))[None, None] for mask in masks)
        theirs = {
            "hd95_mm": monai.compute_hausdorff_distance(
                other, reference, include_background=True, percentile=95, spacing=spacing
            ),
            "hd_mm": monai.compute_hausdorff_distance(
                other, reference, include_background=True, spacing=spacing
            ),
            "assd_mm": monai.compute_average_surface_distance(
                other, reference, include_background=True, symmetric=True, spacing=spacing
            ),
            "surface_dice": monai.compute_surface_dice(
                other, reference, [2.0], include_background=True, spacing=spacing
            ),
            "dice": monai.compute_dice(other, reference, include_background=True),
        }
    scores = compare(*masks, spacing, definition="directed", tolerance_mm=2.0)
    for name, value in theirs.items():
        assert getattr(scores, name) == pytest.approx(float(value), abs=MM), name
