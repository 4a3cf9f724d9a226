"""What came of a comparison in sentences, by rule from its numbers: what cannot be told apart is told so."""

from collections.abc import Iterator

from sarcoma_core.report.measures import fixed, limits_text, listed, measure_text, unbroken
from sarcoma_core.report.model_comparison_facts import ComparedLine, EndpointComparison
from sarcoma_core.report.prognosis_verdict import at_chance
from sarcoma_core.text import counted

ALPHA = 0.05
"""Below which a p value after Holm counts as a finding."""
_DECIMALS = 3


def compared_verdict(endpoint: EndpointComparison) -> str:
    """How well the networks rank the patients of an endpoint, a sentence."""
    last = endpoint.lines[-1]
    who = f"{counted(endpoint.patients, 'patient')}, {counted(endpoint.events, 'event')}"
    if last.absent:
        return f"{last.model} was not run ({last.absent.rstrip('.')}), so nothing is compared with it; {who}."
    told = f"C {measure_text(last.harrell, _DECIMALS)}"
    if last.harrell is None:
        return f"C of {last.model} could not be estimated; {who}."
    if at_chance(last.harrell):
        return f"{last.model} cannot be told from chance ({told}); {who}."
    return f"{last.model} ranks patients better than chance ({told}); {who}."


def compared_sentences(endpoint: EndpointComparison) -> tuple[str, ...]:
    """How the other rows stand to the last, sentences; none where none was compared."""
    return tuple(_sentences(endpoint))


def _sentences(endpoint: EndpointComparison) -> Iterator[str]:
    compared = [line for line in endpoint.judged if line.difference is not None]
    told_apart = [line for line in compared if line.adjusted is not None and line.adjusted < ALPHA]
    for words, below in (("better than", True), ("worse than", False)):
        found = [line for line in told_apart if line.difference and (line.difference.value < 0) is below]
        if found:
            yield f"It ranks patients {words} {listed([_named(line) for line in found])}."
    rest = [line.model for line in compared if line not in told_apart]
    if rest:
        yield f"It cannot be told apart from {listed(rest)} (p after Holm {ALPHA} or above, or none)."


def flat_sentences(endpoint: EndpointComparison, folds: int) -> tuple[str, ...]:
    """Rows that tell the same of everybody in a fold or more, sentences.

    Args:
        endpoint: with its rows.
        folds: how many there are.
    """
    return tuple(
        f"{line.model}: in {line.flat} of {counted(folds, 'fold')} it tells the same of everybody, which is "
        "a C of 0.5 there."
        for line in endpoint.judged
        if line.flat
    )


def _named(line: ComparedLine) -> str:
    if line.difference is None:
        return line.model
    apart = unbroken(f"C {fixed(line.difference.value, _DECIMALS, sign=True)}")
    return f"{line.model} ({apart} against it, {limits_text(line.difference, _DECIMALS, sign=True)})"
