"""A set of models is opened whole or refused with its reason; nothing of it is run, and nothing written."""

from pathlib import Path

import pytest

from sarcoma_core.archive.asset import open_asset
from sarcoma_core.errors import InputError
from sarcoma_core.models.card import WEIGHTS
from sarcoma_core.models.folder import CARD_TEXT, CONFIG
from sarcoma_core.models.model_set import ONLY, ModelSet, open_set
from sarcoma_core.provenance import Outcome, list_files
from sarcoma_core.steps import step_named
from tests.archive.filed import filed, put
from tests.models.bad import BAD, Bad, make_bad, snapshot
from tests.models.made import (
    COHORT,
    asset_of,
    make_member,
    make_model,
    make_set,
    make_task,
    raw_pickle,
    spoil,
)

(MODEL,) = step_named("check-model").assets
NAMES = ("T1CE", "T2FS", "T1CE_T2FS")


def opened(folder: Path) -> ModelSet:
    return open_set(asset_of(folder))


def as_a_step(folder: Path) -> ModelSet:
    """As it comes through the door of a step."""
    asset = open_asset(MODEL, folder)
    assert asset
    return open_set(asset)


def test_a_member_for_each_sequence_and_each_combination(tmp_path: Path) -> None:
    found = opened(make_set(tmp_path / "MODEL_SEG_A", *NAMES))
    assert set(found.members) == set(NAMES)
    assert found.unfinished == ()
    for name in NAMES:
        task = found.member(name).config.segmentation
        assert task == make_task(*name.split("_"))
        assert found.member(name).card.cohort == COHORT
        assert found.member(name).weights == (tmp_path / "MODEL_SEG_A" / name / WEIGHTS,)


def test_a_folder_that_holds_a_config_is_a_set_of_one(tmp_path: Path) -> None:
    assert set(opened(make_model(tmp_path / "MODEL_A")).members) == {ONLY}
    assert set(opened(make_member(tmp_path / "T1CE_T2FS")).members) == {"T1CE_T2FS"}


def test_a_set_is_told_by_the_hash_that_stands_in_a_manifest(tmp_path: Path) -> None:
    folder = make_set(tmp_path / "MODEL_SEG_A")
    asset = open_asset(MODEL, folder)
    assert asset
    assert open_set(asset).sha256 == asset.sha256 == opened(folder).sha256
    spoil(folder / "T2FS" / CONFIG, "segmentation.threshold", 0.4)
    assert opened(folder).sha256 != asset.sha256


def test_a_member_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    found = opened(make_set(tmp_path / "MODEL_SEG_A"))
    with pytest.raises(InputError, match="the set must hold T1; it has T1CE, T2FS"):
        found.member("T1")


@pytest.mark.parametrize("left", ["checkpoint.safetensors", "checkpoint.json"])
def test_a_training_that_is_to_go_on_keeps_no_other_member_from_its_work(tmp_path: Path, left: str) -> None:
    folder = make_set(tmp_path / "MODEL_SEG_A", "T1CE")
    put(folder, f"T2FS/{left}", b"{}")
    found = opened(folder)
    assert (set(found.members), found.unfinished) == ({"T1CE"}, ("T2FS",))
    with pytest.raises(InputError, match="must hold T2FS; its training has not ended"):
        found.member("T2FS")


def test_a_checkpoint_beside_weights_is_what_a_training_has_left(tmp_path: Path) -> None:
    folder = make_set(tmp_path / "MODEL_SEG_A", "T1CE")
    put(folder, "T1CE/checkpoint.safetensors", b"x")
    assert set(opened(folder).members) == {"T1CE"}


def test_a_set_whose_training_has_just_begun_holds_none_yet(tmp_path: Path) -> None:
    put(tmp_path, "MODEL_SEG_A/T1CE/checkpoint.json", b"{}")
    assert (opened(tmp_path / "MODEL_SEG_A").members, opened(tmp_path / "MODEL_SEG_A").unfinished) == (
        {},
        ("T1CE",),
    )
    put(tmp_path, "MODEL_B/checkpoint.json", b"{}")
    assert opened(tmp_path / "MODEL_B").unfinished == (ONLY,)


@pytest.mark.parametrize(
    "name", ["training.csv", "curves.png", "report.html", "notes.md", "splits.json", "LICENSE", "a.pt.md"]
)
def test_what_people_read_may_lie_beside(tmp_path: Path, name: str) -> None:
    folder = make_set(tmp_path / "MODEL_SEG_A")
    put(folder, f"T1CE/{name}")
    put(folder, name)
    put(folder, "MODEL_SEG_A_catalog.xml")
    put(folder, ".DS_Store")
    assert set(opened(folder).members) == {"T1CE", "T2FS"}


def test_a_folder_without_a_model_is_none(tmp_path: Path) -> None:
    put(tmp_path, "MODEL_SEG_A/notes.md")
    with pytest.raises(InputError, match=r"must hold a model, or a folder for each; found no config\.json"):
        opened(tmp_path / "MODEL_SEG_A")
    with pytest.raises(InputError, match="must be a folder; found none there"):
        opened(tmp_path / "none")


def test_a_model_with_a_folder_beside_its_config_is_neither_one_nor_a_set(tmp_path: Path) -> None:
    folder = make_model(tmp_path / "MODEL_A")
    make_member(folder / "T1CE")
    with pytest.raises(InputError, match="a folder that holds a model must hold no other folder"):
        opened(folder)


def test_a_member_must_tell_what_it_segments(tmp_path: Path) -> None:
    make_model(tmp_path / "MODEL_SEG_A" / "T1CE")
    with pytest.raises(InputError, match=r"must tell what it segments; T1CE/config\.json does not"):
        opened(tmp_path / "MODEL_SEG_A")


def test_what_the_manifest_does_not_list_is_none_of_the_set(tmp_path: Path) -> None:
    """A server leaves stale files behind."""
    folder = make_set(tmp_path / "MODEL_SEG_A")
    listed = tuple(entry for entry in list_files(folder) if not entry.path.startswith("T2FS"))
    filed(folder, Outcome("", "", "done"), files=listed)
    assert set(opened(folder).members) == {"T1CE"}
    filed(folder, Outcome("", "", "done"), files=tuple(e for e in listed if not e.path.endswith(CARD_TEXT)))
    with pytest.raises(InputError, match=r"must hold T1CE/card\.md; run\.json does not list it"):
        opened(folder)


def test_a_pickle_that_no_manifest_lists_is_refused_all_the_same(tmp_path: Path) -> None:
    folder = make_set(tmp_path / "MODEL_SEG_A")
    filed(folder, Outcome("", "", "done"), files=list_files(folder))
    put(folder, "T1CE/model.pt", raw_pickle(tmp_path / "sprung"))
    with pytest.raises(InputError, match=r"found a \.pt file in T1CE, which can be a pickle"):
        as_a_step(folder)


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name)
@pytest.mark.parametrize("through", [opened, as_a_step])
def test_a_bad_model_is_refused_with_its_reason_and_nothing_is_run_or_written(
    tmp_path: Path, bad: Bad, through: object
) -> None:
    folder = make_bad(tmp_path / "MODEL_SEG_BAD", bad, tmp_path / "sprung")
    before = snapshot(tmp_path)
    # a manifest that lies is told at the door of the step
    reason = bad.reason if through is opened else f"{bad.reason}|every file must be as run.json lists it"
    with pytest.raises(InputError, match=reason) as caught:
        through(folder)  # type: ignore[operator]
    assert "\n" not in caught.value.message
    assert caught.value.hint
    assert snapshot(tmp_path) == before


def test_these_sets_are_good_but_for_their_one_fault(tmp_path: Path) -> None:
    assert set(opened(make_set(tmp_path / "MODEL_SEG_GOOD")).members) == {"T1CE", "T2FS"}
