"""A consensus: STAPLE as its paper has it, written out here; and what most marked."""

import numpy as np
import pytest

from sarcoma_core.errors import InputError
from sarcoma_core.segmentation.exported import voxels_sha256
from sarcoma_core.segmentation.readers.consensus import MARGIN, consensus
from tests.segmentation.shapes import blobs, cube


def expectation_maximisation(
    votes: np.ndarray, prior: float, rounds: int = 200
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Warfield 2004, equations 14, 15, 18 and 19, from sensitivities and specificities of 0.99999."""
    p = q = np.full(len(votes), 0.99999)
    marked = votes.astype(float)
    for _ in range(rounds):
        inside = prior * np.prod(np.where(votes, p[:, None], 1 - p[:, None]), axis=0)
        outside = (1 - prior) * np.prod(np.where(votes, 1 - q[:, None], q[:, None]), axis=0)
        weight = inside / (inside + outside)
        p = (marked @ weight) / weight.sum()
        q = ((1 - marked) @ (1 - weight)) / (1 - weight).sum()
    return weight, p, q


def boxed(masks: dict[str, np.ndarray]) -> tuple[slice, ...]:
    """The box of all marks and five voxels around it."""
    held = np.argwhere(np.logical_or.reduce(list(masks.values())))
    low, high = held.min(axis=0) - 5, held.max(axis=0) + 6
    shape = next(iter(masks.values())).shape
    return tuple(slice(max(0, a), min(n, b)) for a, b, n in zip(low, high, shape, strict=True))


@pytest.mark.parametrize("shift", [1, 2, 3])
def test_staple_is_that_of_the_paper(shift: int) -> None:
    masks = {
        "anna": cube(),
        "ben": cube((shift, 0, 0)),
        "cleo": cube() | cube((0, 2, 0)),
        "dora": cube((0, 0, 1)),
    }
    box = boxed(masks)
    votes = np.array([mask[box].ravel() for mask in masks.values()])
    prior = votes.mean()
    weight, p, q = expectation_maximisation(votes, prior)
    found = consensus(masks, "staple")
    assert found.prior == pytest.approx(prior)
    assert [one.reader for one in found.performance] == list(masks)
    assert [one.sensitivity for one in found.performance] == pytest.approx(list(p), abs=1e-4)
    assert [one.specificity for one in found.performance] == pytest.approx(list(q), abs=1e-4)
    expected = np.zeros_like(cube())
    expected[box] = (weight >= 0.5).reshape(expected[box].shape)
    np.testing.assert_array_equal(found.mask, expected)


def test_two_who_draw_the_same_outvote_the_third() -> None:
    masks = {"anna": cube(), "ben": cube(), "cleo": cube((4, 0, 0))}
    for method in ("staple", "majority"):
        np.testing.assert_array_equal(consensus(masks, method).mask, cube())  # type: ignore[arg-type]
    anna, ben, cleo = consensus(masks, "staple").performance
    assert anna[1:] == ben[1:]
    assert anna.sensitivity == pytest.approx(1, abs=1e-3)
    assert cleo.sensitivity == pytest.approx(0.6, abs=1e-3)  # 6 of 10 columns are common


def test_a_majority_is_more_than_half() -> None:
    one, two, three = cube(), cube((3, 0, 0)), cube((0, 3, 0))
    votes = one.astype(int) + two + three
    found = consensus({"anna": one, "ben": two, "cleo": three}, "majority")
    np.testing.assert_array_equal(found.mask, votes >= 2)
    assert (found.prior, found.performance) == (None, ())
    np.testing.assert_array_equal(consensus({"anna": one, "ben": two}, "majority").mask, one & two)
    four = consensus({"anna": one, "ben": two, "cleo": three, "dora": three}, "majority").mask
    np.testing.assert_array_equal(four, votes + three >= 3)


def test_who_marked_nothing_has_no_sensitivity_and_takes_nothing_away() -> None:
    nothing = np.zeros_like(cube())
    found = consensus({"anna": cube(), "ben": cube(), "cleo": nothing}, "staple")
    np.testing.assert_array_equal(found.mask, cube())
    assert found.performance[2].sensitivity == pytest.approx(0, abs=1e-3)
    assert found.performance[2].specificity == pytest.approx(1, abs=1e-3)


def test_where_nobody_marked_anything_the_consensus_is_empty_and_where_all_marked_all_it_is_full() -> None:
    nothing = np.zeros((4, 5, 6), bool)
    for masks in ({"a": nothing, "b": nothing, "c": nothing}, {"a": ~nothing, "b": ~nothing, "c": ~nothing}):
        found = consensus(masks, "staple")
        np.testing.assert_array_equal(found.mask, masks["a"])
        assert [one[1:] for one in found.performance] == [(1.0, 1.0)] * 3


def test_the_image_around_the_box_does_not_count() -> None:
    masks = {"anna": cube(), "ben": cube((1, 0, 0)), "cleo": cube((0, 1, 0))}
    wider = {reader: np.pad(mask, 30) for reader, mask in masks.items()}
    small, large = (
        consensus({r: np.pad(m, MARGIN) for r, m in masks.items()}, "staple"),
        consensus(wider, "staple"),
    )
    assert small.prior == large.prior
    assert small.performance == large.performance


def test_the_order_of_readers_does_not_count() -> None:
    masks = {"anna": cube(), "ben": cube((1, 0, 0)), "cleo": cube((0, 2, 1))}
    turned = dict(reversed(masks.items()))
    for method in ("staple", "majority"):
        one, other = consensus(masks, method), consensus(turned, method)  # type: ignore[arg-type]
        np.testing.assert_array_equal(one.mask, other.mask)


def test_readers_who_have_nothing_in_common_come_to_no_consensus_and_to_an_end() -> None:
    masks = {name: blobs(seed) for seed, name in enumerate(("anna", "ben", "cleo"))}
    with pytest.raises(InputError, match="must settle within 500 rounds"):
        consensus(masks, "staple")
    assert consensus(masks, "majority").mask.any()


def test_of_one_reader_there_is_no_consensus() -> None:
    with pytest.raises(InputError, match="must be of 2 readers or more; found 1"):
        consensus({"anna": cube()}, "majority")


def test_a_digest_tells_voxels_and_shapes_apart() -> None:
    moved = cube((0, 0, 1))
    assert voxels_sha256(cube()) == voxels_sha256(cube().copy(order="F"))
    assert len({voxels_sha256(one) for one in (cube(), moved, cube()[:-1], cube().T)}) == 4
