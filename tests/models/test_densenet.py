"""The DenseNet: the published function, of a patient's own image alone, nothing in place."""

from typing import Any

import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="torch test: make extras to run it")

from torch.func import functional_call, grad, vmap  # noqa: E402

from sarcoma_core.models.densenet import (  # noqa: E402
    BLOCKS_121,
    BLOCKS_TINY,
    STEM_PUBLISHED,
    STEM_SMALL,
    DenseNet3d,
)

SMALL: dict[str, Any] = {
    "channels": 2,
    "width": 8,
    "growth": 4,
    "blocks": (2, 3),
    "bottleneck": 2,
    "groups": 4,
    "stem": STEM_SMALL,
}
STEMS = pytest.mark.parametrize("stem", [STEM_SMALL, STEM_PUBLISHED], ids=["small", "published"])


def network(**changes: Any) -> DenseNet3d:
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return DenseNet3d(**{**SMALL, **changes})


def images(*shape: int) -> Any:
    return torch.randn(shape, generator=torch.Generator().manual_seed(2))


def published_by_monai(blocks: tuple[int, ...], **changes: Any) -> Any:
    nets = pytest.importorskip("monai.networks.nets", reason="torch test: make extras to run it")
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return nets.DenseNet(spatial_dims=3, in_channels=2, out_channels=12, block_config=blocks, **changes)


def features_of_monai(peer: Any, image: Any) -> Any:
    return peer.class_layers[:-1](peer.features(image))


@pytest.mark.parametrize("blocks", [BLOCKS_121, BLOCKS_TINY], ids=["121", "tiny"])
def test_in_batches_it_is_the_function_that_monai_has(blocks: tuple[int, ...]) -> None:
    """Statistics of batches are other than 0 and 1: those of an image that both saw in training."""
    ours = network(width=64, growth=32, bottleneck=4, blocks=blocks, groups=0, stem=STEM_PUBLISHED)
    ours.train()(images(2, 2, 36, 33, 32) + 1)
    peer = published_by_monai(blocks)
    weights = list(ours.state_dict().values()) + list(peer.state_dict().values())[-2:]
    peer.load_state_dict(dict(zip(peer.state_dict(), weights, strict=True)))
    image = images(1, 2, 35, 32, 33)
    with torch.inference_mode():
        found, wanted = ours.eval()(image), features_of_monai(peer.eval(), image)
    assert float(wanted.std()) > 1e-2  # the features say something
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-5)


def test_it_has_as_many_parameters_as_monais_121() -> None:
    """With the 12 outputs of the paper, whichever way it is normalised: 11.28 millions."""
    with torch.device("meta"):
        wanted = sum(value.numel() for value in published_by_monai(BLOCKS_121).parameters())
        for groups in (0, 8):
            ours = DenseNet3d(channels=2, groups=groups)
            assert sum(value.numel() for value in ours.parameters()) + 12 * (ours.features + 1) == wanted
    assert round(wanted / 1e6, 2) == 11.28


def test_in_groups_it_is_the_function_that_monai_has_in_groups() -> None:
    """In training as well, gradients included."""
    ours = network(width=16, growth=8, bottleneck=4, blocks=(2, 2), groups=8, stem=STEM_PUBLISHED).train()
    peer = published_by_monai(
        (2, 2),
        init_features=16,
        growth_rate=8,
        norm=("group", {"num_groups": 8}),
        act=("relu", {"inplace": False}),
    ).train()
    weights = list(ours.state_dict().values()) + list(peer.state_dict().values())[-2:]
    peer.load_state_dict(dict(zip(peer.state_dict(), weights, strict=True)))
    image = images(2, 2, 16, 18, 16)
    found, wanted = ours(image), features_of_monai(peer, image)
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-5)
    found.square().mean().backward()
    wanted.square().mean().backward()
    for (name, one), other in zip(ours.named_parameters(), peer.parameters(), strict=False):
        torch.testing.assert_close(one.grad, other.grad, rtol=1e-4, atol=1e-6, msg=name)


def test_weights_have_the_names_that_every_trained_model_has() -> None:
    dense = ("first_norm.weight", "first_norm.bias", "first.weight")
    dense += ("second_norm.weight", "second_norm.bias", "second.weight")
    assert list(network(blocks=(1, 1)).state_dict()) == [
        *("stem.weight", "stem_norm.weight", "stem_norm.bias"),
        *(f"stages.0.0.{name}" for name in dense),
        *("stages.1.norm.weight", "stages.1.norm.bias", "stages.2.narrow.weight"),
        *(f"stages.3.0.{name}" for name in dense),
        *("stages.4.norm.weight", "stages.4.norm.bias"),
    ]


@STEMS
def test_features_are_the_means_of_maps_that_are_never_below_0(stem: tuple[int, ...]) -> None:
    net, image = network(stem=stem), images(3, 2, 16, 12, 14)
    maps = net.maps(image).detach()
    assert maps.shape[:2] == (3, net.features)
    assert float(maps.min()) == 0
    assert net(image).shape == (3, net.features)
    torch.testing.assert_close(net(image).detach(), maps.flatten(2).mean(dim=2))


@pytest.mark.parametrize(
    ("stem", "grid"),
    [
        ((3, 1, 0), (8, 6, 7)),
        ((7, 1, 0), (8, 6, 7)),
        ((3, 2, 0), (4, 3, 3)),
        ((3, 1, 1), (4, 3, 3)),
        ((7, 2, 1), (2, 1, 2)),
    ],
    ids=str,
)
def test_the_stem_says_how_coarse_the_maps_are(stem: tuple[int, ...], grid: tuple[int, ...]) -> None:
    """And one transition halves them once more, what is odd rounded down."""
    assert network(stem=stem).maps(images(1, 2, 16, 12, 14)).shape[2:] == grid


@pytest.mark.parametrize(("voxels", "refused"), [(29, False), (28, True)])
def test_four_blocks_and_the_published_stem_need_29_voxels(voxels: int, *, refused: bool) -> None:
    net = network(blocks=(1,) * 4, groups=1, stem=STEM_PUBLISHED)
    image = images(1, 2, voxels, 32, 32)
    if refused:
        with pytest.raises(RuntimeError):
            net(image)
    else:
        assert net.maps(image).shape[2:] == (1, 1, 1)


def test_each_layer_reads_all_that_was_given_before_it_and_passes_it_on() -> None:
    """Channels by hand: a layer adds `growth`, and a transition keeps the half, rounded down."""
    net = network(width=7, growth=3, blocks=(2, 3, 1))
    assert net.features == ((7 + 2 * 3) // 2 + 3 * 3) // 2 + 3
    layer = net.stages[0][1]
    maps = images(1, 10, 4, 4, 4)
    assert torch.equal(layer(maps)[:, :10], maps)
    assert layer(maps).shape[1] == 13


@pytest.mark.parametrize("train", [True, False])
def test_a_patients_features_depend_on_nobody_else_in_the_batch(*, train: bool) -> None:
    net, batch = network().train(train), images(3, 2, 8, 8, 6)
    together = net(batch)
    torch.testing.assert_close(net(batch[[2, 0, 1]]), together[[2, 0, 1]], rtol=1e-4, atol=1e-5)
    others = torch.cat([batch[:1], 50 * batch[1:]])
    torch.testing.assert_close(net(others)[0], together[0], rtol=1e-4, atol=1e-5)
    alone = torch.cat([net(image[None]) for image in batch])
    torch.testing.assert_close(alone, together, rtol=1e-4, atol=1e-5)


def test_in_batches_it_does_depend_on_them_in_training_alone() -> None:
    """Only where it is asked for: otherwise the test above would see nothing."""
    net, batch = network(groups=0), images(3, 2, 8, 8, 6)
    others = torch.cat([batch[:1], 50 * batch[1:]])
    assert float((net.train()(others)[0] - net(batch)[0]).detach().abs().max()) > 0.1
    net.eval()
    torch.testing.assert_close(net(others)[0], net(batch)[0], rtol=1e-4, atol=1e-5)
    kinds = {type(layer) for layer in network().modules()}
    assert torch.nn.BatchNorm3d not in kinds
    assert torch.nn.GroupNorm in kinds


@STEMS
@pytest.mark.parametrize("groups", [4, 0])
def test_no_operation_is_in_place(stem: tuple[int, ...], groups: int) -> None:
    """What any layer gave is still the same when the network is through, and so is the image."""
    net, image = network(dropout_percent=20, stem=stem, groups=groups), images(2, 2, 16, 16, 16)
    assert not [layer for layer in net.modules() if getattr(layer, "inplace", False)]
    given: list[tuple[str, Any, Any]] = [("image", image, image.clone())]
    for name, layer in net.named_modules():
        layer.register_forward_hook(lambda _, __, out, name=name: given.append((name, out, out.clone())))
    with torch.no_grad():
        net(image)
    called = [layer for layer in net.modules() if not isinstance(layer, torch.nn.ModuleList)]
    assert len(given) == 1 + len(called)
    for name, now, then in given:
        assert torch.equal(now, then), name


@STEMS
def test_gradients_of_single_patients_can_be_taken_at_once(stem: tuple[int, ...]) -> None:
    """As privacy needs them (DP-SGD): those of one batch are those of each patient alone."""
    net, batch = network(stem=stem), images(3, 2, 16, 16, 16)
    parameters = {name: value.detach() for name, value in net.named_parameters()}

    def loss(weights: Any, image: Any) -> Any:
        return functional_call(net, weights, (image[None],)).square().mean()

    at_once = vmap(grad(loss), in_dims=(None, 0))(parameters, batch)
    for number in range(3):
        net.zero_grad()
        net(batch[number : number + 1]).square().mean().backward()
        for name, value in net.named_parameters():
            torch.testing.assert_close(at_once[name][number], value.grad, rtol=1e-3, atol=1e-5, msg=name)


@STEMS
def test_every_weight_learns(stem: tuple[int, ...]) -> None:
    net = network(stem=stem)
    net(images(2, 2, 16, 16, 16)).square().mean().backward()
    for name, value in net.named_parameters():
        assert value.grad is not None, name
        assert float(value.grad.abs().max()) > 0, name


def test_dropping_takes_numbers_of_what_a_layer_adds_and_none_of_what_it_passes_on() -> None:
    net = network(dropout_percent=20, growth=32, blocks=(1,)).train()
    maps = images(2, 8, 6, 6, 6)
    kept = net.stages[0][0](maps)
    assert torch.equal(kept[:, :8], maps)
    dropped = (kept[:, 8:] == 0).float()
    assert abs(float(dropped.mean()) - 0.2) < 0.02  # of 13824 numbers: six standard errors
    assert float(dropped.mean(dim=(2, 3, 4)).max()) < 0.5  # no map, and so no patient, as a whole
    assert not (net.eval().stages[0][0](maps)[:, 8:] == 0).any()


def test_without_dropping_training_and_predicting_are_the_same_function() -> None:
    net, image = network(), images(1, 2, 8, 8, 6)
    assert torch.equal(net.train()(image), net.eval()(image))


@pytest.mark.parametrize(("groups", "found"), [(8, [4, 2, 2]), (3, [1, 3, 1]), (6, [2, 6, 2]), (1, [1] * 3)])
def test_groups_that_do_not_divide_the_channels_are_their_greatest_common_divisor(
    groups: int, found: list[int]
) -> None:
    """Of 4 channels after the stem, 6 between the convolutions of a layer, and 10 at the end."""
    net = network(width=4, growth=6, bottleneck=1, blocks=(1,), groups=groups)
    norms = [net.stem_norm, net.stages[0][0].second_norm, net.stages[-1].norm]
    assert [norm.num_channels for norm in norms] == [4, 6, 10]
    assert [norm.num_groups for norm in norms] == found


def test_weights_travel() -> None:
    one, other, image = network(), DenseNet3d(**SMALL), images(1, 2, 8, 8, 6)
    assert not torch.equal(one(image), other(image))
    other.load_state_dict(one.state_dict())
    assert torch.equal(one(image), other(image))


def test_lists_of_a_json_file_are_arguments_as_well() -> None:
    assert network(blocks=[1, 1], stem=[3, 2, 0])(images(1, 2, 8, 8, 8)).shape[0] == 1


INSIDE: tuple[dict[str, Any], ...] = (
    {"channels": 1},
    {"channels": 1024},
    {"width": 1},
    {"width": 1024},
    {"growth": 1},
    {"growth": 1024},
    {"groups": 0},
    {"groups": 1024},
    {"blocks": (1,)},
    {"blocks": (1,) * 8},
    {"blocks": (64,)},
    {"bottleneck": 1},
    {"bottleneck": 16},
    {"dropout_percent": 0},
    {"dropout_percent": 90},
    {"stem": (1, 1, 0)},
    {"stem": (7, 2, 1)},
)
OUTSIDE: tuple[tuple[dict[str, Any], str], ...] = (
    ({"channels": 0}, "channels, width and growth must be 1 to 1024; found"),
    ({"channels": 1025}, "must be 1 to 1024"),
    ({"width": 0}, "must be 1 to 1024"),
    ({"width": 1025}, "must be 1 to 1024"),
    ({"growth": 0}, "must be 1 to 1024"),
    ({"growth": 1025}, "must be 1 to 1024"),
    ({"groups": -1}, "groups must be 1 to 1024, or 0 for batches; found -1"),
    ({"groups": 1025}, "groups must be 1 to 1024, or 0 for batches; found 1025"),
    ({"blocks": ()}, r"blocks must be 1 to 8, each of 1 to 64 layers; found \[\]"),
    ({"blocks": (1,) * 9}, "blocks must be 1 to 8"),
    ({"blocks": (1, 0)}, "each of 1 to 64 layers"),
    ({"blocks": (65,)}, "each of 1 to 64 layers"),
    ({"bottleneck": 0}, "bottleneck must be 1 to 16; found 0"),
    ({"bottleneck": 17}, "bottleneck must be 1 to 16; found 17"),
    ({"dropout_percent": -1}, "dropout_percent must be 0 to 90; found -1"),
    ({"dropout_percent": 91}, "dropout_percent must be 0 to 90; found 91"),
    ({"stem": (2, 1, 0)}, "stem must be an odd edge up to 7"),
    ({"stem": (9, 1, 0)}, "stem must be an odd edge up to 7"),
    ({"stem": (3, 0, 0)}, "a stride of 1 or 2"),
    ({"stem": (3, 3, 0)}, "a stride of 1 or 2"),
    ({"stem": (3, 1, 2)}, "1 where pooling follows, else 0; found"),
    ({"stem": (3, 1)}, r"found \[3, 1\]"),
)


@pytest.mark.parametrize("changes", INSIDE, ids=str)
def test_arguments_just_inside_their_bounds_build_a_network(changes: dict[str, Any]) -> None:
    with torch.device("meta"):
        network(**changes)


@pytest.mark.parametrize(("changes", "rule"), OUTSIDE, ids=str)
def test_arguments_just_outside_are_refused(changes: dict[str, Any], rule: str) -> None:
    with torch.device("meta"), pytest.raises(ValueError, match=rule):
        network(**changes)


@pytest.mark.parametrize("stem", [STEM_SMALL, (3, 2, 0), (5, 2, 1), STEM_PUBLISHED], ids=str)
def test_each_level_tells_where_its_voxels_lie_in_the_image(stem: tuple[int, int, int]) -> None:
    """A voxel lies in the middle of what it looks at: of means of the image, that is where its slope lies."""
    net = network(stem=stem, blocks=(1, 1), groups=0).eval()
    if stem[2]:
        net.pool = torch.nn.AvgPool3d(kernel_size=3, stride=2, padding=1)  # of one geometry with the maximum
    with torch.no_grad():
        for layer in net.modules():
            if isinstance(layer, torch.nn.Conv3d):
                layer.weight.fill_(1)
    image = torch.ones(1, 2, 64, 64, 64, requires_grad=True)
    for level, (start, step) in zip(net.levels(image), net.level_places, strict=True):
        middle = level.shape[-1] // 2
        (slope,) = torch.autograd.grad(level[0, :, middle, middle, middle].sum(), image, retain_graph=True)
        along = slope[0].sum(dim=(0, 1, 2))
        found = float((along * torch.arange(64)).sum() / along.sum())
        assert found == pytest.approx(start + step * middle, abs=1e-3)
