"""Launch the probe on a server: put a known file there, run a container that reads it, see what came back.

Whatever is made for it is taken away again: the command (it never appears in a menu, as it is not enabled),
the subject with its session, or the two resources of a session that the user named.
"""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from typing import Any

from sarcoma_core.errors import ERROR, UsageError
from sarcoma_core.interface import Step
from sarcoma_core.launch.doctor.facts import Probed, Seen
from sarcoma_core.launch.work import manifest
from sarcoma_core.provenance import RunRecord
from sarcoma_core.steps import probe
from sarcoma_core.xnat.command.declaring import INPUT_MOUNT, OUTPUT_MOUNT, command_for
from sarcoma_core.xnat.command.model import Command
from sarcoma_core.xnat.rest import filing
from sarcoma_core.xnat.rest.answering import ServerError
from sarcoma_core.xnat.rest.connection import Connection
from sarcoma_core.xnat.rest.holdings import RemoteHoldings
from sarcoma_core.xnat.rest.remote import RemoteTarget, project_sessions
from sarcoma_core.xnat.rest.service import ContainerService, Workflow
from sarcoma_core.xnat.status import QUEUED

_SECONDS_BETWEEN = 1.0
_LABELS = (probe.LABEL, probe.KEY_LABEL)


def probe_command(step: Step, image: str) -> Command:
    """The command that runs the probe in the image of a step, whose own word for its input it uses."""
    own = command_for(probe.STEP)
    line = f"--{step.input.name} {INPUT_MOUNT} --out {OUTPUT_MOUNT} --probe"
    return own.model_copy(update={"image": image, "command_line": line})


def run_probe(
    service: ContainerService, project: str, step: Step, image: str, *, session: str, seconds: float
) -> Probed:
    """Launch the probe and wait for it.

    Args:
        service: the server.
        project: where it is launched.
        step: the step whose image is proven.
        image: that image.
        session: label or accession id of the session to launch on; empty for one that is made for it.
        seconds: how long to wait for its end.

    Raises:
        UsageError: there is no such session.
        ServerError: the server refused something on the way.
    """
    key = secrets.token_hex(32).encode()
    with ExitStack() as made:
        target = made.enter_context(_session(service.connection, project, session))
        filing.make_resource(service.connection, target, probe.KEY_LABEL)
        filing.put_file(service.connection, target, probe.KEY_LABEL, probe.KEY_FILE, key)
        wrapper, root = made.enter_context(_wrapper(service, probe_command(step, image)))
        bulk = service.bulk_launch(project, wrapper, root, [RemoteTarget("session", target).uri], {})
        workflow = _wait(lambda: service.workflows(bulk.id), seconds)
        if workflow.container and not workflow.terminal:
            service.kill(workflow.container, project)
        holdings = RemoteHoldings(service.connection, target)
        record = manifest(holdings, probe.LABEL) if workflow.succeeded else None
        seen = _seen(record) if record else None
        return Probed(workflow.status, _reason(service, workflow), sha256(key).hexdigest(), seen)


@contextmanager
def _session(connection: Connection, project: str, name: str) -> Iterator[str]:
    """Accession id of the session to launch on; it is afterwards as it was, or gone."""
    if name:
        accession_ids = [s.id for s in project_sessions(connection, project) if name in (s.label, s.id)]
        if not accession_ids:
            raise UsageError(f"--session: must be in project {project!r}; found {name!r}.")
        try:
            yield accession_ids[0]
        finally:
            for label in _LABELS:
                filing.delete_resource(connection, accession_ids[0], label)
        return
    label = f"SARCOMA_PROBE_{secrets.token_hex(4)}"
    try:
        yield filing.make_session(connection, project, label, f"{label}_MR")
    finally:
        filing.delete_subject(connection, project, label)


@contextmanager
def _wrapper(service: ContainerService, command: Command) -> Iterator[tuple[int, str]]:
    """Id of the probe's wrapper and name of its root element; gone afterwards, also one left behind."""
    root = command.xnat[0].external_inputs[0].name
    there = next((live for live in service.commands(command.name) if _is_same(live.tree, command)), None)
    number = there.id if there else service.add(command.to_json())
    try:
        yield service.command(number).wrappers[0].id, root
    finally:
        service.delete(number)


def _is_same(live: Any, command: Command) -> bool:  # noqa: ANN401  JSON of the service
    return (live.get("image"), live.get("version")) == (command.image, command.version) and bool(
        live.get("xnat")
    )


def _wait(ask: Callable[[], tuple[Workflow, ...]], seconds: float) -> Workflow:
    """The workflow when it has ended; as it is when the time is over."""
    until = time.monotonic() + seconds
    while True:
        workflows = ask()
        if workflows and (workflows[0].terminal or time.monotonic() > until):
            return workflows[0]
        if time.monotonic() > until:
            return Workflow(0, QUEUED, "", "", "no workflow appeared")
        time.sleep(_SECONDS_BETWEEN)


def _reason(service: ContainerService, workflow: Workflow) -> str:
    """Why it failed: the container's last words, else XNAT's."""
    if workflow.succeeded:
        return ""
    if not workflow.terminal:
        return workflow.reason or "it did not end in time"
    try:
        # Kubernetes has one log for both streams.
        logs = (service.logs(workflow.container, stream).strip() for stream in ("stderr", "stdout"))
        said = next(filter(None, logs), "") if workflow.container else ""
    except ServerError:
        said = ""  # there is no log, or it is somebody else's
    return said.splitlines()[-1].removeprefix(ERROR) if said else workflow.reason


def _seen(record: RunRecord) -> Seen | None:
    try:
        return Seen(**record.outcomes[0].facts) if record.outcomes else None
    except TypeError:  # another version of the probe wrote it
        return None
