"""The page over many sessions: what became of each, and the way to its own report."""

from collections.abc import Sequence
from dataclasses import dataclass

from sarcoma_core import __version__
from sarcoma_core.report.page import environment


@dataclass(frozen=True)
class StudyRow:
    """A line of a table.

    Args:
        name: what it is about.
        cells: the other columns.
        link: relative address of the page about it, or empty.
    """

    name: str
    cells: tuple[str, ...]
    link: str = ""


@dataclass(frozen=True)
class StudyTable:
    """A table of the page; `columns` has one word for the name and one for each cell."""

    id: str
    title: str
    caption: str
    columns: tuple[str, ...]
    rows: tuple[StudyRow, ...]


def render_study(title: str, lede: str, tables: Sequence[StudyTable]) -> str:
    """The page, as text; equal arguments give equal text.

    Args:
        title: name of the study.
        lede: its result in one sentence, without a full stop.
        tables: what there is to tell, the sessions first.
    """
    page = environment().get_template("study.html")
    return page.render(title=title, lede=lede, tables=tables, version=__version__)
