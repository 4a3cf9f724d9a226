"""XNAT's listing of a resource: `<name>_catalog.xml`, with the UID of each DICOM file."""

import hashlib
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sarcoma_core.errors import ArchiveError

_CAT = "http://nrg.wustl.edu/catalog"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_ENTRY, _ENTRIES = f"{{{_CAT}}}entry", f"{{{_CAT}}}entries"


@dataclass(frozen=True)
class CatalogEntry:
    """One file of a resource.

    Args:
        uri: path below the resource's folder.
        digest: MD5 in hexadecimal, as XNAT keeps it: it tells files apart, it protects nothing.
        uid: SOPInstanceUID of a DICOM file, else empty.
        instance_number: InstanceNumber of a DICOM file, or None.
    """

    uri: str
    digest: str
    uid: str = ""
    instance_number: int | None = None


def md5(path: Path) -> str:
    """MD5 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def read_catalog(path: Path) -> tuple[CatalogEntry, ...]:
    """Read a catalog; an absent one has no entries.

    Raises:
        ArchiveError: it is damaged.
        OSError: it cannot be opened.
    """
    if not path.is_file():
        return ()
    try:
        # Only ever our own file: an archive's catalogs are written below.
        root = ET.parse(path).getroot()  # noqa: S314
        return tuple(
            CatalogEntry(
                uri=entry.get("URI", ""),
                digest=entry.get("digest", ""),
                uid=entry.get("UID", ""),
                instance_number=int(number) if (number := entry.get("instanceNumber")) else None,
            )
            for entry in root.iter(_ENTRY)
        )
    except (ET.ParseError, ValueError, LookupError):  # an unknown encoding is a LookupError
        raise ArchiveError(
            f"archive: the listing of a resource must be an XNAT catalog; a {path.name} is damaged.",
            hint="Delete its session's record below database/, then import all of its DICOM again.",
        ) from None


def write_dicom_catalog(path: Path, series_uid: str, entries: Iterable[CatalogEntry]) -> None:
    """Write a scan's catalog; it appears whole or not at all.

    Raises:
        OSError: the disk is full or read-only.
    """
    root = _root("DCMCatalog", {"UID": series_uid})
    _write(path, root, entries, "cat:dcmEntry")


def write_catalog(
    folder: Path, name: str, *, resource_label: str, entries: Iterable[CatalogEntry] | None = None
) -> None:
    """Write the catalog of a resource that is not DICOM: every file below its folder, unless they are given.

    Raises:
        OSError: the disk is full or read-only.
    """
    path = folder / f"{name}_catalog.xml"
    if entries is None:
        files = sorted(p for p in folder.rglob("*") if p.is_file() and p != path)
        entries = (CatalogEntry(p.relative_to(folder).as_posix(), md5(p)) for p in files)
    _write(path, _root("Catalog", {"name": resource_label}), entries, "cat:entry")


def _root(tag: str, attributes: dict[str, str]) -> ET.Element:
    ET.register_namespace("cat", _CAT)
    ET.register_namespace("xsi", _XSI)
    return ET.Element(f"{{{_CAT}}}{tag}", attributes)


def _write(path: Path, root: ET.Element, entries: Iterable[CatalogEntry], kind: str) -> None:
    listing = ET.SubElement(root, _ENTRIES)
    for entry in sorted(entries, key=lambda e: e.uri):
        attributes = {f"{{{_XSI}}}type": kind, "URI": entry.uri, "ID": entry.uri, "digest": entry.digest}
        if entry.uid:
            attributes["UID"] = entry.uid
        if entry.instance_number is not None:
            attributes["instanceNumber"] = str(entry.instance_number)
        ET.SubElement(listing, _ENTRY, attributes)
    ET.indent(root)
    partial = path.with_suffix(".partial")
    partial.write_bytes(b'<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root) + b"\n")
    partial.replace(path)
