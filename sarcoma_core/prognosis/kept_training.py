"""A training that was done before, read again from the folder of its model: nothing is trained for it."""

import csv
import json
from collections.abc import Iterator, Mapping
from typing import Any

import safetensors.torch

from sarcoma_core.archive.asset import AssetFolder
from sarcoma_core.errors import InputError
from sarcoma_core.prognosis.network_model import open_prognosis
from sarcoma_core.prognosis.network_plan import PlannedPrognosis
from sarcoma_core.prognosis.network_training import PrognosisTraining, TrainedNetwork
from sarcoma_core.prognosis.network_writing import HISTORY
from sarcoma_core.training.checkpoint import EpochRow, Standing
from sarcoma_core.training.earlier import TRAINING

_OF_ROW = ("network", "epoch", "loss", "learning_rate", "judged")


def kept_training(asset: AssetFolder, planned: PlannedPrognosis) -> PrognosisTraining:
    """The training that a model was left by.

    Args:
        asset: the resource of the model.
        planned: the very training that it was left by, as `EarlierSet.has_done` tells.

    Raises:
        InputError: a file is missing or wrong.
    """
    folder = open_prognosis(asset)
    networks = tuple(
        TrainedNetwork(number, safetensors.torch.load_file(path), notes.times, notes.features)
        for number, (path, notes) in enumerate(zip(folder.model.weights, folder.notes.networks, strict=True))
    )
    try:
        standings = tuple(_standings(asset, planned))
    except (ValueError, KeyError, TypeError, StopIteration):
        raise InputError(
            f"earlier: must have a {TRAINING} and a {HISTORY} as train-prognosis wrote them; it has not.",
            hint="Take it out of the project, and train again.",
        ) from None
    return PrognosisTraining(planned, standings, networks)


def _standings(asset: AssetFolder, planned: PlannedPrognosis) -> Iterator[Standing]:
    told: Mapping[str, Any] = json.loads(asset.file(TRAINING).read_bytes())
    with asset.file(HISTORY).open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    for number, key in enumerate(planned.keys):
        history = tuple(_epoch(row) for row in rows if int(row["network"]) == number + 1)
        epoch, best, kept = (told[name][number] for name in ("epochs", "best_epochs", "blend"))
        yield Standing(key, epoch, best, history, ended=True, kept=kept)


def _epoch(row: Mapping[str, str]) -> EpochRow:
    more = {name: float(value) for name, value in row.items() if name not in _OF_ROW and value}
    judged = float(row["judged"]) if row["judged"] else None
    return EpochRow(int(row["epoch"]), float(row["loss"]), float(row["learning_rate"]), judged, more)
