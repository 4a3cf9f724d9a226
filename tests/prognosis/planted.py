"""A clean clinical table of 40 patients, and one fault at a time planted into it.

Each fault says what a statistician asks of it:

- *error*: as it stands it is a wrong number, a lost value or a false patient, and people alone know better;
- *warning*: something contradicts itself, and the person must be shown it;
- *told*: there is one reading alone, or it is plainly missing; read so, and say so.

What is stronger than asked for is as good. What is read, where anything is read, stands in `reads`.
"""

import csv
import datetime as dt
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from sarcoma_core.prognosis.clinical.findings import SEVERITIES
from sarcoma_core.prognosis.clinical.table import ClinicalRow, ClinicalTable

TODAY = dt.date(2025, 1, 1)
PATIENTS = 40
ALIVE, DEAD, OTHER = 12, 20, 30
"""Lines of three patients whose every cell is filled: one without an event, one with all, one more."""
MISSING = None
REMARKS = "Bemerkung"
HEADER = (
    *("centre", "subject", "sex", "age_years", "surgery_date", "diagnosis", "location", "grade", "depth"),
    *("volume_cm3", "size_cm", "radiotherapy", "neoadjuvant_chemotherapy", "metastasis_at_presentation"),
    *("overall_survival_days", "death", "local_recurrence_days", "local_recurrence"),
    *("distant_metastasis_days", "distant_metastasis", "session", REMARKS),
)
"""The canonical columns in another order, and one of free text."""

Cells = dict[str, str]


@dataclass
class Grid:
    """A table as cells of text, as an editor shows it: the heading is line 1."""

    header: list[str]
    rows: list[list[str]]

    def at(self, line: int, column: str) -> str:
        return self.rows[line - 2][self.header.index(column)]

    def put(self, line: int, column: str, text: str) -> None:
        self.rows[line - 2][self.header.index(column)] = text

    def rename(self, old: str, new: str) -> None:
        self.header[self.header.index(old)] = new

    def each(self, column: str, change: Callable[[str], str]) -> None:
        """Change each cell of a column that is filled."""
        place = self.header.index(column)
        for row in self.rows:
            row[place] = change(row[place]) if row[place] else ""

    def line_of(self, first: str, column: str = "subject") -> list[str]:
        """A row with one cell alone."""
        return [first if name == column else "" for name in self.header]

    def text(self, separator: str = ";", end: str = "\r\n") -> str:
        stream = io.StringIO()
        writer = csv.writer(stream, delimiter=separator, lineterminator=end)
        writer.writerow(self.header)
        writer.writerows(self.rows)
        return stream.getvalue()

    def write(self, path: Path) -> Path:
        """As a German or French Excel does: semicolons, CRLF, and a mark of UTF-8 in front."""
        path.write_bytes(self.text().encode("utf-8-sig"))
        return path


def clean_grid() -> Grid:
    """The clean table: nothing in it deserves more than a note, odd as it is."""
    rng = np.random.default_rng(7)
    rows = [_patient(rng, number) for number in range(1, PATIENTS + 1)]
    rows[0] |= {"age_years": "93", "centre": "Hôpital Édouard-Herriot"}
    rows[1] |= {"age_years": "90+", REMARKS: "Größe laut Befund; MRT außerhalb, 3 Ödeme"}
    rows[2] |= {"age_years": "17", "subject": "MUC-007_b.2"}
    rows[3] |= {"size_cm": "30", "volume_cm3": "9500", "location": "retroperitoneum"}
    rows[4] |= _story("1", ".1", ("0", ""), ("0", "")) | {REMARKS: "died on the table"}
    rows[5] |= {"metastasis_at_presentation": "yes"} | _story("1", "411", ("1", "0"), ("0", "411"))
    rows[6] |= {"metastasis_at_presentation": "yes"} | _story("0", "733", ("", ""), ("0", "733"))
    rows[7] |= {"grade": "", "volume_cm3": ""}
    rows[8] |= {"surgery_date": "", "centre": "", "radiotherapy": ""}
    rows[ALIVE - 2] |= {"age_years": "61", "sex": "F", "size_cm": "8", "volume_cm3": "120", "grade": "3"}
    rows[ALIVE - 2] |= {"surgery_date": "2010-03-25", **_story("0", "1500", ("0", "1500"), ("0", "1500"))}
    rows[DEAD - 2] |= {"age_years": "54", "sex": "M", "surgery_date": "2011-06-16"}
    rows[DEAD - 2] |= _story("1", "800", ("1", "400"), ("1", "300"))
    rows[OTHER - 2] |= {"age_years": "47", "sex": "M", "size_cm": "6.5", "volume_cm3": "88.5"}
    rows[OTHER - 2] |= {"surgery_date": "2012-10-31", **_story("0", "2100", ("1", "950"), ("0", "2100"))}
    return Grid(list(HEADER), [[row[column] for column in HEADER] for row in rows])


def _patient(rng: np.random.Generator, number: int) -> Cells:
    size = round(float(np.clip(rng.lognormal(2.0, 0.5), 1.5, 22)), 1)
    volume = round(np.pi / 6 * size**3 * rng.uniform(0.35, 0.9), 1)
    days = int(rng.integers(200, 4000))
    dead, spread, back = (bool(part) for part in rng.random(3) < (0.35, 0.3, 0.15))
    story = _story(
        str(int(dead)),
        str(days),
        ("1", str(int(days * rng.uniform(0.2, 0.8)))) if spread else ("0", str(days) if number % 2 else ""),
        ("1", str(int(days * rng.uniform(0.1, 0.7)))) if back else ("0", str(days) if number % 3 else ""),
    )
    return {
        "centre": ("Leiden", "Universitätsklinikum Tübingen")[number % 2],
        "subject": f"STS_{number:03}",
        "session": "",
        "sex": str(rng.choice(["F", "M"])),
        "age_years": str(int(rng.integers(25, 85))),
        "surgery_date": (dt.date(2008, 1, 1) + dt.timedelta(days=int(rng.integers(0, 2000)))).isoformat(),
        "diagnosis": str(rng.choice(["myxofibrosarcoma", "leiomyosarcoma", "synovial sarcoma"])),
        "location": str(rng.choice(["lower limb", "upper limb", "trunk"])),
        "grade": str(rng.integers(1, 4)),
        "depth": str(rng.choice(["deep", "superficial"])),
        "volume_cm3": str(volume),
        "size_cm": str(size),
        "radiotherapy": str(rng.choice(["none", "preoperative", "postoperative"])),
        "neoadjuvant_chemotherapy": str(rng.choice(["no", "yes"])),
        "metastasis_at_presentation": "no",
        REMARKS: "",
        **story,
    }


def _story(death: str, days: str, metastasis: tuple[str, str], recurrence: tuple[str, str]) -> Cells:
    names = ("death", "overall_survival_days", "distant_metastasis", "distant_metastasis_days")
    story = dict(zip(names, (death, days, *metastasis), strict=True))
    return story | dict(zip(("local_recurrence", "local_recurrence_days"), recurrence, strict=True))


def value_of(row: ClinicalRow, column: str) -> object:
    """What stands in a column of a patient; None where nothing does."""
    plain = {"subject": row.subject, "centre": row.centre or None, "surgery_date": row.date}
    return plain.get(column, row.values.get(column, row.events.get(column, row.days.get(column))))


def row_at(table: ClinicalTable, line: int) -> ClinicalRow | None:
    """The patient that came from a line."""
    return next((row for row in table.rows if row.line == line), None)


Must = Literal["error", "warning", "told"]


@dataclass(frozen=True)
class Fault:
    """One fault.

    Args:
        name: of its kind.
        change: plants it.
        must: the least that is to be said of it.
        line: where; 0 where it may be said of the whole table or of any line.
        column: of a cell or a column; empty where the finding may be of the line.
        reads: what may stand in its cell if the table is used in spite of it; empty where that is no matter.
        summed: one finding for the whole column will do.
        also: other lines that may be blamed too.
        text: what was planted; it stands in no message.
        raw: changes the text of the file.
    """

    name: str
    change: Callable[[Grid], object]
    must: Must = "error"
    line: int = ALIVE
    column: str = ""
    reads: tuple[object, ...] = ()
    summed: bool = False
    also: tuple[int, ...] = ()
    text: str = ""
    raw: Callable[[str], str] = field(default=str)

    def write(self, path: Path) -> Path:
        grid = clean_grid()
        self.change(grid)
        path.write_bytes(self.raw(grid.text()).encode("utf-8-sig"))
        return path

    def heard(self, severity: str) -> bool:
        """Whether that is grave enough."""
        least = {"error": 0, "warning": 1, "told": 2}[self.must]
        return SEVERITIES.index(severity) <= least


def cell(
    name: str,
    column: str,
    text: str,
    *reads: object,
    must: Must | None = None,
    line: int = ALIVE,
    summed: bool = False,
) -> Fault:
    """A fault of one cell: an error, or to be told where there is a way to read it."""
    must = must or ("told" if reads else "error")
    return Fault(
        f"{name} in {column}",
        lambda grid: grid.put(line, column, text),
        must,
        line,
        column,
        reads,
        summed,
        text=text,
    )


def cells(name: str, must: Must, line: int, /, **texts: str) -> Fault:
    """A fault that lies between the cells of a patient."""

    def change(grid: Grid) -> None:
        for column, text in texts.items():
            grid.put(line, column, text)

    return Fault(name, change, must, line)


def extra_line(name: str, row: Callable[[Grid], list[str]], line: int = ALIVE) -> Fault:
    """A line that is no patient, put in front of the one that stood there."""
    return Fault(name, lambda grid: grid.rows.insert(line - 2, row(grid)), "error", line)


def column_wide(name: str, must: Must, column: str, change: Callable[[Grid], object]) -> Fault:
    """A fault of a whole column."""
    return Fault(name, change, must, 0, column, also=tuple(range(1, PATIENTS + 2)))
