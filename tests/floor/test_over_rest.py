"""A step on a project, on a scan, and with assets: over REST on a stand-in, one launch and in bulk."""

import json
import shutil
from collections import Counter
from pathlib import Path

import pytest

from sarcoma_core.archive.asset import asset_hash
from sarcoma_core.archive.holdings import ResourceFolders
from sarcoma_core.archive.store import Archive
from sarcoma_core.launch.chain import RunPlan, run_chain, run_on_project
from sarcoma_core.launch.targets import targets_of
from sarcoma_core.launch.work import manifest
from sarcoma_core.provenance import MANIFEST
from sarcoma_core.runners.docker import DockerRunner
from sarcoma_core.xnat.rest.holdings import RemoteResources
from sarcoma_core.xnat.rest.remote import RemoteTarget
from tests.floor.images import build
from tests.floor.steps import FLOOR
from tests.floor.tools import PROJECT, Site, local, put_asset, served
from tests.launch.test_chain import Silent

VERBS = ("launch", "bulk")
MODEL_A, MODEL_B = "FLOOR_MODEL_A", "FLOOR_MODEL_B"


def hashes(site: Site) -> dict[str, str]:
    """The hash of each resource of the project, as an asset."""
    own = ResourceFolders(site.archive.resources_path(PROJECT))
    return {label: asset_hash(own, label) for label in own.labels()}


def made(site: Site, target: str, label: str) -> object:
    """What a step of the tests wrote, over REST."""
    return json.loads(site.file(f"{target}/resources/{label}/files/told.json"))


@pytest.mark.parametrize("verb", VERBS)
def test_a_step_on_the_project_is_launched_once_and_fills_its_resource(site: Site, verb: str) -> None:
    assert site.outcomes(verb, "floor-project") == {PROJECT: "complete"}
    assert site.launches() == Counter({("sarcoma-floor-project-project", PROJECT): 1})
    told = {"project": PROJECT, "sessions": 2, "converted": 0}
    assert made(site, f"projects/{PROJECT}", "FLOOR_PROJECT") == told
    record = manifest(RemoteResources(site.connection, RemoteTarget("project", PROJECT)), "FLOOR_PROJECT")
    assert record
    assert [entry.path for entry in record.files] == ["told.json"]


@pytest.mark.parametrize("verb", VERBS)
def test_a_step_on_one_scan_fills_the_resource_of_that_scan_alone(site: Site, verb: str) -> None:
    session, scan = site.sessions[1], site.sessions[1].scans[0]
    which = [session.label] if verb == "launch" else ["--where", f"label={session.label}"]
    found = site.outcomes(verb, "floor-scan", *which, "--scan", scan.id)
    assert found == {f"{session.label}/{scan.id}": "complete"}
    assert site.launches() == Counter({("sarcoma-floor-scan-scan", session.id): 1})
    files = sum(1 for p in (session.path / "SCANS" / scan.id / "DICOM").glob("*.dcm"))
    place = f"experiments/{session.id}/scans/{scan.id}"
    assert made(site, place, "FLOOR_SCAN") == {"scan": scan.id, "files": files}
    assert len(list(site.archive.root.rglob("FLOOR_SCAN/told.json"))) == 1


def test_a_step_on_scans_takes_in_bulk_every_scan_and_does_none_twice(site: Site) -> None:
    expected = {f"{s.label}/{scan.id}": "complete" for s in site.sessions for scan in s.scans}
    assert len(expected) == 4
    assert site.outcomes("bulk", "floor-scan") == expected
    before = site.launches()
    assert before.total() == 4
    assert set(site.outcomes("bulk", "floor-scan").values()) == {"already done"}
    assert site.launches() == before


@pytest.mark.parametrize("verb", VERBS)
def test_a_step_with_an_asset_is_told_which_and_its_manifest_has_the_hash(site: Site, verb: str) -> None:
    for label in (MODEL_A, MODEL_B, "FLOOR_EXTRA"):
        put_asset(site.archive, label)
    session = site.sessions[0]
    which = [session.label] if verb == "launch" else []
    found = site.outcomes(verb, "floor-asset", *which, "--asset", f"model={MODEL_B}")
    assert set(found.values()) == {"complete"}
    assert len(found) == (1 if verb == "launch" else 2)
    told = {"model": hashes(site)[MODEL_B], "extra": hashes(site)["FLOOR_EXTRA"]}
    assert made(site, f"experiments/{session.id}", "FLOOR_ASSET") == told
    record = manifest(RemoteResources(site.connection, RemoteTarget("session", session.id)), "FLOOR_ASSET")
    assert record
    assert dict(record.assets) == told


REFUSED = {
    "no model": ("bulk", (), (), "project STS must have a resource FLOOR_MODEL_*"),
    "two models": ("launch", (MODEL_A, MODEL_B), (), "its model must be named where the project has several"),
    "two of what is optional": (
        "bulk",
        (MODEL_A, "FLOOR_EXTRA", "FLOOR_EXTRA_2"),
        (),
        "its extra must be named where the project has several",
    ),
    "a model that is not there": (
        "launch",
        (MODEL_A,),
        ("--asset", f"model={MODEL_B}"),
        "must be a resource of",
    ),
    "a model of another name": (
        "bulk",
        (MODEL_A,),
        ("--asset", "model=COHORT"),
        "must be a resource FLOOR_MODEL_*",
    ),
    "an asset that it has not": (
        "launch",
        (MODEL_A,),
        ("--asset", "table=COHORT"),
        "must name an asset of the step",
    ),
}


@pytest.mark.parametrize(("verb", "labels", "named", "rule"), REFUSED.values(), ids=REFUSED.keys())
def test_an_asset_that_cannot_be_told_is_refused_before_anything_is_launched(
    site: Site, verb: str, labels: tuple[str, ...], named: tuple[str, ...], rule: str
) -> None:
    for label in labels:
        put_asset(site.archive, label)
    which = [site.sessions[0].label] if verb == "launch" else []
    said = site.xnat(verb, "floor-asset", *which, *named)
    assert (said.code, said.out) == (2, "")
    assert rule in said.err.splitlines()[-1]
    assert site.launches().total() == 0


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        (("floor-project", "--scan", "4"), "--scan: must be left out for step floor-project"),
        (("floor-project", "SESSION"), "must be left out for a step on a project"),
        (("floor-asset", "SESSION", "--scan", "4"), "--scan: must be left out for step floor-asset"),
        (("floor-asset",), "SESSION: must be given for a step that is launched on a session"),
        (("floor-scan", "SESSION"), "--scan: must be given for a step that is launched on a scan"),
        (("floor-scan", "SESSION", "--scan", "99"), "--scan: must be a scan of session"),
    ],
)
def test_a_launch_on_another_kind_of_object_is_refused_before_anything_is_launched(
    site: Site, words: tuple[str, ...], rule: str
) -> None:
    put_asset(site.archive, MODEL_A)
    label = site.sessions[0].label
    said = site.xnat("launch", *(label if word == "SESSION" else word for word in words))
    assert said.code == 2, said.err
    assert rule in said.err.splitlines()[-1]
    assert site.launches().total() == 0


def test_what_stands_on_an_asset_is_done_again_once_it_is_replaced(site: Site) -> None:
    put_asset(site.archive, MODEL_A)
    assert set(site.outcomes("bulk", "floor-asset").values()) == {"complete"}
    assert set(site.outcomes("bulk", "floor-asset").values()) == {"already done"}
    replaced = site.connection.put(
        f"/data/projects/{PROJECT}/resources/{MODEL_A}/files/weights.txt",
        query={"inbody": "true", "overwrite": "true"},
        content=b"another",
    )
    assert replaced.status == 200
    assert set(site.outcomes("bulk", "floor-asset").values()) == {"complete"}
    assert made(site, f"experiments/{site.sessions[0].id}", "FLOOR_ASSET") == {
        "model": hashes(site)[MODEL_A],
        "extra": None,
    }


def test_a_resource_without_files_is_no_asset(site: Site) -> None:
    """XNAT makes such a resource by one request, and keeps it when its last file is deleted."""
    put_asset(site.archive, MODEL_A)
    session = site.sessions[0].label
    assert site.outcomes("launch", "floor-asset", session) == {session: "complete"}
    site.connection.put(f"/data/projects/{PROJECT}/resources/FLOOR_EXTRA")
    assert site.outcomes("launch", "floor-asset", session) == {session: "already done"}
    site.connection.delete(f"/data/projects/{PROJECT}/resources/{MODEL_A}/files/weights.txt")
    said = site.xnat("bulk", "floor-asset")
    assert (said.code, said.out) == (2, "")
    assert f"resource {MODEL_A} of project {PROJECT} must have files" in said.err
    assert site.launches().total() == 1


@pytest.mark.parametrize("verb", VERBS)
def test_a_dry_run_foresees_and_launches_nothing(site: Site, verb: str) -> None:
    put_asset(site.archive, MODEL_A)
    session = site.sessions[0]
    on = {"floor-project": [], "floor-scan": [session.label, "--scan", "4"], "floor-asset": [session.label]}
    for name, words in on.items():
        which = words if verb == "launch" else words[1:]
        said = site.xnat(verb, name, *which, "--dry-run")
        assert said.code == 0, said.err
        assert {row["answer"] for row in said.rows} == {"would be launched"}
    assert site.launches().total() == 0


def test_the_page_launches_as_the_command_line_does(site: Site) -> None:
    """What the page sends for an asset is the URI that the form offers; a label is what we send."""
    for label in (MODEL_A, MODEL_B):
        put_asset(site.archive, label)
    session, scan = site.sessions[0], site.sessions[0].scans[0]
    uri = f"/archive/experiments/{session.id}"
    offered = f"/archive/projects/{PROJECT}/resources/{MODEL_B}"
    clicks = (
        ("sarcoma-floor-project-project", "project", f"/archive/projects/{PROJECT}", {}),
        ("sarcoma-floor-scan-scan", "scan", f"{uri}/scans/{scan.id}", {}),
        ("sarcoma-floor-asset-session", "session", uri, {"model": offered}),
    )
    for name, root, on, values in clicks:
        assert site.click(name, root, on, **values) == ("Complete", "")
    assert made(site, f"projects/{PROJECT}", "FLOOR_PROJECT")
    assert made(site, f"experiments/{session.id}/scans/{scan.id}", "FLOOR_SCAN")
    assert made(site, f"experiments/{session.id}", "FLOOR_ASSET") == {
        "model": hashes(site)[MODEL_B],
        "extra": None,
    }
    named = ("--asset", f"model={MODEL_B}")
    assert site.outcomes("launch", "floor-asset", session.label, *named) == {session.label: "already done"}


@pytest.mark.docker
def test_in_real_images_the_server_gets_the_same_outputs(archive: Archive, tmp_path: Path) -> None:
    put_asset(archive, MODEL_A)
    build(FLOOR)
    with served(archive.root, tmp_path, DockerRunner()) as site:
        for name in ("floor-project", "floor-scan", "floor-asset"):
            assert set(site.outcomes("bulk", name).values()) == {"complete"}
        session = site.sessions[0]
        assert made(site, f"projects/{PROJECT}", "FLOOR_PROJECT") == {
            "project": PROJECT,
            "sessions": 2,
            "converted": 0,
        }
        assert made(site, f"experiments/{session.id}/scans/4", "FLOOR_SCAN")
        told = {"model": hashes(site)[MODEL_A], "extra": None}
        assert made(site, f"experiments/{session.id}", "FLOOR_ASSET") == told


@pytest.mark.usefixtures("known")
def test_a_server_and_a_folder_get_the_same_bytes_and_each_knows_what_the_other_did(
    site: Site, tmp_path: Path, floor_import: Path
) -> None:
    here = Archive(Path(shutil.copytree(floor_import, tmp_path / "here")))
    for archive in (here, site.archive):
        put_asset(archive, MODEL_A)
    run_on_project(here, RunPlan("floor-project", PROJECT), runner=local())
    for name, scan in (("floor-scan", "*"), ("floor-asset", "")):
        targets = targets_of(here.sessions(PROJECT), scan)
        run_chain(here, RunPlan(name, PROJECT), targets, runner=local(), watch=Silent())
    for name in ("floor-project", "floor-scan", "floor-asset"):
        assert set(site.outcomes("bulk", name).values()) == {"complete"}

    def told(archive: Archive) -> dict[str, bytes]:
        files = archive.root.rglob("FLOOR_*/*")
        return {
            p.relative_to(archive.root).as_posix(): p.read_bytes()
            for p in files
            if p.name not in (MANIFEST, "weights.txt") and not p.name.endswith("_catalog.xml")
        }

    assert told(here) == told(site.archive)
    assert len(told(here)) == 7
    for name, scan in (("floor-scan", "*"), ("floor-asset", "")):
        targets = targets_of(site.sessions, scan)
        results = run_chain(site.archive, RunPlan(name, PROJECT), targets, runner=local(), watch=Silent())
        assert {result.runs[-1].outcome for result in results} == {"already done"}
