"""The ledger of launches: an append-only SQLite file that outlives the launcher.

Every change of state is a row, written before anything else happens; a view gives the present state. So a
launcher that is killed at any moment can be told by `resume` what it had begun. Session labels stand in it:
the file is readable by its owner only.
"""

import fcntl
import json
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import RLock
from typing import IO, Final, Literal, cast

from sarcoma_core.errors import OutputError, UsageError
from sarcoma_core.interface import Level
from sarcoma_core.launch.assets import AssetNames
from sarcoma_core.launch.bulk.ledger_schema import prepare
from sarcoma_core.launch.step_settings import StepSettings
from sarcoma_core.xnat.rest.remote import RemoteTarget

State = Literal[
    "intended",
    "launched",
    "running",
    "retrying",
    "complete",
    "already done",
    "not applicable",
    "not launched",
    "failed",
    "cancelled",
]
CANCEL = "cancel asked"

PASSED_BY: Final = "not applicable"
"""The state of a step that a chain has passed by: nothing of it was done, and the chain goes on."""

GOOD = ("complete", "already done", PASSED_BY)
"""States after which the next step comes."""
_ENDED = ("not launched", "failed", "cancelled")


@dataclass(frozen=True)
class LaunchRun:
    """What was asked for, once.

    Args:
        id: its number.
        at: when, in seconds since 1970.
        server: the server's URL.
        login: who asked.
        project: in which project.
        what: name of the step or chain.
        steps: names of its steps, in order.
        settings: parameters that differ from the defaults, by step.
        in_flight: how many sessions may be on the server at once.
        forced: whether what is already done is done again.
        baseline: the newest workflow of the project before the run: every workflow of ours has a greater id.
        level: which kind of object its items are.
        assets: the project's resources that were named, by name of the asset.
    """

    id: int
    at: float
    server: str
    login: str
    project: str
    what: str
    steps: tuple[str, ...]
    settings: StepSettings
    in_flight: int
    forced: bool
    baseline: int
    level: Level = "session"
    assets: AssetNames = field(default_factory=dict)


@dataclass(frozen=True)
class ItemState:
    """The present state of one item of a run: one object that its steps are launched on.

    Args:
        item: its number in the ledger.
        target: id of the object, as `RemoteTarget` has it; the accession id of a session.
        label: its label.
        type: its data type.
        at: when it came into this state, in seconds since 1970.
        step: the step that it is at; empty when nothing has begun.
        attempt: which attempt at this step, from 1.
        state: its state; empty when nothing has begun.
        workflow: id of the workflow; empty when there is none, or none is known yet.
        status: the server's word for how far the workflow is.
        reason: why it ended as it did.
        hint: what to do about it.
    """

    item: int
    target: str
    label: str
    type: str = ""
    at: float = 0.0
    step: str = ""
    attempt: int = 0
    state: State | Literal[""] = ""
    workflow: str = ""
    status: str = ""
    reason: str = ""
    hint: str = ""

    def ended(self, steps: tuple[str, ...]) -> bool:
        """Whether nothing more is to be done for it."""
        return self.state in _ENDED or (self.state in GOOD and self.step == steps[-1])


class Ledger:
    """A ledger file, safe between threads and processes; every row is on disk when a method returns.

    Args:
        path: the file; it is made, with its folder, when it is not there.

    Raises:
        OutputError: it cannot be written, is no ledger, or was written by a later version.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = RLock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            self._base = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=30)
            self._base.row_factory = sqlite3.Row
            prepare(self._base, is_worked_on=self._is_worked_on)
        except (OSError, sqlite3.Error) as error:
            if _is_locked(error):
                raise _unusable(error) from None
            reason = error.strerror if isinstance(error, OSError) else error
            raise OutputError(
                f"--ledger: must be a ledger in a folder that can be written; found: {reason}.",
                hint="Name another file: --ledger FILE.",
            ) from None

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._base.close()

    def begin(self, run: LaunchRun, targets: Iterable[RemoteTarget]) -> LaunchRun:
        """Write a new run and its items.

        Args:
            run: what is asked for; its id and time are given here.
            targets: on which objects.
        """
        with self._lock, self._transaction():
            at = time.time()
            number = self._base.execute(
                """INSERT INTO run
                     (at, server, login, project, what, steps, settings, in_flight, forced, baseline,
                      level, assets)
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
                (
                    at,
                    run.server,
                    run.login,
                    run.project,
                    run.what,
                    json.dumps(run.steps),
                    json.dumps({step: dict(values) for step, values in run.settings.items()}),
                    run.in_flight,
                    run.forced,
                    run.baseline,
                    run.level,
                    json.dumps(dict(run.assets)),
                ),
            ).lastrowid
            rows = ((number, each.id, each.label, each.xsi_type) for each in targets)
            self._base.executemany("INSERT INTO item (run, target, label, type) VALUES (?, ?, ?, ?)", rows)
            return self.run(number)

    def run(self, number: int | None = None) -> LaunchRun:
        """A run; the last one when no number is given.

        Raises:
            UsageError: there is none.
        """
        rows = self._rows("SELECT * FROM run WHERE ? IN (id, 0) ORDER BY id DESC LIMIT 1", number or 0)
        for row in rows:
            given = dict(row)
            steps, settings = json.loads(given.pop("steps")), json.loads(given.pop("settings"))
            forced, assets = bool(given.pop("forced")), json.loads(given.pop("assets"))
            return LaunchRun(**given, steps=tuple(steps), settings=settings, forced=forced, assets=assets)
        raise UsageError(
            f"RUN: must be in the ledger; found {'none' if number is None else number}.",
            hint="See what was run: sarcoma xnat status. Another ledger: --ledger FILE.",
        )

    def write(self, run: LaunchRun, item_state: ItemState) -> None:
        """Append the state that a session has come into.

        Raises:
            OutputError: the disk is full or read-only; what was about to be done must then not be done.
        """
        self._rows(
            """INSERT INTO event (at, run, item, step, attempt, state, workflow, status, reason, hint)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
            item_state.at,
            run.id,
            item_state.item,
            item_state.step,
            item_state.attempt,
            item_state.state,
            item_state.workflow,
            item_state.status,
            item_state.reason,
            item_state.hint,
        )

    def present(self, run: LaunchRun) -> Iterator[ItemState]:
        """The present state of every session of a run, in the order in which they were given."""
        last = 0
        while page := self._rows(
            "SELECT * FROM present WHERE run = ? AND item > ? ORDER BY item LIMIT 500", run.id, last
        ):
            yield from map(_present, page)
            last = page[-1]["item"]

    def untouched(self, run: LaunchRun, after: int) -> ItemState | None:
        """The next session of a run, after an item's number, for which nothing has begun."""
        sql = """SELECT * FROM item WHERE run = ? AND id > ?
                 AND NOT EXISTS (SELECT 1 FROM event WHERE event.item = item.id) ORDER BY id LIMIT 1"""
        rows = self._rows(sql, run.id, after)
        return next((ItemState(r["id"], r["target"], r["label"], r["type"]) for r in rows), None)

    def passed_by(self, run: LaunchRun, item: int | None = None) -> Iterator[ItemState]:
        """The steps that were passed by in a run, each as the state that its session was in then.

        One that was done after all, by whoever went on with the run, is none.

        Args:
            run: which one.
            item: the number of one session; None for all of them.
        """
        sql = """SELECT item.id AS item, item.target, item.label, item.type, event.at, event.step,
                        event.attempt, event.state, event.workflow, event.status, event.reason, event.hint
                 FROM item JOIN event ON event.item = item.id WHERE item.run = ? AND ? IN (item.id, 0)
                 AND event.state = ? AND NOT EXISTS (SELECT 1 FROM event AS later WHERE
                   later.item = event.item AND later.step = event.step AND later.id > event.id)
                 ORDER BY event.id"""
        yield from map(_present, self._rows(sql, run.id, item or 0, PASSED_BY))

    def workflows(self, run: LaunchRun, holder: str) -> frozenset[str]:
        """Ids of the workflows that are accounted for, in any run on this server.

        Args:
            run: of the server.
            holder: id of an object; the workflows of a session's scans are listed with those of the session.
        """
        sql = """SELECT DISTINCT event.workflow FROM event JOIN item ON item.id = event.item
                 JOIN run ON run.id = item.run
                 WHERE (item.target = ? OR substr(item.target, 1, ?) = ?) AND run.server = ?"""
        below = f"{holder}/"
        rows = self._rows(sql, holder, len(below), below, run.server)
        return frozenset(row["workflow"] for row in rows) - {""}

    def latest_workflow(self, server: str, target: str) -> str:
        """The newest known workflow of an object, by accession id or label; empty when there is none."""
        sql = """SELECT event.workflow FROM event JOIN item ON item.id = event.item
                 JOIN run ON run.id = item.run WHERE ? IN (item.target, item.label)
                 AND run.server = ? AND event.workflow != '' ORDER BY event.id DESC LIMIT 1"""
        return next((str(row["workflow"]) for row in self._rows(sql, target, server)), "")

    def ask_to_cancel(self, run: LaunchRun) -> None:
        """Ask whoever works on a run to stop."""
        self._rows("INSERT INTO event (at, run, state) VALUES (?, ?, ?)", time.time(), run.id, CANCEL)

    def cancel_asked(self, run: LaunchRun) -> bool:
        """Whether somebody asked to cancel a run."""
        sql = "SELECT 1 FROM event WHERE run = ? AND item IS NULL AND state = ?"
        return bool(self._rows(sql, run.id, CANCEL))

    @contextmanager
    def alone(self, run: LaunchRun) -> Iterator[None]:
        """Work on a run, alone: two launchers of one run would launch twice.

        The operating system frees the lock when the process ends, however it ends. Its file stays; while it
        is locked, it holds the id of the process.

        Raises:
            UsageError: another process works on it.
        """
        with self._lock_file(run).open("a+") as lock:
            if not _locks(lock):
                raise UsageError(
                    f"RUN: must not be worked on by another process; run {run.id} is.",
                    hint=f"Follow it: sarcoma xnat status {run.id}",
                )
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            try:
                yield
            finally:
                lock.truncate(0)

    def worker(self, run: LaunchRun) -> int | None:
        """The id of the process that works on a run; None when none does."""
        try:
            with self._lock_file(run).open() as lock:
                number = lock.read()
                # Unless a launcher was killed, there is a number only while there is a lock to try.
                return int(number) if number.isdecimal() and not _locks(lock) else None
        except FileNotFoundError:
            return None

    def _lock_file(self, run: LaunchRun) -> Path:
        return self.path.with_name(f"{self.path.name}.run-{run.id}")

    def _rows(self, sql: str, *values: object) -> list[sqlite3.Row]:
        with self._lock:
            try:
                return self._base.execute(sql, values).fetchall()
            except sqlite3.Error as error:
                raise _unusable(error) from None

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self._base.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._base.execute("ROLLBACK")
                raise
            self._base.execute("COMMIT")
        except sqlite3.Error as error:
            raise _unusable(error) from None

    def _is_worked_on(self) -> bool:
        """Whether some process works on some run of this ledger."""
        return any(map(_is_held, self.path.parent.glob(f"{self.path.name}.run-*")))


def _is_locked(error: Exception) -> bool:
    """Whether SQLite gave up waiting for another process."""
    return isinstance(error, sqlite3.OperationalError) and "locked" in str(error)


def _unusable(error: Exception) -> OutputError:
    if _is_locked(error):
        return OutputError(
            "--ledger: must be free to be written; another process has held it for too long.",
            hint="Another sarcoma may be writing it: wait a little, then run the same command again.",
        )
    return OutputError(
        f"--ledger: must be a ledger that can be written; found: {error}.",
        hint="Make room, or give yourself the right to write it; then: sarcoma xnat resume",
    )


def _is_held(path: Path) -> bool:
    with path.open() as lock:
        return not _locks(lock)


def _locks(file: IO[str]) -> bool:
    """Whether the lock on a file could be had; it is held until the file is closed."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _present(row: sqlite3.Row) -> ItemState:
    known = {key: row[key] for key in row.keys() if key != "run" and row[key] is not None}  # noqa: SIM118
    return ItemState(**cast("dict[str, int | float | str]", known))  # type: ignore[arg-type]


def default_ledger() -> Path:
    """Where the ledger is unless named: `$XDG_STATE_HOME/sarcoma/ledger.sqlite`."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "sarcoma" / "ledger.sqlite"
