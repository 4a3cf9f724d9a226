"""One session's way through the steps of a run: check, launch, find, follow, verify, and on to the next step.

Each call does one thing and says after how many seconds to call again. What is about to be done stands in the
ledger before it is done, so that whoever goes on after a kill knows of every launch that may have been made.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from http import HTTPStatus

from sarcoma_core.errors import ArchiveError
from sarcoma_core.launch.bulk.following import Clock, Following, Pace, find_workflow
from sarcoma_core.launch.bulk.ledger import GOOD, PASSED_BY, ItemState, LaunchRun, Ledger, State
from sarcoma_core.launch.bulk.preflight import LiveStep, preflight
from sarcoma_core.launch.bulk.unseen import Unseen
from sarcoma_core.launch.work import manifest
from sarcoma_core.xnat.rest.answering import ServerError
from sarcoma_core.xnat.rest.holdings import RemoteResources
from sarcoma_core.xnat.rest.remote import RemoteTarget
from sarcoma_core.xnat.rest.service import ContainerService
from sarcoma_core.xnat.status import TO_BE_ASSIGNED

_NOT_DONE = frozenset({401, 429, 500, 503})
"""Answers that say that nothing is under way; after no answer, or a gateway's, something may be."""


@dataclass(frozen=True)
class RunContext:
    """What all sessions of a run share.

    Args:
        service: the Container Service.
        ledger: where every change of state is written.
        run: what was asked for.
        stages: its steps, as this server will run them.
        pace: how often to ask, and how patiently.
        wait: follow each launch to its end; without, a session is left once it is launched.
        clock: seconds since 1970.
        unseen: the launches that nobody has seen on the server yet.
    """

    service: ContainerService
    ledger: Ledger
    run: LaunchRun
    stages: tuple[LiveStep, ...]
    pace: Pace
    wait: bool = True
    clock: Clock = time.time
    unseen: Unseen = field(default_factory=Unseen)


class ItemJourney:
    """One session's way; a call does the next thing.

    Args:
        context: what all sessions share.
        item_state: where the session stands; nowhere yet, or where a killed launcher left it.
    """

    def __init__(self, context: RunContext, item_state: ItemState) -> None:
        self.item = item_state
        self._context = context
        names = [stage.step.name for stage in context.stages]
        self._at = names.index(item_state.step) if item_state.step else 0
        self._attempt = max(item_state.attempt, 1)
        self._workflow = item_state.workflow
        self._since = item_state.at
        self._accepted = item_state.state in ("launched", "running")
        earlier = context.ledger.passed_by(context.run, item_state.item) if item_state.state else ()
        self._passed_by = {one.step for one in earlier}
        self._do = self._first(item_state)

    def __call__(self) -> float | None:
        """Do the next thing; gives the seconds until the one after it, or None at the journey's end.

        Raises:
            ServerError: the server does not answer; the same call may be made again later.
        """
        return self._do()

    @property
    def step(self) -> str:
        """The step that it is at."""
        return self._stage.step.name

    def fail(self, reason: str, hint: str = "") -> None:
        """End the journey here."""
        self._write("failed", reason=reason, hint=hint)

    def _first(self, item_state: ItemState) -> Callable[[], float | None]:
        if item_state.state in ("intended", "launched"):
            self._is_alone()
        if item_state.state == "intended":
            return self._find
        if item_state.state in ("launched", "running"):
            return self._following() if item_state.workflow else self._find
        if item_state.state in GOOD and item_state.state != PASSED_BY:
            self._next_stage()
        return self._check  # of one that was passed by anew: what it lacked may be there now

    @property
    def _target(self) -> RemoteTarget:
        item = self.item
        return RemoteTarget(self._context.run.level, item.target, item.label, item.type)

    def _is_alone(self) -> bool:
        """Whether no launch but this one is looked for where it would be seen."""
        return self._context.unseen.take(self._target.holder, self.item.item)

    def _is_seen(self) -> None:
        self._context.unseen.leave(self._target.holder, self.item.item)

    @property
    def _stage(self) -> LiveStep:
        return self._context.stages[self._at]

    def _write(self, state: State, *, status: str = "", reason: str = "", hint: str = "") -> None:
        """What stands in the ledger, stands here."""
        self.item = replace(
            self.item,
            at=self._context.clock(),
            step=self.step,
            attempt=self._attempt,
            state=state,
            workflow=self._workflow,
            status=status,
            reason=reason,
            hint=hint,
        )
        self._context.ledger.write(self._context.run, self.item)
        if state not in ("intended", "launched"):
            self._is_seen()

    def _check(self) -> float | None:
        run = self._context.run
        connection = self._context.service.connection
        left = [stage.step for stage in self._context.stages if stage.step.name in self._passed_by]
        verdict = preflight(connection, self._target, self._stage, force=run.forced, passed_by=left)
        if verdict.answer == PASSED_BY:
            self._passed_by.add(self.step)
            return self._done(PASSED_BY, reason=verdict.reason, hint=verdict.hint)
        self._passed_by.discard(self.step)
        if verdict.answer == "not launched":
            self._write("not launched", reason=verdict.reason, hint=verdict.hint)
            return None
        if verdict.answer == "already done":
            return self._done("already done")
        self._do = self._launch
        return 0.0

    def _launch(self) -> float | None:
        if not self._is_alone():
            return self._context.pace.first
        stage, service = self._stage, self._context.service
        values = {**stage.values, stage.root: self._target.uri}
        self._since, self._accepted, self._workflow = self._context.clock(), False, ""
        self._write("intended")
        self._do = self._find
        try:
            launched = service.launch(self._context.run.project, stage.wrapper_id, stage.root, values)
        except ServerError as error:
            if error.status in _NOT_DONE:
                self._since = 0.0  # no need to wait for a workflow that will not come
            raise
        self._accepted = True
        self._workflow = "" if launched.workflow_id == TO_BE_ASSIGNED else launched.workflow_id
        self._write("launched")
        if self._workflow:
            self._do = self._following()
        if self._context.wait:
            return self._context.pace.first
        self._is_seen()  # nobody will look
        return None

    def _find(self) -> float | None:
        """Look for the workflow of a launch whose answer did not come, or came without an id."""
        if not self._is_alone():
            return self._context.pace.first
        run = self._context.run
        known = self._context.ledger.workflows(run, self._target.holder) - {self._workflow}
        workflow = find_workflow(
            self._context.service.connection,
            self._target,
            self._stage.wrapper,
            after=run.baseline,
            known=known,
        )
        if workflow:
            self._workflow = workflow
            self._write("launched")
            self._do = self._following()
            return 0.0
        waited = self._context.clock() - self._since
        if waited < self._context.pace.lost_after:
            return max(self._context.pace.first, min(self._context.pace.longest, waited / 2))
        if self._accepted:
            self.fail(
                f"lost: the server accepted the launch, but no workflow of it appeared in {waited:.0f} s",
                "Look at the session's history in XNAT, and at the queue (ActiveMQ) in the server's log.",
            )
            return None
        return self._again("the launch was not answered and has left no workflow", "")

    def _following(self) -> Callable[[], float | None]:
        context = self._context
        following = Following(context.service, self._workflow, pace=context.pace, clock=context.clock)

        def follow() -> float | None:
            return self._follow(following)

        return follow

    def _follow(self, following: Following) -> float | None:
        before = following.status
        try:
            ending = following.look()
        except ServerError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            self._since, self._accepted, self._do = self._context.clock(), True, self._find
            return self._context.pace.first
        self._is_seen()
        if ending is None:
            if following.status != before:
                self._write("running", status=following.status)
            return following.interval
        if ending.outcome == "complete":
            self._do = self._verify
            return 0.0
        if ending.retryable:
            return self._again(ending.reason, ending.hint)
        self._write(ending.outcome, status=following.status, reason=ending.reason, hint=ending.hint)
        return None

    def _verify(self) -> float | None:
        """A status is a word; the manifest is the proof."""
        holdings = RemoteResources(self._context.service.connection, self._target)
        for label in self._stage.step.labels:
            try:
                record = manifest(holdings, label)
            except ArchiveError as error:
                self.fail(error.message, error.hint)
                return None
            if record is None or record.step != self.step:
                self.fail(
                    f"no manifest: the workflow says Complete, but {label}/run.json is not of this step",
                    f"See what it said: sarcoma xnat logs {self._workflow}.",
                )
                return None
        return self._done("complete")

    def _done(self, state: State, *, reason: str = "", hint: str = "") -> float | None:
        self._write(state, reason=reason, hint=hint)
        if self._at + 1 == len(self._context.stages):
            return None
        self._next_stage()
        self._do = self._check
        return 0.0

    def _next_stage(self) -> None:
        self._at += 1
        self._attempt, self._workflow = 1, ""

    def _again(self, reason: str, hint: str) -> float | None:
        if self._attempt > self._context.pace.retries:
            self.fail(f"{reason} (attempt {self._attempt})", hint)
            return None
        wait = self._context.pace.back_off * 2.0 ** (self._attempt - 1)
        self._attempt, self._workflow = self._attempt + 1, ""
        self._write("retrying", reason=reason)
        self._do = self._check
        return float(wait)
