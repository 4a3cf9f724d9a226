"""Where a training stands, as files: it goes on from there after a kill, and ends with the same weights.

    checkpoint.json                         epoch, key of the training, history, the file of the numbers
    checkpoint-<epoch>-<hash>.safetensors   weights, the optimiser's moments, the best weights so far

Only JSON and safetensors, as a checkpoint travels in the resource of the model. The JSON is put in place last
and whole, and no file has the name of another, so what it names is there: also where a training ends, whose
last epoch is written twice.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import safetensors
import safetensors.torch
import torch

from sarcoma_core.errors import InputError
from sarcoma_core.provenance import sha256, typed
from sarcoma_core.training.weights_files import write_tensors

STATE: Final = "checkpoint.json"
NUMBERS: Final = "checkpoint.safetensors"
"""What an unfinished member holds of all its networks."""
SCHEMA: Final = 1


@dataclass(frozen=True)
class EpochRow:
    """What became of one epoch.

    Args:
        epoch: from 1.
        loss: mean over the patients.
        learning_rate: in it.
        judged: what the patients that judge say: of segmentation mean Dice on the native grid, of outcomes
            their loss; None where they were not asked.
        told: what else is measured, by name.
    """

    epoch: int
    loss: float
    learning_rate: float
    judged: float | None
    told: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Standing:
    """Where a training stands.

    Args:
        key: SHA-256 over all that decides it: cohort, plan, split, seed.
        epoch: epochs that are done.
        best_epoch: whose weights are the best so far; 0 for none.
        history: a row for each epoch.
        ended: whether it has ended; the best weights are then the network's.
        kept: what else it goes on with, as JSON.
    """

    key: str
    epoch: int
    best_epoch: int
    history: tuple[EpochRow, ...]
    ended: bool = False
    kept: Mapping[str, Any] = field(default_factory=dict)


def save(folder: Path, standing: Standing, tensors: Mapping[str, torch.Tensor]) -> None:
    """Write where a training stands; what was there before stays until the new one is whole.

    Args:
        folder: made if need be.
        standing: to write.
        tensors: all numbers that it goes on with.

    Raises:
        OSError: the disk is full or read-only.
    """
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder / f".{NUMBERS}"
    write_tensors(aside, tensors)
    _flush(aside)
    digest = sha256(aside)
    name = f"checkpoint-{standing.epoch}-{digest[:12]}.safetensors"
    aside.replace(folder / name)
    tree = {"schema": SCHEMA, **asdict(standing), "file": name, "sha256": digest}
    written = folder / f".{STATE}"
    written.write_text(json.dumps(tree, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    _flush(written)
    written.replace(folder / STATE)
    for other in folder.glob("checkpoint-*.safetensors"):
        if other.name != name:
            other.unlink()


def read(folder: Path, key: str) -> tuple[Standing, Mapping[str, torch.Tensor]] | None:
    """Where a training stands; None where it has not begun, or another one was there.

    Args:
        folder: of the checkpoint.
        key: of this training; that of another is left alone.

    Raises:
        InputError: the checkpoint is damaged.
    """
    found = standing_in(folder)
    if found is None or found[0].key != key:
        return None
    standing, path = found
    try:
        return standing, safetensors.torch.load_file(path)
    except (safetensors.SafetensorError, OSError):
        raise _damaged("its numbers cannot be read") from None


def standing_in(folder: Path) -> tuple[Standing, Path] | None:
    """Where the training stands whose checkpoint is in a folder, and the file of its numbers.

    Raises:
        InputError: it is damaged.
    """
    if not (folder / STATE).is_file():
        return None
    try:
        tree: dict[str, Any] = json.loads((folder / STATE).read_bytes())
        schema, name, digest = (tree.pop(field) for field in ("schema", "file", "sha256"))
        if schema != SCHEMA:
            raise _damaged(f"its schema is another than {SCHEMA}")
        standing: Standing = typed(Standing, tree)
        path = folder / Path(typed(str, name)).name
        if not path.is_file() or sha256(path) != digest:
            raise _damaged("its numbers are missing or others")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise _damaged("it cannot be read") from None
    return standing, path


def pack(networks: Sequence[Path], member: Path) -> tuple[str, ...]:
    """Put the checkpoints of several networks into two files of an unfinished member.

    Args:
        networks: folder of the checkpoint of each network that has begun.
        member: to fill; made if need be.

    Returns:
        The names of the files.

    Raises:
        InputError: a checkpoint is damaged.
        OSError: the disk is full or read-only.
    """
    member.mkdir(parents=True, exist_ok=True)
    tensors: dict[str, torch.Tensor] = {}
    standings = []
    for number, folder in enumerate(networks):
        found = standing_in(folder)
        if found is None:
            break
        standings.append(asdict(found[0]))
        held = safetensors.torch.load_file(found[1])
        tensors |= {f"{number}.{name}": value for name, value in held.items()}
    write_tensors(member / NUMBERS, tensors)
    digest = sha256(member / NUMBERS)
    tree = {"schema": SCHEMA, "networks": standings, "sha256": digest}
    (member / STATE).write_text(json.dumps(tree, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return STATE, NUMBERS


def unpack(member: Path, networks: Path) -> int:
    """Put the checkpoints of an unfinished member where its training goes on.

    Args:
        member: the folder that `pack` filled.
        networks: to fill with a folder for each network; what is there already stays.

    Returns:
        How many there are.

    Raises:
        InputError: it is damaged.
        OSError: the disk is full or read-only.
    """
    try:
        tree: dict[str, Any] = json.loads((member / STATE).read_bytes())
        if tree["schema"] != SCHEMA or sha256(member / NUMBERS) != tree["sha256"]:
            raise _damaged("its schema or its numbers are others")
        standings = typed(tuple[Standing, ...], tree["networks"])
        tensors = safetensors.torch.load_file(member / NUMBERS)
    except (OSError, ValueError, KeyError, TypeError, RecursionError, safetensors.SafetensorError):
        raise _damaged("it cannot be read") from None
    for number, standing in enumerate(standings):
        start = f"{number}."
        own = {n.removeprefix(start): v for n, v in tensors.items() if n.startswith(start)}
        folder = network_folder(networks, number)
        there = standing_in(folder)
        if there is None or (there[0].key == standing.key and there[0].epoch < standing.epoch):
            save(folder, standing, own)
    return len(standings)


def network_folder(networks: Path, number: int) -> Path:
    """Where the checkpoint of one network of a member lies.

    Args:
        networks: of the member.
        number: of the network, from 0.
    """
    return networks / f"network-{number + 1}"


def _flush(path: Path) -> None:
    with path.open("rb") as stream:
        os.fsync(stream.fileno())


def _damaged(found: str) -> InputError:
    return InputError(
        f"checkpoint: must be as the training left it; {found}.",
        hint="Delete the unfinished model and train again: without it the training starts anew.",
    )
