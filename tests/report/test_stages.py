"""Every series ends in one verdict, and the verdict says what to do next."""

import json
from pathlib import Path

import pytest

from sarcoma_core.errors import ArchiveError
from sarcoma_core.provenance import Outcome
from sarcoma_core.report.stages import MARKS, Readiness, not_run, read_runs, series_names, states, verdict
from tests.report.sessions import PAIR, Builder, as_read, full, passes, prepared, told_role


def fate(path: Path, scan: str) -> Readiness:
    return verdict(states(read_runs(as_read(path)), scan))


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


CHAIN = ["convert", "series-roles", "suv", "bias-field", "normalise", "register"]


def test_the_whole_chain_is_told_in_its_order(tmp_path: Path) -> None:
    prepared(tmp_path)
    runs = read_runs(as_read(tmp_path))
    assert [run.stage.step for run in runs] == CHAIN
    assert [run.stage.label for run in runs if not run.stage.holds_volumes] == ["SERIES_ROLES"]
    assert not_run(as_read(tmp_path).reads, runs) == ()


@pytest.mark.parametrize(
    ("scan", "told", "fate_of", "advice"),
    [
        (
            "2",
            "done, done, not applicable, done, done, done",
            "ready",
            "REGISTERED, on the grid of the reference",
        ),
        ("4", "done, done, not applicable, not applicable, not applicable, done", "ready", "REGISTERED, on"),
        ("5", "done, done, done, not applicable, not applicable, done", "ready", "REGISTERED, on"),
        (
            "6",
            "done, done, not applicable, done, done, not applicable",
            "ready",
            "NORMALISED, on its own grid",
        ),
        ("8", "set apart, done, not reached, not reached, not reached, not reached", "set apart", "Kept"),
    ],
)
def test_a_prepared_session_settles_every_series(
    tmp_path: Path, scan: str, told: str, fate_of: str, advice: str
) -> None:
    prepared(tmp_path)
    assert conditions(tmp_path, scan) == told.split(", ")
    found = fate(tmp_path, scan)
    assert found.fate == fate_of
    assert advice in found.advice
    assert found.spare == (scan == "6")


def test_what_is_not_chosen_is_not_called_ready_for_the_models(tmp_path: Path) -> None:
    prepared(tmp_path)
    assert fate(tmp_path, "6").words == "ready, but not chosen"
    assert fate(tmp_path, "2").words == "ready for the models"


def test_a_session_of_before_the_roles_is_as_ready_as_it_was(tmp_path: Path) -> None:
    full(tmp_path)
    runs = read_runs(as_read(tmp_path))
    assert [run.stage.step for run in runs] == ["convert", "bias-field", "normalise"]
    assert not_run(as_read(tmp_path).reads, runs) == ("series-roles", "suv", "register")
    assert fate(tmp_path, "2") == Readiness("ready", "Read it from the resource NORMALISED.")


def test_a_site_that_told_the_roles_and_no_more_is_not_told_that_something_is_missing(tmp_path: Path) -> None:
    builder = full(tmp_path)
    builder.record("SERIES_ROLES", *(told_role(scan, "MR", "T1") for scan in ("2", "3", "4", "5", "10")))
    assert fate(tmp_path, "2") == Readiness("ready", "Read it from the resource NORMALISED.")
    assert fate(tmp_path, "10").fate == "refused"


def test_a_series_that_came_after_its_role_was_told_is_not_finished(tmp_path: Path) -> None:
    builder = full(tmp_path)
    builder.record("SERIES_ROLES", told_role("3", "CT", "CT"))
    found = fate(tmp_path, "2")
    assert found.fate == "unfinished"
    assert "series-roles" in found.advice


def test_a_pet_without_a_weight_is_refused_with_what_to_do(tmp_path: Path) -> None:
    builder = full(tmp_path)
    refused = Outcome("5", "PT", "refused", "PatientWeight is missing")
    builder.record("SUV", *(passes(scan, "MR") for scan in ("2", "3")), refused)
    assert fate(tmp_path, "5") == Readiness("refused", "Mend the cause, then run suv again.")


def test_a_pair_that_was_refused_says_where_the_series_is_whole(tmp_path: Path) -> None:
    builder = prepared(tmp_path)
    builder.record("REGISTERED", Outcome("3", "MR", "refused", "poor", facts=dict(PAIR)))
    found = fate(tmp_path, "3")
    assert found.fate == "refused"
    assert found.advice == "It does not lie on the reference; on its own grid, read it from NORMALISED."


def test_a_session_without_an_mr_is_ready_on_its_own_grids(tmp_path: Path) -> None:
    builder = Builder(tmp_path)
    builder.record("NIFTI", builder.done("NIFTI", "3", "CT"))
    builder.record("SERIES_ROLES", told_role("3", "CT", "CT"))
    for label in ("SUV", "N4", "NORMALISED"):
        builder.record(label, passes("3", "CT"))
    builder.record("REGISTERED", Outcome("3", "CT", "not applicable", "there is no MR to register to"))
    assert fate(tmp_path, "3") == Readiness("ready", "Read it from the resource NIFTI, on its own grid.")


def test_after_a_role_was_corrected_the_registration_is_out_of_date_also_for_what_it_passed_by(
    tmp_path: Path,
) -> None:
    builder = prepared(tmp_path)
    told = (told_role(scan, "MR", "T1") for scan in ("2", "3", "4", "5", "6", "7", "8"))
    builder.record("SERIES_ROLES", *told, started="later")
    assert conditions(tmp_path, "3")[-1] == conditions(tmp_path, "6")[-1] == "out of date"
    assert conditions(tmp_path, "4")[:-1] == [
        "done",
        "done",
        "not applicable",
        "not applicable",
        "not applicable",
    ]
    found = fate(tmp_path, "6")
    assert (found.fate, found.advice) == ("unfinished", "Run register and the steps after it.")
