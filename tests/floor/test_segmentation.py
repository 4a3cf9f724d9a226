"""A model is trained, draws and is judged: by click, by one launch, in bulk and in images as on disk."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sarcoma_core.archive.store import Archive
from sarcoma_core.launch.chain import RunPlan, run_chain, run_on_project
from sarcoma_core.launch.step_settings import settings_of
from sarcoma_core.launch.targets import targets_of
from sarcoma_core.phantom.slices import Slices
from sarcoma_core.provenance import read_record
from sarcoma_core.runners.local import LocalRunner
from tests.floor.tools import PROJECT, Site, sarcoma, served_copy
from tests.launch.test_chain import Silent
from tests.runners.test_docker import Foreign
from tests.segmentation.phantom_project import freeze, phantom_project

pytestmark = pytest.mark.torch

TRAIN, SEGMENT, EVALUATE = "train-segmentation", "segment", "evaluate-segmentation"
MODEL, STUDY, SEG, EVALUATION = "MODEL_SEG_STS", "SEG_TRAINING", "SEG", "EVALUATION"
TINY: dict[str, str] = {
    "members": "T1CE",
    "networks": "1",
    "folds": "2",
    "epochs": "2",
    "patch": "16",
    "spacing": "13.75",
    "width": "4",
}
"""16^3, two epochs: it learns next to nothing, which is the same everywhere."""
SLICES = Slices((44, 44, 22), (5.2, 5.2, 8.0), 7.0)
PATIENTS, DRAWN = 8, 3


def pairs(values: dict[str, str]) -> list[str]:
    """Parameters, as a person types them."""
    return [f"{name}={value}" for name, value in values.items()]


def words(values: dict[str, str]) -> list[str]:
    """Parameters, on our command line."""
    return [word for pair in pairs(values) for word in ("--set", pair)]


def written(folder: Path) -> dict[str, bytes]:
    """What a manifest lists: an upload leaves files of an earlier run beside it, which nobody reads."""
    record = read_record(folder)
    assert record
    return {entry.path: (folder / entry.path).read_bytes() for entry in record.files}


def resource(archive: Archive, label: str) -> dict[str, bytes]:
    """What a step wrote into a resource of the project."""
    return written(archive.resources_path(PROJECT) / label)


def masks(archive: Archive) -> dict[str, dict[str, bytes]]:
    """What was drawn of each session that was looked at."""
    held = {one.label: one.resource(SEG) for one in archive.sessions(PROJECT)}
    return {label: written(folder) for label, folder in held.items() if folder.exists()}


@pytest.fixture(scope="module")
def drawn_by_hand(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """Eight synthetic patients with locked masks, and their cohort; only copy it."""
    made = phantom_project(
        tmp_path_factory.mktemp("drawn") / "archive", range(PATIENTS), slices=SLICES, project=PROJECT
    )
    freeze(made, PROJECT)
    return made


@pytest.fixture(scope="module")
def on_disk(drawn_by_hand: Archive, tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """What `sarcoma run` makes of them, step by step."""
    root = tmp_path_factory.mktemp("disk") / "archive"
    copy = Archive(Path(shutil.copytree(drawn_by_hand.root, root)))
    first = [word for one in copy.sessions(PROJECT)[:DRAWN] for word in ("--session", one.label)]
    for step, more in ((TRAIN, words(TINY)), (SEGMENT, first), (EVALUATE, [])):
        said = sarcoma("run", step, *more, "--archive", copy.root, "--project", PROJECT)
        assert said.code == 0, said.out + said.err
    assert len(masks(copy)) == DRAWN
    return copy


@pytest.fixture(scope="module")
def site(drawn_by_hand: Archive, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with served_copy(drawn_by_hand, tmp_path_factory.mktemp("site")) as found:
        yield found


def test_a_training_of_several_launches_ends_with_the_weights_of_an_unbroken_one(
    site: Site, on_disk: Archive
) -> None:
    """The first ends when its hours are over; the second, in bulk, finds its checkpoint in the resource."""
    given = words(TINY | {"max_hours": "0"})
    assert site.outcomes("launch", TRAIN, *given) == {PROJECT: "complete"}
    assert resource(site.archive, MODEL) != resource(on_disk, MODEL)
    assert site.outcomes("bulk", TRAIN, *given) == {PROJECT: "complete"}
    assert resource(site.archive, MODEL) == resource(on_disk, MODEL)


def test_a_click_trains_the_same_model_again(site: Site, on_disk: Archive) -> None:
    shutil.rmtree(site.archive.resources_path(PROJECT) / MODEL)
    uri = f"/archive/projects/{PROJECT}"
    assert site.click(f"sarcoma-{TRAIN}-project", "project", uri, **TINY) == ("Complete", "")
    for label in (MODEL, STUDY):
        assert resource(site.archive, label) == resource(on_disk, label)


def test_however_a_session_is_drawn_its_masks_are_the_same(site: Site, on_disk: Archive) -> None:
    clicked, launched, in_bulk, *_ = site.sessions
    uri = f"/archive/experiments/{clicked.id}"
    assert site.click(f"sarcoma-{SEGMENT}-session", "session", uri) == ("Complete", "")
    for verb, one, words in (("launch", launched, ()), ("bulk", in_bulk, ("--where",))):
        which = (*words, f"label={one.label}" if words else one.label)
        assert site.outcomes(verb, SEGMENT, *which) == {one.label: "complete"}
    assert masks(site.archive) == masks(on_disk)


def test_a_click_judges_as_a_run_on_disk_does(site: Site, on_disk: Archive) -> None:
    """Launched over REST it does so too: tests/floor/test_evaluation.py."""
    uri = f"/archive/projects/{PROJECT}"
    assert site.click(f"sarcoma-{EVALUATE}-project", "project", uri) == ("Complete", "")
    assert resource(site.archive, EVALUATION) == resource(on_disk, EVALUATION)


@pytest.mark.docker
def test_in_their_images_the_three_steps_write_what_they_write_here(
    drawn_by_hand: Archive, tmp_path: Path
) -> None:
    """Under a user that no image has, as on a server."""
    made = []
    for runner in (LocalRunner(), Foreign()):
        archive = Archive(Path(shutil.copytree(drawn_by_hand.root, tmp_path / runner.name)))
        trained = run_on_project(
            archive, RunPlan(TRAIN, PROJECT, settings_of((TRAIN,), pairs(TINY))), runner=runner
        )
        assert trained.outcome == "done", trained.reason
        first = archive.sessions(PROJECT)[0]
        for drawn in run_chain(
            archive, RunPlan(SEGMENT, PROJECT), targets_of((first,), ""), runner=runner, watch=Silent()
        ):
            assert not drawn.failed, drawn.reason
        judged = run_on_project(archive, RunPlan(EVALUATE, PROJECT), runner=runner)
        assert judged.outcome == "done", judged.reason
        made.append([resource(archive, label) for label in (MODEL, STUDY, EVALUATION)] + [masks(archive)])
    assert made[0] == made[1]
