"""Listings as XNAT writes them: JSON with a ResultSet, or CSV with a header."""

import csv
import io
import json
from typing import NamedTuple

from starlette.responses import Response

from sarcoma_core.standin.answers import Refusal


class ResultSet(NamedTuple):
    """A listing: its columns, and a row of texts for each object."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def answer(table: ResultSet, wanted: str) -> Response:
    """A listing in the format that a client asked for.

    Args:
        table: the listing.
        wanted: `json`, which is XNAT's default for a listing, or `csv`.

    Raises:
        Refusal: 400, another format.
    """
    if wanted in ("", "json"):
        return Response(as_json(table), media_type="application/json")
    if wanted == "csv":
        return Response(as_csv(table), media_type="text/csv")
    raise Refusal(400, f"format must be json or csv for a listing; found {wanted}.")


def as_json(table: ResultSet) -> str:
    """A listing as XNAT's JSON: every value is text, the count too."""
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    return json.dumps({"ResultSet": {"Result": rows, "totalRecords": str(len(rows))}})


def as_csv(table: ResultSet) -> str:
    """A listing as CSV: a bare header, then rows of quoted values."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(table.columns)
    csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(table.rows)
    return text.getvalue()
