"""The study's page: what a run came to, with links to the report of each session."""

import os
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

from sarcoma_core.launch.chain import SessionResult
from sarcoma_core.launch.summary import SeriesLine, SessionLine, lede, series_lines, session_line
from sarcoma_core.report.study import StudyRow, StudyTable, render_study


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
    sessions = StudyTable(
        "sessions",
        "Sessions",
        "What became of each session; its name leads to its report.",
        SessionLine._fields,
        tuple(_session_row(path, result) for result in results),
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


def _session_row(path: Path, result: SessionResult) -> StudyRow:
    line = session_line(result)
    report = result.session.resource("REPORT") / "report.html"
    link = quote(Path(os.path.relpath(report, path.parent)).as_posix()) if report.is_file() else ""
    return StudyRow(line.session, tuple(line[1:]), link)
