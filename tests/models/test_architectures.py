"""A network is what its weights say, to the last number, or refused; loading runs no code of the file."""

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sarcoma_core.archive.asset import AssetFolder
from sarcoma_core.errors import InputError
from sarcoma_core.models.config import ARCHITECTURE_NAMES, ModelConfig
from sarcoma_core.models.folder import open_model
from tests.models.made import (
    ARGUMENTS,
    PARAMETERS,
    Tensors,
    make_member,
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


def load_all(folder: Path) -> Any:
    """The networks of a model folder."""
    torch, networks = import_module("torch"), import_module("sarcoma_core.models.architectures")
    return networks.load(open_model(AssetFolder(folder, None, "")), torch.device("cpu"))


def load(folder: Path) -> Any:
    """The network of a model folder that has one."""
    (network,) = load_all(folder)
    return network


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


def test_the_architectures_are_those_that_are_known_without_torch() -> None:
    networks = import_module("sarcoma_core.models.architectures")
    assert tuple(networks.ARCHITECTURES) == ARCHITECTURE_NAMES


@pytest.mark.parametrize("name", ["", "unet", "PlainConv", "plain_conv", "plain-conv "])
def test_an_architecture_that_is_not_known_is_refused_with_those_that_are(tmp_path: Path, name: str) -> None:
    rule = f"architecture must be one of plain-conv, residual-unet, multimodal; found '{name}'"
    with pytest.raises(InputError, match=rule):
        load(make_model(tmp_path, architecture=name))
    networks = import_module("sarcoma_core.models.architectures")
    with pytest.raises(InputError, match=rule):
        networks.build(ModelConfig(name, ARGUMENTS, (1, 8, 8, 8)))


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
        {"depth": 65},
        {"width": 0},
        {"width": [8]},
        {"width": True},
        {"height": 8},
    ],
    ids=str,
)
def test_weights_must_fit_the_arguments(tmp_path: Path, change: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="must fit architecture plain-conv with its arguments") as caught:
        load(make_model(tmp_path, arguments={**ARGUMENTS, **change}))
    assert "\n" not in caught.value.message


def test_arguments_that_ask_for_more_than_the_file_holds_are_refused_before_memory_is(
    tmp_path: Path, torch: Any
) -> None:
    """64 convolutions of 4096 x 4096 x 27 float32 are 107 GiB."""
    resource = import_module("resource")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(InputError, match=r"convolutions\.2\.weight is missing"):
        load(make_model(tmp_path, arguments={"channels": 1, "outputs": 2, "width": 4096, "depth": 64}))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # KiB
    del torch


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


def test_weights_of_half_precision_are_widened_to_the_number(tmp_path: Path, torch: Any) -> None:
    """2048 + 1 has no float16: it is 2048 there, and 2048 in the network."""
    tensors = {name: np.full(one.shape, 2049, "<f2") for name, one in plain_weights().items()}
    network = load(make_model(tmp_path, safetensors_bytes(tensors)))
    for tensor in network.state_dict().values():
        assert tensor.dtype == torch.float32
        assert torch.equal(tensor, torch.full_like(tensor, 2048.0))


def test_whole_numbers_are_no_weights(tmp_path: Path) -> None:
    tensors = {name: one.astype("<i8") for name, one in plain_weights().items()}
    with pytest.raises(InputError, match="must hold floating-point numbers; found I64"):
        load(make_model(tmp_path, safetensors_bytes(tensors)))


def test_an_ensemble_is_a_network_for_each_file_in_their_order(tmp_path: Path) -> None:
    scales = (0.25, 0.5, 0.75)
    networks = load_all(make_model(tmp_path, *(safetensors_bytes(plain_weights(one)) for one in scales)))
    assert [float(n.state_dict()["convolutions.0.bias"][0]) for n in networks] == list(scales)


def test_the_odd_one_of_an_ensemble_is_named(tmp_path: Path) -> None:
    odd = {"other": np.ones(3, np.float32)}
    bodies = (safetensors_bytes(plain_weights()), safetensors_bytes(odd))
    with pytest.raises(InputError, match=r"weights-2\.safetensors must fit architecture plain-conv"):
        load_all(make_model(tmp_path, *bodies))


UNET: dict[str, Any] = {
    "channels": 2,
    "classes": 2,
    "widths": (4, 8),
    "strides": ((2, 2, 1),),
    "groups": 4,
    "deep_supervision": True,
}


def unet_weights() -> bytes:
    networks = import_module("sarcoma_core.models.architectures")
    network = networks.build(ModelConfig("residual-unet", UNET, (2, 8, 8, 8)))
    return bytes(import_module("safetensors.torch").save(network.state_dict()))


def test_a_residual_unet_travels_with_all_its_arguments(tmp_path: Path, torch: Any) -> None:
    body = unet_weights()
    changes = {"architecture": "residual-unet", "arguments": UNET, "input_shape": (2, 8, 8, 8)}
    network = load(make_member(tmp_path / "T1CE_T2FS", body, **changes))
    wanted = import_module("safetensors.torch").load(body)
    assert network.state_dict().keys() == wanted.keys()
    assert all(torch.equal(network.state_dict()[name], tensor) for name, tensor in wanted.items())
    with torch.inference_mode():
        assert network(torch.zeros((1, 2, 8, 8, 8))).shape == (1, 2, 8, 8, 8)


@pytest.mark.parametrize(
    "change",
    [
        {"widths": (4, 9)},
        {"widths": (4, 8, 8), "strides": ((2, 2, 1), (2, 2, 2))},
        {"strides": ((2, 2, 2),)},
        {"strides": ((2, 2),)},
        {"classes": 1},
        {"groups": 0},
    ],
    ids=str,
)
def test_a_residual_unet_of_other_arguments_is_another(tmp_path: Path, change: dict[str, Any]) -> None:
    arguments = {**UNET, **change}
    told = {"architecture": "residual-unet", "arguments": arguments, "input_shape": (2, 8, 8, 8)}
    with pytest.raises(InputError, match="must fit architecture residual-unet with its arguments"):
        load(make_model(tmp_path, unet_weights(), **told))


def test_a_pickle_that_begins_as_a_safetensors_file_is_refused_and_not_run(tmp_path: Path) -> None:
    folder = make_model(tmp_path / "MODEL_A", two_faced_pickle(tmp_path / "sprung"))
    with pytest.raises(InputError, match="must be a whole safetensors file"):
        load(folder)
    assert not (tmp_path / "sprung").exists()
