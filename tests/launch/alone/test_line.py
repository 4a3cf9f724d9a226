"""One line from end to end, with a runner that draws without a network: what is kept, told, and left."""

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sarcoma_core.chains import CHAINS
from sarcoma_core.errors import InputError, OutputError, RunError, UsageError
from sarcoma_core.launch.alone.given import look_at
from sarcoma_core.launch.alone.line import LineOrder, segment_line
from sarcoma_core.models.card_text import SYNTHETIC
from tests.launch.alone.pretending import Pretender, Watching
from tests.models.made import make_model, make_set

ONE, TWO = "STS-PHANTOM-0001_20130507_MR", "STS-PHANTOM-0002_20170402_MR"
KEPT = [
    "RTSTRUCT.dcm",
    "SEG.dcm",
    "oedema-uncertainty.nii.gz",
    "report.html",
    "tumour-uncertainty.nii.gz",
    "tumour.nii.gz",
]


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return make_set(tmp_path / "models", "T1CE", "T2FS")


@pytest.fixture
def patient(cohort: Path) -> Path:
    return min(cohort.iterdir())


Line = Callable[..., dict[str, Any]]


@pytest.fixture
def line(tmp_path: Path, models: Path) -> Line:
    """One line into `out`; what was told of files stands in `said`."""

    def run(path: Path, runner: Pretender | None = None, **changes: Any) -> dict[str, Any]:
        given = look_at(path, series=changes.pop("series", ()))
        settings = {"out": tmp_path / "out", "models": models, "params": {}, **changes}
        said: list[str] = []
        told = segment_line(
            LineOrder(given, **settings), runner=runner or Pretender(), watch=Watching(), tell=said.append
        )
        return {**told, "said": said}

    return run


def left(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_the_masks_of_one_session_lie_in_the_folder_itself_and_all_is_told(
    line: Line, patient: Path, tmp_path: Path
) -> None:
    told = line(patient)
    out = tmp_path / "out"
    assert left(out) == sorted([*KEPT, "segment.json"])
    written = json.loads((out / "segment.json").read_text())
    assert {**written, "said": []} == told
    [one] = written["sessions"]
    assert (one["session"], one["outcome"], [*one["files"]]) == (ONE, "complete", KEPT)
    assert one["model"]["name"] == "trial"
    assert one["member_why"] == "it is the only one"
    assert one["regions"] == {"tumour": {"ml": 12.5}, "oedema": {"ml": 0.0}}
    assert [*one["regions"]] == ["tumour", "oedema"]
    assert one["needs_review"] == ["tumour is in 4 pieces"]
    assert (one["device"], one["seconds"]) == ("cpu", 0.5)
    assert list(one["seconds_of_steps"]) == [name for name in CHAINS["read"] if name != "predict"]
    assert written["versions"] == {"sarcoma": "1"}
    assert "Research only" in written["intended_use"]
    assert written["caution"] == ""
    assert (out / "tumour.nii.gz").read_text() == "7/tumour-v1.nii.gz"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["models", "out"]


def test_of_several_sessions_each_has_a_folder_and_one_that_fails_stops_no_other(
    line: Line, cohort: Path, tmp_path: Path
) -> None:
    runner = Pretender({(ONE, "normalise"): "next: mend it\nerror: it is damaged\n"})
    told = line(cohort, runner)
    first, second = told["sessions"]
    assert (first["outcome"], first["reason"], first["hint"]) == (
        "failed",
        "normalise: it is damaged",
        "mend it",
    )
    assert (second["session"], second["outcome"]) == (TWO, "complete")
    assert [*second["files"]] == [f"{TWO}/{name}" for name in KEPT]
    assert left(tmp_path / "out") == sorted([*second["files"], "segment.json"])
    assert [step for session, step in runner.ran if session == ONE][-1] == "normalise"
    line(cohort, replace=True)
    assert len(left(tmp_path / "out")) == 2 * len(KEPT) + 1


@pytest.mark.parametrize("step", ["export-masks", "report"])
def test_what_fails_once_the_masks_are_there_costs_itself_alone(
    line: Line, patient: Path, tmp_path: Path, step: str
) -> None:
    told = line(patient, Pretender({(ONE, step): "error: no room\n"}))
    [one] = told["sessions"]
    assert (one["outcome"], one["reason"]) == ("incomplete", f"{step}: no room")
    gone = {"export-masks": {"SEG.dcm", "RTSTRUCT.dcm"}, "report": {"report.html"}}[step]
    assert set(one["files"]) == set(KEPT) - gone
    assert "tumour.nii.gz" in left(tmp_path / "out")


def test_where_every_session_fails_nothing_is_written(line: Line, cohort: Path, tmp_path: Path) -> None:
    fails = {(label, "convert"): "next: look\nerror: no series could be used\n" for label in (ONE, TWO)}
    with pytest.raises(
        RunError, match=r"convert: no series could be used \(1 other session failed as well\)"
    ) as no:
        line(cohort, Pretender(fails))
    assert no.value.hint == "look"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["models"]


def test_a_session_that_no_model_looks_at_is_told_with_its_series(
    line: Line, patient: Path, tmp_path: Path
) -> None:
    runner = Pretender(sees=False)
    with pytest.raises(RunError, match="segment: the models look elsewhere") as no:
        line(patient, runner)
    assert "scans 4 (MR" in no.value.message
    assert "--series T1CE=4" in no.value.hint
    assert runner.ran[-1] == (ONE, "segment")
    assert not (tmp_path / "out").exists()


def test_a_scan_that_is_said_is_told_to_the_step_that_tells_roles(line: Line, patient: Path) -> None:
    runner = Pretender()
    line(patient, runner, series=("T1CE=4", "T2FS=7"))
    said = {step: words for (_, step), words in zip(runner.ran, runner.words, strict=True)}
    words = {"--t1ce=4", "--t2fs=7"}
    assert words <= set(said.pop("series-roles"))
    assert not words & {word for line in said.values() for word in line}


def test_dicom_comes_as_a_zip_or_as_one_file_too(line: Line, patient: Path, tmp_path: Path) -> None:
    files = [path for path in patient.rglob("*") if path.is_file()]
    packed = tmp_path / "export.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for path in files:
            archive.write(path, path.relative_to(patient))
    assert line(packed)["sessions"][0]["session"] == ONE
    assert line(files[0], replace=True)["sessions"][0]["session"] == ONE


def test_files_that_are_no_dicom_are_told_and_stop_nothing(line: Line, patient: Path, tmp_path: Path) -> None:
    export = Path(shutil.copytree(patient, tmp_path / "export"))
    (export / "notes.txt").write_text("notes")
    told = line(export)
    assert len(told["said"]) == 1
    assert told["said"][0].startswith("1 file left out: ")
    assert "notes" not in told["said"][0]


def test_a_folder_without_dicom_is_told_with_the_way_for_nifti(line: Line, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "a.nii").write_text("")
    with pytest.raises(InputError, match="IMAGES: must hold DICOM; found none in 1 file") as no:
        line(tmp_path / "empty")
    assert "--sequence T1CE" in no.value.hint
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "models"]


def test_a_damaged_archive_of_files_is_refused(line: Line, tmp_path: Path) -> None:
    (tmp_path / "a.tar.gz").write_bytes(b"\x1f\x8bnothing")
    with pytest.raises(InputError, match="Archive refused"):
        line(tmp_path / "a.tar.gz")


def test_a_place_that_is_taken_is_told_before_anything_is_read(line: Line, patient: Path) -> None:
    line(patient)
    runner = Pretender()
    with pytest.raises(OutputError, match="OUT: must be new or empty"):
        line(patient, runner)
    assert runner.ran == []


def test_results_lie_within_what_is_read_and_are_not_read(line: Line, patient: Path, tmp_path: Path) -> None:
    export = Path(shutil.copytree(patient, tmp_path / "export"))
    told = line(export, out=export / "masks")
    assert told["said"] == []
    assert [one["session"] for one in told["sessions"]] == [ONE]


def test_a_model_that_is_no_good_is_told_before_anything_is_read(
    line: Line, patient: Path, models: Path, tmp_path: Path
) -> None:
    (models / "T1CE" / "weights.safetensors").write_bytes(b"")
    runner = Pretender()
    with pytest.raises(InputError, match=r"^model: "):
        line(patient, runner)
    with pytest.raises(InputError, match="--model: must hold a model that segments; found none"):
        line(patient, runner, models=make_model(tmp_path / "plain"))
    assert runner.ran == []


def test_a_member_that_is_not_there_is_told_with_those_that_are(line: Line, patient: Path) -> None:
    with pytest.raises(UsageError, match="--member: must be one of the folder's, T1CE, T2FS; found T1"):
        line(patient, params={"member": "T1"})


def test_models_of_synthetic_patients_are_told_as_such(line: Line, patient: Path, tmp_path: Path) -> None:
    told = line(patient, models=make_set(tmp_path / "demo", "T1CE", synthetic=True))
    assert told["caution"] == SYNTHETIC
    assert told["sessions"][0]["model"]["synthetic"] is True
