"""A model tried once on noise: whether it computes what its config says, where, and how long it takes."""

from time import perf_counter
from typing import Final, NamedTuple

import torch
from torch import nn

from sarcoma_core.errors import InputError
from sarcoma_core.models.architectures import load
from sarcoma_core.models.config import ModelConfig
from sarcoma_core.models.folder import ModelFolder

_SEED: Final = 0


class Trial(NamedTuple):
    """What one forward pass of each network gave.

    Attributes:
        parameters: of all networks.
        output_shape: channels and three axes; of a network that foretells heads and outputs.
        device: name of the GPU, or `cpu`.
        seconds: of all passes.
    """

    parameters: int
    output_shape: tuple[int, ...]
    device: str
    seconds: float


def try_model(model: ModelFolder) -> Trial:
    """Build the networks of a model, and run each once on noise of its input shape; on a GPU where one is.

    Raises:
        InputError: the weights do not fit, or what comes out is not what the model must give.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    networks = load(model, device)
    seconds, shape = 0.0, model.config.input_shape
    for network in networks:
        shape, spent = _run_once(network, model.config, device)
        seconds += spent
    task = model.config.segmentation
    if task is not None and shape != (len(task.regions), *model.config.input_shape[1:]):
        raise InputError(
            f"model: must give one output for each of its {len(task.regions)} regions, on the grid of its "
            f"input; found {list(shape)}."
        )
    outlook = model.config.prognosis
    if outlook is not None and shape[-1] != outlook.outputs:
        raise InputError(
            f"model: must give {outlook.outputs} outputs for its endpoints; found {list(shape)}."
        )
    parameters = sum(tensor.numel() for network in networks for tensor in network.parameters())
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"
    return Trial(parameters, shape, name, seconds)


def _noise(config: ModelConfig, device: torch.device) -> tuple[torch.Tensor | None, ...]:
    """Noise in the place of each argument of a network."""
    generator = torch.Generator().manual_seed(_SEED)
    noise = torch.randn((1, *config.input_shape), generator=generator).to(device)
    if config.prognosis is None:
        return (noise,)
    channels, columns = len(config.prognosis.sequences), config.arguments.get("columns", 0)
    values = torch.randn((1, int(str(columns))), generator=generator).to(device)
    if not channels:
        return None, None, values
    noise[:, channels:] = (noise[:, channels:] > 0).float()  # a mask
    return noise, torch.ones((1, channels), device=device), values


def _run_once(network: nn.Module, config: ModelConfig, device: torch.device) -> tuple[tuple[int, ...], float]:
    """One forward pass over noise: the shape of what came out, and the seconds.

    Raises:
        InputError: the network cannot take such an input, or gives numbers that are not finite.
    """
    try:
        noise = _noise(config, device)
        started = perf_counter()
        with torch.inference_mode():
            result = network(*noise)
            is_finite = bool(torch.isfinite(result).all())  # waits for the device
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[0]
        raise InputError(
            f"model: must run on an input of its shape {list(config.input_shape)}; it does not: {reason}"
        ) from None
    seconds = perf_counter() - started
    if not is_finite:
        raise InputError("model: must give finite numbers for noise; it does not.")
    return tuple(result.shape[1:]), seconds
