"""Lint of what was written but is not read: unknown, misspelt and repeated keys."""

from collections.abc import Iterator
from difflib import get_close_matches

from pydantic import BaseModel

from sarcoma_core.xnat.command.binding import part_models
from sarcoma_core.xnat.command.json_text import Json, Members
from sarcoma_core.xnat.command.model import Command
from sarcoma_core.xnat.lint.scene import Scene, Spot, pointer_step

# What the server itself adds when it lists a command; a listing sent back is not a mistake.
_SERVER_KEYS = frozenset({"id"})


def ipc_mode(scene: Scene) -> Iterator[Spot]:
    """The key that a listing shows and an update reads, and that a creation drops."""
    if any(key == "ipc-mode" for key, _ in scene.members.pairs):
        yield Spot("/ipc-mode", 'a creation reads "ipcMode"; "ipc-mode" is dropped without a word')


def unknown_keys(scene: Scene) -> Iterator[Spot]:
    """Keys that the service drops silently."""
    for where, model, members in _objects(Command, scene.members, ""):
        known = part_models(model)
        for key, _ in members.pairs:
            if key in known or key in _SERVER_KEYS or f"{where}/{key}" == "/ipc-mode":
                continue
            close = get_close_matches(key, known, n=1)
            hint = f'; did you mean "{close[0]}"?' if close else ""
            yield Spot(
                f"{where}/{pointer_step(key)}", f'the service does not know "{key}" and drops it{hint}'
            )


def repeated_keys(scene: Scene) -> Iterator[Spot]:
    """Keys given twice in one object, of which the last one wins."""
    for where, _, members in _objects(Command, scene.members, ""):
        names = [key for key, _ in members.pairs]
        for key in dict.fromkeys(name for name in names if names.count(name) > 1):
            yield Spot(
                f"{where}/{pointer_step(key)}", f'"{key}" is given {names.count(key)} times; the last wins'
            )


def _objects(
    model: type[BaseModel], tree: Json, where: str
) -> Iterator[tuple[str, type[BaseModel], Members]]:
    """Every object of a command that a model describes, with its place."""
    if isinstance(tree, list):
        for index, item in enumerate(tree):
            yield from _objects(model, item, f"{where}/{index}")
    if isinstance(tree, Members):
        yield where, model, tree
        for key, value in tree.pairs:
            part = part_models(model).get(key)
            if part is not None:
                yield from _objects(part, value, f"{where}/{key}")
