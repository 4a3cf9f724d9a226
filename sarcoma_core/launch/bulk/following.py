"""Follow one launch to its end: its workflow is found, looked at in growing intervals, and its end explained.

An answer to a launch is a promise (`docs/concepts`): nothing has been resolved when it is given, and its
workflow id may be missing. Only a workflow that has ended says how it went.
"""

import re
import threading
import time
from collections.abc import Callable, Container
from dataclasses import dataclass
from http import HTTPStatus
from typing import Literal, NamedTuple

from sarcoma_core.errors import RunError
from sarcoma_core.runners.running import Ended
from sarcoma_core.xnat.rest.answering import ServerError
from sarcoma_core.xnat.rest.connection import Connection
from sarcoma_core.xnat.rest.remote import RemoteTarget
from sarcoma_core.xnat.rest.service import ContainerService, Workflow
from sarcoma_core.xnat.rest.workflows import newest_workflows

Clock = Callable[[], float]

_LISTED = 50


@dataclass(frozen=True)
class Pace:
    """How often the server is asked, and how patiently.

    Args:
        first: seconds until a launch is looked at first.
        longest: seconds between two looks at most.
        growth: by what factor the interval grows, so that long jobs cost few requests.
        lost_after: seconds after which a launch without a workflow is given up as lost.
        stuck_after: seconds without a change of status after which a launch is given up as stuck.
        retries: how often a launch is made again that failed through no fault of its own.
        back_off: seconds before the first retry; doubled each time.
        patience: seconds that a server may be away before the run stops.
        hands: how many requests are under way at once.
    """

    first: float = 0.2
    longest: float = 5.0
    growth: float = 1.5
    lost_after: float = 60.0
    stuck_after: float = 6 * 3600.0
    retries: int = 3
    back_off: float = 5.0
    patience: float = 900.0
    hands: int = 4


def may_pass(error: ServerError) -> bool:
    """Whether waiting may help: no answer, too busy, restarting, or a log-in that has ended."""
    return error.retryable or error.status == HTTPStatus.UNAUTHORIZED


class Reachability:
    """Whether the server can be reached: an outage is waited out, up to a limit. Shared by all launches.

    Args:
        pace: how patiently.
        clock: seconds since 1970.
        tell: is told since when there is no answer, and None when there is one again.
    """

    def __init__(
        self, pace: Pace, clock: Clock = time.time, *, tell: Callable[[float | None], None] = lambda _: None
    ) -> None:
        self._pace = pace
        self._clock = clock
        self._tell = tell
        self._lock = threading.Lock()
        self._since: float | None = None
        self._delay = pace.first

    def good(self) -> None:
        """The server answered."""
        with self._lock:
            if self._since is not None:
                self._tell(None)
            self._since, self._delay = None, self._pace.first

    def bad(self, error: ServerError) -> float:
        """It did not; gives the seconds to wait.

        Raises:
            RunError: it has been so for too long.
        """
        with self._lock:
            now = self._clock()
            if self._since is None:
                self._since = now
                self._tell(now)
            if now - self._since > self._pace.patience:
                raise RunError(f"The server has been away for {now - self._since:.0f} s: {error.message}")
            self._delay = min(2 * self._delay, max(self._pace.longest, self._pace.first))
            return self._delay


class Ending(NamedTuple):
    """How a launch ended.

    Args:
        outcome: `complete` means that the workflow says so; the manifest is still to be looked at.
        reason: why it is not complete, in one line.
        hint: what to do about it.
        retryable: whether it failed through no fault of its own.
    """

    outcome: Literal["complete", "failed", "cancelled"]
    reason: str = ""
    hint: str = ""
    retryable: bool = False


class Following:
    """Looks at one workflow.

    Args:
        service: the service that runs it.
        workflow: its id.
        pace: how often to look, and when it counts as stuck.
        clock: seconds since some moment.
    """

    def __init__(
        self, service: ContainerService, workflow: str, *, pace: Pace, clock: Clock = time.time
    ) -> None:
        self.workflow = workflow
        self.status = ""
        self.interval = pace.first
        self._service = service
        self._pace = pace
        self._clock = clock
        self._since = clock()

    def look(self) -> Ending | None:
        """Look once; None means that it goes on, and is to be looked at again after `interval`.

        Raises:
            ServerError: the server does not answer, or (404) knows no such workflow.
        """
        workflow = self._service.workflow(self.workflow)
        if workflow.status != self.status:
            self.status, self._since, self.interval = workflow.status, self._clock(), self._pace.first
        else:
            self.interval = min(self.interval * self._pace.growth, self._pace.longest)
        if workflow.terminal:
            return Ending("complete") if workflow.succeeded else explain(self._service, workflow)
        silence = self._clock() - self._since
        return self._stuck(workflow, silence) if silence > self._pace.stuck_after else None

    def _stuck(self, workflow: Workflow, silence: float) -> Ending:
        said = container_status(self._service, workflow.container)
        return Ending(
            "failed",
            f"stuck: the workflow's status is {workflow.status} for {silence:.0f} s; {said}",
            "See what it does: sarcoma xnat logs "
            f"{workflow.id}. End it: sarcoma xnat cancel. A longer wait: --stuck-after.",
        )


def container_status(service: ContainerService, container: str) -> str:
    """What the service says of a container, in words."""
    if not container:
        return "it has no container"
    try:
        return f"its container is {service.container(container).status or 'without status'}"
    except ServerError as error:
        return f"its container cannot be asked ({error.message})"


_WORD = re.compile(r"(?:Failed|Killed) ?\((?P<word>.*)\)")
_RETRYABLE = frozenset({"staging", "jms", "shutdown", "container launch", "rejected"})
"""The server's own trouble; what a step said of its input, or of memory, would be said again."""

_HINTS = {
    "oom": "It needed more memory than its limit: raise limit-memory of the command.",
    "upload": "The step wrote no output, or the archive could not be written: see sarcoma xnat logs.",
    "command resolution": "Check the command on this session: sarcoma xnat doctor.",
}


def explain(service: ContainerService, workflow: Workflow) -> Ending:
    """Why a workflow did not end well: the service's word, or the last line that the step itself said."""
    match = _WORD.match(workflow.status)
    word = match["word"] if match else ""
    key = word.lower()
    if workflow.status.startswith("Killed") or key == "killed":
        return Ending("cancelled", "it was killed on the server")
    if not word:
        return _said(service, workflow)
    reason = f"{workflow.status}: {workflow.reason}" if workflow.reason else workflow.status
    retryable = any(key.startswith(each) for each in _RETRYABLE)
    return Ending("failed", reason, _HINTS.get(key, ""), retryable)


def _said(service: ContainerService, workflow: Workflow) -> Ending:
    """The container ended with an exit code: its reason is the last line of its stderr."""
    for stream in ("stderr", "stdout"):  # Kubernetes puts both into stdout
        try:
            text = service.logs(workflow.container, stream) if workflow.container else ""
        except ServerError as error:
            # The service answers 500 when there is no such log.
            if may_pass(error) and error.status != HTTPStatus.INTERNAL_SERVER_ERROR:
                raise
            text = ""
        if text.strip():
            ended = Ended(1, "", text)
            return Ending("failed", ended.reason, ended.hint)
    return Ending("failed", workflow.reason or f"{workflow.status}: the container said nothing")


def newest_workflow(connection: Connection, project: str) -> int:
    """The id of the newest workflow of a project; 0 when it has none. Ids only ever grow."""
    workflows = newest_workflows(connection, project, "xnat:projectData", size=1)
    return max((int(each.id) for each in workflows if each.id.isdigit()), default=0)


def find_workflow(
    connection: Connection, target: RemoteTarget, pipeline: str, *, after: int, known: Container[str]
) -> str:
    """The workflow of a launch whose answer did not come, or came without an id; empty when there is none.

    Args:
        connection: to the server.
        target: what it was launched on; workflows on a scan are listed with those of its session.
        pipeline: name of the wrapper.
        after: the launch's workflow has a greater id.
        known: ids that are accounted for.
    """
    for each in newest_workflows(connection, target.holder, target.xsi_type, size=_LISTED):
        ours = each.pipeline == pipeline and each.id.isdigit() and int(each.id) > after
        ours = ours and each.target == target.holder  # a project's listing has those of its sessions too
        if ours and each.id not in known:
            return each.id
    return ""


def latest_workflow(connection: Connection, session: str, xsi_type: str) -> str:
    """The newest workflow of a session; empty when it has none."""
    return next((each.id for each in newest_workflows(connection, session, xsi_type, size=1)), "")
