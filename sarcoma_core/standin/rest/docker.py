"""The engine over REST: where it is, which images it has, the commands in their labels.

Source: Container Service 3.7.3, ``DockerRestApi``.
"""

import json as text_json
import logging

import docker
import docker.errors
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sarcoma_core.standin.answers import Refusal, json, text
from sarcoma_core.standin.containers.commands import Commands
from sarcoma_core.standin.containers.compute_backend import NOT_SET_UP, answers, backend, set_backend
from sarcoma_core.standin.documents import Document
from sarcoma_core.standin.rest.bodies import RequestBody, with_body
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


def get_server(request: Request) -> Response:
    """GET: where containers run.

    Raises:
        Refusal: 404, no backend is set up.
    """
    return json(_with_ping(standin(request), status=404))


@with_body()
def set_server(request: Request, body: RequestBody) -> Response:
    """POST: containers run elsewhere.

    Raises:
        Refusal: 400, it breaks the service's rules; 403, who asks is no container manager.
    """
    require_manager(user(request))
    server = standin(request)
    set_backend(server.documents, body.document())
    return json(_with_ping(server, status=404), 201)


def ping(request: Request) -> Response:
    """GET: `OK` when the engine answers.

    Raises:
        Refusal: 424, no backend is set up; 500, it does not answer.
    """
    if not _with_ping(standin(request), status=424)["ping"]:
        raise Refusal(500, "The Docker server returned an error:\nit does not answer.")
    return text("OK")


def hubs(_request: Request) -> Response:
    """GET: where images come from."""
    return json([_HUB])


def images(request: Request) -> Response:
    """GET: the images that the engine has; none where launches are processes.

    Raises:
        Refusal: 424, no backend is set up; 500, the engine does not answer.
    """
    server = standin(request)
    _require_set_up(server)
    return json(_images(server))


def image_summaries(request: Request) -> Response:
    """GET: the images with the commands that use them, and the images that commands lack.

    Raises:
        Refusal: 424, no backend is set up; 500, the engine does not answer.
    """
    server = standin(request)
    _require_set_up(server)
    by_name = {name: image["image-id"] for image in _images(server) for name in image["tags"]}
    commands = server.launches.commands.all()
    told: list[Document] = []
    for name in dict.fromkeys((*by_name, *(str(command["image"]) for command in commands))):
        known = {"image-id": by_name[name], "server": "Stand-in"} if name in by_name else {}
        told.append({**known, "names": [name], "commands": [c for c in commands if c["image"] == name]})
    return json(told)


def save_from_labels(request: Request) -> Response:
    """POST: the commands in an image's label become commands of the server; what is wrong is only logged.

    Raises:
        Refusal: 403, who asks is no container manager; 404, there is no such image; 424, no backend is set
            up; 500, the engine does not answer.
    """
    require_manager(user(request))
    server = standin(request)
    _require_set_up(server)
    reference = request.query_params.get("image", "")
    labels = _labels(server, reference)
    return json(_saved(server.launches.commands, labels.get(_LABEL, "[]"), reference))


def pull(request: Request) -> Response:
    """POST: an image of a registry; this stand-in reaches none, so only an image that is there will do.

    Raises:
        Refusal: 400, a bare digest; 403, who asks is no container manager; 424, no backend is set up; 500,
            the image is not there.
    """
    require_manager(user(request))
    server, reference = standin(request), request.query_params.get("image", "")
    _require_set_up(server)
    if "/" not in reference and "sha256:" in reference:
        raise Refusal(400, "Cannot pull an image by sha256 ID. Use image label instead.")
    try:
        labels = _labels(server, reference)
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
    for image in _images(server):
        if reference == image["image-id"] or reference in image["tags"]:
            return dict(image["labels"])
    raise Refusal(404, f"No image with id {reference}")


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
