"""Containers over REST: listings, logs, kill.

Source: Container Service 3.7.3, ``ContainerRestApi``; a container is found by its number or the engine's id.
"""

import io
import zipfile

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sarcoma_core.standin.answers import Refusal, json, text
from sarcoma_core.standin.containers.launches import Launches, Stream, stream_named
from sarcoma_core.standin.containers.paging import Page
from sarcoma_core.standin.containers.records import ContainerRecord
from sarcoma_core.standin.documents import Document
from sarcoma_core.standin.objects.access import may
from sarcoma_core.standin.rest.bodies import read_document
from sarcoma_core.standin.server import StandIn, standin, user
from sarcoma_core.standin.users import User

_REQUIRED_XNAT = "1.9.2"
_FINISHED = "-1"
"""The time stamp of a log that grows no more."""


async def version(request: Request) -> Response:
    """GET: whether this XNAT is one for the Container Service."""
    detected = standin(request).settings.xnat_version
    fits = [int(part) for part in detected.split(".") if part.isdigit()] >= [1, 9, 2]
    told: Document = {
        "compatible": fits,
        "xnatVersionDetected": detected,
        "xnatVersionRequired": _REQUIRED_XNAT,
    }
    return json(told if fits else {**told, "message": f"This plugin requires XNAT {_REQUIRED_XNAT}."})


async def list_containers(request: Request) -> Response:
    """GET: the containers that are the user's own or of a project that is; of one project."""
    return json(await run_in_threadpool(_listed, request))


def _listed(request: Request) -> list[Document]:
    server, who = standin(request), user(request)
    is_open = request.query_params.get("nonfinalized", "").lower() == "true"
    return [
        container.json()
        for container in server.launches.containers(request.path_params.get("project"))
        if _owns(server, who, container) and not (is_open and container.ended)
    ]


async def page_containers(request: Request) -> Response:
    """POST: a page of containers; those of others are scrubbed."""
    page = Page.of(await read_document(request), column="id")

    def rows() -> list[Document]:
        server, who = standin(request), user(request)
        found = server.launches.containers()
        return page.of_rows(container.json(scrubbed=not _owns(server, who, container)) for container in found)

    return json(await run_in_threadpool(rows))


async def get_container(request: Request) -> Response:
    """GET: one container, scrubbed when it is another user's."""
    container = _container(request)
    return json(container.json(scrubbed=not _owns(standin(request), user(request), container)))


async def delete_container(request: Request) -> Response:
    """DELETE: forget a container, by its owner."""
    container, launches = _owned(request, "delete"), standin(request).launches
    if not container.ended:
        raise Refusal(500, f"Container {container.number} is still running.")
    await run_in_threadpool(launches.delete, container)
    return text(status=204)


async def finalize(request: Request) -> Response:
    """POST: upload the outputs of a container that has ended; this server always did so by itself."""
    container = _container(request)
    if not user(request).is_admin:
        raise Refusal(403, f"User {user(request).login} is not an administrator.")
    if not container.ended:
        raise Refusal(500, f"Container {container.number} is still running.")
    return text()


async def kill(request: Request) -> Response:
    """POST: end a container; the answer is the engine's id of it."""
    container = _owned(request, "kill")
    await run_in_threadpool(standin(request).launches.kill, container.workflow)
    return text(container.id)


async def logs(request: Request) -> Response:
    """GET: both logs as a zip."""
    container = _readable(request)
    launches = standin(request).launches
    content = await run_in_threadpool(_zipped, launches, container)
    name = f"{request.path_params['container']}.zip"
    return Response(content, 200, _attachment(name), "application/zip")


async def log(request: Request) -> Response:
    """GET: one log as text; a name that is not `stdout` is taken for `stderr`, as in the service."""
    container, stream = _readable(request), stream_named(request.path_params["file"])
    answer = text(await run_in_threadpool(standin(request).launches.log, container, stream))
    answer.headers.update(_attachment(f"{request.path_params['container']}-{stream}.log"))
    return answer


async def log_since(request: Request) -> Response:
    """GET: what a log grew by since an earlier answer's time stamp, which is opaque to clients."""
    container, stream = _readable(request), stream_named(request.path_params["file"])
    content = (await run_in_threadpool(standin(request).launches.log, container, stream)).encode()
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


def _container(request: Request) -> ContainerRecord:
    place = request.path_params
    container = standin(request).launches.container(place["container"])
    if container is None or place.get("project", container.project) != container.project:
        raise Refusal(404, f"No container with ID {place['container']}")
    return container


def _owned(request: Request, verb: str) -> ContainerRecord:
    container, who = _container(request), user(request)
    if not _owns(standin(request), who, container):
        raise Refusal(403, f"User {who.login} cannot {verb} container {_named(request)}")
    return container


def _readable(request: Request) -> ContainerRecord:
    """The container whose log is asked for, for those who may read its project."""
    try:
        container = _container(request)
    except Refusal as refusal:
        raise Refusal(500, refusal.text) from None
    server, who = standin(request), user(request)
    if container.login != who.login and not may(server.documents, who, container.project, "read"):
        raise Refusal(403, f"User {who.login} cannot read the logs of container {_named(request)}")
    return container


def _named(request: Request) -> str:
    return str(request.path_params["container"])


def _owns(server: StandIn, who: User, container: ContainerRecord) -> bool:
    return container.login == who.login or may(server.documents, who, container.project, "own")


def _zipped(launches: Launches, container: ContainerRecord) -> bytes:
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
