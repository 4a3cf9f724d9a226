"""What the sub-commands of `sarcoma readers` share: how rows are shown, what to type next, who reads what."""

import argparse
import csv
import shlex
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from sarcoma_core.cli.xnat_arguments import show
from sarcoma_core.text import printable

if TYPE_CHECKING:
    from sarcoma_core.cli.readers_place import ReadersPlace
    from sarcoma_core.segmentation.readers.records import Assignments

_FORMULA = ("=", "+", "@")
"""What a spreadsheet would take the beginning of a cell for a formula by."""


def show_rows(
    arguments: argparse.Namespace, title: str, columns: Sequence[str], rows: Sequence[NamedTuple], *, ids: str
) -> None:
    """Show rows as the arguments ask.

    Args:
        arguments: of a sub-command.
        title: the table's title.
        columns: names of the cells, for CSV without a row.
        rows: all of one kind; may be none.
        ids: the field that `--quiet` prints.
    """
    if arguments.quiet or arguments.output != "csv":
        show(arguments, title, rows, ids=ids)
        return
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(value) for value in row] for row in rows)


def command(place: "ReadersPlace", action: str, *words: str) -> str:
    """A command of `sarcoma readers`, to be pasted."""
    return shlex.join(["sarcoma", "readers", action, *place.words, *words])


def assignments_of(place: "ReadersPlace") -> "Assignments":
    """Who reads what.

    Raises:
        UsageError: nothing is assigned; with the command that assigns.
        ArchiveError: what stands is damaged.
    """
    from sarcoma_core.segmentation.readers.book import require_assignments

    return require_assignments(place.book, assign=command(place, "assign", "--readers", "anna,ben"))


def _cell(value: object) -> str:
    text = "" if value is None else printable(str(value))
    return f"'{text}" if text.startswith(_FORMULA) else text
