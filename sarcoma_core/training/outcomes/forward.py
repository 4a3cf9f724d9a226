"""A network of outcomes at work: patients in, outputs out, part by part; for training and for predicting.

No loss is here, and nothing that only a training needs.
"""

from collections.abc import Callable, Iterator, Sequence

import torch

from sarcoma_core.models.multimodal import MultimodalNetwork
from sarcoma_core.training.outcomes.patients import PatientBatch, PatientInputs, as_they_are


def outputs_of(
    network: MultimodalNetwork,
    inputs: PatientInputs,
    device: torch.device,
    *,
    at_once: int,
    rows: Sequence[int] | None = None,
) -> torch.Tensor:
    """What a network says of patients that it does not learn from, patients x heads x outputs.

    Args:
        network: left in the mode that it was in.
        inputs: of all patients.
        device: where to compute.
        at_once: patients in memory.
        rows: of whom, in this order; None for all as they are told.
    """
    places = range(len(inputs)) if rows is None else rows
    return _in_parts(network, inputs, places, lambda part: forward(network, part, device), (device, at_once))


def features_of(
    network: MultimodalNetwork, inputs: PatientInputs, device: torch.device, *, at_once: int
) -> torch.Tensor:
    """What the joint head of a network reads of patients, patients x features.

    Args:
        network: left in the mode that it was in.
        inputs: of all patients.
        device: where to compute.
        at_once: patients in memory.
    """

    def features(part: PatientBatch) -> torch.Tensor:
        return network.features(part.image, part.present, part.clinical).float().cpu()

    return _in_parts(network, inputs, range(len(inputs)), features, (device, at_once))


def _in_parts(
    network: MultimodalNetwork,
    inputs: PatientInputs,
    rows: Sequence[int],
    say: Callable[[PatientBatch], torch.Tensor],
    how: tuple[torch.device, int],
) -> torch.Tensor:
    """What a network says of some patients, so many at once, without learning from them."""
    device, at_once = how
    was_training = network.training
    network.eval()
    with torch.no_grad():
        parts = (as_they_are(inputs, some).to(device) for some in parts_of(rows, at_once))
        found = torch.cat([say(part) for part in parts])
    network.train(was_training)
    return found


def forward(network: MultimodalNetwork, part: PatientBatch, device: torch.device) -> torch.Tensor:
    """Outputs of some patients in single precision; on a GPU the network itself computes in half of it.

    Args:
        network: in whatever mode it is.
        part: of the patients, on the device.
        device: where to compute.

    Returns:
        Patients x heads x outputs, on the CPU.
    """
    with torch.autocast(device.type, dtype=torch.bfloat16, enabled=device.type == "cuda"):
        outputs: torch.Tensor = network(part.image, part.present, part.clinical)
    return outputs.float().cpu()


def parts_of(rows: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    """As few parts of at most a size as can be, as large as each other: none of one patient is left over.

    Of one there is no risk set, and no spread where batches are normalised.

    Args:
        rows: to part.
        size: of a part, at most.
    """
    count = -(-len(rows) // size)
    for part in range(count):
        yield rows[part * len(rows) // count : (part + 1) * len(rows) // count]
