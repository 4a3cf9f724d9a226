"""Tumours with a bright spot whose brightness makes the hazard, and tiny networks that have learned it."""

from dataclasses import dataclass, replace
from functools import cache
from typing import Any, cast

import numpy as np
import torch

from sarcoma_core.imaging.grid import model_grid
from sarcoma_core.imaging.volume import Mask, Volume
from sarcoma_core.models.architectures import build
from sarcoma_core.models.config import ModelConfig
from sarcoma_core.models.folder import ModelFolder
from sarcoma_core.models.multimodal import MultimodalNetwork
from sarcoma_core.models.prognosis_task import PrognosisTask, TimedOutcome
from sarcoma_core.prognosis.clinical.table import ClinicalRow
from sarcoma_core.prognosis.clinical_beside import ClinicalBaselines
from sarcoma_core.prognosis.foretold import OutcomeTimes
from sarcoma_core.prognosis.network_model import PrognosisFolder, PrognosisModel
from sarcoma_core.prognosis.network_notes import NetworkNotes, PrognosisNotes
from sarcoma_core.prognosis.tumour_image import TumourImage
from sarcoma_core.training.outcomes.cox_loss import cox_loss
from tests.prognosis.made_networks import OS

EDGE = 16
SPACING_MM = 4.0
ROW = ClinicalRow("S1")
CPU = torch.device("cpu")
TASK = PrognosisTask(
    "cox", (TimedOutcome(OS, ("death",), 1),), None, ("T1CE", "T2FS"), EDGE, SPACING_MM, 20.0
)
_PATIENTS, _EPOCHS, _RATE, _BATCH = 160, 10, 6e-3, 32
_SPOT, _BRIGHTEST = 2.2, 3.5


@dataclass(frozen=True, eq=False)
class PlantedPatients:
    """Images of a tumour in noise, brighter than what lies around it, with one spot in T1CE.

    Args:
        images: shape (n, 3, edge, edge, edge), the mask last.
        spots: where each spot is, shape (n, edge, edge, edge).
        strength: of each, standardised: the log hazard ratio in units of its own.
    """

    images: np.ndarray
    spots: np.ndarray
    strength: np.ndarray

    def image(self, number: int) -> TumourImage:
        """One of them as networks take it."""
        return as_seen(self.images[number])


def as_seen(array: np.ndarray) -> TumourImage:
    """An array of channels on a cube that is the session's own grid."""
    affine = np.diag([SPACING_MM] * 3 + [1.0])
    grid = model_grid(Volume(array[0].astype(np.float32), affine), (SPACING_MM,) * 3, slices_last=False)
    side = EDGE * SPACING_MM
    return TumourImage(
        array.astype(np.float16),
        np.ones(2, np.bool_),
        1.0,
        (side,) * 3,
        (SPACING_MM,) * 3,
        0.0,
        grid,
        (0, 0, 0),
    )


def planted(seed: int, patients: int) -> PlantedPatients:
    """Patients who differ in nothing but the brightness of a spot somewhere in the tumour, and in noise."""
    rng = np.random.default_rng(seed)
    strength = rng.normal(size=patients)
    images = np.zeros((patients, 3, EDGE, EDGE, EDGE), np.float32)
    spots = np.zeros((patients, EDGE, EDGE, EDGE), bool)
    for number in range(patients):
        radius = rng.uniform(4.5, 6.5)
        tumour = _ball((EDGE - 1) / 2 * np.ones(3), radius)
        middle = rng.uniform(2, EDGE - 3, 3)
        while np.linalg.norm(middle - (EDGE - 1) / 2) > radius - 2:
            middle = rng.uniform(2, EDGE - 3, 3)
        spots[number] = _ball(middle, _SPOT)
        images[number, :2] = rng.normal(size=(2, EDGE, EDGE, EDGE))
        images[number, 0] += tumour + spots[number] * (2.0 + 1.2 * strength[number])
        images[number, 2] = tumour
    return PlantedPatients(images, spots, strength)


def _ball(middle: np.ndarray, radius: float) -> Mask:
    places = np.moveaxis(np.indices((EDGE,) * 3), 0, -1)
    return np.asarray(np.linalg.norm(places - middle, axis=-1) < radius)


def model_of(
    networks: tuple[MultimodalNetwork, ...],
    config: ModelConfig,
    task: PrognosisTask = TASK,
    months: tuple[int, ...] = (0, 12),
) -> PrognosisModel:
    """Networks as a model at work, without a folder of files."""
    times = {one.endpoint: OutcomeTimes(months) for one in task.timed}
    notes = tuple(NetworkNotes(0, number, None, times, {}) for number, _ in enumerate(networks))
    told = PrognosisNotes("surgery", 0, notes, {}, (), "", "", 0, cast("Any", None))
    folder = ModelFolder((), (), replace(config, prognosis=task), cast("Any", None))
    return PrognosisModel(PrognosisFolder(folder, told, task, ClinicalBaselines(())), networks, CPU)


def config_of(**changes: Any) -> ModelConfig:
    """What builds a network of a stem with a stride, and two blocks."""
    arguments: dict[str, Any] = {
        "channels": 2,
        "columns": 0,
        "outputs": 1,
        "width": 8,
        "growth": 4,
        "blocks": (2, 2),
        "bottleneck": 2,
        "groups": 2,
        "dropout_percent": 0,
        "stem": (3, 2, 0),
    }
    return ModelConfig("multimodal", arguments | changes, (3, EDGE, EDGE, EDGE), None, TASK)


def fresh(seed: int, config: ModelConfig) -> MultimodalNetwork:
    """A network of random weights."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return cast("MultimodalNetwork", build(config).eval())


@cache
def trained_model(networks: int = 1) -> PrognosisModel:
    """Networks that have each learned from other planted patients what the spot's brightness means."""
    config = config_of()
    return model_of(tuple(_trained(seed, config) for seed in range(networks)), config)


def _trained(seed: int, config: ModelConfig) -> MultimodalNetwork:
    patients, rng = planted(100 + seed, _PATIENTS), np.random.default_rng(seed)
    time = torch.from_numpy(rng.exponential(np.exp(-1.5 * patients.strength)))
    event, images = torch.from_numpy(rng.random(_PATIENTS) < 0.7), torch.from_numpy(patients.images)
    network = fresh(seed, config).train()
    learning = torch.optim.AdamW(network.parameters(), lr=_RATE)
    for _ in range(_EPOCHS):
        for rows in torch.from_numpy(rng.permutation(_PATIENTS)).split(_BATCH):
            learning.zero_grad()
            risk = network(images[rows], torch.ones(len(rows), 2), None)[:, 0, 0]
            cox_loss(risk, time=time[rows], event=event[rows]).backward()
            learning.step()
    return network.eval()
