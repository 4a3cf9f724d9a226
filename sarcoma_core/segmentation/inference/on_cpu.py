"""How a network is computed on a CPU: channels last, every convolution by oneDNN, norms to the last digits.

Left alone, torch has two habits there. A convolution of one small window (`use_mkldnn` of ATen's
Convolution.cpp: under 20480 values in channels x two axes) is its slow one, which writes down every voxel 27
times: at 32^3 a network takes four times as long. And where channels are last, which spares oneDNN to reorder
what goes in and comes out, `GroupNorm` adds up all voxels one by one in single precision: at 128^3 its
results are wrong by 1e-3 (2.13; benchmarks/inference.py). Here neither happens. What this module does not
know, such as half precision or another layout, is torch's as before.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import torch
from torch.overrides import TorchFunctionMode

_AT_ONCE: Final = 2**16
"""Values that are squared and added up at once: as many as stay in a core's cache."""
_AXES: Final = 5
_CONVOLVED: Final = 7
"""Arguments that a convolution layer hands on: values, weights, bias, stride, padding, dilation, groups."""


class OnCpu(TorchFunctionMode):
    """While it is entered, networks are computed so; for inference, as no gradient is thought of."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401  whatever the function gives
        """What torch asks for each of its functions that is called."""
        del types
        kwargs = kwargs or {}
        if func is torch.conv3d and _is_plain_convolution(args, kwargs):
            values, weights, bias, stride, padding, dilation, groups = args
            return torch.mkldnn_convolution(values, weights, bias, padding, stride, dilation, groups)
        if func is torch.nn.functional.group_norm and _is_channels_last(args[0]):
            return group_norm(*args, **kwargs)
        return func(*args, **kwargs)


def group_norm(
    values: torch.Tensor,
    groups: int,
    weight: torch.Tensor | None = None,
    bias: torch.Tensor | None = None,
    eps: float = 1e-5,
) -> torch.Tensor:
    """`torch.nn.functional.group_norm` of channels last, as exact as it is where channels are first.

    Args:
        values: batch x channels x three axes.
        groups: of channels.
        weight: of each channel; None for 1.
        bias: of each channel; None for 0.
        eps: added to the variance.

    Source: Wu and He, Group normalization, ECCV 2018.
    """
    batch, channels = values.shape[:2]
    each = channels // groups
    count = each * values[0, 0].numel()
    level = values[:, ::each, 0, 0, 0].repeat_interleave(each, 1).view(batch, channels, 1, 1, 1)
    sums = torch.zeros((2, batch, channels), dtype=torch.float64)
    for part in values.split(max(1, _AT_ONCE // values[0, :, 0].numel()), dim=2):
        above = part - level  # so that a variance is no difference of large numbers
        sums[0] += above.sum((2, 3, 4))
        sums[1] += above.square().sum((2, 3, 4))
    mean, square = sums.view(2, batch, groups, each).sum(3) / count
    variance = (square - mean.square()).clamp(min=0)  # rounded sums may say that it is under 0
    mean = mean + level.view(batch, groups, each)[..., 0]
    scale = (variance + eps).rsqrt().repeat_interleave(each, 1)
    scale = scale if weight is None else scale * weight
    shift = -mean.repeat_interleave(each, 1) * scale
    shift = shift if bias is None else shift + bias
    scale, shift = (each_channel.float().view(batch, channels, 1, 1, 1) for each_channel in (scale, shift))
    return torch.addcmul(shift, values, scale)


def _is_plain_convolution(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bool:
    """Whether oneDNN takes it: of single precision, and called as a layer calls it."""
    if kwargs or len(args) != _CONVOLVED or isinstance(args[4], str):  # padding by a word: "same"
        return False
    return bool(torch.backends.mkldnn.is_available()) and _is_single(args[0]) and _is_single(args[1])


def _is_channels_last(values: torch.Tensor) -> bool:
    return _is_single(values) and bool(values.is_contiguous(memory_format=torch.channels_last_3d))


def _is_single(values: torch.Tensor) -> bool:
    """Whether it is a batch of volumes of single precision on the CPU."""
    return bool(values.dtype == torch.float32 and values.device.type == "cpu" and values.dim() == _AXES)
