"""What came of a training of networks in sentences, and what to know before its numbers are believed."""

from collections.abc import Iterator, Sequence

from sarcoma_core.models.card import CardOpening, opened_before
from sarcoma_core.models.card_text import OPENED_BEFORE
from sarcoma_core.report.measures import fixed, listed, measure_text
from sarcoma_core.report.network_study_facts import HeadsFacts, NetworkStudyFacts
from sarcoma_core.text import counted


def heads_verdict(one: HeadsFacts) -> str:
    """How the networks stand to the baseline, in a sentence.

    Args:
        one: an endpoint.
    """
    first = next(iter(one.models), "")
    found = one.models.get(first)
    if found is None or found.harrell is None:
        return f"how well it is foretold cannot be said ({counted(one.events, 'event')})."
    told = f"{first} head, Harrell's C {measure_text(found.harrell, 3)} out of fold"
    beside = one.models.get(one.baseline)
    if beside is None or beside.harrell is None:
        return f"{told}; there is no clinical baseline to compare with."
    return f"{told}; {one.baseline} {measure_text(beside.harrell, 3)}: {_compared(one)}."


def _compared(one: HeadsFacts) -> str:
    apart = one.models[one.baseline].difference
    if apart is None or apart.lower is None or apart.upper is None:
        return "which is better cannot be said"
    if apart.upper < 0:
        return "the networks do better"
    if apart.lower > 0:
        return "the baseline does better"
    return "which is better is not shown"


def seeds_told(one: HeadsFacts) -> str:
    """How far the seeds lie apart, in a sentence.

    Args:
        one: an endpoint.
    """
    if len(one.seeds) < 2:  # noqa: PLR2004  a spread is between two
        return "One seed was trained: how far another would lie from it is not known."
    each = listed([fixed(value, 3) for value in one.seeds])
    apart = fixed(max(one.seeds) - min(one.seeds), 3)
    return f"Harrell's C of each of {len(one.seeds)} seeds alone: {each}; {apart} apart. None was picked."


def study_cautions(facts: NetworkStudyFacts) -> tuple[str, ...]:
    """What a reader has to know before the numbers are believed.

    Args:
        facts: of the page.
    """
    return tuple(_cautions(facts))


def _cautions(facts: NetworkStudyFacts) -> Iterator[str]:
    for one in facts.endpoints:
        if one.absent:
            yield f"{one.title}: there is no clinical baseline. {one.absent}"
    late = [one for one in facts.networks if one.best_epoch >= facts.epochs]
    if late:
        yield (
            f"Of {len(late)} of {counted(len(facts.networks), 'network')} the last epoch was the best: "
            "more epochs may do better."
        )
    if facts.graded:
        yield "The grade is foretold as well; how well is not judged here."


def again_told(openings: Sequence[CardOpening]) -> str:
    """That the same patients were opened more than once; empty where they were not.

    Args:
        openings: of the test set, the first one first.
    """
    again = sum(opened_before(openings))
    if not again:
        return ""
    return f"{counted(again, 'opening')} of the test set came after another: {OPENED_BEFORE}."
