"""A network is what its weights say, to the last number, or refused; loading runs no code of the file."""

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sarcoma_core.archive.asset import AssetFolder
from sarcoma_core.errors import InputError
from sarcoma_core.models.folder import WEIGHTS, open_model
from tests.models.made import (
    ARGUMENTS,
    PARAMETERS,
    Tensors,
    make_model,
    plain_weights,
    safetensors_bytes,
    two_faced_pickle,
)

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def torch() -> Any:
    """Imported when a test runs: where it is not installed these are skipped."""
    return import_module("torch")


def load(folder: Path) -> Any:
    """The network of a model folder."""
    torch, networks = import_module("torch"), import_module("sarcoma_core.models.architectures")
    return networks.load(open_model(AssetFolder(folder, None, "")), torch.device("cpu"))


def with_weights(folder: Path, tensors: Tensors, **changes: Any) -> Path:
    return make_model(folder, safetensors_bytes(tensors), **changes)


def test_every_weight_is_the_number_in_the_file(tmp_path: Path) -> None:
    tensors = {
        name: np.arange(tensor.size, dtype=np.float32).reshape(tensor.shape) + number
        for number, (name, tensor) in enumerate(plain_weights().items())
    }
    network = load(with_weights(tmp_path, tensors))
    found = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    assert set(found) == set(tensors)
    assert all(np.array_equal(found[name], tensors[name]) for name in tensors)
    assert not network.training


def test_what_safetensors_itself_writes_is_the_same_model(tmp_path: Path, torch: Any) -> None:
    tensors = plain_weights()
    there = {name: torch.from_numpy(tensor) for name, tensor in tensors.items()}
    written = tmp_path / "written.safetensors"
    import_module("safetensors.torch").save_file(there, written)
    network = load(make_model(tmp_path / "MODEL_A", written.read_bytes()))
    assert all(torch.equal(network.state_dict()[name], tensor) for name, tensor in there.items())


def test_its_parameters_are_those_that_one_counts_by_hand(tmp_path: Path) -> None:
    assert PARAMETERS == 658
    network = load(make_model(tmp_path))
    assert sum(tensor.numel() for tensor in network.parameters()) == 658


def identity(depth: int) -> tuple[Tensors, dict[str, int]]:
    """A chain of 1 x 1 x 1 x 3 x 3 x 3 kernels that are 1 in their middle, and no bias."""
    kernel = np.zeros((1, 1, 3, 3, 3), np.float32)
    kernel[..., 1, 1, 1] = 1
    tensors: dict[str, Any] = {}
    for number in range(depth):
        tensors[f"convolutions.{number}.weight"] = kernel
        tensors[f"convolutions.{number}.bias"] = np.zeros(1, np.float32)
    return tensors, {"channels": 1, "outputs": 1, "width": 1, "depth": depth}


@pytest.mark.parametrize("depth", [2, 3, 5])
def test_between_its_convolutions_and_nowhere_else_is_a_leaky_relu(
    tmp_path: Path, torch: Any, depth: int
) -> None:
    """Maas 2013: x where x > 0, else 0.01 x; through each gap once, so 0.01 ** (depth - 1) of a negative."""
    tensors, arguments = identity(depth)
    network = load(with_weights(tmp_path, tensors, arguments=arguments))
    noise = torch.randn((1, 1, 4, 5, 6), generator=torch.Generator().manual_seed(1), dtype=torch.float32)
    with torch.inference_mode():
        result = network(noise)
    expected = torch.where(noise > 0, noise, noise * 0.01 ** (depth - 1))
    assert result.shape == noise.shape
    torch.testing.assert_close(result, expected)


def test_a_kernel_of_ones_sums_27_neighbours_inside_and_8_in_a_corner(tmp_path: Path, torch: Any) -> None:
    """The grid stays, with zeros around it."""
    tensors, arguments = identity(2)
    weights = {**tensors, "convolutions.0.weight": np.ones((1, 1, 3, 3, 3), np.float32)}
    network = load(with_weights(tmp_path, weights, arguments=arguments))
    with torch.inference_mode():
        result = network(torch.ones((1, 1, 4, 4, 4)))[0, 0]
    assert (result[1, 1, 1].item(), result[0, 1, 1].item(), result[0, 0, 0].item()) == (27, 18, 8)


@pytest.mark.parametrize("name", ["", "unet", "PlainConv", "plain_conv", "plain-conv "])
def test_an_architecture_that_is_not_known_is_refused_with_those_that_are(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=f"architecture must be one of plain-conv; found '{name}'"):
        load(make_model(tmp_path, architecture=name))


@pytest.mark.parametrize(
    "change",
    [
        {"width": 9},
        {"width": 7},
        {"outputs": 1},
        {"outputs": 3},
        {"channels": 2},
        {"depth": 3},
        {"depth": 1},
        {"depth": 0},
        {"depth": 10**20},
        {"width": -8},
        {"width": 10**20},
        {"height": 8},
    ],
    ids=str,
)
def test_weights_must_fit_the_arguments(tmp_path: Path, change: dict[str, int]) -> None:
    with pytest.raises(InputError, match="must fit architecture plain-conv with its arguments") as caught:
        load(make_model(tmp_path, arguments={**ARGUMENTS, **change}))
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("missing", ["channels", "outputs"])
def test_an_argument_without_a_default_must_be_there(tmp_path: Path, missing: str) -> None:
    with pytest.raises(InputError, match=missing):
        load(make_model(tmp_path, arguments={k: v for k, v in ARGUMENTS.items() if k != missing}))


def test_arguments_with_a_default_may_be_left_out(tmp_path: Path) -> None:
    load(make_model(tmp_path, arguments={"channels": 1, "outputs": 2}))


@pytest.mark.parametrize("change", ["one less", "one more", "another name", "another shape"])
def test_tensors_must_be_those_of_the_network(tmp_path: Path, change: str) -> None:
    tensors: dict[str, Any] = plain_weights()
    bias = tensors["convolutions.1.bias"]
    match change:
        case "one less":
            del tensors["convolutions.1.bias"]
        case "one more":
            tensors["more"] = bias
        case "another name":
            tensors["convolutions.1.offset"] = tensors.pop("convolutions.1.bias")
        case _:
            tensors["convolutions.1.bias"] = bias.reshape(2, 1)
    with pytest.raises(InputError, match="must fit architecture plain-conv"):
        load(with_weights(tmp_path, tensors))


@pytest.mark.parametrize("cut", [1, 4, 1000])
def test_weights_that_were_cut_short_are_refused_although_the_card_has_their_hash(
    tmp_path: Path, cut: int
) -> None:
    body = safetensors_bytes(plain_weights())
    with pytest.raises(InputError, match=r"must fit architecture .* they do not: .*") as caught:
        load(make_model(tmp_path, body[:-cut]))
    assert "cut short" in caught.value.hint


def test_a_header_that_is_no_json_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="must fit architecture"):
        load(make_model(tmp_path, (8).to_bytes(8, "little") + b"{notjson"))


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["convolutions.0.weight", "convolutions.1.bias"])
def test_one_weight_that_is_not_finite_is_one_too_many(tmp_path: Path, name: str, number: float) -> None:
    tensors = plain_weights()
    tensors[name].flat[-1] = np.finfo(np.float32).max
    load(with_weights(tmp_path / "largest", tensors))
    tensors[name].flat[-1] = number
    with pytest.raises(InputError, match=r"every weight of weights\.safetensors must be finite; one is not"):
        load(with_weights(tmp_path / "beyond", tensors))


def test_a_pickle_that_begins_as_a_safetensors_file_is_refused_and_not_run(tmp_path: Path) -> None:
    folder = make_model(tmp_path / "MODEL_A", two_faced_pickle(tmp_path / "sprung"))
    assert open_model(AssetFolder(folder, None, "")).weights.name == WEIGHTS, "its first bytes are legal"
    with pytest.raises(InputError, match="must fit architecture"):
        load(folder)
    assert not (tmp_path / "sprung").exists()
