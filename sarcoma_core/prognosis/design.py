"""From what is known of patients to the numbers that a model takes: learned on those of the training alone.

Numbers are centred; a missing one is filled in, with a column that says so where that is not rare. Levels
become columns of 0 and 1 beside the most frequent one. All that is learned is of five patients or more, and
rounded: from exact means of two cohorts that differ in one patient that patient could be told.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from sarcoma_core.errors import InputError
from sarcoma_core.prognosis.clinical.table import Value
from sarcoma_core.prognosis.clinical.variables import BY_NAME, Known, Levels, require_known
from sarcoma_core.survival.cox_likelihood import Matrix
from sarcoma_core.survival.follow_up import Floats1

LEAST: Final = 5
"""Patients that share whatever is learned and told."""
DIGITS: Final = 2
"""Significant digits of means, medians and spreads."""
SHARE_STEP: Final = 0.05
"""To which shares of levels are rounded."""
Values = Mapping[str, Value]
"""What is known of a patient by name: variables of the table, and features of the image as numbers."""


@dataclass(frozen=True, slots=True)
class DesignRules:
    """What a model is to be made of.

    Args:
        variables: names of variables of the table.
        features: names of features of the image, all of them numbers.
        logs: names of those whose logarithm counts; their values are above 0.
        scale: whether numbers are divided by their standard deviation.
        rare: levels of fewer patients are joined; `LEAST` or more.
        when: the prediction is made.
    """

    variables: tuple[str, ...]
    features: tuple[str, ...] = ()
    logs: tuple[str, ...] = ()
    scale: bool = False
    rare: int = LEAST
    when: Known = "before surgery"

    def __post_init__(self) -> None:
        require_known(self.variables, self.when)
        if self.rare < LEAST:
            raise InputError(f"rare: must be {LEAST} or more; found {self.rare}.")


@dataclass(frozen=True, slots=True)
class NumberColumn:
    """A number, or levels in an order, counted from 0.

    Args:
        name: of the variable.
        log: whether its logarithm counts, which is what all below is of.
        fill: for a missing value: the median of the training, as `blurred_median` has it, rounded.
        centre: that is taken off: about the mean of the training, missing values filled in.
        spread: that it is divided by: about its standard deviation.
        tells_missing: whether a second column is 1 where the value is missing.
    """

    name: str
    log: bool
    fill: float
    centre: float
    spread: float
    tells_missing: bool

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of its columns."""
        return (self.name, f"{self.name}: missing") if self.tells_missing else (self.name,)

    def matrix(self, patients: Sequence[Values]) -> Matrix:
        """Its columns, shape (n, columns)."""
        found = _numbers(self.name, patients, log=self.log)
        missing = np.isnan(found)
        number = (np.where(missing, self.fill, found) - self.centre) / self.spread
        return np.column_stack([number, missing] if self.tells_missing else [number]).astype(np.float64)


@dataclass(frozen=True, slots=True)
class LevelColumns:
    """Levels without an order.

    Args:
        name: of the variable.
        reference: the most frequent level, whose columns are all 0.
        levels: those with a column of their own.
        other: whether there is a column for all others, and for who has none.
        means: of the columns in the training: what those others get where they have no column.
    """

    name: str
    reference: str
    levels: tuple[str, ...]
    other: bool
    means: tuple[float, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of its columns."""
        told = (*self.levels, "other or unknown") if self.other else self.levels
        return tuple(f"{self.name}: {level}" for level in told)

    def matrix(self, patients: Sequence[Values]) -> Matrix:
        """Its columns, shape (n, columns)."""
        told = [str(patient.get(self.name, "")) for patient in patients]
        found = np.array([[one == level for level in self.levels] for one in told], np.float64)
        found = found.reshape(len(told), len(self.levels))
        strange = np.array([one != self.reference and one not in self.levels for one in told], np.bool_)
        if self.other:
            return np.column_stack([found, strange]).astype(np.float64)
        found[strange] = self.means
        return found


Part = NumberColumn | LevelColumns


@dataclass(frozen=True)
class Design:
    """What was learned.

    Args:
        parts: one for each variable that is used.
        when: the prediction is made.
        left_out: why a variable or a column is not used, by its name.
    """

    parts: tuple[Part, ...]
    when: Known
    left_out: Mapping[str, str]

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(name for part in self.parts for name in part.columns if name not in self.left_out)

    def matrix(self, patients: Sequence[Values]) -> Matrix:
        """The numbers that a model takes, shape (n, columns).

        Raises:
            InputError: a value is none of its variable.
        """
        names = [name for part in self.parts for name in part.columns]
        whole = np.hstack([np.zeros((len(patients), 0)), *(part.matrix(patients) for part in self.parts)])
        return np.asarray(whole[:, [name not in self.left_out for name in names]], np.float64)


def fit_design(patients: Sequence[Values], rules: DesignRules) -> Design:
    """Learn a design.

    Args:
        patients: of the training, and no others.
        rules: what it is to be made of.

    Raises:
        UsageError: a variable is not known when the prediction is made.
        InputError: a value is none of its variable, or no variable can be used.
    """
    parts: list[Part] = []
    left_out: dict[str, str] = {}
    for name in (*rules.variables, *rules.features):
        part = _levels(name, patients, rules) if _has_levels(name) else _number(name, patients, rules)
        if isinstance(part, str):
            left_out[name] = part
        else:
            parts.append(part)
    left_out |= dict(_repeated(parts, patients))
    design = Design(tuple(parts), rules.when, left_out)
    if not design.columns:
        raise InputError(f"variables: must vary between {LEAST} patients at least; none does.")
    return design


def blurred_median(values: Floats1) -> float:
    """The mean of the five values around the median, or of six where n is even: nobody's own value.

    Args:
        values: five or more.
    """
    ordered = np.sort(values)
    half = values.size // 2
    return float(ordered[half - 2 - (values.size % 2 == 0) : half + 3].mean())


def rounded(value: float) -> float:
    """A number with the digits that may leave the site: two."""
    return float(f"{value:.{DIGITS}g}")


def _has_levels(name: str) -> bool:
    kind = BY_NAME[name].kind if name in BY_NAME else None
    return isinstance(kind, Levels) and not kind.ordered


def _numbers(name: str, patients: Sequence[Values], *, log: bool) -> Floats1:
    """A variable of each patient as a number; NaN where it is missing."""
    kind = BY_NAME[name].kind if name in BY_NAME else None
    words = kind.words if isinstance(kind, Levels) else ()
    found = np.array([_of_word(patient.get(name), words) for patient in patients], np.float64)
    if np.isinf(found).any() or (log and (found <= 0).any()):
        raise InputError(f"{name}: must be {'above 0 and ' if log else ''}finite; one is not.")
    return np.log(found) if log else found


def _of_word(value: Value | None, words: tuple[str, ...]) -> float:
    if isinstance(value, str):
        return float(words.index(value)) if value in words else float("nan")
    return float("nan") if value is None else float(value)


def _number(name: str, patients: Sequence[Values], rules: DesignRules) -> NumberColumn | str:
    found = _numbers(name, patients, log=name in rules.logs)
    missing = np.isnan(found)
    known = found[~missing]
    if known.size < LEAST:
        return f"known of fewer than {LEAST} patients"
    _, counts = np.unique(known, return_counts=True)
    if known.size - int(counts.max()) < LEAST:
        return f"fewer than {LEAST} patients differ in it from the others"
    fill = rounded(blurred_median(known))
    filled = np.where(missing, fill, found)
    spread = rounded(float(filled.std())) if rules.scale else 1.0
    centre = rounded(float(filled.mean()))
    return NumberColumn(name, name in rules.logs, fill, centre, spread, int(missing.sum()) >= LEAST)


def _levels(name: str, patients: Sequence[Values], rules: DesignRules) -> LevelColumns | str:
    told = [str(patient.get(name, "")) for patient in patients]
    counts = Counter(level for level in told if level)
    common = sorted(
        (level for level in counts if counts[level] >= rules.rare), key=lambda one: (-counts[one], one)
    )
    if not common:
        return f"no level of {rules.rare} patients"
    reference, *levels = common
    others = len(told) - sum(counts[level] for level in common)
    if not levels and others < LEAST:
        return f"fewer than {LEAST} patients differ in it from the others"
    known = len(told) - (0 if others >= LEAST else others)
    means = tuple(round(SHARE_STEP * round(counts[level] / known / SHARE_STEP), 2) for level in levels)
    return LevelColumns(name, reference, tuple(levels), others >= LEAST, means)


def _repeated(parts: Sequence[Part], patients: Sequence[Values]) -> Iterator[tuple[str, str]]:
    """Columns that are the same as an earlier one, such as what is missing in the same patients."""
    seen: dict[bytes, str] = {}
    for part in parts:
        for name, column in zip(part.columns, part.matrix(patients).T, strict=True):
            first = seen.setdefault(np.ascontiguousarray(column).tobytes(), name)
            if first != name:
                yield name, f"the same as {first}"
