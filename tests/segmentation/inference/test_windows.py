"""Windows over an image: as MONAI's, to the last digits; every voxel seen, and none weighed by nothing."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="torch test: make extras to run it")

from monai.inferers import sliding_window_inference  # noqa: E402

from sarcoma_core.segmentation.inference.windows import gaussian_weights, slide, window_places  # noqa: E402

CPU = torch.device("cpu")


def images(*shape: int) -> Any:
    return torch.randn(shape, generator=torch.Generator().manual_seed(3))


def network(channels: int = 2, outputs: int = 3) -> Any:
    """What it gives for a voxel depends on its neighbours and on where it lies in the window."""
    with torch.random.fork_rng():
        torch.manual_seed(4)
        look = torch.nn.Conv3d(channels, outputs, 3, padding=1)

    def found(windows: Any) -> Any:
        slope = torch.linspace(0, 1, windows.shape[2]).reshape(-1, 1, 1)
        return look(windows) * (1 + slope) + torch.linspace(0, 3, windows.shape[4])

    return found


SHAPES = [
    ((8, 8, 8), (8, 8, 8)),
    ((9, 8, 9), (8, 8, 8)),
    ((9, 11, 13), (8, 8, 8)),
    ((16, 12, 20), (8, 8, 8)),
    ((23, 9, 6), (8, 9, 5)),
    ((31, 7, 10), (6, 6, 8)),
]


@pytest.mark.parametrize(("shape", "patch"), SHAPES, ids=str)
@pytest.mark.parametrize("overlap", [0.0, 0.25, 0.5, 0.7])
@pytest.mark.parametrize("batch", [1, 3])
def test_results_are_those_of_monai(
    shape: tuple[int, ...], patch: tuple[int, ...], overlap: float, batch: int
) -> None:
    image = images(2, *shape)
    look = network()
    with torch.inference_mode():
        wanted = sliding_window_inference(image[None], patch, batch, look, overlap=overlap, mode="gaussian")[
            0
        ]
        found = slide(image, patch, look, overlap=overlap, batch=batch)
    assert found.shape == (3, *shape)
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-5)


def test_half_of_a_window_overlaps_where_nothing_else_is_told() -> None:
    image, look = images(1, 20, 12, 9), network(1, 1)
    with torch.inference_mode():
        wanted = sliding_window_inference(image[None], (8, 8, 8), 1, look, overlap=0.5, mode="gaussian")[0]
        torch.testing.assert_close(slide(image, (8, 8, 8), look), wanted, rtol=1e-5, atol=1e-5)


@given(
    st.tuples(*[st.integers(1, 9)] * 3),
    st.tuples(*[st.integers(0, 14)] * 3),
    st.sampled_from([0.0, 0.3, 0.5, 0.9, 0.99]),
)
def test_every_voxel_is_in_a_window_and_every_window_in_the_image(
    patch: tuple[int, int, int], more: tuple[int, int, int], overlap: float
) -> None:
    shape = tuple(size + extra for size, extra in zip(patch, more, strict=True))
    places = list(window_places(shape, patch, overlap))
    for axis in range(3):
        starts = sorted({place[axis].start for place in places})
        assert all(place[axis].stop - place[axis].start == patch[axis] for place in places)
        assert starts[0] == 0
        assert starts[-1] == shape[axis] - patch[axis]
        gaps = np.diff(starts)
        assert (gaps <= max(1, int(patch[axis] * (1 - overlap)))).all()
        if shape[axis] == patch[axis]:
            assert len(starts) == 1
    assert len(places) == len({tuple(side.start for side in place) for place in places})


@pytest.mark.parametrize("patch", [(1, 1, 1), (2, 3, 5), (8, 8, 8), (64, 7, 128), (128, 128, 16)])
def test_weights_are_above_0_everywhere_alike_from_both_sides_and_the_most_in_the_middle(
    patch: Sequence[int],
) -> None:
    weights = gaussian_weights(patch, CPU)
    assert weights.shape == tuple(patch)
    assert float(weights.min()) >= 1e-3
    for axis in range(3):
        torch.testing.assert_close(weights, weights.flip(axis))
    assert float(weights.max()) == float(weights[tuple(size // 2 for size in patch)])


def test_weights_fall_as_a_bell_of_an_eighth_of_the_window() -> None:
    weights = gaussian_weights((9, 17, 33), CPU)
    for axis, size in enumerate((9, 17, 33)):
        place = [4, 8, 16]
        place[axis] += size // 8
        wanted = np.exp(-((size // 8) ** 2) / (2 * (size / 8) ** 2))
        assert float(weights[tuple(place)]) == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("batch", [1, 2, 5, 100])
def test_a_batch_is_never_larger_than_told_and_no_window_is_left_out(batch: int) -> None:
    sizes: list[int] = []

    def look(windows: Any) -> Any:
        sizes.append(len(windows))
        return windows

    slide(images(1, 20, 12, 8), (8, 8, 8), look, batch=batch)
    count = len(list(window_places((20, 12, 8), (8, 8, 8))))
    assert count == 4 * 2 * 1
    assert sizes == [batch] * (count // batch) + ([count % batch] if count % batch else [])


def test_what_is_the_same_in_every_window_is_the_same_everywhere() -> None:
    image = images(1, 19, 14, 11)
    found = slide(image, (8, 6, 5), lambda windows: torch.full_like(windows, 0.37))
    torch.testing.assert_close(found, torch.full_like(image, 0.37))
    torch.testing.assert_close(slide(image, (8, 6, 5), lambda windows: windows), image)


@pytest.mark.parametrize("axis", range(3))
def test_an_image_as_large_as_the_patch_is_looked_at_and_a_smaller_one_is_refused(axis: int) -> None:
    shape = [8, 8, 8]
    assert slide(images(1, *shape), (8, 8, 8), lambda x: x).shape == (1, 8, 8, 8)
    shape[axis] = 7
    with pytest.raises(ValueError, match="image must be no smaller than the patch"):
        slide(images(1, *shape), (8, 8, 8), lambda x: x)


def test_a_window_that_is_not_worth_a_look_is_never_shown() -> None:
    """What no worthy window has seen is 0; what one has seen is as if there were no others."""
    image = torch.zeros(1, 24, 8, 8)
    image[:, 18:] = 5
    shown: list[Any] = []

    def look(windows: Any) -> Any:
        shown.extend(windows)
        return windows + 1

    found = slide(image, (8, 8, 8), look, is_worth=lambda window: bool(window.max() > 0), batch=2)
    assert len(shown) == 2  # from 12 and from 16 on; those from 0, 4 and 8 hold nothing
    assert all(float(window.max()) > 0 for window in shown)
    assert float(found[:, :12].abs().max()) == 0
    torch.testing.assert_close(found[:, 12:], image[:, 12:] + 1)


def test_where_no_window_is_worth_a_look_all_is_0() -> None:
    def never(_: Any) -> Any:
        raise AssertionError

    found = slide(images(2, 9, 8, 8), (8, 8, 8), never, is_worth=lambda _: False)
    assert found.shape == (1, 9, 8, 8)
    assert not found.any()


def test_the_image_is_as_it_was() -> None:
    image = images(1, 12, 8, 8)
    before = image.clone()
    slide(image, (8, 8, 8), lambda windows: windows.mul_(2))
    assert torch.equal(image, before)
