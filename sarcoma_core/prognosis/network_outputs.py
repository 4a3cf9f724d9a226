"""What a network foretells of patients, by each of its heads; in training, and where a model is at work."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from sarcoma_core.models.multimodal import MultimodalNetwork
from sarcoma_core.models.prognosis_task import PrognosisTask
from sarcoma_core.prognosis.foretold import ForetoldTimes, OutcomeTimes, foretold_grade, foretold_times
from sarcoma_core.training.outcomes.forward import outputs_of
from sarcoma_core.training.outcomes.patients import PatientInputs

MAIN_HEAD: Final = 0
"""Of the outputs: the joint head, or the only one."""


@dataclass(frozen=True, eq=False)
class Foretold:
    """What a network foretells of patients.

    Args:
        subjects: labels of the patients.
        timed: of each endpoint that comes with time, by head and endpoint.
        graded: how likely each level is, by head, shape (n, levels); empty without a grade.
    """

    subjects: tuple[str, ...]
    timed: Mapping[str, Mapping[str, ForetoldTimes]]
    graded: Mapping[str, NDArray[np.float64]]


class NetworkTask(NamedTuple):
    """What the outputs of a network are.

    Attributes:
        task: what it takes and gives.
        times: that its outputs are of, by timed endpoint.
    """

    task: PrognosisTask
    times: Mapping[str, OutcomeTimes]


def foretold_by(
    network: MultimodalNetwork,
    of: NetworkTask,
    inputs: PatientInputs,
    device: torch.device,
    *,
    at_once: int,
) -> Foretold:
    """What a network foretells.

    Args:
        network: with its weights.
        of: what its outputs are.
        inputs: of the patients.
        device: where to compute.
        at_once: patients in memory.
    """
    outputs = outputs_of(network, inputs, device, at_once=at_once).double().numpy()
    task, heads = of.task, dict(enumerate(network.heads))
    timed = {
        head: {
            one.endpoint: foretold_times(outputs[:, place], one.endpoint, task, of.times[one.endpoint])
            for one in task.timed
        }
        for place, head in heads.items()
    }
    graded = {head: foretold_grade(outputs[:, place], task) for place, head in heads.items() if task.graded}
    return Foretold(inputs.names, timed, graded)
