"""The residual U-Net: of a patient's own image alone, nothing in place, and names that weights travel by."""

from typing import Any

import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="torch test: make extras to run it")

from torch.func import functional_call, grad, vmap  # noqa: E402

from sarcoma_core.models.resunet import ResidualUNet, least_shape  # noqa: E402

TWO = ((2, 2, 1), (2, 2, 2))
SMALL: dict[str, Any] = {"channels": 2, "classes": 3, "widths": (4, 6, 9), "strides": TWO, "groups": 4}


def network(**changes: Any) -> ResidualUNet:
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return ResidualUNet(**{**SMALL, **changes})


def volumes(*shape: int) -> Any:
    return torch.randn(shape, generator=torch.Generator().manual_seed(2))


RESIDUAL = ("first.weight", "first_norm.weight", "first_norm.bias")
RESIDUAL += ("second.weight", "second_norm.weight", "second_norm.bias")
NAMES = [
    *(f"encoder.levels.0.{name}" for name in (*RESIDUAL, "aside.weight", "aside.bias")),
    *(f"encoder.levels.1.{name}" for name in (*RESIDUAL, "aside.weight", "aside.bias")),
    "ups.0.spread.weight",
    "ups.0.spread.bias",
    *(f"ups.0.merge.{name}" for name in (*RESIDUAL, "aside.weight", "aside.bias")),
    "head.weight",
    "head.bias",
]
"""Of every model that was ever trained: one that changes makes them unreadable."""


def test_weights_have_the_names_that_every_trained_model_has() -> None:
    names = list(network(widths=(4, 8), strides=((2, 2, 2),)).state_dict())
    assert names == NAMES
    coarse = network(widths=(4, 8, 8), strides=TWO, deep_supervision=True).state_dict()
    assert set(coarse) - set(network(widths=(4, 8, 8), strides=TWO).state_dict()) == {
        "coarse_heads.0.weight",
        "coarse_heads.0.bias",
    }


def test_its_parameters_are_those_that_one_counts_by_hand() -> None:
    """Of 1 channel, 1 class, widths 2 and 4: kernels of 27, norms of 2, 1 x 1 x 1 beside, 8 to spread."""
    fine = 27 * 1 * 2 + 27 * 2 * 2 + 2 * (2 + 2) + (1 * 2 + 2)
    deep = 27 * 2 * 4 + 27 * 4 * 4 + 2 * (4 + 4) + (2 * 4 + 4)
    up = (8 * 4 * 2 + 2) + 27 * 4 * 2 + 27 * 2 * 2 + 2 * (2 + 2) + (4 * 2 + 2)
    head = 2 * 1 + 1
    found = network(channels=1, classes=1, widths=(2, 4), strides=((2, 2, 2),))
    assert sum(tensor.numel() for tensor in found.parameters()) == fine + deep + up + head


SHAPES: tuple[tuple[tuple[tuple[int, ...], ...], tuple[int, ...]], ...] = (
    (((2, 2, 2),), (8, 6, 4)),
    (((2, 2, 1), (2, 2, 1)), (8, 12, 5)),
    (((2, 2, 1), (2, 2, 2)), (8, 4, 6)),
    (((1, 1, 1), (1, 2, 1)), (5, 4, 3)),
    (((2, 2, 2),) * 3, (8, 16, 8)),
)


@pytest.mark.parametrize(("strides", "shape"), SHAPES, ids=str)
def test_logits_lie_on_the_grid_of_the_image_and_features_on_that_of_their_level(
    strides: tuple[tuple[int, ...], ...], shape: tuple[int, ...]
) -> None:
    widths = (3, 5, 8, 6)[: len(strides) + 1]
    net = network(widths=widths, strides=strides, deep_supervision=True)
    image = volumes(2, 2, *shape)
    grids = [shape]
    for stride in strides:
        grids.append(tuple(size // by for size, by in zip(grids[-1], stride, strict=True)))
    with torch.inference_mode():
        features, levels = net.encoder(image), net.all_levels(image)
        assert torch.equal(net(image), levels[0])
    wanted = [(2, width, *grid) for width, grid in zip(widths, grids, strict=True)]
    assert [tuple(one.shape) for one in features] == wanted
    assert [tuple(one.shape) for one in levels] == [(2, 3, *grid) for grid in grids[:-1]]


@pytest.mark.parametrize(("strides", "shape"), SHAPES, ids=str)
def test_the_least_shape_is_what_each_axis_must_be_a_multiple_of(
    strides: tuple[tuple[int, ...], ...], shape: tuple[int, ...]
) -> None:
    least = least_shape(strides)
    assert all(size % by == 0 for size, by in zip(shape, least, strict=True))
    net = network(widths=(4, 4, 4, 4)[: len(strides) + 1], strides=strides)
    for axis, by in enumerate(least):
        other = list(shape)
        other[axis] += by
        assert net(volumes(1, 2, *other)).shape[2:] == tuple(other)
        if by > 1:
            other[axis] -= by // 2
            with pytest.raises(RuntimeError):
                net(volumes(1, 2, *other))


def test_levels_of_the_decoder_are_supervised_in_training_alone() -> None:
    """The finest logits are the same with and without, and `forward` gives them alone."""
    deep = network(deep_supervision=True)
    plain = network()
    plain.load_state_dict({k: v for k, v in deep.state_dict().items() if not k.startswith("coarse_heads")})
    image = volumes(1, 2, 8, 8, 4)
    assert len(deep.all_levels(image)) == 2
    assert len(plain.all_levels(image)) == 1
    assert torch.equal(deep(image), plain(image))


def test_a_patients_result_depends_on_nobody_else_in_the_batch() -> None:
    net = network()
    images = volumes(3, 2, 8, 8, 4)
    for mode in (True, False):
        net.train(mode)
        together = net(images)
        images_of_others = images.clone()
        images_of_others[1:] *= 50
        torch.testing.assert_close(net(images_of_others)[0], together[0], rtol=1e-4, atol=1e-5)
        alone = torch.cat([net(image[None]) for image in images])
        torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)


def test_training_and_predicting_are_the_same_function() -> None:
    net, image = network(), volumes(1, 2, 8, 8, 4)
    assert torch.equal(net.train()(image), net.eval()(image))


def test_no_operation_is_in_place() -> None:
    """What any layer gave is still the same when the network is through, and so is the image."""
    net, image = network(deep_supervision=True), volumes(1, 2, 8, 8, 4)
    given: list[tuple[str, Any, Any]] = [("image", image, image.clone())]
    for name, layer in net.named_modules():
        if not list(layer.children()):
            layer.register_forward_hook(lambda _, __, out, name=name: given.append((name, out, out.clone())))
    with torch.no_grad():
        net.all_levels(image)
    assert len(given) == 1 + sum(not list(layer.children()) for layer in net.modules())
    for name, now, then in given:
        assert torch.equal(now, then), name


def test_gradients_of_single_patients_can_be_taken_at_once() -> None:
    """As privacy needs them (DP-SGD): those of one batch are those of each patient alone."""
    net = network()
    parameters = {name: value.detach() for name, value in net.named_parameters()}
    images, wanted = volumes(3, 2, 8, 8, 4), volumes(3, 3, 8, 8, 4)

    def loss(weights: Any, image: Any, target: Any) -> Any:
        return (functional_call(net, weights, (image[None],)) - target[None]).square().mean()

    at_once = vmap(grad(loss), in_dims=(None, 0, 0))(parameters, images, wanted)
    for number in range(3):
        net.zero_grad()
        (net(images[number : number + 1]) - wanted[number : number + 1]).square().mean().backward()
        for name, value in net.named_parameters():
            torch.testing.assert_close(at_once[name][number], value.grad, rtol=1e-4, atol=1e-6)


def test_every_weight_learns() -> None:
    net = network(deep_supervision=True)
    sum(level.square().mean() for level in net.all_levels(volumes(1, 2, 8, 8, 4))).backward()
    for name, value in net.named_parameters():
        assert value.grad is not None, name
        assert float(value.grad.abs().max()) > 0, name


def test_fine_features_reach_the_output_beside_the_deep_ones() -> None:
    """Where nothing is spread from below the image is still seen; where only that is looked at, as well."""
    no_deep, no_fine = network(), network()
    for up in no_deep.ups:
        torch.nn.init.zeros_(up.spread.weight)
    for layer in (no_fine.ups[-1].merge.first, no_fine.ups[-1].merge.aside):
        torch.nn.init.zeros_(layer.weight[:, 4:])
    with torch.inference_mode():
        for net in (no_deep, no_fine):
            one, other = net(volumes(2, 2, 8, 8, 4))
            assert float((one - other).abs().max()) > 0.01


def test_each_level_adds_its_input_to_what_it_makes_of_it() -> None:
    """Where the last normalisation gives nothing, what is left is the input, through a leaky ReLU of 0.01."""
    level = network().encoder.levels[1]
    torch.nn.init.zeros_(level.second_norm.weight)
    image = volumes(1, 4, 8, 8, 4)
    beside = level.aside(image)
    torch.testing.assert_close(level(image), torch.where(beside > 0, beside, 0.01 * beside))
    same = network().ups[0].merge  # as wide as it was: the input as it is
    assert isinstance(
        network(widths=(2, 4), channels=2, strides=((2, 2, 2),)).encoder.levels[0].aside, torch.nn.Identity
    )
    assert not isinstance(same.aside, torch.nn.Identity)


@pytest.mark.parametrize(
    ("width", "groups", "found"),
    [(8, 8, 8), (16, 8, 8), (12, 8, 4), (9, 8, 1), (7, 8, 1), (6, 8, 2), (6, 1, 1)],
)
def test_a_width_that_is_not_divisible_by_the_groups_has_fewer_of_them(
    width: int, groups: int, found: int
) -> None:
    net = network(widths=(width, width), strides=((2, 2, 2),), groups=groups)
    norms = [layer for layer in net.modules() if isinstance(layer, torch.nn.GroupNorm)]
    assert len(norms) == 6
    assert {norm.num_groups for norm in norms} == {found}
    assert net(volumes(1, 2, 4, 4, 4)).isfinite().all()


LEVELS_8 = {"widths": (1,) * 8, "strides": ((1, 1, 1),) * 7}
INSIDE: tuple[dict[str, Any], ...] = (
    {"channels": 1},
    {"channels": 1024},
    {"classes": 1024},
    {"classes": 1},
    {"widths": (1, 1024), "strides": ((1, 1, 1),)},
    {"groups": 1},
    {"groups": 1024},
    {"widths": (4, 4), "strides": ((1, 2, 1),)},
    LEVELS_8,
)
OUTSIDE: tuple[tuple[dict[str, Any], str], ...] = (
    ({"channels": 0}, "must be 1 to 1024; found"),
    ({"channels": 1025}, "must be 1 to 1024; found"),
    ({"classes": 0}, "must be 1 to 1024"),
    ({"classes": 1025}, "must be 1 to 1024"),
    ({"widths": (4, 0, 4)}, "must be 1 to 1024"),
    ({"widths": (4, 8, 1025)}, "must be 1 to 1024"),
    ({"groups": 0}, "must be 1 to 1024"),
    ({"groups": 1025}, "must be 1 to 1024"),
    ({"widths": (4,), "strides": ()}, "2 to 8 levels, with one stride fewer; found 1 and 0"),
    (
        {"widths": (1,) * 9, "strides": ((1, 1, 1),) * 8},
        "2 to 8 levels, with one stride fewer; found 9 and 8",
    ),
    ({"strides": TWO[:1]}, "one stride fewer; found 3 and 1"),
    ({"strides": (*TWO, (1, 1, 1))}, "one stride fewer; found 3 and 3"),
    ({"strides": ((2, 2), (2, 2, 2))}, "strides must be 1 or 2 along each of three axes"),
    ({"strides": ((2, 2, 3), (2, 2, 2))}, "strides must be 1 or 2"),
    ({"strides": ((2, 2, 0), (2, 2, 2))}, "strides must be 1 or 2"),
)


@pytest.mark.parametrize("changes", INSIDE, ids=str)
def test_arguments_just_inside_their_bounds_build_a_network(changes: dict[str, Any]) -> None:
    with torch.device("meta"):
        network(**changes)


@pytest.mark.parametrize(("changes", "rule"), OUTSIDE, ids=str)
def test_arguments_just_outside_are_refused(changes: dict[str, Any], rule: str) -> None:
    with torch.device("meta"), pytest.raises(ValueError, match=rule):
        network(**changes)


@pytest.mark.parametrize("axis", range(3))
def test_a_mirrored_network_gives_the_mirrored_image(axis: int) -> None:
    """No axis is treated otherwise than another: with mirrored kernels the same result, mirrored.

    True where strides are 1: a stride of 2 looks at the first of two voxels.
    """
    net = network(strides=((1, 1, 1), (1, 1, 1)))
    mirrored = network(strides=((1, 1, 1), (1, 1, 1)))
    mirrored.load_state_dict({k: flipped(v, axis) for k, v in net.state_dict().items()})
    image = volumes(1, 2, 5, 6, 7)
    torch.testing.assert_close(
        mirrored(image.flip(2 + axis)).flip(2 + axis), net(image), rtol=1e-4, atol=1e-5
    )


def flipped(weight: Any, axis: int) -> Any:
    return weight.flip(2 + axis) if weight.ndim == 5 else weight


def test_lists_of_a_json_file_are_arguments_as_well() -> None:
    arguments: dict[str, Any] = {"widths": [4, 8], "strides": [[2, 2, 1]]}
    assert network(**arguments)(volumes(1, 2, 4, 4, 3)).shape == (1, 3, 4, 4, 3)
