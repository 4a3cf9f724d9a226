"""The multimodal network: each head reads what it says, and an absent sequence is a known case."""

from typing import Any

import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="torch test: make extras to run it")

from torch.func import functional_call, grad, vmap  # noqa: E402

from sarcoma_core.models.clinical_network import ClinicalNetwork  # noqa: E402
from sarcoma_core.models.densenet import STEM_SMALL  # noqa: E402
from sarcoma_core.models.multimodal import HEADS, MultimodalNetwork  # noqa: E402

SEQUENCES, COLUMNS, OUTPUTS = 2, 5, 3
SMALL: dict[str, Any] = {
    "channels": SEQUENCES,
    "columns": COLUMNS,
    "outputs": OUTPUTS,
    "features": 6,
    "width": 8,
    "growth": 4,
    "blocks": (1, 2),
    "bottleneck": 2,
    "groups": 4,
    "dropout_percent": 0,
    "stem": STEM_SMALL,
    "clinical_widths": (16, 8),
    "clinical_groups": 4,
}
PARTS = {"both": {}, "image": {"columns": 0}, "clinical": {"channels": 0}}
EACH = pytest.mark.parametrize("parts", list(PARTS.values()), ids=list(PARTS))


def network(**changes: Any) -> MultimodalNetwork:
    with torch.random.fork_rng():
        torch.manual_seed(1)
        regions = changes.get("masked", True)
        return MultimodalNetwork(**{**SMALL, "regions": regions, **changes})


def patients(count: int = 4, *, masked: bool = True) -> tuple[Any, Any, Any]:
    """Image with a mask, flags of which the first patients lack one, and clinical values."""
    random = torch.Generator().manual_seed(2)
    image = torch.randn(count, SEQUENCES, 8, 8, 6, generator=random)
    mask = (torch.rand(count, 1, 8, 8, 6, generator=random) > 0.5).float()
    present = torch.ones(count, SEQUENCES)
    present[0, 1] = 0
    clinical = torch.randn(count, COLUMNS, generator=random)
    return torch.cat([image, mask], dim=1) if masked else image, present, clinical


def changed(one: Any, other: Any) -> Any:
    """How much each head of each patient moved at most; batch x heads."""
    return (one - other).detach().abs().amax(dim=2)


def test_there_is_a_prediction_of_each_head_in_the_order_of_their_names() -> None:
    net = network()
    assert net.heads == HEADS == ("joint", "image", "clinical")
    assert net(*patients()).shape == (4, 3, OUTPUTS)
    of_image, of_clinical = network(columns=0), network(channels=0)
    assert of_image.heads == ("image",)
    assert of_clinical.heads == ("clinical",)
    image, present, clinical = patients()
    assert of_image(image, present, None).shape == (4, 1, OUTPUTS)
    assert of_clinical(None, None, clinical).shape == (4, 1, OUTPUTS)


def test_what_a_network_has_no_part_for_is_not_looked_at() -> None:
    image, present, clinical = patients()
    nothing = torch.full((4, 1), torch.nan)
    of_image, of_clinical = network(columns=0), network(channels=0)
    assert torch.equal(of_image(image, present, nothing), of_image(image, present, None))
    assert torch.equal(of_clinical(nothing, nothing, clinical), of_clinical(None, None, clinical))
    assert of_image.clinical_part is None
    assert of_clinical.image_part is None
    with pytest.raises(ValueError, match="image_maps needs a network with channels; found 0 of them"):
        of_clinical.image_maps(image, present)


def test_joint_predictions_are_linear_in_the_features_of_both_parts() -> None:
    net, (image, present, clinical) = network(), patients()
    of_image = net.image_part.from_maps(net.image_maps(image, present), present)
    of_clinical = net.clinical_part(clinical)
    joint, alone, beside = (net.head_of(head) for head in HEADS)
    wanted = [joint(torch.cat([of_image, of_clinical], dim=1)), alone(of_image), beside(of_clinical)]
    torch.testing.assert_close(net(image, present, clinical), torch.stack(wanted, dim=1))


@EACH
def test_its_features_are_what_its_main_head_reads(parts: dict[str, Any]) -> None:
    net, batch = network(**parts), patients()
    read = net.features(*batch)
    assert read.shape == (4, 6 * (2 if len(net.heads) > 1 else 1))
    torch.testing.assert_close(net.head_of(net.heads[0])(read), net(*batch)[:, 0])


def test_its_image_part_is_the_published_one() -> None:
    """Two sequences and no mask, 12 outputs: DenseNet-121, and for each flag a weight for each feature."""
    with torch.device("meta"):
        net = MultimodalNetwork(channels=2, masked=False, regions=False, columns=0, outputs=2)
    assert sum(value.numel() for value in net.image_part.parameters()) == 11_276_876 + 2 * 12
    with torch.device("meta"):
        masked = MultimodalNetwork(channels=2, columns=0, outputs=2)
    assert masked.image_part.network.stem.in_channels == 3


@pytest.mark.parametrize("masked", [True, False])
@pytest.mark.parametrize("inside", [0.0, 7.0, torch.nan, torch.inf], ids=str)
def test_what_stands_in_an_absent_sequence_has_no_effect(inside: float, *, masked: bool) -> None:
    """On no prediction, and on no gradient."""
    net, (image, present, clinical) = network(masked=masked), patients(masked=masked)
    wanted = net(image, present, clinical)
    wanted.square().sum().backward()
    gradients = [value.grad.clone() for value in net.parameters()]
    other = image.clone()
    other[0, 1] = inside
    net.zero_grad()
    found = net(other, present, clinical)
    assert torch.equal(found, wanted)
    found.square().sum().backward()
    for value, gradient in zip(net.parameters(), gradients, strict=True):
        assert torch.equal(value.grad, gradient)
    if inside == 7.0:
        assert float(changed(net(other, torch.ones_like(present), clinical), wanted)[0, 1]) > 1e-3


def test_that_a_sequence_is_absent_is_seen() -> None:
    """It is another case than one that is 0 everywhere; to the clinical head both are the same."""
    net, (image, _, clinical) = network(), patients()
    image[:, 0] = 0
    there, absent = torch.ones(4, SEQUENCES), torch.tensor([[0.0, 1.0]]).expand(4, 2)
    moved = changed(net(image, there, clinical), net(image, absent, clinical))
    assert float(moved[:, :2].min()) > 1e-3
    assert float(moved[:, 2].max()) == 0
    for one, other in zip(net.image_maps(image, there)[0], net.image_maps(image, absent)[0], strict=True):
        assert torch.equal(one, other)


def test_a_patient_without_any_sequence_has_predictions() -> None:
    net, (image, present, clinical) = network(), patients()
    image[:, :SEQUENCES] = torch.nan
    assert net(image, torch.zeros_like(present), clinical).isfinite().all()


def test_the_mask_is_looked_at_where_there_is_one() -> None:
    net, (image, present, clinical) = network(), patients()
    other = image.clone()
    other[:, -1] = 1 - other[:, -1]
    none = torch.zeros_like(present)
    assert float(changed(net(other, none, clinical), net(image, none, clinical))[:, :2].min()) > 1e-3


@pytest.mark.parametrize("flags", [torch.bool, torch.int64, torch.float64], ids=str)
def test_flags_may_be_truths_or_numbers(flags: Any) -> None:
    net, (image, present, clinical) = network(), patients()
    assert torch.equal(net(image, present.to(flags), clinical), net(image, present, clinical))


@pytest.mark.parametrize("masked", [True, False])
@pytest.mark.parametrize("channels", [1, 4])
def test_an_image_of_another_number_of_channels_is_refused(channels: int, *, masked: bool) -> None:
    """And not stretched over the flags of two sequences."""
    net, (_, present, clinical) = network(masked=masked), patients()
    with pytest.raises(ValueError, match="channels and flags"):
        net(torch.zeros(4, channels, 8, 8, 6), present, clinical)
    with pytest.raises(ValueError, match="channels and flags"):
        net(torch.zeros(4, SEQUENCES + masked, 8, 8, 6), present[:, :1], clinical)


@EACH
def test_maps_and_what_follows_them_are_the_whole_way(parts: dict[str, Any]) -> None:
    net, (image, present, clinical) = network(**parts), patients()
    maps = net.image_maps(image, present) if net.image_part is not None else None
    assert torch.equal(net.from_maps(maps, present, clinical), net(image, present, clinical))


def test_maps_lie_where_grad_cam_can_look_at_them() -> None:
    """A gradient of each head of the image for each map; of the clinical head there is none."""
    net, (image, present, clinical) = network(), patients()
    given = net.image_maps(image, present)
    assert [level.shape[1] for level in given.levels] == list(net.image_part.network.level_features)
    maps = given.levels[-1].detach().requires_grad_()
    assert maps.shape == (4, net.image_part.network.features, 4, 4, 3)
    found = net.from_maps(given._replace(levels=(*given.levels[:-1], maps)), present, clinical)
    for number, head in enumerate(HEADS):
        (gradient,) = torch.autograd.grad(found[:, number].sum(), maps, retain_graph=True)
        assert bool((gradient.abs().amax(dim=(2, 3, 4)) > 0).all()) is (head != "clinical")


@EACH
def test_a_head_depends_on_its_own_parameters_and_on_all_of_them(parts: dict[str, Any]) -> None:
    """`parameters_of` says which; a joint head reads both parts, and no other head."""
    net = network(**parts)
    names = {id(value): name for name, value in net.named_parameters()}
    for number, head in enumerate(net.heads):
        net.zero_grad()
        net(*patients())[:, number].square().sum().backward()
        told = [names[id(value)] for value in net.parameters_of(head)]
        moved = {n for n, value in net.named_parameters() if value.grad is not None and value.grad.any()}
        assert len(told) == len(set(told))
        assert set(told) == moved
        assert {name.split(".")[0] for name in told} == {
            "head_layers",
            *(f"{part}_part" for part in ("image", "clinical") if head in (part, "joint")),
        }
        assert {name for name in told if name.startswith("head_layers")} == {
            f"head_layers.{head}.weight",
            f"head_layers.{head}.bias",
        }


def test_a_head_that_there_is_not_is_refused() -> None:
    for ask in (network(columns=0).head_of, network(columns=0).parameters_of):
        assert ask("image") is not None
        with pytest.raises(ValueError, match="head must be one of image; found 'joint'"):
            ask("joint")


def test_a_head_can_be_another_module() -> None:
    """As a hazard of time needs it: the rest of the network does not know what a head is."""
    net = network()
    net.head_layers["joint"] = torch.nn.Sequential(torch.nn.Linear(12, 4), torch.nn.Linear(4, OUTPUTS))
    assert net.heads == HEADS
    assert net(*patients()).shape == (4, 3, OUTPUTS)
    assert sum(1 for _ in net.head_of("joint").parameters()) == 4


@EACH
@pytest.mark.parametrize("train", [True, False])
def test_a_patients_predictions_depend_on_nobody_else_in_the_batch(
    parts: dict[str, Any], *, train: bool
) -> None:
    net, batch = network(**parts).train(train), patients()
    together, order = net(*batch), [2, 0, 3, 1]
    torch.testing.assert_close(net(*(one[order] for one in batch)), together[order], rtol=1e-4, atol=1e-5)
    others = [torch.cat([one[:1], one[1:] * 50]) for one in batch]
    torch.testing.assert_close(net(*others)[0], together[0], rtol=1e-4, atol=1e-5)
    alone = [net(*(one[n : n + 1] for one in batch)) for n in range(4)]
    torch.testing.assert_close(torch.cat(alone), together, rtol=1e-4, atol=1e-5)


def test_in_batches_it_does_depend_on_them_in_training_alone() -> None:
    net, batch = network(groups=0, clinical_groups=0), patients()
    others = [torch.cat([one[:1], one[1:] * 50]) for one in batch]
    assert float(changed(net.train()(*others), net(*batch))[0].min()) > 1e-3
    net.eval()
    torch.testing.assert_close(net(*others)[0], net(*batch)[0], rtol=1e-4, atol=1e-5)


def test_no_operation_is_in_place() -> None:
    net, batch = network(dropout_percent=20), patients()
    assert not [layer for layer in net.modules() if getattr(layer, "inplace", False)]
    given = [(f"argument {number}", one, one.clone()) for number, one in enumerate(batch)]
    for name, layer in net.named_modules():
        layer.register_forward_hook(lambda _, __, out, name=name: given.append((name, out, out.clone())))
    with torch.no_grad():
        net(*batch)
    for name, now, then in given:
        assert torch.equal(now, then), name


def test_gradients_of_single_patients_can_be_taken_at_once() -> None:
    """As privacy needs them (DP-SGD), of patients with a sequence and without."""
    net, batch = network(), patients()
    parameters = {name: value.detach() for name, value in net.named_parameters()}

    def loss(weights: Any, *one: Any) -> Any:
        return functional_call(net, weights, tuple(each[None] for each in one)).square().mean()

    at_once = vmap(grad(loss), in_dims=(None, 0, 0, 0))(parameters, *batch)
    for number in range(4):
        net.zero_grad()
        net(*(one[number : number + 1] for one in batch)).square().mean().backward()
        for name, value in net.named_parameters():
            torch.testing.assert_close(at_once[name][number], value.grad, rtol=1e-3, atol=1e-5, msg=name)


def shares_dropped(net: Any) -> list[Any]:
    """Of each layer that drops, the share of each patient's numbers that it takes where all are 1."""
    found = []
    for layer in net.modules():
        if "Dropout" in type(layer).__name__:
            layer.register_forward_pre_hook(lambda _, given: torch.ones_like(given[0]))
            layer.register_forward_hook(
                lambda _, __, out: found.append((out == 0).float().flatten(1).mean(dim=1))
            )
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(3)
        net.train()(*patients(100))
    return found


def test_dropping_takes_single_features_and_never_a_patient() -> None:
    """Defect 7 of the published code; three layers of the image, its features, and three clinical ones."""
    net = network(dropout_percent=20, features=24)
    shares = shares_dropped(net)
    assert len(shares) == 3 + 1 + 3
    for share in shares:
        assert abs(float(share.mean()) - 0.2) < 0.04
        assert float(share.max()) < 1
        assert float((share > 0).float().mean()) > 0.5
    net.image_part.dropout = torch.nn.Dropout1d(0.2)
    assert any(float(share.max()) == 1 for share in shares_dropped(net))  # it would be seen


def test_without_dropping_training_and_predicting_are_the_same_function() -> None:
    net, batch = network(), patients()
    assert torch.equal(net.train()(*batch), net.eval()(*batch))
    assert not torch.equal(network(dropout_percent=20).train()(*batch), net(*batch))


@EACH
def test_weights_travel(parts: dict[str, Any]) -> None:
    one, other, batch = network(**parts), MultimodalNetwork(**{**SMALL, **parts}), patients()
    assert not torch.equal(one(*batch), other(*batch))
    other.load_state_dict(one.state_dict())
    assert torch.equal(one(*batch), other(*batch))


def test_parts_have_the_names_that_every_trained_model_has() -> None:
    names = {name.rsplit(".", 1)[0] for name in network().state_dict()}
    assert {name for name in names if "." not in name or name.startswith("head")} == {
        f"head_layers.{head}" for head in HEADS
    }
    assert {"image_part.network.stem", "image_part.narrow", "clinical_part.layers.0.linear"} <= names
    alone = ClinicalNetwork(columns=COLUMNS, widths=(16, 8), features=6).state_dict()
    assert {f"clinical_part.{name}" for name in alone} <= set(network().state_dict())


INSIDE: tuple[dict[str, Any], ...] = (
    {"channels": 1},
    {"channels": 16},
    {"channels": 0},
    {"columns": 0},
    {"columns": 1024},
    {"outputs": 1},
    {"outputs": 1024},
    {"features": 1, "columns": 0},
    {"features": 1024},
    {"groups": 0},
    {"stem": [7, 2, 1], "blocks": [1], "clinical_widths": [6]},
)
OUTSIDE: tuple[tuple[dict[str, Any], str], ...] = (
    ({"channels": -1}, "channels must be 0 to 16; found -1"),
    ({"channels": 17}, "channels must be 0 to 16; found 17"),
    ({"channels": 0, "columns": 0}, "channels or columns must be more than 0; found 0 and 0"),
    ({"columns": -1}, "channels or columns must be more than 0; found 2 and -1"),
    ({"columns": 1025}, "columns must be 1 to 1024; found 1025"),
    ({"outputs": 0}, "outputs and features must be 1 to 1024; found"),
    ({"outputs": 1025}, "outputs and features must be 1 to 1024; found"),
    ({"features": 0, "columns": 0}, "outputs and features must be 1 to 1024; found"),
    ({"features": 1025}, "outputs and features must be 1 to 1024; found"),
    ({"features": 5}, "widths and features must be 6 to 1024"),
    ({"growth": 0}, "channels, width and growth must be 1 to 1024"),
    ({"clinical_widths": ()}, "widths must be of 1 to 16 layers; found 0"),
)


@pytest.mark.parametrize("changes", INSIDE, ids=str)
def test_arguments_just_inside_their_bounds_build_a_network(changes: dict[str, Any]) -> None:
    with torch.device("meta"):
        network(**changes)


@pytest.mark.parametrize(("changes", "rule"), OUTSIDE, ids=str)
def test_arguments_just_outside_are_refused(changes: dict[str, Any], rule: str) -> None:
    with torch.device("meta"), pytest.raises(ValueError, match=rule):
        network(**changes)
