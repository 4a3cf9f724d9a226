"""The clinical table as people keep it, and what is wrong with it, cell by cell.

A reader of tables is tested against both: what it must find, and what it must read off the rest.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np

from sarcoma_core.errors import UsageError
from sarcoma_core.phantom.clinical_rows import PhantomRow, write_csv
from sarcoma_core.phantom.outcomes import DAYS_PER_MONTH
from sarcoma_core.phantom.randomness import stream

Cell = str | int | float
"""Text, or a number where a spreadsheet holds one."""

HEADINGS: Mapping[str, str] = MappingProxyType(
    {
        "Patient ID": "subject",
        "Sex": "sex",
        "Age (y)": "age_years",
        "Date of surgery": "surgery_date",
        "Histology": "diagnosis",
        "FNCLCC grade": "grade",
        "Tumour size [mm]": "size_cm",
        "Volume (ml)": "volume_cm3",
        "Depth": "depth",
        "Site": "location",
        "M1 at diagnosis": "metastasis_at_presentation",
        "Neoadj. chemo": "neoadjuvant_chemotherapy",
        "RT": "radiotherapy",
        "OS (days)": "overall_survival_days",
        "Dead": "death",
        "Time to DM (days)": "distant_metastasis_days",
        "DM": "distant_metastasis",
        "Time to LR (days)": "local_recurrence_days",
        "LR": "local_recurrence",
    }
)
"""What people call each column of `PhantomRow`, in their order; they keep no session."""

FEWEST_PATIENTS, FEWEST_WOMEN = 12, 3
"""Each column needs a row of its own for everything that is planted in it; in that of the sex, of women."""

_TITLE = "Soft tissue sarcoma database, last changed by nobody knows whom"
_FOOTNOTES = ("* size as on the first MRI", "Abbreviations: DM, distant metastasis; LR, local recurrence")
_EXCEL_DAY_0 = dt.date(1899, 12, 30)  # serial 1 is 1900-01-01, and 1900 counts as a leap year

# What is planted in which column: the kind, and what it makes of the row's value
_Change = tuple[str, str, Callable[[PhantomRow], Cell]]
_CHANGES: tuple[_Change, ...] = (
    ("Sex", "full word", lambda _: "Female"),
    ("Sex", "other language", lambda _: "w"),
    ("Sex", "lower case", lambda _: "f"),
    ("Age (y)", "double hyphen", lambda _: "--"),
    ("Date of surgery", "Excel serial number", lambda row: (row.surgery_date - _EXCEL_DAY_0).days),
    ("Date of surgery", "day first", lambda row: f"{row.surgery_date:%d.%m.%Y}"),
    ("Histology", "trailing space", lambda row: f"{row.diagnosis} "),
    ("FNCLCC grade", "blank", lambda _: ""),
    ("Tumour size [mm]", "decimal comma", lambda row: f"{10 * row.size_cm:.1f}".replace(".", ",")),
    ("Tumour size [mm]", "not available", lambda _: "n/a"),
    ("Volume (ml)", "decimal comma", lambda row: f"{row.volume_cm3:.1f}".replace(".", ",")),
    ("Depth", "en dash", lambda _: "\N{EN DASH}"),
    ("RT", "trailing space", lambda row: f"{row.radiotherapy} "),
    ("OS (days)", "negative time", lambda row: -row.overall_survival_days),
    ("Time to DM (days)", "not available", lambda _: "n/a"),
)


@dataclass(frozen=True, slots=True)
class PlantedCell:
    """Something that a reader of the table must deal with.

    Args:
        row: of the file, from 1.
        heading: of the column; empty where it is about the whole row.
        kind: what it is, in a word or two.
    """

    row: int
    heading: str
    kind: str


@dataclass(frozen=True, slots=True)
class MessyTable:
    """The table and what is wrong with it.

    Args:
        rows: of cells; all are as wide as the header.
        header: number of its row in the file, from 1.
        planted: in the order of rows; wherever nothing is, a cell tells the truth.
    """

    rows: tuple[tuple[Cell, ...], ...]
    header: int
    planted: tuple[PlantedCell, ...]


def messy_table(patients: Sequence[PhantomRow], *, seed: int = 0) -> MessyTable:
    """Make the table of people from the table of a cohort.

    A title stands above the header, and below the patients a repeated one, their means, an empty row and
    footnotes. One column holds months although its heading says days.

    Args:
        patients: their rows, `FEWEST_PATIENTS` at least and `FEWEST_WOMEN` women among them.
        seed: of the choice which rows are hit.

    Raises:
        UsageError: there are too few patients or women.
    """
    women = sum(row.sex == "F" for row in patients)
    if len(patients) < FEWEST_PATIENTS or women < FEWEST_WOMEN:
        raise UsageError(
            f"patients: must be {FEWEST_PATIENTS} or more, with {FEWEST_WOMEN} women or more; found "
            f"{len(patients)} with {women}."
        )
    header = 2
    cells = [_cells(row) for row in patients]
    planted = [PlantedCell(1, "", "title"), PlantedCell(header, "Time to LR (days)", "months")]
    rng = stream(seed, "messy")
    columns = list(HEADINGS)
    free = {heading: rng.permutation(len(patients)).tolist() for heading in columns}
    for heading, kind, change in _CHANGES:
        hit = next(n for n in free[heading] if heading != "Sex" or patients[n].sex == "F")
        free[heading].remove(hit)
        cells[hit][columns.index(heading)] = change(patients[hit])
        planted.append(PlantedCell(header + 1 + hit, heading, kind))
    # As it was before anything was planted in it
    cells.append(_cells(patients[int(rng.integers(len(patients)))]))
    after = header + len(cells)
    below = [_means(patients), _only(""), *(_only(text) for text in _FOOTNOTES)]
    kinds = ["repeated patient", "summary", "empty row", *("footnote" for _ in _FOOTNOTES)]
    planted += [
        PlantedCell(after + n, "Patient ID" if kind == "footnote" else "", kind)
        for n, kind in enumerate(kinds)
    ]
    rows: list[list[Cell]] = [_only(_TITLE), [*columns], *cells, *below]
    return MessyTable(
        tuple(tuple(row) for row in rows),
        header,
        tuple(sorted(planted, key=lambda one: (one.row, columns.index(one.heading or "Patient ID")))),
    )


def write_messy_table(path: Path, table: MessyTable) -> None:
    """Write the table as CSV in UTF-8.

    Args:
        path: of the new file; its folder is made if need be.
        table: what to write.

    Raises:
        OutputError: the file exists, or cannot be written.
    """
    write_csv(path, table.rows)


def _cells(row: PhantomRow) -> list[Cell]:
    """A patient in people's columns, nothing planted but the months."""
    told: dict[str, Cell] = {
        **row._asdict(),
        "surgery_date": row.surgery_date.isoformat(),
        "size_cm": round(10 * row.size_cm, 1),
        "local_recurrence_days": round(row.local_recurrence_days / DAYS_PER_MONTH, 1),
    }
    return [told[column] for column in HEADINGS.values()]


def _means(patients: Sequence[PhantomRow]) -> list[Cell]:
    """The row that people add below: means of what is measured, before anything was planted."""
    measured = {"Age (y)", "Tumour size [mm]", "Volume (ml)", "OS (days)"}
    means = np.mean([[_number(cell) for cell in _cells(row)] for row in patients], axis=0)
    row: list[Cell] = [
        round(float(mean), 1) if heading in measured else ""
        for heading, mean in zip(HEADINGS, means, strict=True)
    ]
    return ["Mean", *row[1:]]


def _number(cell: Cell) -> float:
    return 0.0 if isinstance(cell, str) else float(cell)


def _only(text: str) -> list[Cell]:
    """A row with something in its first cell alone."""
    return [text, *[""] * (len(HEADINGS) - 1)]
