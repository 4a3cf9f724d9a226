"""The page of a training of `train-segmentation`: what its networks did, in the words of the report."""

from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING

from sarcoma_core.report.facts import Fact
from sarcoma_core.report.training_curves import render_training
from sarcoma_core.report.training_curves_facts import (
    EpochFacts,
    NetworkFacts,
    OutOfFoldCase,
    PlanFacts,
    TrainedMemberFacts,
    TrainingPageFacts,
    reasons_counted,
)
from sarcoma_core.training.segmentation.writing import LIMITS

if TYPE_CHECKING:
    from sarcoma_core.training.checkpoint import Standing
    from sarcoma_core.training.segmentation.member import MemberTraining, PlannedMember

PAGE = "training.html"


def training_page(
    title: str,
    trained: "Mapping[str, MemberTraining]",
    refused: Mapping[str, str],
    *,
    methods: str,
    again: str,
) -> str:
    """The page, as text.

    Args:
        title: of the page.
        trained: members by name, ended or not.
        refused: why a member could not be trained, by its name.
        methods: how they were trained, a sentence for a paper.
        again: the command with which an unfinished training goes on.
    """
    members = tuple(_member(name, found, again) for name, found in trained.items())
    hashes = [Fact(f"splits of {name}", found.planned.folds.sha256) for name, found in trained.items()]
    cohort = next((found.planned.order.cohort for found in trained.values()), "")
    facts = TrainingPageFacts(
        members,
        refused=tuple(refused.items()),
        limits=LIMITS,
        methods=methods,
        hashes=(Fact("cohort", cohort), *hashes) if trained else (),
    )
    return render_training(title, facts)


def _member(name: str, found: "MemberTraining", again: str) -> TrainedMemberFacts:
    planned = found.planned
    plan, cohort = planned.plan, planned.cohort
    dealt = planned.folds.repeats[0]
    return TrainedMemberFacts(
        name=name,
        regions=plan.regions,
        plan=PlanFacts(**{field.name: getattr(plan, field.name) for field in fields(PlanFacts)}),
        patients=cohort.patients,
        sessions=len(cohort.sources),
        left_out=reasons_counted(cohort.refused.values()),
        folds=tuple(list(dealt.values()).count(fold) for fold in range(planned.folds.folds)),
        of_networks=planned.order.networks,
        networks=tuple(_network(planned, number, one) for number, one in enumerate(found.standings)),
        judged=tuple(
            OutOfFoldCase(one.subject, one.session, one.network + 1, one.scores) for one in found.judged
        ),
        next_command="" if found.has_ended else again,
    )


def _network(planned: "PlannedMember", number: int, standing: "Standing") -> NetworkFacts:
    fold = planned.fold(number)
    judges = sum(one == fold for one in planned.folds.repeats[0].values())
    return NetworkFacts(
        fold=fold + 1,
        trained_on=planned.cohort.patients - judges,
        judged_on=judges,
        history=tuple(EpochFacts(row.epoch, row.loss, row.judged) for row in standing.history),
        best_epoch=standing.best_epoch,
        ended=standing.ended,
    )
