"""`validate-prognosis` on a made project: the table, its page, what is not run, and what it refuses."""

import csv
import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="torch test: make extras to run it")

from sarcoma_core.errors import InputError  # noqa: E402
from sarcoma_core.prognosis.comparison import TABLE  # noqa: E402
from sarcoma_core.provenance import MANIFEST, RunRecord  # noqa: E402
from sarcoma_core.steps.running import run_step  # noqa: E402
from sarcoma_core.steps.train_prognosis import LABEL as MODEL  # noqa: E402
from sarcoma_core.steps.train_prognosis import STUDY_LABEL  # noqa: E402
from sarcoma_core.steps.validate_prognosis import LABEL, STEP  # noqa: E402
from tests.laws import assert_manifest_is_the_folder, outputs  # noqa: E402
from tests.prognosis.made_patients import made  # noqa: E402
from tests.prognosis.made_project import MadeProject  # noqa: E402
from tests.steps.test_train_prognosis import one_thread, run  # noqa: E402, F401  a fixture, and a training

PATIENTS = 120
FORESTS = ("clinical-forest", "radiomics-forest")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> MadeProject:
    """Death hangs on age, size and grade; the boxes that are drawn tell nothing."""
    rows = made(1, PATIENTS, strength=2.0).rows()
    drawn = [row.subject for row in rows]
    return MadeProject(tmp_path_factory.mktemp("made"), rows, drawn=drawn)


@pytest.fixture(scope="module")
def trained(project: MadeProject) -> Path:
    """A training of two epochs, with a test set and a calibration set."""
    out = project.root / "trained"
    run(project, out)
    return out


def validate(project: MadeProject, trained: Path, out: Path, **params: Any) -> RunRecord:
    cohort = params.pop("cohort", None) or project.freeze()
    usual = {"model": trained / MODEL, "study": trained / STUDY_LABEL}
    assets = {"cohort": cohort} | {name: params.pop(name, place) for name, place in usual.items()}
    [record] = run_step(STEP, project.sessions, out, params, target="projects/P", assets=assets)
    return record


@pytest.fixture(scope="module")
def ran(project: MadeProject, trained: Path) -> tuple[Path, RunRecord]:
    out = project.root / "validated"
    return out / LABEL, validate(project, trained, out, forests=False)


def told(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "compared.json").read_text())
    return found


def rows_of(folder: Path, endpoint: str) -> Mapping[str, dict[str, Any]]:
    return {row["name"]: row for row in told(folder)["endpoints"][endpoint]["rows"]}


def test_the_page_the_numbers_and_the_table_are_written_and_told_in_a_line_for_each_endpoint(
    ran: tuple[Path, RunRecord],
) -> None:
    folder, record = ran
    assert_manifest_is_the_folder(folder, record)
    written, *lines = record.outcomes
    assert set(written.files) == {"compared.json", "compared.csv", "compared.html"}
    done = [one.reason for one in lines if one.status == "done"]
    assert [reason.partition(":")[0] for reason in done] == ["Overall survival", "Distant metastasis"]
    assert all("multimodal 0." in reason and "sarculator 0." in reason for reason in done)
    harrell = rows_of(folder, "overall_survival")["clinical"]["harrell"]["value"]
    assert written.facts["harrell"]["overall_survival"]["clinical"] == pytest.approx(harrell, abs=1e-4)


def test_the_table_has_the_rows_of_the_paper_in_its_order_and_its_numbers_beside_ours(
    ran: tuple[Path, RunRecord],
) -> None:
    folder, _ = ran
    head, *rows = list(csv.reader((folder / "compared.csv").read_text().splitlines()))
    assert head[:3] == ["Model", "C OS (95 % limits)", "C DM (95 % limits)"]
    assert [row[0] for row in rows] == [model.title for model in TABLE]
    published = [tuple(row[3:]) for row in rows if row[3]]
    assert published == [
        ("0.614 (0.117)", "0.631 (0.097)"),
        ("0.655 (0.111)", "0.639 (0.108)"),
        ("0.532 (0.116)", "0.541 (0.099)"),
        ("0.707 (0.095)", "0.658 (0.085)"),
        ("0.553 (0.081)", "0.562 (0.068)"),
        ("0.769 (0.126)", "0.699 (0.092)"),
    ]
    assert all("of other patients" in name for name in head[3:])
    own = rows_of(folder, "overall_survival")["clinical"]["harrell"]
    clinical = rows[[model.name for model in TABLE].index("clinical")]
    assert clinical[1] == f"{own['value']:.3f} ({own['lower']:.3f} to {own['upper']:.3f})"


def test_a_planted_signal_is_found_by_clinical_rows_and_images_of_noise_tell_nothing(
    ran: tuple[Path, RunRecord],
) -> None:
    folder, _ = ran
    found = rows_of(folder, "overall_survival")
    for name in ("sarculator", "clinical", "radiomics-clinical"):
        assert found[name]["harrell"]["lower"] > 0.5
    for name in ("radiomics", "unimodal"):
        assert found[name]["harrell"]["lower"] < 0.5 < found[name]["harrell"]["upper"]
        assert found[name]["harrell"]["value"] < found["clinical"]["harrell"]["lower"]


def test_the_rows_of_networks_and_of_the_clinical_baseline_are_those_of_the_training(
    ran: tuple[Path, RunRecord], trained: Path
) -> None:
    """Out of its own files, and fitted again: two ways to one number."""
    folder, _ = ran
    evaluated = json.loads((trained / STUDY_LABEL / "evaluation.json").read_text())
    for endpoint, study in evaluated.items():
        found = rows_of(folder, endpoint)
        assert told(folder)["endpoints"][endpoint]["patients"] == study["patients"]
        for name, theirs in (
            ("multimodal", "joint"),
            ("unimodal", "image"),
            ("clinical", "clinical baseline"),
        ):
            mine, other = found[name]["harrell"], study["models"][theirs]["harrell"]
            assert mine["value"] == pytest.approx(other["value"], abs=2e-3)  # risks are kept with 6 decimals


def test_only_the_development_counts_and_the_test_set_is_told_as_not_looked_at(
    project: MadeProject, ran: tuple[Path, RunRecord], trained: Path, tmp_path: Path
) -> None:
    folder, record = ran
    parts = json.loads((trained / STUDY_LABEL / "splits.json").read_text())
    held = told(folder)["patients"]
    assert held == {
        "development": len(parts["folds"]["repeats"][0]),
        "calibration": len(parts["calibration"]),
        "test": len(parts["test"]),
    }
    assert held["test"] == 12
    assert told(folder)["features"]["patients"] == held["development"]
    page = (folder / "compared.html").read_text()
    assert "The test set (12 patients) was not looked at" in page
    assert "The test set (12 patients) was not looked at" in record.outcomes[0].facts["cautions"][0]
    # without the images of those set aside nothing is otherwise
    copy = MadeProject(tmp_path / "made", project.rows, drawn=[row.subject for row in project.rows])
    sessions = {row.subject: row.session for row in project.rows}
    cohort = project.freeze()
    for subject in (*parts["test"], *parts["calibration"]):
        shutil.rmtree(copy.folders()[sessions[subject]])
    validate(copy, trained, tmp_path / "out", forests=False, cohort=cohort)
    assert outputs(tmp_path / "out" / LABEL) == outputs(folder)


def test_nobody_stands_in_it(project: MadeProject, ran: tuple[Path, RunRecord]) -> None:
    folder, _ = ran
    whole = "".join(path.read_text() for path in sorted(folder.iterdir()))
    for row in project.rows:
        assert row.subject not in whole
        assert f"{row.days['overall_survival_days']:.3f}" not in whole


def test_the_same_run_gives_the_same_bytes(
    project: MadeProject, ran: tuple[Path, RunRecord], trained: Path, tmp_path: Path
) -> None:
    folder, _ = ran
    validate(project, trained, tmp_path, forests=False)
    assert outputs(tmp_path / LABEL) == outputs(folder)


def test_forests_are_not_run_without_their_library_and_the_reason_is_told_everywhere(
    project: MadeProject, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "sksurv"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sksurv", None)
    record = validate(project, trained, tmp_path)
    found = rows_of(tmp_path / LABEL, "overall_survival")
    assert {name for name, row in found.items() if row["not_run"]} == set(FORESTS)
    reason = "scikit-survival is not installed: it is under the GPL, and in none of our images"
    assert {found[name]["not_run"] for name in FORESTS} == {reason}
    lines = list(csv.reader((tmp_path / LABEL / "compared.csv").read_text().splitlines()))[1:]
    cells = {row[0]: row[1:3] for row in lines}
    titles = [model.title for model in TABLE if model.name in FORESTS]
    assert [cells[title] for title in titles] == [["not run", "not run"]] * 2
    assert reason in (tmp_path / LABEL / "compared.html").read_text()
    [line] = [one.reason for one in record.outcomes if one.status == "not applicable"]
    assert line == f"not run: clinical-forest (OS, DM); radiomics-forest (OS, DM): {reason}"


def test_where_their_library_is_there_forests_find_the_planted_signal(
    project: MadeProject, trained: Path, ran: tuple[Path, RunRecord], tmp_path: Path
) -> None:
    pytest.importorskip("sksurv", reason="the extra oracle: make extras to run it")
    validate(project, trained, tmp_path)
    found, without = (rows_of(folder, "overall_survival") for folder in (tmp_path / LABEL, ran[0]))
    assert found["clinical-forest"]["harrell"]["lower"] > 0.5
    assert found["radiomics-forest"]["harrell"]["lower"] < 0.5
    for name in set(found) - set(FORESTS):
        assert found[name]["harrell"] == without[name]["harrell"]


def test_without_compare_the_networks_alone_are_judged_and_no_image_is_read(
    project: MadeProject, ran: tuple[Path, RunRecord], trained: Path, tmp_path: Path
) -> None:
    empty = tmp_path / "sessions"
    empty.mkdir()
    assets = {"cohort": project.freeze(), "model": trained / MODEL, "study": trained / STUDY_LABEL}
    run_step(STEP, empty, tmp_path, {"compare": False}, target="projects/P", assets=assets)
    found, whole = (rows_of(folder, "distant_metastasis") for folder in (tmp_path / LABEL, ran[0]))
    judged = {name for name, row in found.items() if not row["not_run"]}
    assert judged == {"unimodal", "multimodal"}
    assert {row["not_run"] for name, row in found.items() if name not in judged} == {
        "--compare was not asked for"
    }
    assert all(found[name]["harrell"] == whole[name]["harrell"] for name in judged)


def test_networks_without_images_have_no_row_and_nothing_is_compared_with_them(
    project: MadeProject, tmp_path: Path
) -> None:
    run(project, tmp_path / "trained", modalities="clinical", endpoints="os")
    validate(project, tmp_path / "trained", tmp_path, forests=False)
    found = rows_of(tmp_path / LABEL, "overall_survival")
    assert found["multimodal"]["not_run"] == "the networks of this model have no joint head"
    assert found["unimodal"]["not_run"] == "the networks of this model have no image head"
    assert found["clinical"]["harrell"]["lower"] > 0.5
    assert found["clinical"]["difference"] is None
    page = (tmp_path / LABEL / "compared.html").read_text()
    assert "nothing is compared with it" in page


def changed(trained: Path, label: str, place: Path, name: str, content: bytes) -> Path:
    """A copy of a resource with another file, and without its manifest: as a person puts it there."""
    folder = Path(shutil.copytree(trained / label, place / label))
    (folder / MANIFEST).unlink()
    (folder / name).write_bytes(content)
    return folder


def test_another_cohort_is_refused(project: MadeProject, trained: Path, tmp_path: Path) -> None:
    other = MadeProject(tmp_path / "other", project.rows[:-1], drawn=[])
    with pytest.raises(InputError, match=r"--cohort: must be the one that --model was trained on; its card"):
        validate(project, trained, tmp_path / "out", cohort=other.freeze())
    assert list((tmp_path / "out").iterdir()) == []


def test_a_study_of_another_cohort_is_refused(project: MadeProject, trained: Path, tmp_path: Path) -> None:
    study = Path(shutil.copytree(trained / STUDY_LABEL, tmp_path / STUDY_LABEL))
    record = json.loads((study / MANIFEST).read_text())
    record["assets"]["cohort"] = "f" * 64
    (study / MANIFEST).write_text(json.dumps(record))
    with pytest.raises(InputError, match=r"the one that --study was made of; its run tells ffffffffffff"):
        validate(project, trained, tmp_path / "out", study=study)


def test_a_study_of_other_networks_on_the_same_parts_is_refused(
    project: MadeProject, trained: Path, tmp_path: Path
) -> None:
    """Trained again with other settings, whose numbers would stand under this model's name."""
    tree = json.loads((trained / STUDY_LABEL / "training.json").read_text())
    content = json.dumps({**tree, "keys": tree["keys"][::-1]}).encode()
    study = changed(trained, STUDY_LABEL, tmp_path, "training.json", content)
    with pytest.raises(InputError, match=r"--study: must be of the training that made --model"):
        validate(project, trained, tmp_path / "out", study=study)


def test_parts_of_another_training_are_refused(project: MadeProject, trained: Path, tmp_path: Path) -> None:
    """One patient changes from the test set to a fold: a good file of parts, and not that of the model."""
    tree = json.loads((trained / STUDY_LABEL / "splits.json").read_text())
    tree["folds"]["repeats"][0][tree["test"].pop()] = 0
    content = (json.dumps(tree, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()
    study = changed(trained, STUDY_LABEL, tmp_path, "splits.json", content)
    with pytest.raises(InputError, match=r"--study: must be splits.json with the SHA-256 that --model tells"):
        validate(project, trained, tmp_path / "out", study=study)


def test_predictions_of_other_patients_are_refused(
    project: MadeProject, trained: Path, tmp_path: Path
) -> None:
    lines = (trained / STUDY_LABEL / "out_of_fold.csv").read_bytes().splitlines(keepends=True)
    study = changed(trained, STUDY_LABEL, tmp_path, "out_of_fold.csv", b"".join([lines[0], *lines[2:]]))
    with pytest.raises(InputError, match="and of no others; found 1 patient of one alone"):
        validate(project, trained, tmp_path / "out", study=study, forests=False, compare=False)


def test_a_model_that_foretells_the_grade_alone_is_refused(
    project: MadeProject, trained: Path, tmp_path: Path
) -> None:
    tree = json.loads((trained / MODEL / "training.json").read_text())
    tree["order"]["endpoints"] = ["grade"]
    model = changed(trained, MODEL, tmp_path, "training.json", json.dumps(tree).encode())
    with pytest.raises(InputError, match="must foretell an endpoint that comes with time; it foretells none"):
        validate(project, trained, tmp_path / "out", model=model, compare=False)


def test_clinical_models_that_are_given_what_the_networks_foretell_are_told(
    ran: tuple[Path, RunRecord],
) -> None:
    """The quick training foretells the grade, too."""
    folder, _ = ran
    assert any("The networks foretell the grade" in one for one in told(folder)["cautions"])
