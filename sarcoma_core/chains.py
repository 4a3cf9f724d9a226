"""Named sequences of steps: a chain is its list of names.

A step whose asset the project lacks is passed by, and so is what would read what that step writes: the rest
of the chain goes on (`launch.assets`, `launch.work`).
"""

from collections.abc import Mapping

CHAINS: Mapping[str, tuple[str, ...]] = {
    "prepare": ("convert", "series-roles", "suv", "bias-field", "normalise", "register", "report"),
    "masks": ("import-masks", "report"),
    "read": (
        "convert",
        "series-roles",
        "bias-field",
        "normalise",
        "register",
        "segment",
        "export-masks",
        "predict",
        "report",
    ),
}


def steps_of(what: str) -> tuple[str, ...]:
    """The steps of a chain, or the one step of that name."""
    return CHAINS.get(what, (what,))
