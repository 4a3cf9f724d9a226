"""Table 1: who the patients are, all of them and by group.

Mean and standard deviation (of a sample, n - 1); quartiles by linear interpolation between the two nearest
values, so that the k-th of n is the quantile (k - 1) / (n - 1).

Source: Hyndman and Fan, The American Statistician 1996, definition 7.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from sarcoma_core.errors import InputError
from sarcoma_core.report.measures import fixed, percent, unbroken

QUARTILES: Final = "linear"
"""The name of the definition in numpy; 7 of Hyndman and Fan."""
NOBODY = "none known"
_SEVERAL = 2
"""A deviation takes so many."""


@dataclass(frozen=True, eq=False)
class Characteristic:
    """One thing that is known of patients.

    Args:
        name: with its unit, e.g. `Age, years`.
        kind: numbers, or categories.
        values: of each patient; None, or NaN among numbers, where it is missing.
        decimals: of numbers.
        levels: categories in their order; by default those that occur, in alphabetical order.
    """

    name: str
    kind: Literal["number", "category"]
    values: Sequence[float | str | None]
    decimals: int = 1
    levels: tuple[str, ...] = ()


@dataclass(frozen=True)
class TableOneRow:
    """A line: what it tells, and that of each column."""

    name: str
    cells: tuple[str, ...]


@dataclass(frozen=True)
class TableOnePart:
    """The lines of one characteristic."""

    name: str
    rows: tuple[TableOneRow, ...]


@dataclass(frozen=True)
class TableOne:
    """The table.

    Args:
        grouped_by: what the columns are, e.g. `centre`; empty where there are no groups.
        columns: all patients, then the groups, with their n.
        parts: one for each characteristic.
    """

    grouped_by: str
    columns: tuple[str, ...]
    parts: tuple[TableOnePart, ...]


def table_one(
    characteristics: Sequence[Characteristic], groups: Sequence[str | None] = (), *, grouped_by: str = ""
) -> TableOne:
    """Describe patients.

    Args:
        characteristics: of the same patients, in the same order; one at least.
        groups: of each patient; who is in none counts among all alone. Empty where there are none.
        grouped_by: what the groups are.

    Raises:
        InputError: numbers of patients differ, or a category is none of the levels.
    """
    sizes = {len(one.values) for one in characteristics} | ({len(groups)} if groups else set())
    if len(sizes) != 1:
        raise InputError(f"values: must be one for each patient everywhere; found {sorted(sizes)} of them.")
    everybody = np.ones(sizes.pop(), np.bool_)
    members = {"All": everybody}
    for name in sorted({one for one in groups if one is not None}):
        members[name] = np.array([one == name for one in groups], np.bool_)
    columns = tuple(
        f"{name} {unbroken(f'(n = {fixed(int(chosen.sum()), 0)})')}" for name, chosen in members.items()
    )
    chosen_of = tuple(members.values())
    parts = tuple(
        _numbers(one, chosen_of) if one.kind == "number" else _categories(one, chosen_of)
        for one in characteristics
    )
    return TableOne(grouped_by if groups else "", columns, parts)


def _numbers(one: Characteristic, members: Sequence[NDArray[np.bool_]]) -> TableOnePart:
    values = np.array([math.nan if value is None else float(value) for value in one.values])
    known = [values[chosen & ~np.isnan(values)] for chosen in members]
    rows = [
        TableOneRow("Mean ± SD", tuple(_mean(part, one.decimals) for part in known)),
        TableOneRow("Median [Q1 to Q3] (range)", tuple(_median(part, one.decimals) for part in known)),
    ]
    return TableOnePart(one.name, (*rows, *_missing(np.isnan(values), members)))


def _mean(values: NDArray[np.float64], decimals: int) -> str:
    if not values.size:
        return NOBODY
    mean = fixed(float(values.mean()), decimals)
    return f"{mean} ± {fixed(float(values.std(ddof=1)), decimals)}" if values.size >= _SEVERAL else mean


def _median(values: NDArray[np.float64], decimals: int) -> str:
    if not values.size:
        return NOBODY
    parts = np.quantile(values, [0, 0.25, 0.5, 0.75, 1], method=QUARTILES)
    least, first, median, third, most = (fixed(float(part), decimals) for part in parts)
    return f"{unbroken(f'{median} [{first} to {third}]')} {unbroken(f'({least} to {most})')}"


def _categories(one: Characteristic, members: Sequence[NDArray[np.bool_]]) -> TableOnePart:
    told = [None if value is None else str(value) for value in one.values]
    missing = np.array([value is None for value in told], np.bool_)
    found = sorted({value for value in told if value is not None})
    levels = one.levels or tuple(found)
    strange = sum(value not in levels for value in found)
    if strange:
        raise InputError(f"levels: must hold every category of {one.name!r}; {strange} are not among them.")
    held = {level: np.array([value == level for value in told], np.bool_) for level in levels}
    rows = tuple(
        TableOneRow(
            level,
            tuple(_part(int((chosen & has).sum()), int((chosen & ~missing).sum())) for chosen in members),
        )
        for level, has in held.items()
    )
    return TableOnePart(one.name, (*rows, *_missing(missing, members)))


def _part(number: int, of: int) -> str:
    return f"{fixed(number, 0)}/{fixed(of, 0)} ({percent(number / of)})" if of else NOBODY


def _missing(missing: NDArray[np.bool_], members: Sequence[NDArray[np.bool_]]) -> tuple[TableOneRow, ...]:
    """How many are missing in each column; no line where nobody's is."""
    if not missing.any():
        return ()
    return (TableOneRow("Missing", tuple(fixed(int((chosen & missing).sum()), 0) for chosen in members)),)
