"""Launches on a project, on a scan, and with a resource of the project: what is mounted, where outputs go.

Source: Container Service, ``ContainerServiceImpl.createContainerWorkflow`` and ``findRootInputObject``,
``ContainerFinalizeServiceImpl.uploadOutput``. The commands are written by hand, none is ours.
"""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import requests

from sarcoma_core.archive.store import Session
from sarcoma_core.standin.objects.access import set_member
from sarcoma_core.standin.server import StandIn, StandInSettings
from sarcoma_core.standin.serving import serving
from sarcoma_core.xnat.rest.connection import Connection, Login
from tests.standin.conftest import LOGIN, PASSWORD, PROJECT
from tests.standin.containers.test_launches import EVERY_ERROR, add, container_of, end_of, listed
from tests.standin.tools import FEEDS, PROJECT_TOOL, SCAN_TOOL, Json, Scripted, model_tool, tool, wrapper_of

MODELS = ("MODEL_A", "MODEL_B")


class Place(NamedTuple):
    """A stand-in, a connection to it, and what runs there."""

    server: StandIn
    client: Connection
    runner: Scripted

    def launch(self, wrapper: int, root: str, value: str, project: str = PROJECT, **values: str) -> str:
        path = f"/xapi/projects/{project}/wrappers/{wrapper}/root/{root}/launch"
        answer = self.client.post(path, json={root: value, **values}).json()
        assert answer["status"] == "success"
        return str(answer["workflow-id"])

    def bulk(self, wrapper: int, root: str, uris: list[str], **values: str) -> dict[str, Json]:
        """Launch on several objects at once; each workflow once it has ended, by the value of its input."""
        path = f"/xapi/projects/{PROJECT}/wrappers/{wrapper}/root/{root}/bulklaunch"
        answer = self.client.post(path, json={root: json.dumps(uris), **values}).json()
        assert len(answer["successes"]) == len(uris)
        asked = {"backend": "sql_string", "like": answer["bulk-launch-id"]}
        rows = listed(self.client, data_type="xdat:user", sort_col="wfid", filters={"jobId": asked})
        for row in rows:
            end_of(self.server, str(row["wfid"]))
        rows = listed(self.client, data_type="xdat:user", sort_col="wfid", filters={"jobId": asked})
        return {root_of(self, row): row for row in rows}

    def rows(self, path: str) -> list[Json]:
        found: list[Json] = self.client.get(f"/data{path}", {"format": "json"}).json()["ResultSet"]["Result"]
        return found


def root_of(place: Place, workflow: Json) -> str:
    """The value of the external input, as the container's record tells it."""
    inputs = container_of(place.client, str(workflow["wfid"]))["inputs"]
    (value,) = (one["value"] for one in inputs if one["type"] == "wrapper-external")
    return str(value)


@pytest.fixture(scope="module")
def place(imported: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = shutil.copytree(imported, tmp_path_factory.mktemp("levels") / "archive")
    runner = Scripted()
    standin = StandIn(StandInSettings(folder, login=LOGIN, password=PASSWORD, workers=4), runner)
    with serving(standin), Connection(Login(standin.url, LOGIN, PASSWORD)) as client:
        for label in MODELS:
            uri = f"{standin.url}/data/projects/{PROJECT}/resources/{label}/files/weights.bin"
            body = label.encode() * 10
            assert requests.put(uri, data=body, auth=(LOGIN, PASSWORD), timeout=20).status_code == 200
        yield Place(standin, client, runner)


@pytest.fixture(scope="module")
def on_project(place: Place) -> int:
    return add(place.client, PROJECT_TOOL)


@pytest.fixture(scope="module")
def on_scan(place: Place) -> int:
    return add(place.client, SCAN_TOOL)


@pytest.fixture
def session(place: Place) -> Session:
    return place.server.archive.sessions(PROJECT)[0]


def workflow_of(place: Place, number: str) -> dict[str, str]:
    told = place.client.get(f"/xapi/workflows/{number}").json()
    return {key: told[key] for key in ("id", "label", "externalId", "dataType", "status")}


@pytest.mark.parametrize("value", [f"/archive/projects/{PROJECT}", f"/projects/{PROJECT}", PROJECT])
def test_a_launch_on_a_project_mounts_its_sessions_and_fills_its_own_resource(
    place: Place, on_project: int, value: str
) -> None:
    number = place.launch(on_project, "project", value)
    assert end_of(place.server, number) == ("Complete", "")
    assert workflow_of(place, number) == {
        "id": PROJECT,
        "label": PROJECT,
        "externalId": PROJECT,
        "dataType": "xnat:projectData",
        "status": "Complete",
    }
    archive = place.server.archive.root
    assert place.runner.given(number).folders["in"] == archive / PROJECT / "arc001"
    assert (archive / PROJECT / "resources" / "COHORT" / f"{number}.txt").read_text() == "made"
    assert listed(place.client, data_type="xnat:projectData", id=PROJECT, size=1)[0]["wfid"] == int(number)


def test_a_second_run_on_a_project_is_merged_into_its_resource(place: Place, on_project: int) -> None:
    first = place.launch(on_project, "project", PROJECT)
    end_of(place.server, first)
    (before,) = (row for row in place.rows(f"/projects/{PROJECT}/resources") if row["label"] == "COHORT")
    both = [place.launch(on_project, "project", PROJECT) for _ in range(2)]
    assert [end_of(place.server, number)[0] for number in both] == ["Complete", "Complete"]
    (after,) = (row for row in place.rows(f"/projects/{PROJECT}/resources") if row["label"] == "COHORT")
    assert after["xnat_abstractresource_id"] == before["xnat_abstractresource_id"]
    assert int(after["file_count"]) == int(before["file_count"]) + 2
    assert after["format"] == "TEXT"
    names = {row["Name"] for row in place.rows(f"/projects/{PROJECT}/resources/COHORT/files")}
    assert {f"{number}.txt" for number in (first, *both)} <= names


def test_a_launch_on_a_scan_mounts_the_whole_session_and_stands_in_its_history(
    place: Place, on_scan: int, session: Session
) -> None:
    scan = session.scans[0]
    number = place.launch(on_scan, "scan", f"/archive/experiments/{session.id}/scans/{scan.id}")
    assert end_of(place.server, number) == ("Complete", "")
    assert workflow_of(place, number) == {
        "id": session.id,
        "label": session.label,
        "externalId": PROJECT,
        "dataType": session.xsi_type,
        "status": "Complete",
    }
    assert place.runner.given(number).folders["in"] == session.path
    assert (session.path / "SCANS" / scan.id / "OF_SCAN" / f"{number}.txt").read_text() == "made"
    assert not session.resource("OF_SCAN").exists()
    (newest, *_) = listed(place.client, data_type=session.xsi_type, id=session.id, sort_col="wfid")
    assert newest["wfid"] == int(number)


def test_the_resources_of_a_scan_are_told_with_its_session(
    place: Place, on_scan: int, session: Session
) -> None:
    scan = session.scans[1]
    end_of(place.server, place.launch(on_scan, "scan", f"/archive/experiments/{session.id}/scans/{scan.id}"))
    told = place.client.get(f"/data/experiments/{session.id}", {"format": "json"}).json()["items"][0]
    (scans,) = (child["items"] for child in told["children"] if child["field"] == "scans/scan")
    (found,) = (each for each in scans if each["data_fields"]["ID"] == scan.id)
    (files,) = (child["items"] for child in found["children"] if child["field"] == "file")
    counts = {each["data_fields"]["label"]: each["data_fields"]["file_count"] for each in files}
    assert counts == {
        "DICOM": len(list((session.path / "SCANS" / scan.id / "DICOM").glob("*.dcm"))),
        "OF_SCAN": 1,
    }


def test_the_resources_of_a_project_are_told_with_their_files_and_sizes(place: Place) -> None:
    told = {row["label"]: row for row in place.rows(f"/projects/{PROJECT}/resources")}
    for label in MODELS:
        assert (told[label]["file_count"], told[label]["file_size"]) == ("1", str(10 * len(label)))
        number = told[label]["xnat_abstractresource_id"]
        assert number.isdigit()
        for name in (label, number):
            (file,) = place.rows(f"/projects/{PROJECT}/resources/{name}/files")
            assert (file["Name"], file["Size"], file["collection"]) == (
                "weights.bin",
                str(10 * len(label)),
                label,
            )
            assert place.client.get(file["URI"]).text == label * 10


def test_a_bulk_launch_on_scans_of_several_sessions_puts_each_output_to_its_scan(
    place: Place, on_scan: int
) -> None:
    sessions = place.server.archive.sessions(PROJECT)
    scans = [(session, scan.id) for session in sessions for scan in session.scans]
    uris = [f"/archive/experiments/{session.id}/scans/{scan}" for session, scan in scans]
    ends = place.bulk(on_scan, "scan", uris)
    assert set(ends) == set(uris)
    for uri, (session, scan) in zip(uris, scans, strict=True):
        assert (ends[uri]["status"], ends[uri]["id"]) == ("Complete", session.id)
        assert (session.path / "SCANS" / scan / "OF_SCAN" / f"{ends[uri]['wfid']}.txt").is_file()


def test_a_bulk_launch_on_projects(place: Place, on_project: int) -> None:
    place.client.put("/data/projects/SECOND")
    uris = [f"/archive/projects/{name}" for name in (PROJECT, "SECOND")]
    ends = place.bulk(on_project, "project", uris)
    assert {uri: row["externalId"] for uri, row in ends.items()} == dict(
        zip(uris, (PROJECT, "SECOND"), strict=True)
    )
    for name, row in zip((PROJECT, "SECOND"), (ends[uri] for uri in uris), strict=True):
        made = place.server.archive.resources_path(name) / "COHORT" / f"{row['wfid']}.txt"
        assert made.read_text() == "made"


@pytest.mark.parametrize("root", ["Session", "Scan"])
def test_a_model_of_the_project_is_mounted_by_its_uri_or_its_label(
    place: Place, session: Session, root: str
) -> None:
    wrapper = add(place.client, model_tool(f"model-on-{root.lower()}", root))
    uri = f"/archive/experiments/{session.id}" + (f"/scans/{session.scans[0].id}" if root == "Scan" else "")
    project = place.server.archive.root / PROJECT
    for chosen in (f"/archive/projects/{PROJECT}/resources/MODEL_B", "MODEL_B"):
        number = place.launch(wrapper, root.lower(), uri, model=chosen)
        assert end_of(place.server, number) == ("Complete", "")
        assert place.runner.given(number).folders["model"] == project / "resources" / "MODEL_B"
    told = container_of(place.client, number)["mounts"]
    assert [(mount["container-path"], mount["writable"]) for mount in told] == [
        ("/assets/model", False),
        ("/output", True),
    ]


def test_a_required_model_among_several_has_to_be_chosen_and_in_bulk_one_counts_for_all(
    place: Place, session: Session
) -> None:
    wrapper = add(place.client, model_tool("several-models", "Session"))
    uri = f"/archive/experiments/{session.id}"
    status, reason = end_of(place.server, place.launch(wrapper, "session", uri))
    assert status == "Failed (Command resolution)"
    assert reason.startswith('Input "model"  does not have a unique, resolved value')
    uris = [f"/archive/experiments/{each.id}" for each in place.server.archive.sessions(PROJECT)]
    ends = place.bulk(wrapper, "session", uris, model="MODEL_A")
    assert {row["status"] for row in ends.values()} == {"Complete"}
    mounted = {place.runner.given(str(row["wfid"])).folders["model"].name for row in ends.values()}
    assert mounted == {"MODEL_A"}


def test_an_optional_model_among_several_of_which_none_is_chosen_mounts_an_empty_folder(
    place: Place, session: Session
) -> None:
    place.runner.release.clear()
    wrapper = add(place.client, model_tool("optional-model", "Session", required=False))
    number = place.launch(wrapper, "session", session.id, do="hold-and-write")
    folder = place.runner.given(number).folders["model"]
    try:
        assert list(folder.iterdir()) == []
        assert folder.parent.name.startswith(".build-")
    finally:
        place.runner.release.set()
    assert end_of(place.server, number) == ("Complete", "")


class Parent(NamedTuple):
    """What an output is a child of: a wrapper's derived input, and where its resources are in the project."""

    input: Json
    folder: str


PARENTS = {
    "project": Parent({"type": "Project"}, "resources"),
    "subject": Parent({"type": "Subject"}, "subjects/{session.subject}"),
    "scan": Parent({"type": "Scan", "matcher": "@.id == '4'"}, "arc001/{session.label}/SCANS/4"),
    "assessor": Parent({"type": "Assessor"}, "arc001/{session.label}/ASSESSORS/JUDGED"),
}


@pytest.mark.parametrize("parent", PARENTS)
def test_an_output_goes_to_the_object_that_it_is_a_child_of(
    place: Place, session: Session, parent: str
) -> None:
    if parent == "assessor":
        query = {"xsiType": "xnat:qcAssessmentData"}
        place.client.put(f"/data/experiments/{session.id}/assessors/JUDGED", query=query)
        (session.path / "ASSESSORS" / "JUDGED").mkdir(parents=True, exist_ok=True)
    above = {"name": parent, "derived-from-wrapper-input": "session", **PARENTS[parent].input}
    inputs = {
        "external-inputs": [{"name": "session", "type": "Session", **FEEDS}],
        "derived-inputs": [above],
    }
    declared = wrapper_of(f"to-{parent}", "xnat:imageSessionData", inputs, parent, "CHILD")
    wrapper = add(place.client, tool(name=f"to-{parent}", xnat=[declared]))
    number = place.launch(wrapper, "session", f"/archive/experiments/{session.id}")
    assert end_of(place.server, number) == ("Complete", "")
    folder = place.server.archive.root / PROJECT / PARENTS[parent].folder.format(session=session)
    assert (folder / "CHILD" / f"{number}.txt").read_text() == "made"


def test_an_output_that_would_go_into_a_resource_is_refused(place: Place, session: Session) -> None:
    above = {"name": "dicom", "type": "Resource", "derived-from-wrapper-input": "scan"}
    inputs = {
        "external-inputs": [{"name": "scan", "type": "Scan"}],
        "derived-inputs": [{**above, "matcher": "@.label == 'DICOM'", **FEEDS}],
    }
    declared = wrapper_of("to-resource", "xnat:imageScanData", inputs, "dicom")
    wrapper = add(place.client, tool(name="to-resource", xnat=[declared]))
    uri = f"/archive/experiments/{session.id}/scans/{session.scans[0].id}"
    status, reason = end_of(place.server, place.launch(wrapper, "scan", uri))
    assert status == "Failed (Upload)"
    assert "no files into a resource" in reason


@pytest.mark.parametrize("level", ["project", "scan"])
def test_a_launch_needs_the_right_to_edit_its_project(
    place: Place, on_project: int, on_scan: int, session: Session, level: str
) -> None:
    wrapper = {"project": on_project, "scan": on_scan}[level]
    value = f"/archive/experiments/{session.id}/scans/4" if level == "scan" else PROJECT
    path = f"/xapi/projects/{PROJECT}/wrappers/{wrapper}/root/{level}/launch"
    ends = {}
    for group in ("Owners", "Members", "Collaborators", ""):
        login = f"{level}-{group}"
        place.server.users.add(login, "p")
        if group:
            set_member(place.server.documents, PROJECT, login, group)
        with Connection(Login(place.server.url, login, "p")) as client:
            answer = client.post(path, json={level: value}, accept=EVERY_ERROR)
            ends[group] = end_of(place.server, answer.json()["workflow-id"])[0] if group else answer.status
    assert ends == {
        "Owners": "Complete",
        "Members": "Complete",
        "Collaborators": "Failed (Command resolution)",
        "": 404,
    }


def test_a_project_or_a_scan_that_is_not_seen_is_as_good_as_none(
    place: Place, on_project: int, on_scan: int, session: Session
) -> None:
    """At site level no project is checked before the launch is queued."""
    place.server.users.add("outsider", "p")
    pairs = (
        (on_project, "project", PROJECT, "MISSING"),
        (
            on_scan,
            "scan",
            f"/archive/experiments/{session.id}/scans/4",
            "/archive/experiments/MISSING/scans/4",
        ),
    )
    with Connection(Login(place.server.url, "outsider", "p")) as client:
        for wrapper, root, there, missing in pairs:
            told = []
            for value in (there, missing):
                body = {root: value}
                path = f"/xapi/wrappers/{wrapper}/root/{root}/launch"
                number = client.post(path, json=body).json()["workflow-id"]
                status, reason = end_of(place.server, number)
                told.append((status, reason.replace(PROJECT, "MISSING").replace(session.id, "MISSING")))
            assert told[0] == told[1]
            assert told[0][0] == "Failed (Command resolution)"


@pytest.mark.parametrize("gone", ["scan", "session"])
def test_an_upload_into_what_was_deleted_meanwhile_fails_and_makes_nothing(
    place: Place, on_scan: int, gone: str
) -> None:
    label = f"SHORT-LIVED-{gone}"
    made = f"/data/projects/{PROJECT}/subjects/NEW/experiments/{label}"
    place.client.put(f"/data/projects/{PROJECT}/subjects/NEW")
    place.client.put(made, query={"xsiType": "xnat:mrSessionData"})
    place.client.put(f"{made}/scans/1", query={"xsiType": "xnat:mrScanData"})
    session = place.server.tree.session(label, PROJECT)
    place.runner.release.clear()
    number = place.launch(on_scan, "scan", f"/archive/experiments/{session.id}/scans/1", do="hold-and-write")
    try:
        place.runner.given(number)
        place.client.delete(f"{made}/scans/1" if gone == "scan" else made, {"removeFiles": "true"})
    finally:
        place.runner.release.set()
    status, reason = end_of(place.server, number)
    assert status == "Failed (Upload)"
    assert f"Unable to find the specified {'scan' if gone == 'scan' else 'experiment'}." in reason
    assert not (session.path / "SCANS" / "1").exists()


def test_a_scan_that_is_not_there_fails_at_resolution(place: Place, on_scan: int, session: Session) -> None:
    number = place.launch(on_scan, "scan", f"/archive/experiments/{session.id}/scans/99")
    status, reason = end_of(place.server, number)
    assert status == "Failed (Command resolution)"
    assert "There is no object at the given place" in reason
