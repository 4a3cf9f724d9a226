"""Networks of a model, trained one after the other, and what they foretell of patients they have not seen.

Each fold has a network for each seed. Out of fold a patient is foretold by the networks of the patient's own
fold alone, which have neither learned from the patient nor chosen by the patient; over seeds they are an
ensemble, and how far they lie apart is told. No seed is picked.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from sarcoma_core.errors import InputError
from sarcoma_core.models.multimodal import MultimodalNetwork
from sarcoma_core.models.prognosis_task import RELATIVE_HEADS
from sarcoma_core.prognosis.feature_distance import SeenFeatures, seen_features
from sarcoma_core.prognosis.foretold import OutcomeTimes
from sarcoma_core.prognosis.network_outputs import MAIN_HEAD, Foretold, NetworkTask, foretold_by
from sarcoma_core.prognosis.network_patients import NetworkPatients
from sarcoma_core.prognosis.network_plan import PlannedPrognosis
from sarcoma_core.prognosis.tumour_image import patterns_of
from sarcoma_core.survival.baseline_increments import baseline_increments
from sarcoma_core.survival.follow_up import FollowUp
from sarcoma_core.training import checkpoint
from sarcoma_core.training.checkpoint import Standing, network_folder
from sarcoma_core.training.outcomes.forward import features_of, outputs_of
from sarcoma_core.training.outcomes.loop import new_outcome_network, train_outcomes
from sarcoma_core.training.running import Deadline, Told

_DIGITS = 4
"""Significant digits of a baseline that is kept."""


@dataclass(frozen=True)
class TrainedNetwork:
    """A network that is trained.

    Args:
        number: from 0.
        weights: by name.
        times: of its outputs, by timed endpoint.
        features: where those of its patients lie, by the sequences that are seen (`pattern_of`); none of a
            pattern of which they were too few to tell.
    """

    number: int
    weights: Mapping[str, torch.Tensor]
    times: Mapping[str, OutcomeTimes]
    features: Mapping[str, SeenFeatures] = field(default_factory=dict)


@dataclass(frozen=True)
class PrognosisTraining:
    """A training, as far as it went.

    Args:
        planned: how it was planned.
        standings: of each network that has begun.
        networks: that are trained; all of them, or none until all are.
    """

    planned: PlannedPrognosis
    standings: tuple[Standing, ...]
    networks: tuple[TrainedNetwork, ...] = ()

    @property
    def has_ended(self) -> bool:
        """Whether all its networks are trained."""
        return len(self.networks) == self.planned.order.networks


def train_prognosis(
    planned: PlannedPrognosis,
    folder: Path,
    *,
    device: torch.device,
    deadline: Deadline | None = None,
    told: Callable[[int], Told] | None = None,
) -> PrognosisTraining:
    """Train all networks, or go on with them.

    Args:
        planned: by `plan_prognosis`.
        folder: of the checkpoints, a folder for each network.
        device: where to compute.
        deadline: when to stop, done or not.
        told: gives for each network whom to tell of its epochs.

    Raises:
        InputError: a checkpoint is damaged, or a loss is not finite.
        OSError: the disk is full or read-only.
    """
    standings: list[Standing] = []
    for number in range(planned.order.networks):
        order = planned.training(number, device)
        standing = train_outcomes(
            order, network_folder(folder, number), deadline=deadline, told=told(number) if told else None
        )
        if standing.epoch:
            standings.append(standing)
        if not standing.ended:
            return PrognosisTraining(planned, tuple(standings))
    networks = tuple(
        trained_network(planned, folder, number, device) for number in range(planned.order.networks)
    )
    return PrognosisTraining(planned, tuple(standings), networks)


def trained_network(
    planned: PlannedPrognosis, folder: Path, number: int, device: torch.device
) -> TrainedNetwork:
    """A network whose training has ended, with what its outputs are of.

    Args:
        planned: how it was planned.
        folder: of the checkpoints.
        number: of the network, from 0.
        device: where to compute.

    Raises:
        InputError: its training has not ended, or the checkpoint is damaged.
    """
    held = checkpoint.read(network_folder(folder, number), planned.keys[number])
    if held is None or not held[0].ended:
        raise InputError("checkpoint: must be of a training that has ended; it is not.")
    weights = {name.removeprefix("best."): value for name, value in held[1].items()}
    fit = planned.fits[planned.fold(number)]
    times = {name: OutcomeTimes(months) for name, months in fit.months.items()}
    found = TrainedNetwork(number, weights, times)
    if planned.order.head in RELATIVE_HEADS:
        found = replace(found, times=_with_baseline(planned, found, device))
    return replace(found, features=_seen_features(planned, found, device))


def _seen_features(
    planned: PlannedPrognosis, trained: TrainedNetwork, device: torch.device
) -> Mapping[str, SeenFeatures]:
    """Where features of those lie that it has learned from, and how far those who judge it lie from them.

    Of each set of sequences by itself: where one is missing features lie elsewhere, and that is a known case.
    """
    fold, network = planned.fold(trained.number), network_of(planned, trained, device)
    roles, at_once = planned.parts.roles(fold), planned.order.settings.at_once

    def features(subjects: Sequence[str], pattern: str) -> NDArray[np.float64]:
        some = planned.patients.of(subjects).seen_by(pattern, planned.task.sequences)
        if not some.patients:
            return np.zeros((0, 1))
        inputs = some.inputs(planned.fits[fold].design, columns=planned.columns)
        found = features_of(network, inputs, device, at_once=at_once)
        return np.asarray(found.double().numpy(), np.float64)

    found: dict[str, SeenFeatures] = {}
    for pattern in patterns_of(planned.task.sequences):
        with suppress(InputError):  # too few have these sequences
            found[pattern] = seen_features(features(roles.train, pattern), features(roles.judge, pattern))
    return found


def network_of(planned: PlannedPrognosis, trained: TrainedNetwork, device: torch.device) -> MultimodalNetwork:
    """A trained network, ready to foretell.

    Args:
        planned: how it was planned.
        trained: its weights.
        device: where to compute.
    """
    network = new_outcome_network(planned.arguments, 0)
    network.load_state_dict(dict(trained.weights))
    network.to(device).eval()
    return network


def foretell(
    planned: PlannedPrognosis, trained: TrainedNetwork, patients: NetworkPatients, device: torch.device
) -> Foretold:
    """What one network foretells, by each of its heads.

    Args:
        planned: how it was planned.
        trained: the network.
        patients: of whom.
        device: where to compute.

    Raises:
        InputError: a value is none of its variable.
    """
    fit = planned.fits[planned.fold(trained.number)]
    inputs = patients.inputs(fit.design, columns=planned.columns)
    network, at_once = network_of(planned, trained, device), planned.order.settings.at_once
    return foretold_by(network, NetworkTask(planned.task, trained.times), inputs, device, at_once=at_once)


def out_of_fold(training: PrognosisTraining, device: torch.device) -> Iterator[tuple[int, Foretold]]:
    """Each network with what it foretells of the fold that judges it.

    Args:
        training: that has ended.
        device: where to compute.
    """
    planned = training.planned
    for trained in training.networks:
        judge = planned.parts.roles(planned.fold(trained.number)).judge
        yield trained.number, foretell(planned, trained, planned.patients.of(judge), device)


def _with_baseline(
    planned: PlannedPrognosis, trained: TrainedNetwork, device: torch.device
) -> Mapping[str, OutcomeTimes]:
    """The baseline hazard of relative risks, of the patients that the network has learned from."""
    fold = planned.fold(trained.number)
    train = planned.training_patients(planned.parts.roles(fold).train, fold)
    network, task = network_of(planned, trained, device), planned.task
    outputs = outputs_of(network, train.inputs, device, at_once=planned.order.settings.at_once)
    risks = outputs[:, MAIN_HEAD].double().numpy()
    found = {}
    for one in task.timed:
        labels = train.targets.outcomes.timed[one.endpoint]
        known, cuts = labels.known.numpy(), train.targets.cuts[one.endpoint]
        of_endpoint = risks[:, task.places[one.endpoint]].reshape(len(risks), len(one.causes), one.intervals)
        baseline = []
        for place in range(len(one.causes)):
            time, event = labels.of_cause(place + 1)
            follow_up = FollowUp(time.numpy()[known], event.numpy()[known])
            risk = np.broadcast_to(of_endpoint[known, place, : cuts.size - 1], (known.sum(), cuts.size - 1))
            baseline.append(_kept(baseline_increments(risk, follow_up, cuts)))
        found[one.endpoint] = OutcomeTimes(trained.times[one.endpoint].months, tuple(baseline))
    return found


def _kept(values: Sequence[float] | NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(float(f"{value:.{_DIGITS}g}") for value in values)
