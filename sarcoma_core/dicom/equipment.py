"""What made an object (PS3.3, C.7.5.1)."""

from typing import Final

from pydicom.dataset import Dataset

from sarcoma_core.archive.values import read_text, read_texts

MAKER: Final = "sarcoma"
"""Manufacturer and ManufacturerModelName of what we write."""


def read_software(dataset: Dataset) -> str:
    """Manufacturer, model and versions, in one line."""
    named = (read_text(dataset, keyword) for keyword in ("Manufacturer", "ManufacturerModelName"))
    return ", ".join(filter(None, (*named, *read_texts(dataset, "SoftwareVersions"))))
