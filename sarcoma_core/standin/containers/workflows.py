"""Workflows and containers by number, by bulk launch, by session and by project.

Documents are found by their key only, so each question has an index of its own: a kind whose keys are the
numbers that answer it.
"""

import time
from collections.abc import Iterator
from dataclasses import replace

from sarcoma_core.standin.containers.records import ContainerEntity, ContainerHistory, PersistentWorkflow
from sarcoma_core.standin.documents import Documents

_WORKFLOW, _CONTAINER = "workflow", "container"
_EVERY, _OPEN = "workflow@every", "workflow@open"


class Workflows:
    """Workflows, each with its container.

    Args:
        documents: where they are kept.
    """

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def add(self, workflow: PersistentWorkflow) -> PersistentWorkflow:
        """Add a workflow under a number of its own."""
        numbered = replace(workflow, id=str(self._documents.next_id(_WORKFLOW)))
        with self._documents.lock:
            self._documents.put(_WORKFLOW, numbered.id, numbered.to_document())
            for index in (*_indices(numbered), _OPEN):
                self._documents.put(index, numbered.id, {})
        return numbered

    def get(self, workflow_id: str) -> PersistentWorkflow | None:
        """A workflow by its number."""
        kept = self._documents.get(_WORKFLOW, workflow_id)
        return PersistentWorkflow.from_document(kept) if kept else None

    def change(self, workflow_id: str, **changes: str) -> PersistentWorkflow:
        """Change a workflow, unless it has ended: the first end is the one that counts.

        Raises:
            LookupError: there is none.
        """
        with self._documents.lock:
            workflow = self.get(workflow_id)
            if workflow is None:
                raise LookupError(workflow_id)
            if workflow.ended:
                return workflow
            changed = PersistentWorkflow.from_document(
                {**workflow.to_document(), **changes, "changed": time.time()}
            )
            self._documents.put(_WORKFLOW, workflow_id, changed.to_document())
            for index in set(_indices(changed)) - set(_indices(workflow)):
                self._documents.put(index, workflow_id, {})
            if changed.ended:
                self._documents.delete(_OPEN, workflow_id)
            return changed

    def open(self) -> tuple[str, ...]:
        """Numbers of the workflows that have not ended."""
        return tuple(self._documents.all(_OPEN))

    def is_bulk(self, jobid: str) -> bool:
        """Whether workflows of a bulk launch are there."""
        return bool(jobid) and bool(self._documents.all(_index(jobid=jobid)))

    def newest(
        self, *, jobid: str = "", session: str = "", project: str = ""
    ) -> Iterator[PersistentWorkflow]:
        """Workflows, the newest first; of one bulk launch, session or project."""
        index = _index(jobid=jobid, session=session, project=project)
        numbers = tuple(self._documents.all(index))
        kept = self._documents.some(_WORKFLOW, numbers)
        yield from (
            PersistentWorkflow.from_document(kept[number]) for number in reversed(numbers) if number in kept
        )

    def add_container(self, container: ContainerEntity) -> ContainerEntity:
        """Add a container under a number of its own."""
        with self._documents.lock:
            numbered = replace(container, number=self._documents.next_id(_CONTAINER))
            self._documents.put(_CONTAINER, str(numbered.number), numbered.to_document())
            self._documents.put(f"{_CONTAINER}@id", numbered.id, {"number": numbered.number})
            self._documents.put(f"{_CONTAINER}@project/{numbered.project}", str(numbered.number), {})
        return numbered

    def container(self, container_id: str) -> ContainerEntity | None:
        """A container by its number or the engine's id."""
        place = self._documents.get(f"{_CONTAINER}@id", container_id)
        kept = self._documents.get(_CONTAINER, str(place["number"]) if place else container_id)
        return ContainerEntity.from_document(kept) if kept else None

    def tell(self, number: int, event: ContainerHistory) -> None:
        """Add to a container's history; its status becomes the event's, unless only the engine says so."""
        with self._documents.lock:
            container = self.container(str(number))
            if container is None or container.ended:
                return
            status = container.status if event.entity == "event" else event.status
            told = replace(container, status=status, changed=event.at, history=(*container.history, event))
            self._documents.put(_CONTAINER, str(number), told.to_document())

    def containers(self, project: str | None = None) -> Iterator[ContainerEntity]:
        """Containers, the newest first; of one project."""
        if project is None:
            kept = self._documents.all(_CONTAINER)
        else:
            kept = self._documents.some(_CONTAINER, self._documents.all(f"{_CONTAINER}@project/{project}"))
        numbers = sorted(kept, key=int, reverse=True)
        yield from (ContainerEntity.from_document(kept[number]) for number in numbers)

    def delete_container(self, container: ContainerEntity) -> None:
        """Forget a container; its workflow stays."""
        with self._documents.lock:
            for kind in (_CONTAINER, f"{_CONTAINER}@project/{container.project}"):
                self._documents.delete(kind, str(container.number))
            self._documents.delete(f"{_CONTAINER}@id", container.id)


def _indices(workflow: PersistentWorkflow) -> Iterator[str]:
    yield _EVERY
    for name, value in (
        ("jobid", workflow.jobid),
        ("session", workflow.session),
        ("project", workflow.project),
    ):
        if value:
            yield f"workflow@{name}/{value}"


def _index(**asked: str) -> str:
    """The narrowest index that answers; the first one given, in the order of the arguments."""
    return next((f"workflow@{name}/{value}" for name, value in asked.items() if value), _EVERY)
