"""A patient is foretold: by click, by one launch, in bulk and in its image as on disk."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sarcoma_core.archive.predicted import PREDICTION_FILE, read_prediction
from sarcoma_core.archive.store import Archive, Session
from sarcoma_core.launch.chain import RunPlan, run_chain, run_on_project
from sarcoma_core.launch.step_settings import settings_of
from sarcoma_core.launch.targets import targets_of
from sarcoma_core.prognosis.clinical.pushing import table_files
from sarcoma_core.prognosis.clinical.table import ClinicalTable
from sarcoma_core.prognosis.prediction_fields import PREFIX
from sarcoma_core.runners.local import LocalRunner
from sarcoma_core.xnat.rest.custom_fields import FieldOwner, read_fields
from tests.floor.test_prognosis import TINY, TRAIN
from tests.floor.test_segmentation import pairs, written
from tests.floor.tools import PROJECT, Site, sarcoma, served_copy
from tests.launch.test_chain import Silent
from tests.prognosis.made_patients import made, unmeasured
from tests.prognosis.made_project import MadeProject
from tests.runners.test_docker import Foreign

pytestmark = pytest.mark.torch

PREDICT, LABEL = "predict", "PREDICTION"
PATIENTS, FORETOLD = 40, 3
ROWS = made(1, PATIENTS).rows()


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """Sessions with a drawn tumour, their table, and a model that was made of them; only copy it."""
    root = tmp_path_factory.mktemp("trained")
    project = MadeProject(root, ROWS, drawn=[row.subject for row in ROWS], project=PROJECT)
    own = project.archive.resources_path(PROJECT)
    shutil.copytree(project.freeze(), own / "COHORT")
    plan = RunPlan(TRAIN, PROJECT, settings_of((TRAIN,), pairs(TINY)))
    done = run_on_project(project.archive, plan, runner=LocalRunner())
    assert done.outcome == "done", done.reason
    shutil.rmtree(own / "COHORT")
    (own / "CLINICAL").mkdir()
    for name, content in table_files(ClinicalTable(unmeasured(ROWS[1:]), "surgery"), "0" * 64).items():
        (own / "CLINICAL" / name).write_bytes(content)
    return project.archive


def foretold(archive: Archive) -> dict[str, dict[str, bytes]]:
    """What was written of each session that was looked at."""
    held = {one.label: one.resource(LABEL) for one in archive.sessions(PROJECT)}
    return {label: written(folder) for label, folder in held.items() if folder.exists()}


def some(archive: Archive) -> tuple[Session, ...]:
    """Sessions whose patients are in the table."""
    return archive.sessions(PROJECT)[1 : 1 + FORETOLD]


@pytest.fixture(scope="module")
def on_disk(trained: Archive, tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """What `sarcoma run` makes of some of them."""
    copy = Archive(Path(shutil.copytree(trained.root, tmp_path_factory.mktemp("disk") / "archive")))
    which = [word for one in some(copy) for word in ("--session", one.label)]
    said = sarcoma("run", PREDICT, *which, "--archive", copy.root, "--project", PROJECT)
    assert said.code == 0, said.out + said.err
    assert len(foretold(copy)) == FORETOLD
    return copy


@pytest.fixture(scope="module")
def site(trained: Archive, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with served_copy(trained, tmp_path_factory.mktemp("site")) as found:
        yield found


def test_however_a_patient_is_foretold_it_is_the_same(site: Site, on_disk: Archive) -> None:
    clicked, launched, in_bulk = some(site.archive)
    uri = f"/archive/experiments/{clicked.id}"
    assert site.click(f"sarcoma-{PREDICT}-session", "session", uri) == ("Complete", "")
    assert site.outcomes("launch", PREDICT, launched.label) == {launched.label: "complete"}
    which = ("--where", f"label={in_bulk.label}")
    assert site.outcomes("bulk", PREDICT, *which) == {in_bulk.label: "complete"}
    assert foretold(site.archive) == foretold(on_disk)


def test_its_numbers_are_custom_fields_of_the_session(site: Site) -> None:
    one = some(site.archive)[0]
    [path] = one.resource(LABEL).glob(f"*/{PREDICTION_FILE}")
    told = read_prediction(path).prediction
    fields = read_fields(site.connection, FieldOwner(PROJECT, "experiments", one.label, "session"))
    assert fields[f"{PREFIX}abstains"] is told.abstains
    survival = next(each for each in told.timed if each.endpoint == "overall_survival")
    assert fields[f"{PREFIX}os_group"] == survival.group
    for year in survival.years:
        assert fields[f"{PREFIX}os_{year.years}y"] == pytest.approx(year.incidence, abs=1e-4)
    assert f"{PREFIX}lr_1y" in fields
    assert fields[f"{PREFIX}lr_1y"] is None


def test_who_has_no_row_is_told_so_and_no_field_is_left_of_an_earlier_run(site: Site) -> None:
    first = site.archive.sessions(PROJECT)[0]
    assert site.outcomes("launch", PREDICT, first.label) == {first.label: "complete"}
    assert [*written(first.resource(LABEL))] == []
    assert "must have a row of the session's patient" in (first.resource(LABEL) / "run.json").read_text()
    second = some(site.archive)[0]
    own = site.archive.resources_path(PROJECT) / "CLINICAL"
    for name, content in table_files(ClinicalTable(unmeasured(ROWS[2:]), "surgery"), "0" * 64).items():
        (own / name).write_bytes(content)
    assert site.outcomes("launch", PREDICT, second.label) == {second.label: "complete"}
    fields = read_fields(site.connection, FieldOwner(PROJECT, "experiments", second.label, "session"))
    assert {name for name, value in fields.items() if name.startswith(PREFIX) and value is not None} == set()


@pytest.mark.docker
def test_in_its_image_it_writes_what_it_writes_here(trained: Archive, tmp_path: Path) -> None:
    """Under a user that no image has, as on a server."""
    found = []
    for runner in (LocalRunner(), Foreign()):
        archive = Archive(Path(shutil.copytree(trained.root, tmp_path / runner.name)))
        targets = targets_of(some(archive)[:1], "")
        results = run_chain(archive, RunPlan(PREDICT, PROJECT), targets, runner=runner, watch=Silent())
        assert [(one.outcome, one.reason) for one in results] == [("complete", "")]
        found.append(foretold(archive))
    assert found[0] == found[1]
