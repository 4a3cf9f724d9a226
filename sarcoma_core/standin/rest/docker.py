"""The engine over REST: where it is, which images it has, the commands in their labels.

Source: Container Service 3.7.3, ``DockerRestApi``.
"""

import json as text_json
import logging

import docker
import docker.errors
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sarcoma_core.standin.answers import Refusal, json, text
from sarcoma_core.standin.containers.commands import Commands
from sarcoma_core.standin.containers.compute_backend import NOT_SET_UP, answers, backend, set_backend
from sarcoma_core.standin.documents import Document
from sarcoma_core.standin.rest.bodies import read_document
from sarcoma_core.standin.rest.wrappers import require_manager
from sarcoma_core.standin.server import StandIn, standin, user

_LABEL = "org.nrg.commands"
_HUB: Document = {
    "id": 1,
    "name": "Docker Hub",
    "url": "https://index.docker.io/v1/",
    "default": True,
    "status": {"ping": False, "response": "Down", "message": "This stand-in reaches no registry."},
}
_LOG = logging.getLogger(__name__)


async def get_server(request: Request) -> Response:
    """GET: where containers run."""
    return json(await run_in_threadpool(_with_ping, standin(request), status=404))


async def set_server(request: Request) -> Response:
    """POST: containers run elsewhere."""
    require_manager(user(request))
    body = await read_document(request)
    server = standin(request)
    await run_in_threadpool(set_backend, server.documents, body)
    return json(await run_in_threadpool(_with_ping, server, status=404), 201)


async def ping(request: Request) -> Response:
    """GET: `OK` when the engine answers."""
    told = await run_in_threadpool(_with_ping, standin(request), status=424)
    if not told["ping"]:
        raise Refusal(500, "The Docker server returned an error:\nit does not answer.")
    return text("OK")


async def hubs(_request: Request) -> Response:
    """GET: where images come from."""
    return json([_HUB])


async def images(request: Request) -> Response:
    """GET: the images that the engine has; none where launches are processes."""
    _require_set_up(standin(request))
    return json(await run_in_threadpool(_images, standin(request)))


async def image_summaries(request: Request) -> Response:
    """GET: the images with the commands that use them, and the images that commands lack."""
    server = standin(request)
    _require_set_up(server)
    held = await run_in_threadpool(_images, server)
    by_name = {name: image["image-id"] for image in held for name in image["tags"]}
    commands = server.launches.commands.all()
    told: list[Document] = []
    for name in dict.fromkeys((*by_name, *(str(command["image"]) for command in commands))):
        known = {"image-id": by_name[name], "server": "Stand-in"} if name in by_name else {}
        told.append({**known, "names": [name], "commands": [c for c in commands if c["image"] == name]})
    return json(told)


async def save_from_labels(request: Request) -> Response:
    """POST: the commands in an image's label become commands of the server; what is wrong is only logged."""
    require_manager(user(request))
    server = standin(request)
    _require_set_up(server)
    reference = request.query_params.get("image", "")
    labels = await run_in_threadpool(_labels, server, reference)
    return json(_saved(server.launches.commands, labels.get(_LABEL, "[]"), reference))


async def pull(request: Request) -> Response:
    """POST: an image of a registry; this stand-in reaches none, so only an image that is there will do."""
    require_manager(user(request))
    server, reference = standin(request), request.query_params.get("image", "")
    _require_set_up(server)
    if "/" not in reference and "sha256:" in reference:
        raise Refusal(400, "Cannot pull an image by sha256 ID. Use image label instead.")
    try:
        labels = await run_in_threadpool(_labels, server, reference)
    except Refusal:
        raise Refusal(
            500, "The Docker server returned an error:\nthis stand-in reaches no registry."
        ) from None
    if request.query_params.get("save-commands", "true").lower() != "false":
        _saved(server.launches.commands, labels.get(_LABEL, "[]"), reference)
    return text()


def _with_ping(server: StandIn, *, status: int) -> Document:
    told = backend(server.documents, server.launches.runner.name)
    if told is None:
        raise Refusal(status, NOT_SET_UP)
    return {**told, "ping": answers(str(told.get("host", "")))}


def _require_set_up(server: StandIn) -> None:
    if backend(server.documents, server.launches.runner.name) is None:
        raise Refusal(424, NOT_SET_UP)


def _images(server: StandIn) -> list[Document]:
    if server.launches.runner.name != "docker":
        return []
    try:
        engine = docker.from_env()
        return [
            {"image-id": image.id, "tags": image.tags, "labels": image.labels}
            for image in engine.images.list()
        ]
    except docker.errors.DockerException as error:
        raise Refusal(500, f"The Docker server returned an error:\n{error}") from error


def _labels(server: StandIn, reference: str) -> dict[str, str]:
    found = next((i for i in _images(server) if reference == i["image-id"] or reference in i["tags"]), None)
    if found is None:
        raise Refusal(404, f"No image with id {reference}")
    return dict(found["labels"])


def _saved(commands: Commands, label: str, reference: str) -> list[Document]:
    try:
        listed = text_json.loads(label)
    except ValueError:
        listed = []
    saved = []
    for body in listed if isinstance(listed, list) else []:
        try:
            saved.append(commands.get(commands.add({**body, "image": reference})))
        except Refusal as refusal:
            _LOG.error("A command of an image's label was not saved: %s", refusal.text)
    return saved


DOCKER_ROUTES = [
    Route("/xapi/docker/server", get_server),
    Route("/xapi/docker/server", set_server, methods=["POST"]),
    Route("/xapi/docker/server/ping", ping),
    Route("/xapi/docker/hubs", hubs),
    Route("/xapi/docker/images", images),
    Route("/xapi/docker/image-summaries", image_summaries),
    Route("/xapi/docker/images/save", save_from_labels, methods=["POST"]),
    Route("/xapi/docker/pull", pull, methods=["POST"]),
]
