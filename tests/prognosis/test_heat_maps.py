"""Heat maps lie where what makes the hazard lies, and tell of what was learned, not of the image alone."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import ndimage

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="torch test: make extras to run it")

from sarcoma_core.errors import InputError  # noqa: E402
from sarcoma_core.models.multimodal import ImageMaps  # noqa: E402
from sarcoma_core.models.prognosis_task import GRADE, GradedOutcome, PrognosisTask, TimedOutcome  # noqa: E402
from sarcoma_core.prognosis import heat_maps  # noqa: E402
from sarcoma_core.prognosis.foretold import OutcomeTimes, foretold_grade, foretold_times  # noqa: E402
from sarcoma_core.prognosis.heat_maps import (  # noqa: E402
    heat_cube,
    heat_cubes,
    like_random,
    positive_share,
    random_models,
    risk_of,
)
from sarcoma_core.prognosis.network_model import PrognosisModel  # noqa: E402
from tests.prognosis.made_networks import DM, OS  # noqa: E402
from tests.prognosis.planted_spots import (  # noqa: E402
    EDGE,
    ROW,
    TASK,
    as_seen,
    config_of,
    fresh,
    model_of,
    planted,
    trained_model,
)

LOOKED_AT = planted(7, 40)
BRIGHT = np.flatnonzero(LOOKED_AT.strength > 0)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Networks of a few voxels wait for threads longer than they compute."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def heat(model: PrognosisModel, number: int) -> np.ndarray:
    return heat_cube(model, ROW, LOOKED_AT.image(number), OS)


def test_the_hottest_voxel_lies_in_the_spot_that_makes_the_hazard() -> None:
    """The pointing game; by chance .07 of the patients within the tumour, .01 within the cube."""
    hits = [LOOKED_AT.spots[number].ravel()[heat(trained_model(), number).argmax()] for number in BRIGHT]
    assert np.mean(hits) >= 0.8


def test_a_map_is_0_to_1_its_hottest_voxel_1_and_the_same_each_time() -> None:
    first, again = heat(trained_model(), 0), heat(trained_model(), 0)
    assert (first.shape, first.dtype) == ((EDGE,) * 3, np.float32)
    assert (first.min(), first.max()) == (0, 1)
    np.testing.assert_array_equal(first, again)


def test_all_parts_add_up_to_how_far_the_image_raises_the_risk_above_that_of_a_blank_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """From maps to the output all is linear; where no level is coarser than the cube the sum is exact."""
    config = config_of(stem=(3, 1, 0), blocks=(2,))
    model = model_of((fresh(3, config),), config)
    monkeypatch.setattr("sarcoma_core.prognosis.heat_maps.positive_share", lambda parts: parts)
    image, network = LOOKED_AT.image(1), model.networks[0]
    seen = torch.from_numpy(image.array.astype(np.float32))[None]
    blank = torch.cat([torch.zeros_like(seen[:, :-1]), seen[:, -1:]], dim=1)
    with torch.no_grad():
        outputs = [float(network(one, torch.ones(1, 2), None)[0, 0, 0]) for one in (seen, blank)]
    expected = outputs[0] - outputs[1]
    assert abs(expected) > 1e-3
    found = heat_cube(model, ROW, image, OS)
    assert float(found.sum(dtype=np.float64)) == pytest.approx(expected, rel=1e-3)


def test_what_the_maps_of_every_image_have_is_in_no_heat_map(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hazards lie far below 0: by an offset of its maps a network would lower the risk in every voxel."""
    config = config_of()
    network = fresh(3, config)
    before = heat_cube(model_of((network,), config), ROW, LOOKED_AT.image(1), OS)
    maps = network.image_maps

    def lower(image: torch.Tensor, present: torch.Tensor) -> ImageMaps:
        found: ImageMaps = maps(image, present)
        return found._replace(levels=tuple(one - 100 for one in found.levels))

    monkeypatch.setattr(network, "image_maps", lower)
    after = heat_cube(model_of((network,), config), ROW, LOOKED_AT.image(1), OS)
    assert before.max() == 1
    np.testing.assert_allclose(after, before, atol=2e-3)


def test_what_lowers_the_risk_is_not_shown_and_without_anything_that_raises_it_all_is_0() -> None:
    np.testing.assert_allclose(positive_share(np.array([-2.0, 0.0, 1.0, 4.0], np.float32)), [0, 0, 0.25, 1])
    nothing = positive_share(np.array([-2.0, 0.0], np.float32))
    assert (nothing == 0).all()
    assert nothing.dtype == np.float32


def test_a_network_whose_head_does_not_look_at_the_image_has_a_map_of_0() -> None:
    config = config_of()
    network = fresh(1, config)
    with torch.no_grad():
        network.head_of("image").weight.zero_()
    assert (heat_cube(model_of((network,), config), ROW, LOOKED_AT.image(0), OS) == 0).all()


def test_networks_are_added_with_their_signs() -> None:
    """A network and one that says the opposite have nothing to show together."""
    config = config_of()
    one, other = fresh(1, config), fresh(1, config)
    with torch.no_grad():
        for weight in other.head_of("image").parameters():
            weight.neg_()
    alone = heat_cube(model_of((one,), config), ROW, LOOKED_AT.image(0), OS)
    assert alone.max() == 1
    assert (heat_cube(model_of((one, other), config), ROW, LOOKED_AT.image(0), OS) == 0).all()
    twice = heat_cube(model_of((one, one), config), ROW, LOOKED_AT.image(0), OS)
    np.testing.assert_allclose(twice, alone, atol=1e-6)


@pytest.mark.parametrize("stem", [(3, 1, 0), (3, 2, 0), (7, 2, 0)], ids=str)
@pytest.mark.parametrize("shift", [0, 1, 4])
def test_a_level_is_laid_on_the_cube_where_its_voxels_lie(stem: tuple[int, int, int], shift: int) -> None:
    """What is at a place of the image is hot at that place, wherever it lies and however coarse the level."""
    config = config_of(stem=stem, blocks=(1, 1), groups=0)
    network = fresh(2, config)
    with (
        torch.no_grad()
    ):  # every convolution is a mean, every norm does nothing: maps are the image, smoothed
        for layer in network.image_part.network.modules():
            if isinstance(layer, torch.nn.Conv3d):
                layer.weight.fill_(1 / layer.weight[0].numel())
        network.image_part.narrow.weight.fill_(1)
        network.head_of("image").weight.fill_(1)
    array = np.zeros((3, EDGE, EDGE, EDGE), np.float32)
    array[2, 2:-2, 2:-2, 2:-2] = 1
    array[2] *= 1e-3  # a mask in noise would be seen as an image
    place = 5 + shift
    array[0, place : place + 2, 6:8, 7:9] = 50
    found = heat_cube(model_of((network,), config), ROW, as_seen(array), OS)
    middle = [
        np.average(np.arange(EDGE), weights=(found**2).sum(axis=axes)) for axes in ((1, 2), (0, 2), (0, 1))
    ]
    np.testing.assert_allclose(middle, [place + 0.5, 6.5, 7.5], atol=0.55)


def test_a_level_as_fine_as_those_of_the_largest_networks_is_laid_on_their_cube() -> None:
    """Of a straight slope the values are known; all three axes at once would need terabytes."""
    slope = torch.arange(64.0)[:, None, None] + 100 * torch.arange(64.0)[:, None] + 1e4 * torch.arange(64.0)
    found = heat_maps._on_cube(slope, 0.0, 2, 128).numpy()
    assert found.shape == (128, 128, 128)
    for place in ((0, 0, 0), (10, 20, 31), (64, 3, 126)):
        x, y, z = (one / 2 for one in place)
        assert found[place] == pytest.approx(x + 100 * y + 1e4 * z, rel=1e-5)
    assert found[127, 0, 0] == found[126, 0, 0] == 63


def test_a_learned_map_is_not_like_those_of_random_networks() -> None:
    assert max(_likeness(trained_model())) < 0.5


def test_maps_that_are_the_edges_of_the_image_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """A way to go wrong on purpose, which asks no network."""

    def edges(_network: Any, batch: Any, *_others: Any, **_more: Any) -> np.ndarray:
        return np.asarray(ndimage.gaussian_gradient_magnitude(batch.image[0, 0].numpy(), 1))

    monkeypatch.setattr("sarcoma_core.prognosis.heat_maps._parts_of_risk", edges)
    assert min(_likeness(trained_model())) > 0.99


def _likeness(model: PrognosisModel) -> list[float]:
    random = random_models(model)
    told = []
    for number in BRIGHT[:5]:
        others = [heat(one, number) for one in random]
        told.append(like_random(heat(model, number), others))
    return told


def test_rank_correlation_is_that_of_textbooks() -> None:
    """Spearman's example of ranks 1 to 5 against 2 1 4 3 5: 1 - 6 * 4 / (5 * 24) = .8."""
    one, other = np.array([1.0, 2, 3, 4, 5], np.float32), np.array([20.0, 10, 40, 30, 500], np.float32)
    assert like_random(one, [other, other]) == pytest.approx(0.8)
    assert like_random(one, [-one]) == pytest.approx(-1)
    assert like_random(np.zeros(5, np.float32), [one]) == 0
    assert like_random(one, [np.zeros(5, np.float32)]) == 0


def test_random_networks_are_of_the_same_form_differ_by_their_seeds_alone_and_are_the_same_each_time() -> (
    None
):
    model, state = trained_model(), torch.random.get_rng_state()
    one, other = random_models(model, (1, 2))
    again, _ = random_models(model, (1, 2))
    assert torch.equal(torch.random.get_rng_state(), state)
    names = set(model.networks[0].state_dict())
    assert [len(random.networks) for random in (one, other)] == [1, 1]
    assert set(one.networks[0].state_dict()) == names
    first, second, same = (
        random.networks[0].state_dict()["image_part.narrow.weight"] for random in (one, other, again)
    )
    assert torch.equal(first, same)
    assert not torch.equal(first, second)


@pytest.mark.parametrize("head", ["logistic-hazard", "cox", "deephit", "pc-hazard", "cox-time"])
def test_what_the_map_is_of_rises_with_each_output_as_the_risk_that_is_told_does(head: Any) -> None:
    """Of an endpoint that death forestalls: outputs of the event alone, of trained intervals."""
    count = 1 if head == "cox" else 4
    task = PrognosisTask(
        head,
        (TimedOutcome(OS, ("death",), count), TimedOutcome(DM, (DM, "death"), count)),
        None,
        (),
        8,
        1.0,
        0.0,
    )
    trained = 1 if head == "cox" else 3
    baseline = ((0.1,) * 3,) * 2 if head in ("cox", "cox-time") else ()
    times = OutcomeTimes((0, 6, 12, 24), baseline)
    rng = np.random.default_rng(4)
    outputs = torch.tensor(rng.normal(size=task.outputs), requires_grad=True)
    risk = risk_of(outputs, task=task, endpoint=DM, intervals=trained)
    (slopes,) = torch.autograd.grad(risk, outputs)
    event = task.places[DM].start + np.arange(trained)
    assert (slopes[event] > 0).all()
    assert slopes.sum() == pytest.approx(float(slopes[event].sum()))
    told = outputs.detach().numpy()
    for place in event:
        more = told.copy()
        more[place] += 1
        before, after = (foretold_times(one[None], DM, task, times).risk[0] for one in (told, more))
        assert after > before


@pytest.mark.parametrize("ordinal", [True, False])
def test_of_the_grade_it_is_the_level_to_be_expected(*, ordinal: bool) -> None:
    task = PrognosisTask("cox", (), GradedOutcome(("1", "2", "3"), ordinal), (), 8, 1.0, 0.0)
    outputs = np.random.default_rng(2).normal(size=task.outputs)
    found = risk_of(torch.tensor(outputs), task=task, endpoint=GRADE, intervals=0)
    expected = foretold_grade(outputs[None], task)[0] @ np.arange(3)
    assert float(found) == pytest.approx(expected)


def test_several_endpoints_at_once_are_what_each_is_alone() -> None:
    config = config_of(outputs=4)
    timed = (TimedOutcome(OS, ("death",), 1), TimedOutcome(DM, (DM,), 1))
    task = replace(TASK, timed=timed, graded=GradedOutcome(("1", "2", "3")))
    model = model_of((fresh(5, config), fresh(6, config)), config, task)
    image = LOOKED_AT.image(2)
    both = heat_cubes(model, ROW, image, (OS, DM, GRADE))
    assert list(both) == [OS, DM, GRADE]
    for name, found in both.items():
        np.testing.assert_array_equal(found, heat_cube(model, ROW, image, name))
    assert not np.array_equal(both[OS], both[DM])


def test_a_missing_sequence_is_not_looked_at() -> None:
    image = LOOKED_AT.image(3)
    without = replace(image, present=np.array([True, False]))
    emptied = replace(without, array=image.array * np.array([1, 0, 1], np.float16)[:, None, None, None])
    np.testing.assert_array_equal(
        heat_cube(trained_model(), ROW, without, OS), heat_cube(trained_model(), ROW, emptied, OS)
    )


def test_a_model_without_an_image_and_an_endpoint_that_is_not_foretold_are_refused() -> None:
    model = trained_model()
    with pytest.raises(InputError, match="endpoints: must be of overall_survival; found another"):
        heat_cube(model, ROW, LOOKED_AT.image(0), DM)
    table = replace(model, folder=replace(model.folder, task=replace(TASK, sequences=())))
    with pytest.raises(InputError, match="model: must take an image for a heat map"):
        heat_cube(table, ROW, LOOKED_AT.image(0), OS)
