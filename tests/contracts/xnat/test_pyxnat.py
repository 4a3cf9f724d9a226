"""What `pyxnat` asks of a server, through its public interface only."""

import io
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contracts.xnat.conftest import Server

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of what it imports, not of what it does
    import pyxnat


@pytest.fixture(scope="module")
def interface(server: Server) -> Iterator[Any]:
    with pyxnat.Interface(server.url, user=server.user, password=server.password) as connected:
        yield connected


@pytest.fixture
def session(interface: Any, project: str) -> Any:
    made = interface.select(f"/project/{project}/subject/S1/experiment/S1_MR/scan/4")
    made.create(experiments="xnat:mrSessionData", scans="xnat:mrScanData")
    return interface.select(f"/project/{project}/subject/S1/experiment/S1_MR")


def test_a_wrong_password_is_refused(server: Server) -> None:
    stranger = pyxnat.Interface(server.url, user=server.user, password=server.password[::-1])
    with pytest.raises(pyxnat.core.errors.DatabaseError):
        stranger.array.mrsessions()


def test_the_version_is_told(interface: Any) -> None:
    assert interface.version()["version"].startswith("1.")


def test_creating_a_scan_creates_what_is_above_it(interface: Any, session: Any, project: str) -> None:
    assert project in interface.select.projects().get()
    assert interface.select.project(project).subject("S1").exists()
    assert session.exists()
    assert session.datatype() == "xnat:mrSessionData"
    assert session.scans().get() == ["4"]


def test_ids_and_labels_are_two_things_and_both_find_a_session(
    interface: Any, session: Any, project: str
) -> None:
    identity = session.id()
    assert identity != session.label() == "S1_MR"
    assert interface.select.project(project).subject("S1").experiment(identity).exists()
    assert interface.select.experiment(identity).label() == "S1_MR"
    assert not interface.select.experiment("NO_SUCH").exists()


def test_attributes_are_set_and_read_back(session: Any) -> None:
    subject = session.parent()
    subject.attrs.set("gender", "female")
    assert subject.attrs.get("gender") == "female"
    subject.attrs.mset({"xnat:subjectData/group": "arm A", "handedness": "left"})
    assert subject.attrs.mget(["xnat:subjectData/group", "handedness"]) == ["arm A", "left"]
    scan = session.scan("4")
    scan.attrs.set("type", "AX T2 FS")
    assert scan.attrs.get("type") == "AX T2 FS"


def test_an_experiment_is_found_in_an_array(interface: Any, session: Any, project: str) -> None:
    found = interface.array.mrsessions(project_id=project).data
    assert [row["ID"] for row in found] == [session.id()]
    scans = interface.array.mrscans(project_id=project).data
    assert [row["xnat:mrscandata/id"] for row in scans] == ["4"]


@pytest.mark.usefixtures("session")
def test_a_search_finds_by_a_field(interface: Any, project: str) -> None:
    wanted = [("xnat:mrSessionData/PROJECT", "=", project), "AND"]
    found = interface.select("xnat:mrSessionData", ["xnat:mrSessionData/LABEL"]).where(wanted)
    assert found.get("label", always_list=True) == ["S1_MR"]
    where = [
        ("xnat:subjectData/PROJECT", "=", project),
        ("xnat:subjectData/SUBJECT_LABEL", "LIKE", "S*"),
        "AND",
    ]
    rows = interface.select("xnat:subjectData", ["xnat:subjectData/SUBJECT_LABEL"]).where(where)
    assert rows.get("subject_label", always_list=True) == ["S1"]


def test_objects_tell_what_they_are(interface: Any, session: Any, project: str) -> None:
    assert project in repr(interface.select.project(project))
    assert "S1" in repr(session.parent())
    assert "1 scan" in repr(session)
    assert "`" in repr(session.scan("4"))


def test_an_object_comes_as_xml(session: Any) -> None:
    assert session.xpath("//xnat:scan/@ID") == ["4"]
    assert session.xpath("/xnat:MRSession/@label") == ["S1_MR"]


@pytest.mark.parametrize("owner", ["project", "subject", "session", "scan"])
def test_a_file_goes_up_and_comes_down_the_same(session: Any, owner: str, tmp_path: Path) -> None:
    levels = {
        "session": session,
        "scan": session.scan("4"),
        "subject": session.parent(),
        "project": session.parent().parent(),
    }
    source = tmp_path / "x.txt"
    source.write_bytes(b"some bytes")
    file = levels[owner].resource("TEXT").file("folder/x.txt")
    file.put(str(source), format="TXT", content="RAW", tags="a")
    assert file.exists()
    assert (file.size(), file.format(), file.content(), file.labels()) == ("10", "TXT", "RAW", "a")
    assert Path(file.get(str(tmp_path / "down.txt"))).read_bytes() == b"some bytes"
    assert levels[owner].resource("TEXT").files().get() == ["x.txt"]
    assert "GMT" in file.last_modified()


def test_a_file_is_replaced_only_when_told_to(session: Any, tmp_path: Path) -> None:
    file = session.resource("TEXT").file("x.txt")
    file.put("first")
    with pytest.raises(pyxnat.core.errors.DatabaseError):
        file.put("second")
    file.put("third", overwrite=True)
    assert Path(file.get(str(tmp_path / "x.txt"))).read_text() == "third"


def test_a_folder_goes_up_and_comes_down_the_same(session: Any, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "a.txt").write_bytes(b"one")
    (source / "b.txt").write_bytes(b"two")
    resource = session.resource("TEXT")
    resource.put_dir(str(source))
    target = tmp_path / "down"
    target.mkdir()
    members = resource.get(str(target), extract=True)
    assert sorted(Path(name).read_bytes() for name in members) == [b"one", b"two"]
    assert resource.attributes()["file_count"] == "2"


def test_scans_come_down_as_one_zip(session: Any, tmp_path: Path) -> None:
    session.scan("4").resource("NIFTI").file("a.nii").put("image")
    packed = session.scans().download(str(tmp_path), type="ALL")
    with zipfile.ZipFile(packed) as archive:
        assert archive.namelist() == ["S1_MR/scans/4/resources/NIFTI/files/a.nii"]


def test_an_assessor_holds_what_came_out(session: Any) -> None:
    assessor = session.assessor("S1_MR_QC")
    assessor.create(assessors="xnat:qcAssessmentData")
    assessor.out_resource("REPORT").file("qc.txt").put("good")
    assert [each.label() for each in session.assessors()] == ["S1_MR_QC"]
    assert assessor.out_resource("REPORT").exists()


def test_what_is_deleted_is_gone(interface: Any, session: Any, project: str) -> None:
    file = session.resource("TEXT").file("x.txt")
    file.put("text")
    file.delete()
    assert not file.exists()
    session.resource("TEXT").delete()
    assert not session.resource("TEXT").exists()
    session.scan("4").delete()
    assert session.scans().get() == []
    session.delete()
    assert not session.exists()
    interface.select.project(project).subject("S1").delete()
    assert interface.select.project(project).subjects().get() == []


def test_users_of_a_project_are_managed(interface: Any, project: str, server: Server) -> None:
    held = interface.select.project(project)
    assert server.user in held.users()
    assert held.user_role(server.user) == "owner"
    assert held.accessibility().decode() == "private"
    held.set_accessibility("public")
    assert held.accessibility().decode() == "public"


def test_dicom_comes_in_as_a_zip(interface: Any, project: str, cohort: Path) -> None:
    patient = next(iter(sorted(cohort.iterdir())))
    files = [p for p in sorted(patient.rglob("*")) if p.is_file()]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number, path in enumerate(files):
            archive.write(path, f"{number}.dcm")
    answer = interface.post(
        "/data/services/import",
        params={"dest": "/archive", "project": project, "subject": "IN", "session": "IN_MR"},
        data=packed.getvalue(),
        headers={"Content-Type": "application/zip"},
    )
    assert answer.text.strip() == f"/data/archive/projects/{project}/subjects/IN/experiments/IN_MR"
    session = interface.select.project(project).subject("IN").experiment("IN_MR")
    assert sorted(session.scans().get()) == ["4", "7"]
    assert len(session.scan("4").resource("DICOM").files().get()) + len(
        session.scan("7").resource("DICOM").files().get()
    ) == len(files)
