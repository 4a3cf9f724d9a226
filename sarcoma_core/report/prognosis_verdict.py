"""What came of an endpoint in a sentence or two, by rule from its numbers: chance is told as chance."""

import math
from collections.abc import Iterator, Sequence
from typing import Final

from sarcoma_core.report.measures import WithLimits, fixed, limits_text, unbroken
from sarcoma_core.report.prognosis_facts import EndpointFacts, ModelPerformance

CHANCE: Final = 0.5
"""A concordance of who knows nothing."""
_DECIMALS: Final = 3
"""Limits count as they are told: what reads 0.500 is not above a half."""


def at_chance(found: WithLimits | None) -> bool:
    """Whether a concordance cannot be told from chance: it has no lower limit, or none above a half."""
    return found is None or found.lower is None or not round(found.lower, _DECIMALS) > CHANCE


def verdict(endpoint: EndpointFacts) -> str:
    """What came of it, a sentence."""
    if not endpoint.events:
        return "No patient had the event."
    if not endpoint.models:
        return "No model was judged."
    better = [(one, one.harrell) for one in endpoint.models if one.harrell and not at_chance(one.harrell)]
    if not better:
        return f"No model predicts better than chance here: {_of_chance(endpoint.models)}."
    best, found = max(better, key=lambda pair: pair[1].value)
    several = len(endpoint.models) > 1
    which = f"The best of {len(endpoint.models)} models" if several else "The model"
    told = f"{unbroken(f'C {fixed(found.value, _DECIMALS)}')}, {limits_text(found, _DECIMALS)}"
    brier = _of_brier(best.brier, endpoint.null_brier)
    return f"{which}, {best.model}, ranks patients better than chance ({told}), {brier}."


def _of_chance(models: Sequence[ModelPerformance]) -> str:
    """Why all are at chance: a C may lie below a half as well, or have no limits."""
    uppers = [one.harrell.upper if one.harrell else None for one in models]
    if all(upper is not None and round(upper, _DECIMALS) >= CHANCE for upper in uppers):
        return f"the limits of every C include {CHANCE}"
    return f"no C has a lower limit above {CHANCE}"


def _of_brier(found: float | None, baseline: float | None) -> str:
    if found is None or baseline is None or math.isnan(found) or math.isnan(baseline):
        return "and its Brier score could not be estimated"
    told = f"that of Kaplan-Meier ({fixed(found, _DECIMALS)} against {fixed(baseline, _DECIMALS)})"
    if round(found, _DECIMALS) < round(baseline, _DECIMALS):
        return f"and its Brier score is below {told}"
    return f"but its Brier score is not below {told}: the risks that it predicts tell no more than one curve"


def comparisons(endpoint: EndpointFacts) -> tuple[str, ...]:
    """How the later models stand to the first, sentences; none where every model is at chance."""
    if all(at_chance(one.harrell) for one in endpoint.models):
        return ()
    return tuple(_compared(endpoint.models))


def _compared(models: Sequence[ModelPerformance]) -> Iterator[str]:
    for one in models:
        found = one.difference
        if found is None or found.lower is None or found.upper is None:
            continue
        value = unbroken(f"C {fixed(found.value, _DECIMALS, sign=True)}")
        told = f"difference in {value}, {limits_text(found, _DECIMALS, sign=True)}"
        if round(found.lower, _DECIMALS) > 0:
            yield f"{one.model} ranks patients better than the first model ({told})."
        elif round(found.upper, _DECIMALS) < 0:
            yield f"{one.model} ranks patients worse than the first model ({told})."
        else:
            yield (
                f"{one.model} adds nothing to the first model that can be told from chance ({told}, which "
                "includes 0)."
            )
