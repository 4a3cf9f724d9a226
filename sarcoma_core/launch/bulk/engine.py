"""Bulk: one or many steps on many sessions of a server; resumable, and no failure stops another session.

Sessions go through the steps one by one as a pipeline. At most N of them are under way at once, and a new one
is begun only when one has ended: what was begun is finished first. Memory holds the N, the ledger the rest.
"""

import heapq
import itertools
import shlex
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from types import TracebackType
from typing import Literal, NamedTuple, Protocol, Self, cast

from sarcoma_core.chains import steps_of
from sarcoma_core.errors import RunError, UsageError
from sarcoma_core.interface import Level, Step
from sarcoma_core.launch.assets import AssetNames, asset_options
from sarcoma_core.launch.bulk.following import Reachability, may_pass, newest_workflow
from sarcoma_core.launch.bulk.journey import ItemJourney, RunContext
from sarcoma_core.launch.bulk.ledger import PASSED_BY, ItemState, LaunchRun, Ledger
from sarcoma_core.launch.bulk.preflight import LiveStep, PreflightResult, preflight
from sarcoma_core.launch.step_settings import StepSettings, set_options
from sarcoma_core.launch.work import told_passed_by
from sarcoma_core.xnat.rest.answering import ServerError
from sarcoma_core.xnat.rest.remote import RemoteTarget
from sarcoma_core.xnat.rest.service import ContainerService

_TICK = 0.5
"""Seconds between two looks at whether somebody asked to cancel."""

ItemOutcome = Literal["complete", "already done", "not launched", "failed", "cancelled", "unfinished"]


class BulkObserver(Protocol):
    """Follows a run, e.g. to draw a progress bar."""

    def __enter__(self) -> Self:
        """Start."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End, well or not."""

    def changed(self, item_state: ItemState) -> None:
        """A session has come into another state."""

    def ended(self, item_state: ItemState) -> None:
        """A session has ended."""

    def away(self, since: float | None) -> None:
        """The server has not answered since then (seconds since 1970), or (None) is back."""


class ItemRow(NamedTuple):
    """A line of the table at the end: a session's outcome, why, and how to try again."""

    session: str
    outcome: ItemOutcome
    step: str
    reason: str
    retry: str


def begin(
    service: ContainerService,
    ledger: Ledger,
    *,
    what: str,
    project: str,
    level: Level,
    targets: Sequence[RemoteTarget],
    settings: StepSettings,
    assets: AssetNames,
    in_flight: int,
    force: bool,
) -> LaunchRun:
    """Write a new run into the ledger; nothing is launched yet.

    Raises:
        UsageError: there is nothing to launch on.
        ServerError: the server does not answer.
    """
    check_targets(targets)
    connection = service.connection
    run = LaunchRun(
        id=0,
        at=0.0,
        server=connection.server,
        login=connection.user,
        project=project,
        what=what,
        steps=steps_of(what),
        settings=settings,
        in_flight=in_flight,
        forced=force,
        baseline=newest_workflow(connection, project),
        level=level,
        assets=assets,
    )
    return ledger.begin(run, targets)


def check_targets(targets: Sequence[RemoteTarget]) -> None:
    """Refuse to do nothing.

    Raises:
        UsageError: there is nothing to launch on.
    """
    if not targets:
        raise UsageError(
            "--where, --sessions, --scan: must leave something to launch on; found none.",
            hint="Leave them out to take every image session of the project.",
        )


class Foreseen(NamedTuple):
    """What would become of an object.

    Attributes:
        step: the first that is not done; empty where all are.
        verdict: what pre-flight says of it.
        passed_by: why steps before it, or all that are left, are passed by.
    """

    step: str
    verdict: PreflightResult
    passed_by: tuple[str, ...] = ()


def foresee(
    service: ContainerService, plan: Sequence[LiveStep], target: RemoteTarget, *, force: bool
) -> Foreseen:
    """What pre-flight says of the first step that is not done; those after it read what it has yet to write.

    Nothing is launched or written.

    Args:
        service: the server.
        plan: the steps, as it will run them.
        target: the object.
        force: launch what is done as well.

    Raises:
        ServerError: the server does not answer.
    """
    left: list[Step] = []
    told: list[str] = []
    for stage in plan:
        verdict = preflight(service.connection, target, stage, force=force, passed_by=left)
        if verdict.answer == PASSED_BY:
            left.append(stage.step)
            told.append(told_passed_by(stage.step.name, verdict.reason))
        elif verdict.answer != "already done":
            return Foreseen(stage.step.name, verdict, tuple(told))
    return Foreseen("", PreflightResult("already done"), tuple(told))


class Bulk:
    """Works on a run until every session has ended.

    Args:
        context: the run, and what its sessions share.
        watch: follows it.
    """

    def __init__(self, context: RunContext, watch: BulkObserver) -> None:
        self._context = context
        self._watch = watch
        self._reachability = Reachability(context.pace, tell=watch.away)
        self._changed = threading.Condition()
        self._due: list[tuple[float, int, ItemJourney]] = []
        self._order = itertools.count()
        self._active = 0
        self._last = 0
        self._stopping = False
        self._error: BaseException | None = None

    def work(self) -> None:
        """Work until every session has ended, or somebody cancels the run.

        Raises:
            UsageError: another process works on this run.
            RunError: the server has been away for too long; `resume` goes on.
            KeyboardInterrupt: as it came; what runs on the server goes on there.
        """
        with self._context.ledger.alone(self._context.run), self._watch:
            self._take_up()
            if self._context.ledger.cancel_asked(self._context.run):
                self._stop()
            hands = [
                threading.Thread(target=self._work, daemon=True) for _ in range(self._context.pace.hands)
            ]
            for hand in hands:
                hand.start()
            try:
                while alive := [hand for hand in hands if hand.is_alive()]:
                    alive[0].join(_TICK)
                    if self._context.ledger.cancel_asked(self._context.run):
                        self._stop()
            finally:
                self._stop()
                for hand in hands:
                    hand.join()
        if self._error:
            raise self._error

    def _take_up(self) -> None:
        """Go on with what an earlier launcher left; tell the watch what has ended already."""
        steps = self._context.run.steps
        for item_state in self._context.ledger.present(self._context.run):
            if item_state.ended(steps):
                self._watch.ended(item_state)
            elif item_state.state:
                self._active += 1
                self._put(ItemJourney(self._context, item_state), 0.0)

    def _work(self) -> None:
        while (journey := self._next()) is not None:
            try:
                wait = self._turn(journey)
            except BaseException as error:  # noqa: BLE001  told by the main thread
                self._error = self._error or error
                self._stop()
                return
            with self._changed:
                if wait is None:
                    self._active -= 1
                else:
                    self._put(journey, wait)
                self._changed.notify()

    def _turn(self, journey: ItemJourney) -> float | None:
        """One thing is done for one session; gives the seconds until the next, or None at its end."""
        before = journey.item
        try:
            wait = journey()
            self._reachability.good()
        except ServerError as error:
            if may_pass(error):
                return self._bad(error)
            journey.fail(error.message, error.hint)
            wait = None
        if journey.item is not before:
            self._watch.changed(journey.item)
        if wait is None:
            self._watch.ended(journey.item)
        return wait

    def _bad(self, error: ServerError) -> float:
        try:
            return self._reachability.bad(error)
        except RunError as away:
            hint = f"Once it is back: sarcoma xnat resume {self._context.run.id}"
            raise RunError(away.message, hint=hint) from None

    def _next(self) -> ItemJourney | None:
        """What is due: a session that is under way, else a new one if there is room; None at the end."""
        with self._changed:
            while not self._stopping:
                now = time.monotonic()
                if self._due and self._due[0][0] <= now:
                    return heapq.heappop(self._due)[2]
                if self._active < self._context.run.in_flight:
                    fresh = self._context.ledger.untouched(self._context.run, self._last)
                    if fresh:
                        self._last, self._active = fresh.item, self._active + 1
                        return ItemJourney(self._context, fresh)
                if not self._active:
                    self._changed.notify_all()
                    return None
                self._changed.wait(self._due[0][0] - now if self._due else None)
            return None

    def _put(self, journey: ItemJourney, wait: float) -> None:
        heapq.heappush(self._due, (time.monotonic() + wait, next(self._order), journey))

    def _stop(self) -> None:
        with self._changed:
            self._stopping = True
            self._changed.notify_all()


def cancel(service: ContainerService, ledger: Ledger, run: LaunchRun, *, wait: float = 60.0) -> int:
    """Cancel what a run has not ended: its launcher stops, its containers are killed.

    Args:
        service: the service that it runs on.
        ledger: where it is written.
        run: which one.
        wait: seconds that its launcher has to stop.

    Returns:
        How many sessions were cancelled.

    Raises:
        UsageError: its launcher does not stop.
        ServerError: the server does not answer.
    """
    ledger.ask_to_cancel(run)
    until = time.monotonic() + wait
    while True:
        try:
            with ledger.alone(run):
                left = [p for p in ledger.present(run) if not p.ended(run.steps)]
                for item_state in left:
                    reason = _kill(service, run, item_state)
                    ledger.write(run, replace(item_state, at=time.time(), state="cancelled", reason=reason))
                return len(left)
        except UsageError:
            if time.monotonic() > until:
                raise
            time.sleep(_TICK)


def _kill(service: ContainerService, run: LaunchRun, item_state: ItemState) -> str:
    """End what a session has on the server; gives what became of it, in words."""
    if not item_state.workflow:
        return "before it was launched" if item_state.state != "intended" else "while it was being launched"
    try:
        workflow = service.workflow(item_state.workflow)
        if workflow.terminal:
            return f"its launch had ended already: {workflow.status}"
        if not workflow.container:
            return f"workflow {workflow.id} has no container yet: it may still run"
        service.kill(workflow.container, run.project)
    except ServerError as error:
        if may_pass(error):
            raise
        return f"its container could not be killed: {error.message}"
    return f"its container was killed at {workflow.status}"


def row(
    run: LaunchRun, item_state: ItemState, *, cancelled: bool = False, passed_by: Sequence[ItemState] = ()
) -> ItemRow:
    """A session's line of the table.

    Args:
        run: its run.
        item_state: where it stands.
        cancelled: whether the run was cancelled: then nothing goes on, also where it is not written yet.
        passed_by: its steps that were passed by.
    """
    done = item_state.ended(run.steps)
    state = "complete" if item_state.state == PASSED_BY else item_state.state
    outcome = cast("ItemOutcome", state if done else "cancelled" if cancelled else "unfinished")
    good = outcome in ("complete", "already done")
    again = (
        f"sarcoma xnat resume {run.id}" if outcome == "unfinished" else retry_command(run, item_state.label)
    )
    reason = item_state.reason if done else item_state.status or item_state.state or "not begun"
    if good:
        reason = "; ".join(told_passed_by(one.step, one.reason) for one in passed_by)
    return ItemRow(item_state.label, outcome, "" if good else item_state.step, reason, "" if good else again)


def retry_command(run: LaunchRun, label: str) -> str:
    """The command that does a run again for one of its items."""
    session, _, scan = label.partition("/")
    words = ["sarcoma", "xnat", "bulk", run.what, "--project", run.project]
    words += [] if run.level == "project" else ["--where", f"label={session}"]
    words += ["--scan", scan] if scan else []
    words += [*set_options(run.settings), *asset_options(run.assets)]
    words += ["--force"] if run.forced else []
    return shlex.join(words)
