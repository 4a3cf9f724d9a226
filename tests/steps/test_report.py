"""The step `report`: one page, told in its manifest, or a reason why there is none."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sarcoma_core.errors import ArchiveError, UsageError
from sarcoma_core.provenance import Outcome
from sarcoma_core.steps import convert, report
from sarcoma_core.steps.running import run_step
from tests.laws import assert_manifest_is_the_folder, outputs
from tests.report.foretold_made import file_prediction
from tests.report.segmented import segmented
from tests.report.sessions import Builder, full, prepared, told_role


def test_it_leaves_one_page_and_counts_the_series_in_its_manifest(tmp_path: Path) -> None:
    full(tmp_path / "session")
    (record,) = run_step(report.STEP, tmp_path / "session", tmp_path / "out", {})
    assert [entry.path for entry in record.files] == ["report.html"]
    assert record.outcomes[0].facts == {
        "series": 5,
        "ready": 3,
        "unfinished": 0,
        "set_apart": 1,
        "refused": 1,
    }
    assert_manifest_is_the_folder(tmp_path / "out" / "REPORT", record)


def test_it_gives_the_same_bytes_each_time(tmp_path: Path) -> None:
    full(tmp_path / "session")
    for name in ("one", "two"):
        run_step(report.STEP, tmp_path / "session", tmp_path / name, {"slices": 2})
    assert outputs(tmp_path / "one") == outputs(tmp_path / "two") != {}


def test_it_tells_a_session_of_the_whole_chain_with_its_pairs_in_less_than_a_megabyte(tmp_path: Path) -> None:
    prepared(tmp_path / "session")
    (record,) = run_step(report.STEP, tmp_path / "session", tmp_path / "out", {})
    labels = "PREDICTION REGISTERED NORMALISED N4 SUV MASKS ROI_COLLECTIONS SEG SERIES_ROLES NIFTI"
    assert record.reads == tuple(labels.split())
    assert record.outcomes[0].facts["ready"] == 6
    page = (tmp_path / "out" / "REPORT" / "report.html").read_text(encoding="utf-8")
    assert page.count("<img ") == 3 * (4 * 3 + 1 + 2) + 3 * 9
    assert len(page) < 1_000_000


def test_another_role_is_another_input_of_the_report(tmp_path: Path) -> None:
    builder = prepared(tmp_path / "session")
    (before,) = run_step(report.STEP, builder.path, tmp_path / "one", {})
    builder.record("SERIES_ROLES", told_role("2", "MR", "T1"))
    (after,) = run_step(report.STEP, builder.path, tmp_path / "two", {})
    assert before.inputs != after.inputs


def test_what_a_network_drew_is_another_input_of_the_report(tmp_path: Path) -> None:
    builder = prepared(tmp_path / "session")
    (before,) = run_step(report.STEP, builder.path, tmp_path / "one", {})
    segmented(builder, needs_review=["no tumour was found"])
    (after,) = run_step(report.STEP, builder.path, tmp_path / "two", {})
    assert set(after.inputs) - set(before.inputs) == {"SEG"}
    page = (tmp_path / "two" / "REPORT" / "report.html").read_text(encoding="utf-8")
    assert "No tumour was found." in page


def test_what_was_foretold_is_another_input_of_the_report(tmp_path: Path) -> None:
    builder = prepared(tmp_path / "session")
    (before,) = run_step(report.STEP, builder.path, tmp_path / "one", {})
    file_prediction(builder)
    (after,) = run_step(report.STEP, builder.path, tmp_path / "two", {})
    assert set(after.inputs) - set(before.inputs) == {"PREDICTION"}
    page = (tmp_path / "two" / "REPORT" / "report.html").read_text(encoding="utf-8")
    assert "Death within" in page


@pytest.mark.parametrize("slices", [1, 9])
def test_it_shows_as_many_slices_as_asked_for(tmp_path: Path, slices: int) -> None:
    full(tmp_path / "session")
    run_step(report.STEP, tmp_path / "session", tmp_path / "out", {"slices": slices})
    page = (tmp_path / "out" / "REPORT" / "report.html").read_text(encoding="utf-8")
    assert page.count("<img ") == slices * (3 + 1 + 1)


@pytest.mark.parametrize("slices", [0, 10])
def test_slices_have_bounds(tmp_path: Path, slices: int) -> None:
    with pytest.raises(UsageError, match="--slices"):
        run_step(report.STEP, tmp_path, tmp_path / "out", {"slices": slices})


def test_a_session_that_was_never_converted_gives_a_reason_and_no_page(tmp_path: Path) -> None:
    Builder(tmp_path / "session").record("N4")
    with pytest.raises(ArchiveError, match="must hold a resource NIFTI"):
        run_step(report.STEP, tmp_path / "session", tmp_path / "out", {})
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    "facts",
    [
        {"warnings": 5},
        {"warnings": "one"},
        {"warnings": [["nested"], {"odd": 1}]},
        {"shape": [[1], 2], "affine": [[[1]]], "units": ["HU"], "suv_type": {}},
        {"mean": float("nan"), "sd": float("inf"), "clip_low": 10**400, "region": [None, {"a": []}]},
        {"source": [], "own": {"a": {"b": {"c": {"d": {"e": [1]}}}}}},
    ],
    ids=str,
)
def test_facts_of_any_shape_are_laid_out(tmp_path: Path, facts: dict[str, Any]) -> None:
    builder = Builder(tmp_path / "session")
    builder.record("NIFTI", builder.done("NIFTI", "2", **facts), params={"odd": "x"}, cites=("unheard",))
    builder.record("NORMALISED", builder.done("NORMALISED", "2", **facts))
    (record,) = run_step(report.STEP, tmp_path / "session", tmp_path / "out", {"slices": 1})
    assert record.outcomes[0].facts["series"] == 1


def test_an_outcome_of_the_whole_session_is_no_series_of_the_page(tmp_path: Path) -> None:
    builder = Builder(tmp_path / "session")
    whole = Outcome("", "", "done", files=("1.txt",))
    builder.record("NIFTI", builder.done("NIFTI", "2"), whole)
    (record,) = run_step(report.STEP, tmp_path / "session", tmp_path / "out", {"slices": 1})
    assert record.outcomes[0].facts["series"] == 1


def test_importing_the_step_imports_no_science() -> None:
    heavy = "{'numpy', 'PIL', 'nibabel', 'jinja2'}"
    line = f"import sys, sarcoma_core.steps.report; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", line], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_real_session_of_mr_ct_and_pet_is_told_completely(tmp_path: Path, data: Path) -> None:
    patient, session = data / "sts_ibsi" / "STS_025", tmp_path / "session"
    for scan, folder in (("1", "MR_T1/image"), ("2", "CT/image"), ("3", "PET/image"), ("4", "CT/mask")):
        shutil.copytree(patient / folder, session / "SCANS" / scan / "DICOM")
    run_step(convert.STEP, session, session / "RESOURCES", {})
    (record,) = run_step(report.STEP, session, session / "RESOURCES", {"slices": 1})
    page = (session / "RESOURCES" / "REPORT" / "report.html").read_text(encoding="utf-8")
    assert record.outcomes[0].facts["unfinished"] == 3
    assert record.outcomes[0].facts["set_apart"] == 1
    for words in ("The step that writes <b>N4</b> has not run", "0 to 10 SUV", "\u2212160 to 240 HU"):
        assert words in page
    assert len(page) < 2_000_000
