"""What a mask loses on the way to the grid of a network and back: by law, and on synthetic tumours."""

from math import prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from sarcoma_core.imaging.grid import model_grid, to_model, to_native
from sarcoma_core.imaging.volume import Mask, Spacing, Volume
from sarcoma_core.phantom.anatomy import limb
from sarcoma_core.phantom.grid import DEMO, lps_to_ras
from sarcoma_core.phantom.tissue import tumour_mask
from sarcoma_core.segmentation.metrics import dice
from tests.imaging.turned import lattice, noise, places, rotation


def ball(ml: float, spacing: Spacing, shift: NDArray[np.float64]) -> tuple[Mask, Volume]:
    """A sphere, and the image that it is drawn on."""
    radius = radius_of(ml)
    shape = tuple(int(np.ceil((2 * radius + 30) / step)) for step in spacing)
    affine = lattice((shape[0], shape[1], shape[2]), spacing)
    mask = ((places(shape, affine) - shift) ** 2).sum(-1) <= radius**2
    return np.asarray(mask), Volume(mask.astype(np.float32), affine)


def radius_of(ml: float) -> float:
    return float((ml * 1000 * 3 / 4 / np.pi) ** (1 / 3))


@given(st.integers(0, 10_000), st.tuples(*[st.floats(1.0, 4.0)] * 3))
def test_a_soft_mask_has_the_volume_of_the_hard_one_where_the_grid_is_coarser(
    seed: int, steps: tuple[float, float, float]
) -> None:
    rng = np.random.default_rng(seed)
    shape = (int(rng.integers(4, 14)), int(rng.integers(4, 14)), int(rng.integers(4, 14)))
    mask = rng.random(shape) < 0.3
    volume = noise(shape, (1.5, 0.8, 4.0), rotation(*rng.uniform(-180, 180, 3)))
    order = model_grid(volume, (1.0, 1.0, 1.0), slices_last=False).order
    spacing = tuple(volume.spacing[native] * step for native, step in zip(order, steps, strict=True))
    grid = model_grid(volume, (spacing[0], spacing[1], spacing[2]), slices_last=False)
    soft = to_model(mask, grid)
    assert soft.sum(dtype=np.float64) * prod(grid.step) == pytest.approx(mask.sum(), rel=1e-6)
    assert soft.min() >= 0
    assert soft.max() <= 1 + 1e-6


NATIVE = (1.375, 1.375, 5.0)


def drift_of(ml: float, native: Spacing, step: float) -> float:
    """By what part a sphere is larger or smaller after the way there and back, on average over places."""
    changes = []
    for shift in np.random.default_rng(1).uniform(-3, 3, (3, 3)):
        mask, volume = ball(ml, native, shift)
        grid = model_grid(volume, (step, step, step), slices_last=False)
        changes.append((to_native(to_model(mask, grid), grid) >= 0.5).sum() / mask.sum() - 1)
    return float(np.mean(changes))


@pytest.mark.parametrize("native", [NATIVE, (1.0, 1.0, 3.0)], ids=str)
@pytest.mark.parametrize(("ml", "step"), [(10, 3.4), (30, 3.4), (100, 6.9)])
def test_a_sphere_shrinks_by_what_its_curvature_says(ml: float, step: float, native: Spacing) -> None:
    """A box of width s, then a hat of width 2 s: s^2 / 4 of variance along each axis.

    At half its height a surface of curvature 1 / r goes back by that over r (diffusion to first order), and
    so 3 s^2 / 4 r^2 of the volume.
    """
    wanted = -3 * step**2 / (4 * radius_of(ml) ** 2)
    assert drift_of(ml, native, step) == pytest.approx(wanted, rel=0.25)


@pytest.mark.parametrize("step", [3.4, 6.9])
def test_the_volume_drifts_by_less_than_two_percent_where_the_radius_is_seven_voxels(step: float) -> None:
    """By the law above 6.1 voxels are enough: 38 ml at 3.4 mm, 316 ml at 6.9 mm; five are not."""
    for voxels, kept in ((7, True), (5, False)):
        ml = 4 / 3 * np.pi * (voxels * step) ** 3 / 1000
        assert (abs(drift_of(ml, NATIVE, step)) < 0.02) == kept


@pytest.mark.parametrize("ml", [10, 30])
@pytest.mark.parametrize("spacing", [(1.375, 1.375, 5.0), (2.0, 2.0, 5.0)], ids=str)
def test_where_the_grid_is_anisotropic_as_the_slices_are_10_ml_drift_by_less_than_two_percent(
    spacing: Spacing, ml: float
) -> None:
    mask, volume = ball(ml, NATIVE, np.array([0.4, -0.3, 1.1]))
    grid = model_grid(volume, spacing, slices_last=True)
    assert abs((to_native(to_model(mask, grid), grid) >= 0.5).sum() / mask.sum() - 1) < 0.02


@pytest.fixture(scope="module")
def tumours() -> list[Volume]:
    """Those of synthetic patients, on the grid of the demo."""
    affine = lps_to_ras(DEMO.affine_lps())
    return [Volume(tumour_mask(limb(seed, DEMO).labels).astype(np.float32), affine) for seed in range(4)]


@pytest.mark.parametrize(("step", "hard", "soft"), [(6.9, 0.959, 0.988), (3.4, 0.982, 0.996)])
def test_no_network_can_be_better_than_its_grid(
    tumours: list[Volume], step: float, hard: float, soft: float
) -> None:
    """Dice of what a perfect network would give; the numbers are those of issue 15, of a prototype."""
    found = []
    for volume in tumours:
        mask = volume.array > 0
        grid = model_grid(volume, (step, step, step), slices_last=False)
        seen = to_model(mask, grid)
        steps = (seen >= 0.5).astype(np.float32)
        found.append([dice(mask, to_native(one, grid) >= 0.5) for one in (steps, seen)])
        assert found[-1][0] < found[-1][1]
    assert np.median(found, axis=0) == pytest.approx([hard, soft], abs=0.005)
