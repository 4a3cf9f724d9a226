"""The page of a training: how well the models do out of fold, how each was planned, and how it learned."""

from collections.abc import Iterator
from dataclasses import dataclass

from sarcoma_core import __version__
from sarcoma_core.report import line_plot, segmentation_strips
from sarcoma_core.report.facts import Fact, value_text
from sarcoma_core.report.line_plot import LinePlot
from sarcoma_core.report.measures import WithLimits, fixed, limits_text
from sarcoma_core.report.page import environment
from sarcoma_core.report.study import StudyTable
from sarcoma_core.report.terms import FirstUses
from sarcoma_core.report.training_curves_facts import TrainedMemberFacts, TrainingPageFacts
from sarcoma_core.report.training_curves_plots import learning_plots
from sarcoma_core.report.training_curves_tables import (
    out_of_fold_table,
    plan_facts,
    region_strips,
    worst_table,
)
from sarcoma_core.report.training_curves_terms import TRAINING_TERMS
from sarcoma_core.segmentation.definitions import DEFINED
from sarcoma_core.segmentation.evaluation.medians import Sampling, measured
from sarcoma_core.text import counted


@dataclass(frozen=True, eq=False)
class ShownMember:
    """A model as the page shows it.

    Args:
        facts: of it.
        id: of its section.
        verdict: what came of it, a sentence.
        cautions: sentences that a reader has to know.
        cases: what it learned from, a sentence.
        plan: how it was planned, line by line.
        plots: how its networks learned.
        worst: the worst sessions; None where none was judged.
    """

    facts: TrainedMemberFacts
    id: str
    verdict: str
    cautions: tuple[str, ...]
    cases: str
    plan: tuple[Fact, ...]
    plots: tuple[LinePlot, ...]
    worst: StudyTable | None


def render_training(title: str, facts: TrainingPageFacts) -> str:
    """The page, as text; equal arguments give equal text.

    Args:
        title: name of the set and the project.
        facts: what there is to show.
    """
    members = tuple(_shown(one, number) for number, one in enumerate(facts.members, 1))
    return (
        environment()
        .get_template("training_curves.html")
        .render(
            title=title,
            facts=facts,
            lede=_lede(facts),
            members=members,
            form=out_of_fold_table(facts.members),
            strips=region_strips(facts.members),
            strip=segmentation_strips,
            plot=line_plot,
            samples=value_text(Sampling().samples),
            hd95=DEFINED["directed"],
            first_use=FirstUses(TRAINING_TERMS),
            terms=TRAINING_TERMS,
            counted=counted,
            version=__version__,
        )
    )


def _lede(facts: TrainingPageFacts) -> str:
    ended = sum(one.has_ended for one in facts.members)
    parts = (
        (ended, "trained"),
        (len(facts.members) - ended, "not finished"),
        (len(facts.refused), "not trained"),
    )
    told = ", ".join(f"{number} {words}" for number, words in parts if number)
    whole = counted(len(facts.members) + len(facts.refused), "model")
    return f"{whole}: {told}" if told else whole


def _shown(one: TrainedMemberFacts, number: int) -> ShownMember:
    return ShownMember(
        facts=one,
        id=f"model-{number}",
        verdict=verdict(one),
        cautions=tuple(cautions(one)),
        cases=_cases(one),
        plan=plan_facts(one.plan),
        plots=learning_plots(one.networks, one.plan.epochs),
        worst=worst_table(one) if one.patients_judged(one.regions[0]) else None,
    )


def verdict(one: TrainedMemberFacts) -> str:
    """What came of a model, in a sentence.

    Args:
        one: the model.
    """
    if not one.has_ended:
        last = one.networks[-1] if one.networks else None
        at = f"network {max(1, len(one.networks))} of {one.of_networks}"
        return f"not finished: {at}, epoch {last.epochs if last else 0} of {one.plan.epochs} at most."
    region = one.regions[0]
    patients = one.patients_judged(region)
    if not patients:
        return "trained; nobody judged it."
    dice = measured(patients, Sampling())["dice"]
    limits = limits_text(WithLimits(dice.median or 0.0, dice.lower, dice.upper), 3)
    failed = sum(patient.failed for patient in patients)
    return (
        f"median Dice of {region} {fixed(dice.median, 3)}"
        + (f" (95 % limits {limits})" if limits else "")
        + f" out of fold, {counted(len(patients), 'patient')}; {failed or 'none'} failed."
    )


def cautions(one: TrainedMemberFacts) -> Iterator[str]:
    """What a reader of a model's numbers has to know.

    Args:
        one: the model.
    """
    judged = len({case.subject for case in one.judged})
    if one.has_ended and judged < one.patients:
        yield (
            f"Judged out of fold on {judged} of {counted(one.patients, 'patient')}: "
            f"{counted(one.of_networks, 'network')} of {len(one.folds)} folds."
        )
    last = sum(network.ended and network.best_epoch >= one.plan.epochs for network in one.networks)
    if last:
        yield (
            f"Of {last} of {counted(len(one.networks), 'network')} the last epoch was the best: "
            "more epochs may do better."
        )
    early = [n.epochs for n in one.networks if n.ended and n.epochs < one.plan.epochs]
    if early:
        yield (
            f"{counted(len(early), 'network')} ended early, after {min(early)} to {max(early)} epochs: "
            "the fold that judges had long seen nothing better."
        )


def _cases(one: TrainedMemberFacts) -> str:
    sizes = sorted(set(one.folds))
    each = f"{sizes[0]}" if len(sizes) == 1 else f"{sizes[0]} to {sizes[-1]}"
    dealt = f", dealt to {len(one.folds)} folds of {each}" if one.folds else ""
    return f"{counted(one.patients, 'patient')} with {counted(one.sessions, 'session')}{dealt}."
