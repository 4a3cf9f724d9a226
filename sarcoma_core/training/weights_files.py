"""The weights of an ensemble as the files of a model folder."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import safetensors.torch
import torch

from sarcoma_core.models.card import weights_names


def write_weights(folder: Path, weights: Sequence[Mapping[str, torch.Tensor]]) -> None:
    """Write the weights of each network into a file of its own.

    Args:
        folder: that is there.
        weights: of each network, by name.

    Raises:
        OSError: the disk is full or read-only.
    """
    for file, tensors in zip(weights_names(len(weights)), weights, strict=True):
        safetensors.torch.save_file(
            {key: value.contiguous() for key, value in tensors.items()}, folder / file
        )
