"""Scans that a person may choose for a step which otherwise tells by itself: an argument of its function.

    t1ce: Annotated[str, ScanChoice(help="T1 after contrast agent")] = ""

A choice is no parameter: it holds for one session, and the step itself remembers it in what it writes.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class ScanChoice:
    """A scan of the session, which a person may choose.

    The function is given the series as `Outcome.series` names it, or an empty text where none is chosen.

    Args:
        help: what the chosen scan is, in a few words that name it in a launch dialog.
    """

    help: str


@dataclass(frozen=True)
class ChoiceSpec:
    """A `ScanChoice` and the name that the function gives it."""

    name: str
    spec: ScanChoice

    @property
    def flag(self) -> str:
        """The command-line flag, e.g. `--t1ce`."""
        return "--" + self.name.replace("_", "-")

    @property
    def scan_input(self) -> str:
        """Name of the wrapper input by which XNAT's dialog offers the scans, e.g. `t1ce-scan`."""
        return f"{self.name}-scan"
