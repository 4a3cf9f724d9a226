from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sarcoma_core.dicom.geometry import (
    affine,
    is_orientation,
    missing_slices,
    orientation_groups,
    place_tolerance,
    slice_normal,
    stack_slices,
)

Floats = npt.NDArray[np.float64]

seeds = st.integers(0, 2**32 - 1)
gaps_mm = st.floats(0.5, 12.0)
counts = st.integers(4, 60)


def rotation(rng: np.random.Generator) -> Floats:
    """A random rotation (QR of a normal matrix, determinant 1)."""
    q, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    return np.asarray(q * np.sign(np.linalg.det(q)))


def stack(rng: np.random.Generator, *, slices: int, gap: float) -> tuple[Floats, Floats]:
    """Positions along the normal of a random orientation, from a random origin."""
    turn = rotation(rng)
    positions = rng.uniform(-300, 300, 3) + np.outer(np.arange(slices) * gap, turn[:, 2])
    return positions, turn[:, :2].T.reshape(6)


@given(seeds, counts, gaps_mm)
def test_a_stack_in_any_order_of_files_is_the_same_grid(seed: int, slices: int, gap: float) -> None:
    rng = np.random.default_rng(seed)
    positions, cosines = stack(rng, slices=slices, gap=gap)
    order = rng.permutation(slices)

    there, shuffled = stack_slices(positions, cosines), stack_slices(positions[order], cosines)

    np.testing.assert_allclose(there.origin, positions[0], atol=1e-9)
    np.testing.assert_allclose(shuffled.origin, positions[0], atol=1e-9)
    assert shuffled.spacing == pytest.approx(gap, abs=1e-9)
    assert shuffled.place.tolist() == order.tolist()
    assert shuffled.deviation < 1e-9
    assert shuffled.sideways < 1e-9


@given(seeds, counts, gaps_mm)
def test_the_affine_takes_each_voxel_to_where_its_header_puts_it(seed: int, slices: int, gap: float) -> None:
    rng = np.random.default_rng(seed)
    positions, cosines = stack(rng, slices=slices, gap=gap)
    row_gap, column_gap = rng.uniform(0.3, 5, 2)
    grid = stack_slices(positions, cosines)
    matrix = affine(grid.origin, cosines, (column_gap, row_gap, grid.spacing))

    column, row, k = rng.integers(0, 200), rng.integers(0, 200), rng.integers(0, slices)

    # PS3.3, C.7.6.2.1.1: equation C.7.6.2.1-1, in LPS.
    lps = positions[k] + cosines[:3] * column_gap * column + cosines[3:] * row_gap * row
    np.testing.assert_allclose(matrix @ [column, row, k, 1], [-lps[0], -lps[1], lps[2], 1], atol=1e-6)


@given(seeds, counts, gaps_mm, st.data())
def test_an_inner_slice_that_is_missing_is_found(seed: int, slices: int, gap: float, data: Any) -> None:
    positions, cosines = stack(np.random.default_rng(seed), slices=slices, gap=gap)
    lost = data.draw(st.integers(1, slices - 2))

    missing = missing_slices(stack_slices(np.delete(positions, lost, axis=0), cosines).gaps)

    assert missing.sum() == 1
    assert missing[lost - 1] == 1


@given(seeds, st.integers(10, 60), gaps_mm, st.data())
def test_a_run_of_missing_slices_is_counted(seed: int, slices: int, gap: float, data: Any) -> None:
    positions, cosines = stack(np.random.default_rng(seed), slices=slices, gap=gap)
    first = data.draw(st.integers(1, slices - 5))
    length = data.draw(st.integers(1, min(4, slices - 2 - first)))
    left = np.delete(positions, range(first, first + length), axis=0)

    assert missing_slices(stack_slices(left, cosines).gaps)[first - 1] == length


@given(seeds, counts, gaps_mm, st.data())
def test_a_place_taken_twice_is_found(seed: int, slices: int, gap: float, data: Any) -> None:
    positions, cosines = stack(np.random.default_rng(seed), slices=slices, gap=gap)
    twice = data.draw(st.integers(0, slices - 1))

    often = stack_slices(np.vstack([positions, positions[twice]]), cosines).occurrences

    assert often.sum() == slices + 1
    assert np.flatnonzero(often == 2).tolist() == [twice]


@given(seeds, st.integers(2, 60), gaps_mm, st.floats(0.5, 30.0))
def test_a_tilt_is_measured(seed: int, slices: int, gap: float, degrees: float) -> None:
    positions, cosines = stack(np.random.default_rng(seed), slices=slices, gap=gap)
    run = np.arange(slices) * gap
    sheared = positions + np.outer(run * np.tan(np.radians(degrees)), cosines[3:])

    tilted = stack_slices(sheared, cosines)

    assert tilted.tilt == pytest.approx(degrees, abs=1e-6)
    assert tilted.sideways == pytest.approx(run[-1] * np.tan(np.radians(degrees)), rel=1e-6)


@given(seeds, st.integers(3, 60), st.floats(0.5, 12.0), st.integers(1, 3))
def test_printed_positions_are_still_an_even_stack(seed: int, slices: int, gap: float, decimals: int) -> None:
    rng = np.random.default_rng(seed)
    run = rng.uniform(-300, 300) + np.arange(slices) * gap
    positions = np.column_stack([np.full(slices, 11.5), np.full(slices, -7.0), np.round(run, decimals)])

    grid = stack_slices(positions, np.array([1.0, 0, 0, 0, 1, 0]))

    assert len(grid.distances) == slices
    assert not missing_slices(grid.gaps).any()
    assert grid.deviation <= place_tolerance(gap)


@given(seeds, st.integers(6, 40), gaps_mm)
def test_a_stack_whose_spacing_changes_half_way_is_not_even(seed: int, slices: int, gap: float) -> None:
    positions, cosines = stack(np.random.default_rng(seed), slices=slices, gap=gap)
    normal = slice_normal(cosines)
    half = slices // 2
    positions[half:] += np.outer(np.arange(1, slices - half + 1) * gap * 0.3, normal)

    grid = stack_slices(positions, cosines)

    assert grid.deviation > place_tolerance(grid.spacing)
    assert not missing_slices(grid.gaps).any()


@given(seeds)
def test_orientations_are_told_apart_beyond_rounding(seed: int) -> None:
    rng = np.random.default_rng(seed)
    cosines = np.array([rotation(rng)[:, :2].T.reshape(6) for _ in range(3)])
    assume(min(np.abs(a - b).max() for a, b in zip(cosines, np.roll(cosines, 1, axis=0), strict=True)) > 0.01)
    scan = np.round(np.repeat(cosines, 4, axis=0), 4)
    scan[::2] = np.repeat(cosines, 4, axis=0)[::2]

    assert orientation_groups(scan).tolist() == [0] * 4 + [1] * 4 + [2] * 4


@given(seeds)
def test_two_orthogonal_unit_vectors_are_an_orientation_and_others_are_not(seed: int) -> None:
    cosines = rotation(np.random.default_rng(seed))[:, :2].T.reshape(6)

    assert is_orientation(np.round(cosines, 4))
    assert not is_orientation(cosines * 1.01)
    assert not is_orientation(np.concatenate([cosines[:3], cosines[:3]]))
    assert not is_orientation(np.zeros(6))


@given(seeds, counts, gaps_mm)
def test_the_grid_is_the_mean_of_slices_that_are_a_little_off(seed: int, slices: int, gap: float) -> None:
    rng = np.random.default_rng(seed)
    positions, cosines = stack(rng, slices=slices, gap=gap)
    off = rng.uniform(-0.05, 0.05, slices)
    moved = positions + np.outer(off, slice_normal(cosines))

    grid = stack_slices(moved, cosines)

    along = moved @ slice_normal(cosines)
    places = grid.origin @ slice_normal(cosines) + np.arange(slices) * grid.spacing
    assert np.mean(along - places) == pytest.approx(0, abs=1e-9)
    assert np.mean((along - places) * np.arange(slices)) == pytest.approx(0, abs=1e-7)


@pytest.mark.parametrize("gaps", [[4.0, 8, 8, 8], [4.0, 4, 6, 4, 4], [3.0, 3, 3, 5, 5, 5]])
def test_gaps_that_are_mostly_not_the_smallest_or_no_multiples_of_it_are_no_holes(gaps: list[float]) -> None:
    assert not missing_slices(np.array(gaps)).any()


def test_one_gap_alone_shows_nothing_missing() -> None:
    assert missing_slices(np.array([8.0])).tolist() == [0]


AXIAL = np.array([1.0, 0, 0, 0, 1, 0])
ONE_DECIMAL = 0.05
"""mm: how far a position moves that is printed with one decimal. The tolerance of a place is 0.06 mm."""


def axial(places: list[float]) -> Floats:
    """Positions along the z axis."""
    return np.column_stack([np.full(len(places), 11.5), np.full(len(places), -7.0), places])


def test_two_slices_are_at_one_place_up_to_its_tolerance_and_at_two_beyond() -> None:
    assert stack_slices(axial([0, 4, 4.057, 8]), AXIAL).occurrences.tolist() == [1, 2, 1]
    assert stack_slices(axial([0, 4, 4.063, 8]), AXIAL).occurrences.tolist() == [1, 1, 1, 1]


@pytest.mark.parametrize(("spacing", "tolerance"), [(0.6, 0.06), (4.0, 0.06), (6.5, 0.065), (-10.0, 0.1)])
def test_the_tolerance_holds_one_decimals_rounding_or_a_hundredth_of_the_spacing(
    spacing: float, tolerance: float
) -> None:
    assert place_tolerance(spacing) == pytest.approx(tolerance, rel=1e-12)
    assert place_tolerance(spacing) > ONE_DECIMAL


@pytest.mark.parametrize("slices", [3, 4, 17])
@pytest.mark.parametrize("off", [0.02, 0.3])
def test_slices_off_by_turns_deviate_by_as_much_as_they_are_off(slices: int, off: float) -> None:
    """Chebyshev: no line comes closer to errors of one size whose sign alternates."""
    run = 4.0 * np.arange(slices) + off * (-1.0) ** np.arange(slices)

    assert stack_slices(axial(run.tolist()), AXIAL).deviation == pytest.approx(off, rel=1e-6)


@pytest.mark.parametrize(("milliradians", "orientations"), [(0.475, 1), (0.525, 2)])
def test_orientations_are_one_up_to_three_hundredths_of_a_degree(
    milliradians: float, orientations: int
) -> None:
    c, s = np.cos(milliradians / 1000), np.sin(milliradians / 1000)
    turned = np.array([AXIAL, [c, s, 0, -s, c, 0], [c, -s, 0, s, c, 0]])

    assert orientation_groups(turned[:2]).tolist() == [0, orientations - 1]
    assert orientation_groups(turned[[0, 2]]).tolist() == [0, orientations - 1]


def test_an_orientation_is_compared_with_each_that_was_seen() -> None:
    coronal, sagittal = [1.0, 0, 0, 0, 0, -1], [0, 1.0, 0, 0, 0, -1]

    groups = orientation_groups(np.array([AXIAL, coronal, sagittal, coronal, AXIAL, sagittal]))

    assert groups.tolist() == [0, 1, 2, 1, 0, 2]


@pytest.mark.parametrize(("off", "is_one"), [(0.95e-3, True), (1.05e-3, False)])
def test_vectors_are_unit_and_orthogonal_up_to_a_thousandth(off: float, is_one: bool) -> None:  # noqa: FBT001
    long, short = np.sqrt(1 + off), np.sqrt(1 - off)

    for scale in (long, short):
        assert is_orientation(np.array([scale, 0, 0, 0, 1, 0])) is is_one
        assert is_orientation(np.array([1, 0, 0, 0, scale, 0])) is is_one
    for cosine in (off, -off):
        assert is_orientation(np.array([1, 0, 0, cosine, np.sqrt(1 - off**2), 0])) is is_one


def test_one_sideways_slice_does_not_move_the_stack() -> None:
    straight = axial([0.0, 4, 8, 12, 16])
    for moved in range(5):
        positions = straight.copy()
        positions[moved, 0] += 0.1

        np.testing.assert_allclose(stack_slices(positions, AXIAL).origin, straight[0], atol=1e-9)


@pytest.mark.parametrize("missing", [1, 2, 3])
@pytest.mark.parametrize("sign", [-1, 1])
def test_a_hole_is_a_multiple_of_the_spacing_within_the_tolerance_of_both_its_ends(
    missing: int, sign: int
) -> None:
    """A gap of n steps is compared with n gaps, each of whose ends is a place of its own."""
    steps = missing + 1
    tolerance = 2 * 0.06 * steps
    within, beyond = (np.array([4.0, 4, 4, 4 * steps + sign * f * tolerance, 4, 4]) for f in (0.95, 1.05))

    assert missing_slices(within).tolist() == [0, 0, 0, missing, 0, 0]
    assert not missing_slices(beyond).any()


def test_holes_are_told_where_at_least_half_of_the_gaps_are_single() -> None:
    assert missing_slices(np.array([4.0, 8, 4, 8])).tolist() == [0, 1, 0, 1]
    assert not missing_slices(np.array([4.0, 8, 4, 8, 8])).any()


def test_two_gaps_are_enough_to_see_a_hole() -> None:
    assert missing_slices(np.array([4.0, 8])).tolist() == [0, 1]
