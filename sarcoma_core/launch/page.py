"""The study's page: what a run came to, with links to the report of each session."""

import os
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

from sarcoma_core.archive.roles import ROLES_LABEL
from sarcoma_core.errors import ArchiveError
from sarcoma_core.launch.chain import SessionResult
from sarcoma_core.launch.summary import SeriesLine, SessionLine, lede, series_lines, session_line
from sarcoma_core.provenance import read_record
from sarcoma_core.report.roles import roles_of
from sarcoma_core.report.study import StudyRow, StudyTable, render_study

ROLES_COLUMN = "chosen series"


def write_page(
    path: Path, title: str, results: tuple[SessionResult, ...], extra: Iterable[StudyTable] = ()
) -> Path:
    """Write the page over all sessions of a run.

    Args:
        path: where to.
        title: name of the study.
        results: what the run came to.
        extra: more tables, after the sessions and their series.

    Raises:
        OSError: the disk is full or read-only.
    """
    roles = tuple(_roles(result) for result in results)
    with_roles = any(roles)
    sessions = StudyTable(
        "sessions",
        "Sessions",
        "What became of each session; its name leads to its report.",
        (*SessionLine._fields, *((ROLES_COLUMN,) if with_roles else ())),
        tuple(
            _session_row(path, result, (told,) if with_roles else ())
            for result, told in zip(results, roles, strict=True)
        ),
    )
    series = StudyTable(
        "series",
        "Series",
        "How far each series came, and why no further.",
        SeriesLine._fields,
        tuple(StudyRow(line.session, tuple(line[1:])) for result in results for line in series_lines(result)),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render_study(title, lede(results), (sessions, series, *extra)), encoding="utf-8")
    return path


def _roles(result: SessionResult) -> str:
    """Which series a session has for which role, and how many of them a person has to look at."""
    try:
        return roles_of(read_record(result.session.resource(ROLES_LABEL))).line
    except ArchiveError:
        return ""  # a damaged manifest is told where it is used: by the step that reads it


def _session_row(path: Path, result: SessionResult, more: tuple[str, ...]) -> StudyRow:
    line = session_line(result)
    report = result.session.resource("REPORT") / "report.html"
    link = quote(Path(os.path.relpath(report, path.parent)).as_posix()) if report.is_file() else ""
    return StudyRow(line.session, (*line[1:], *more), link)
