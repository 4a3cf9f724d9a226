import dataclasses

import numpy as np
import pytest

from sarcoma_core.phantom.motion import Bend, Motion, Points, Wave, corresponding, draw_motion, placed

SEEDS = range(40)
STRAIGHT = [draw_motion(seed, "CT") for seed in SEEDS]
BENT = [draw_motion(seed, "CT", deformable=True) for seed in SEEDS]


def somewhere(count: int = 500, *, reach: float = 150.0) -> Points:
    return np.random.default_rng(8).uniform(-reach, reach, (count, 3))


def distances(points: Points) -> Points:
    return np.linalg.norm(points[1:] - points[:-1], axis=1)


def test_shifts_and_turns_lie_within_their_ranges_and_fill_them() -> None:
    shifts = [motion.shift_mm for motion in STRAIGHT]
    turns = [motion.rotation_degrees for motion in STRAIGHT]
    assert 8 <= min(shifts) < 10
    assert 23 < max(shifts) <= 25
    assert 3 <= min(turns) < 4
    assert 9 < max(turns) <= 10


def test_bends_lie_within_their_range_and_fill_it() -> None:
    bends = [motion.bend_mm for motion in BENT]
    assert 4 <= min(bends) < 4.6
    assert 9.4 < max(bends) <= 10 + 1e-9
    assert {motion.bend_mm for motion in STRAIGHT} == {0.0}


def test_a_bend_is_on_top_of_the_same_shift_and_turn() -> None:
    for straight, bent in zip(STRAIGHT, BENT, strict=True):
        assert (straight.shift, straight.rotation) == (bent.shift, bent.rotation)


def test_a_rigid_motion_keeps_every_distance() -> None:
    points = somewhere()
    for motion in STRAIGHT:
        np.testing.assert_allclose(distances(motion.apply(points)), distances(points), rtol=1e-12)


def test_a_rigid_motion_turns_by_its_angle_and_shifts_the_middle() -> None:
    for motion in STRAIGHT:
        middle, along = motion.apply(np.array([[0.0, 0, 0], motion.rotation]))
        np.testing.assert_allclose(middle, motion.shift, atol=1e-12)
        np.testing.assert_allclose(along - middle, motion.rotation, atol=1e-9)  # its axis stays
        matrix = motion.apply(np.eye(3)) - middle
        angle = np.degrees(np.arccos((np.trace(matrix) - 1) / 2))
        assert angle == pytest.approx(motion.rotation_degrees)


def test_a_turn_is_right_handed() -> None:
    quarter = Motion(rotation=(0, 0, 90))
    np.testing.assert_allclose(quarter.apply(np.array([[1.0, 0, 0]])), [[0, 1, 0]], atol=1e-12)


@pytest.mark.parametrize("motions", [STRAIGHT, BENT], ids=["rigid", "deformable"])
def test_there_and_back_is_the_same_place(motions: list[Motion]) -> None:
    points = somewhere()
    for motion in motions:
        far = placed(motion, (92.5, 14.0, -415.0))
        assert np.abs(far.inverse(far.apply(points)) - points).max() < 1e-6
        assert np.abs(far.apply(far.inverse(points)) - points).max() < 1e-6


def test_no_tissue_is_turned_inside_out_even_far_from_the_limb() -> None:
    for motion in BENT:
        assert motion.jacobian(somewhere(reach=400)).min() > 0.5
    for motion in STRAIGHT:
        np.testing.assert_allclose(motion.jacobian(somewhere()), 1)


def test_the_jacobian_is_the_change_of_volume() -> None:
    points, step = somewhere(50), 1e-3
    for motion in BENT[:8]:
        edges = [
            (motion.inverse(points + step * axis) - motion.inverse(points - step * axis)) / (2 * step)
            for axis in np.eye(3)
        ]
        np.testing.assert_allclose(np.linalg.det(np.stack(edges, axis=1)), motion.jacobian(points), rtol=1e-6)


def test_a_bend_moves_no_two_points_apart_by_more_than_half_of_their_distance() -> None:
    points = somewhere(2000)
    for motion in BENT:
        assert motion.bend.steepest < 0.5
        stretch = distances(motion.bend.displacement(points)) / distances(points)
        assert stretch.max() <= motion.bend.steepest


def test_what_is_left_of_a_bend_is_no_turn_and_no_shift() -> None:
    """The best rigid fit to the displacements (Kabsch 1976) over the limb is far smaller than they are."""
    grid = np.meshgrid(*[np.linspace(-reach, reach, 13) for reach in (90, 90, 110)], indexing="ij")
    points = np.stack(grid, axis=-1).reshape(-1, 3)
    points = points[np.hypot(points[:, 0], points[:, 1]) <= 90]
    for motion in BENT:
        bent = points + motion.bend.displacement(points)
        u, _, v = np.linalg.svd((points - points.mean(axis=0)).T @ (bent - bent.mean(axis=0)))
        angle = np.degrees(np.arccos(min(1, (np.trace(u @ v) - 1) / 2)))
        assert angle < 0.3
        assert np.linalg.norm(bent.mean(axis=0) - points.mean(axis=0)) < 0.01 * motion.bend_mm


def test_a_wave_is_a_sine() -> None:
    bend = Bend((Wave(amplitude=(0, 3, 0), frequency=(np.pi / 100, 0, 0), phase=np.pi / 2),))
    moved = bend.displacement(np.array([[0.0, 0, 0], [50, 7, 9], [100, 0, 0]]))
    np.testing.assert_allclose(moved, [[0, 3, 0], [0, 0, 0], [0, -3, 0]], atol=1e-12)


def test_single_precision_is_good_to_a_tenth_of_a_micrometre_per_millimetre() -> None:
    points = somewhere(reach=400)
    for motion in (STRAIGHT[0], BENT[0]):
        single = motion.inverse(points.astype(np.float32))
        assert single.dtype == np.float32
        assert np.abs(single - motion.inverse(points)).max() < 1e-3


def test_corresponding_points_of_equal_motions_are_equal_and_a_table_moves_them_along() -> None:
    points = somewhere()
    table = dataclasses.replace(BENT[0], origin=(10.0, 20.0, 30.0))
    np.testing.assert_allclose(corresponding(points, of=BENT[0], to=BENT[0]), points, atol=1e-6)
    along = corresponding(points, of=BENT[0], to=table) - points
    np.testing.assert_allclose(
        along, [[-10, -20, 30]] * 500, atol=1e-6
    )  # RAS: left is negative, posterior too


def test_corresponding_points_come_back() -> None:
    points = somewhere()
    there = corresponding(points, of=BENT[0], to=BENT[1])
    assert np.linalg.norm(there - points, axis=1).min() > 1
    np.testing.assert_allclose(corresponding(there, of=BENT[1], to=BENT[0]), points, atol=1e-6)


def test_no_points_have_no_place() -> None:
    assert BENT[0].apply(np.empty((0, 3))).shape == (0, 3)


def test_another_purpose_is_another_motion() -> None:
    assert draw_motion(3, "CT") == draw_motion(3, "CT")
    assert draw_motion(3, "CT") != draw_motion(3, "PET")
    assert draw_motion(3, "CT") != draw_motion(4, "CT")
