"""B-splines: laws of the basis, polynomials that they must reproduce, and ITK's own evaluation."""

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given
from hypothesis import strategies as st

from sarcoma_core.imaging.bspline import Axis, basis, evaluate, from_blocks_to_voxels

spans = st.sampled_from([1, 2, 4, 8])


@given(spans, st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_the_basis_functions_are_positive_and_sum_to_one(pieces: int, places: list[float]) -> None:
    functions = basis(np.array(places), pieces)
    assert functions.shape == (len(places), pieces + 3)
    assert (functions >= 0).all()
    np.testing.assert_allclose(functions.sum(axis=1), 1)


@given(spans, st.integers(2, 6), st.integers(0, 9), st.tuples(*[st.floats(-1, 1)] * 4))
def test_a_cubic_in_millimetres_is_reproduced_at_every_voxel(
    pieces: int, factor: int, start: int, coefficients: tuple[float, ...]
) -> None:
    """A cubic is a spline of any number of pieces; its place, half a block off the voxels', is the trap."""
    blocks = 16
    voxels = start + factor * blocks
    known = start + factor * (np.arange(blocks) + 0.5) - 0.5
    wanted = np.arange(start, voxels)
    matrix = from_blocks_to_voxels(Axis(voxels, start, factor, blocks, pieces))
    found = matrix @ np.polyval(coefficients, known / voxels)
    np.testing.assert_allclose(found[start:], np.polyval(coefficients, wanted / voxels), atol=1e-6)


@given(spans, st.integers(1, 4), st.integers(1, 3), st.integers(2, 30))
def test_outside_the_blocks_the_value_at_the_border_goes_on(
    pieces: int, factor: int, margin: int, blocks: int
) -> None:
    size = factor * blocks
    matrix = from_blocks_to_voxels(Axis(size + 2 * margin, margin, factor, blocks, pieces))
    np.testing.assert_allclose(matrix[:margin], matrix[[margin] * margin], atol=1e-9)
    np.testing.assert_allclose(matrix[-margin:], matrix[[-margin - 1] * margin], atol=1e-9)


@given(spans, st.integers(2, 30))
def test_blocks_of_one_voxel_keep_a_spline_as_it_is(pieces: int, size: int) -> None:
    matrix = from_blocks_to_voxels(Axis(size, 0, 1, size, pieces))
    samples = basis(np.linspace(0, 1, size), pieces) @ np.random.default_rng(0).normal(size=pieces + 3)
    np.testing.assert_allclose(matrix @ samples, samples, atol=1e-8)


def test_a_single_block_is_the_same_everywhere() -> None:
    assert (from_blocks_to_voxels(Axis(5, 1, 2, 1, 1)) == 1).all()


@pytest.mark.parametrize("levels", [1, 2, 3])
def test_it_is_what_itk_evaluates_between_the_blocks(levels: int) -> None:
    """ITK spans the first to the last centre of any grid: one that ends on the blocks' centres is exact."""
    rng = np.random.default_rng(levels)
    shape, factors = (18, 17, 16), (3, 1, 5)
    x, y, z = (np.linspace(-1, 1, n) for n in shape)
    bias = np.exp(0.3 * x[:, None, None] + 0.2 * y[:, None] ** 2 - 0.2 * z * x[:, None, None])
    image = sitk.GetImageFromArray((bias * rng.normal(100, 3, shape)).T.astype(np.float32))
    n4 = sitk.N4BiasFieldCorrectionImageFilter()
    n4.SetMaximumNumberOfIterations([5] * levels)
    n4.Execute(image)
    samples = sitk.GetArrayFromImage(n4.GetLogBiasFieldAsImage(image)).T

    fine = [(n - 1) * f + 1 for n, f in zip(shape, factors, strict=True)]
    grid = sitk.Image(fine, sitk.sitkFloat32)
    grid.SetSpacing([1 / f for f in factors])
    theirs = sitk.GetArrayFromImage(n4.GetLogBiasFieldAsImage(grid)).T

    # blocks of an odd number of voxels have a voxel in their centre: the two grids share their voxels
    x_axis, y_axis, z_axis = (
        Axis(n * f, 0, f, n, 2 ** (levels - 1)) for n, f in zip(shape, factors, strict=True)
    )
    ours = evaluate(samples, (x_axis, y_axis, z_axis))
    np.testing.assert_allclose(ours[1:-1, :, 2:-2], theirs, atol=1e-4 * np.abs(theirs).max())
    assert np.abs(theirs).max() > 0.05
