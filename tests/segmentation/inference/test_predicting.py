"""Probabilities on the native grid: of networks whose answer is known, for images of any order and size."""

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="torch test: make extras to run it")

from sarcoma_core.errors import InputError  # noqa: E402
from sarcoma_core.imaging.grid import model_grid, to_model, to_native  # noqa: E402
from sarcoma_core.imaging.volume import Floats, Volume  # noqa: E402
from sarcoma_core.segmentation.inference import predicting  # noqa: E402
from sarcoma_core.segmentation.inference.predicting import MIRRORS, Prediction, Segmenter  # noqa: E402
from sarcoma_core.segmentation.metrics import dice  # noqa: E402
from tests.models.made import make_task  # noqa: E402

Look = Callable[[Any], Any]
SPACING = (2.0, 2.5, 6.0)
REGIONS = ("tumour", "oedema")
AIR = -2.0


def oblique(shape: tuple[int, int, int], values: Floats | None = None) -> Volume:
    """An image of chance with air around it, in a tilted frame."""
    affine = np.eye(4)
    affine[:3, :3] = Rotation.from_euler("zyx", (20, -35, 15), degrees=True).as_matrix() * SPACING
    affine[:3, 3] = (20, -35, 400)
    if values is None:
        values = np.full(shape, AIR, np.float32)
        inner = tuple(slice(1, size - 1) for size in shape)
        values[inner] = np.random.default_rng(5).normal(size=values[inner].shape)
    return Volume(values, affine)


def segmenter(*networks: Look, **changes: Any) -> Segmenter:
    """Of these networks, on the grid of the image itself unless told otherwise."""
    how = {key: changes.pop(key) for key in ("mirror", "batch") if key in changes}
    roles: Sequence[str] = changes.pop("sequences", ("T1CE",))
    task = make_task(*roles, **{"spacing": SPACING, "patch": (8, 8, 8), **changes})
    return Segmenter(task, [Layer(look) for look in networks], torch.device("cpu"), **how)


class Layer(torch.nn.Module):
    """A network that is a function of its windows."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self.look = look

    def forward(self, windows: Any) -> Any:
        return self.look(windows)


def constant(*probabilities: float) -> Look:
    """The same for every voxel: one probability for each region."""
    logits = torch.logit(torch.tensor(probabilities)).reshape(1, -1, 1, 1, 1)
    return lambda windows: logits.expand(len(windows), -1, *windows.shape[2:])


def itself(windows: Any) -> Any:
    """The image as a probability, and what is left to 1."""
    probability = windows[:, :1].clamp(1e-6, 1 - 1e-6)
    return torch.logit(torch.cat([probability, 1 - probability], 1))


def convolution(channels: int = 1, seed: int = 6) -> Look:
    """Weights of chance, no two axes or sides alike."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return torch.nn.Conv3d(channels, 2, 3, padding=1)


def numbers(found: Prediction) -> NDArray[np.float32]:
    return np.stack([*found.probability.values(), *found.variance.values()])


SHAPES = [(8, 8, 8), (9, 8, 11), (5, 6, 4), (21, 7, 10)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("spacing", [SPACING, (3.0, 3.0, 7.5), (1.5, 1.5, 1.5)], ids=str)
def test_a_network_that_always_says_the_same_says_it_everywhere_on_the_native_grid(
    shape: tuple[int, int, int], spacing: tuple[float, float, float]
) -> None:
    """To the outermost voxel, as the grid of the network covers the image."""
    image = Volume(np.random.default_rng(1).normal(size=shape).astype(np.float32), oblique(shape).affine)
    found = segmenter(constant(0.3, 0.8), spacing=spacing).predict([image])
    assert list(found.probability) == list(REGIONS)
    for region, wanted in zip(REGIONS, (0.3, 0.8), strict=True):
        probability, variance = found.probability[region], found.variance[region]
        assert probability.shape == shape
        assert probability.dtype == np.float32
        assert probability.max() == pytest.approx(wanted, abs=1e-5)
        assert probability.min() == pytest.approx(wanted, abs=1e-5)
        assert np.abs(variance).max() < 1e-6


@pytest.mark.parametrize("patch", [(8, 8, 8), (8, 16, 12)], ids=str)
@pytest.mark.parametrize("shape", [(24, 20, 14), (9, 24, 8)], ids=str)
@pytest.mark.parametrize(
    ("spacing", "slices_last"),
    [((3.0, 3.0, 6.0), True), ((4.0, 4.0, 4.0), False), (SPACING, True)],
    ids=str,
)
def test_a_network_that_knows_the_truth_is_as_good_as_its_grid(
    shape: tuple[int, int, int],
    spacing: tuple[float, float, float],
    patch: tuple[int, int, int],
    *,
    slices_last: bool,
) -> None:
    """What comes out is the mask on its way to the model grid and back, whatever windows it took."""
    places = np.moveaxis(np.indices(shape), 0, -1) * SPACING
    middle = (np.array(shape) - 1) / 2 * SPACING
    mask = ((places - middle) ** 2 / (14, 16, 17) ** np.array(2)).sum(-1) <= 1
    image = oblique(shape, mask.astype(np.float32))
    grid = model_grid(image, spacing, slices_last=slices_last)
    soft = to_native(to_model(mask, grid), grid)
    found = segmenter(itself, spacing=spacing, slices_last=slices_last, patch=patch).predict([image])
    np.testing.assert_allclose(found.probability["tumour"], soft, atol=1e-4)
    np.testing.assert_allclose(found.grid.affine, grid.affine)
    assert dice(mask, found.probability["tumour"] >= 0.5) == dice(mask, soft >= 0.5) > 0.9
    assert found.variance["tumour"].max() < 1e-6


def test_an_image_of_any_order_of_axes_has_the_same_result_in_its_own_order() -> None:
    image, look = oblique((12, 9, 10)), convolution()
    model = segmenter(look, spacing=(3.0, 3.0, 6.0))
    wanted = numbers(model.predict([image]))
    assert wanted[2:].max() > 1e-3
    for order in itertools.permutations(range(3)):
        for flips in ((False, False, True), (True, True, False), (True, True, True)):
            codes = np.array([[order[axis], -1 if flips[axis] else 1] for axis in range(3)])
            affine = image.affine @ nib.orientations.inv_ornt_aff(codes, image.array.shape)
            other = Volume(np.ascontiguousarray(nib.apply_orientation(image.array, codes)), affine)
            turned = np.stack([nib.apply_orientation(one, codes) for one in wanted])
            np.testing.assert_allclose(numbers(model.predict([other])), turned, atol=1e-5)


def test_every_way_to_mirror_three_axes_is_taken_once() -> None:
    assert MIRRORS[0] == ()
    assert sorted(MIRRORS) == sorted(axes for n in range(4) for axes in itertools.combinations((1, 2, 3), n))


def test_the_result_is_the_mean_over_mirrors_each_turned_back() -> None:
    """Computed here by nibabel's hand: mirror, ask, mirror back; then mean and variance."""
    image, look = oblique((8, 8, 8)), convolution()
    grid = model_grid(image, SPACING, slices_last=True)
    seen = to_model(image.array, grid)
    views = []
    with torch.inference_mode():
        for flips in itertools.product((False, True), repeat=3):
            axes = tuple(axis for axis in range(3) if flips[axis])
            asked = torch.from_numpy(np.ascontiguousarray(np.flip(seen, axes)))[None, None]
            answer = torch.sigmoid(look(asked))[0].numpy()
            views.append(np.flip(answer, tuple(axis + 1 for axis in axes)))
    found = segmenter(look).predict([image])
    for number, region in enumerate(REGIONS):
        one = np.stack(views)[:, number]
        np.testing.assert_allclose(found.probability[region], to_native(one.mean(0), grid), atol=1e-5)
        np.testing.assert_allclose(found.variance[region], to_native(one.var(0), grid), atol=1e-5)


@pytest.mark.parametrize("axis", range(3))
@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (0.2, 0.6)])
def test_views_that_disagree_have_the_variance_of_a_coin(axis: int, low: float, high: float) -> None:
    """A network that says `low` in the first half of an axis and `high` in the other, mirrored or not."""
    logits = torch.logit(torch.tensor([low] * 4 + [high] * 4).clamp(1e-7, 1 - 1e-7))
    logits = logits.reshape([-1 if dim == axis + 2 else 1 for dim in range(5)])

    def look(windows: Any) -> Any:
        return logits.expand(len(windows), 2, *windows.shape[2:])

    found = segmenter(look).predict([oblique((8, 8, 8))])
    probability, variance = found.probability["tumour"], found.variance["tumour"]
    np.testing.assert_allclose(probability, (low + high) / 2, atol=1e-5)
    np.testing.assert_allclose(variance, ((high - low) / 2) ** 2, atol=1e-5)
    assert variance.max() <= 0.25 + 1e-6


def test_what_treats_all_sides_alike_has_no_variance_and_what_does_not_has_one() -> None:
    image = oblique((12, 11, 10))
    same = segmenter(lambda windows: windows.repeat(1, 2, 1, 1, 1) * 0.7).predict([image])
    assert max(one.max() for one in same.variance.values()) < 1e-6
    other = segmenter(convolution()).predict([image])
    for one in other.variance.values():
        assert one.max() > 1e-3
        assert one.min() >= 0
        assert one.max() <= 0.25


def test_where_nothing_is_mirrored_a_network_is_asked_once_and_is_sure() -> None:
    asked: list[int] = []
    look = convolution()

    def counted(windows: Any) -> Any:
        asked.append(len(windows))
        return look(windows)

    image = oblique((8, 8, 8))
    found = segmenter(counted, mirror=False).predict([image])
    assert asked == [1]
    assert max(one.max() for one in found.variance.values()) < 1e-6
    segmenter(counted).predict([image])
    assert asked == [1] * 9


def test_an_ensemble_is_the_mean_of_its_networks_and_their_spread() -> None:
    """0.2, 0.4 and 0.9: mean 0.5, variance (0.09 + 0.01 + 0.16) / 3, in whatever order they are."""
    image = oblique((9, 8, 8))
    for order in itertools.permutations((0.2, 0.4, 0.9)):
        found = segmenter(*(constant(one, 0.5) for one in order)).predict([image])
        np.testing.assert_allclose(found.probability["tumour"], 0.5, atol=1e-5)
        np.testing.assert_allclose(found.variance["tumour"], 0.26 / 3, atol=1e-5)
        assert np.abs(found.variance["oedema"]).max() < 1e-6


def test_one_network_twice_is_as_good_as_once() -> None:
    image, look = oblique((10, 8, 9)), convolution()
    once, twice = (numbers(segmenter(*([look] * n)).predict([image])) for n in (1, 2))
    np.testing.assert_allclose(once, twice, atol=1e-6)


@pytest.mark.parametrize("batch", [2, 5, 64])
def test_how_many_windows_are_looked_at_at_once_is_of_no_matter(batch: int) -> None:
    image, look = oblique((17, 9, 10)), convolution()
    one, many = (numbers(segmenter(look, batch=n).predict([image])) for n in (1, batch))
    np.testing.assert_allclose(one, many, atol=1e-6)


def test_sequences_come_in_the_order_of_the_task() -> None:
    """The first says where, the second is not asked."""
    first, second = oblique((9, 8, 8)), oblique((9, 8, 8))
    second = second.with_array(second.array[::-1].copy())
    found = segmenter(lambda windows: windows, sequences=("T1CE", "T2FS")).predict([first, second])
    for region, image in zip(REGIONS, (first, second), strict=True):
        wanted = 1 / (1 + np.exp(-image.array))
        np.testing.assert_allclose(found.probability[region], wanted, atol=1e-5)


def test_around_an_image_that_is_smaller_than_the_patch_is_air() -> None:
    """So that a network sees there what it sees beside any body; each sequence has air of its own."""
    seen: list[Any] = []

    def look(windows: Any) -> Any:
        seen.append(windows.clone())
        return windows[:, :2]

    first, second = oblique((4, 5, 6)), oblique((4, 5, 6))
    second = second.with_array(second.array * 3 - 1)
    found = segmenter(look, sequences=("T1CE", "T2FS"), mirror=False).predict([first, second])
    (windows,) = seen
    assert windows.shape == (1, 2, 8, 8, 8)
    for channel, image in enumerate((first, second)):
        outside = np.ones((8, 8, 8), np.bool_)
        outside[2:6, 1:6, 1:7] = False
        assert (windows[0, channel].numpy()[outside] == image.array.min()).all()
        assert image.array.min() == (AIR, 3 * AIR - 1)[channel]
    np.testing.assert_allclose(found.probability["tumour"], 1 / (1 + np.exp(-first.array)), atol=1e-5)


@pytest.mark.parametrize(("height", "asked"), [(0.9e-3, False), (1.1e-3, True)])
@pytest.mark.parametrize("channel", [0, 1])
def test_a_window_is_air_where_it_is_a_thousandth_above_it_on_average(
    height: float, channel: int, *, asked: bool
) -> None:
    """One voxel of 512, in either sequence."""
    images = [oblique((8, 8, 8), np.full((8, 8, 8), value, np.float32)) for value in (AIR, -7.0)]
    images[channel].array[3, 4, 5] += height * 512
    model = segmenter(constant(0.3, 0.3), sequences=("T1CE", "T2FS"))
    found = model.predict(images)
    assert found.probability["tumour"].max() == pytest.approx(0.3 if asked else 0, abs=1e-5)


def test_in_air_alone_there_is_nothing_and_nobody_doubts_it() -> None:
    image = oblique((20, 8, 8), np.full((20, 8, 8), AIR, np.float32))
    found = segmenter(constant(0.9, 0.9), constant(0.1, 0.9)).predict([image])
    assert list(found.probability) == list(REGIONS)
    assert not numbers(found).any()
    assert numbers(found).shape == (4, 20, 8, 8)


def test_a_body_is_seen_as_it_is_whether_air_is_looked_at_or_not() -> None:
    """Beside it no window is shown; in it each voxel has what its worthy windows say."""
    values = np.full((32, 8, 8), AIR, np.float32)
    values[20:, :, :] = np.random.default_rng(8).uniform(AIR, 2, (12, 8, 8))
    shown: list[int] = []

    def look(windows: Any) -> Any:
        shown.append(len(windows))
        assert (windows > AIR).flatten(1).any(1).all()
        return windows.repeat(1, 2, 1, 1, 1)

    found = segmenter(look).predict([oblique(values.shape, values)])
    np.testing.assert_allclose(found.probability["tumour"][20:], 1 / (1 + np.exp(-values[20:])), atol=1e-5)
    assert not found.probability["tumour"][:16].any()
    assert sum(shown) == 8 * 3  # of the windows from 0, 4, ... 24 those from 16 on, in every mirror


def test_nothing_is_learned_and_no_image_is_touched() -> None:
    image, model = oblique((9, 8, 8)), segmenter(convolution())
    before = image.array.copy()
    model.predict([image])
    np.testing.assert_array_equal(image.array, before)
    assert all(weight.grad is None for network in model.networks for weight in network.parameters())


@pytest.mark.parametrize(("most", "good"), [(12 * 12 * 6, True), (12 * 12 * 6 - 1, False)])
def test_an_image_that_no_body_fills_is_refused_before_it_is_resampled(
    monkeypatch: pytest.MonkeyPatch, most: int, *, good: bool
) -> None:
    monkeypatch.setattr(predicting, "MOST_VOXELS", most)
    found, image = segmenter(constant(0.5, 0.5), mirror=False), oblique((12, 12, 6))
    if good:
        found.predict([image])
        return
    with pytest.raises(
        InputError, match=f"at most {most} voxels on the grid of the model; found 12 x 12 x 6"
    ):
        found.predict([image])
