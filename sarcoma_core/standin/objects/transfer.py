"""Files on their way out: zip and tar.gz archives laid out as XNAT lays them out.

    <session label>/scans/<id>-<type>/resources/<label>/files/<path>
    <session label>/resources/<label>/files/<path>
    <session label>/assessors/<label>/out/resources/<label>/files/<path>

An archive is written to a file first: the client is told its length, and a file that cannot be read shows
before a byte was sent.
"""

import re
import tarfile
import zipfile
from collections.abc import Iterable
from typing import IO, Literal, NamedTuple

from sarcoma_core.standin.objects.items import Item
from sarcoma_core.standin.objects.resources import Resource, ResourceFile

Packing = Literal["zip", "tar", "tar.gz"]
PACKINGS: dict[str, Packing] = {"zip": "zip", "tar": "tar", "tar.gz": "tar.gz", "tgz": "tar.gz"}
"""By the word that a client sends as `format`."""
MEDIA_TYPES: dict[Packing, str] = {
    "zip": "application/zip",
    "tar": "application/x-tar",
    "tar.gz": "application/x-gzip",
}


class Packed(NamedTuple):
    """One file of an archive: whose it is, and where it lies."""

    item: Item
    resource: Resource
    file: ResourceFile


def member_name(packed: Packed) -> str:
    """The name of a file in an archive."""
    item = packed.item
    tail = f"resources/{packed.resource.label}/files/{packed.file.name}"
    session = item.held_session.label if item.session else item.label
    if item.kind == "scan":
        return f"{session}/scans/{_scan_folder(item)}/{tail}"
    if item.kind == "assessor":
        return f"{session}/assessors/{item.label}/out/{tail}"
    return f"{session}/{tail}"


def _scan_folder(item: Item) -> str:
    """A scan's folder: its id and type; what is no letter, digit, dot or dash becomes `_` (our reading)."""
    told = re.sub(r"[^A-Za-z0-9.-]", "_", item.values.get("type", ""))
    return f"{item.id}-{told}" if told else item.id


def pack(target: IO[bytes], files: Iterable[Packed], packing: Packing) -> None:
    """Write an archive.

    Args:
        target: an open file.
        files: what goes in.
        packing: which kind of archive.

    Raises:
        OSError: the disk is full, or a file cannot be read.
    """
    if packing == "zip":
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for packed in files:
                archive.write(packed.file.path, member_name(packed))
        return
    mode: Literal["w", "w:gz"] = "w:gz" if packing == "tar.gz" else "w"
    with tarfile.open(fileobj=target, mode=mode) as tar:
        for packed in files:
            tar.add(packed.file.path, member_name(packed), recursive=False)
