"""The listing of workflows, of which XNAT serves a page at a time."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from sarcoma_core.xnat.rest.connection import Connection

PATH = "/xapi/workflows"


class ListedWorkflow(NamedTuple):
    """A workflow as a listing has it.

    Attributes:
        id: of the workflow.
        pipeline: name of the wrapper.
        target: id of the object that it was launched on.
    """

    id: str
    pipeline: str
    target: str


def newest_workflows(
    connection: Connection, target: str, data_type: str, *, size: int
) -> tuple[ListedWorkflow, ...]:
    """The newest workflows of an object, the newest first.

    Args:
        connection: to the server.
        target: id of the object.
        data_type: its XNAT data type.
        size: how many, at most.

    Raises:
        ServerError: the server does not answer.
    """
    query = {
        "id": target,
        "data_type": data_type,
        "sort_col": "wfid",
        "sort_dir": "desc",
        "filters": {},  # XNAT 1.10 stumbles over a request without them
    }
    return tuple(
        ListedWorkflow(str(row.get("wfid", "")), str(row.get("pipelineName", "")), str(row.get("id", "")))
        for row in listing_page(connection, query, number=1, size=size)
    )


def listing_page(
    connection: Connection, query: Mapping[str, Any], *, number: int, size: int
) -> list[Mapping[str, Any]]:
    """A page of the listing.

    Raises:
        ServerError: the server does not answer.
    """
    rows: list[Mapping[str, Any]] = connection.post(PATH, json={**query, "page": number, "size": size}).json()
    return rows
