"""Which member of a model set segments a session: a rule that is data (model_rule.json), or what a user says.

Source: the study of nnU-Net on 299 soft-tissue tumours (PubMed 41776099): T1 was best on extremities, T2 in
abdomen and pelvis, and both together did not help.
"""

import json
from collections.abc import Collection
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from sarcoma_core.dicom.body_sites import BodySite


class ChosenMember(NamedTuple):
    """The member that segments.

    Attributes:
        member: its name; empty where none can.
        why: in a sentence.
    """

    member: str
    why: str


def choose_member(site: BodySite, usable: Collection[str], named: str = "") -> ChosenMember:
    """Choose the member for a session.

    Args:
        site: where the tumour lies.
        usable: members of the set whose series the session has.
        named: by the user; empty where the rule chooses.
    """
    if named:
        return ChosenMember(named if named in usable else "", "it was asked for")
    rule = _rule()
    order = rule["order"][site]
    first = next((member for member in order if member in usable), "")
    others = sorted(set(usable) - set(order))
    member = first or (others[0] if others else "")
    why = rule["why"][site]
    if member and member != order[0]:
        why += f"; {member} is the first of the set whose series are there"
    return ChosenMember(member, why)


@cache
def _rule() -> dict[str, Any]:
    content = files(__package__).joinpath("model_rule.json").read_text(encoding="utf-8")
    rule: dict[str, Any] = json.loads(content)
    return rule
