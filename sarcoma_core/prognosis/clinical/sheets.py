"""A table of people as lines of cells, whatever file or server it came from."""

import datetime as dt
import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from sarcoma_core.errors import InputError
from sarcoma_core.prognosis.clinical.findings import TableFinding

MOST_LINES: Final = 100_000

CellValue = str | float | bool | dt.date | None


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in a cell.

    Args:
        value: a text without blanks around it, a number, a truth value or a date; None where it is blank.
        fault: why it cannot be read, such as a formula that failed; empty else.
        padded: whether there were blanks around the text, or letters that cannot be seen in it.
        broken: whether it went over several lines.
    """

    value: CellValue
    fault: str = ""
    padded: bool = False
    broken: bool = False

    @property
    def blank(self) -> bool:
        """Whether nothing stands in it."""
        return self.value is None and not self.fault

    @property
    def text(self) -> str:
        """As a person reads it; a whole number has no point."""
        if isinstance(self.value, bool):
            return str(self.value).lower()
        if isinstance(self.value, float) and self.value.is_integer():
            return str(int(self.value))
        return "" if self.value is None else str(self.value)


BLANK: Final = Cell(None)


def text_cell(text: str) -> Cell:
    """A cell of a text; a formula that failed is a fault.

    Blanks that do not break and line ends are blanks; what cannot be seen is dropped.
    """
    seen = "".join(one for one in text if unicodedata.category(one) not in _UNSEEN or one.isspace())
    tidy = " ".join(seen.split())
    if _FAILED.fullmatch(tidy):
        return Cell(None, "a formula that failed")
    return Cell(tidy or None, padded=bool(tidy) and tidy != text, broken=len(text.strip().splitlines()) > 1)


_FAILED = re.compile(r"#(REF|DIV/0|VALUE|NAME|NUM|NULL|SPILL|CALC)[!?]?")
"""What stands in a cell whose formula failed; `#N/A` is what people write for nothing, too."""
_UNSEEN: Final = ("Cc", "Cf")
"""Categories of letters without a picture: control characters, zero-width blanks, marks of byte order."""


@dataclass(frozen=True, slots=True)
class SheetLine:
    """A line of a sheet: its number, counted from 1 as programs show it, and its cells."""

    number: int
    cells: tuple[Cell, ...]

    @property
    def filled(self) -> tuple[int, ...]:
        """The places of the cells that are not blank."""
        return tuple(place for place, cell in enumerate(self.cells) if not cell.blank)

    def at(self, place: int) -> Cell:
        """The cell in a place; a short line is blank at its end."""
        return self.cells[place] if place < len(self.cells) else BLANK


@dataclass(frozen=True)
class Sheet:
    """A table as a file holds it.

    Args:
        lines: all of them, blank ones included.
        holds_notes: whether it is a sheet for people, in which notes may stand below the table; a CSV file
            is one for programs, and has patients alone.
        findings: what is odd about the file itself.
        name: of the sheet of a workbook; empty for CSV.
        hidden: places of columns that the program does not show.
        visible: whether the program shows the sheet.
        counts_from_1904: whether a number that stands for a date counts days from 1904, as some programs do.
    """

    lines: tuple[SheetLine, ...]
    holds_notes: bool
    findings: tuple[TableFinding, ...] = ()
    name: str = ""
    hidden: frozenset[int] = frozenset()
    visible: bool = True
    counts_from_1904: bool = False


def no_table(rule: str) -> InputError:
    """The error of a file that cannot be read at all."""
    return InputError(
        f"TABLE: must {rule}.",
        hint="In the spreadsheet program: Save as, Excel workbook (.xlsx) or CSV UTF-8 (.csv).",
    )
