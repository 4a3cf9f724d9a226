"""Polygons: areas are those of geometry, and no order, direction or partition of them matters."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sarcoma_core.imaging.polygons import rasterise

Points = npt.NDArray[np.float64]
SHAPE = (40, 50)


def ellipse(
    rows: float, columns: float, centre: tuple[float, float] = (19.3, 24.6), points: int = 720
) -> Points:
    angle = np.linspace(0, 2 * np.pi, points, endpoint=False)
    return np.stack([centre[0] + rows * np.sin(angle), centre[1] + columns * np.cos(angle)], axis=1)


def box(top: float, left: float, bottom: float, right: float) -> Points:
    return np.array([(top, left), (top, right), (bottom, right), (bottom, left)])


def is_inside(polygon: Points, row: float, column: float) -> bool:
    """Even-odd by the angles under which the edges are seen: no row is crossed here."""
    seen = (polygon[:, 1] - column) + 1j * (polygon[:, 0] - row)
    turns = np.angle(np.roll(seen, -1) / seen).sum() / (2 * np.pi)
    return round(turns) % 2 == 1


corners = st.lists(
    st.tuples(st.floats(-5, 45, width=32), st.floats(-5, 55, width=32)), min_size=3, max_size=12
).map(np.array)
on_voxel_centres = st.lists(st.tuples(st.integers(-3, 43), st.integers(-3, 53)), min_size=3, max_size=12).map(
    lambda found: np.array(found, np.float64)
)


@pytest.mark.parametrize(("rows", "columns"), [(4.0, 4.0), (15.0, 15.0), (17.0, 6.5), (3.3, 21.0)])
def test_the_area_of_an_ellipse_is_pi_times_its_axes(rows: float, columns: float) -> None:
    filled = rasterise([ellipse(rows, columns)], SHAPE)
    truth = np.pi * rows * columns
    perimeter = np.pi * (3 * (rows + columns) - np.sqrt((3 * rows + columns) * (rows + 3 * columns)))
    assert filled.area == pytest.approx(truth, abs=perimeter / 32)
    assert filled.mask.sum() == pytest.approx(truth, abs=perimeter / 8)


@pytest.mark.parametrize("side", [1, 2, 7])
def test_a_square_of_whole_voxels_is_these_voxels(side: int) -> None:
    mask, area, _ = rasterise([box(2.5, 3.5, 2.5 + side, 3.5 + side)], SHAPE)
    assert mask[3 : 3 + side, 4 : 4 + side].all()
    assert mask.sum() == area == side**2


@pytest.mark.parametrize(("reach", "taken"), [(0.49, False), (0.51, True)])
def test_a_voxel_belongs_to_the_mask_where_its_centre_is_inside(reach: float, taken: bool) -> None:  # noqa: FBT001
    mask, _, _ = rasterise([box(2.5, 3.5, 5.5, 4.5 + reach)], SHAPE)
    assert mask[3:6, 5].all() == mask[3:6, 5].any() == taken
    assert mask[3:6, 4].all()


@pytest.mark.parametrize(("reach", "sixteenths"), [(0.12, 0), (0.13, 4), (0.37, 4), (0.38, 8), (0.88, 16)])
def test_the_area_counts_four_by_four_parts_of_a_voxel(reach: float, sixteenths: int) -> None:
    assert rasterise([box(2.5, 3.5, 3.5, 3.5 + reach)], SHAPE).area == sixteenths / 16


@given(polygon=corners)
def test_the_mask_is_what_angles_say_of_voxel_centres(polygon: Points) -> None:
    mask, _, _ = rasterise([polygon], SHAPE)
    for row, column in [(0, 0), (7, 31), (20, 25), (39, 49), (12, 3), (33, 8)]:
        if is_clear(polygon, row, column):
            assert mask[row, column] == is_inside(polygon, row, column)


def is_clear(polygon: Points, row: float, column: float) -> bool:
    """Whether a point is further than a thousandth of a voxel from all edges."""
    start, end, point = polygon, np.roll(polygon, -1, axis=0), np.array([row, column])
    along = end - start
    length = np.maximum((along**2).sum(axis=1), 1e-30)
    part = np.clip(((point - start) * along).sum(axis=1) / length, 0, 1)
    return bool((np.linalg.norm(start + part[:, None] * along - point, axis=1) > 1e-3).all())


@given(polygon=corners | on_voxel_centres, turn=st.integers(0, 11))
def test_another_first_point_or_direction_or_a_repeated_point_changes_nothing(
    polygon: Points, turn: int
) -> None:
    wanted = rasterise([polygon], SHAPE)
    turned = np.roll(polygon, turn, axis=0)
    for same in (turned, turned[::-1], np.concatenate([turned, turned[:1]])):
        found = rasterise([same], SHAPE)
        np.testing.assert_array_equal(found.mask, wanted.mask)
        assert found.area == wanted.area


@given(points=on_voxel_centres | corners, row=st.integers(0, 39), column=st.integers(0, 49))
def test_triangles_around_a_point_share_edges_and_together_are_the_polygon(
    points: Points, row: int, column: int
) -> None:
    """Even where edges run through voxel centres: each centre is claimed as often as by the whole."""
    hub = np.array([row, column], np.float64)
    triangles = [np.array([hub, a, b]) for a, b in zip(points, np.roll(points, -1, axis=0), strict=True)]
    np.testing.assert_array_equal(rasterise(triangles, SHAPE).mask, rasterise([points], SHAPE).mask)


@pytest.mark.parametrize("cut", [10.0, 10.3, 10.5])
def test_two_polygons_with_a_common_edge_share_no_voxel_and_lose_none(cut: float) -> None:
    first, second = box(4, 4, 20, cut), box(4, cut, 20, 30)
    whole = rasterise([box(4, 4, 20, 30)], SHAPE)
    one, other = rasterise([first], SHAPE), rasterise([second], SHAPE)
    assert not (one.mask & other.mask).any()
    np.testing.assert_array_equal(one.mask | other.mask, whole.mask)
    assert one.area + other.area == whole.area


def test_an_inner_polygon_is_a_hole_and_one_in_it_an_island() -> None:
    outer, hole, island = box(1.5, 1.5, 30.5, 40.5), box(5.5, 5.5, 25.5, 35.5), box(9.5, 9.5, 12.5, 14.5)
    mask, area, _ = rasterise([island, outer, hole], SHAPE)
    assert mask.sum() == area == 29 * 39 - 20 * 30 + 3 * 5
    assert not mask[7, 7]
    assert mask[10, 10]


def test_a_keyhole_is_a_hole_and_its_channel_has_no_width() -> None:
    ring = np.array(
        [(2, 2), (2, 20), (20, 20), (20, 2), (8, 2), (8, 6), (15, 6), (15, 12), (8, 12), (8, 6), (8, 2)]
    )
    mask, area, _ = rasterise([ring + 0.5], SHAPE)
    assert mask.sum() == area == 18 * 18 - 7 * 6
    assert mask[3:21, 3].all()


def test_what_lies_outside_is_cut_off() -> None:
    for polygon in (box(-9, -9, 99, 99), box(-1e9, -1e300, 1e300, 1e9)):
        mask, area, _ = rasterise([polygon], SHAPE)
        assert mask.all()
        assert area == mask.size
    assert rasterise([box(-9, -9, -2, 99), box(3, 50.5, 9, 70)], SHAPE).area == 0


def test_of_no_polygon_nothing_is_inside() -> None:
    mask, area, _ = rasterise([], SHAPE)
    assert mask.shape == SHAPE
    assert not mask.any()
    assert area == 0


def test_what_lies_in_two_polygons_is_counted() -> None:
    """A hole, what two boxes share that cross, and a box that stands twice."""
    assert rasterise([box(4.5, 4.5, 14.5, 14.5), box(6.5, 6.5, 9.5, 10.5)], SHAPE).twice == 3 * 4
    crossing = rasterise([box(4.5, 4.5, 14.5, 14.5), box(9.5, 4.5, 19.5, 14.5)], SHAPE)
    assert (crossing.twice, int(crossing.mask.sum())) == (50, 100)
    again = rasterise([box(4.5, 4.5, 14.5, 14.5), box(4.4, 4.4, 14.6, 14.6)], SHAPE)
    assert (again.twice, again.mask.any()) == (100, False)
    assert rasterise([box(4.5, 4.5, 14.5, 14.5), box(14.5, 4.5, 19.5, 14.5)], SHAPE).twice == 0
