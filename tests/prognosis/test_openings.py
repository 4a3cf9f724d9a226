"""Openings over launches: found on the card or beside a training that has not ended, never forgotten."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

pytestmark = pytest.mark.torch
pytest.importorskip("torch", reason="torch test: make extras to run it")

from sarcoma_core.errors import InputError  # noqa: E402
from sarcoma_core.models.folder import CARD  # noqa: E402
from sarcoma_core.prognosis.openings import (  # noqa: E402
    OPENINGS_FILE,
    earlier_openings,
    new_opening,
    openings_document,
    told_openings,
    write_openings,
)
from tests.laws import outputs  # noqa: E402
from tests.models.made import asset_of, make_member, spoil  # noqa: E402
from tests.models.test_card import FIRST, OTHER_PATIENTS, OTHER_WEIGHTS  # noqa: E402
from tests.prognosis.made_training import small_training  # noqa: E402


def test_an_opening_tells_who_when_and_the_hashes_of_what() -> None:
    planned = small_training().planned
    when = datetime(2026, 1, 31, 12, 0, 0, 999, tzinfo=UTC)
    one = new_opening(planned, (), {"weights.safetensors": "9" * 64}, who="ada", when=when)
    assert (one.who, one.when) == ("ada", "2026-01-31T12:00:00+00:00")
    assert (one.patients, one.test_sha256) == (len(planned.parts.test), planned.parts.part_sha256("test"))
    assert one.splits_sha256 == planned.parts.sha256
    other = new_opening(planned, (), {"weights.safetensors": "8" * 64}, who="ada", when=when)
    assert one.weights_sha256 != other.weights_sha256


def test_they_are_found_on_a_card_and_beside_a_training_that_has_not_ended(tmp_path: Path) -> None:
    assert earlier_openings(None) == ()
    assert earlier_openings(asset_of(make_member(tmp_path / "T1CE"))) == ()
    model = make_member(tmp_path / "T2FS", openings=(FIRST, OTHER_WEIGHTS))
    assert earlier_openings(asset_of(model)) == (FIRST, OTHER_WEIGHTS)
    unfinished = tmp_path / "unfinished"
    unfinished.mkdir()
    (unfinished / OPENINGS_FILE).write_bytes(openings_document((FIRST, OTHER_PATIENTS)))
    assert earlier_openings(asset_of(unfinished)) == (FIRST, OTHER_PATIENTS)


@pytest.mark.parametrize("text", ["", "[]", '{"schema": 2, "openings": []}', '{"schema": 1, "openings": 3}'])
def test_a_file_of_openings_that_cannot_be_read_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / OPENINGS_FILE).write_text(text)
    with pytest.raises(InputError, match=r"earlier: must have an openings\.json as train-prognosis wrote it"):
        earlier_openings(asset_of(tmp_path))


def test_a_card_that_cannot_be_read_is_refused_rather_than_forgotten(tmp_path: Path) -> None:
    folder = make_member(tmp_path / "T1CE", openings=(FIRST,))
    spoil(folder / CARD, "openings", "none")
    with pytest.raises(InputError, match=r"card\.json must tell openings"):
        earlier_openings(asset_of(folder))


def test_putting_them_on_a_card_changes_nothing_else(tmp_path: Path) -> None:
    folder = make_member(tmp_path / "T1CE")
    before = outputs(folder)
    write_openings(folder, (FIRST,))
    after = outputs(folder)
    assert {name for name in after if after[name] != before[name]} == {"card.json", "card.md"}
    tree = json.loads(after["card.json"])
    assert {key: value for key, value in tree.items() if key != "openings"} == json.loads(before["card.json"])
    write_openings(folder, ())
    assert outputs(folder) == before


def test_a_second_opening_is_told_with_a_caution() -> None:
    first, patients, again = told_openings((FIRST, OTHER_PATIENTS, OTHER_WEIGHTS))
    assert first == patients == "the test set of 66 patients was opened"
    assert again.startswith("the test set of 66 patients was opened again: the same patients had been opened")
