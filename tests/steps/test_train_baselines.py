"""`train-baselines` on a made project: the models, their cards, the page, and what it cannot use."""

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sarcoma_core.archive.asset import AssetFolder, open_asset
from sarcoma_core.errors import InputError
from sarcoma_core.interface import Asset
from sarcoma_core.interface.declarations import AssetSpec
from sarcoma_core.prognosis.baseline_card import read_baseline
from sarcoma_core.prognosis.baselines import BASELINES
from sarcoma_core.prognosis.clinical.table import ClinicalRow
from sarcoma_core.provenance import RunRecord
from sarcoma_core.steps.running import run_step
from sarcoma_core.steps.train_baselines import MODEL_LABELS, REPORT_LABEL, STEP
from sarcoma_core.training.splits import read_folds
from tests.laws import assert_manifest_is_the_folder, outputs
from tests.prognosis.made_patients import made
from tests.prognosis.made_project import MadeProject

pytestmark = pytest.mark.torch
PATIENTS = 100
QUICK = {"repeats": 1, "folds": 2}


def rows(seed: int = 1, patients: int = PATIENTS) -> tuple[ClinicalRow, ...]:
    return made(seed, patients).rows()


def run(project: MadeProject, cohort: Path, out: Path, **params: Any) -> dict[str, RunRecord]:
    records = run_step(
        STEP, project.sessions, out, {**QUICK, **params}, target="projects/P", assets={"cohort": cohort}
    )
    return dict(zip(STEP.labels, records, strict=True))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> MadeProject:
    told = rows()
    return MadeProject(tmp_path_factory.mktemp("made"), told, drawn=[row.subject for row in told[:-10]])


@pytest.fixture(scope="module")
def ran(project: MadeProject) -> tuple[Path, dict[str, RunRecord]]:
    out = project.root / "out"
    return out, run(project, project.freeze(), out)


def evaluated(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / REPORT_LABEL / "evaluation.json").read_text())
    return found


def opened(folder: Path) -> AssetFolder:
    asset = open_asset(AssetSpec("model", Asset("MODEL_*", "")), folder)
    assert asset is not None
    return asset


def test_each_endpoint_has_its_models_with_a_card_and_the_study_its_files(
    ran: tuple[Path, dict[str, RunRecord]],
) -> None:
    out, records = ran
    models = {f"{one.name}/model.json" for one in BASELINES}
    for label, record in records.items():
        assert_manifest_is_the_folder(out / label, record)
        assert [outcome.status for outcome in record.outcomes[:1]] == ["done"]
    for label in MODEL_LABELS.values():
        assert set(records[label].outcomes[0].files) == {*models, "card.json", "card.md"}
    study = set(records[REPORT_LABEL].outcomes[0].files)
    assert study == {"study.html", "evaluation.json", "out_of_fold.csv", "splits.json"}


def test_patients_without_features_are_told_by_reason_and_are_in_the_study(
    project: MadeProject, ran: tuple[Path, dict[str, RunRecord]]
) -> None:
    out, records = ran
    written, *others = records[REPORT_LABEL].outcomes
    lacking = written.facts["no_features"]
    assert list(lacking) == [row.subject for row in project.rows[-10:]]
    [reason] = set(lacking.values())
    [told] = [one for one in others if one.status == "not applicable"]
    assert told.reason == f"10 of 100 patients have no features, and are in the study without: {reason}"
    assert all(one.status != "set apart" for one in others)
    page = (out / REPORT_LABEL / "study.html").read_text()
    assert "10 of 100 patients have no features of the image" in page
    assert f"(10: {reason.removesuffix('.')}). Who they are stands in run.json of STUDY_REPORT." in page
    found = evaluated(out)
    assert found["features"]["patients"] == PATIENTS - 10
    assert found["endpoints"]["overall_survival"]["patients"] == PATIENTS


def test_what_came_of_each_endpoint_is_told_in_a_line(ran: tuple[Path, dict[str, RunRecord]]) -> None:
    out, records = ran
    found = evaluated(out)["endpoints"]["overall_survival"]
    harrell = found["models"]["sarculator"]["harrell"]
    told = records[REPORT_LABEL].outcomes[1].reason
    expected = f"Overall survival: {PATIENTS} patients, {found['events']} events; Harrell's C sarculator "
    assert told.startswith(expected)
    limits = f"({harrell['lower']:.3f} to {harrell['upper']:.3f})"
    assert told.removeprefix(expected).startswith(f"{harrell['value']:.3f} {limits}, clinical 0.")
    done = [one.reason.partition(":")[0] for one in records[REPORT_LABEL].outcomes if one.status == "done"]
    assert done[:3] == [
        "the page, the numbers, the predictions and the folds",
        "Overall survival",
        "Distant metastasis",
    ]
    assert len(done) == 4


def test_models_are_better_than_chance_and_their_numbers_stand_everywhere_alike(
    ran: tuple[Path, dict[str, RunRecord]],
) -> None:
    out, _ = ran
    found = evaluated(out)["endpoints"]["overall_survival"]
    card = json.loads((out / "MODEL_BASE_OS" / "card.json").read_text())
    for name in ("sarculator", "clinical", "radiomics-clinical"):
        harrell = found["models"][name]["harrell"]
        assert harrell["lower"] > 0.5
        assert found["models"][name]["integrated_brier"]["value"] < found["kaplan_meier_integrated_brier"]
        assert card["models"][name]["harrell"] == harrell
    page = (out / REPORT_LABEL / "study.html").read_text()
    assert f"{found['models']['clinical']['harrell']['value']:.3f}" in page
    assert "not the published nomogram" in page
    assert "Research only" in (out / "MODEL_BASE_OS" / "card.md").read_text()


def test_a_kept_model_can_be_read_and_is_the_one_of_the_card(
    project: MadeProject, ran: tuple[Path, dict[str, RunRecord]]
) -> None:
    out, _ = ran
    asset = opened(out / "MODEL_BASE_OS")
    card = json.loads((out / "MODEL_BASE_OS" / "card.json").read_text())
    values = [row.values for row in project.rows]
    risks = [read_baseline(asset, one.name).risk(values) for one in BASELINES[:2]]
    assert np.corrcoef(risks[0], risks[1])[0, 1] > 0.7
    assert read_baseline(asset, "clinical").sha256 == card["models"]["clinical"]["sha256"]


@pytest.mark.parametrize("name", ["card.json", "clinical/model.json"])
def test_a_model_or_a_card_that_was_changed_is_refused(
    ran: tuple[Path, dict[str, RunRecord]], tmp_path: Path, name: str
) -> None:
    """As it may come from elsewhere: without its manifest."""
    folder = tmp_path / "MODEL_X"
    shutil.copytree(ran[0] / "MODEL_BASE_OS", folder)
    (folder / "run.json").unlink()
    assert read_baseline(opened(folder), "clinical").baseline.name == "clinical"
    path = folder / name
    path.write_text(path.read_text().replace('"events": ', '"events": 1'))
    with pytest.raises(InputError, match="must"):
        read_baseline(opened(folder), "clinical")


def test_predictions_out_of_fold_are_one_line_for_each_patient_and_the_folds_are_those_told(
    project: MadeProject, ran: tuple[Path, dict[str, RunRecord]]
) -> None:
    out, _ = ran
    with (out / REPORT_LABEL / "out_of_fold.csv").open() as stream:
        lines = [one for one in csv.DictReader(stream) if one["endpoint"] == "overall_survival"]
    told = json.loads((out / REPORT_LABEL / "splits.json").read_text())["overall_survival"]
    digest = told.pop("sha256")
    folds = read_folds(json.dumps(told).encode())
    assert folds.sha256 == digest == evaluated(out)["endpoints"]["overall_survival"]["splits_sha256"]
    for model in ("sarculator", "clinical", "radiomics-clinical"):
        mine = [one for one in lines if one["model"] == model]
        assert [one["subject"] for one in mine] == [row.subject for row in project.rows]
        assert all(int(one["fold"]) == folds.repeats[0][one["subject"]] for one in mine)
        assert all(0 <= float(one["survival_1_years"]) <= 1 for one in mine)
    with (out / REPORT_LABEL / "out_of_fold.csv").open() as stream:
        assert "days" not in stream.readline()


def test_the_same_cohort_gives_the_same_bytes(
    project: MadeProject, ran: tuple[Path, dict[str, RunRecord]], tmp_path: Path
) -> None:
    run(project, project.freeze("COHORT_2"), tmp_path / "again")
    assert outputs(tmp_path / "again") == outputs(ran[0])


def without_events(row: ClinicalRow, *, died: bool) -> ClinicalRow:
    """Nobody has a metastasis, so that of an endpoint there is nothing to learn."""
    events = {"death": died, "distant_metastasis": False, "local_recurrence": False}
    last = row.days["overall_survival_days"]
    days = dict.fromkeys(("overall_survival_days", "distant_metastasis_days", "local_recurrence_days"), last)
    return ClinicalRow(row.subject, row.session, "", None, row.values, events, days)


def test_an_endpoint_without_events_has_a_reason_and_the_others_go_on(tmp_path: Path) -> None:
    told = tuple(without_events(row, died=row.events["death"]) for row in rows(2, 60))
    made_project = MadeProject(tmp_path, told)
    records = run(made_project, made_project.freeze(), tmp_path / "out", features=False)
    (outcome,) = records["MODEL_BASE_DM"].outcomes
    assert outcome.status == "refused"
    assert "Distant metastasis: must have 10 events or more; found 0 in 60 patients" in outcome.reason
    assert records["MODEL_BASE_DM"].files == ()
    assert records["MODEL_BASE_OS"].outcomes[0].status == "done"
    assert evaluated(tmp_path / "out")["features"]["reason"] == "features were not asked for"
    left = [one.reason for one in records["MODEL_BASE_OS"].outcomes[1:]]
    assert left == ["radiomics-clinical: features were not asked for"]
    page = (tmp_path / "out" / REPORT_LABEL / "study.html").read_text()
    assert "Distant metastasis was not studied" in page


def test_where_no_endpoint_can_be_fitted_nothing_is_written(tmp_path: Path) -> None:
    told = tuple(without_events(row, died=number < 9) for number, row in enumerate(rows(3, 40)))
    made_project = MadeProject(tmp_path, told)
    cohort = made_project.freeze()
    with pytest.raises(InputError, match=r"--cohort: must have an endpoint .* found 9 in 40 patients"):
        run(made_project, cohort, tmp_path / "out", features=False)
    assert list((tmp_path / "out").iterdir()) == []


def test_too_few_masks_leave_the_radiomics_out_with_the_reason(tmp_path: Path) -> None:
    told = rows(4, 40)
    made_project = MadeProject(tmp_path, told, drawn=[row.subject for row in told[:19]])
    records = run(made_project, made_project.freeze(), tmp_path / "out")
    reasons = [one.reason for one in records["MODEL_BASE_OS"].outcomes if one.status == "set apart"]
    assert reasons == ["radiomics-clinical: 19 of 40 patients have features, fewer than 50%"]


def test_a_cohort_without_a_clinical_table_is_refused(tmp_path: Path) -> None:
    made_project = MadeProject(tmp_path, rows(5, 12))
    cohort = made_project.freeze()
    tree = json.loads((cohort / "cohort.json").read_text())
    del tree["clinical"]
    (cohort / "cohort.json").write_text(json.dumps(tree))
    with pytest.raises(InputError, match="frozen without a clinical table"):
        run(made_project, cohort, tmp_path / "out")
