"""The list of prices, `prices.json`: AWS's own for one region, and how much dearer the others are."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from sarcoma_cdk.errors import ConfigError

_LIST = Path(__file__).with_name("prices.json")
HOURS = 730
"""In a month, as AWS counts."""


class Prices:
    """What things cost in one region, in US dollars.

    Args:
        listed: the list.
        region: the region.

    Raises:
        ConfigError: the list does not know the region.
    """

    def __init__(self, listed: Mapping[str, Any], region: str) -> None:
        if region not in listed["ratio"]:
            raise ConfigError(
                f"region: must be one whose prices are listed, {', '.join(sorted(listed['ratio']))}; "
                f"found {region}.",
                hint=f"Add its ratio to {_LIST.name}, from calculator.aws",
            )
        self.date: str = listed["date"]
        self.source: str = listed["source"]
        self.ratio: float = listed["ratio"][region]
        self._listed = listed

    def of(self, thing: str) -> float:
        """The price of one of them, in a month or an hour, as its name says.

        Args:
            thing: the key in the list.
        """
        return float(self._listed[thing]) * self.ratio

    def machine_hour(self, size: str) -> float:
        """An hour of an EC2 machine with Linux.

        Args:
            size: its type.

        Raises:
            ConfigError: the list does not know it.
        """
        return self._sized("machine_hour", size)

    def database_hour(self, size: str) -> float:
        """An hour of RDS for PostgreSQL in two zones.

        Args:
            size: its class.

        Raises:
            ConfigError: the list does not know it.
        """
        return self._sized("database_hour_multi_az", size)

    def _sized(self, table: str, size: str) -> float:
        found: Mapping[str, float] = self._listed[table]
        if size not in found:
            raise ConfigError(
                f"size: must be one whose price is listed, {', '.join(found)}; found {size}.",
                hint=f"Add it to {table} in {_LIST.name}: the price in us-east-1, from calculator.aws",
            )
        return found[size] * self.ratio


@cache
def _listed() -> Mapping[str, Any]:
    listed: Mapping[str, Any] = json.loads(_LIST.read_text("utf-8"))
    return listed


def read_prices(region: str) -> Prices:
    """The prices of a region.

    Args:
        region: the region.

    Raises:
        ConfigError: the list does not know it.
    """
    return Prices(_listed(), region)
