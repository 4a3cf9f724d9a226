"""Tensors as files, and the weights of an ensemble as the files of a model folder."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import safetensors.torch
import torch

from sarcoma_core.models.card import weights_names

_READABLE: Final = 0o644


def write_weights(folder: Path, weights: Sequence[Mapping[str, torch.Tensor]]) -> None:
    """Write the weights of each network into a file of its own.

    Args:
        folder: that is there.
        weights: of each network, by name.

    Raises:
        OSError: the disk is full or read-only.
    """
    for file, tensors in zip(weights_names(len(weights)), weights, strict=True):
        write_tensors(folder / file, tensors)


def write_tensors(path: Path, tensors: Mapping[str, torch.Tensor]) -> None:
    """Write a safetensors file that others can read, too: a step runs under another user.

    `safetensors.torch.save_file` leaves it to its owner alone.

    Args:
        path: of the file.
        tensors: by name.

    Raises:
        OSError: the disk is full or read-only.
    """
    safetensors.torch.save_file({key: value.contiguous() for key, value in tensors.items()}, path)
    path.chmod(_READABLE)
