"""`train-prognosis` on a made project: the model, its card and notes, what it cannot use, and going on."""

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="torch test: make extras to run it")

from sarcoma_core.archive.asset import AssetFolder, open_asset  # noqa: E402
from sarcoma_core.errors import InputError  # noqa: E402
from sarcoma_core.interface import Asset  # noqa: E402
from sarcoma_core.interface.declarations import AssetSpec  # noqa: E402
from sarcoma_core.models.model_set import open_set  # noqa: E402
from sarcoma_core.models.trying import try_model  # noqa: E402
from sarcoma_core.prognosis.cohort_images import cohort_images  # noqa: E402
from sarcoma_core.prognosis.frozen import read_frozen_cohort  # noqa: E402
from sarcoma_core.prognosis.network_model import load_prognosis, open_prognosis  # noqa: E402
from sarcoma_core.prognosis.network_notes import NOTES_FILE, read_notes  # noqa: E402
from sarcoma_core.provenance import MANIFEST, RunRecord  # noqa: E402
from sarcoma_core.steps.running import run_step  # noqa: E402
from sarcoma_core.steps.train_prognosis import LABEL, STEP, STUDY_LABEL  # noqa: E402
from tests.laws import assert_manifest_is_the_folder, outputs  # noqa: E402
from tests.prognosis.made_patients import made  # noqa: E402
from tests.prognosis.made_project import MadeProject  # noqa: E402

PATIENTS, UNDRAWN = 90, 6
QUICK = {
    "endpoints": "os,dm,grade",
    "size": "tiny",
    "edge": 16,
    "folds": 3,
    "seeds": 1,
    "epochs": 2,
    "test": 10,
    "calibration": 12,
    "least_events": 5,
}


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Any:
    """Networks of a few voxels wait for threads longer than they compute."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> MadeProject:
    told = made(1, PATIENTS).rows()
    drawn = [row.subject for row in told[:-UNDRAWN]]
    return MadeProject(tmp_path_factory.mktemp("made"), told, drawn=drawn)


def run(project: MadeProject, out: Path, earlier: Path | None = None, **params: Any) -> dict[str, RunRecord]:
    assets = {"cohort": project.freeze()} | ({"earlier": earlier} if earlier else {})
    records = run_step(STEP, project.sessions, out, {**QUICK, **params}, target="projects/P", assets=assets)
    return dict(zip(STEP.labels, records, strict=True))


@pytest.fixture(scope="module")
def ran(project: MadeProject) -> tuple[Path, dict[str, RunRecord]]:
    out = project.root / "out"
    return out, run(project, out)


def opened(folder: Path) -> AssetFolder:
    return opened_as(folder, "MODEL_*")


def opened_as(folder: Path, label: str) -> AssetFolder:
    asset = open_asset(AssetSpec("asset", Asset(label, "")), folder)
    assert asset is not None
    return asset


def parts(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / STUDY_LABEL / "splits.json").read_text())
    return found


def foretold(out: Path) -> list[dict[str, str]]:
    lines = (out / STUDY_LABEL / "out_of_fold.csv").read_text().splitlines()
    return list(csv.DictReader(lines))


def test_the_model_and_the_study_are_written_and_listed(ran: tuple[Path, dict[str, RunRecord]]) -> None:
    out, records = ran
    for label, record in records.items():
        assert_manifest_is_the_folder(out / label, record)
        assert record.outcomes[0].status == "done"
    assert set(records[LABEL].outcomes[0].files) == {
        *("weights.safetensors", "weights-2.safetensors", "weights-3.safetensors"),
        *("config.json", "card.json", "card.md", NOTES_FILE, "training.json", "training.csv"),
        "baselines.json",
    }
    assert set(records[STUDY_LABEL].outcomes[0].files) == {
        *("splits.json", "out_of_fold.csv", "evaluation.json"),
        *("training.json", "study.html", "training_manifest.csv", "reporting.md", "reporting.json"),
    }


def test_the_model_is_one_that_can_be_opened_and_tried(ran: tuple[Path, dict[str, RunRecord]]) -> None:
    out, _ = ran
    found = open_set(opened(out / LABEL)).members["model"]
    task = found.config.prognosis
    assert task is not None
    assert task.endpoints == ("overall_survival", "distant_metastasis", "grade")
    assert task.timed[1].causes == ("distant_metastasis", "death")
    assert try_model(found).output_shape == (3, task.outputs)
    notes = read_notes((out / LABEL / NOTES_FILE).read_bytes())
    assert [one.fold for one in notes.networks] == [0, 1, 2]
    assert notes.columns == found.config.arguments["columns"]
    assert notes.seen.patients == len(parts(out)["folds"]["repeats"][0])
    assert notes.seen.volume_ml is not None
    assert set(notes.seen.channels) == {"T1CE"}


def test_nobody_is_in_two_parts_and_who_is_undrawn_is_left_out_and_told(
    project: MadeProject, ran: tuple[Path, dict[str, RunRecord]]
) -> None:
    out, records = ran
    found = parts(out)
    development = set(found["folds"]["repeats"][0])
    sets = [development, set(found["test"]), set(found["calibration"])]
    assert sum(map(len, sets)) == len(set().union(*sets)) == PATIENTS - UNDRAWN
    undrawn = {row.subject for row in project.rows[-UNDRAWN:]}
    assert not undrawn & set().union(*sets)
    [told] = [one for one in records[LABEL].outcomes if one.status == "not applicable"]
    assert told.reason.startswith(
        f"{UNDRAWN} patients left out: MASKS: must hold a mask of the region tumour"
    )


def test_only_the_development_is_foretold_out_of_fold_and_nobody_stands_in_what_leaves(
    project: MadeProject, ran: tuple[Path, dict[str, RunRecord]]
) -> None:
    out, _ = ran
    dealt = parts(out)["folds"]["repeats"][0]
    rows = foretold(out)
    assert {row["subject"] for row in rows} == set(dealt)
    assert all(int(row["fold"]) == dealt[row["subject"]] for row in rows)
    assert {row["model"] for row in rows} == {"joint", "image", "clinical", "clinical baseline"}
    leaves = "".join(
        path.read_text()
        for path in (out / LABEL).iterdir()
        if path.suffix in (".json", ".md", ".csv")
        if path.name != MANIFEST
    )
    for row in project.rows:
        assert row.subject not in leaves
        assert f"{row.days['overall_survival_days']:.3f}" not in leaves


def test_who_was_learned_from_is_told_with_the_hashes_of_the_cohort(
    project: MadeProject, ran: tuple[Path, dict[str, RunRecord]]
) -> None:
    """Of the images and masks that were read; and the page tells who was left out."""
    out, _ = ran
    cohort = json.loads((project.freeze() / "cohort.json").read_text())
    labels = {one["subject"]: one["labels"] for one in cohort["sessions"]}
    lines = (out / STUDY_LABEL / "training_manifest.csv").read_text().splitlines()
    rows = list(csv.DictReader(lines))
    assert {row["subject"] for row in rows} == {row.subject for row in project.rows[:-UNDRAWN]}
    for row in rows:
        assert (row["images"], row["sequences"]) == ("NORMALISED", "T1CE")
        assert row["images_sha256"] == labels[row["subject"]]["NORMALISED"]
        assert row["masks_sha256"] == labels[row["subject"]]["MASKS"]
        assert row["endpoints"] == "overall_survival distant_metastasis grade"
    page = (out / STUDY_LABEL / "study.html").read_text()
    assert f"{UNDRAWN} patients: MASKS: must hold a mask of the region tumour" in page


def test_what_came_of_each_endpoint_is_told_in_a_line_with_the_baseline(
    ran: tuple[Path, dict[str, RunRecord]],
) -> None:
    _, records = ran
    told = [one.reason for one in records[STUDY_LABEL].outcomes[1:]]
    assert [reason.partition(":")[0] for reason in told] == ["Overall survival", "Distant metastasis"]
    assert all("joint " in reason and "clinical baseline " in reason for reason in told)
    facts = records[LABEL].outcomes[0].facts
    assert len(facts["seeds"]["overall_survival"]) == 1


def test_the_same_training_is_not_done_again_and_another_is(
    project: MadeProject, ran: tuple[Path, dict[str, RunRecord]], tmp_path: Path
) -> None:
    out, _ = ran
    again = run(project, tmp_path / "again", out / LABEL)
    assert again[LABEL].outcomes[0].reason == "this very training was done before"
    for label in (LABEL, STUDY_LABEL):
        assert outputs(tmp_path / "again" / label) == outputs(out / label)
    other = run(project, tmp_path / "other", out / LABEL, seed=1, endpoints="os", modalities="clinical")
    assert other[LABEL].outcomes[0].status == "done"
    assert "before" not in other[LABEL].outcomes[0].reason


def test_a_training_of_many_launches_ends_with_the_weights_of_an_unbroken_one(
    project: MadeProject, ran: tuple[Path, dict[str, RunRecord]], tmp_path: Path
) -> None:
    """Each launch does an epoch: three networks of two epochs are six, and the last finds all done."""
    out, _ = ran
    earlier: Path | None = None
    for launch in range(8):
        place = tmp_path / str(launch)
        records = run(project, place, earlier, max_hours=0)
        earlier = place / LABEL
        if records[LABEL].outcomes[0].status == "done":
            break
        assert records[LABEL].outcomes[0].status == "set apart"
        assert "launch it again with the same parameters" in records[LABEL].outcomes[0].reason
    assert launch > 2
    assert earlier is not None
    assert outputs(earlier) == outputs(out / LABEL)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"least_events": 1000}, r"Overall survival: must have 1000 events or more"),
        ({"test": 40, "calibration": 21}, "60 % together at most; found 40 and 21"),
    ],
)
def test_a_cohort_that_cannot_be_learned_from_is_refused_and_nothing_is_written(
    project: MadeProject, tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(InputError, match=reason):
        run(project, tmp_path / "out", **changes)
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("head", ["cox", "deephit", "pc-hazard", "cox-time"])
def test_each_head_is_trained_and_foretells_between_0_and_1(
    project: MadeProject, tmp_path: Path, head: str
) -> None:
    out = tmp_path / "out"
    run(project, out, head=head, endpoints="os,dm", modalities="clinical")
    notes = read_notes((out / LABEL / NOTES_FILE).read_bytes())
    baselines = [one.times["overall_survival"].baseline for one in notes.networks]
    assert all(bool(one) is (head in ("cox", "cox-time")) for one in baselines)
    rows = foretold(out)
    risks = np.array([float(row["risk"]) for row in rows if row["model"] == "clinical"])
    assert ((risks > 0) & (risks < 1)).all()
    assert np.unique(risks).size > risks.size / 2


def test_the_model_that_was_kept_foretells_what_the_training_foretold(
    project: MadeProject, ran: tuple[Path, dict[str, RunRecord]]
) -> None:
    """Opened again, on files read again; and nothing of it needs what trained it."""
    out, _ = ran
    folder = open_prognosis(opened(out / LABEL))
    model = load_prognosis(folder, torch.device("cpu"))
    frozen = read_frozen_cohort(opened_as(project.freeze(), "COHORT"))
    images = cohort_images(frozen.members, project.folders(), folder.cube).found
    rows = {row.subject: row for row in project.rows if row.subject in images}
    dealt = parts(out)["folds"]["repeats"][0]
    subjects = [subject for subject in rows if subject in dealt]
    told = model.foretell(
        subjects, [rows[one].values for one in subjects], [images[one] for one in subjects], at_once=8
    )
    kept = {
        row["subject"]: float(row["risk"])
        for row in foretold(out)
        if row["model"] == "joint" and row["endpoint"] == "overall_survival"
    }
    for place, subject in enumerate(subjects):
        (judge,) = (
            one
            for one, notes in zip(told, folder.notes.networks, strict=True)
            if notes.fold == dealt[subject]
        )
        risk = judge.timed["joint"]["overall_survival"].risk[place]
        assert risk == pytest.approx(kept[subject], abs=2e-6)
    source = "import sys, sarcoma_core.prognosis.network_model; print('pycox' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    assert ended.stdout == "False\n"
