"""What a user says about a table whose headings do not say it."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from sarcoma_core.prognosis.clinical.endpoints import TimeZero

Words = Mapping[str, Mapping[str, str]]
"""By column the user's own words, and what they mean."""


def _today() -> dt.date:
    return dt.datetime.now(dt.UTC).date()


@dataclass(frozen=True)
class HowToRead:
    """What a user says about a table.

    Args:
        sheet: of a workbook, the one with the patients; empty for the first that has any.
        columns: by column of the table the heading that it has.
        units: by column of the table the unit of its numbers.
        words: by column of the table the user's own words, and what they mean.
        time_zero: what times are counted from; None for what the headings say, else surgery.
        today: no date lies after it.
    """

    sheet: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    words: Words = field(default_factory=dict)
    time_zero: TimeZero | None = None
    today: dt.date = field(default_factory=_today)
