"""A step whose asset a project lacks is passed by in a chain, and stops it not; alone it is refused."""

import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from sarcoma_core.archive.store import Archive
from sarcoma_core.chains import CHAINS
from sarcoma_core.cli import screen
from sarcoma_core.cli.main import parser
from sarcoma_core.errors import UsageError
from sarcoma_core.launch.chain import RunPlan, SessionResult, chosen_sessions, run_chain
from sarcoma_core.launch.page import write_page
from sarcoma_core.launch.summary import lede, session_line
from sarcoma_core.launch.targets import targets_of
from sarcoma_core.runners.running import Ended, Follow
from sarcoma_core.steps import step_named
from sarcoma_core.xnat.resolution.resolving import ResolvedCommand
from tests.archive.filed import done, filed, put, session
from tests.e2e.quick_runner import QuickRunner
from tests.launch.test_chain import Silent

READ = CHAINS["read"]
WITHOUT_MODEL = tuple(step for step in READ if step not in ("segment", "export-masks", "predict"))
LACKING = "segment not applicable: project P has no resource MODEL_SEG_* (the models that draw)"
EXPORT = "export-masks not applicable: the session has no resource MASKS or SEG, as segment was passed by"
PREDICT = "predict not applicable: project P has no resource MODEL_PROG_* (the networks that foretell)"


class Noting(QuickRunner):
    """Runs nothing, and notes the names of the steps."""

    def __init__(self) -> None:
        super().__init__(0.0)
        self.ran: list[str] = []

    def run(
        self, command: ResolvedCommand, folders: Mapping[str, Path], *, follow: Follow | None = None
    ) -> Ended:
        self.ran.append(command.name.removeprefix("sarcoma-"))
        return super().run(command, folders, follow=follow)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """Two sessions with a series each."""
    archive = Archive(tmp_path / "archive")
    for subject in ("A", "B"):
        made = session(archive, subject, f"{subject}_MR")
        put(made.path, "SCANS/4/DICOM/1.dcm")
    return archive


def model(archive: Archive, label: str = "MODEL_SEG_A") -> Path:
    """A resource that could be a model: what is in it only the step looks at."""
    return put(archive.resources_path("P"), f"{label}/T1CE/config.json")


def read(
    archive: Archive, what: str = "read", *, force: bool = False, **assets: str
) -> tuple[tuple[SessionResult, ...], list[str]]:
    runner = Noting()
    targets = targets_of(chosen_sessions(archive, "P", ()), "")
    plan = RunPlan(what, "P", assets=assets, force=force)
    return run_chain(archive, plan, targets, runner=runner, watch=Silent()), runner.ran


def fates(result: SessionResult) -> dict[str, str]:
    return {run.step: run.outcome for run in result.runs}


def test_the_chain_goes_on_without_what_the_project_lacks(archive: Archive) -> None:
    results, ran = read(archive)
    assert ran == [*WITHOUT_MODEL] * 2
    for result in results:
        assert (result.outcome, result.failed) == ("complete", False)
        assert [run.step for run in result.runs] == list(READ)
        assert [run.step for run in result.passed_by] == ["segment", "export-masks", "predict"]
        assert result.reason.split("; ") == [LACKING, EXPORT, PREDICT]
        assert not result.session.resource("SEG").exists()


def test_the_commands_after_which_it_is_there_are_commands(archive: Archive) -> None:
    results, _ = read(archive)
    hints = {run.step: run.hint for result in results for run in result.passed_by if run.hint}
    ways = {step: hint.removeprefix("Put one there: ").split(", or ") for step, hint in hints.items()}
    assert {step: [shlex.split(way)[1:3] for way in told] for step, told in ways.items()} == {
        "segment": [["models", "add"], ["run", "train-segmentation"]],
        "predict": [["models", "add"], ["run", "train-prognosis"]],
    }
    for way in (way for told in ways.values() for way in told):
        arguments = parser().parse_args(shlex.split(way)[1:])
        assert (arguments.archive, arguments.project) == (archive.root, "P")


def test_what_was_passed_by_is_told_on_the_screen_and_on_the_page(
    archive: Archive, capsys: pytest.CaptureFixture[str]
) -> None:
    results, _ = read(archive)
    screen.show_results(results)
    told = capsys.readouterr().out
    assert told.count(LACKING) == 2
    assert told.count("segment was passed by on 2 sessions. Put one there: sarcoma models add DIR") == 1
    assert "retry" not in told
    assert lede(results) == "2 of 2 sessions complete"
    page = write_page(archive.root / "page.html", "P", results).read_text()
    assert page.count("segment not applicable: project P has no resource MODEL_SEG_*") == 2
    assert all(LACKING in session_line(result).reason for result in results)


def test_once_the_model_is_there_the_step_runs_and_what_reads_its_masks(archive: Archive) -> None:
    read(archive)
    model(archive)
    results, ran = read(archive)
    assert ran == ["segment", "export-masks", "report"] * 2
    assert {result.reason for result in results} == {PREDICT}
    _, ran = read(archive)
    assert ran == []


def test_what_was_passed_by_was_not_done_also_where_it_is_to_be_done_again(archive: Archive) -> None:
    read(archive)
    results, ran = read(archive)
    assert ran == []
    assert [fates(result)["segment"] for result in results] == ["not applicable"] * 2
    results, ran = read(archive, force=True)
    assert ran == [*WITHOUT_MODEL] * 2
    assert [fates(result)["segment"] for result in results] == ["not applicable"] * 2


def test_what_an_earlier_model_drew_counts_for_nothing_that_was_done_now(archive: Archive) -> None:
    model(archive)
    read(archive)
    shutil.rmtree(archive.resources_path("P"))
    results, ran = read(archive)
    assert ran == []
    for result in results:
        assert (fates(result)["segment"], fates(result)["export-masks"]) == ("not applicable", "already done")
        assert result.reason == f"{LACKING}; {PREDICT}"


def test_masks_that_persons_drew_go_out_all_the_same(archive: Archive) -> None:
    first, second = chosen_sessions(archive, "P", ())
    filed(first.resource("MASKS"), done("4"), step="import-masks")
    results, _ = read(archive)
    assert [fates(result)["export-masks"] for result in results] == ["done", "not applicable"]
    assert second.resource("REPORT").is_dir()


@pytest.mark.parametrize("left", [(), (".DS_Store",)])
def test_a_resource_without_files_is_none(archive: Archive, left: tuple[str, ...]) -> None:
    (archive.resources_path("P") / "MODEL_SEG_A").mkdir(parents=True)
    for name in left:
        put(archive.resources_path("P"), f"MODEL_SEG_A/{name}")
    results, ran = read(archive)
    assert ran == [*WITHOUT_MODEL] * 2
    assert "resource MODEL_SEG_A of project P has no files" in results[0].reason


def test_a_step_alone_is_refused_with_the_way_to_put_one_there(archive: Archive) -> None:
    with pytest.raises(UsageError, match=r"segment: project P must have a resource MODEL_SEG_\*") as caught:
        read(archive, "segment")
    assert "sarcoma models add DIR --project P" in caught.value.hint


def test_several_models_and_none_named_are_told_before_anything_runs(archive: Archive) -> None:
    for label in ("MODEL_SEG_A", "MODEL_SEG_B"):
        model(archive, label)
    with pytest.raises(UsageError, match="its model must be named where the project has several") as caught:
        read(archive)
    assert "--asset model=MODEL_SEG_A" in caught.value.hint
    assert not any(one.resource("NIFTI").exists() for one in chosen_sessions(archive, "P", ()))
    results, ran = read(archive, model="MODEL_SEG_B")
    assert ran == [step for step in READ if step != "predict"] * 2
    assert "--asset model=MODEL_SEG_B" in results[0].retry


def test_one_that_is_named_must_be_there_in_a_chain_too(archive: Archive) -> None:
    with pytest.raises(UsageError, match="must be a resource of project P; found 'MODEL_SEG_B'"):
        read(archive, model="MODEL_SEG_B")
    (archive.resources_path("P") / "MODEL_SEG_B").mkdir(parents=True)
    with pytest.raises(UsageError, match="resource MODEL_SEG_B of project P must have files"):
        read(archive, model="MODEL_SEG_B")


def test_an_asset_of_one_name_is_one_resource_for_every_step_of_a_chain() -> None:
    """Or the one that a user names for a step would be asked of another, too."""
    for name, chain in CHAINS.items():
        labels: dict[str, str] = {}
        for asset in (one for step in chain for one in step_named(step).assets):
            assert labels.setdefault(asset.name, asset.spec.label) == asset.spec.label, (name, asset.name)


def test_each_step_of_a_chain_has_something_to_read_of_one_before() -> None:
    """Or a step that is passed by would leave another one without a word."""
    for name, chain in CHAINS.items():
        for number, step in enumerate(map(step_named, chain)):
            written = {label for one in chain[:number] for label in step_named(one).labels}
            assert not step.reads or number == 0 or written & set(step.reads), (name, step.name)
