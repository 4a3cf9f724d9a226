"""A cell for a number with a unit."""

import datetime as dt
import math
import re
from collections.abc import Callable
from typing import Final

from sarcoma_core.prognosis.clinical.cell_readings import CellReading, nothing_in, wrong
from sarcoma_core.prognosis.clinical.findings import Remark
from sarcoma_core.prognosis.clinical.sheets import Cell
from sarcoma_core.prognosis.clinical.units import factor
from sarcoma_core.prognosis.clinical.variables import Quantity

_DASHES: Final = "\N{EN DASH}\N{EM DASH}\N{HYPHEN}\N{NON-BREAKING HYPHEN}"
_SERIALS: Final = (20_000, 73_050)
"""Days of a spreadsheet's calendar that are dates from 1954 to 2099: more than anybody is followed."""
_COMPACT: Final = (19_000_101, 20_991_231)
_YEARS: Final = (1900, 2100)
_OLD: Final = 89
"""The age above which rules of privacy have all ages told as one."""
_DIGITS: Final = 6
_CODE: Final = 9999


def read_quantity(cell: Cell, kind: Quantity, unit: str = "") -> CellReading:
    """A number.

    Args:
        cell: what stands there.
        kind: what it means.
        unit: that the heading names; empty for that of the table.
    """
    if (nothing := nothing_in(cell)) is not None:
        return nothing
    if isinstance(cell.value, bool):
        return wrong("truth value", f"must be a number ({kind.unit}); it is a truth value")
    if isinstance(cell.value, dt.date):
        return wrong(
            "date for number",
            f"must be a number ({kind.unit}); it is a date: programs make dates of texts like 3-5",
        )
    if isinstance(cell.value, float):
        return _in_range(cell.value, kind, unit)
    return _of_text(cell.text.replace("\N{MINUS SIGN}", "-"), kind, unit)


def _of_text(text: str, kind: Quantity, unit: str) -> CellReading:
    for pattern, reads in _FORMS:
        if found := pattern.fullmatch(text):
            return reads(found, kind, unit)
    if sum(bool(part) for part in re.split(r"[^\d.,]+", text)) > 1:
        return wrong("several numbers", f"must be one number ({kind.unit}); there are several, or a range")
    return wrong("no number", f"must be a number ({kind.unit}); it is a text")


def _number(found: re.Match[str], kind: Quantity, unit: str) -> CellReading:
    return _in_range(float(found[0]), kind, unit)


def _after_dash(_found: re.Match[str], kind: Quantity, _unit: str) -> CellReading:
    return wrong(
        "dash for minus", f"must be a number ({kind.unit}); a dash stands before it: a minus, or a slip?"
    )


def _top_coded(found: re.Match[str], kind: Quantity, unit: str) -> CellReading:
    age = int(found["from"]) if found["from"] else int(found["beyond"]) + 1
    if kind.unit == "years" and not unit and age > _OLD:
        return _in_range(float(age), kind, unit)
    return _bound(found, kind, unit)


def _bound(_found: re.Match[str], kind: Quantity, _unit: str) -> CellReading:
    return wrong("no exact number", f"must be one number ({kind.unit}); it is a bound or an estimate")


def _grouped(_found: re.Match[str], kind: Quantity, _unit: str) -> CellReading:
    return wrong(
        "ambiguous number",
        f"must be a number ({kind.unit}) with a decimal point and no other mark; "
        "this one can be read in two ways",
    )


def _decimal_comma(found: re.Match[str], kind: Quantity, unit: str) -> CellReading:
    remark = Remark("warning", "decimal comma", "a decimal comma; it is read as a point")
    return _in_range(float(found[0].replace(",", ".")), kind, unit, (remark,))


def _with_unit(found: re.Match[str], kind: Quantity, _unit: str) -> CellReading:
    if factor(found["unit"], kind.unit) is None:
        return wrong(
            "unknown unit", f"must be a number ({kind.unit}) alone; a text stands beside it, or another unit"
        )
    remark = Remark("warning", "unit in cell", "the unit in the cell counts, not that of the heading")
    return _in_range(float(found["number"].replace(",", ".")), kind, found["unit"], (remark,))


def _date(_found: re.Match[str], kind: Quantity, _unit: str) -> CellReading:
    return wrong("date for number", f"must be a number ({kind.unit}); it looks like a date")


_FORMS: Final[tuple[tuple[re.Pattern[str], Callable[[re.Match[str], Quantity, str], CellReading]], ...]] = (
    (re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)", re.ASCII), _number),
    (re.compile(rf"[{_DASHES}]\s*\d+([.,]\d+)?", re.ASCII), _after_dash),
    (re.compile(r"(?P<from>\d{1,4})\s*\+|(?:>|>=|≥)\s*(?P<beyond>\d{1,4})", re.ASCII), _top_coded),
    (re.compile(r"[<>~≤≥≈±]+.*|ca\.?\s.*|about\s.*|.*\d\s*\+", re.ASCII), _bound),
    (re.compile(r"[+-]?\d{1,3}([,.' ]\d{3})+([.,]\d+)?", re.ASCII), _grouped),
    (re.compile(r"[+-]?\d*,\d+", re.ASCII), _decimal_comma),
    (re.compile(r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}", re.ASCII), _date),
    (re.compile(r"(?P<number>[+-]?\d+(?:[.,]\d+)?)\s*(?P<unit>[a-zA-Z]+[\^]?[3³]?)\.?"), _with_unit),
)
"""How people write numbers, in the order in which they are tried."""


def _in_range(value: float, kind: Quantity, unit: str, remarks: tuple[Remark, ...] = ()) -> CellReading:
    scaled = round(value * (factor(unit, kind.unit) or 1), _DIGITS) if unit else value
    if math.isfinite(scaled) and kind.holds(scaled):
        code = Remark(
            "warning", "code for missing", "nines alone, which some write for nothing; it is read as a number"
        )
        return CellReading(scaled, (*remarks, code) if value == _CODE else remarks)
    return wrong(*_why_not(value, kind))


def _why_not(value: float, kind: Quantity) -> tuple[str, str]:
    if value < 0:
        return "negative", f"must be {kind.rule}; it is negative"
    if kind.unit == "years" and _YEARS[0] <= value <= _YEARS[1]:
        return "year for age", f"must be {kind.rule}; it looks like a year of birth"
    if kind.unit == "days" and any(low <= value <= high for low, high in (_SERIALS, _COMPACT)):
        return "date as number", f"must be {kind.rule}; it looks like a date that became a number"
    return "out of range", f"must be {kind.rule}; it is not: another unit, or a slip?"
