"""What a check says: a finding, with the fix beside it."""

from dataclasses import dataclass
from typing import Literal, Protocol

from sarcoma_core.xnat.rest.service import ContainerService

Verdict = Literal["fault", "warning", "unknown", "ok"]
VERDICTS: tuple[Verdict, ...] = ("fault", "warning", "unknown", "ok")
"""In the order in which a page shows them."""


class Remedy(Protocol):
    """What `--apply` does about a finding: safe, and undone by another command."""

    def apply(self, service: ContainerService) -> str:
        """Do it, and say what was done.

        Raises:
            SarcomaError: the server refused.
        """


@dataclass(frozen=True)
class Finding:
    """What one check found.

    Args:
        check: its name.
        verdict: `fault`, our steps will not run; `warning`, they will, with a limit; `unknown`, the check
            could not be made; `ok`.
        found: what was found, or why nothing could be.
        fix: what to do about it: a command or a click path; empty when there is nothing to do.
        remedy: what `--apply` does about it; None where a person has to.
    """

    check: str
    verdict: Verdict
    found: str
    fix: str = ""
    remedy: Remedy | None = None


def has_faults(findings: tuple[Finding, ...]) -> bool:
    """Whether something keeps our steps from running."""
    return any(finding.verdict == "fault" for finding in findings)
