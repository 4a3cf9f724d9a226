import dataclasses

import numpy as np
import pytest

from sarcoma_core.errors import InputError
from sarcoma_core.phantom.motion import Motion
from sarcoma_core.phantom.points import SeriesPlace, draw_body_points, same_tissue
from sarcoma_core.phantom.slices import Slices
from sarcoma_core.phantom.tissue import Tissue

SLICES = Slices((20, 20, 10), (2.0, 2.0, 5.0), 5.0, "sagittal", (5, 3), (30.0, -20.0, 10.0))
PLACE = SeriesPlace(SLICES.shape, SLICES.affine_ras(), Motion())
BODY = np.zeros(SLICES.shape, np.uint8)
BODY[4:9, 6:15, 2:7] = Tissue.MUSCLE


def elsewhere(dx: float) -> SeriesPlace:
    x, y, z = SLICES.centre
    moved = dataclasses.replace(SLICES, centre=(x + dx, y, z))
    return SeriesPlace(moved.shape, moved.affine_ras(), Motion())


def voxels(points: np.ndarray) -> np.ndarray:
    inverse = np.linalg.inv(PLACE.affine_ras)
    return points @ inverse[:3, :3].T + inverse[:3, 3]


def test_points_lie_in_voxels_of_the_body_and_anywhere_in_them() -> None:
    points = draw_body_points(PLACE, BODY, count=4000, seed=1)
    assert points.shape == (4000, 3)
    where = voxels(points)
    assert (BODY[tuple(np.rint(where).astype(int).T)] == Tissue.MUSCLE).all()
    np.testing.assert_allclose(where.min(axis=0), (3.5, 5.5, 1.5), atol=0.1)
    np.testing.assert_allclose(where.max(axis=0), (8.5, 14.5, 6.5), atol=0.1)
    assert (where - np.rint(where)).std(axis=0) == pytest.approx(np.full(3, 12**-0.5), rel=0.05)


def test_few_points_are_of_different_voxels_and_many_are_drawn_again() -> None:
    few = np.rint(voxels(draw_body_points(PLACE, BODY, count=100, seed=1)))
    assert len(np.unique(few, axis=0)) == 100
    assert len(draw_body_points(PLACE, BODY, count=5 * 9 * 5 + 1, seed=1)) == 226


def test_a_seed_is_a_choice() -> None:
    first = draw_body_points(PLACE, BODY, count=10, seed=1)
    assert (first == draw_body_points(PLACE, BODY, count=10, seed=1)).all()
    assert (first != draw_body_points(PLACE, BODY, count=10, seed=2)).any()


def test_a_series_sees_what_lies_in_its_voxels_to_their_edges() -> None:
    inside = np.array([[-0.45, 0, 0], [19.45, 19.45, 9.45]])
    outside = np.array([[-0.55, 0, 0], [0, 19.55, 0], [0, 0, 9.55]])
    for points, seen in ((inside, True), (outside, False)):
        there = points @ PLACE.affine_ras[:3, :3].T + PLACE.affine_ras[:3, 3]
        assert (PLACE.sees(there) == seen).all()


def test_points_are_seen_by_the_others() -> None:
    other = elsewhere(22)
    alone = draw_body_points(PLACE, BODY, count=500, seed=1)
    both = draw_body_points(PLACE, BODY, count=500, seed=1, seen_by=(other,))
    assert not other.sees(alone).all()
    assert other.sees(both).all()


def test_fields_of_view_that_share_nothing_have_no_points() -> None:
    with pytest.raises(InputError, match="they share nothing"):
        draw_body_points(PLACE, BODY, count=5, seed=1, seen_by=(elsewhere(100),))
    with pytest.raises(InputError, match="they share nothing"):
        draw_body_points(PLACE, np.zeros_like(BODY), count=5, seed=1)


@pytest.mark.parametrize("which", [0, 1])
def test_another_limb_has_no_corresponding_points(which: int) -> None:
    places = [PLACE, PLACE]
    places[which] = PLACE._replace(motion=None)
    with pytest.raises(InputError, match="must both be of the same limb"):
        same_tissue(np.zeros((1, 3)), of=places[0], to=places[1])
