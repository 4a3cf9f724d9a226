"""Model folders, written without torch: a safetensors file is a length, a header in JSON, and the numbers.

Source: the format's own page, https://huggingface.co/docs/safetensors, "Format".
"""

import io
import json
import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sarcoma_core.archive.asset import AssetFolder
from sarcoma_core.models.card import WEIGHTS, CardNumber, ModelCard, TrainingCohort
from sarcoma_core.models.config import ModelConfig
from sarcoma_core.models.folder import weights_hashes, write_card
from sarcoma_core.models.model_set import open_model_folder
from sarcoma_core.models.segmentation_task import SeenInTraining, SegmentationTask

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


KINDS = {"<f2": "F16", "<f4": "F32", "<f8": "F64", "<i8": "I64", "<i4": "I32"}


def safetensors_bytes(tensors: Mapping[str, NDArray[Any]]) -> bytes:
    """A safetensors file."""
    header: dict[str, Any] = {}
    body = b""
    for name, tensor in tensors.items():
        offsets = [len(body), len(body) + tensor.nbytes]
        header[name] = {
            "dtype": KINDS[tensor.dtype.str],
            "shape": list(tensor.shape),
            "data_offsets": offsets,
        }
        body += tensor.tobytes()
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + body


COHORT = TrainingCohort("c" * 64, 60, 61, "Synthetic patients of the phantom.")
NUMBER = CardNumber("tumour, unseen patients", "Dice", 50, 0.951, 0.93, 0.962, 0.944, 0.957, 0.88)


def make_task(*sequences: str, **changes: Any) -> SegmentationTask:
    """What the network of `ARGUMENTS` segments: two regions, of one sequence or of several."""
    roles = sequences or ("T1CE",)
    told: dict[str, Any] = {
        "sequences": roles,
        "label": "NORMALISED" if len(roles) == 1 else "REGISTERED",
        "regions": ("tumour", "oedema"),
        "spacing": (3.0, 3.0, 6.0),
        "slices_last": True,
        "patch": (16, 16, 8),
        "threshold": 0.5,
        "least_ml": 0.5,
        "seen": SeenInTraining(
            spacing_mm=((0.5, 1.5), (0.5, 1.5), (3.0, 8.0)),
            intensity=dict.fromkeys(roles, ((-1.0, 0.1), (-0.5, 0.1), (0.0, 0.1), (0.5, 0.1), (2.0, 0.2))),
            volume_ml={"tumour": (17.0, 2339.0), "oedema": (0.0, 900.0)},
        ),
    }
    return SegmentationTask(**{**told, **changes})


def make_model(folder: Path, *weights: bytes, **changes: Any) -> Path:
    """A model folder whose card is that of its weights.

    Args:
        folder: to fill.
        weights: the bytes of each of its files of weights; of `plain_weights` where left out.
        changes: of the config and of the card.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for number, body in enumerate(weights or (safetensors_bytes(plain_weights()),), 1):
        (folder / (WEIGHTS if number == 1 else f"weights-{number}.safetensors")).write_bytes(body)
    config = {"architecture": "plain-conv", "arguments": ARGUMENTS, "input_shape": (1, 8, 8, 8)}
    card = {
        "name": "trial",
        "version": "1.0",
        "licence": "Apache-2.0",
        "permitted_use": ("research",),
        "weights_sha256": weights_hashes(folder),
    }
    known = ("segmentation", *config)
    write_card(
        folder,
        ModelConfig(**{**config, **{key: value for key, value in changes.items() if key in known}}),
        ModelCard(**{**card, **{key: value for key, value in changes.items() if key not in known}}),
    )
    return folder


def make_member(folder: Path, *weights: bytes, **changes: Any) -> Path:
    """A model that segments, in a folder named by its sequences."""
    sequences = folder.name.replace("_", " ").split()
    channels = len(sequences)
    if not weights:
        tensors = plain_weights()
        first = tensors["convolutions.0.weight"]
        tensors["convolutions.0.weight"] = np.repeat(first, channels, axis=1)
        weights = (safetensors_bytes(tensors),)
    given = {
        "segmentation": make_task(*sequences),
        "arguments": {**ARGUMENTS, "channels": channels},
        "input_shape": (channels, 8, 8, 8),
        "cohort": COHORT,
        "numbers": (NUMBER,),
        "limits": ("Thighs alone.",),
    }
    return make_model(folder, *weights, **{**given, **changes})


def make_set(folder: Path, *members: str, **changes: Any) -> Path:
    """A set of models that segment."""
    for name in members or ("T1CE", "T2FS"):
        make_member(folder / name, **changes)
    return folder


def asset_of(folder: Path) -> AssetFolder:
    """A folder as a step receives it."""
    return open_model_folder(folder)


def spoil(path: Path, key: str, value: Any) -> None:
    """Set a field of a JSON file, `a.b` one within another; None takes it out."""
    tree = json.loads(path.read_text())
    *outer, last = key.split(".")
    inner = tree
    for name in outer:
        inner = inner[name]
    if value is None:
        del inner[last]
    else:
        inner[last] = value
    path.write_text(json.dumps(tree))


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
