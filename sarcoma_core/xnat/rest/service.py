"""The Container Service over REST: commands and wrappers, launches, workflows and containers.

Source: Container Service 3.7.3 (workflows are served by the batch-launch plugin
that every site with bulk launches has). Its quirks end here: a body that is a bare number, a project that
answers with another shape than the site, a list inside a JSON string.
"""

import itertools
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from sarcoma_core.xnat import status as words
from sarcoma_core.xnat.rest.answering import Answer, ServerError, refused
from sarcoma_core.xnat.rest.connection import Connection, at
from sarcoma_core.xnat.rest.workflows import listing_page

Tree = Mapping[str, Any]
"""A parsed JSON object of the service, as it stands."""

_PAGE = 500


@dataclass(frozen=True)
class LiveWrapper:
    """A wrapper as the server holds it: what is enabled, configured and launched."""

    id: int
    name: str


@dataclass(frozen=True)
class LiveCommand:
    """A command as the server holds it; `tree` is all that it answers."""

    id: int
    name: str
    version: str
    image: str
    wrappers: tuple[LiveWrapper, ...]
    tree: Tree = field(repr=False)

    @classmethod
    def of(cls, tree: Tree) -> "LiveCommand":
        """Read one of the service's own listing."""
        wrappers = tuple(LiveWrapper(int(w["id"]), str(w["name"])) for w in tree.get("xnat") or ())
        version, image = tree.get("version") or "", tree.get("image") or ""
        return cls(int(tree["id"]), str(tree["name"]), str(version), str(image), wrappers, tree)


@dataclass(frozen=True)
class Launched:
    """What a launch answers before anything has run; `workflow_id` may be `status.TO_BE_ASSIGNED`."""

    workflow_id: str


@dataclass(frozen=True)
class BulkLaunched:
    """What a bulk launch answers before anything is resolved: its items are found by `id` later."""

    id: str
    accepted: int
    failures: tuple[str, ...]


@dataclass(frozen=True)
class Workflow:
    """How far a launch is.

    Args:
        id: its number.
        status: the service's word.
        session: accession id of the object that it was launched on.
        container: id of its container; empty as long as there is none.
        reason: why it failed, in the service's words; may be empty.
    """

    id: int
    status: str
    session: str
    container: str
    reason: str

    @property
    def terminal(self) -> bool:
        """Whether nothing more will happen."""
        return words.is_terminal(self.status)

    @property
    def succeeded(self) -> bool:
        """Whether it ended well, its outputs uploaded."""
        return words.is_success(self.status)

    @classmethod
    def of(cls, tree: Tree) -> "Workflow":
        """Read one: `comments` is the container's id, or a sentence when there is none."""
        comments, details = (str(tree.get(key) or "").strip() for key in ("comments", "details"))
        sentence = " " in comments
        return cls(
            id=int(tree.get("wfid") or 0),
            status=str(tree.get("status") or ""),
            session=str(tree.get("id") or ""),
            container="" if sentence else comments,
            reason=details or (comments if sentence else ""),
        )


@dataclass(frozen=True)
class ContainerRecord:
    """What the service remembers of a container; `tree` is all that it answers."""

    id: int
    container_id: str
    status: str
    wrapper_id: int
    workflow_id: str
    project: str
    image: str
    tree: Tree = field(repr=False)

    @classmethod
    def of(cls, tree: Tree) -> "ContainerRecord":
        """Read one; a user who is no owner sees some of it blanked."""
        word = {
            key: str(tree.get(key) or "")
            for key in ("container-id", "status", "workflow-id", "project", "docker-image")
        }
        return cls(
            id=int(tree.get("id") or 0),
            container_id=word["container-id"],
            status=word["status"],
            wrapper_id=int(tree.get("wrapper-id") or 0),
            workflow_id=word["workflow-id"],
            project=word["project"],
            image=word["docker-image"],
            tree=tree,
        )


class ContainerService:
    """The service of one server, for one user.

    Every method raises `ServerError`, as `Connection.get` does.

    Args:
        connection: how it is reached.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def commands(self, name: str | None = None) -> tuple[LiveCommand, ...]:
        """All commands, or those of a name (one for each version), in order of their ids."""
        answer = self.connection.get("/xapi/commands", {"name": name} if name else None)
        return tuple(sorted(map(LiveCommand.of, answer.json()), key=lambda command: command.id))

    def command(self, command_id: int) -> LiveCommand:
        """One command."""
        return LiveCommand.of(self.connection.get(_command(command_id)).json())

    def add(self, tree: Tree) -> int:
        """Add a command; gives its id. Its wrappers are off."""
        answer = self.connection.post("/xapi/commands", json=dict(tree), accept=(HTTPStatus.BAD_REQUEST,))
        return int(_accepted(answer, "POST", "/xapi/commands").json())

    def replace(self, command_id: int, tree: Tree) -> None:
        """Replace the whole of a command; a wrapper in `tree` without its live id becomes another one."""
        path = _command(command_id)
        # An update reads "ipc-mode" where a creation reads "ipcMode" (`Command.CommandCreation`).
        body = {"ipc-mode" if key == "ipcMode" else key: value for key, value in tree.items()}
        answer = self.connection.post(path, json={**body, "id": command_id}, accept=(HTTPStatus.BAD_REQUEST,))
        _accepted(answer, "POST", path)

    def delete(self, command_id: int) -> None:
        """Delete a command with its wrappers and their settings; one that is gone already is no error."""
        self.connection.delete(_command(command_id))

    def enabled(self, wrapper_id: int, project: str | None = None) -> bool:
        """Whether a wrapper is on for the site, or for a project; off at the site, it is off everywhere."""
        enabled = self.connection.get(f"{_wrapper(wrapper_id, project)}/enabled").json()
        if isinstance(enabled, dict):
            return bool(enabled["enabled-for-site"] and enabled["enabled-for-project"])
        return bool(enabled)

    def enabled_for_site(self, wrapper_id: int, project: str) -> bool:
        """Whether a wrapper is on for the site, as an owner of a project is told who may not ask the site."""
        enabled = self.connection.get(f"{_wrapper(wrapper_id, project)}/enabled").json()
        return bool(enabled["enabled-for-site"])

    def set_enabled(self, wrapper_id: int, on: bool, project: str | None = None) -> None:  # noqa: FBT001  names it
        """Switch a wrapper on or off, for the site or for a project."""
        self.connection.put(f"{_wrapper(wrapper_id, project)}/{'enabled' if on else 'disabled'}")

    def configuration(self, wrapper_id: int, project: str | None = None) -> Tree:
        """A wrapper's settings merged over its declaration; a project's over the site's.

        The service answers all inputs and outputs, also those that nobody has set.
        """
        configuration: Tree = self.connection.get(f"{_wrapper(wrapper_id, project)}/config").json()
        return configuration

    def set_configuration(
        self, wrapper_id: int, configuration: Tree, project: str | None = None, *, enable: bool = False
    ) -> None:
        """Replace a wrapper's settings; the service switches it on too unless told not to."""
        self.connection.post(
            f"{_wrapper(wrapper_id, project)}/config",
            json=dict(configuration),
            query={"enable": str(enable).lower()},
        )

    def launch(self, project: str, wrapper_id: int, root: str, values: Mapping[str, str]) -> Launched:
        """Launch a wrapper once; the answer is optimistic, nothing has been resolved yet.

        Args:
            project: id of the project.
            wrapper_id: id of the wrapper; the service does not check it.
            root: name of the wrapper's first external input.
            values: a value for each input, the root's being a URI such as `/archive/experiments/XNAT_E1`.
        """
        report = self._start(project, wrapper_id, root, "launch", dict(values))
        return Launched(str(report.get("workflow-id") or words.TO_BE_ASSIGNED))

    def bulk_launch(
        self, project: str, wrapper_id: int, root: str, uris: Sequence[str], values: Mapping[str, str]
    ) -> BulkLaunched:
        """Launch a wrapper on many objects with the same values; the answer is optimistic."""
        body = {**values, root: json.dumps(list(uris))}
        report = self._start(project, wrapper_id, root, "bulklaunch", body)
        failures = tuple(str(item.get("message") or "") for item in report.get("failures") or ())
        return BulkLaunched(
            str(report.get("bulk-launch-id") or ""), len(report.get("successes") or ()), failures
        )

    def _start(self, project: str, wrapper_id: int, root: str, verb: str, body: Mapping[str, str]) -> Tree:
        path = at("xapi", "projects", project, "wrappers", str(wrapper_id), "root", root, verb)
        answer = self.connection.post(path, json=dict(body), accept=(HTTPStatus.INTERNAL_SERVER_ERROR,))
        report = _object(answer)
        if answer.status == HTTPStatus.INTERNAL_SERVER_ERROR or report.get("status") == "failure":
            if "message" not in report:
                raise refused("POST", path, answer.status)
            raise ServerError(f"The server refused the launch: {report['message']}", status=answer.status)
        return report

    def workflow(self, workflow_id: int | str) -> Workflow:
        """One workflow."""
        return Workflow.of(self.connection.get(at("xapi", "workflows", str(workflow_id))).json())

    def workflows(self, bulk_id: str) -> tuple[Workflow, ...]:
        """All workflows of a bulk launch that exist by now."""
        workflows: list[Workflow] = []
        query = {
            "data_type": "xdat:user",
            "sort_col": "wfid",
            "sort_dir": "asc",
            # A part of the id, as a login in it may have letters that the filter refuses.
            "filters": {"jobId": {"backend": "sql_string", "like": _filterable(bulk_id)}},
        }
        for number in itertools.count(1):
            rows = listing_page(self.connection, query, number=number, size=_PAGE)
            workflows += (Workflow.of(row) for row in rows if row.get("jobId") == bulk_id)
            if len(rows) < _PAGE:
                break
        return tuple(workflows)

    def containers(self, project: str | None = None) -> tuple[ContainerRecord, ...]:
        """All containers that the service remembers, or those of a project."""
        path = at("xapi", "projects", project, "containers") if project else "/xapi/containers"
        return tuple(map(ContainerRecord.of, self.connection.get(path).json()))

    def container(self, container_id: int | str) -> ContainerRecord:
        """One container, by the service's number or the backend's id."""
        return ContainerRecord.of(self.connection.get(at("xapi", "containers", str(container_id))).json())

    def logs(self, container_id: int | str, stream: str) -> str:
        """What a container wrote to `stdout` or `stderr`; on Kubernetes all of it is in `stdout`."""
        return self.connection.get(at("xapi", "containers", str(container_id), "logs", stream)).text

    def kill(self, container_id: int | str, project: str | None = None) -> None:
        """Stop a container."""
        scope = ("projects", project) if project else ()
        self.connection.post(at("xapi", *scope, "containers", str(container_id), "kill"))


def _filterable(text: str) -> str:
    """The end of a text as far as a filter takes it (XNAT's `StringFilter`)."""
    return re.split(r"[^A-Za-z0-9_./ -]", text)[-1]


def _command(command_id: int) -> str:
    return f"/xapi/commands/{command_id}"


def _wrapper(wrapper_id: int, project: str | None) -> str:
    return at("xapi", *(("projects", project) if project else ()), "wrappers", str(wrapper_id))


def _object(answer: Answer) -> Tree:
    """The body as a JSON object; an empty one for an error page of the web server."""
    try:
        body = answer.json()
    except ServerError:
        if answer.status == HTTPStatus.INTERNAL_SERVER_ERROR:
            return {}
        raise
    return body if isinstance(body, dict) else {}


def _accepted(answer: Answer, method: str, path: str) -> Answer:
    """An answer to a command that was sent, or the service's own reasons against it."""
    if answer.status != HTTPStatus.BAD_REQUEST:
        return answer
    if not answer.text.startswith(("Invalid command", "Bad request")):
        raise refused(method, path, answer.status)
    raise ServerError(
        f"The service refuses the command. {' '.join(answer.text.split())}",
        status=answer.status,
        hint="Check it here: sarcoma commands validate FILE",
    )
