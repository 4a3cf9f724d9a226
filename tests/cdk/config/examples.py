"""A site's file that is right, and the same with single values changed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from sarcoma_cdk.config import example_sites

ABSENT = object()
"""A value that is left out."""


def document(name: str) -> dict[str, Any]:
    """What an example's file holds."""
    path = next(path for path in example_sites() if path.stem == name)
    found: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return found


def written(folder: Path, changes: Mapping[str, Any], name: str = "example") -> Path:
    """A file with other values: the key `machine.size` is `size` below `machine`."""
    tree = document(name)
    for key, value in changes.items():
        *above, last = key.split(".")
        part = tree
        for step in above:
            part = part.setdefault(step, {})
        if value is ABSENT:
            part.pop(last, None)
        else:
            part[last] = value
    path = folder / "mine.yaml"
    path.write_text(yaml.safe_dump(tree), "utf-8")
    return path
