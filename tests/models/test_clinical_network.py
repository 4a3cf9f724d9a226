"""The clinical network: of a patient's own values alone, of all of them, and no patient is dropped whole."""

from itertools import pairwise
from typing import Any

import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="torch test: make extras to run it")

from torch.func import functional_call, grad, vmap  # noqa: E402

from sarcoma_core.models.clinical_network import ClinicalNetwork  # noqa: E402

COLUMNS = 11
PUBLISHED = (32, 16, 8, 8, 8)


def network(**changes: Any) -> ClinicalNetwork:
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return ClinicalNetwork(**{"columns": COLUMNS, **changes})


def rows(patients: int) -> Any:
    return torch.randn(patients, COLUMNS, generator=torch.Generator().manual_seed(2))


def test_its_layers_are_those_of_the_paper() -> None:
    """Linear, normalised in batches, cut at 0, a fifth dropped: the function, written down once more."""
    net, values = network(groups=0).eval(), rows(5)
    sizes = [(layer.linear.in_features, layer.linear.out_features) for layer in net.layers]
    assert sizes == [(COLUMNS, 32), (32, 16), (16, 8), (8, 8), (8, 8), (8, 12)]
    for norm in (layer.norm for layer in net.layers):
        torch.nn.init.normal_(norm.running_mean)
        torch.nn.init.uniform_(norm.running_var, 0.5, 2)
    wanted = values
    for layer in net.layers:
        linear, norm = layer.linear, layer.norm
        wanted = wanted @ linear.weight.T + linear.bias
        wanted = (wanted - norm.running_mean) / (norm.running_var + 1e-5).sqrt()
        wanted = (wanted * norm.weight + norm.bias).clamp(min=0)
        assert layer.dropout.p == 0.2
    torch.testing.assert_close(net(values), wanted)


def test_its_parameters_are_those_that_one_counts_by_hand() -> None:
    """Each layer: a weight for each pair, a bias, and two numbers for each feature of its norm."""
    sizes = [COLUMNS, *PUBLISHED, 12]
    wanted = sum(before * after + 3 * after for before, after in pairwise(sizes))
    for groups in (0, 4):
        assert sum(value.numel() for value in network(groups=groups).parameters()) == wanted


def test_weights_have_the_names_that_every_trained_model_has() -> None:
    parts = ("linear.weight", "linear.bias", "norm.weight", "norm.bias")
    assert list(network(widths=(8,)).state_dict()) == [f"layers.{n}.{part}" for n in (0, 1) for part in parts]


@pytest.mark.parametrize("train", [True, False])
def test_a_patients_features_depend_on_nobody_else_in_the_batch(*, train: bool) -> None:
    """A batch of one is a batch like another; the order of patients does not matter."""
    net, values = network(dropout_percent=0).train(train), rows(5)
    together = net(values)
    order = [3, 0, 4, 1, 2]
    torch.testing.assert_close(net(values[order]), together[order])
    others = torch.cat([values[:1], 50 * values[1:]])
    torch.testing.assert_close(net(others)[0], together[0])
    torch.testing.assert_close(torch.cat([net(row[None]) for row in values]), together)


def test_in_batches_it_does_depend_on_them_in_training_alone() -> None:
    net, values = network(groups=0, dropout_percent=0), rows(5)
    others = torch.cat([values[:1], 50 * values[1:]])
    assert float((net.train()(others)[0] - net(values)[0]).detach().abs().max()) > 0.1
    net.eval()
    torch.testing.assert_close(net(others)[0], net(values)[0])
    with pytest.raises(ValueError, match="more than 1 value"):  # PyTorch's own, of a batch of one
        net.train()(values[:1])


@pytest.mark.parametrize(
    ("width", "groups", "found"),
    [
        (32, 4, 4),
        (24, 4, 4),  # six to each
        (20, 4, 2),  # five are too few
        (16, 4, 2),
        (12, 4, 2),
        (10, 4, 1),
        (8, 4, 1),
        (6, 4, 1),
        (15, 4, 1),
        (18, 12, 3),  # of 6, 3, 2 and 1 the greatest that leaves six
        (64, 1024, 8),
        (32, 1, 1),
    ],
)
def test_a_group_is_never_of_fewer_than_six_features(width: int, groups: int, found: int) -> None:
    (layer, _) = network(widths=(width,), groups=groups).layers
    assert layer.norm.num_groups == found
    assert width % found == 0
    assert width // found >= 6


def test_how_much_a_value_is_is_not_lost_on_the_way() -> None:
    """Each column moves what comes out, at any patient; in groups of two the norms give +1 and -1 alone.

    The second half shows that the first would see it: the norm of such a layer does not feel a change.
    """
    net, values = network(dropout_percent=0), rows(20).requires_grad_()
    net(values).sum(dim=1).square().sum().backward()
    assert float(values.grad.abs().amin(dim=0).max()) > 0
    assert float(values.grad.abs().mean(dim=0).min()) > 1e-2
    pairs = network(dropout_percent=0)
    for layer in pairs.layers:
        layer.norm = torch.nn.GroupNorm(layer.norm.num_channels // 2, layer.norm.num_channels)
    values = rows(20).requires_grad_()
    pairs(values).sum(dim=1).square().sum().backward()
    assert float(values.grad.abs().mean(dim=0).max()) < 1e-2


def shares_dropped(net: Any, patients: int = 400) -> list[Any]:
    """Of each layer, the share of the features of each patient that is dropped where all are 1."""
    found = []
    for layer in net.modules():
        if "Dropout" in type(layer).__name__:
            layer.register_forward_pre_hook(lambda _, given: torch.ones_like(given[0]))
            layer.register_forward_hook(lambda _, __, out: found.append((out == 0).float().mean(dim=1)))
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(3)
        net.train()(rows(patients))
    return found


def test_dropping_takes_single_features_and_never_a_patient() -> None:
    """Defect 7 of the published code: `Dropout1d` of batch x features takes whole patients."""
    shares = shares_dropped(network())
    assert len(shares) == 6
    for share in shares:
        assert abs(float(share.mean()) - 0.2) < 0.03
        assert float(share.max()) < 1
        assert ((share > 0) & (share < 1)).float().mean() > 0.5


def test_that_patients_are_dropped_is_seen() -> None:
    net = network()
    for layer in net.layers:
        layer.dropout = torch.nn.Dropout1d(0.2)
    shares = shares_dropped(net)
    assert len(shares) == 6
    assert all(set(share.tolist()) == {0.0, 1.0} for share in shares)


def test_without_dropping_training_and_predicting_are_the_same_function() -> None:
    net, values = network(dropout_percent=0), rows(3)
    assert torch.equal(net.train()(values), net.eval()(values))
    assert not torch.equal(network().train()(values), net(values))


def test_no_operation_is_in_place() -> None:
    net, values = network(), rows(3)
    assert not [layer for layer in net.modules() if getattr(layer, "inplace", False)]
    given: list[tuple[str, Any, Any]] = [("values", values, values.clone())]
    for name, layer in net.named_modules():
        layer.register_forward_hook(lambda _, __, out, name=name: given.append((name, out, out.clone())))
    with torch.no_grad():
        net(values)
    assert len(given) == 1 + sum(1 for _ in net.modules())
    for name, now, then in given:
        assert torch.equal(now, then), name


def test_gradients_of_single_patients_can_be_taken_at_once() -> None:
    net, values = network(dropout_percent=0), rows(3)
    parameters = {name: value.detach() for name, value in net.named_parameters()}

    def loss(weights: Any, row: Any) -> Any:
        return functional_call(net, weights, (row[None],)).square().mean()

    at_once = vmap(grad(loss), in_dims=(None, 0))(parameters, values)
    for number in range(3):
        net.zero_grad()
        net(values[number : number + 1]).square().mean().backward()
        for name, value in net.named_parameters():
            torch.testing.assert_close(at_once[name][number], value.grad, rtol=1e-3, atol=1e-5, msg=name)


@pytest.mark.parametrize("groups", [4, 0])
def test_weights_travel(groups: int) -> None:
    one, values = network(groups=groups), rows(4)
    one.train()(values + 1)
    other = ClinicalNetwork(columns=COLUMNS, groups=groups).eval()
    assert not torch.equal(one.eval()(values), other(values))
    other.load_state_dict(one.state_dict())
    assert torch.equal(one(values), other(values))


INSIDE: tuple[dict[str, Any], ...] = (
    {"columns": 1},
    {"columns": 1024},
    {"widths": (6,)},
    {"widths": (1024,)},
    {"widths": [8] * 16},
    {"features": 6},
    {"features": 1024},
    {"groups": 0},
    {"groups": 1024},
    {"dropout_percent": 0},
    {"dropout_percent": 90},
)
OUTSIDE: tuple[tuple[dict[str, Any], str], ...] = (
    ({"columns": 0}, "columns must be 1 to 1024; found 0"),
    ({"columns": 1025}, "columns must be 1 to 1024; found 1025"),
    ({"widths": (8, 5)}, "widths and features must be 6 to 1024; found"),
    ({"widths": (1025,)}, "widths and features must be 6 to 1024; found"),
    ({"features": 5}, "widths and features must be 6 to 1024; found"),
    ({"features": 1025}, "widths and features must be 6 to 1024; found"),
    ({"widths": ()}, "widths must be of 1 to 16 layers; found 0"),
    ({"widths": (8,) * 17}, "widths must be of 1 to 16 layers; found 17"),
    ({"groups": -1}, "groups must be 1 to 1024, or 0 for batches; found -1"),
    ({"groups": 1025}, "groups must be 1 to 1024, or 0 for batches; found 1025"),
    ({"dropout_percent": -1}, "dropout_percent must be 0 to 90; found -1"),
    ({"dropout_percent": 91}, "dropout_percent must be 0 to 90; found 91"),
)


@pytest.mark.parametrize("changes", INSIDE, ids=str)
def test_arguments_just_inside_their_bounds_build_a_network(changes: dict[str, Any]) -> None:
    with torch.device("meta"):
        network(**changes)


@pytest.mark.parametrize(("changes", "rule"), OUTSIDE, ids=str)
def test_arguments_just_outside_are_refused(changes: dict[str, Any], rule: str) -> None:
    with torch.device("meta"), pytest.raises(ValueError, match=rule):
        network(**changes)
