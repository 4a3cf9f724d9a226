"""The files that stay at the site: all there, of one mind about parts and numbers, the same each time."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

pytestmark = pytest.mark.torch
pytest.importorskip("torch", reason="torch test: make extras to run it")

from sarcoma_core.prognosis.network_study import StudySource  # noqa: E402
from sarcoma_core.prognosis.network_study_files import (  # noqa: E402
    reported_training,
    write_network_study,
)
from tests.laws import outputs  # noqa: E402
from tests.models.test_card import FIRST, OTHER_WEIGHTS  # noqa: E402
from tests.prognosis.made_training import ORDER, small_cohort, small_judged, small_training  # noqa: E402

SOURCE = StudySource(small_cohort("X1"), {"X1": "not drawn"}, {"weights.safetensors": "7" * 64}, (), "How.")


def write(folder: Path, source: StudySource = SOURCE) -> dict[str, bytes]:
    names = write_network_study(folder, small_training(), small_judged(), source, label="MODEL_PROG_STS")
    found = outputs(folder)
    assert set(names) == set(found)
    return found


def test_all_files_are_written_and_equal_from_time_to_time(tmp_path: Path) -> None:
    files = write(tmp_path / "a")
    assert set(files) == {
        *("splits.json", "evaluation.json", "out_of_fold.csv", "training_manifest.csv"),
        *("training.json", "study.html", "reporting.md", "reporting.json"),
    }
    assert write(tmp_path / "b") == files


def test_page_and_checklists_tell_the_numbers_of_the_evaluation(tmp_path: Path) -> None:
    files = write(tmp_path / "a")
    told = json.loads(files["evaluation.json"])["overall_survival"]["models"]["clinical"]["harrell"]["value"]
    page, items = files["study.html"].decode(), json.loads(files["reporting.json"])
    (performance,) = [one["told"] for one in items["tripod_ai"] if one["number"] == "23a"]
    assert f"{told:.3f}" in page
    assert f"clinical {told:.3f}" in performance
    assert "MODEL_PROG_STS, project STS" in page
    assert small_training().planned.parts.sha256 in page


def test_openings_stand_on_the_page_and_in_the_checklists(tmp_path: Path) -> None:
    files = write(tmp_path / "a", replace(SOURCE, openings=(FIRST, OTHER_WEIGHTS)))
    assert files["study.html"].decode().count('<p class="again">') == 1
    text = files["reporting.md"].decode()
    assert "by ada: the test set of 66 patients was opened" in text
    assert "by bo: the test set of 66 patients was opened again" in text


def test_what_is_reported_is_what_was_planned() -> None:
    planned = small_training().planned
    run = reported_training(planned, small_judged(), SOURCE)
    assert run.development + run.calibration + run.test == run.patients == run.members - 1
    assert (run.folds, run.seeds, run.columns) == (3, 2, planned.columns)
    assert (run.images, run.layers) == ("", "")
    assert "grade" not in run.variables
    assert [one.death_competes for one in run.endpoints] == [False, True]
    assert run.endpoints[0].seeds.count(" and ") == 1
    both = replace(planned, order=replace(ORDER, modalities="both"))
    assert reported_training(both, small_judged(), SOURCE).images == (
        "T1CE, T2FS in a cube of 8 voxels of 4 mm"
    )
