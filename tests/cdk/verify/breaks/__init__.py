"""What somebody may do to a site, each by boto3, and which check has to see it."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.cdk.verify.standing import Standing


@dataclass(frozen=True)
class Break:
    """One thing that somebody does.

    Args:
        check: the check that has to see it.
        site: the example site that it is done to.
        do: what does it.
    """

    check: str
    site: str
    do: Callable[[Standing], None]

    def __str__(self) -> str:
        return f"{self.check}: {self.do.__name__.replace('_', ' ')}"


BREAKS: list[Break] = []


def breaks(*checks: str, site: str = "university") -> Callable[[Callable[[Standing], None]], None]:
    """What it decorates turns these checks red.

    Args:
        checks: their names.
        site: the example site.
    """

    def enter(do: Callable[[Standing], None]) -> None:
        BREAKS.extend(Break(check, site, do) for check in checks)

    return enter
