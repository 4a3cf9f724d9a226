"""What the page of a training of networks shows, filled from the training: the page measures nothing."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sarcoma_core.models.card import CardOpening
from sarcoma_core.models.prognosis_task import GRADE
from sarcoma_core.prognosis.clinical.endpoints import endpoint
from sarcoma_core.prognosis.frozen import FrozenCohort
from sarcoma_core.prognosis.judged import JudgedModel
from sarcoma_core.prognosis.network_judging import BASELINE, JudgedEndpoint
from sarcoma_core.prognosis.network_plan import PlannedPrognosis
from sarcoma_core.prognosis.network_training import PrognosisTraining
from sarcoma_core.prognosis.network_writing import LIMITS
from sarcoma_core.report.facts import Fact, value_text
from sarcoma_core.report.flow_diagram import FlowStep, PatientFlow
from sarcoma_core.report.network_study_facts import (
    HeadMeasures,
    HeadsFacts,
    NetworkLearning,
    NetworkStudyFacts,
    OutcomeEpoch,
    PartFacts,
)
from sarcoma_core.report.step_lines import duration
from sarcoma_core.training.blend_schedule import JOINT
from sarcoma_core.training.checkpoint import EpochRow, Standing
from sarcoma_core.training.outcomes.labels import EVENT

_WEIGHT: Final = "weight "
"""How `EpochRow.told` names the weight of a head."""
_NOT_FOLLOWED: Final = "not followed for it"
_ROLES: Final[Mapping[str, str]] = {
    "development": "learned from, chosen by and judged by, in turns",
    "fold": "judges its networks, chooses for those of the fold before, and is learned from by the others",
    "calibration": "no network sees it; bounds of survival time are fitted on it",
    "test": "no network sees it; it is judged when somebody opens it",
}


@dataclass(frozen=True)
class StudySource:
    """What a page needs besides the training.

    Args:
        cohort: that was read.
        missing: why a patient of it has no image that can be used, by subject.
        weights: SHA-256 of each file of weights, by name.
        openings: of the test set, the first one first.
        methods: how it was done, in sentences.
    """

    cohort: FrozenCohort
    missing: Mapping[str, str]
    weights: Mapping[str, str]
    openings: tuple[CardOpening, ...]
    methods: str


def network_study(
    training: PrognosisTraining, judged: Sequence[JudgedEndpoint], source: StudySource
) -> NetworkStudyFacts:
    """All that the page shows.

    Args:
        training: that has ended.
        judged: each timed endpoint.
        source: what else there is to tell.
    """
    planned = training.planned
    return NetworkStudyFacts(
        flow=study_flow(planned, source.cohort, source.missing),
        parts=tuple(_parts(planned)),
        endpoints=tuple(_heads(one) for one in judged),
        graded=GRADE in planned.order.endpoints,
        epochs=planned.order.settings.epochs,
        networks=tuple(_learning(planned, number, one) for number, one in enumerate(training.standings)),
        openings=source.openings,
        left_out=reasons_of(source.missing),
        settings=tuple(_settings(planned)),
        hashes=tuple(_hashes(planned, source.weights)),
        limits=LIMITS,
        methods=source.methods,
    )


def reasons_of(missing: Mapping[str, str]) -> tuple[tuple[str, int], ...]:
    """Each reason with its number, the most frequent first.

    Args:
        missing: reasons, by subject.
    """
    return tuple(sorted(Counter(missing.values()).items(), key=lambda pair: (-pair[1], pair[0])))


def study_flow(planned: PlannedPrognosis, cohort: FrozenCohort, missing: Mapping[str, str]) -> PatientFlow:
    """From the clinical table to the patients of each endpoint.

    Args:
        planned: who can be learned from.
        cohort: that they are of.
        missing: why a patient has no image that can be used, by subject.
    """
    members, used = len(cohort.members), len(planned.patients.patients)
    steps = [*cohort.flow.steps]
    if steps[-1].n != members:
        steps = [FlowStep("Patients of the cohort", members)]
    drawn = members - len(missing)
    if missing:
        steps.append(FlowStep("With an image that can be used", drawn, (("without one", len(missing)),)))
    lost = (("none of the endpoints is known", drawn - used),) if drawn > used else ()
    steps.append(FlowStep("In this training", used, lost))
    return PatientFlow(tuple(steps), tuple(_followed(planned, name) for name in planned.order.timed))


def _followed(planned: PlannedPrognosis, name: str) -> FlowStep:
    labels = planned.patients.outcomes().timed[name]
    n = int(labels.known.sum())
    lost = len(planned.patients.patients) - n
    events = int(((labels.cause == EVENT) & labels.known).sum())
    return FlowStep(endpoint(name).title, n, ((_NOT_FOLLOWED, lost),) if lost else (), events)


def _parts(planned: PlannedPrognosis) -> Iterator[PartFacts]:
    parts = planned.parts
    yield _part(planned, "Development", parts.development, _ROLES["development"])
    for fold in range(planned.order.folds):
        yield _part(planned, f"Fold {fold + 1}", parts.roles(fold).judge, _ROLES["fold"])
    yield _part(planned, "Calibration set", parts.calibration, _ROLES["calibration"])
    yield _part(planned, "Test set", parts.test, _ROLES["test"])


def _part(planned: PlannedPrognosis, name: str, subjects: Sequence[str], role: str) -> PartFacts:
    some = planned.patients.of(subjects)
    timed = some.outcomes().timed if subjects else {}
    events = {
        endpoint(one).title: int(((timed[one].cause == EVENT) & timed[one].known).sum()) if timed else 0
        for one in planned.order.timed
    }
    return PartFacts(name, len(subjects), events, role)


def _heads(one: JudgedEndpoint) -> HeadsFacts:
    follow_up, main = one.patients.follow_up, one.plan.main
    return HeadsFacts(
        title=endpoint(one.name).title,
        patients=len(follow_up),
        events=follow_up.events,
        horizon="" if main is None else duration(main, "years"),
        tau=one.plan.tau,
        null_brier=one.judgement.null_brier,
        models={name: _measures(found, main) for name, found in one.judgement.models.items()},
        baseline=BASELINE,
        seeds=one.seeds,
        absent=one.absent,
    )


def _measures(found: JudgedModel, main: float | None) -> HeadMeasures:
    curve = found.calibration.curve
    return HeadMeasures(
        harrell=found.harrell,
        difference=found.difference,
        uno=found.uno,
        auc=None if main is None else found.auc.get(main),
        brier=found.brier,
        slope=found.calibration.slope,
        ici=None if curve is None else curve.ici,
    )


def _learning(planned: PlannedPrognosis, number: int, standing: Standing) -> NetworkLearning:
    return NetworkLearning(
        number=number + 1,
        fold=planned.fold(number) + 1,
        seed=number // planned.order.folds + 1,
        best_epoch=standing.best_epoch,
        history=tuple(_epoch(row) for row in standing.history),
    )


def _epoch(row: EpochRow) -> OutcomeEpoch:
    heads = sorted(
        (name.removeprefix(_WEIGHT) for name in row.told if name.startswith(_WEIGHT)),
        key=lambda head: (head != JOINT, head),
    )
    weights = {head: _as_kept(row.told[_WEIGHT + head]) for head in heads}
    return OutcomeEpoch(
        row.epoch, _as_kept(row.loss), None if row.judged is None else _as_kept(row.judged), weights
    )


def _as_kept(value: float) -> float:
    """As `training.csv` tells it, so that a page of what was read again is the same."""
    return float(f"{value:.6g}")


def _settings(planned: PlannedPrognosis) -> Iterator[Fact]:
    order = planned.order
    settings, cube = order.settings, order.cube
    yield Fact("Endpoints", ", ".join(order.endpoints).replace("_", " "))
    yield Fact("Outputs", order.head)
    yield Fact("Given", {"both": "image and table"}.get(order.modalities, order.modalities))
    if order.modalities != "clinical":
        yield Fact("Image", f"{', '.join(cube.sequences)}; {cube.edge} voxels of {cube.spacing_mm:.3g} mm")
        yield Fact("Network", f"3D DenseNet, {', '.join(map(str, order.size.blocks))} layers")
    if planned.columns:
        yield Fact("Clinical columns", value_text(planned.columns))
    yield Fact("Networks", f"{order.folds} folds of {order.seeds}; seed {order.seed}")
    yield Fact("Blending", settings.blending)
    yield Fact("Epochs", f"{settings.epochs} at most; {settings.batch} patients in a step")
    yield Fact("Learning rate", f"{settings.learning_rate:g} at most")


def _hashes(planned: PlannedPrognosis, weights: Mapping[str, str]) -> Iterator[Fact]:
    yield Fact("Cohort", planned.order.cohort)
    yield Fact("Splits", planned.parts.sha256)
    yield Fact("Subjects of the test set", planned.parts.part_sha256("test"))
    yield Fact("Subjects of the calibration set", planned.parts.part_sha256("calibration"))
    yield from (Fact(name, digest) for name, digest in weights.items())
