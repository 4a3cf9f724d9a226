"""Named sequences of steps: a chain is its list of names."""

from collections.abc import Mapping

CHAINS: Mapping[str, tuple[str, ...]] = {
    "prepare": ("convert", "series-roles", "suv", "bias-field", "normalise", "register", "report"),
    "masks": ("import-masks", "report"),
}


def steps_of(what: str) -> tuple[str, ...]:
    """The steps of a chain, or the one step of that name."""
    return CHAINS.get(what, (what,))
