"""Import and prearchive: real filing, XNAT's refusals, and nothing half-written."""

import csv
import io
import shutil
import threading
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pydicom
import pytest
import xnat

from sarcoma_core.archive.folder import SessionFolder
from sarcoma_core.archive.store import Session
from sarcoma_core.standin.objects.prearchive import Entry
from sarcoma_core.standin.objects.tree import Change
from sarcoma_core.standin.server import StandIn
from sarcoma_core.xnat.rest.connection import Answer, Connection, Login

ANY = tuple(range(400, 600))
ZIP = "application/zip"


WHOLE = {"4": 4, "7": 4}
"""Files of each scan of the upload."""


@pytest.fixture
def export(export: Path) -> Path:
    """Four files of each of the patient's two series: enough to be split, quick to be sent."""
    for folder in {path.parent for path in export.rglob("*") if path.is_file()}:
        for path in sorted(folder.iterdir())[4:]:
            path.unlink()
    return export


@pytest.fixture
def project(standin: StandIn, connection: Connection) -> Iterator[str]:
    """An empty project of the test's own."""
    name = f"P{uuid.uuid4().hex[:12]}"
    connection.put(f"/data/projects/{name}")
    yield name
    shutil.rmtree(standin.archive.root / name)


def zipped(folder: Path, only: Callable[[Path], bool] = Path.is_file) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for path in sorted(p for p in folder.rglob("*") if p.is_file() and only(p)):
            archive.write(path, path.relative_to(folder).as_posix())
    return content.getvalue()


def send(connection: Connection, project: str, content: bytes, **query: str) -> Answer:
    asked = {"import-handler": "DICOM-zip", "project": project, "dest": "/archive", **query}
    asked = {name: value for name, value in asked.items() if value}
    return connection.post("/data/services/import", data=content, query=asked, content_type=ZIP, accept=ANY)


def rows(connection: Connection, path: str) -> list[dict[str, str]]:
    listed: list[dict[str, str]] = connection.get(path, {"format": "json"}).json()["ResultSet"]["Result"]
    return listed


def waiting(connection: Connection, project: str) -> list[dict[str, str]]:
    return rows(connection, f"/data/prearchive/projects/{project}")


def held(session: Session) -> dict[str, int]:
    return {scan.id: len(scan.files) for scan in SessionFolder(session.path).scans()}


def left_behind(standin: StandIn) -> list[Path]:
    """What lies in the prearchive's folder and belongs to no session that waits."""
    entries = {entry.timestamp for entry in standin.prearchive.entries()}
    uploads = (standin.archive.root / ".prearchive" / "projects").glob("*/*")
    incoming = (standin.archive.root / ".prearchive" / "incoming").iterdir()
    return [*incoming, *(path for path in uploads if path.name not in entries)]


def first_half(path: Path) -> bool:
    return int(path.stem[-1]) % 2 == 0 if path.stem[-1].isdigit() else True


def test_a_zip_becomes_a_session_of_the_archive_and_the_answer_is_its_uri(
    standin: StandIn, connection: Connection, project: str, export: Path
) -> None:
    answer = send(connection, project, zipped(export), subject="S1", session="E1")
    assert answer.text == f"/data/archive/projects/{project}/subjects/S1/experiments/E1\r\n"
    session = standin.archive.session(project, "E1")
    assert (session.subject, held(session)) == ("S1", WHOLE)
    assert waiting(connection, project) == []
    assert left_behind(standin) == []


def test_labels_that_are_not_given_are_made_of_the_headers(
    connection: Connection, project: str, cohort: Path
) -> None:
    answer = send(connection, project, zipped(cohort))
    assert [line.split("/")[6] for line in answer.text.splitlines()] == [
        "STS-PHANTOM-0001",
        "STS-PHANTOM-0002",
    ]


def test_illegal_characters_of_labels_become_underscores(
    standin: StandIn, connection: Connection, project: str, export: Path
) -> None:
    send(connection, project, zipped(export), subject="../S 1", session="../../E 1")
    (session,) = standin.archive.sessions(project)
    assert (session.subject, session.label) == ("S_1", "E_1")


def test_an_unmodified_xnatpy_imports_and_archives(
    url: str, connection: Connection, project: str, export: Path, tmp_path: Path
) -> None:
    packed = tmp_path / "export.zip"
    packed.write_bytes(zipped(export))
    with xnat.connect(
        url, user=connection.user, password=connection.login.password, loglevel="ERROR"
    ) as client:
        found = client.services.import_(packed, project=project, subject="S1", experiment="E1")
        assert (found.label, sorted(found.scans.keys())) == ("E1", ["4", "7"])
        client.services.import_(
            packed, project=project, subject="S1", experiment="E2", destination="/prearchive"
        )
        (entry,) = client.prearchive.sessions(project)
        assert (entry.label, entry.status, entry.subject) == ("E2", "READY", "S1")
        assert {scan.id: scan.series_description for scan in entry.scans}.keys() == {"4", "7"}
        assert len(entry.scans["4"].files) == 4
        assert entry.scans["4"].read_dicom().SeriesNumber == 4
        with zipfile.ZipFile(entry.download(tmp_path / "waiting.zip")) as archive:
            assert len(archive.namelist()) == 8
        dumped = entry.scans["4"].dicom_dump(fields=["Modality", "00200011"])
        assert [(row["tag1"], row["value"]) for row in dumped] == [
            ("(0008,0060)", "MR"),
            ("(0020,0011)", "4"),
        ]
        entry.rebuild()
        archived = entry.archive(experiment="E3")
        assert (archived.label, archived.subject.label) == ("E3", "S1")
        assert client.prearchive.sessions(project) == []


def test_a_multipart_form_is_an_upload_too(
    standin: StandIn, connection: Connection, project: str, export: Path
) -> None:
    boundary = "-----sarcoma"
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.zip"\r\n\r\n'
    field = (
        f'\r\n--{boundary}\r\nContent-Disposition: form-data; name="session"\r\n\r\nE9\r\n--{boundary}--\r\n'
    )
    answer = connection.post(
        "/data/services/import",
        data=head.encode() + zipped(export) + field.encode(),
        query={"project": project, "dest": "/archive"},
        content_type=f"multipart/form-data; boundary={boundary}",
    )
    assert answer.text.endswith("/experiments/E9\r\n")
    assert held(standin.archive.session(project, "E9")) == WHOLE


def test_one_dicom_file_is_an_upload_too(
    standin: StandIn, connection: Connection, project: str, export: Path
) -> None:
    content = next(p for p in sorted(export.rglob("*")) if p.is_file()).read_bytes()
    send(connection, project, content, session="E1", **{"import-handler": ""})
    assert sum(held(standin.archive.session(project, "E1")).values()) == 1


def test_a_session_that_is_there_is_refused_and_waits_in_conflict(
    standin: StandIn, connection: Connection, project: str, export: Path
) -> None:
    content = zipped(export)
    send(connection, project, content, subject="S1", session="E1")
    answer = send(connection, project, content, subject="S1", session="E1")
    assert (answer.status, answer.text) == (409, "Session already exists, retry with overwrite enabled")
    (entry,) = waiting(connection, project)
    assert (entry["name"], entry["status"], entry["subject"]) == ("E1", "CONFLICT", "S1")
    assert held(standin.archive.session(project, "E1")) == WHOLE


def test_the_missing_half_is_appended_and_what_is_there_is_refused_a_second_time(
    standin: StandIn, connection: Connection, project: str, export: Path
) -> None:
    send(connection, project, zipped(export, first_half), session="E1", subject="S1")
    some = sum(held(standin.archive.session(project, "E1")).values())
    assert 0 < some < 8
    rest = zipped(export, lambda path: not first_half(path))
    answer = send(connection, project, rest, session="E1", subject="S1", overwrite="append")
    assert answer.status == 200
    assert held(standin.archive.session(project, "E1")) == WHOLE
    again = send(connection, project, rest, session="E1", subject="S1", overwrite="append")
    assert (again.status, again.text) == (409, "Session already exists with matching files.")


def test_delete_replaces_the_files_that_are_there(
    standin: StandIn, connection: Connection, project: str, export: Path
) -> None:
    send(connection, project, zipped(export), session="E1", subject="S1")
    for path in (p for p in export.rglob("*") if p.is_file()):
        dataset = pydicom.dcmread(path)
        dataset.ImageComments = "again"
        dataset.save_as(path)
    answer = send(connection, project, zipped(export), session="E1", subject="S1", overwrite="delete")
    assert answer.status == 200
    session = standin.archive.session(project, "E1")
    assert held(session) == WHOLE
    assert all(
        pydicom.dcmread(p, stop_before_pixels=True).ImageComments == "again"
        for scan in SessionFolder(session.path).scans()
        for p in scan.files
    )


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("S1", "Invalid modification of session UID via archive process."),
        ("S2", "Invalid modification of session subject via archive process.: E1 Already Exists for another"),
    ],
)
def test_another_study_or_subject_does_not_join_a_session(
    connection: Connection, project: str, cohort: Path, subject: str, text: str
) -> None:
    one, other = sorted(cohort.iterdir())
    send(connection, project, zipped(one), session="E1", subject="S1")
    answer = send(connection, project, zipped(other), session="E1", subject=subject, overwrite="append")
    assert answer.status == 409
    assert answer.text.startswith(text)


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def flipped(content: bytes) -> bytes:
    at = len(content) // 2
    return content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :]


def other(_content: bytes) -> bytes:
    return b"text" * 99


@pytest.mark.parametrize("spoil", [cut, flipped, lambda content: content[:-30], other])
def test_a_damaged_zip_is_refused_and_leaves_nothing(
    standin: StandIn, connection: Connection, project: str, export: Path, spoil: Callable[[bytes], bytes]
) -> None:
    answer = send(connection, project, spoil(zipped(export)), session="E1")
    assert answer.status == 400
    assert answer.text.startswith("Archive refused: it is ")
    assert standin.archive.sessions(project) == ()
    assert waiting(connection, project) == []
    assert left_behind(standin) == []


def test_a_zip_that_leads_out_is_refused(
    standin: StandIn, connection: Connection, project: str, export: Path
) -> None:
    content = io.BytesIO(zipped(export))
    with zipfile.ZipFile(content, "a") as archive:
        archive.writestr("../../../evil.dcm", b"x")
    answer = send(connection, project, content.getvalue())
    assert (answer.status, "legal path" in answer.text) == (400, True)
    assert not list(standin.archive.root.rglob("evil*"))
    assert left_behind(standin) == []


def test_what_is_not_dicom_refuses_a_dicom_zip_unless_it_is_to_be_ignored(
    standin: StandIn, connection: Connection, project: str, export: Path
) -> None:
    (export / "Jane Doe.txt").write_text("a letter")
    answer = send(connection, project, zipped(export), session="E1")
    assert (answer.status, answer.text) == (
        400,
        "unable to read DICOM object: 1 of 9 files: not DICOM (no DICM prefix)",
    )
    assert left_behind(standin) == []
    ignoring = {"Ignore-Unparsable": "true"}
    assert send(connection, project, zipped(export), session="E1", **ignoring).status == 200
    assert send(connection, project, zipped(export), session="E2", **{"import-handler": "SI"}).status == 200


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"project": "NOWHERE"}, 404),
        ({"project": ""}, 400),
        ({"dest": "/elsewhere"}, 400),
        ({"import-handler": "XAR"}, 404),
    ],
)
def test_an_import_that_leads_nowhere_is_refused(
    connection: Connection, project: str, export: Path, query: dict[str, str], status: int
) -> None:
    where = query.get("project", project)
    asked = {name: value for name, value in query.items() if name != "project"}
    assert send(connection, where, zipped(export), **asked).status == status


def test_an_empty_upload_and_one_without_dicom_are_refused(connection: Connection, project: str) -> None:
    assert send(connection, project, b"").text == "Unable to identify upload format."
    empty = io.BytesIO()
    zipfile.ZipFile(empty, "w").close()
    answer = send(connection, project, empty.getvalue())
    assert (answer.status, answer.text) == (400, "Uploaded content did not include any DICOM.")


def test_who_may_not_edit_the_project_may_not_import(
    standin: StandIn, url: str, project: str, export: Path
) -> None:
    standin.users.add("guest", "of the house")
    with Connection(Login(url, "guest", "of the house")) as stranger:
        assert send(stranger, project, zipped(export)).status == 404  # what one may not see is not found
        assert waiting(stranger, project) == []
    assert standin.archive.sessions(project) == ()


def test_the_destination_names_project_subject_and_session(
    standin: StandIn, connection: Connection, project: str, export: Path
) -> None:
    dest = f"/archive/projects/{project}/subjects/S5/experiments/E5"
    send(connection, "", zipped(export), dest=dest)
    assert standin.archive.session(project, "E5").subject == "S5"


def test_a_project_that_does_not_archive_by_itself_keeps_an_upload_waiting(
    connection: Connection, project: str, export: Path
) -> None:
    code = f"/data/projects/{project}/prearchive_code"
    assert connection.get(code).text == "4"
    connection.put(code + "/0")
    answer = send(connection, project, zipped(export), dest="", session="E1")
    assert answer.text.startswith(f"/data/prearchive/projects/{project}/")
    (entry,) = waiting(connection, project)
    assert (entry["status"], entry["autoarchive"], answer.text.strip()) == (
        "READY",
        "Manual",
        "/data" + entry["url"],
    )


def test_more_of_a_study_joins_what_waits_under_the_same_name(
    connection: Connection, project: str, export: Path
) -> None:
    for part in (first_half, lambda path: not first_half(path)):
        send(connection, project, zipped(export, part), dest="/prearchive", session="E1")
    (entry,) = waiting(connection, project)
    listed = rows(connection, f"/data{entry['url']}/scans/4/resources")
    assert (listed[0]["label"], listed[0]["file_count"]) == ("DICOM", "4")


def test_the_listing_is_csv_when_asked_for(connection: Connection, project: str, export: Path) -> None:
    send(connection, project, zipped(export), dest="/prearchive", session="E1")
    listed = connection.get(f"/data/prearchive/projects/{project}", {"format": "csv"}).text
    assert list(csv.DictReader(io.StringIO(listed))) == waiting(connection, project)


def test_what_waits_is_deleted_moved_and_built(
    standin: StandIn, connection: Connection, project: str, export: Path
) -> None:
    for name in ("E1", "E2", "E3"):
        send(connection, project, zipped(export), dest="/prearchive", session=name)
    one, two, three = waiting(connection, project)
    assert connection.delete("/data" + one["url"]).status == 200
    query = {"src": two["url"], "newProject": "STS"}
    (moved,) = connection.post("/data/services/prearchive/move", query=query).json()["ResultSet"]["Result"]
    assert (moved["project"], moved["name"], moved["tag"]) == ("STS", "E2", two["tag"])
    assert waiting(connection, "STS") == [moved]
    built = connection.post("/data" + three["url"], query={"action": "build"})
    assert built.text == "/data" + three["url"]
    assert waiting(connection, project)[0]["status"] == "READY"
    connection.post("/data/services/prearchive/delete", query={"src": moved["url"]})
    assert waiting(connection, "STS") == []
    assert left_behind(standin) == []


def test_a_uri_that_is_none_of_the_prearchive_is_refused(connection: Connection) -> None:
    for src, status in (
        ("/prearchive/projects/STS/20260101_000000000/E1", 404),
        ("/prearchive/projects/STS/../..", 404),
        ("/archive/projects/STS", 400),
        ("", 400),
    ):
        assert connection.post("/data/services/archive", query={"src": src}, accept=ANY).status == status


@pytest.mark.parametrize(
    "path",
    [
        "scans/4/resources/DICOM/files/..%2f..%2f..%2f..%2f..%2fdatabase%2fE1.json",
        "scans/..%2f..%2f/resources",
        "scans/4/resources/DICOM/files/scan_4_catalog.xml",
    ],
)
def test_the_prearchive_serves_its_dicom_and_no_other_file(
    connection: Connection, project: str, export: Path, path: str
) -> None:
    send(connection, project, zipped(export), dest="/prearchive", session="E1")
    (entry,) = waiting(connection, project)
    assert connection.get(f"/data{entry['url']}/{path}", accept=ANY).status in (400, 404)


def test_a_session_that_is_being_archived_is_not_touched(
    standin: StandIn, connection: Connection, project: str, export: Path
) -> None:
    send(connection, project, zipped(export), dest="/prearchive", session="E1")
    (entry,) = standin.prearchive.entries(project)
    with standin.tree.lock(project):  # somebody works on the project, so the archiving waits
        worker = threading.Thread(target=standin.prearchive.archive, args=(entry,))
        worker.start()
        while standin.prearchive.entries(project)[0].status != "ARCHIVING":
            time.sleep(0.01)
        answer = connection.delete("/data" + entry.uri, accept=ANY)
        assert (answer.status, answer.text) == (
            403,
            "Operation already in progress on this prearchive entry.",
        )
    worker.join(30)
    assert standin.prearchive.entries(project) == ()
    assert held(standin.archive.session(project, "E1")) == WHOLE


def test_an_archiving_that_breaks_says_so_and_can_be_done_again(
    standin: StandIn, connection: Connection, project: str, export: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(connection, project, zipped(export), dest="/prearchive", session="E1")
    (entry,) = standin.prearchive.entries(project)

    def broken(*_args: object, **_named: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr("sarcoma_core.standin.objects.prearchive.import_folder", broken)
        with pytest.raises(RuntimeError):
            standin.prearchive.archive(entry)
    assert waiting(connection, project)[0]["status"] == "ERROR"
    assert standin.prearchive.archive(entry).label == "E1"


def test_archiving_is_told_once_the_project_is_free_again(
    standin: StandIn, connection: Connection, project: str, export: Path
) -> None:
    told: list[tuple[str, str, bool]] = []

    def listen(change: Change) -> None:
        lock, free = standin.tree.lock(project), []

        def try_lock() -> None:
            free.append(lock.acquire(blocking=False))
            if free[0]:
                lock.release()

        other = threading.Thread(target=try_lock)
        other.start()
        other.join()
        told.append((change.status, change.session.label, free[0]))

    standin.tree.listeners.append(listen)
    try:
        send(connection, project, zipped(export, first_half), session="E1", subject="S1")
        rest = zipped(export, lambda path: not first_half(path))
        send(connection, project, rest, session="E1", subject="S1", overwrite="append")
    finally:
        standin.tree.listeners.remove(listen)
    assert told == [("CREATED", "E1", True), ("UPDATED", "E1", True)]


def test_what_waits_outlives_the_server(
    standin: StandIn, connection: Connection, project: str, export: Path
) -> None:
    send(connection, project, zipped(export), dest="/prearchive", session="E1")
    (entry,) = standin.prearchive.entries(project)
    kept = standin.documents.get("prearchive", entry.key)
    assert kept is not None
    assert Entry(**kept) == entry


def test_the_dump_of_an_archived_session_is_its_header(
    connection: Connection, project: str, export: Path
) -> None:
    send(connection, project, zipped(export), subject="S1", session="E1")
    src = f"/archive/projects/{project}/subjects/S1/experiments/E1/scans/7"
    listed = connection.get("/data/services/dicomdump", {"src": src}).json()["ResultSet"]["Result"]
    told = {row["desc"]: row["value"] for row in listed}
    assert (told["Series Number"], told["Modality"]) == ("7", "MR")
    assert "Pixel Data" not in told
    answer = connection.get("/data/services/dicomdump", {"src": src, "field": "nonsense"}, accept=ANY)
    assert answer.status == 400


def test_a_refreshed_catalog_lists_a_file_that_was_put_there_by_hand(
    standin: StandIn, connection: Connection, project: str, export: Path
) -> None:
    send(connection, project, zipped(export, first_half), subject="S1", session="E1")
    session = standin.archive.session(project, "E1")
    late = next(p for p in sorted(export.rglob("*")) if p.is_file() and not first_half(p))
    scan = str(pydicom.dcmread(late, stop_before_pixels=True).SeriesNumber)
    shutil.copy(late, session.path / "SCANS" / scan / "DICOM" / "by-hand.dcm")
    uri = f"/archive/experiments/{session.id}/scans/{scan}/resources/DICOM"
    assert "by-hand.dcm" not in connection.get("/data" + uri).text
    connection.post("/data/services/refresh/catalog", query={"resource": uri, "options": "append"})
    listed = connection.get("/data" + uri).text
    uid = pydicom.dcmread(late, stop_before_pixels=True).SOPInstanceUID
    assert "by-hand.dcm" in listed
    assert f'UID="{uid}"' in listed
