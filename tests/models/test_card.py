"""Openings of a test set on a card: read back, legal, told to people, and not there where there are none."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sarcoma_core.errors import InputError
from sarcoma_core.models.card import CardNumber, CardOpening, ModelCard, opened_before
from sarcoma_core.models.folder import CARD, CARD_TEXT, describe
from tests.models.made import make_member

SEEN = CardNumber("Overall survival, test set, joint", "Harrell's C", 66, 0.71, lower=0.6, upper=0.8)
FIRST = CardOpening("ada", "2026-01-31T12:00:00+00:00", 66, "1" * 64, "2" * 64, "3" * 64, (SEEN,))
OTHER_WEIGHTS = replace(FIRST, who="bo", when="2026-02-01T00:00:00+00:00", weights_sha256="4" * 64)
OTHER_PATIENTS = replace(FIRST, test_sha256="5" * 64, numbers=())


def read(folder: Path) -> ModelCard:
    return describe((folder / "config.json").read_bytes(), (folder / CARD).read_bytes())[1]


def test_openings_are_read_back_and_told_to_people(tmp_path: Path) -> None:
    folder = make_member(tmp_path / "T1CE", openings=(FIRST, OTHER_PATIENTS, OTHER_WEIGHTS))
    assert read(folder).openings == (FIRST, OTHER_PATIENTS, OTHER_WEIGHTS)
    _, openings = (folder / CARD_TEXT).read_text().split("## Openings of the test set")
    first, patients, weights = openings.split("\n### ")[1:]
    assert first.startswith("1: 2026-01-31T12:00:00+00:00, ada\n")
    assert f"66 patients, SHA-256 of their subjects {'1' * 64}" in first
    assert "| Overall survival, test set, joint | Harrell's C | 66 | 0.710 | 0.600 to 0.800 |" in first
    assert ["**Again: " in one for one in (first, patients, weights)] == [False, False, True]


def test_the_same_patients_were_opened_before_whatever_the_weights_are() -> None:
    assert opened_before(()) == ()
    assert opened_before((FIRST, OTHER_PATIENTS, OTHER_WEIGHTS, FIRST)) == (False, False, True, True)


def test_a_card_without_openings_is_as_earlier_releases_wrote_it(tmp_path: Path) -> None:
    """And one of an earlier release, which tells none, is read."""
    folder = make_member(tmp_path / "T1CE")
    tree = json.loads((folder / CARD).read_bytes())
    assert set(tree) == {
        *("schema", "name", "version", "licence", "permitted_use", "weights_sha256", "intended_use"),
        *("synthetic", "cohort", "numbers", "limits"),
    }
    assert read(folder).openings == ()
    assert "Openings" not in (folder / CARD_TEXT).read_text()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("who", ""),
        ("who", "two\nlines"),
        ("when", "2026-01-31 12:00"),
        ("when", "2026-01-31T12:00:00+01:00"),
        ("patients", 0),
        ("test_sha256", "1" * 63),
        ("splits_sha256", "G" * 64),
        ("weights_sha256", None),
        ("numbers", [{"setting": "", "measure": "C", "n": 1, "median": 0.5}]),
        ("numbers", "none"),
    ],
)
def test_an_opening_that_breaks_its_rule_is_refused(tmp_path: Path, key: str, value: Any) -> None:
    folder = make_member(tmp_path / "T1CE", openings=(FIRST,))
    tree = json.loads((folder / CARD).read_bytes())
    tree["openings"][0][key] = value
    (folder / CARD).write_text(json.dumps(tree))
    with pytest.raises(InputError, match=r"card\.json must tell openings: a list of at most 1000 objects"):
        read(folder)


@pytest.mark.parametrize("value", [{}, "none", [1], None])
def test_openings_are_a_list_of_objects(tmp_path: Path, value: Any) -> None:
    folder = make_member(tmp_path / "T1CE")
    tree = json.loads((folder / CARD).read_bytes()) | {"openings": value}
    (folder / CARD).write_text(json.dumps(tree))
    with pytest.raises(InputError, match=r"card\.json must tell openings"):
        read(folder)


def test_a_measure_of_an_opening_may_be_a_whole_number(tmp_path: Path) -> None:
    folder = make_member(tmp_path / "T1CE", openings=(FIRST,))
    tree = json.loads((folder / CARD).read_bytes())
    tree["openings"][0]["numbers"][0]["median"] = 1
    (folder / CARD).write_text(json.dumps(tree))
    assert read(folder).openings[0].numbers[0].median == 1.0
