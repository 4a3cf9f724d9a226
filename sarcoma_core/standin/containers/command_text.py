"""The text of a command, judged and turned into the JSON that the server keeps and lists.

Source: Container Service 3.7.3, ``CommandRestApi`` (status and words of a refusal), ``Command`` (keys).
"""

import re
from typing import Any

from sarcoma_core.errors import CommandError
from sarcoma_core.standin.answers import Refusal
from sarcoma_core.standin.documents import Document
from sarcoma_core.xnat.command.binding import bind
from sarcoma_core.xnat.command.coercion import to_python
from sarcoma_core.xnat.command.json_text import parse, tree_of
from sarcoma_core.xnat.command.model import Command, SecretDestination, SecretSource
from sarcoma_core.xnat.validation.rules import Judgement, JudgementKind, judge

_TAGGED = re.compile(r".+:[a-zA-Z0-9_.-]+")
_CREATED_IPC, _LISTED_IPC = "ipcMode", "ipc-mode"


def read_body(text: str) -> Document:
    """A request's JSON object, read as the service's parser does.

    Raises:
        Refusal: 400, it is none.
    """
    try:
        tree = to_python(parse(text))
    except CommandError as error:
        raise Refusal(400, error.message) from None
    if not isinstance(tree, dict):
        raise Refusal(400, "The body of the request must be a JSON object.")
    return tree


def created(body: Document, image: str = "") -> Document:
    """A new command as the server keeps it, without ids.

    Args:
        body: the request's object.
        image: what the request says of the image where the body is silent.

    Raises:
        Refusal: 400, the service's verdict in its words.
    """
    body = {**body, "image": body.get("image") or image or None}
    stored = _judged(body)
    if not _TAGGED.fullmatch(str(stored["image"])):
        stored["image"] = f"{stored['image']}:latest"
    return stored


def replaced(body: Document) -> Document:
    """A command in the place of an earlier one: other keys are read than at creation, no tag is added.

    Raises:
        Refusal: 400, the service's verdict; 500, an image without a tag.
    """
    body = {key: value for key, value in body.items() if key != _CREATED_IPC}
    body[_CREATED_IPC] = body.pop(_LISTED_IPC, None)
    for wrapper in _objects(body.get("xnat")):
        for handler in _objects(wrapper.get("output-handlers")):
            handler.pop("as-a-child-of-wrapper-input", None)
    stored = _judged(body)
    if not _TAGGED.fullmatch(str(stored["image"])):
        raise Refusal(500, "image name must include version tag. e.g. image_name:tag")
    return stored


def new_wrapper(body: Document) -> Document:
    """A wrapper that is added to a command: creation reads an older key of its handlers, too."""
    for handler in _objects(body.get("output-handlers")):
        handler["as-a-child-of"] = handler.get("as-a-child-of") or handler.get("as-a-child-of-wrapper-input")
    return {**body, "id": None}


def launchable(stored: Document) -> Command:
    """A command that the server keeps, ready to be resolved."""
    return Command.from_json({**stored, _CREATED_IPC: stored.get(_LISTED_IPC)})


def _judged(body: Document) -> Document:
    tree = tree_of(body)
    verdict = judge(tree)
    if verdict.kind is not JudgementKind.ACCEPT:
        raise Refusal(400, _refusal(verdict))
    return _listed(bind(Command, tree).as_tree())


def _refusal(verdict: Judgement) -> str:
    if verdict.kind is JudgementKind.REJECT:
        return "Invalid command:\n\t" + "\n\t".join(verdict.messages)
    return verdict.messages[0]


def _listed(tree: dict[str, Any]) -> Document:
    """A bound command in the words of the server's own listing."""
    if _CREATED_IPC in tree:
        tree[_LISTED_IPC] = tree.pop(_CREATED_IPC)
    for secret in tree["secrets"]:
        secret["source"]["type"] = SecretSource.type_id
        secret["destination"]["type"] = SecretDestination.type_id
    for shown, read in zip(tree["inputs"], launchable(tree).inputs, strict=True):
        shown["type"] = read.type  # a word that the service does not know has become "string"
    return tree


def _objects(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
