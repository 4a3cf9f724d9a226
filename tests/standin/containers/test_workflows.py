"""Workflows and containers are found by each of their indices, and their first end counts."""

from dataclasses import replace

import pytest

from sarcoma_core.standin.containers.records import ContainerEntity, ContainerHistory, PersistentWorkflow
from sarcoma_core.standin.containers.workflows import Workflows
from sarcoma_core.standin.documents import Documents

NEW = PersistentWorkflow("", "Queued", "w", "P", "E1", "admin", jobid="bulk-1")
CONTAINER = ContainerEntity(0, "abc", "1", 1, 1, "admin", "P", "E1", "tool:1", "line", "Created")


@pytest.fixture
def workflows() -> Workflows:
    return Workflows(Documents())


def test_workflows_are_numbered_and_listed_the_newest_first(workflows: Workflows) -> None:
    added = [workflows.add(NEW).id for _ in range(3)]
    assert len(set(added)) == 3
    assert [workflow.id for workflow in workflows.newest()] == added[::-1]


def test_each_question_has_its_own_answer(workflows: Workflows) -> None:
    first = workflows.add(NEW)
    second = workflows.add(replace(NEW, jobid="bulk-10", session="E2", project="Q"))

    def found(**asked: str) -> list[str]:
        return [workflow.id for workflow in workflows.newest(**asked)]

    assert found(jobid="bulk-1") == found(session="E1") == found(project="P") == [first.id]
    assert found(jobid="bulk-10") == found(session="E2") == found(project="Q") == [second.id]
    assert found(jobid="bulk") == []
    assert workflows.is_bulk("bulk-1")
    assert not workflows.is_bulk("bulk")


def test_what_is_learnt_at_resolution_is_found_by_it(workflows: Workflows) -> None:
    added = workflows.add(replace(NEW, session="a label", project=""))
    workflows.change(added.id, session="E7", project="Q")
    for asked in ({"session": "E7"}, {"project": "Q"}):
        assert [workflow.id for workflow in workflows.newest(**asked)] == [added.id]


def test_the_first_end_is_the_one_that_counts(workflows: Workflows) -> None:
    added = workflows.add(NEW)
    assert workflows.open() == (added.id,)
    workflows.change(added.id, status="Failed (Killed)", reason="first")
    assert workflows.open() == ()
    kept = workflows.change(added.id, status="Complete", reason="second")
    assert (kept.status, kept.reason) == ("Failed (Killed)", "first")


def test_a_container_is_found_by_its_number_and_by_the_engines_id(workflows: Workflows) -> None:
    added = workflows.add_container(CONTAINER)
    assert workflows.container("abc") == workflows.container(str(added.number)) == added
    assert list(workflows.containers("P")) == list(workflows.containers()) == [added]
    assert list(workflows.containers("Q")) == []
    workflows.delete_container(added)
    assert workflows.container("abc") is None
    assert list(workflows.containers("P")) == []


def test_what_the_engine_tells_is_history_and_no_status(workflows: Workflows) -> None:
    number = workflows.add_container(CONTAINER).number
    workflows.tell(number, ContainerHistory("Running"))
    workflows.tell(number, ContainerHistory("die", "event", exit_code="0"))
    workflows.tell(number, ContainerHistory("Complete"))
    workflows.tell(number, ContainerHistory("Failed"))
    container = workflows.container("abc")
    assert container
    assert container.status == "Complete"
    assert [event.status for event in container.history] == ["Running", "die", "Complete"]
