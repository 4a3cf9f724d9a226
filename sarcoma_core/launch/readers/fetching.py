"""What a server holds of a session, fetched: the files that a manifest lists, and one volume."""

from pathlib import Path

from sarcoma_core.errors import ArchiveError
from sarcoma_core.provenance import MANIFEST, Outcome, parse_record
from sarcoma_core.xnat.rest.connection import Connection
from sarcoma_core.xnat.rest.holdings import RemoteResources
from sarcoma_core.xnat.rest.remote import RemoteTarget


def fetch_resource(connection: Connection, target: RemoteTarget, label: str, place: Path) -> None:
    """Fetch a resource that a step wrote; nothing where it is not there, or was fetched before.

    Args:
        connection: to the server.
        target: the session.
        label: of the resource.
        place: the folder that is made for it.

    Raises:
        ArchiveError: its manifest is damaged.
        ServerError: the server does not answer.
        OSError: the disk is full or read-only.
    """
    held = RemoteResources(connection, target)
    manifest = held.manifest(label)
    if manifest is None or place.exists():
        return
    place.mkdir(parents=True)
    for entry in parse_record(manifest, label).files:
        content = held.content(label, entry.path)
        if content is not None:  # what is missing is told by who reads the folder
            file = place / entry.path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
    (place / MANIFEST).write_bytes(manifest)


def fetch_volume(
    connection: Connection, target: RemoteTarget, label: str, series: str, place: Path
) -> tuple[Path, Outcome] | None:
    """Fetch the volume of a series; None where it is not there.

    Args:
        connection: to the server.
        target: the session.
        label: of the resource that holds it.
        series: as `Outcome.series` names it.
        place: a folder that it is put into.

    Raises:
        ServerError: the server does not answer.
        OSError: the disk is full or read-only.
    """
    held = RemoteResources(connection, target)
    try:
        manifest = held.manifest(label)
        record = parse_record(manifest, label) if manifest is not None else None
    except ArchiveError:
        return None
    outcome = record.outcome(series) if record else None
    content = held.content(label, outcome.files[0]) if outcome and outcome.files else None
    if outcome is None or content is None:
        return None
    file = place / label / outcome.files[0]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return file, outcome
