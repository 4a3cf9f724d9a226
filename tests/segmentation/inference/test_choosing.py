"""Which member draws: the rule of the study, what a user names, and what a session has."""

import json
from importlib.resources import files

import pytest

from sarcoma_core.archive.roles import CHOSEN_ROLES
from sarcoma_core.dicom.body_sites import BodySite
from sarcoma_core.segmentation.inference.choosing import choose_member

ALL = ("T1CE", "T2FS", "T1CE_T2FS")


@pytest.mark.parametrize(
    ("site", "member"), [("extremity", "T1CE"), ("abdomen_pelvis", "T2FS"), ("other", "T1CE")]
)
def test_t1_draws_on_extremities_and_t2_in_abdomen_and_pelvis(site: BodySite, member: str) -> None:
    assert choose_member(site, ALL).member == member
    assert choose_member(site, tuple(reversed(ALL))).member == member


def test_the_next_of_the_rule_draws_where_the_first_has_no_series() -> None:
    chosen = choose_member("extremity", ("T2FS",))
    assert chosen.member == "T2FS"
    assert "T2FS is the first of the set whose series are there" in chosen.why


def test_a_member_that_the_rule_does_not_know_draws_where_it_is_the_only_one() -> None:
    assert choose_member("extremity", ("T2_T1",)).member == "T2_T1"


def test_a_user_wins_and_nobody_draws_in_the_place_of_whom_was_named() -> None:
    assert choose_member("extremity", ALL, "T2FS").member == "T2FS"
    assert choose_member("extremity", ("T1CE",), "T2FS").member == ""


def test_nobody_draws_where_no_series_is_there() -> None:
    assert choose_member("other", ()).member == ""


def test_the_rule_names_every_site_and_only_roles_that_there_are() -> None:
    path = files("sarcoma_core.segmentation.inference").joinpath("model_rule.json")
    rule = json.loads(path.read_text(encoding="utf-8"))
    assert set(rule["order"]) == set(rule["why"]) == {"extremity", "abdomen_pelvis", "other"}
    for members in rule["order"].values():
        assert len(set(members)) == len(members)
        assert {role for member in members for role in member.split("_")} <= set(CHOSEN_ROLES)
