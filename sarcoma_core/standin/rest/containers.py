"""Containers over REST: listings, logs, kill.

Source: Container Service 3.7.3, ``ContainerRestApi``; a container is found by its number or the engine's id.
"""

import io
import zipfile
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sarcoma_core.standin.answers import Refusal, json, text
from sarcoma_core.standin.containers.launches import Launches, Stream, stream_named
from sarcoma_core.standin.containers.paging import Page
from sarcoma_core.standin.containers.records import ContainerEntity
from sarcoma_core.standin.objects.access import may
from sarcoma_core.standin.rest.bodies import RequestBody, with_body
from sarcoma_core.standin.server import StandIn, standin, user
from sarcoma_core.standin.users import User

_REQUIRED_XNAT = "1.9.2"
_FINISHED = "-1"
"""The time stamp of a log that grows no more."""


@dataclass(frozen=True)
class ContainerPath:
    """How a path names a container.

    Args:
        container: the container's number, or the engine's id of it.
        project: the project that the path is in; None for the site.
        file: the log; empty where the path names none.
    """

    container: str
    project: str | None = None
    file: str = ""


def version(request: Request) -> Response:
    """GET: whether this XNAT is one for the Container Service."""
    detected = standin(request).settings.xnat_version
    fits = [int(part) for part in detected.split(".") if part.isdigit()] >= [1, 9, 2]
    told = {
        "compatible": fits,
        "xnatVersionDetected": detected,
        "xnatVersionRequired": _REQUIRED_XNAT,
    }
    return json(told if fits else {**told, "message": f"This plugin requires XNAT {_REQUIRED_XNAT}."})


def list_containers(request: Request) -> Response:
    """GET: the containers that are the user's own or of a project that is; of one project."""
    server, who = standin(request), user(request)
    is_open = request.query_params.get("nonfinalized", "").lower() == "true"
    return json(
        [
            container.json()
            for container in server.launches.records.containers(request.path_params.get("project"))
            if _owns(server, who, container) and not (is_open and container.ended)
        ]
    )


@with_body()
def page_containers(request: Request, body: RequestBody) -> Response:
    """POST: a page of containers; those of others are scrubbed.

    Raises:
        Refusal: 400, the body asks for no page.
    """
    page = Page.of(body.document(), column="id")
    server, who = standin(request), user(request)
    held = server.launches.records.containers()
    rows = (container.json(scrubbed=not _owns(server, who, container)) for container in held)
    return json(page.of_rows(rows))


def get_container(request: Request) -> Response:
    """GET: one container, scrubbed when it is another user's.

    Raises:
        Refusal: 404, there is none.
    """
    server = standin(request)
    container = _container(server, ContainerPath(**request.path_params))
    return json(container.json(scrubbed=not _owns(server, user(request), container)))


def delete_container(request: Request) -> Response:
    """DELETE: forget a container, by its owner.

    Raises:
        Refusal: 403, not the user's; 404, there is none; 500, it still runs.
    """
    server = standin(request)
    container = _owned(server, user(request), ContainerPath(**request.path_params), "delete")
    if not container.ended:
        raise Refusal(500, f"Container {container.number} is still running.")
    server.launches.delete(container)
    return text(status=204)


def finalize(request: Request) -> Response:
    """POST: upload the outputs of a container that has ended; this server always did so by itself.

    Raises:
        Refusal: 403, who asks is no administrator; 404, there is none; 500, it still runs.
    """
    container = _container(standin(request), ContainerPath(**request.path_params))
    who = user(request)
    if not who.is_admin:
        raise Refusal(403, f"User {who.login} is not an administrator.")
    if not container.ended:
        raise Refusal(500, f"Container {container.number} is still running.")
    return text()


def kill(request: Request) -> Response:
    """POST: end a container; the answer is the engine's id of it.

    Raises:
        Refusal: 403, not the user's; 404, there is none; 500, it has ended.
    """
    server = standin(request)
    container = _owned(server, user(request), ContainerPath(**request.path_params), "kill")
    server.launches.kill(container.workflow)
    return text(container.id)


def logs(request: Request) -> Response:
    """GET: both logs as a zip.

    Raises:
        Refusal: 403, the user may not; 500, there is none.
    """
    server, path = standin(request), ContainerPath(**request.path_params)
    content = _zipped(server.launches, _readable(server, user(request), path))
    return Response(content, 200, _attachment(f"{path.container}.zip"), "application/zip")


def log(request: Request) -> Response:
    """GET: one log as text; a name that is not `stdout` is taken for `stderr`, as in the service.

    Raises:
        Refusal: 403, the user may not; 500, there is none.
    """
    server, path = standin(request), ContainerPath(**request.path_params)
    container, stream = _readable(server, user(request), path), stream_named(path.file)
    answer = text(server.launches.log(container, stream))
    answer.headers.update(_attachment(f"{path.container}-{stream}.log"))
    return answer


def log_since(request: Request) -> Response:
    """GET: what a log grew by since an earlier answer's time stamp, which is opaque to clients.

    Raises:
        Refusal: 400, `since` is no time stamp of an answer; 403, the user may not; 500, there is none.
    """
    server, path = standin(request), ContainerPath(**request.path_params)
    container = _readable(server, user(request), path)
    content = server.launches.log(container, stream_named(path.file)).encode()
    since = request.query_params.get("since", "") or "0"
    if not since.removeprefix("-").isdigit():
        raise Refusal(400, "Bad request:\nsince must be the timestamp of an earlier answer.")
    new = b"" if since == _FINISHED else content[int(since) :]
    return json(
        {
            "content": new.decode(errors="replace"),
            "fromFile": container.ended,
            # Our reading of the service's time stamp: here it is how far the log has been read.
            "timestamp": _FINISHED if container.ended else str(len(content)),
            "bytesRead": len(new),
        }
    )


def _container(server: StandIn, path: ContainerPath) -> ContainerEntity:
    container = server.launches.records.container(path.container)
    if container is None or path.project not in (None, container.project):
        raise Refusal(404, f"No container with ID {path.container}")
    return container


def _owned(server: StandIn, who: User, path: ContainerPath, verb: str) -> ContainerEntity:
    container = _container(server, path)
    if not _owns(server, who, container):
        raise Refusal(403, f"User {who.login} cannot {verb} container {path.container}")
    return container


def _readable(server: StandIn, who: User, path: ContainerPath) -> ContainerEntity:
    """The container whose log is asked for, for those who may read its project."""
    try:
        container = _container(server, path)
    except Refusal as refusal:
        raise Refusal(500, refusal.text) from None
    if container.login != who.login and not may(server.documents, who, container.project, "read"):
        raise Refusal(403, f"User {who.login} cannot read the logs of container {path.container}")
    return container


def _owns(server: StandIn, who: User, container: ContainerEntity) -> bool:
    return container.login == who.login or may(server.documents, who, container.project, "own")


def _zipped(launches: Launches, container: ContainerEntity) -> bytes:
    streams: tuple[Stream, ...] = ("stdout", "stderr")
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        for stream in streams:
            archive.writestr(f"{stream}.log", launches.log(container, stream))
    return memory.getvalue()


def _attachment(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}


_ONE, _IN_PROJECT = "/xapi/containers/{container}", "/xapi/projects/{project}/containers"

CONTAINER_ROUTES = [
    Route("/xapi/containers/version", version),
    Route("/xapi/containers", list_containers),
    Route("/xapi/containers", page_containers, methods=["POST"]),
    Route(_IN_PROJECT, list_containers),
    Route(f"{_IN_PROJECT}/name/{{container}}", get_container),
    Route(f"{_IN_PROJECT}/{{container}}", get_container),
    Route(f"{_IN_PROJECT}/{{container}}/kill", kill, methods=["POST"]),
    Route(_ONE, get_container),
    Route(_ONE, delete_container, methods=["DELETE"]),
    Route(f"{_ONE}/finalize", finalize, methods=["POST"]),
    Route(f"{_ONE}/kill", kill, methods=["POST"]),
    Route(f"{_ONE}/logs", logs),
    Route(f"{_ONE}/logs/{{file}}", log),
    Route(f"{_ONE}/logSince/{{file}}", log_since),
]
