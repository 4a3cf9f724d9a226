"""What the reading of a cell gives: its value, and what was odd about it. No remark holds the value.

What can be read in one way alone is read, with a remark where it is not the usual way. What can be read in
several ways, or in none, is an error.
"""

import datetime as dt
from typing import NamedTuple

from sarcoma_core.prognosis.clinical.findings import Remark
from sarcoma_core.prognosis.clinical.sheets import Cell
from sarcoma_core.prognosis.clinical.words import is_missing


class CellReading(NamedTuple):
    """What a cell holds: its value, None where it is missing or cannot be read, and what was odd."""

    value: float | str | dt.date | None
    remarks: tuple[Remark, ...] = ()


def wrong(kind: str, message: str) -> CellReading:
    """A cell that cannot be read."""
    return CellReading(None, (Remark("error", kind, message),))


def nothing_in(cell: Cell) -> CellReading | None:
    """The reading of a cell that holds nothing, or a fault; None where something is to be read."""
    if cell.fault:
        return wrong("failed formula", f"must hold a value; it holds {cell.fault}")
    if cell.blank:
        remark = Remark("note", "blank", "nothing stands here; it counts as missing")
    elif isinstance(cell.value, str) and is_missing(cell.value):
        remark = Remark("warning", "placeholder", "a mark for nothing; it counts as missing")
    else:
        return None
    return CellReading(None, (remark,))
