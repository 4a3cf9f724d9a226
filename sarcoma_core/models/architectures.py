"""The networks that a model folder may name, and how one is built and filled with its weights."""

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from torch import nn

from sarcoma_core.errors import InputError
from sarcoma_core.models.config import ModelConfig
from sarcoma_core.models.folder import ModelFolder, require_known
from sarcoma_core.models.multimodal import MultimodalNetwork
from sarcoma_core.models.plain_conv import PlainConv
from sarcoma_core.models.resunet import ResidualUNet
from sarcoma_core.models.weights import Tensor

ARCHITECTURES: Mapping[str, Callable[..., nn.Module]] = {
    "plain-conv": PlainConv,
    "residual-unet": ResidualUNet,
    "multimodal": MultimodalNetwork,
}

_FLOATS, _WHOLE = ("F16", "F32"), ("I64",)
_MISFITS = (
    TypeError,
    ValueError,
    RuntimeError,
    OverflowError,  # an argument that no machine's number holds
    MemoryError,
    safetensors.SafetensorError,
)
"""What a network raises that its arguments or its weights do not fit."""


def load(model: ModelFolder, device: torch.device) -> tuple[nn.Module, ...]:
    """The networks of a model with their weights, ready to predict; weights of half precision are widened.

    Args:
        model: the checked folder.
        device: where they are to compute.

    Returns:
        One network for each file of weights; more than one is an ensemble.

    Raises:
        InputError: the architecture is unknown or refuses its arguments, or the weights do not fit it.
    """
    networks = []
    for path, tensors in zip(model.weights, model.tensors, strict=True):
        try:
            networks.append(_filled(model.config, path, tensors).to(device).eval())
        except _MISFITS as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise InputError(
                f"model: {model.place}{path.name} must fit architecture {model.config.architecture} with its "
                f"arguments; they do not: {reason}",
                hint="config.json and the weights are of two models, or the file was cut short.",
            ) from None
    return tuple(networks)


def build(config: ModelConfig) -> nn.Module:
    """A network of chance weights.

    Args:
        config: what builds it.

    Raises:
        InputError: the architecture is unknown.
        ValueError: it refuses its arguments; so do TypeError and RuntimeError.
    """
    require_known(config.architecture)
    return ARCHITECTURES[config.architecture](**config.arguments)


def _filled(config: ModelConfig, path: Path, tensors: Mapping[str, Tensor]) -> nn.Module:
    """The network with the weights of a file; its memory is bounded by that of the file.

    It is first built without memory, and its tensors compared with those of the file: arguments that ask for
    more than the file holds are refused before anything is allocated.
    """
    with torch.device("meta"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a network that nobody gets
        _require_same(build(config).state_dict(), tensors)
    network = build(config)
    network.load_state_dict(safetensors.torch.load_file(path), strict=True)
    return network


def _require_same(wanted: Mapping[str, torch.Tensor], tensors: Mapping[str, Tensor]) -> None:
    if missing := [name for name in wanted if name not in tensors]:
        raise ValueError(f"{missing[0]} is missing")
    if unknown := [name for name in tensors if name not in wanted]:
        raise ValueError(f"{unknown[0][:80]!r} is no tensor of the network")
    for name, tensor in wanted.items():
        found = tensors[name]
        if tuple(tensor.shape) != found.shape:
            raise ValueError(f"{name} must be of shape {list(tensor.shape)}; found {list(found.shape)[:8]}")
        if found.kind not in (_FLOATS if tensor.is_floating_point() else _WHOLE):
            kind = "floating-point" if tensor.is_floating_point() else "whole"
            raise ValueError(f"{name} must hold {kind} numbers; found {found.kind}")
