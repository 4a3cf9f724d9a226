"""Model folders, written without torch: a safetensors file is a length, a header in JSON, and the numbers.

Source: the format's own page, https://huggingface.co/docs/safetensors, "Format".
"""

import hashlib
import io
import json
import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sarcoma_core.models.folder import WEIGHTS, ModelCard, ModelConfig, write_card

Tensors = Mapping[str, NDArray[np.float32]]
ARGUMENTS = {"channels": 1, "outputs": 2, "width": 8, "depth": 2}
PARAMETERS = 1 * 8 * 27 + 8 + 8 * 2 * 27 + 2
"""Of `PlainConv` with these arguments: a kernel of 27 for each pair of channels, a bias for each output."""


def plain_weights(scale: float = 0.1) -> dict[str, NDArray[np.float32]]:
    """Weights for a `PlainConv` of `ARGUMENTS`."""
    shapes = {
        "convolutions.0.weight": (8, 1, 3, 3, 3),
        "convolutions.0.bias": (8,),
        "convolutions.1.weight": (2, 8, 3, 3, 3),
        "convolutions.1.bias": (2,),
    }
    return {name: np.full(shape, scale, np.float32) for name, shape in shapes.items()}


def safetensors_bytes(tensors: Tensors) -> bytes:
    """A safetensors file."""
    header: dict[str, Any] = {}
    body = b""
    for name, tensor in tensors.items():
        offsets = [len(body), len(body) + tensor.nbytes]
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": offsets}
        body += tensor.tobytes()
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + body


def make_model(folder: Path, weights: bytes | None = None, **changes: Any) -> Path:
    """A model folder whose card is that of its weights.

    Args:
        folder: to fill.
        weights: the bytes of its weights; those of `plain_weights` where left out.
        changes: of the config and of the card.
    """
    folder.mkdir(parents=True, exist_ok=True)
    body = safetensors_bytes(plain_weights()) if weights is None else weights
    (folder / WEIGHTS).write_bytes(body)
    config = {"architecture": "plain-conv", "arguments": ARGUMENTS, "input_shape": (1, 8, 8, 8)}
    card = {
        "name": "trial",
        "version": "1.0",
        "licence": "Apache-2.0",
        "permitted_use": ("research",),
        "weights_sha256": hashlib.sha256(body).hexdigest(),
    }
    write_card(
        folder,
        ModelConfig(**{key: changes.get(key, value) for key, value in config.items()}),
        ModelCard(**{key: changes.get(key, value) for key, value in card.items()}),
    )
    return folder


class Trap:
    """What writes a file when its pickle is loaded."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self._path,)


def raw_pickle(sprung: Path) -> bytes:
    """A pickle that makes the file `sprung` when it is loaded."""
    return pickle.dumps(Trap(sprung))


def zipped_pickle(sprung: Path) -> bytes:
    """The same as `torch.save` has written since torch 1.6: a zip with `data.pkl`."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("archive/data.pkl", raw_pickle(sprung))
        archive.writestr("archive/version", "3\n")
    return stream.getvalue()


def two_faced_pickle(sprung: Path) -> bytes:
    """A pickle that begins as a safetensors file does.

    LONG1 with 7 bytes, then POP: read as safetensors, a header of 0x078a bytes whose first one is `{`.
    """
    body = b"\x8a\x07\0\0\0\0\0\0{0" + pickle.dumps(Trap(sprung), protocol=2)
    return body.ljust(4096, b"\0")
