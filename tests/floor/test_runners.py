"""A step on a project, on a scan, with assets: as a process and in a real image, and the same laws hold."""

import shutil
from itertools import pairwise
from pathlib import Path

import pytest

from sarcoma_core.archive.asset import asset_hash
from sarcoma_core.archive.holdings import ResourceFolders
from sarcoma_core.archive.store import Archive
from sarcoma_core.errors import UsageError
from sarcoma_core.launch.chain import RunPlan, SessionResult, StepRun, run_chain, run_on_project
from sarcoma_core.launch.targets import targets_of
from sarcoma_core.provenance import read_record
from sarcoma_core.runners.docker import DockerRunner
from sarcoma_core.runners.local import LocalRunner
from sarcoma_core.runners.running import Runner
from sarcoma_core.xnat.command.declaring import command_for
from tests.floor.images import build
from tests.floor.steps import ASSET, FLOOR, SCAN
from tests.floor.steps import PROJECT as ON_PROJECT
from tests.floor.tools import PROJECT, local, put_asset, told
from tests.launch.test_chain import Silent
from tests.laws import assert_manifest_is_the_folder, outputs
from tests.runners.test_docker import Foreign

pytestmark = pytest.mark.usefixtures("known")


@pytest.fixture(scope="module", params=["local", pytest.param("docker", marks=pytest.mark.docker)])
def runner(request: pytest.FixtureRequest) -> Runner:
    if request.param == "local":
        return local()
    build(FLOOR)
    return DockerRunner()


def image(runner: Runner, name: str) -> str:
    """What a manifest says that ran."""
    step = next(step for step in FLOOR if step.name == name)
    return "local" if runner.name == "local" else command_for(step).image


def run(
    archive: Archive, runner: Runner, name: str, scan: str = "", **assets: str
) -> tuple[SessionResult, ...]:
    """A step on every session, or on scans of it."""
    plan = RunPlan(name, PROJECT, assets=assets)
    targets = targets_of(archive.sessions(PROJECT), scan)
    return run_chain(archive, plan, targets, runner=runner, watch=Silent())


def ends(results: tuple[SessionResult, ...]) -> list[str]:
    assert not [r.reason for r in results if r.failed]
    return [result.runs[-1].outcome for result in results]


def on_project(archive: Archive, runner: Runner) -> StepRun:
    result = run_on_project(archive, RunPlan("floor-project", PROJECT), runner=runner)
    assert result.outcome == "done", result.reason
    return result


def test_a_step_on_a_project_fills_a_resource_of_the_project(archive: Archive, runner: Runner) -> None:
    on_project(archive, runner)
    made = archive.resources_path(PROJECT) / "FLOOR_PROJECT"
    assert told(made) == {"project": PROJECT, "sessions": 2, "converted": 0}
    record = read_record(made)
    assert record
    assert_manifest_is_the_folder(made, record)
    assert (record.step, record.image) == ("floor-project", image(runner, "floor-project"))
    assert not [s for s in archive.sessions(PROJECT) if (s.path / "RESOURCES").exists()]


def test_a_step_on_a_project_that_reads_its_sessions_sees_each_change(
    archive: Archive, runner: Runner
) -> None:
    on_project(archive, runner)
    gone = archive.sessions(PROJECT)[0]
    shutil.move(gone.path, archive.root / "elsewhere")
    on_project(archive, runner)
    assert told(archive.resources_path(PROJECT) / "FLOOR_PROJECT")["sessions"] == 1


def test_a_step_on_a_scan_fills_a_resource_of_that_scan(archive: Archive, runner: Runner) -> None:
    assert ends(run(archive, runner, "floor-scan", "*")) == ["done"] * 4
    for session in archive.sessions(PROJECT):
        assert not (session.path / "RESOURCES").exists()
        for scan in session.scans:
            place = session.path / "SCANS" / scan.id
            files = [p for p in (place / "DICOM").iterdir() if p.suffix == ".dcm"]
            assert told(place / "FLOOR_SCAN") == {"scan": scan.id, "files": len(files)}
            record = read_record(place / "FLOOR_SCAN")
            assert record
            assert_manifest_is_the_folder(place / "FLOOR_SCAN", record)
            assert record.image == image(runner, "floor-scan")
            assert [o.scan for o in record.outcomes] == [scan.id]


def test_a_step_on_scans_is_done_again_for_the_scan_alone_that_has_changed(
    archive: Archive, runner: Runner
) -> None:
    run(archive, runner, "floor-scan", "*")
    assert ends(run(archive, runner, "floor-scan", "*")) == ["already done"] * 4
    first, scan = archive.sessions(PROJECT)[0], archive.sessions(PROJECT)[0].scans[1]
    place = first.path / "SCANS" / scan.id
    before = told(place / "FLOOR_SCAN")["files"]
    next((place / "DICOM").glob("*.dcm")).unlink()
    assert ends(run(archive, runner, "floor-scan", "*")) == [
        "already done",
        "done",
        "already done",
        "already done",
    ]
    assert told(place / "FLOOR_SCAN")["files"] == before - 1


def test_a_step_with_an_asset_reads_it_and_tells_its_hash(archive: Archive, runner: Runner) -> None:
    put_asset(archive, "FLOOR_MODEL_A")
    assert ends(run(archive, runner, "floor-asset")) == ["done"] * 2
    own = ResourceFolders(archive.resources_path(PROJECT))
    for session in archive.sessions(PROJECT):
        made = session.resource("FLOOR_ASSET")
        sha256 = asset_hash(own, "FLOOR_MODEL_A")
        assert told(made) == {"model": sha256, "extra": None}
        record = read_record(made)
        assert record
        assert dict(record.assets) == {"model": sha256}
        assert record.image == image(runner, "floor-asset")


def test_what_stands_on_an_asset_is_done_again_when_it_is_replaced_or_one_comes(
    archive: Archive, runner: Runner
) -> None:
    put_asset(archive, "FLOOR_MODEL_A")
    run(archive, runner, "floor-asset")
    assert ends(run(archive, runner, "floor-asset")) == ["already done"] * 2
    put_asset(archive, "FLOOR_MODEL_A", "another")
    assert ends(run(archive, runner, "floor-asset")) == ["done"] * 2
    put_asset(archive, "FLOOR_EXTRA")
    assert ends(run(archive, runner, "floor-asset")) == ["done"] * 2
    own = ResourceFolders(archive.resources_path(PROJECT))
    made = told(archive.sessions(PROJECT)[0].resource("FLOOR_ASSET"))
    assert made == {"model": asset_hash(own, "FLOOR_MODEL_A"), "extra": asset_hash(own, "FLOOR_EXTRA")}
    assert ends(run(archive, runner, "floor-asset")) == ["already done"] * 2


def test_the_outputs_of_a_step_are_those_of_the_local_runner_byte_for_byte(
    archive: Archive, runner: Runner, floor_import: Path, tmp_path: Path
) -> None:
    here = Archive(Path(shutil.copytree(floor_import, tmp_path / "here")))
    for place, by in ((archive, runner), (here, local())):
        put_asset(place, "FLOOR_MODEL_A")
        on_project(place, by)
        run(place, by, "floor-scan", "*")
        run(place, by, "floor-asset")
    made, expected = (
        {path: body for path, body in outputs(a.root).items() if "/FLOOR_" in path} for a in (archive, here)
    )
    assert made == expected
    assert len([path for path in made if path.endswith("told.json")]) == 1 + 4 + 2


def test_what_is_optional_and_has_no_files_is_as_good_as_none(archive: Archive, runner: Runner) -> None:
    put_asset(archive, "FLOOR_MODEL_A")
    run(archive, runner, "floor-asset")
    (archive.resources_path(PROJECT) / "FLOOR_EXTRA").mkdir()
    assert ends(run(archive, runner, "floor-asset")) == ["already done"] * 2
    results = run(archive, runner, "floor-asset", model="FLOOR_MODEL_A")
    assert ends(results) == ["already done"] * 2


@pytest.mark.parametrize(
    ("labels", "named", "rule"),
    [
        ((), {}, "must have a resource FLOOR_MODEL_"),
        (("FLOOR_MODEL_A", "FLOOR_MODEL_B"), {}, "its model must be named where the project has several"),
        (
            ("FLOOR_MODEL_A", "FLOOR_EXTRA", "FLOOR_EXTRA_2"),
            {},
            "its extra must be named where the project has several",
        ),
        (("FLOOR_MODEL_A",), {"model": "FLOOR_MODEL_B"}, "must be a resource of project STS"),
        (("EMPTY FLOOR_MODEL_A",), {}, "resource FLOOR_MODEL_A of project STS must have files"),
        (
            ("FLOOR_MODEL_A", "EMPTY FLOOR_EXTRA"),
            {"extra": "FLOOR_EXTRA"},
            "resource FLOOR_EXTRA of project STS must have files",
        ),
    ],
)
def test_an_asset_that_cannot_be_told_is_refused_before_anything_runs(
    archive: Archive, runner: Runner, labels: tuple[str, ...], named: dict[str, str], rule: str
) -> None:
    for label in labels:
        folder = put_asset(archive, label.removeprefix("EMPTY "))
        if label.startswith("EMPTY "):
            (folder / "weights.txt").unlink()
    with pytest.raises(UsageError, match=rule):
        run(archive, runner, "floor-asset", **named)
    assert not [s for s in archive.sessions(PROJECT) if (s.path / "RESOURCES").exists()]


def test_the_asset_that_is_named_is_the_one_that_is_read(archive: Archive, runner: Runner) -> None:
    for label in ("FLOOR_MODEL_A", "FLOOR_MODEL_B", "FLOOR_EXTRA", "FLOOR_EXTRA_2"):
        put_asset(archive, label)
    results = run(archive, runner, "floor-asset", model="FLOOR_MODEL_B", extra="FLOOR_EXTRA_2")
    assert ends(results) == ["done"] * 2
    own = ResourceFolders(archive.resources_path(PROJECT))
    made = told(archive.sessions(PROJECT)[0].resource("FLOOR_ASSET"))
    assert made == {"model": asset_hash(own, "FLOOR_MODEL_B"), "extra": asset_hash(own, "FLOOR_EXTRA_2")}


@pytest.mark.docker
def test_an_asset_that_the_containers_user_cannot_read_is_told_as_such(archive: Archive) -> None:
    (put_asset(archive, "FLOOR_MODEL_A") / "weights.txt").chmod(0o600)
    build(FLOOR)
    results = run(archive, Foreign(), "floor-asset")
    assert "--model: every file must be readable" in results[0].reason


def test_a_retry_names_what_was_named(archive: Archive, runner: Runner) -> None:
    for label in ("FLOOR_MODEL_A", "FLOOR_MODEL_B"):
        put_asset(archive, label)
    words = run(archive, runner, "floor-asset", model="FLOOR_MODEL_B")[0].retry.split()
    assert words[:3] == ["sarcoma", "run", "floor-asset"]
    assert ("--asset", "model=FLOOR_MODEL_B") in set(pairwise(words))
    assert ("--runner" in words) == (runner.name == "docker")


@pytest.mark.parametrize("step", FLOOR, ids=[step.name for step in FLOOR])
def test_the_usual_local_runner_never_starts_a_step_that_is_not_ours(archive: Archive, step: object) -> None:
    put_asset(archive, "FLOOR_MODEL_A")
    if step is ON_PROJECT:
        failed = run_on_project(archive, RunPlan("floor-project", PROJECT), runner=LocalRunner())
        assert failed.outcome == "failed"
        assert "the image must be one of our steps" in failed.reason
        return
    results = run(archive, LocalRunner(), step.name, "*" if step is SCAN else "")  # type: ignore[attr-defined]
    assert all("the image must be one of our steps" in result.reason for result in results)


def test_a_program_without_the_step_says_so_and_files_nothing(archive: Archive) -> None:
    put_asset(archive, "FLOOR_MODEL_A")
    runner = LocalRunner(steps=(ASSET,))  # may run, and our own command line does not know it
    results = run(archive, runner, "floor-asset")
    assert all(result.failed for result in results)
    assert not [s for s in archive.sessions(PROJECT) if (s.path / "RESOURCES" / "FLOOR_ASSET").exists()]
