"""The rule table and the dictionary as documentation, so that what is published is what is done."""

from sarcoma_core.dicom.roles.dictionary import SAYS
from sarcoma_core.dicom.roles.rule import KINDS, QUESTIONS, RoleRule
from sarcoma_core.dicom.roles.rules import RULES


def rules_in_markdown() -> str:
    """The rule table, by kind of evidence."""
    head = "| rule | evidence | where | speaks for |\n|---|---|---|---|\n"
    rows = sorted(RULES, key=lambda rule: KINDS.index(rule.kind))
    return head + "".join(map(_row, rows))


def _row(rule: RoleRule) -> str:
    where = "; ".join(condition.text for condition in rule.when)
    gives = ", ".join(f"{reply} {weight:+g}" for reply, weight in rule.gives.items())
    return f"| `{rule.id}` | {rule.kind} | {where} | {gives} |\n"


def questions_in_markdown() -> str:
    """The questions, with the weight that each answer has before anything is seen."""
    head = "| question | answers, and their weights before anything is seen |\n|---|---|\n"
    return head + "".join(
        f"| {question} | {', '.join(f'{reply} {weight:+g}' for reply, weight in answers.items())} |\n"
        for question, answers in QUESTIONS.items()
    )


def dictionary_in_markdown() -> str:
    """The words of each group; those that only name planes and other matters are left out."""
    head = "| it says | in words |\n|---|---|\n"
    rows = ((group, phrases) for group, phrases in SAYS.items() if group != "neutral")
    return head + "".join(
        f"| {group} | {', '.join(phrase.replace('-', ' ') for phrase in phrases.split())} |\n"
        for group, phrases in rows
    )
