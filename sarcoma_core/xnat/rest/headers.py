"""Elements of the DICOM header of a scan, as the server reads them off one of its files."""

from collections.abc import Collection, Mapping
from http import HTTPStatus

from sarcoma_core.xnat.rest.answering import ServerError
from sarcoma_core.xnat.rest.connection import Connection, at


def scan_header(
    connection: Connection, project: str, session: str, scan: str, tags: Collection[str]
) -> Mapping[str, str]:
    """Some elements of a scan's header; none where the server can read no DICOM file of the scan.

    The service is asked for all of them: `field` can be given once only by our client.

    Args:
        connection: to the server.
        project: id of the project.
        session: accession id.
        scan: id of the scan.
        tags: of the elements, e.g. `(0008,103E)`.

    Returns:
        The texts by tag.

    Raises:
        ServerError: the server does not answer, or its answer is no listing.
    """
    source = f"/archive{at('projects', project, 'experiments', session, 'scans', scan)}"
    answer = connection.get(
        "/data/services/dicomdump",
        {"src": source, "format": "json"},
        accept=(HTTPStatus.NOT_FOUND, HTTPStatus.INTERNAL_SERVER_ERROR),
    )
    if answer.status != HTTPStatus.OK:
        return {}
    try:
        rows = [(str(row["tag1"]).upper(), str(row["value"])) for row in answer.json()["ResultSet"]["Result"]]
    except (KeyError, TypeError):
        raise ServerError("The server's answer must be a listing; it is not.") from None
    return {tag: value for tag, value in reversed(rows) if tag in tags}
