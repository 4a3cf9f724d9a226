"""The commands that a server holds, and their wrappers: numbers, duplicates, replacement.

Source: Container Service 3.7.3, ``CommandRestApi``, ``HibernateCommandEntityService``.
"""

from collections.abc import Mapping
from typing import NamedTuple

from sarcoma_core.standin.answers import Refusal
from sarcoma_core.standin.containers.command_text import created, launchable, new_wrapper, replaced
from sarcoma_core.standin.containers.enabling import Enabling
from sarcoma_core.standin.documents import Document, Documents
from sarcoma_core.xnat.command.model import Command

_COMMAND, _WRAPPER = "command", "wrapper"
_VISIBILITIES = ("public", "private", "protected")


class CommandWrapper(NamedTuple):
    """A wrapper with the command that it is part of, as the server lists them.

    Args:
        command: the command.
        declared: the wrapper.
    """

    command: Document
    declared: Document

    @property
    def id(self) -> int:
        """The wrapper's number."""
        return int(self.declared["id"])

    @property
    def name(self) -> str:
        """The wrapper's name."""
        return str(self.declared["name"])

    @property
    def root(self) -> Document | None:
        """The input that takes the object of a launch; None for a wrapper that takes nothing."""
        return next(iter(self.declared["external-inputs"]), None)

    @property
    def summary(self) -> Document:
        """What menus and dialogs call the command and the wrapper; what they have not is left out."""
        parts = (("command", self.command), ("wrapper", self.declared))
        told = {
            f"{part}-{key}": of.get(key)
            for part, of in parts
            for key in ("id", "name", "label", "description")
        }
        return {key: value for key, value in told.items() if value is not None}

    @property
    def resolvable(self) -> Command:
        """The command, ready to be resolved with this wrapper."""
        return launchable(self.command)


class Commands:
    """Commands by id.

    Args:
        documents: where they are kept.
    """

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self.enabling = Enabling(documents)

    def all(self, *, name: str = "", version: str = "", image: str = "") -> tuple[Document, ...]:
        """Commands as the server lists them; of one name, version, image."""
        asked = {"name": name, "version": version, "image": image}
        return tuple(
            command
            for command in self._documents.all(_COMMAND).values()
            if all(not value or command.get(key) == value for key, value in asked.items())
        )

    def get(self, command_id: int) -> Document:
        """One command as the server lists it.

        Raises:
            Refusal: 404, there is none.
        """
        command = self._documents.get(_COMMAND, str(command_id))
        if command is None:
            raise Refusal(404, f"Could not find entity with ID {command_id}")
        return command

    def add(self, body: Document, image: str = "") -> int:
        """Add a command.

        Raises:
            Refusal: 400, it is not valid, or there is one of this name, image and version.
        """
        command = created(body, image)
        with self._documents.lock:
            self._refuse_duplicate(command)
            command_id = self._documents.next_id(_COMMAND)
            for wrapper in command["xnat"]:
                self._number(wrapper, command_id, self._documents.next_id(_WRAPPER))
            self._keep(command_id, command)
        return command_id

    def replace(self, command_id: int, body: Document) -> None:
        """Put a command in the place of an earlier one, whole: wrappers that it does not name are deleted.

        A wrapper keeps its number when it keeps its name, or when the body names its number.

        Raises:
            Refusal: 500, there is no such command; 400, the new one is not valid.
        """
        with self._documents.lock:
            earlier = self._documents.get(_COMMAND, str(command_id))
            if earlier is None:
                raise Refusal(500, f"Could not find entity with ID {command_id}")
            command = replaced(body)
            self._refuse_duplicate(command, besides=command_id)
            by_name: dict[str, int] = {wrapper["name"]: wrapper["id"] for wrapper in earlier["xnat"]}
            asked = {w.get("name"): w.get("id") for w in body.get("xnat") or [] if isinstance(w, dict)}
            free = set(by_name.values())
            for wrapper in command["xnat"]:
                kept: int = by_name.get(wrapper["name"], asked.get(wrapper["name"]) or 0)
                number = kept if kept in free else self._documents.next_id(_WRAPPER)
                free.discard(number)
                self._number(wrapper, command_id, number)
            for number in free:
                self._forget_wrapper(number)
            self._keep(command_id, command)

    def delete(self, command_id: int) -> None:
        """Delete a command with its wrappers; one that is not there is no error."""
        with self._documents.lock:
            for wrapper in (self._documents.get(_COMMAND, str(command_id)) or {"xnat": []})["xnat"]:
                self._forget_wrapper(wrapper["id"])
            self._documents.delete(_COMMAND, str(command_id))

    def set_visibility(self, command_id: int, visibility: str) -> None:
        """Make a command public, private or protected.

        Raises:
            Refusal: 404, there is no such command; 400, no such visibility.
        """
        if visibility not in _VISIBILITIES:
            raise Refusal(400, f"Bad request:\nUnknown visibility {visibility}.")
        with self._documents.lock:
            self._keep(command_id, {**self.get(command_id), "visibility": visibility})

    def wrapper(self, wrapper_id: int) -> CommandWrapper | None:
        """A wrapper by its number; None when there is none."""
        place = self._documents.get(_WRAPPER, str(wrapper_id))
        if place is None:
            return None
        command = self.get(place["command"])
        return next(CommandWrapper(command, w) for w in command["xnat"] if w["id"] == wrapper_id)

    def wrapper_named(self, command_id: int, name: str) -> CommandWrapper | None:
        """A wrapper by its command's number and its name; None when there is none."""
        command = self._documents.get(_COMMAND, str(command_id)) or {"xnat": []}
        return next((CommandWrapper(command, w) for w in command["xnat"] if w["name"] == name), None)

    def add_wrapper(self, command_id: int, body: Document) -> int:
        """Add a wrapper to a command.

        Raises:
            Refusal: 404, there is no such command; 400, it is not valid with the wrapper.
        """
        with self._documents.lock:
            command = self.get(command_id)
            self.replace(command_id, {**command, "xnat": [*command["xnat"], new_wrapper(body)]})
            return int(self.get(command_id)["xnat"][-1]["id"])

    def replace_wrapper(self, command_id: int, wrapper_id: int, body: Document) -> None:
        """Put a wrapper in the place of an earlier one; it keeps its number.

        Raises:
            Refusal: 404, there is no such command or wrapper; 400, the command is not valid with it.
        """
        with self._documents.lock:
            command = self.get(command_id)
            if wrapper_id not in (wrapper["id"] for wrapper in command["xnat"]):
                raise Refusal(404, f"No command wrapper for id {wrapper_id}")
            wrappers = [{**body, "id": wrapper_id} if w["id"] == wrapper_id else w for w in command["xnat"]]
            self.replace(command_id, {**command, "xnat": wrappers})

    def delete_wrapper(self, wrapper_id: int) -> None:
        """Delete a wrapper; one that is not there is no error."""
        with self._documents.lock:
            wrapper = self.wrapper(wrapper_id)
            if wrapper is not None:
                wrappers = [w for w in wrapper.command["xnat"] if w["id"] != wrapper_id]
                self._keep(wrapper.command["id"], {**wrapper.command, "xnat": wrappers})
                self._forget_wrapper(wrapper_id)

    def _refuse_duplicate(self, command: Document, *, besides: int = 0) -> None:
        key = [command.get(part) for part in ("name", "image", "version")]
        for other in self._documents.all(_COMMAND).values():
            if other["id"] != besides and key == [other.get(part) for part in ("name", "image", "version")]:
                raise Refusal(400, "Bad request:\nThis command duplicates a command already in the database.")

    def _number(self, wrapper: Document, command_id: int, wrapper_id: int) -> None:
        wrapper["id"] = wrapper_id
        self._documents.put(_WRAPPER, str(wrapper_id), {"command": command_id})

    def _forget_wrapper(self, wrapper_id: int) -> None:
        self._documents.delete(_WRAPPER, str(wrapper_id))
        self.enabling.forget(wrapper_id)

    def _keep(self, command_id: int, command: Mapping[str, object]) -> None:
        self._documents.put(_COMMAND, str(command_id), {"id": command_id, **command})
