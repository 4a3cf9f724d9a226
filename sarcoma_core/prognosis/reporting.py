"""What a training can say of the items of reporting checklists: a draft that its authors finish.

An item of which a run knows nothing is left to the authors, and says so.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

from sarcoma_core.prognosis.reporting_answers import ANSWERS, ReportedTraining
from sarcoma_core.prognosis.reporting_items import CLAIM, TRIPOD_AI, ChecklistItem
from sarcoma_core.text import json_bytes

SCHEMA: Final = 1
REPORTING_TEXT, REPORTING_JSON = "reporting.md", "reporting.json"
FOR_THE_AUTHORS: Final = "for the authors"
VERIFY: Final = (
    "Numbers are those of TRIPOD+AI (BMJ 2024;385:e078378) and of CLAIM 2024 (Radiology: Artificial "
    "Intelligence 2024;6(4):e240300); the words are ours. Verify each against the published list: this is a "
    "draft from the record of a run, and no statement of the authors."
)


@dataclass(frozen=True)
class FilledItem:
    """An item with what the run says of it.

    Args:
        number: as published.
        words: ours, on what it is about.
        told: by the run; `FOR_THE_AUTHORS` where it knows nothing.
    """

    number: str
    words: str
    told: str


def filled(items: Sequence[ChecklistItem], run: ReportedTraining) -> tuple[FilledItem, ...]:
    """A checklist, as far as a run can fill it.

    Args:
        items: of the checklist.
        run: what is known.
    """
    return tuple(FilledItem(one.number, one.words, _told(one, run)) for one in items)


def _told(item: ChecklistItem, run: ReportedTraining) -> str:
    return (ANSWERS[item.told](run) if item.told else "") or FOR_THE_AUTHORS


def reporting_json(run: ReportedTraining) -> bytes:
    """Both checklists for programs.

    Args:
        run: what is known.
    """
    lists = {"tripod_ai": TRIPOD_AI, "claim_2024": CLAIM}
    told = {name: [asdict(one) for one in filled(items, run)] for name, items in lists.items()}
    return json_bytes({"schema": SCHEMA, "verify": VERIFY, **told})


def reporting_text(run: ReportedTraining) -> bytes:
    """Both checklists for people, in Markdown.

    Args:
        run: what is known.
    """
    lines = ["# Reporting checklists", "", VERIFY]
    for title, items in (("TRIPOD+AI", TRIPOD_AI), ("CLAIM 2024", CLAIM)):
        lines += ["", f"## {title}", "", "| item | about | what the run says |", "|---|---|---|"]
        lines += [f"| {one.number} | {_cell(one.words)} | {_cell(one.told)} |" for one in filled(items, run)]
    return ("\n".join(lines) + "\n").encode()


def _cell(text: str) -> str:
    return text.replace("|", "/").replace("\n", " ")
