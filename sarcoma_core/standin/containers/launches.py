"""Launches: queued, carried out by workers, ended; each a workflow and a container in XNAT's words."""

import logging
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Condition, Event
from typing import Literal

from sarcoma_core.runners.build_folder import BUILD_PREFIX
from sarcoma_core.runners.owned_folders import sweep
from sarcoma_core.runners.running import Runner
from sarcoma_core.standin.answers import Refusal
from sarcoma_core.standin.containers.commands import Commands, CommandWrapper
from sarcoma_core.standin.containers.executing import Executor, StagingRequest
from sarcoma_core.standin.containers.records import BulkReport, ContainerEntity, PersistentWorkflow
from sarcoma_core.standin.containers.roots import id_in
from sarcoma_core.standin.containers.workflows import Workflows
from sarcoma_core.standin.documents import Documents
from sarcoma_core.standin.objects.tree import Tree
from sarcoma_core.standin.users import User, Users
from sarcoma_core.xnat.status import QUEUED, failed

_LOG = logging.getLogger(__name__)

Stream = Literal["stdout", "stderr"]


def stream_named(word: str) -> Stream:
    """The log that a path names; what is not `stdout` is taken for `stderr`, as the service takes it."""
    return "stdout" if word in ("stdout", "stdout.log") else "stderr"


class Launches:
    """The Container Service's work.

    What a server that was shut down or killed left behind is `Failed (Shutdown)` when the next one starts:
    its containers, alias tokens and half-made outputs are gone. It is not run again by itself, since a
    launcher that has seen no end of it retries, and the session would be run twice.

    Attributes:
        commands: the commands of the server.
        records: its workflows and containers.
        ended: what is called with each workflow that has ended, on the thread that carried it out.

    Args:
        tree: the objects that launches are made on.
        documents: where commands, workflows and containers are kept.
        users: whose alias tokens containers get.
        runner: how a command is executed.
        workers: how many launches run at once.
    """

    def __init__(
        self, tree: Tree, documents: Documents, users: Users, runner: Runner, *, workers: int = 2
    ) -> None:
        self.commands = Commands(documents)
        self.ended: list[Callable[[PersistentWorkflow], None]] = []
        self.runner = runner
        self.records = Workflows(documents)
        self._executor = Executor(
            tree=tree,
            documents=documents,
            users=users,
            commands=self.commands,
            workflows=self.records,
            runner=runner,
        )
        self._running: dict[str, Event] = {}
        self._changed = Condition()
        self._workers = ThreadPoolExecutor(workers, thread_name_prefix="launch")
        sweep(tree.archive.root, BUILD_PREFIX)
        self._end_what_is_open()

    def launch(
        self, user: User, project: str | None, wrapper_id: int, values: Mapping[str, str], *, jobid: str = ""
    ) -> str | None:
        """Queue a launch; the answer is optimistic, nothing is resolved yet.

        Args:
            user: who launches.
            project: in which project; None for a launch at site level.
            wrapper_id: the wrapper.
            values: values by input name; the root element's is an id or a URI.
            jobid: the bulk launch that this is part of.

        Returns:
            The workflow's id; None for a wrapper that is not there: then nothing will run.
        """
        wrapper = self.commands.wrapper(wrapper_id)
        if wrapper is None:
            return None
        asked = StagingRequest("", user.login, project, wrapper_id, dict(values))
        queued = self._queued(wrapper, asked, jobid)
        self._workers.submit(self._carry_out, queued)
        return queued.workflow

    def bulk_launch(
        self,
        user: User,
        project: str | None,
        wrapper_id: int,
        *,
        root: str,
        uris: Sequence[str],
        values: Mapping[str, str],
    ) -> BulkReport:
        """Queue one launch for each URI, all with the same values.

        Args:
            user: who launches.
            project: in which project; None for a launch at site level.
            wrapper_id: the wrapper.
            root: name of the input that takes the URI.
            uris: URIs or ids of the objects to launch on.
            values: values of the other inputs.
        """
        wrapper = self.commands.wrapper(wrapper_id)
        jobid = f"bulk-{user.login}{time.time_ns() // 1_000_000}{secrets.randbelow(1000)}"
        if wrapper is None:
            return BulkReport(jobid, "", len(uris))
        asked = [StagingRequest("", user.login, project, wrapper_id, {**values, root: uri}) for uri in uris]
        # Every workflow first: the answer does not wait for the work.
        for queued in [self._queued(wrapper, each, jobid) for each in asked]:
            self._workers.submit(self._carry_out, queued)
        return BulkReport(jobid, wrapper.name, len(uris))

    def log(self, container: ContainerEntity, stream: Stream) -> str:
        """What a container printed so far; empty for one that never ran."""
        logs = self._executor.logs(container)
        path = logs.stdout if stream == "stdout" else logs.stderr
        return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""

    def kill(self, workflow_id: str) -> None:
        """End a launch, be it queued or running; its status becomes `Failed (Killed)`.

        Raises:
            Refusal: 404, there is no such workflow; 500, it has ended already.
        """
        workflow = self.records.get(workflow_id)
        if workflow is None:
            raise Refusal(404, f"{workflow_id} not valid workflow")
        if workflow.ended:
            raise Refusal(500, f"Workflow {workflow_id} is not running: {workflow.status}")
        with self._changed:
            running = self._running.get(workflow_id)
        if running is None:
            self._executor.end(workflow_id, failed("Killed"), "It was killed before it ran.")
            self._tell(workflow_id)
        else:
            running.set()

    def delete(self, container: ContainerEntity) -> None:
        """Forget a container and its logs."""
        self.records.delete_container(container)
        logs = self._executor.logs(container)
        for path in (logs.stdout, logs.stderr):
            path.unlink(missing_ok=True)
        if logs.folder.is_dir():
            logs.folder.rmdir()

    def wait(self, workflow_id: str, seconds: float = 60.0) -> PersistentWorkflow:
        """Wait until a workflow has ended, at most so long; the workflow as it is then.

        Raises:
            Refusal: 404, there is no such workflow.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._is_over(workflow_id), seconds)
        workflow = self.records.get(workflow_id)
        if workflow is None:
            raise Refusal(404, f"{workflow_id} not valid workflow")
        return workflow

    def close(self) -> None:
        """Stop what is running; what has not ended is `Failed (Shutdown)`."""
        with self._changed:
            for stop in self._running.values():
                stop.set()
        self._end_what_is_open()
        self._workers.shutdown(cancel_futures=True)
        with self._changed:
            self._changed.notify_all()

    def _queued(self, wrapper: CommandWrapper, asked: StagingRequest, jobid: str) -> StagingRequest:
        """What is asked for, under a workflow of its own."""
        root_input = wrapper.root
        workflow = PersistentWorkflow(
            id="",
            status=QUEUED,
            pipeline=wrapper.name,
            project=asked.project or "",
            session=id_in(asked.values.get(root_input["name"], "")) if root_input else "",
            login=asked.login,
            jobid=jobid,
        )
        return replace(asked, workflow=self.records.add(workflow).id)

    def _carry_out(self, queued: StagingRequest) -> None:
        stop = Event()
        with self._changed:
            self._running[queued.workflow] = stop
        try:
            self._executor.execute(queued, stop)
        finally:
            with self._changed:
                self._running.pop(queued.workflow, None)
            self._tell(queued.workflow)

    def _tell(self, workflow_id: str) -> None:
        with self._changed:
            self._changed.notify_all()
        workflow = self.records.get(workflow_id)
        if workflow is None:
            return
        for listener in self.ended:
            try:
                listener(workflow)
            except Exception:  # noqa: BLE001  the next one is told all the same
                _LOG.exception("What listens to the end of launches broke.")

    def _is_over(self, workflow_id: str) -> bool:
        workflow = self.records.get(workflow_id)
        return workflow is None or workflow.ended

    def _end_what_is_open(self) -> None:
        for workflow_id in self.records.open():
            self._executor.end(workflow_id, failed("Shutdown"), "The server was shut down.")
