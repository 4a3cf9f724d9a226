"""Spans of time as XNAT writes them."""

import re

_UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}


def seconds(interval: str) -> float | None:
    """A PostgreSQL interval as XNAT keeps it, `2 days` or `1 day 12 hours`; None for what is none."""
    parts = re.findall(r"([0-9.]+)\s*(second|minute|hour|day|week)s?", interval)
    rest = re.sub(r"[0-9.]+\s*(?:second|minute|hour|day|week)s?|and|[\s,]", "", interval)
    return sum(float(number) * _UNITS[unit] for number, unit in parts) if parts and not rest else None
