"""A model of networks as it was kept, opened and at work on patients; nothing of it needs what trained it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch

from sarcoma_core.archive.asset import AssetFolder
from sarcoma_core.errors import InputError
from sarcoma_core.models.architectures import load
from sarcoma_core.models.folder import ModelFolder, fault, open_model
from sarcoma_core.models.multimodal import MultimodalNetwork
from sarcoma_core.models.prognosis_task import RELATIVE_HEADS, PrognosisTask
from sarcoma_core.prognosis.clinical_beside import (
    BASELINES_FILE,
    ClinicalBaselines,
    read_baselines,
    without_baselines,
)
from sarcoma_core.prognosis.design import Values
from sarcoma_core.prognosis.mean_survival import SURVIVAL
from sarcoma_core.prognosis.network_notes import NOTES_FILE, NetworkNotes, PrognosisNotes, read_notes
from sarcoma_core.prognosis.network_outputs import Foretold, NetworkTask, foretold_by
from sarcoma_core.prognosis.network_patients import filled_matrix, patient_inputs
from sarcoma_core.prognosis.tumour_image import CubeRules, TumourImage, pattern_of
from sarcoma_core.survival.follow_up import Flags
from sarcoma_core.training.outcomes.forward import features_of
from sarcoma_core.training.outcomes.patients import PatientInputs


@dataclass(frozen=True)
class PrognosisFolder:
    """The folder of a model, checked; no network is built.

    Args:
        model: weights, config and card.
        notes: what belongs to the weights.
        task: what each network takes and gives.
        baselines: the clinical baseline of each timed endpoint, or why there is none.
    """

    model: ModelFolder
    notes: PrognosisNotes
    task: PrognosisTask
    baselines: ClinicalBaselines

    @property
    def cube(self) -> CubeRules:
        """That the tumour is laid in."""
        task = self.task
        return CubeRules(task.sequences, task.edge, task.spacing_mm, task.margin_mm)


@dataclass(frozen=True)
class PrognosisModel:
    """A model at work.

    Args:
        folder: that it came in.
        networks: with their weights.
        device: where they compute.
    """

    folder: PrognosisFolder
    networks: tuple[MultimodalNetwork, ...]
    device: torch.device

    def foretell(
        self,
        names: Sequence[str],
        values: Sequence[Values],
        images: Sequence[TumourImage],
        *,
        at_once: int = 1,
    ) -> tuple[Foretold, ...]:
        """What each network foretells of patients.

        Args:
            names: of each: what tells one from another.
            values: what is known of each.
            images: of the tumour of each, on the model's cube; none where the model takes none.
            at_once: patients in memory.

        Raises:
            InputError: a value is none of its variable, or there is not one of each for every patient.
        """
        found = []
        for network, notes in zip(self.networks, self.folder.notes.networks, strict=True):
            inputs = self.inputs(names, values, images, notes)
            of = NetworkTask(self.folder.task, notes.times)
            found.append(foretold_by(network, of, inputs, self.device, at_once=at_once))
        return tuple(found)

    def are_far(
        self,
        names: Sequence[str],
        values: Sequence[Values],
        images: Sequence[TumourImage],
        *,
        at_once: int = 1,
    ) -> Flags:
        """Whether each network finds patients unlike those that it has learned from, shape (networks * n,).

        They are compared as if those had had the same sequences, and no others. Networks whose patients were
        too few to tell of one of the patients are left out.

        Args:
            names: of each patient.
            values: what is known of each.
            images: as of `foretell`.
            at_once: patients in memory.

        Raises:
            InputError: see `foretell`.
        """
        task = self.folder.task
        shown = images if task.sequences else [None] * len(names)
        patterns = [pattern_of(image, task.sequences) for image in shown]
        found: list[Flags] = []
        for network, notes in zip(self.networks, self.folder.notes.networks, strict=True):
            if not set(patterns) <= set(notes.features):
                continue
            inputs = self.inputs(names, values, images, notes)
            features = features_of(network, inputs, self.device, at_once=at_once).double().numpy()
            far = [
                notes.features[pattern].is_far(row[None])[0]
                for pattern, row in zip(patterns, features, strict=True)
            ]
            found.append(np.array(far, np.bool_))
        return np.concatenate(found) if found else np.zeros(0, np.bool_)

    def inputs(
        self,
        names: Sequence[str],
        values: Sequence[Values],
        images: Sequence[TumourImage],
        notes: NetworkNotes,
    ) -> PatientInputs:
        """What one of the networks is given of patients.

        Args:
            names: of each patient.
            values: what is known of each.
            images: as of `foretell`.
            notes: of the network.

        Raises:
            InputError: see `foretell`.
        """
        clinical = None
        if notes.design is not None:
            clinical = filled_matrix(notes.design, values, self.folder.notes.columns)
        return patient_inputs(names, images if self.folder.task.sequences else (), clinical)


def open_prognosis(asset: AssetFolder) -> PrognosisFolder:
    """Read and check the folder of a model that foretells.

    Args:
        asset: the resource.

    Raises:
        InputError: a file is missing or wrong, or it is a model of another kind.
    """
    model = open_model(asset)
    task = model.config.prognosis
    if task is None:
        raise fault("must be a model that foretells; it is of another kind", hint="Choose a MODEL_PROG_*.")
    notes = read_notes(asset.file(NOTES_FILE).read_bytes())
    _require_one_mind(model, notes, task)
    return PrognosisFolder(model, notes, task, _baselines(asset, task))


def load_prognosis(folder: PrognosisFolder, device: torch.device) -> PrognosisModel:
    """The networks of a model with their weights.

    Args:
        folder: of the model.
        device: where they are to compute.

    Raises:
        InputError: the weights do not fit.
    """
    networks = cast("tuple[MultimodalNetwork, ...]", load(folder.model, device))
    return PrognosisModel(folder, networks, device)


def _baselines(asset: AssetFolder, task: PrognosisTask) -> ClinicalBaselines:
    """Those of its file; a folder of an earlier release has none."""
    names = [one.endpoint for one in task.timed]
    try:
        path = asset.file(BASELINES_FILE)
    except InputError:
        why = f"the model's folder has no {BASELINES_FILE}: it is of an earlier release"
        return without_baselines(names, why)
    found = read_baselines(path.read_bytes())
    if {one.endpoint for one in found.endpoints} != set(names):
        raise fault(f"{BASELINES_FILE} and config.json must tell of the same endpoints; they do not")
    by = {one.endpoint: one for one in found.endpoints}
    return ClinicalBaselines(tuple(by[name] for name in names))


def _require_one_mind(model: ModelFolder, notes: PrognosisNotes, task: PrognosisTask) -> None:
    """Weights, config and notes must be of one model."""
    timed = {one.endpoint: one for one in task.timed}
    columns = model.config.arguments.get("columns")
    if len(notes.networks) != len(model.weights) or notes.columns != columns:
        raise _fault("it has another number of networks or columns than the weights")
    if set(notes.cuts) != set(timed) or (notes.bounds and SURVIVAL not in timed):
        raise _fault("its cuts or bounds are of other endpoints than those of config.json")
    for one in notes.networks:
        if set(one.times) != set(timed) or (one.design is None) != (not columns):
            raise _fault("its endpoints or columns are others than those of config.json")
        for name, times in one.times.items():
            _require_times(len(times.months) - 1, times.baseline, task, name)


def _require_times(
    intervals: int, baseline: tuple[tuple[float, ...], ...], task: PrognosisTask, name: str
) -> None:
    one = task.outcome(name)
    proportional = task.head in RELATIVE_HEADS
    if task.head != "cox" and intervals > one.intervals:
        raise _fault(f"{name} has more intervals than the network has outputs for")
    if len(baseline) != (len(one.causes) if proportional else 0):
        raise _fault(f"{name} has not a baseline for each cause where the head needs one")


def _fault(found: str) -> InputError:
    return fault(f"{NOTES_FILE} and the weights must be of one model; {found}")
