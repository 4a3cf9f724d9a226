"""`cohort` over REST and on disk: one project, one file, the same bytes however it is launched."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sarcoma_core.archive.cohort import COHORT_FILE
from sarcoma_core.archive.store import Archive
from sarcoma_core.provenance import parse_record
from sarcoma_core.steps import step_named
from sarcoma_core.xnat.command.declaring import command_for
from tests.floor.tools import PROJECT, Site, put_asset, sarcoma, served
from tests.runners.test_docker import Foreign

LABEL = ("--set", "label=NIFTI")
"""Of `launch`, which names no step before the parameter."""


@pytest.fixture(scope="module")
def converted(floor_import: Path, tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """Two converted sessions, a scan of one of them converted again, and a list of consents; only copy it."""
    archive = Archive(Path(shutil.copytree(floor_import, tmp_path_factory.mktemp("cohort") / "archive")))
    session = archive.sessions(PROJECT)[0]
    on = ("--archive", archive.root, "--project", PROJECT)
    assert sarcoma("run", "convert", *on).code == 0
    said = sarcoma("run", "convert", *on, "--session", session.label, "--scan", session.scans[0].id)
    assert said.code == 0, said.err
    subjects = sorted(one.subject for one in archive.sessions(PROJECT))
    table = f"subject,consent\n{subjects[0]},granted\n"
    (put_asset(archive, "CONSENT") / "consent.csv").write_text(table, encoding="utf-8")
    return archive


@pytest.fixture
def on_disk(converted: Archive, tmp_path: Path) -> bytes:
    """What `sarcoma run cohort` makes of it."""
    copy = Archive(Path(shutil.copytree(converted.root, tmp_path / "disk")))
    words = ("--archive", copy.root, "--project", PROJECT, "--set", "cohort.label=NIFTI")
    said = sarcoma("run", "cohort", *words)
    assert said.code == 0, said.out + said.err
    return (copy.resources_path(PROJECT) / "COHORT" / COHORT_FILE).read_bytes()


@pytest.fixture
def site(converted: Archive, tmp_path: Path) -> Iterator[Site]:
    shutil.copytree(converted.root, tmp_path / "archive")
    with served(tmp_path / "archive", tmp_path) as found:
        yield found


def frozen(site: Site) -> bytes:
    return site.file(f"projects/{PROJECT}/resources/COHORT/files/{COHORT_FILE}")


def click(site: Site) -> None:
    uri = f"/archive/projects/{PROJECT}"
    assert site.click("sarcoma-cohort-project", "project", uri, label="NIFTI") == ("Complete", "")


def launch(site: Site) -> None:
    assert site.outcomes("launch", "cohort", *LABEL) == {PROJECT: "complete"}


def bulk(site: Site) -> None:
    assert site.outcomes("bulk", "cohort", "--set", "cohort.label=NIFTI") == {PROJECT: "complete"}


@pytest.mark.parametrize("way", [click, launch, bulk])
def test_however_it_is_launched_the_cohort_is_that_of_the_disk_byte_for_byte(
    site: Site, on_disk: bytes, way: object
) -> None:
    way(site)  # type: ignore[operator]
    assert frozen(site) == on_disk
    tree = json.loads(on_disk)
    assert [len(one["series"]) for one in tree["sessions"]] == [2, 2]
    assert {one["consent"] for one in tree["sessions"]} == {"granted", "not recorded"}
    assert sum(" scan " in label for one in tree["sessions"] for label in one["labels"]) == 1
    assert site.launches().total() == 1


@pytest.mark.docker
def test_in_its_image_it_asks_the_server_and_freezes_the_same_cohort(
    converted: Archive, on_disk: bytes, tmp_path: Path
) -> None:
    """Under a user that no image has; on this machine's own network, as the stand-in listens on loopback."""
    shutil.copytree(converted.root, tmp_path / "archive")
    runner = Foreign()
    runner._network = "host"
    with served(tmp_path / "archive", tmp_path, runner) as site:
        bulk(site)
        assert frozen(site) == on_disk
        path = f"projects/{PROJECT}/resources/COHORT/files/run.json"
        assert parse_record(site.file(path), "COHORT").image == command_for(step_named("cohort")).image


def test_the_same_project_gives_the_same_bytes_and_another_one_tells_what_is_new(
    site: Site, on_disk: bytes
) -> None:
    """The step looks for itself whether a session has changed: it is launched whenever it is asked for."""
    for _ in range(2):
        launch(site)
        assert frozen(site) == on_disk
    session = site.sessions[1]
    shutil.rmtree(session.resource("NIFTI"))
    launch(site)
    tree = json.loads(frozen(site))
    assert [one["session"] for one in tree["sessions"]] == [site.sessions[0].label]
    assert tree["excluded"] == [
        {"reason": "has no NIFTI", "session": session.label, "subject": session.subject}
    ]
    path = f"projects/{PROJECT}/resources/COHORT/files/run.json"
    told = {o.session: (o.status, o.reason) for o in parse_record(site.file(path), "COHORT").outcomes}
    assert told == {site.sessions[0].label: ("done", ""), session.label: ("set apart", "has no NIFTI")}


def test_a_project_without_what_a_cohort_needs_says_so_of_each_session(site: Site) -> None:
    said = site.xnat("bulk", "cohort")
    assert said.code == 1
    (row,) = said.rows
    assert row["outcome"] == "failed"
    assert all(f"session {one.label} set apart: has no NORMALISED" in row["reason"] for one in site.sessions)
    assert not (site.archive.resources_path(PROJECT) / "COHORT").exists()


def test_the_retry_of_a_project_is_the_command_that_was_given(site: Site) -> None:
    (row,) = site.xnat("bulk", "cohort").rows
    assert row["retry"].startswith(f"sarcoma xnat bulk cohort --project {PROJECT}")
    assert "--where" not in row["retry"]
