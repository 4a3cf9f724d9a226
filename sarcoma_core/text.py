"""Text on its way to a screen or into a file."""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from typing import Any


def printable(text: str) -> str:
    """A text without control characters: a terminal would act on them, and files are not trusted."""
    return "".join(char if char.isprintable() else "?" for char in text)


def counted(number: int, noun: str) -> str:
    """A number of things in words: `1 session`, `2 sessions`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def csv_bytes(head: Iterable[object], rows: Iterable[Iterable[object]]) -> bytes:
    """A table as a file: CSV in UTF-8, lines ended by a line feed.

    Args:
        head: names of the columns.
        rows: cells of each.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return stream.getvalue().encode()


def json_bytes(tree: Mapping[str, Any]) -> bytes:
    """JSON as a file in UTF-8, keys sorted: equal trees give equal bytes."""
    return (json.dumps(tree, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()
