"""A training of networks before its first epoch: who is in which part, and what is learned within each fold.

Cut points of time and how columns are scaled, filled in and named are learned on the patients that a network
learns from, and on no others. So each network has its own, and they travel beside the weights.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Final

import torch

from sarcoma_core.errors import InputError
from sarcoma_core.models.prognosis_task import GRADE, GradedOutcome, PrognosisTask, TimedOutcome
from sarcoma_core.prognosis.baselines import LOGS
from sarcoma_core.prognosis.clinical.endpoints import causes_of, endpoint
from sarcoma_core.prognosis.clinical.variables import known_by
from sarcoma_core.prognosis.design import Design, DesignRules, fit_design
from sarcoma_core.prognosis.intervals import days_of, interval_months
from sarcoma_core.prognosis.network_order import PrognosisOrder
from sarcoma_core.prognosis.network_patients import NetworkPatients, grade_levels
from sarcoma_core.training.drawing import number_of
from sarcoma_core.training.outcomes.loop import OutcomeOrder
from sarcoma_core.training.outcomes.patients import TrainingPatients
from sarcoma_core.training.outcomes.targets import targets
from sarcoma_core.training.parts import StudyParts, study_parts

REVISION: Final = 1
"""Goes up when the same order gives other weights, so that no older checkpoint is gone on with."""


@dataclass(frozen=True)
class FoldFit:
    """What is learned of the patients that the networks of a fold learn from, besides weights.

    Args:
        design: of the clinical columns; None where networks take none.
        months: cut points of each timed endpoint, whole months from 0.
    """

    design: Design | None
    months: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class PlannedPrognosis:
    """A training before its first epoch.

    Args:
        order: what with.
        patients: who can be learned from.
        parts: who is in which.
        fits: of each fold.
    """

    order: PrognosisOrder
    patients: NetworkPatients
    parts: StudyParts
    fits: tuple[FoldFit, ...]

    @cached_property
    def columns(self) -> int:
        """Clinical columns that each network takes: those of the fold that has most."""
        return max(len(fit.design.columns) if fit.design else 0 for fit in self.fits)

    @cached_property
    def task(self) -> PrognosisTask:
        """What each network takes and gives."""
        order, one_for_all = self.order, self.order.head == "cox"
        timed = tuple(
            TimedOutcome(name, causes_of(name), 1 if one_for_all else self._intervals(name))
            for name in order.timed
        )
        graded = GradedOutcome(grade_levels()) if GRADE in order.endpoints else None
        sequences = () if order.modalities == "clinical" else order.cube.sequences
        cube = order.cube
        return PrognosisTask(order.head, timed, graded, sequences, cube.edge, cube.spacing_mm, cube.margin_mm)

    @cached_property
    def arguments(self) -> Mapping[str, Any]:
        """Of `MultimodalNetwork`."""
        return self.order.arguments(columns=self.columns, outputs=self.task.outputs)

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """Of each network, SHA-256 over all that decides its weights."""
        return tuple(self._key(number) for number in range(self.order.networks))

    def fold(self, number: int) -> int:
        """The fold that judges a network: the networks of one seed come one after the other."""
        return number % self.order.folds

    def seed(self, number: int) -> int:
        """Of the weights and views of a network."""
        return number_of(self.order.seed, number, "outcomes") % 2**31

    def training_patients(self, subjects: Sequence[str], fold: int) -> TrainingPatients:
        """Some of the patients, as the networks of a fold take them.

        Args:
            subjects: labels.
            fold: whose design and cut points count.

        Raises:
            InputError: a value is none of its variable.
        """
        some, fit = self.patients.of(subjects), self.fits[fold]
        cuts = {name: days_of(months) for name, months in fit.months.items()}
        inputs = some.inputs(fit.design, columns=self.columns)
        return TrainingPatients(inputs, targets(some.outcomes(), cuts, self.task))

    def training(self, number: int, device: torch.device) -> OutcomeOrder:
        """What one network is trained with.

        Args:
            number: of the network, from 0.
            device: where to compute.

        Raises:
            InputError: a value is none of its variable.
        """
        fold = self.fold(number)
        roles = self.parts.roles(fold)
        return OutcomeOrder(
            task=self.task,
            arguments=self.arguments,
            settings=self.order.settings,
            train=self.training_patients(roles.train, fold),
            judge=self.training_patients(roles.choose, fold),
            seed=self.seed(number),
            key=self.keys[number],
            device=device,
        )

    def _intervals(self, name: str) -> int:
        return max(len(fit.months[name]) for fit in self.fits) - 1

    def _key(self, number: int) -> str:
        order = asdict(self.order)
        decides: dict[str, Any] = {
            "revision": REVISION,
            "order": {name: order[name] for name in order if name not in ("folds", "seeds")},
            "parts": self.parts.sha256,
            "patients": list(self.patients.subjects),
            "fold": self.fold(number),
            "seed": self.seed(number),
        }
        return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()


def plan_prognosis(patients: NetworkPatients, order: PrognosisOrder) -> PlannedPrognosis:
    """Part the patients, and learn within each fold what is learned besides weights.

    Args:
        patients: who can be learned from.
        order: of the training.

    Raises:
        InputError: there are too few events for the parts or for an interval, or no column can be used.
    """
    parts = study_parts(
        patients.subjects,
        patients.dealt_by(),
        seed=order.seed,
        folds=order.folds,
        test_percent=order.test_percent,
        calibration_percent=order.calibration_percent,
        centres=[one.row.centre for one in patients.patients],
    )
    fits = tuple(fit_fold(patients.of(parts.roles(fold).train), order) for fold in range(order.folds))
    return PlannedPrognosis(order, patients, parts, fits)


def fit_fold(train: NetworkPatients, order: PrognosisOrder) -> FoldFit:
    """What is learned of some patients besides weights.

    Args:
        train: that networks learn from, and no others.
        order: of the training.

    Raises:
        InputError: there are too few events for an interval, or no column can be used.
    """
    design = None
    if order.modalities != "image":
        design = fit_design([one.row.values for one in train.patients], design_rules(order))
    months = {}
    for name in order.timed:
        try:
            months[name] = interval_months(train.any_cause(name), most=order.intervals)
        except InputError as error:
            raise InputError(f"{endpoint(name).title}: {error.message}", hint=error.hint) from None
    return FoldFit(design, months)


def design_rules(order: PrognosisOrder) -> DesignRules:
    """Which variables a network takes: those known by then, but for what it is to foretell.

    Args:
        order: of the training.
    """
    foretold = {GRADE} if GRADE in order.endpoints else set()
    names = tuple(one.name for one in known_by(order.when) if one.name not in foretold)
    return DesignRules(variables=names, logs=LOGS, scale=True, when=order.when)
