"""`predict` on sessions of a made project: what is foretold, whose row is taken, and each reason why not."""

import datetime as dt
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="torch test: make extras to run it")

from sarcoma_core.archive.predicted import PREDICTION_FILE, SessionPrediction, read_prediction  # noqa: E402
from sarcoma_core.errors import InputError  # noqa: E402
from sarcoma_core.prognosis.clinical.pushing import table_files  # noqa: E402
from sarcoma_core.prognosis.clinical.table import ClinicalRow, ClinicalTable  # noqa: E402
from sarcoma_core.provenance import RunRecord  # noqa: E402
from sarcoma_core.steps.naming import labels_hash  # noqa: E402
from sarcoma_core.steps.predict import LABEL, STEP  # noqa: E402
from sarcoma_core.steps.running import run_step  # noqa: E402
from sarcoma_core.steps.train_prognosis import LABEL as MODEL  # noqa: E402
from sarcoma_core.steps.train_prognosis import STEP as TRAIN  # noqa: E402
from tests.laws import assert_manifest_is_the_folder, outputs  # noqa: E402
from tests.prognosis.made_patients import made, unmeasured  # noqa: E402
from tests.prognosis.made_project import MadeProject  # noqa: E402
from tests.prognosis.made_sessions import header  # noqa: E402

PATIENTS, UNDRAWN = 60, 2
QUICK = {
    "endpoints": "os,dm",
    "size": "tiny",
    "edge": 16,
    "folds": 3,
    "seeds": 1,
    "epochs": 2,
    "test": 0,
    "calibration": 30,
    "least_events": 5,
}
ROWS = made(1, PATIENTS).rows()
FIRST, UNDRAWN_ROW = ROWS[0], ROWS[-1]


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Networks of a few voxels wait for threads longer than they compute."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> MadeProject:
    drawn = [row.subject for row in ROWS[:-UNDRAWN]]
    return MadeProject(tmp_path_factory.mktemp("made"), ROWS, drawn=drawn)


@pytest.fixture(scope="module")
def model(project: MadeProject) -> Path:
    out = project.root / "trained"
    run_step(TRAIN, project.sessions, out, QUICK, target="projects/P", assets={"cohort": project.freeze()})
    return out / MODEL


def pushed(folder: Path, rows: tuple[ClinicalRow, ...]) -> Path:
    """A clinical table as `sarcoma clinical push` leaves it."""
    folder.mkdir(parents=True)
    for name, content in table_files(ClinicalTable(unmeasured(rows), "surgery"), "0" * 64).items():
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture(scope="module")
def table(project: MadeProject) -> Path:
    return pushed(project.root / "CLINICAL", ROWS)


def run(
    project: MadeProject,
    row: ClinicalRow,
    out: Path,
    assets: Mapping[str, Path],
    *,
    labels: Mapping[str, str] | None = None,
    **params: Any,
) -> RunRecord:
    """The step without heat maps, which take most of its time."""
    session = project.folders()[row.session]
    given = {"maps": False, **params}
    [record] = run_step(STEP, session, out, given, assets=assets, labels=labels)
    assert_manifest_is_the_folder(out / LABEL, record)
    return record


def told(out: Path) -> SessionPrediction:
    [path] = (out / LABEL).glob(f"*/{PREDICTION_FILE}")
    return read_prediction(path)


@pytest.fixture(scope="module")
def ran(project: MadeProject, model: Path, table: Path) -> tuple[Path, RunRecord]:
    out = project.root / "out"
    return out, run(project, FIRST, out, {"prognosis_model": model, "clinical": table}, maps=True)


def test_a_patient_like_the_training_is_foretold_with_all_that_has_to_be_known(
    ran: tuple[Path, RunRecord],
) -> None:
    out, record = ran
    found, outcome = told(out), record.outcomes[0]
    assert outcome.status == "done"
    assert outcome.reason == (
        f"3 networks of {MODEL} foretell overall survival, distant metastasis; without T2FS"
    )
    assert [one.endpoint for one in found.prediction.timed] == ["overall_survival", "distant_metastasis"]
    assert found.inputs.row == "CLINICAL"
    assert (found.inputs.masks, found.inputs.by_person, found.inputs.locked) == ("MASKS", True, False)
    assert found.inputs.series == {"T1CE": "4"}
    assert found.inputs.resource == "NORMALISED"
    assert found.prediction.missing == ("T2FS",)
    assert (found.model.networks, found.model.synthetic) == (3, False)
    assert set(found.inputs.variables) == set(FIRST.values) & set(found.inputs.variables)
    assert found.inputs.lacking == ("volume_cm3",)
    assert found.cautions == (
        "Whether the model has learned from this very patient is not known: its cohort is not at hand.",
        "No person has said that the drawn tumour is final (locked).",
        "1 clinical variable of the model's missing: filled in.",
        "Whether the images were made before surgery is not known: a date is missing.",
    )


def test_where_the_networks_looked_is_listed_for_each_endpoint(ran: tuple[Path, RunRecord]) -> None:
    out, record = ran
    heat = told(out).heat
    assert [one.endpoint for one in heat] == ["overall_survival", "distant_metastasis"]
    for one in heat:
        assert {one.volume, one.picture} < set(record.outcomes[0].files)
        assert (one.dicom, bool(one.no_dicom)) == ("", True)  # the scan of a made session has no DICOM


def test_beside_it_stands_what_the_table_alone_says(ran: tuple[Path, RunRecord]) -> None:
    found = told(ran[0])
    assert [one.endpoint for one in found.baseline] == ["overall_survival", "distant_metastasis"]
    assert any(one.curve for one in found.baseline)
    for one in found.baseline:
        assert bool(one.absent) != bool(one.curve)
        assert (np.diff(one.curve) >= 0).all()


def test_the_same_session_gives_the_same_bytes(
    project: MadeProject, model: Path, table: Path, tmp_path: Path
) -> None:
    for name in ("a", "b"):
        run(project, ROWS[1], tmp_path / name, {"prognosis_model": model, "clinical": table}, maps=True)
    assert outputs(tmp_path / "a") == outputs(tmp_path / "b")


# Whose row it is.


def test_without_a_table_the_row_is_that_of_the_cohort_and_whoever_was_learned_from_is_told(
    project: MadeProject, model: Path, tmp_path: Path
) -> None:
    run(project, FIRST, tmp_path, {"prognosis_model": model, "cohort": project.freeze()})
    found = told(tmp_path)
    assert found.inputs.row == "COHORT"
    assert found.cautions[0].startswith("The patient is in the cohort that the model was made from")


def test_a_table_that_was_pushed_comes_before_the_cohort(
    project: MadeProject, model: Path, table: Path, tmp_path: Path
) -> None:
    run(project, FIRST, tmp_path, {"prognosis_model": model, "cohort": project.freeze(), "clinical": table})
    found = told(tmp_path)
    assert found.inputs.row == "CLINICAL"
    assert any("learned from this very patient" in one for one in found.cautions)


def refused(record: RunRecord, out: Path) -> str:
    """Why nothing was foretold; and nothing but the manifest was written."""
    assert record.outcomes[0].status == "refused"
    assert [path.name for path in (out / LABEL).rglob("*") if path.is_file()] == ["run.json"]
    return record.outcomes[0].reason


def test_a_patient_without_a_row_is_a_named_outcome(
    project: MadeProject, model: Path, tmp_path: Path
) -> None:
    others = pushed(tmp_path / "CLINICAL", ROWS[1:])
    record = run(project, FIRST, tmp_path / "out", {"prognosis_model": model, "clinical": others})
    assert refused(record, tmp_path / "out") == (
        "CLINICAL: must have a row of the session's patient; there is none."
    )


def test_a_project_without_a_table_is_told_what_to_push(
    project: MadeProject, model: Path, tmp_path: Path
) -> None:
    record = run(project, FIRST, tmp_path, {"prognosis_model": model})
    assert "CLINICAL or COHORT: must be a resource of the project" in refused(record, tmp_path)


def test_a_row_of_another_session_and_a_session_of_another_subject_are_refused(
    project: MadeProject, model: Path, tmp_path: Path
) -> None:
    elsewhere = pushed(tmp_path / "CLINICAL", (replace(FIRST, session="ANOTHER"), *ROWS[1:]))
    record = run(project, FIRST, tmp_path / "a", {"prognosis_model": model, "clinical": elsewhere})
    assert "names another one" in refused(record, tmp_path / "a")
    labels = {"session_label": FIRST.session, "subject_label": ROWS[1].subject}
    record = run(
        project, FIRST, tmp_path / "b", {"prognosis_model": model, "cohort": project.freeze()}, labels=labels
    )
    assert "must be of the subject that it was frozen with" in refused(record, tmp_path / "b")


def test_a_folder_by_itself_says_not_whose_it_is_and_told_by_hand_gives_the_same(
    project: MadeProject, model: Path, table: Path, tmp_path: Path
) -> None:
    alone = Path(shutil.copytree(project.folders()[FIRST.session], tmp_path / "session"))
    assets = {"prognosis_model": model, "clinical": table}
    [record] = run_step(STEP, alone, tmp_path / "a", {"maps": False}, assets=assets)
    assert refused(record, tmp_path / "a").startswith("--subject-label: must say whose row is taken")
    labels = {"subject_label": FIRST.subject}
    run_step(STEP, alone, tmp_path / "b", {"maps": False}, assets=assets, labels=labels)
    run(project, FIRST, tmp_path / "c", assets)
    assert outputs(tmp_path / "b") == outputs(tmp_path / "c")


def test_a_table_that_was_changed_by_hand_ends_the_run(
    project: MadeProject, model: Path, table: Path, tmp_path: Path
) -> None:
    changed = Path(shutil.copytree(table, tmp_path / "CLINICAL"))
    text = (changed / "clinical.csv").read_text()
    (changed / "clinical.csv").write_text(text.replace("yes", "no", 1) + "\n")
    with pytest.raises(InputError, match=r"CLINICAL: must hold clinical\.csv"):
        run(project, FIRST, tmp_path / "out", {"prognosis_model": model, "clinical": changed})
    assert not (tmp_path / "out" / LABEL).exists()


def test_a_model_of_another_kind_ends_the_run(project: MadeProject, table: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"asset: must hold config\.json"):
        run(project, FIRST, tmp_path / "out", {"prognosis_model": table, "clinical": table})


# Which tumour it is.


def test_a_session_without_a_drawn_tumour_is_a_named_outcome(
    project: MadeProject, model: Path, table: Path, tmp_path: Path
) -> None:
    record = run(project, UNDRAWN_ROW, tmp_path, {"prognosis_model": model, "clinical": table})
    assert "MASKS: must hold a mask of tumour" in refused(record, tmp_path)


@pytest.fixture
def by_network(tmp_path: Path) -> MadeProject:
    """The same sessions, where the first one's tumour was drawn by a network."""
    other = MadeProject(tmp_path / "network", ROWS[:3], drawn=[row.subject for row in ROWS[:3]])
    place = other.folders()[FIRST.session] / "RESOURCES"
    (place / "MASKS").rename(place / "SEG")
    return other


def test_where_no_person_has_drawn_it_the_mask_of_a_network_is_taken_and_that_is_told(
    by_network: MadeProject, model: Path, table: Path, tmp_path: Path
) -> None:
    assets = {"prognosis_model": model, "clinical": table}
    run(by_network, FIRST, tmp_path / "a", assets)
    found = told(tmp_path / "a")
    assert (found.inputs.masks, found.inputs.by_person) == ("SEG", False)
    assert "The tumour was drawn by a network, and no person has corrected it." in found.cautions
    record = run(by_network, FIRST, tmp_path / "b", assets, masks="persons")
    assert "MASKS: must hold a mask" in refused(record, tmp_path / "b")
    record = run(by_network, ROWS[1], tmp_path / "c", assets, masks="network")
    assert "SEG: must hold a mask" in refused(record, tmp_path / "c")


# Why nothing is told.


def test_whoever_is_unlike_the_training_is_told_why_and_no_number(
    project: MadeProject, model: Path, tmp_path: Path
) -> None:
    strange = replace(FIRST, values={**FIRST.values, "age_years": 2.0})
    table = pushed(tmp_path / "CLINICAL", (strange,))
    record = run(project, FIRST, tmp_path / "out", {"prognosis_model": model, "clinical": table}, maps=True)
    found, outcome = told(tmp_path / "out"), record.outcomes[0]
    assert outcome.status == "set apart"
    assert outcome.reason == f"{MODEL} abstains, for age: the report says why; without T2FS"
    assert outcome.facts["abstains"] == ["age"]
    assert found.prediction.reasons[0].startswith("age: more than 10 years younger")
    assert found.prediction.abstains
    assert (found.prediction.timed, found.baseline, found.heat) == ((), (), ())


@pytest.mark.parametrize(("modality", "abstains"), [("MR", False), ("PT", True)])
def test_a_pet_that_was_taken_for_t1_is_not_judged(
    by_network: MadeProject, model: Path, table: Path, tmp_path: Path, modality: str, *, abstains: bool
) -> None:
    manifest = by_network.folders()[ROWS[1].session] / "RESOURCES" / "NORMALISED" / "run.json"
    manifest.write_text(manifest.read_text().replace('"modality": "MR"', f'"modality": "{modality}"'))
    run(by_network, ROWS[1], tmp_path / "out", {"prognosis_model": model, "clinical": table})
    found = told(tmp_path / "out").prediction
    assert found.abstains is abstains
    assert not abstains or "T1CE: an image of PT; the training has seen MR" in found.reasons


def test_who_had_a_metastasis_at_presentation_has_no_first_one_to_come(
    project: MadeProject, model: Path, tmp_path: Path
) -> None:
    values = {**FIRST.values, "metastasis_at_presentation": "yes"}
    table = pushed(tmp_path / "CLINICAL", (replace(FIRST, values=values),))
    run(project, FIRST, tmp_path / "out", {"prognosis_model": model, "clinical": table})
    found = told(tmp_path / "out")
    assert [one.endpoint for one in found.prediction.timed] == ["overall_survival"]
    assert any("no first one can come any more" in one for one in found.cautions)


# Whether the images are those of the row.


@pytest.mark.parametrize(
    ("days", "refused_for"),
    [(-1, "session after surgery"), (0, ""), (180, ""), (181, "session more than 180 days")],
)
def test_a_session_after_surgery_or_long_before_it_is_not_the_one_that_the_row_is_of(
    project: MadeProject, model: Path, tmp_path: Path, days: int, refused_for: str
) -> None:
    """Told by the study date of its headers, as a pushed table tells rows by subject alone."""
    session = Path(shutil.copytree(project.folders()[FIRST.session], tmp_path / "session"))
    header(session, {"StudyDate": "20200701"})
    dated = replace(FIRST, date=dt.date(2020, 7, 1) + dt.timedelta(days))
    assets = {"prognosis_model": model, "clinical": pushed(tmp_path / "CLINICAL", (dated,))}
    labels = {"subject_label": FIRST.subject}
    [record] = run_step(STEP, session, tmp_path / "out", {"maps": False}, assets=assets, labels=labels)
    if refused_for:
        assert refused_for in refused(record, tmp_path / "out")
    else:
        assert record.outcomes[0].status == "done"
        assert not any("before surgery is not known" in one for one in told(tmp_path / "out").cautions)


def test_a_row_that_the_headers_contradict_is_refused(
    project: MadeProject, model: Path, tmp_path: Path
) -> None:
    session = Path(shutil.copytree(project.folders()[FIRST.session], tmp_path / "session"))
    other = {"F": "M", "M": "F"}[str(FIRST.values["sex"])]
    header(session, {"StudyDate": "20200701", "PatientSex": other})
    assets = {"prognosis_model": model, "clinical": pushed(tmp_path / "CLINICAL", (FIRST,))}
    labels = {"subject_label": FIRST.subject}
    [record] = run_step(STEP, session, tmp_path / "out", {"maps": False}, assets=assets, labels=labels)
    assert "sex of the row is another than that of the images: rows swapped?" in refused(
        record, tmp_path / "out"
    )


def test_whose_session_it_was_is_told_and_names_nobody(ran: tuple[Path, RunRecord]) -> None:
    fact = ran[1].outcomes[0].facts["whose"]
    assert fact == labels_hash(FIRST.session, FIRST.subject)
    assert fact not in {
        labels_hash(FIRST.session, ROWS[1].subject),
        labels_hash(ROWS[1].session, FIRST.subject),
    }
    assert not {FIRST.session, FIRST.subject} & set(fact)
