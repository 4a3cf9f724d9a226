"""`evaluate-segmentation` on a made project: its files, what it tells, model after model, and fields."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import SimpleITK as sitk

from sarcoma_core.errors import InputError
from sarcoma_core.provenance import Outcome, RunRecord
from sarcoma_core.steps.evaluate_segmentation import LABEL, STEP
from sarcoma_core.steps.running import run_step
from sarcoma_core.xnat.rest.connection import Connection
from sarcoma_core.xnat.rest.custom_fields import FieldOwner, read_fields
from tests.archive.filed import served
from tests.laws import assert_manifest_is_the_folder, outputs
from tests.segmentation.evaluation.filed_cohort import MODEL, FiledCohort, FiledMask
from tests.segmentation.evaluation.planted import SHAPE, PlantedCohort

SECOND = "MODEL_SEG_Y T1CE ba9876543210"
PLANTED = PlantedCohort(3, 18, rare=2)
FILES = {"evaluation.json", "cases.csv", "summary.csv", "evaluation.html"}


class Evaluated(NamedTuple):
    """A run of the step."""

    out: Path
    record: RunRecord

    @property
    def folder(self) -> Path:
        return self.out / LABEL

    @property
    def tree(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "evaluation.json").read_text())
        return found

    @property
    def rows(self) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO((self.folder / "cases.csv").read_text())))

    @property
    def page(self) -> str:
        return (self.folder / "evaluation.html").read_text()


def run(
    project: FiledCohort, cohort: Path, out: Path, earlier: Path | None = None, **params: Any
) -> Evaluated:
    assets = {"cohort": cohort, **({"earlier": earlier} if earlier else {})}
    (record,) = run_step(STEP, project.sessions, out, params, target="projects/P", assets=assets)
    return Evaluated(out, record)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Of small masks threads cost more than they save."""
    before = sitk.ProcessObject.GetGlobalDefaultNumberOfThreads()
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    yield
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(before)


def filled(root: Path) -> FiledCohort:
    """Twenty sessions with a first model: one found nothing, one was refused, one has no mask at all."""
    made = FiledCohort(root)
    made.fill(PLANTED)
    made.segment(PLANTED, 2.5)
    made.put("SEG", "S003_MR", [FiledMask(np.zeros(SHAPE, bool), model=MODEL)])
    made.put("SEG", "S004_MR", [], [Outcome("4", "MR", "refused", "the spacing is 12 mm.")])
    made.add("Z9")
    return made


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> FiledCohort:
    return filled(tmp_path_factory.mktemp("evaluated"))


@pytest.fixture(scope="module")
def cohort(project: FiledCohort) -> Path:
    return project.freeze(rows=True)


@pytest.fixture(scope="module")
def first(project: FiledCohort, cohort: Path) -> Evaluated:
    return run(project, cohort, project.root / "first")


@pytest.fixture(scope="module")
def second(project: FiledCohort, cohort: Path, first: Evaluated) -> Evaluated:
    """After another model has drawn all of them."""
    project.segment(PLANTED, 4.0, SECOND, seed=1)
    return run(project, cohort, project.root / "second", first.folder)


def test_it_writes_the_page_the_numbers_the_table_and_the_cases(first: Evaluated) -> None:
    assert_manifest_is_the_folder(first.folder, first.record)
    whole = first.record.outcomes[0]
    assert (whole.status, set(whole.files)) == ("done", FILES)
    assert whole.facts["models"] == [MODEL]
    assert (whole.facts["patients"], whole.facts["cases"], whole.facts["failed"]) == (19, 19, 1)
    line = first.tree["table"][0]
    assert (line["n"], line["n_failed"]) == (19, 1)
    assert line["group"] == {"model": MODEL, "sequence": "T1CE", "plane": "axial", "region": "tumour"}


def test_the_line_of_the_table_is_told_where_no_page_is(first: Evaluated) -> None:
    dice = first.tree["table"][0]["all"]["dice"]["median"]
    told = first.record.outcomes[1].reason
    assert told.startswith(
        f"tumour, {MODEL}, axial T1CE: 19 patients, 1 failed; median Dice {dice:.3f}, HD95 "
    )


def test_every_session_of_the_cohort_has_an_outcome_and_what_it_lacks_a_reason(first: Evaluated) -> None:
    told = {one.session: one for one in first.record.outcomes if one.session}
    assert len(told) == 21
    assert (told["S000_MR"].status, told["S000_MR"].reason) == ("done", "1 case compared")
    assert (told["S000_MR"].subject, told["S003_MR"].status) == ("S000", "done")
    assert told["S004_MR"].status == "set apart"
    assert told["S004_MR"].reason == ("nothing compared; tumour: segmentation refused, the spacing is 12 mm")
    assert told["Z9_MR"].reason == "nothing compared; tumour: no locked reference"


def test_kinds_stand_in_the_numbers_and_on_the_page(first: Evaluated) -> None:
    told = {(one["model"], one["region"]): one["kinds"] for one in first.tree["without_scores_or_failed"]}
    assert told == {
        ("", "tumour"): {"no locked reference": 1, "segmentation refused": 1},
        (MODEL, "tumour"): {"found nothing": 1},
    }
    section = first.page[first.page.index('id="lacking"') : first.page.index('id="worst"')]
    assert all(kind in section for kinds in told.values() for kind in kinds)


def test_parts_of_the_patients_come_from_the_table_and_the_images(first: Evaluated) -> None:
    variables = {one["variable"]: one["strata"] for one in first.tree["strata"]}
    assert set(variables) == {"site", "histology", "scanner"}
    assert {one["level"] for one in variables["scanner"]} == {"Maker A", "Maker B"}
    rare = next(one for one in variables["histology"] if one["level"] == PLANTED.histology)
    assert (rare["hidden"], rare["n"]) == ("few", None)
    assert {one["variable"] for one in first.tree["tests"]["strata"]} <= {"site", "scanner", "histology"}
    assert "fewer than 5 patients" in first.page


def test_an_archive_has_no_place_for_fields_and_that_is_told_once(first: Evaluated) -> None:
    told = [one for one in first.record.outcomes if "custom fields" in one.reason]
    assert [one.status for one in told] == ["not applicable"]
    assert "XNAT alone keeps custom fields" in told[0].reason


def test_fields_that_are_not_asked_for_are_not_told(
    project: FiledCohort, cohort: Path, tmp_path: Path
) -> None:
    found = run(project, cohort, tmp_path / "out", send_fields=False)
    assert not any("custom fields" in one.reason for one in found.record.outcomes)


def test_a_model_that_ran_before_is_carried_forward_and_compared(second: Evaluated) -> None:
    tests = second.tree["tests"]["models"]
    assert [(one["first"]["model"], one["second"]["model"], one["difference"]["n"]) for one in tests] == [
        (MODEL, SECOND, 19),
        (MODEL, SECOND, 19),
    ]
    dice = next(one for one in tests if one["measure"] == "dice")
    assert dice["adjusted"] < 0.05
    assert dice["difference"]["median"] > 0
    assert second.tree["earlier_cases"] == 19
    [carried, *_] = second.record.outcomes[0].facts["cautions"]
    assert carried.startswith(f"19 cases of {MODEL} were judged by an earlier evaluation")
    assert "compare models where they stand against one another" in second.page
    assert second.record.assets.keys() == {"cohort", "earlier"}


def test_what_is_carried_is_what_was_judged_to_the_last_digit(first: Evaluated, second: Evaluated) -> None:
    before = {one["session"]: one for one in first.rows if one["dice"]}
    after = {one["session"]: one for one in second.rows if one["dice"] and one["model"] == MODEL}
    assert before == {label: {**one, "earlier": "0"} for label, one in after.items()}


def test_without_carrying_or_of_another_definition_only_the_masks_of_now_count(
    project: FiledCohort, cohort: Path, first: Evaluated, second: Evaluated, tmp_path: Path
) -> None:
    del second  # SEG is of the second model by now
    assert run(project, cohort, tmp_path / "a", first.folder, carry=False).tree["models"] == [SECOND]
    other = run(project, cohort, tmp_path / "b", first.folder, definition="pooled")
    assert other.tree["models"] == [SECOND]
    reason = "they were measured by another definition or tolerance"
    assert other.tree["earlier_cases_dropped"] == {reason: 19}
    assert f"19 cases of an earlier evaluation do not count any more: {reason}." in other.page


def test_the_same_project_gives_the_same_bytes(
    project: FiledCohort, cohort: Path, first: Evaluated, second: Evaluated, tmp_path: Path
) -> None:
    again = run(project, cohort, tmp_path / "again", first.folder)
    assert outputs(again.out) == outputs(second.out)


def test_of_one_region_alone_the_other_is_not_there(
    project: FiledCohort, cohort: Path, tmp_path: Path
) -> None:
    found = run(project, cohort, tmp_path / "out", region="tumour")
    assert found.tree["regions"] == ["tumour"]
    with pytest.raises(InputError, match="found none"):
        run(project, cohort, tmp_path / "none", region="oedema")
    assert list((tmp_path / "none").iterdir()) == []


def test_two_identical_models_do_not_differ(tmp_path: Path) -> None:
    made = FiledCohort(tmp_path)
    made.fill(PLANTED)
    made.segment(PLANTED, 2.5)
    cohort = made.freeze()
    before = run(made, cohort, tmp_path / "first")
    made.segment(PLANTED, 2.5, SECOND)
    after = run(made, cohort, tmp_path / "second", before.folder)
    tests = after.tree["tests"]["models"]
    assert [(one["p"], one["adjusted"], one["difference"]["median"]) for one in tests] == [
        (1.0, 1.0, 0.0)
    ] * 2
    assert "No difference between models or parts of the patients can be told from chance" in after.page
    assert after.tree["strata"] != []  # the scanner is told by the images, where there is no table
    assert {one["variable"] for one in after.tree["strata"]} == {"scanner"}


def test_a_changed_reference_drops_its_earlier_case_and_is_told(tmp_path: Path) -> None:
    made = FiledCohort(tmp_path)
    made.fill(PLANTED)
    made.segment(PLANTED, 2.5)
    cohort = made.freeze()
    before = run(made, cohort, tmp_path / "first")
    made.put("MASKS", "S000_MR", [FiledMask(PLANTED.members[1].reference, locked=True)])
    after = run(made, cohort, tmp_path / "second", before.folder)
    assert after.tree["earlier_cases_dropped"] == {"the reference has changed, or is gone": 1}
    told = {one.session: one.reason for one in after.record.outcomes}
    assert told["S000_MR"] == ("nothing compared; tumour: reference changed since the cohort was frozen")


def test_where_nothing_can_be_compared_it_says_of_which_kind_everything_is(tmp_path: Path) -> None:
    made = FiledCohort(tmp_path)
    made.add("A")
    made.put("MASKS", "A_MR", [FiledMask(PLANTED.members[0].reference, locked=True)])
    made.add("B")
    with pytest.raises(
        InputError, match=r"found none \(no locked reference: 1; not segmented: 1\)"
    ) as caught:
        run(made, made.freeze(), tmp_path / "out")
    assert "import-masks.lock=newest" in caught.value.hint


def test_a_cohort_that_is_none_is_refused(project: FiledCohort, tmp_path: Path) -> None:
    (tmp_path / "COHORT").mkdir()
    (tmp_path / "COHORT" / "cohort.json").write_text('{"schema": 1}')
    with pytest.raises(InputError, match="cohort: must be as the step cohort writes it"):
        run(project, tmp_path / "COHORT", tmp_path / "out")


# Launched by a server.


@pytest.fixture
def launched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[FiledCohort, Connection]]:
    """A project of a server, with the environment of a container that it launched."""
    made = FiledCohort(tmp_path)
    small = PlantedCohort(5, 3)
    made.fill(small)
    made.segment(small, 2.0)
    with served(made.archive) as connection:
        monkeypatch.setenv("XNAT_HOST", connection.server)
        monkeypatch.setenv("XNAT_USER", "admin")
        monkeypatch.setenv("XNAT_PASS", "of tests")
        yield made, connection


def fields_of(connection: Connection, session: str) -> dict[str, Any]:
    return dict(read_fields(connection, FieldOwner("P", "experiments", session, "session")))


def test_a_server_gets_the_numbers_of_each_session_and_loses_those_that_do_not_hold_any_more(
    launched: tuple[FiledCohort, Connection], tmp_path: Path
) -> None:
    made, connection = launched
    cohort = made.freeze()
    found = run(made, cohort, tmp_path / "first")
    rows = {one["session"]: one for one in found.rows}
    for session, row in rows.items():
        told = fields_of(connection, session)
        assert told["sarcoma_seg_tumour_dice"] == round(float(row["dice"]), 4)
        assert told["sarcoma_seg_tumour_model"] == MODEL
        assert told["sarcoma_seg_oedema_dice"] is None
    assert found.record.outcomes[-1].as_line().endswith("\tdone\tcustom fields sarcoma_seg_* of 3 sessions")
    made.put("SEG", "S001_MR", [], [Outcome("4", "MR", "refused", "no longer.")])
    again = run(made, cohort, tmp_path / "second")
    assert set(fields_of(connection, "S001_MR").values()) == {None}
    assert again.record.outcomes[-1].reason == "custom fields sarcoma_seg_* of 2 sessions"


def test_a_session_that_the_server_does_not_know_is_told_and_all_is_evaluated(
    launched: tuple[FiledCohort, Connection], tmp_path: Path
) -> None:
    made, _ = launched
    cohort = made.freeze()
    made.archive.remove(made.archive.session("P", "S001_MR"), files=False)
    found = run(made, cohort, tmp_path / "out")
    assert found.tree["patients"] == 3
    refused = [one for one in found.record.outcomes if one.status == "refused"]
    assert [(one.session, one.reason) for one in refused] == [
        ("S001_MR", "custom fields: The session must be the project's own; the server answers 404.")
    ]
