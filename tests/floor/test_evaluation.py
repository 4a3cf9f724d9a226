"""`evaluate-segmentation` over REST and on disk: the same numbers, and those of a session as its fields."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sarcoma_core.archive.store import Archive
from sarcoma_core.xnat.rest.custom_fields import FieldOwner, read_fields
from tests.floor.tools import PROJECT, Site, sarcoma, served_copy
from tests.segmentation.evaluation.filed_cohort import MODEL, FiledCohort
from tests.segmentation.evaluation.planted import PlantedCohort

STEP, LABEL = "evaluate-segmentation", "EVALUATION"
FILES = ("evaluation.json", "summary.csv", "cases.csv", "evaluation.html")
PLANTED = PlantedCohort(6, 6)


@pytest.fixture(scope="module")
def segmented(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """Six sessions with locked references and automatic masks, and their cohort; only copy it."""
    made = FiledCohort(tmp_path_factory.mktemp("segmented"), project=PROJECT)
    made.fill(PLANTED)
    made.segment(PLANTED, 2.0)
    made.freeze(rows=True)
    return made.archive


@pytest.fixture(scope="module")
def on_disk(segmented: Archive, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What `sarcoma run` makes of it."""
    copy = Archive(Path(shutil.copytree(segmented.root, tmp_path_factory.mktemp("disk") / "archive")))
    said = sarcoma("run", STEP, "--archive", copy.root, "--project", PROJECT)
    assert said.code == 0, said.out + said.err
    folder = copy.resources_path(PROJECT) / LABEL
    return {name: (folder / name).read_bytes() for name in FILES}


@pytest.fixture(scope="module")
def site(segmented: Archive, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with served_copy(segmented, tmp_path_factory.mktemp("site")) as found:
        yield found


def click(site: Site) -> None:
    uri = f"/archive/projects/{PROJECT}"
    assert site.click(f"sarcoma-{STEP}-project", "project", uri) == ("Complete", "")


def launch(site: Site) -> None:
    assert site.outcomes("launch", STEP) == {PROJECT: "complete"}


def bulk(site: Site) -> None:
    assert site.outcomes("bulk", STEP) == {PROJECT: "complete"}


@pytest.mark.parametrize("way", [click, launch, bulk])
def test_however_it_is_launched_the_files_are_the_same_and_each_session_has_its_numbers(
    site: Site, on_disk: dict[str, bytes], way: object
) -> None:
    """The second and the third read what the first wrote: nothing is carried that is judged anew."""
    way(site)  # type: ignore[operator]
    for name, content in on_disk.items():
        assert site.file(f"projects/{PROJECT}/resources/{LABEL}/files/{name}") == content
    for one in PLANTED.members:
        owner = FieldOwner(PROJECT, "experiments", f"{one.subject}_MR", "session")
        told = read_fields(site.connection, owner)
        assert told["sarcoma_seg_tumour_model"] == MODEL
        assert 0 < float(str(told["sarcoma_seg_tumour_dice"])) < 1
