"""Made patients with outcomes, tasks of small networks, and small trainings; imports torch."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from sarcoma_core.models.densenet import STEM_SMALL
from sarcoma_core.models.prognosis_task import GradedOutcome, OutcomeHead, PrognosisTask, TimedOutcome
from sarcoma_core.training.outcomes.labels import GradeLabels, TimedLabels
from sarcoma_core.training.outcomes.loop import OutcomeOrder, OutcomeSettings
from sarcoma_core.training.outcomes.patients import PatientInputs, TrainingPatients
from sarcoma_core.training.outcomes.targets import PatientOutcomes, Targets, targets

CPU = torch.device("cpu")
KEY = "k" * 64
EDGE = 8
CAUSES = {"death": ("death",), "metastasis": ("metastasis", "death")}
"""Of each endpoint."""
LEVELS = ("1", "2", "3")
LAST_DAY = 1200.0


def task_of(
    head: OutcomeHead = "logistic-hazard",
    *,
    endpoints: tuple[str, ...] = ("death", "metastasis"),
    ordinal: bool | None = True,
    intervals: int = 4,
    sequences: tuple[str, ...] = ("T1CE", "T2FS"),
) -> PrognosisTask:
    """A task; without a grade where it is neither ordinal nor of classes."""
    each = 1 if head == "cox" else intervals
    timed = tuple(TimedOutcome(name, CAUSES[name], each) for name in endpoints)
    graded = None if ordinal is None else GradedOutcome(LEVELS, ordinal)
    return PrognosisTask(head, timed, graded, sequences, EDGE, 3.0, 10.0)


def cuts_of(task: PrognosisTask) -> Mapping[str, np.ndarray]:
    return {one.endpoint: np.linspace(0, LAST_DAY, one.intervals + 1) for one in task.timed}


def outcomes_of(
    task: PrognosisTask,
    count: int,
    *,
    seed: int = 1,
    known: float = 0.75,
    events: bool = True,
    risk: np.ndarray | None = None,
) -> PatientOutcomes:
    """What happened to patients: the higher a risk, the earlier; some times are beyond the last cut.

    Of who is not known there is a NaN for a time, and a level that there is not.
    """
    rng = np.random.default_rng(seed)
    log_hazard = np.zeros(count) if risk is None else risk
    timed = {}
    for one in task.timed:
        due = rng.exponential(700 * np.exp(-log_hazard))
        left = rng.uniform(300, 2500, count)
        cause = np.where((due <= left) & events, rng.integers(1, len(one.causes) + 1, count), 0)
        flags = rng.random(count) < known
        time = np.where(flags, np.minimum(due, left), np.nan)
        timed[one.endpoint] = TimedLabels(torch.tensor(time), torch.tensor(cause), torch.tensor(flags))
    graded = None
    if task.graded:
        flags = rng.random(count) < known
        level = np.where(flags, rng.integers(0, len(LEVELS), count), -1)
        graded = GradeLabels(torch.tensor(level), torch.tensor(flags))
    return PatientOutcomes(timed, graded)


def targets_of(task: PrognosisTask, count: int, **told: Any) -> Targets:
    return targets(outcomes_of(task, count, **told), cuts_of(task), task)


def inputs_of(
    task: PrognosisTask, count: int, *, seed: int = 1, columns: int = 3, start: str = "P"
) -> PatientInputs:
    """Noise with a ball in its middle; the first patient lacks the last sequence."""
    rng = np.random.default_rng(seed)
    images = present = None
    if task.sequences:
        images = rng.normal(size=(count, len(task.sequences) + 1, *(task.edge,) * 3)).astype(np.float16)
        images[:, -1] = ball(task.edge)
        present = np.ones((count, len(task.sequences)), np.bool_)
        present[0, -1] = len(task.sequences) == 1
    values = rng.normal(size=(count, columns)).astype(np.float32) if columns else None
    return PatientInputs(tuple(f"{start}{n:03}" for n in range(count)), images, present, values)


def ball(edge: int, part: float = 0.3) -> np.ndarray:
    """A mask around the middle, whose radius is a part of the edge."""
    places = np.moveaxis(np.indices((edge,) * 3), 0, -1)
    return np.asarray(np.linalg.norm(places - (edge - 1) / 2, axis=-1) <= part * edge)


def patients_of(
    task: PrognosisTask,
    count: int,
    *,
    seed: int = 1,
    columns: int = 3,
    planted: str | None = None,
    start: str = "P",
    **told: Any,
) -> TrainingPatients:
    """Patients whose risk stands in nothing, in the first `column`, or in how bright a `channel` is."""
    inputs = inputs_of(task, count, seed=seed, columns=columns, start=start)
    risk = None if planted is None else np.random.default_rng([seed, 9]).normal(scale=1.5, size=count)
    if planted == "column" and inputs.columns is not None:
        inputs.columns[:, 0] = risk
    if planted == "channel" and inputs.images is not None:
        assert risk is not None
        inputs.images[:, 0] += (2 * risk)[:, None, None, None] * ball(task.edge)
    return TrainingPatients(inputs, targets_of(task, count, seed=seed, risk=risk, **told))


def rows_of(patients: TrainingPatients, rows: list[int]) -> TrainingPatients:
    return TrainingPatients(patients.inputs.of(rows), patients.targets.of(torch.tensor(rows)))


def arguments_of(task: PrognosisTask, columns: int, **changes: Any) -> dict[str, Any]:
    small: dict[str, Any] = {
        "channels": len(task.sequences),
        "columns": columns,
        "outputs": task.outputs,
        "features": 6,
        "width": 8,
        "growth": 4,
        "blocks": (1,),
        "bottleneck": 2,
        "groups": 4,
        "dropout_percent": 0,
        "stem": STEM_SMALL,
        "clinical_widths": (12,),
        "clinical_groups": 2,
    }
    return {**small, **changes}


def order_of(
    task: PrognosisTask | None = None,
    *,
    train: TrainingPatients | None = None,
    judge: TrainingPatients | None = None,
    columns: int = 3,
    seed: int = 7,
    network: Mapping[str, Any] | None = None,
    **settings: Any,
) -> OutcomeOrder:
    """A small training: nine patients in two steps, five who judge, two epochs."""
    task = task or task_of()
    how = {"epochs": 2, "learning_rate": 1e-2, "batch": 5, "at_once": 5, "blending": "equal", **settings}
    return OutcomeOrder(
        task,
        arguments_of(task, columns, **(network or {})),
        OutcomeSettings(**how),
        train or patients_of(task, 9, columns=columns),
        judge or patients_of(task, 5, seed=2, columns=columns, start="J"),
        seed,
        KEY,
        CPU,
    )
