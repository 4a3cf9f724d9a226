"""Orchestrations: wrappers that run one after the other on one object, started by a launch of the first.

One orchestration may be chosen in a project; the next wrapper is launched when the one before it is Complete,
with the same object; a failure ends it.

Source: Container Service 3.7, ``OrchestrationRestApi``, ``OrchestrationServiceImpl``,
``OrchestrationEntityServiceImpl``, ``WorkflowStatusEventOrchestrationListener``, our reading of them.
"""

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from sarcoma_core.standin.answers import Refusal
from sarcoma_core.standin.containers.commands import Commands, CommandWrapper
from sarcoma_core.standin.documents import Document, Documents

_KIND, _CHOSEN, _PLACE = "orchestration", "orchestration-of-project", "orchestrated-workflow"
_FEWEST = 2


@dataclass(frozen=True)
class OrchestrationEntity:
    """Wrappers in series.

    Args:
        id: its number.
        name: unique on the server.
        wrapper_ids: the wrappers, in order.
        enabled: whether projects may choose it.
    """

    id: int
    name: str
    wrapper_ids: tuple[int, ...]
    enabled: bool = True

    def as_json(self) -> Document:
        """As the server lists it."""
        return {
            "id": self.id,
            "name": self.name,
            "wrapperIds": list(self.wrapper_ids),
            "enabled": self.enabled,
            "haltOnCommandFailure": True,
        }


class OrchestrationStep(NamedTuple):
    """Where in an orchestration a launch stands."""

    orchestration: int
    step: int


class Orchestrations:
    """The orchestrations of a server.

    Args:
        documents: where they are kept.
        commands: the commands that they are made of.
    """

    def __init__(self, documents: Documents, commands: Commands) -> None:
        self._documents = documents
        self._commands = commands
        commands.enabling.off_at_site.append(self._disable_using)

    def all(self) -> tuple[OrchestrationEntity, ...]:
        """All of them."""
        return tuple(_read(tree) for tree in self._documents.all(_KIND).values())

    def get(self, number: int) -> OrchestrationEntity:
        """One of them.

        Raises:
            Refusal: 404, there is none.
        """
        tree = self._documents.get(_KIND, str(number))
        if tree is None:
            raise Refusal(404, f"Could not find orchestration by id {number}")
        return _read(tree)

    def put(self, body: Document) -> OrchestrationEntity:
        """Add one, or change the one that the body numbers.

        Raises:
            Refusal: 400, fewer than two wrappers, one is not enabled at the site, or they share no context;
                404, no such orchestration or wrapper; 500, the name is another one's.
        """
        wrapper_ids = tuple(_integer(each) for each in body.get("wrapperIds") or ())
        if len(wrapper_ids) < _FEWEST:
            raise Refusal(400, "Orchestration of fewer than two wrappers is not allowed")
        contexts = [set(self._enabled(wrapper_id).declared["contexts"]) for wrapper_id in wrapper_ids]
        if not set.intersection(*contexts):
            raise Refusal(400, "Wrappers must all have a common context")
        with self._documents.lock:
            number = _integer(body.get("id") or 0)
            if number:
                self.get(number)
            name = str(body.get("name") or "")
            if any(other.name == name and other.id != number for other in self.all()):
                raise Refusal(500, "There was an error in the request : the name is taken")
            kept = OrchestrationEntity(number or self._documents.next_id(_KIND), name, wrapper_ids)
            self._keep(kept)
        return kept

    def set_enabled(self, number: int, *, on: bool) -> None:
        """Enable one, and its wrappers at the site; or disable it, and take it from the projects."""
        orchestration = self.get(number)
        self._keep(OrchestrationEntity(orchestration.id, orchestration.name, orchestration.wrapper_ids, on))
        for wrapper_id in orchestration.wrapper_ids if on else ():
            self._commands.enabling.switch(wrapper_id, on=True)
        if not on:
            self._free(number)

    def delete(self, number: int) -> None:
        """Delete one, and take it from the projects."""
        self._free(number)
        self._documents.delete(_KIND, str(number))

    def choose(self, project: str, number: int) -> None:
        """Make one a project's, and enable its wrappers there.

        Raises:
            Refusal: 404, there is none; 400, it is not enabled.
        """
        orchestration = self.get(number)
        if not orchestration.enabled:
            why = "cannot be added to a project because it is not enabled."
            raise Refusal(400, f"Orchestration {orchestration.name} ({number}) {why}")
        self._documents.put(_CHOSEN, project, {"orchestration": number})
        for wrapper_id in orchestration.wrapper_ids:
            self._commands.enabling.switch(wrapper_id, on=True, project=project)

    def drop(self, project: str) -> None:
        """Take its orchestration from a project."""
        self._documents.delete(_CHOSEN, project)

    def chosen(self, project: str) -> OrchestrationEntity | None:
        """A project's orchestration."""
        kept = self._documents.get(_CHOSEN, project)
        return self.get(kept["orchestration"]) if kept else None

    def available(self, project: str) -> tuple[OrchestrationEntity, ...]:
        """Those of which every wrapper is enabled in a project."""
        switches = self._commands.enabling
        return tuple(o for o in self.all() if all(switches.is_on(w, project) for w in o.wrapper_ids))

    def next_after(
        self, workflow_id: str, wrapper_id: int, project: str
    ) -> tuple[OrchestrationStep, int] | None:
        """What follows a launch that is Complete: its place and its wrapper; None when nothing does.

        Args:
            workflow_id: the launch.
            wrapper_id: what it ran.
            project: where.
        """
        kept = self._documents.get(_PLACE, workflow_id)
        if kept:
            here: OrchestrationStep | None = OrchestrationStep(kept["orchestration"], kept["step"])
        else:
            first = self.chosen(project)
            here = OrchestrationStep(first.id, 0) if first and first.wrapper_ids[0] == wrapper_id else None
        tree = self._documents.get(_KIND, str(here.orchestration)) if here else None
        if here is None or tree is None:
            return None
        orchestration, following = _read(tree), here.step + 1
        # Changed since the launch: the service halts rather than guesses.
        changed = (
            here.step >= len(orchestration.wrapper_ids) or orchestration.wrapper_ids[here.step] != wrapper_id
        )
        if not orchestration.enabled or changed or following >= len(orchestration.wrapper_ids):
            return None
        return OrchestrationStep(orchestration.id, following), orchestration.wrapper_ids[following]

    def note(self, workflow_id: str, place: OrchestrationStep) -> None:
        """Remember where in its orchestration a launch stands."""
        self._documents.put(_PLACE, workflow_id, place._asdict())

    def _disable_using(self, wrapper_id: int) -> None:
        """Disable those of a wrapper that is disabled for the site: our reading of ``checkAndDisable``."""
        for orchestration in self.all():
            if orchestration.enabled and wrapper_id in orchestration.wrapper_ids:
                self.set_enabled(orchestration.id, on=False)

    def _enabled(self, wrapper_id: int) -> CommandWrapper:
        if not self._commands.enabling.is_on(wrapper_id):
            raise Refusal(400, f"Wrapper {wrapper_id} not enabled for site")
        wrapper = self._commands.wrapper(wrapper_id)
        if wrapper is None:
            raise Refusal(404, f"No command wrapper for id {wrapper_id}")
        return wrapper

    def _keep(self, orchestration: OrchestrationEntity) -> None:
        self._documents.put(_KIND, str(orchestration.id), asdict(orchestration))

    def _free(self, number: int) -> None:
        for project, kept in self._documents.all(_CHOSEN).items():
            if kept["orchestration"] == number:
                self.drop(project)


def _read(tree: Document) -> OrchestrationEntity:
    return OrchestrationEntity(tree["id"], tree["name"], tuple(tree["wrapper_ids"]), tree["enabled"])


def _integer(value: Any) -> int:  # noqa: ANN401  JSON
    if isinstance(value, bool) or not str(value).isdigit():
        raise Refusal(400, "Orchestration: ids must be whole numbers.")
    return int(value)
