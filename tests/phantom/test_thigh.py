import dataclasses

import numpy as np
import pytest

from sarcoma_core.phantom.grid import DEMO
from sarcoma_core.phantom.patient import draw_patient
from sarcoma_core.phantom.thigh import Thigh, draw_thigh, paint_soft_tissue
from sarcoma_core.phantom.tissue import Labels, Tissue, body_mask

THIGH = draw_thigh(draw_patient(4))


def painted(thigh: Thigh) -> Labels:
    x, y, z = np.broadcast_arrays(*DEMO.axes())
    return paint_soft_tissue(thigh, x, y, z, np.zeros(DEMO.shape, np.float32))


def test_a_limb_without_wobble_and_taper_is_a_cylinder_of_its_radius() -> None:
    plain = dataclasses.replace(THIGH, taper=0.0, wobble=())
    area = body_mask(painted(plain)).sum(axis=(0, 1)) * DEMO.spacing[0] * DEMO.spacing[1]
    np.testing.assert_allclose(area, np.pi * THIGH.radius**2, rtol=0.01)


def test_the_limb_is_wider_towards_the_head() -> None:
    area = body_mask(painted(THIGH)).sum(axis=(0, 1))
    assert (np.diff(area) > 0).all()


def test_muscle_lies_inside_fat_and_fat_inside_skin() -> None:
    labels = painted(THIGH)
    row = labels[:, DEMO.shape[1] // 2, DEMO.shape[2] // 2]
    order = [Tissue(value) for value in dict.fromkeys(row[: len(row) // 2].tolist())]
    assert order[:3] == [Tissue.BACKGROUND, Tissue.SKIN, Tissue.FAT]
    assert order.index(Tissue.FAT) < order.index(Tissue.SEPTUM) < order.index(Tissue.MUSCLE)


def test_most_of_a_thigh_is_muscle() -> None:
    labels = painted(THIGH)
    assert 0.5 < (labels == Tissue.MUSCLE).sum() / body_mask(labels).sum() < 0.85


@pytest.mark.parametrize("side", [1, -1])
def test_the_femoral_vessels_lie_medial(side: int) -> None:
    vessels = painted(dataclasses.replace(THIGH, side=side)) == Tissue.VESSEL
    left = np.broadcast_to(DEMO.axes()[0], DEMO.shape)[vessels].mean()
    assert np.sign(left) == -side
