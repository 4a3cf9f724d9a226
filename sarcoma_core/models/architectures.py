"""The networks that a model folder may name, and how one is built and filled with its weights."""

from collections.abc import Callable, Mapping

import safetensors
import safetensors.torch
import torch
from torch import nn

from sarcoma_core.errors import InputError
from sarcoma_core.models.folder import WEIGHTS, ModelFolder
from sarcoma_core.models.plain_conv import PlainConv

ARCHITECTURES: Mapping[str, Callable[..., nn.Module]] = {"plain-conv": PlainConv}


_MISFITS = (
    TypeError,
    ValueError,
    RuntimeError,
    OverflowError,  # an argument that no machine's number holds
    MemoryError,
    safetensors.SafetensorError,
)
"""What a network raises that its arguments or its weights do not fit."""


def load(model: ModelFolder, device: torch.device) -> nn.Module:
    """A model's network with its weights, ready to predict.

    Args:
        model: the checked folder.
        device: where it is to compute.

    Raises:
        InputError: the architecture is unknown or refuses its arguments, or the weights do not fit it.
    """
    name = model.config.architecture
    if name not in ARCHITECTURES:
        known = ", ".join(ARCHITECTURES)
        raise InputError(
            f"--model: architecture must be one of {known}; found {name!r}.",
            hint="A later version of sarcoma may know it: see its card.md.",
        )
    try:
        network = ARCHITECTURES[name](**model.config.arguments)
        network.load_state_dict(safetensors.torch.load_file(model.weights), strict=True)
    except _MISFITS as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise InputError(
            f"--model: {WEIGHTS} must fit architecture {name} with its arguments; they do not: {reason}",
            hint="config.json and the weights are of two models, or the file was cut short.",
        ) from None
    if not all(bool(torch.isfinite(tensor).all()) for tensor in network.state_dict().values()):
        raise InputError(f"--model: every weight of {WEIGHTS} must be finite; one is not.")
    return network.to(device).eval()
