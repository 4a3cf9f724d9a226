"""What is published is what is done: the tables of docs/concepts/series-roles.md are made of the data.

    .venv/bin/python -m tests.dicom.roles.test_published

writes them after a rule or a word was changed.
"""

import re
from pathlib import Path

from sarcoma_core.dicom.roles.published import (
    dictionary_in_markdown,
    questions_in_markdown,
    rules_in_markdown,
)
from sarcoma_core.dicom.roles.rules import RULES
from sarcoma_core.dicom.roles.weighing import REVIEW_BELOW

PAGE = Path(__file__).parents[3] / "docs" / "concepts" / "series-roles.md"
TABLES = {"questions": questions_in_markdown, "rules": rules_in_markdown, "words": dictionary_in_markdown}


def written(page: str) -> str:
    """The page with its tables made anew."""
    for name, table in TABLES.items():
        block = f"<!-- {name} -->\n\n{table()}\n<!-- end -->"
        page = re.sub(
            rf"<!-- {name} -->\n.*?<!-- end -->", lambda _, block=block: block, page, flags=re.DOTALL
        )
    return page


def test_the_published_tables_are_those_of_the_data() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == written(page), "run: .venv/bin/python -m tests.dicom.roles.test_published"


def test_every_rule_is_published_once() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert all(page.count(f"| `{rule.id}` |") == 1 for rule in RULES)


def test_the_threshold_that_is_published_is_the_one_that_is_used() -> None:
    assert f"Below {REVIEW_BELOW:g} the series" in PAGE.read_text(encoding="utf-8")


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")
