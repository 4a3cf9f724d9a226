"""Named sequences of steps. No logic: a chain is its list of names."""

from collections.abc import Mapping

CHAINS: Mapping[str, tuple[str, ...]] = {
    "prepare": ("convert", "bias-field", "normalise", "report"),
}
