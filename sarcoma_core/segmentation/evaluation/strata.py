"""Parts of the patients, by site or histology or scanner: none so small that it tells of single ones.

A part of fewer than five patients is not shown and not tested. What is hidden could be computed back as the
whole less what is shown, where it is too little: so further parts are hidden, the smallest first, until those
that are hidden hold five patients or more together (complementary suppression). Lines of the table have
nearly the same patients: which part comes first is the same in all of them, else one line would show what
another hides.

Source: Hundepool et al., Statistical Disclosure Control, 2012, chapter 5.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from sarcoma_core.segmentation.evaluation.cases import NOT_TOLD, ModelGroup, VariableKey
from sarcoma_core.segmentation.evaluation.medians import (
    LEAST_PATIENTS,
    MeasureKey,
    MedianWithLimits,
    Sampling,
    ScoredPatient,
    measured,
)

Hidden = Literal["", "few", "protects"]
"""Why a part is hidden: it is small itself, or it keeps a small one from being computed back."""
HIDDEN_WORDS: Final[Mapping[Hidden, str]] = {
    "few": f"fewer than {LEAST_PATIENTS} patients",
    "protects": "hidden, so that a smaller part cannot be computed back",
}


@dataclass(frozen=True)
class StratumSummary:
    """A part of the patients of a group.

    Args:
        level: of the variable, or `NOT_TOLD`.
        hidden: why nothing of it is told; empty where it is.
        n: patients; None where it is hidden.
        n_failed: of these, with a case that failed; None likewise.
        measures: over all of them; none where it is hidden.
    """

    level: str
    hidden: Hidden = ""
    n: int | None = None
    n_failed: int | None = None
    measures: Mapping[MeasureKey, MedianWithLimits] | None = None


@dataclass(frozen=True)
class StratifiedGroup:
    """A group in parts, by one variable.

    Args:
        group: a line of the table.
        variable: by which it is parted.
        strata: by their names; what nothing tells comes last.
        values: of each part that is shown and told, the values of a measure, by its name: what a test takes.
    """

    group: ModelGroup
    variable: VariableKey
    strata: tuple[StratumSummary, ...]
    values: Mapping[MeasureKey, Mapping[str, tuple[float, ...]]]


def sizes(lines: Iterable[Sequence[ScoredPatient]], variable: VariableKey) -> Mapping[str, int]:
    """How many patients each part has over all lines of the table; who stands in several counts once.

    Args:
        lines: patients of each.
        variable: by which they are parted.
    """
    parts: defaultdict[str, set[str]] = defaultdict(set)
    for line in lines:
        for one in line:
            parts[one.strata.get(variable, NOT_TOLD)].add(one.subject)
    return {level: len(parts[level]) for level in sorted(parts)}


def suppressed(
    counts: Mapping[str, int], whole: Mapping[str, int] | None = None, least: int = LEAST_PATIENTS
) -> Mapping[str, Hidden]:
    """Which parts of a line are hidden, and why.

    Args:
        counts: patients of each part; together they are the line, which is known.
        whole: of each part over all lines, by which the smallest is told; those of the line where None.
        least: patients of a part that may be shown.
    """
    hidden: dict[str, Hidden] = {level: "few" for level, n in counts.items() if n < least}
    order = whole or counts
    for level in sorted(counts, key=lambda one: (order.get(one, 0), one)):
        if not hidden or sum(counts[one] for one in hidden) >= least:
            break
        hidden.setdefault(level, "protects")
    return hidden


def stratify(
    group: ModelGroup,
    variable: VariableKey,
    patients: Sequence[ScoredPatient],
    whole: Mapping[str, int],
    sampling: Sampling,
) -> StratifiedGroup | None:
    """The parts of a group by one variable; None where nothing tells it of any patient.

    Args:
        group: a line of the table.
        variable: that strata are told of.
        patients: of the group.
        whole: from `sizes`.
        sampling: of the bootstrap.
    """
    parts: defaultdict[str, list[ScoredPatient]] = defaultdict(list)
    for one in patients:
        parts[one.strata.get(variable, NOT_TOLD)].append(one)
    if not set(parts) - {NOT_TOLD}:
        return None
    hidden = suppressed({level: len(held) for level, held in parts.items()}, whole)
    order = sorted(parts, key=lambda level: (level == NOT_TOLD, level))
    strata = tuple(_stratum(level, parts[level], hidden.get(level, ""), sampling) for level in order)
    told = [one.level for one in strata if not one.hidden and one.level != NOT_TOLD]
    measures = {name for held in parts.values() for one in held for name in one.values}
    values = {
        name: {level: tuple(one.values[name] for one in parts[level] if name in one.values) for level in told}
        for name in measures
    }
    return StratifiedGroup(group, variable, strata, values)


def _stratum(
    level: str, patients: Sequence[ScoredPatient], hidden: Hidden, sampling: Sampling
) -> StratumSummary:
    if hidden:
        return StratumSummary(level, hidden)
    failed = sum(one.failed for one in patients)
    return StratumSummary(level, "", len(patients), failed, measured(patients, sampling))
