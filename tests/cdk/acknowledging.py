"""What cdk-nag finds when nobody has acknowledged anything, and what was acknowledged.

`python -m tests.cdk.acknowledging` writes the list of the latter.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sarcoma_cdk.acknowledged import METADATA
from tests.cdk.synthesized import SITES, folder_of, judged

LIST = Path(__file__).with_name("acknowledged.txt")


@dataclass(frozen=True, order=True)
class Acknowledged:
    """One finding that stands: about which construct, which one, and why."""

    construct: str
    finding: str
    reason: str

    def __str__(self) -> str:
        return f"{self.construct}\n    {self.finding}\n    {self.reason}\n"


def acknowledged(name: str) -> tuple[Acknowledged, ...]:
    """What a site's constructs acknowledge."""
    return tuple(sorted(set(_read(folder_of(name)))))


def _read(folder: Path) -> Iterator[Acknowledged]:
    for path in sorted(folder.glob("*.metadata.json")):
        for construct, entries in json.loads(path.read_text("utf-8")).items():
            for each in entries:
                if each["type"] == METADATA:
                    for finding in each["data"]["findings"]:
                        yield Acknowledged(construct.strip("/"), finding, each["data"]["reason"])


def findings(name: str) -> tuple[tuple[str, str], ...]:
    """What the scanners find about a site that has acknowledged nothing: construct and finding."""
    folder, _ = judged(name, acknowledging=False)
    report = json.loads((folder / "validation-report.json").read_text("utf-8"))
    return tuple(
        (construct["constructPath"], violation["ruleName"])
        for each in report["pluginReports"]
        for violation in each["violations"]
        for construct in violation["violatingConstructs"]
    )


def answers(one: Acknowledged, found: tuple[str, str]) -> bool:
    """Whether it is about a finding."""
    construct, finding = found
    inside = construct == one.construct or construct.startswith(f"{one.construct}/")
    return inside and one.finding.removeprefix("CloudFormation-Validate::") == finding


def written() -> str:
    """The list, of both sites."""
    return "\n".join(str(each) for name in SITES for each in acknowledged(name))


if __name__ == "__main__":
    LIST.write_text(written(), "utf-8")
