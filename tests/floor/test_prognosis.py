"""A model that foretells is trained and compared: by click, by a launch, in bulk and in images as on disk."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sarcoma_core.archive.store import Archive
from sarcoma_core.launch.chain import RunPlan, run_on_project
from sarcoma_core.launch.step_settings import settings_of
from sarcoma_core.runners.local import LocalRunner
from tests.floor.test_segmentation import pairs, resource, words
from tests.floor.tools import LOGIN, PROJECT, Site, sarcoma, served_copy
from tests.prognosis.made_patients import made
from tests.prognosis.made_project import MadeProject
from tests.runners.test_docker import Foreign

pytestmark = pytest.mark.torch

TRAIN, MODEL, STUDY = "train-prognosis", "MODEL_PROG_STS", "PROG_TRAINING"
VALIDATE, COMPARED = "validate-prognosis", "PROG_EVALUATION"
PATIENTS = 40
"""Time is cut where five events lie, so a training of eight has no interval."""
TINY: dict[str, str] = {
    "endpoints": "dm,os",
    "size": "tiny",
    "edge": "16",
    "folds": "3",
    "seeds": "1",
    "epochs": "2",
    "test": "0",
    "calibration": "0",
    "least_events": "5",
}
NO_FORESTS: dict[str, str] = {"forests": "false"}
"""No image holds their library; here it may be installed."""


@pytest.fixture(scope="module")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """Small sessions with a drawn tumour, and their cohort with a clinical table; only copy it."""
    rows = made(1, PATIENTS).rows()
    root = tmp_path_factory.mktemp("frozen")
    project = MadeProject(root, rows, drawn=[row.subject for row in rows], project=PROJECT)
    shutil.copytree(project.freeze(), project.archive.resources_path(PROJECT) / "COHORT")
    return project.archive


@pytest.fixture(scope="module")
def on_disk(frozen: Archive, tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """What `sarcoma run` makes of them."""
    root = tmp_path_factory.mktemp("disk") / "archive"
    copy = Archive(Path(shutil.copytree(frozen.root, root)))
    for step, values in ((TRAIN, TINY), (VALIDATE, NO_FORESTS)):
        said = sarcoma("run", step, *words(values), "--archive", copy.root, "--project", PROJECT)
        assert said.code == 0, said.out + said.err
    return copy


@pytest.fixture(scope="module")
def site(frozen: Archive, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with served_copy(frozen, tmp_path_factory.mktemp("site")) as found:
        yield found


def test_launched_once_without_time_and_then_in_bulk_it_ends_as_on_disk(site: Site, on_disk: Archive) -> None:
    """The first launch ends after an epoch; the second finds its checkpoint in the resource."""
    assert site.outcomes("launch", TRAIN, *words(TINY | {"max_hours": "0"})) == {PROJECT: "complete"}
    assert "checkpoint.json" in resource(site.archive, MODEL)
    assert site.outcomes("bulk", TRAIN, *words(TINY)) == {PROJECT: "complete"}
    for label in (MODEL, STUDY):
        assert resource(site.archive, label) == resource(on_disk, label)


def test_a_click_trains_the_same_model_again(site: Site, on_disk: Archive) -> None:
    shutil.rmtree(site.archive.resources_path(PROJECT) / MODEL)
    uri = f"/archive/projects/{PROJECT}"
    assert site.click(f"sarcoma-{TRAIN}-project", "project", uri, **TINY) == ("Complete", "")
    for label in (MODEL, STUDY):
        assert resource(site.archive, label) == resource(on_disk, label)


@pytest.mark.parametrize("way", ["launch", "bulk", "click"])
def test_however_it_is_compared_the_table_is_the_same(site: Site, on_disk: Archive, way: str) -> None:
    """On what the training before has left on the server."""
    shutil.rmtree(site.archive.resources_path(PROJECT) / COMPARED, ignore_errors=True)
    if way == "click":
        uri = f"/archive/projects/{PROJECT}"
        ended = site.click(f"sarcoma-{VALIDATE}-project", "project", uri, **NO_FORESTS)
        assert ended == ("Complete", "")
    else:
        assert site.outcomes(way, VALIDATE, *words(NO_FORESTS)) == {PROJECT: "complete"}
    assert set(resource(site.archive, COMPARED)) == {"compared.json", "compared.csv", "compared.html"}
    assert resource(site.archive, COMPARED) == resource(on_disk, COMPARED)


def test_whoever_launches_it_on_a_server_opens_the_test_set_by_the_name_of_that_user(site: Site) -> None:
    """The run holds an alias token alone; a launch after it finds the training done, and opens it again."""
    params = TINY | {"endpoints": "os", "modalities": "clinical", "test": "20", "open_test": "true"}
    for times in (1, 2):
        assert site.outcomes("launch", TRAIN, *words(params)) == {PROJECT: "complete"}
        card = json.loads(resource(site.archive, MODEL)["card.json"])
        assert [one["who"] for one in card["openings"]] == [LOGIN] * times
    assert resource(site.archive, STUDY)["study.html"].count(b'<p class="again">') == 1


@pytest.mark.docker
def test_in_its_image_it_writes_what_it_writes_here(frozen: Archive, tmp_path: Path) -> None:
    """Under a user that no image has, as on a server."""
    found = []
    for runner in (LocalRunner(), Foreign()):
        archive = Archive(Path(shutil.copytree(frozen.root, tmp_path / runner.name)))
        for step, values in ((TRAIN, TINY), (VALIDATE, NO_FORESTS)):
            plan = RunPlan(step, PROJECT, settings_of((step,), pairs(values)))
            ended = run_on_project(archive, plan, runner=runner)
            assert ended.outcome == "done", ended.reason
        found.append([resource(archive, label) for label in (MODEL, STUDY, COMPARED)])
    assert found[0] == found[1]
