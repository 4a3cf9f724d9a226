"""What the server remembers of a launch: a workflow and a container, each a document.

The JSON is that of the batch-launch plugin's ``Workflow`` and of the Container Service's ``Container``.
"""

import time
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

from sarcoma_core.standin.documents import Document
from sarcoma_core.xnat.status import is_terminal

MASKED = "******"


class BulkReport(NamedTuple):
    """What a bulk launch answers: everything is a success until it has run."""

    id: str
    pipeline: str
    accepted: int


@dataclass(frozen=True)
class PersistentWorkflow:
    """A workflow, XNAT's record of something that was done to an object (``PersistentWorkflowI``).

    Args:
        id: its number, as text.
        status: XNAT's word for how far it is.
        pipeline: name of the wrapper.
        project: the project that it was launched in, or that its object is of; empty as long as unknown.
        session: id of the object that it was launched on, e.g. a session's accession id.
        label: that object's label; empty as long as nothing is resolved.
        data_type: that object's data type; empty as long as nothing is resolved.
        container: the engine's id of the container; empty as long as there is none.
        reason: why it failed, in one line.
        jobid: the bulk launch that it is part of.
        login: who launched it.
        launched: when, in seconds since 1970.
        changed: when its status changed last.
    """

    id: str
    status: str
    pipeline: str
    project: str
    session: str
    login: str
    label: str = ""
    data_type: str = ""
    container: str = ""
    reason: str = ""
    jobid: str = ""
    launched: float = field(default_factory=time.time)
    changed: float = field(default_factory=time.time)

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return is_terminal(self.status)

    @property
    def json(self) -> Document:
        """The workflow as `/xapi/workflows` tells it."""
        told = {
            "wfid": int(self.id),
            "id": self.session,
            "label": self.label,
            "externalId": self.project,
            "pipelineName": self.pipeline,
            "dataType": self.data_type,
            "comments": self.container,
            "details": self.reason,
            "justification": "Container launch",
            "type": "PROCESS",
            "category": "DATA",
            "launchTime": _millis(self.launched),
            "currentStepLaunchTime": _millis(self.launched),
            "modTime": _millis(self.changed),
            "status": self.status,
            "percentageComplete": "100.0" if self.ended else "0",
            "createUser": self.login,
            "jobId": self.jobid or None,
        }
        return {key: value for key, value in told.items() if value is not None}

    def to_document(self) -> Document:
        """As it is kept."""
        return dict(vars(self))

    @classmethod
    def from_document(cls, document: Document) -> Self:
        """As it was kept."""
        return cls(**document)


@dataclass(frozen=True)
class ContainerHistory:
    """One line of a container's history.

    Args:
        status: what happened, in XNAT's or the engine's word.
        entity: who noticed: `system`, `event` (the engine) or `user`.
        at: when, in seconds since 1970.
        message: why, or empty.
        exit_code: of the end of the process, else empty.
        login: the user, when it was one.
    """

    status: str
    entity: str = "system"
    at: float = field(default_factory=time.time)
    message: str = ""
    exit_code: str = ""
    login: str = ""

    @property
    def json(self) -> Document:
        """As `/xapi/containers` tells it."""
        told = {
            "status": self.status,
            "entity-type": self.entity,
            "entity-id": self.login or None,
            "time-recorded": _millis(self.at),
            "message": self.message or None,
            "exitCode": self.exit_code or None,
        }
        return {key: value for key, value in told.items() if value is not None}


@dataclass(frozen=True)
class ContainerEntity:
    """A container.

    Args:
        number: its number in XNAT's database.
        id: the engine's id.
        workflow: the workflow's number.
        command: the command's number.
        wrapper: the wrapper's number.
        login: who launched it.
        project: the project.
        session: accession id of the session, or empty.
        image: what it runs.
        command_line: after templating.
        status: XNAT's word for how far it is.
        changed: when the status changed last.
        details: the rest of what `/xapi/containers` tells: env (no password), mounts, inputs, outputs.
        history: what happened, in order.
    """

    number: int
    id: str
    workflow: str
    command: int
    wrapper: int
    login: str
    project: str
    session: str
    image: str
    command_line: str
    status: str
    changed: float = field(default_factory=time.time)
    details: dict[str, Any] = field(default_factory=dict)
    history: tuple[ContainerHistory, ...] = ()

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return is_terminal(self.status)

    def json(self, *, scrubbed: bool = False) -> Document:
        """The container as `/xapi/containers` tells it.

        Args:
            scrubbed: leave out what only its launcher, an owner of the project and an administrator see.
        """
        told: Document = {
            "id": self.number,
            "command-id": self.command,
            "status": self.status,
            "status-time": _millis(self.changed),
            "wrapper-id": self.wrapper,
            "user-id": self.login,
            "project": self.project,
            "docker-image": self.image,
            "command-line": "[REDACTED]" if scrubbed and self.command_line else self.command_line,
            "env": {},
            "mounts": [],
            "inputs": [],
            "outputs": [],
            "history": [],
            "log-paths": [],
            "ports": {},
        }
        if scrubbed:
            return told
        return {
            **told,
            "container-id": self.id,
            "workflow-id": self.workflow,
            "backend": "docker",
            **self.details,
            "history": [event.json for event in self.history],
        }

    def to_document(self) -> Document:
        """As it is kept."""
        return {**vars(self), "history": [vars(event) for event in self.history]}

    @classmethod
    def from_document(cls, document: Document) -> Self:
        """As it was kept."""
        history = tuple(ContainerHistory(**event) for event in document["history"])
        return cls(**{**document, "history": history})


def _millis(seconds: float) -> int:
    return int(seconds * 1000)
