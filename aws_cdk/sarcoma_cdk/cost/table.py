"""The estimate as people read it, and as machines do."""

from collections.abc import Iterator
from typing import Any

from sarcoma_cdk.cost.estimating import Estimate, Item
from sarcoma_cdk.cost.prices import HOURS

_CALCULATOR = "https://calculator.aws"


def table(found: Estimate) -> str:
    """The estimate as a table in Markdown, with its date and its warning.

    Args:
        found: the estimate.
    """
    return "\n".join(_lines(found)) + "\n"


def _lines(found: Estimate) -> Iterator[str]:
    yield f"Site {found.site}, {found.region}: US dollars a month, list prices of {found.date}."
    yield f"An estimate: verify it with the AWS Pricing Calculator, {_CALCULATOR}."
    yield ""
    yield "| item | quantity | USD a month |"
    yield "|---|---|---:|"
    for item in found.items:
        if item.group in {"machine", "site"}:
            yield _row(item)
    yield f"| **always awake ({HOURS} h)** | | **{found.idle:.0f}** |"
    yield f"| **awake {found.awake:g} h, else asleep** | | **{found.asleep_else:.0f}** |"
    for item in found.items:
        if item.group in {"network", "backup"} and item.quantity:
            yield _row(item)
    if found.beside:
        yield f"| **always awake, with these** | | **{found.idle + found.beside:.0f}** |"
        yield f"| **awake {found.awake:g} h, with these** | | **{found.asleep_else + found.beside:.0f}** |"
    yield ""
    if found.gpu_size:
        yield f"An hour with a GPU ({found.gpu_size}): {found.gpu_hour:.2f} USD, instead of the usual one."
    backup = next(item for item in found.items if item.group == "backup")
    yield f"Backups: {backup.price:.3f} USD a month for each GiB stored (--stored GIB) or changed."
    yield "Left out: traffic, requests, taxes, support, discounts, the free tier, GuardDuty."
    yield f"Prices: {found.source}."


def _row(item: Item) -> str:
    return f"| {item.name} | {item.quantity:g}{f' {item.unit}' if item.unit else ''} | {item.cost:.2f} |"


def as_json(found: Estimate) -> dict[str, Any]:
    """The estimate for machines.

    Args:
        found: the estimate.
    """
    return {
        "site": found.site,
        "region": found.region,
        "currency": "USD",
        "date": found.date,
        "source": found.source,
        "estimate": True,
        "awake_hours": found.awake,
        "items": [{**item._asdict(), "cost": round(item.cost, 2)} for item in found.items],
        "always_awake": round(found.idle, 2),
        "awake_else_asleep": round(found.asleep_else, 2),
        "network_and_backup": round(found.beside, 2),
        "gpu_size": found.gpu_size or None,
        "gpu_hour": round(found.gpu_hour, 4) if found.gpu_size else None,
    }
