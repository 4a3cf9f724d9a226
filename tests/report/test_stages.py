"""Every series ends in one verdict, and the verdict says what to do next."""

import json
from pathlib import Path

import pytest

from sarcoma_core.errors import ArchiveError
from sarcoma_core.provenance import Outcome
from sarcoma_core.report.stages import MARKS, read_runs, series_names, states, verdict
from tests.report.sessions import Builder, as_read, full, passes


def conditions(path: Path, scan: str) -> list[str]:
    return [state.condition for state in states(read_runs(as_read(path)), scan)]


def test_the_stages_are_what_the_manifests_say_in_the_order_of_the_chain(tmp_path: Path) -> None:
    full(tmp_path)
    runs = read_runs(as_read(tmp_path))
    assert [(run.stage.step, run.stage.title) for run in runs] == [
        ("convert", "Conversion"),
        ("bias-field", "Bias field"),
        ("normalise", "Normalisation"),
    ]


def test_a_manifest_without_a_title_is_told_by_its_step(tmp_path: Path) -> None:
    builder = Builder(tmp_path)
    builder.record("NIFTI", builder.done("NIFTI", "2"))
    path = tmp_path / "RESOURCES" / "NIFTI" / "run.json"
    raw = json.loads(path.read_text())
    for added in ("title", "caption", "reads", "revision", "assets", "device"):
        del raw[added]
    path.write_text(json.dumps(raw | {"schema": 1}))
    run, *_ = read_runs(as_read(tmp_path))
    assert (run.stage.title, run.stage.caption, run.current) == ("convert", "convert", True)
    assert run.record
    assert (run.record.revision, run.record.reads) == (1, ())


def test_every_condition_has_a_sign_of_its_own() -> None:
    assert len(set(MARKS.values())) == len(MARKS)


def test_no_scan_is_lost_and_ten_comes_after_two(tmp_path: Path) -> None:
    full(tmp_path)
    assert series_names(read_runs(as_read(tmp_path))) == ("2", "3", "4", "5", "10")


def test_ids_that_count_alike_keep_one_order(tmp_path: Path) -> None:
    Builder(tmp_path).record("NIFTI", *(passes(scan, "CT") for scan in ("1", "001", "01")))
    assert series_names(read_runs(as_read(tmp_path))) == ("001", "01", "1")


@pytest.mark.parametrize(
    ("scan", "told", "fate", "resource"),
    [
        ("2", ["done", "done", "done"], "ready", "NORMALISED"),
        ("3", ["done", "not applicable", "not applicable"], "ready", "NIFTI"),
        ("4", ["set apart", "not reached", "not reached"], "set apart", ""),
        ("10", ["refused", "not reached", "not reached"], "refused", ""),
    ],
)
def test_a_full_chain_settles_every_series(
    tmp_path: Path, scan: str, told: list[str], fate: str, resource: str
) -> None:
    full(tmp_path)
    assert conditions(tmp_path, scan) == told
    found = verdict(states(read_runs(as_read(tmp_path)), scan))
    assert found.fate == fate
    assert resource in found.advice


@pytest.mark.parametrize("later", ["not applicable", "not run", "done"])
def test_a_map_is_not_ready_for_the_models_and_says_where_to_read_it(tmp_path: Path, later: str) -> None:
    builder = Builder(tmp_path)
    builder.record("NIFTI", builder.done("NIFTI", "2", map="an ADC map"))
    for label in () if later == "not run" else ("N4", "NORMALISED"):  # done: by a version that knew no maps
        builder.record(label, builder.done(label, "2") if later == "done" else passes("2", "MR"))
    assert conditions(tmp_path, "2") == ["done", later, later]
    found = verdict(states(read_runs(as_read(tmp_path)), "2"))
    assert found.fate == "set apart"
    assert found.advice == "An ADC map, not anatomy: read it from the resource NIFTI, as it is."


@pytest.mark.parametrize("kind", ["", None])
def test_what_is_no_map_is_ready(tmp_path: Path, kind: str | None) -> None:
    builder = Builder(tmp_path)
    builder.record("NIFTI", builder.done("NIFTI", "2", map=kind))
    builder.record("N4", builder.done("N4", "2"))
    builder.record("NORMALISED", builder.done("NORMALISED", "2"))
    assert verdict(states(read_runs(as_read(tmp_path)), "2")).fate == "ready"


def test_a_map_that_was_refused_stays_refused(tmp_path: Path) -> None:
    Builder(tmp_path).record("NIFTI", Outcome("2", "MR", "refused", "cut", facts={"map": "an ADC map"}))
    assert verdict(states(read_runs(as_read(tmp_path)), "2")).fate == "refused"


def test_a_step_that_has_not_run_leaves_the_series_unfinished(tmp_path: Path) -> None:
    builder = Builder(tmp_path)
    builder.record("NIFTI", builder.done("NIFTI", "2"))
    assert conditions(tmp_path, "2") == ["done", "not run", "not run"]
    found = verdict(states(read_runs(as_read(tmp_path)), "2"))
    assert found.fate == "unfinished"
    assert (
        found.advice
        == "Run the step that writes N4 and the steps after it: the chain prepare does them in order."
    )


def test_a_series_refused_by_a_later_step_is_refused(tmp_path: Path) -> None:
    builder = Builder(tmp_path)
    builder.record("NIFTI", builder.done("NIFTI", "2"))
    builder.record("N4", Outcome("2", "MR", "refused", "the volume is constant"))
    builder.record("NORMALISED", builder.done("NORMALISED", "2", source="NIFTI"))
    found = verdict(states(read_runs(as_read(tmp_path)), "2"))
    assert found.fate == "refused"
    assert "bias-field" in found.advice


def test_what_was_made_before_an_earlier_step_ran_again_is_out_of_date(tmp_path: Path) -> None:
    builder = full(tmp_path)
    builder.record("NIFTI", builder.done("NIFTI", "2"), started="2031-05-07T00:00:00+00:00")
    assert conditions(tmp_path, "2") == ["done", "out of date", "out of date"]
    assert verdict(states(read_runs(as_read(tmp_path)), "2")).fate == "unfinished"


def test_a_series_that_needs_no_step_is_never_out_of_date(tmp_path: Path) -> None:
    builder = full(tmp_path)
    builder.record("NIFTI", builder.done("NIFTI", "3", "CT"), started="2031-05-07T00:00:00+00:00")
    assert conditions(tmp_path, "3") == ["done", "not applicable", "not applicable"]


def test_a_four_dimensional_series_stays_set_apart_through_the_chain(tmp_path: Path) -> None:
    builder = Builder(tmp_path)
    builder.record("NIFTI", Outcome("2", "MR", "set apart", "4D", files=("2/2.nii.gz",)))
    builder.record("N4", Outcome("2", "MR", "not applicable", "4D"))
    assert conditions(tmp_path, "2") == ["set apart", "not applicable", "not reached"]
    assert verdict(states(read_runs(as_read(tmp_path)), "2")).fate == "set apart"


def test_a_series_that_came_after_a_step_has_not_been_through_it(tmp_path: Path) -> None:
    builder = Builder(tmp_path)
    builder.record("NIFTI", builder.done("NIFTI", "2"), builder.done("NIFTI", "3", "CT"))
    builder.record("N4", passes("3", "CT"))
    assert conditions(tmp_path, "2")[1] == "not run"


@pytest.mark.parametrize("label", ["N4", "NORMALISED"])
def test_a_session_that_was_never_converted_has_no_report(tmp_path: Path, label: str) -> None:
    builder = Builder(tmp_path)
    builder.record(label, builder.done(label, "2"))
    with pytest.raises(ArchiveError, match="NIFTI"):
        read_runs(as_read(tmp_path))
