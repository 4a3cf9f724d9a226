"""What the terminal shows: tables and progress bars at a terminal, plain lines when piped."""

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import MofNCompleteColumn, ProgressColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from sarcoma_core.archive.importing import ImportReport, log_path
from sarcoma_core.archive.store import Archive, Session
from sarcoma_core.cli.progress import Bar, NoProgress, say
from sarcoma_core.errors import InputError
from sarcoma_core.interface import Step
from sarcoma_core.launch.chain import ChainObserver, SessionResult, StepRun
from sarcoma_core.launch.summary import SeriesLine, SessionLine, holdings, lede, series_lines, session_line
from sarcoma_core.text import counted, printable

_REASONS_SHOWN = 8
_MARKS = {"complete": "green", "failed": "red"}


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Show a table; piped, one line for each row with tabs between its cells."""
    lines = [[printable(cell) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        for line in ([*columns], *lines):
            print("\t".join(line))
        return
    shown = Table(title=title, title_justify="left", title_style="bold", pad_edge=False, box=None)
    for number, column in enumerate(columns):
        # What a line is about stays whole, to be copied; long reasons are folded.
        shown.add_column(column, overflow="fold", no_wrap=number == 0)
    for line in lines:
        shown.add_row(*(Text(cell, style=_MARKS.get(cell, "")) for cell in line))
    Console().print(shown)


def track(items: Sequence[Path], title: str) -> Iterable[Path]:
    """Follow a sequence with a progress bar; piped, nothing is drawn."""
    if not sys.stderr.isatty():
        yield from items
        return
    with Bar(*_columns(), total=len(items), doing=title) as bar:
        for item in items:
            yield item
            bar.progress.advance(bar.task)


def _columns() -> tuple[ProgressColumn, ...]:
    return MofNCompleteColumn(), TimeElapsedColumn()


def show_import(report: ImportReport, archive: Archive, project: str) -> None:
    """Say what became of every file; the rejected ones are listed in a file, as their names may be names.

    Raises:
        InputError: there was nothing to import.
    """
    counts = {fate: report.count(fate) for fate in ("imported", "duplicate", "rejected")}
    print(", ".join(f"{n} {fate}" for fate, n in counts.items()), f"of {counted(len(report.files), 'file')}")
    for reason, n in Counter(report.reasons()).most_common(_REASONS_SHOWN):
        print(f"  {n} rejected: {printable(reason)}")
    for note, n in report.notes().most_common(_REASONS_SHOWN):
        print(f"  {n} imported: {printable(note)}")
    if counts["rejected"]:
        print(f"  each file with its reason: {log_path(archive, project)}")
    if not report.sessions:
        raise InputError(
            f"FOLDER: must hold DICOM; found none in {counted(len(report.files), 'file')}.",
            hint="Check the path; compressed exports (zip, tar) have to be unpacked first.",
        )


def show_sessions(sessions: Sequence[Session]) -> None:
    """List sessions with what they hold."""
    rows = ((s.label, s.subject, s.modality, holdings(s), s.id) for s in sessions)
    table("Sessions", ("session", "subject", "type", "scans", "accession id"), rows)


def show_series(results: Sequence[SessionResult]) -> None:
    """A line for each series of each session: how far it came, and why no further."""
    table("Series", SeriesLine._fields, [line for result in results for line in series_lines(result)])


def show_results(results: tuple[SessionResult, ...]) -> None:
    """A line for each session, then the commands that retry the failed ones."""
    table("Sessions", SessionLine._fields, [session_line(result) for result in results])
    print(lede(results))
    for result in results:
        if result.failed:
            print(f"retry: {printable(result.retry)}" + (f"\n first: {result.hint}" if result.hint else ""))
    hints = Counter((run.step, run.hint) for r in results for run in r.passed_by if run.hint)
    for (step, hint), number in hints.items():
        print(passed_by_line(step, hint, number))


def passed_by_line(step: str, hint: str, sessions: int) -> str:
    """That a chain has passed a step by, and what to do so that it runs."""
    return f"{step} was passed by on {counted(sessions, 'session')}. {printable(hint)}"


def show_project_run(project: str, result: StepRun) -> None:
    """A line for each session that a step on a project told of, then how it ended."""
    rows = ((o.subject, o.session, o.status, o.reason) for o in result.series)
    table("Sessions", ("subject", "session", "outcome", "reason"), rows)
    counts = Counter(outcome.status for outcome in result.series if outcome.session)
    told = ", ".join(f"{n} {status}" for status, n in counts.items())
    print(f"{project}: {result.step} {result.outcome}" + (f" ({told})" if told else ""))
    if result.outcome == "failed":
        print(f" {printable(result.reason)}" + (f"\n first: {result.hint}" if result.hint else ""))


def watch_chain(sessions: int) -> ChainObserver:
    """Follow a run: a progress bar at a terminal, a line for each finished session when piped."""
    return _Bar(sessions) if sys.stderr.isatty() else _Lines()


class _Bar(Bar):
    def __init__(self, sessions: int) -> None:
        super().__init__(*_columns(), total=sessions)

    def step(self, session: Session, step: Step) -> None:
        self.progress.update(self.task, description=f"{session.label}: {step.name}")

    def finished(self, result: SessionResult) -> None:
        del result
        self.progress.advance(self.task)


class _Lines(NoProgress):
    def step(self, session: Session, step: Step) -> None:
        """Say nothing: a line for each session is enough in a log."""

    def finished(self, result: SessionResult) -> None:
        say(result.label, session_line(result).outcome)
