"""`train-segmentation` and `segment` on synthetic patients: what is written, resumed, refused, carried on."""

import csv
import io
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from sarcoma_core.archive.asset import AssetFolder, open_asset
from sarcoma_core.archive.folder import SessionFolder
from sarcoma_core.archive.masks import SEG_LABEL, read_masks
from sarcoma_core.archive.store import Archive
from sarcoma_core.errors import ArchiveError, UsageError
from sarcoma_core.imaging.nifti_masks import read_mask
from sarcoma_core.imaging.volume import read_nifti
from sarcoma_core.interface import Asset
from sarcoma_core.interface.declarations import AssetSpec
from sarcoma_core.models.model_set import ModelSet, open_set
from sarcoma_core.phantom.slices import Slices
from sarcoma_core.provenance import Outcome, RunRecord
from sarcoma_core.steps.checkpoints import CHECKPOINTS
from sarcoma_core.steps.running import NothingUsableError, run_step
from sarcoma_core.steps.segment import STEP as SEGMENT
from sarcoma_core.steps.train_segmentation import LABEL, STEP, STUDY_LABEL
from sarcoma_core.training.segmentation import loop
from tests.laws import assert_every_series_has_one_outcome, assert_manifest_is_the_folder, outputs
from tests.segmentation.phantom_project import SCANS, freeze, phantom_project

pytestmark = pytest.mark.torch
TINY = Slices((44, 44, 22), (5.2, 5.2, 8.0), 7.0)
PATIENTS = 6
QUICK: dict[str, Any] = {
    "networks": 2,
    "folds": 2,
    "epochs": 3,
    "patch": 16,
    "spacing": 13.75,
    "width": 4,
    "learning_rate": 0.02,
    "deep_loss": False,
}
ALONE = {"members": "T1CE"}


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    made = phantom_project(tmp_path_factory.mktemp("project"), range(PATIENTS), slices=TINY)
    freeze(made)
    return made


def train(archive: Archive, out: Path, earlier: Path | None = None, **params: Any) -> dict[str, RunRecord]:
    assets = {"cohort": archive.resources_path("P") / "COHORT"}
    assets |= {"earlier": earlier} if earlier else {}
    records = run_step(
        STEP, archive.session_path("P", ""), out, QUICK | params, target="projects/P", assets=assets
    )
    for record, label in zip(records, STEP.labels, strict=True):
        assert_manifest_is_the_folder(out / label, record)
    return dict(zip(STEP.labels, records, strict=True))


def segment(archive: Archive, session: str, model: Path, out: Path, **params: Any) -> RunRecord:
    (record,) = run_step(SEGMENT, archive.session_path("P", session), out, params, assets={"model": model})
    assert_manifest_is_the_folder(out / SEG_LABEL, record)
    return record


@pytest.fixture(scope="module")
def trained(archive: Archive, tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    out = tmp_path_factory.mktemp("trained") / "out"
    train(archive, out)
    return out


def opened(folder: Path) -> ModelSet:
    asset = open_asset(AssetSpec("model", Asset("MODEL_SEG_*", "")), folder)
    assert isinstance(asset, AssetFolder)
    return open_set(asset)


def told(record: RunRecord, member: str) -> Outcome:
    return next(one for one in record.outcomes if one.reason.startswith(f"{member}:"))


def rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text())))


def test_a_set_of_three_members_is_written_that_can_be_opened(trained: Path) -> None:
    found = opened(trained / LABEL)
    assert sorted(found.members) == ["T1CE", "T1CE_T2FS", "T2FS"]
    assert not found.unfinished
    for name, model in found.members.items():
        task = model.config.segmentation
        assert task is not None
        assert task.member == name
        assert task.label == ("REGISTERED" if "_" in name else "NORMALISED")
        assert len(model.weights) == QUICK["networks"]
        assert model.card.cohort is not None
        assert model.card.cohort.patients == PATIENTS


def test_each_patient_is_judged_once_by_a_network_that_has_not_seen_the_patient(trained: Path) -> None:
    for member in ("T1CE", "T1CE_T2FS"):
        place = trained / STUDY_LABEL / member
        dealt = json.loads((place / "splits.json").read_text())["repeats"][0]
        tumour = [row for row in rows(place / "out_of_fold.csv") if row["region"] == "tumour"]
        assert sorted(row["subject"] for row in tumour) == [f"STS-{n}" for n in range(PATIENTS)]
        assert all(int(row["network"]) - 1 == int(row["fold"]) == dealt[row["subject"]] for row in tumour)


def test_the_card_has_the_median_of_the_table_that_stays_at_the_site(trained: Path) -> None:
    card = opened(trained / LABEL).members["T1CE"].card
    table = rows(trained / STUDY_LABEL / "T1CE" / "out_of_fold.csv")
    for region in ("tumour", "oedema"):
        volumes = [
            float(row["found_ml"]) - float(row["reference_ml"]) for row in table if row["region"] == region
        ]
        number = next(
            one
            for one in card.numbers
            if one.setting == f"{region}, out of fold" and one.measure == "volume error (ml)"
        )
        assert number.median == pytest.approx(np.median(volumes), abs=2e-3)
        assert number.n == PATIENTS


def test_nothing_of_a_single_patient_stands_in_what_may_leave_the_site(trained: Path) -> None:
    for path in (trained / LABEL).rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not any(f"STS-{n}".encode() in content for n in range(PATIENTS)), path.name
            assert b"MR0" not in content, path.name


def test_a_training_again_gives_the_same_bytes(archive: Archive, trained: Path, tmp_path: Path) -> None:
    train(archive, tmp_path / "again", **ALONE)
    for label in STEP.labels:
        assert outputs(tmp_path / "again" / label / "T1CE") == outputs(trained / label / "T1CE")


def test_a_training_that_ran_out_of_time_goes_on_to_the_weights_of_one_that_did_not(
    archive: Archive, trained: Path, tmp_path: Path
) -> None:
    # Each launch is a new container: all it has is the resource that the one before has left.
    earlier, launches = None, 0
    while True:
        out = tmp_path / f"launch-{launches}"
        record = train(archive, out, earlier, max_hours=0.0, **ALONE)[LABEL]
        launches += 1
        outcome = told(record, "T1CE")
        earlier = out / LABEL
        if outcome.status == "done":
            break
        assert outcome.status == "set apart"
        assert "launch it again with the same parameters" in outcome.reason
        assert opened(earlier).unfinished == ("T1CE",)
        assert launches < 20
    assert launches > QUICK["epochs"]  # an epoch in each, of two networks
    assert outputs(earlier / "T1CE") == outputs(trained / LABEL / "T1CE")


def test_what_is_done_is_carried_on_and_not_trained_again(
    archive: Archive, trained: Path, tmp_path: Path
) -> None:
    record = train(archive, tmp_path / "again", trained / LABEL, **ALONE)[LABEL]
    assert told(record, "T1CE").reason == "T1CE: this very training was done before"
    assert told(record, "T2FS").reason == "T2FS: kept as an earlier training has left it"
    assert outputs(tmp_path / "again" / LABEL) == outputs(trained / LABEL)


@pytest.mark.parametrize("change", [{"seed": 1}, {"epochs": 4}, {"width": 6}, {"folds": 3}])
def test_another_training_takes_its_place(
    archive: Archive, trained: Path, tmp_path: Path, change: dict[str, Any]
) -> None:
    record = train(archive, tmp_path / "again", trained / LABEL, **ALONE, networks=1, **change)[LABEL]
    assert "trained on 6 patients" in told(record, "T1CE").reason


def test_a_checkpoint_outlives_a_run_that_is_killed(
    archive: Archive, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CHECKPOINTS, str(tmp_path / "kept"))
    epochs: list[int] = []

    def killed(run: Any, augmenter: Any, hook: Any) -> None:
        if len(epochs) == 4:  # within the second network
            raise KeyboardInterrupt
        epochs.append(1)
        real(run, augmenter, hook)

    real = loop._epoch
    monkeypatch.setattr(loop, "_epoch", killed)
    with pytest.raises(KeyboardInterrupt):
        train(archive, tmp_path / "killed", **ALONE)
    assert not (tmp_path / "killed" / LABEL).exists()
    monkeypatch.setattr(loop, "_epoch", lambda *given: (epochs.append(1), real(*given)))
    train(archive, tmp_path / "again", **ALONE)
    assert len(epochs) == QUICK["networks"] * QUICK["epochs"]
    assert outputs(tmp_path / "again" / LABEL) == {
        path: content for path, content in outputs(trained / LABEL).items() if path.startswith("T1CE/")
    }
    assert not (tmp_path / "kept" / "P" / "T1CE").exists()


def test_one_damaged_file_takes_no_other_patient_down(archive: Archive, tmp_path: Path) -> None:
    root = tmp_path / "project"
    shutil.copytree(archive.root, root)
    copy = Archive(root)
    image = copy.session_path("P", "MR2") / "RESOURCES" / "NORMALISED" / SCANS["T1CE"] / "7.nii.gz"
    image.write_bytes(image.read_bytes()[:200])
    record = train(copy, tmp_path / "out", members="T1CE", networks=1)[LABEL]
    outcome = told(record, "T1CE")
    assert outcome.status == "done"
    assert "1 session left out" in outcome.reason
    left = [
        row for row in rows(tmp_path / "out" / STUDY_LABEL / "T1CE" / "cases.csv") if row["status"] != "used"
    ]
    assert [(row["session"], row["reason"]) for row in left] == [
        ("MR2", "NORMALISED: must be as the cohort was frozen; it was changed since.")
    ]


def test_only_locked_masks_are_learned_from(tmp_path: Path) -> None:
    made = phantom_project(tmp_path / "project", range(4), slices=TINY, locked=False)
    freeze(made)
    record = train(made, tmp_path / "out", **ALONE)[LABEL]
    outcome = told(record, "T1CE")
    assert outcome.status == "refused"
    assert "a locked mask of tumour; found 0 of 4 sessions" in outcome.reason
    assert not (tmp_path / "out" / LABEL / "T1CE").exists()


@pytest.mark.parametrize(
    ("param", "inside", "outside"),
    [("epochs", 1, 0), ("folds", 2, 1), ("patch", 16, 15), ("spacing", 20.0, 20.1), ("width", 4, 3)],
)
def test_a_parameter_outside_of_its_bounds_is_refused(param: str, inside: float, outside: float) -> None:
    STEP.check({param: inside})
    with pytest.raises(UsageError, match=f"--{param}"):
        STEP.check({param: outside})


def test_the_chosen_member_draws_on_its_own_series(archive: Archive, trained: Path, tmp_path: Path) -> None:
    record = segment(archive, "MR1", trained / LABEL, tmp_path / "out")
    assert_every_series_has_one_outcome(record, set(SCANS.values()))
    (drawn,) = (one for one in record.outcomes if one.status == "done")
    assert drawn.scan == SCANS["T1CE"]
    facts = drawn.facts
    assert facts["member"] == "T1CE"
    assert set(facts["others"]) == {"T2FS", "T1CE_T2FS"}
    assert facts["model"] == LABEL
    assert facts["set_sha256"] == opened(trained / LABEL).sha256
    image = read_nifti(archive.session_path("P", "MR1") / "RESOURCES" / "NORMALISED" / "7" / "7.nii.gz")
    variance = read_nifti(tmp_path / "out" / SEG_LABEL / "7" / "tumour-uncertainty.nii.gz")
    assert variance.array.shape == image.array.shape
    np.testing.assert_allclose(variance.affine, image.affine)
    assert 0 <= variance.array.min() <= variance.array.max() <= 0.25


@pytest.mark.parametrize(
    ("site", "member"), [("extremity", "T1CE"), ("abdomen_pelvis", "T2FS"), ("other", "T1CE")]
)
def test_the_rule_chooses_by_the_body_site(
    archive: Archive, trained: Path, tmp_path: Path, site: str, member: str
) -> None:
    record = segment(archive, "MR1", trained / LABEL, tmp_path / "out", site=site, mirror=False)
    assert [one.facts["member"] for one in record.outcomes if one.status == "done"] == [member]


def test_all_members_write_what_they_drew_side_by_side(
    archive: Archive, trained: Path, tmp_path: Path
) -> None:
    record = segment(archive, "MR1", trained / LABEL, tmp_path / "out", all_members=True, mirror=False)
    copy = tmp_path / "session"
    shutil.copytree(archive.session_path("P", "MR1"), copy)
    shutil.copytree(tmp_path / "out" / SEG_LABEL, copy / "RESOURCES" / SEG_LABEL)
    masks = read_masks(SessionFolder(copy), SEG_LABEL)
    keys = {one.roi for one in masks.versions}
    assert keys <= {
        *("tumour", "tumour_t2fs", "tumour_t1ce_t2fs"),
        *("oedema", "oedema_t2fs", "oedema_t1ce_t2fs"),
    }
    for one in masks.versions:
        mask, grid = read_mask(masks.path(one))
        assert mask.sum() * grid.voxel_ml == pytest.approx(one.volume_ml, rel=1e-5)
        assert one.algorithm == "AUTOMATIC"
        assert one.algorithm_name.startswith(f"{LABEL} ")
    files = {path for one in record.outcomes for path in one.files}
    assert {one.file for one in masks.versions} <= files


def test_a_named_member_that_the_set_lacks_is_refused_and_the_chain_goes_on(
    archive: Archive, trained: Path, tmp_path: Path
) -> None:
    record = segment(archive, "MR1", trained / LABEL, tmp_path / "out", member="T2")
    assert {one.status for one in record.outcomes} == {"refused"}
    assert all("T2 was asked for" in one.reason for one in record.outcomes)
    assert SEGMENT.goes_on


def test_a_series_that_is_chosen_but_was_set_apart_is_told_as_such(
    archive: Archive, trained: Path, tmp_path: Path
) -> None:
    copy = Archive(Path(shutil.copytree(archive.root, tmp_path / "copy")))
    for label in ("NORMALISED", "REGISTERED"):
        shutil.rmtree(copy.session_path("P", "MR0") / "RESOURCES" / label)
    record = segment(copy, "MR0", trained / LABEL, tmp_path / "out")
    assert {one.status for one in record.outcomes} == {"refused"}
    assert all("T1CE and T2FS chosen, but no step before" in one.reason for one in record.outcomes)


def test_a_session_without_images_of_the_chain_is_told_what_to_run(trained: Path, tmp_path: Path) -> None:
    place = tmp_path / "empty"
    (place / "SCANS" / "1").mkdir(parents=True)
    with pytest.raises((ArchiveError, NothingUsableError), match=r"SERIES_ROLES|NORMALISED"):
        run_step(SEGMENT, place, tmp_path / "out", {}, assets={"model": trained / LABEL})
    assert not (tmp_path / "out" / SEG_LABEL).exists()
