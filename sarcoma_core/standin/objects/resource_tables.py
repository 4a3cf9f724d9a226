"""Listings of resources and of files, and a resource's catalog."""

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from sarcoma_core.archive.catalog import read_catalog
from sarcoma_core.standin.objects.items import Item
from sarcoma_core.standin.objects.resources import Resource, ResourceCatalogs
from sarcoma_core.standin.objects.tables import ResultSet
from sarcoma_core.standin.objects.transfer import Packed

_RESOURCE = (
    "xnat_abstractresource_id",
    "label",
    "element_name",
    "category",
    "cat_id",
    "cat_desc",
    "format",
    "content",
    "tags",
    "file_count",
    "file_size",
)
_FILE = ("Name", "Size", "URI", "collection", "file_tags", "file_format", "file_content", "cat_ID", "digest")


def resource_table(resources: ResourceCatalogs, listed: Iterable[tuple[Item, Resource]]) -> ResultSet:
    """A listing of resources."""
    rows = []
    for item, resource in listed:
        sizes = [file.size for file in resources.files(resource)]
        info = resource.info
        of_scan = ("scans", item.id, item.values.get("type", "")) if item.kind == "scan" else ("", "", "")
        rows.append(
            (
                str(resource.id),
                resource.label,
                "xnat:resourceCatalog",
                *of_scan,
                info.format,
                info.content,
                info.tags,
                str(len(sizes)),
                str(sum(sizes)),
            )
        )
    return ResultSet(_RESOURCE, tuple(rows))


def file_table(packed: Iterable[Packed]) -> ResultSet:
    """A listing of files. Spaces in names are escaped, as XNAT does: its clients look for `a%20b`."""
    rows = []
    for item, resource, file in packed:
        info = file.info
        escaped = file.name.replace(" ", "%20")
        rows.append(
            (
                PurePosixPath(escaped).name,
                str(file.size),
                f"{item.uri}/resources/{resource.id}/files/{escaped}",
                resource.label,
                info.tags,
                info.format or resource.info.format,
                info.content or resource.info.content,
                str(resource.id),
                file.digest,
            )
        )
    return ResultSet(_FILE, tuple(rows))


def packed_files(resources: ResourceCatalogs, listed: Iterable[tuple[Item, Resource]]) -> Iterator[Packed]:
    """Every file of some resources."""
    for item, resource in listed:
        for file in resources.files(resource):
            yield Packed(item, resource, file)


def catalog_xml(resource: Resource) -> bytes:
    """A resource's catalog in XNAT's form; clients tell it by its first line and the tag after it."""
    tag = "DCMCatalog" if resource.is_dicom else "Catalog"
    root = ET.Element(
        f"cat:{tag}",
        {
            "xmlns:cat": "http://nrg.wustl.edu/catalog",
            "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
            "ID": resource.label,
        },
    )
    entries = ET.SubElement(root, "cat:entries")
    for entry in read_catalog(resource.catalog):
        told = {"URI": entry.uri, "ID": entry.uri, "digest": entry.digest}
        if entry.uid:
            told |= {"xsi:type": "cat:dcmEntry", "UID": entry.uid}
        if entry.instance_number is not None:
            told["instanceNumber"] = str(entry.instance_number)
        ET.SubElement(entries, "cat:entry", told)
    ET.indent(root)
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root) + b"\n"
