"""The tree of /data over HTTP: objects, their names, files in and out, and what is refused."""

import http.client
import io
import tarfile
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pydicom
import pytest
import requests
from lxml import etree

from sarcoma_core.standin.answers import Refusal
from sarcoma_core.standin.objects.resources import ResourceInfo
from sarcoma_core.standin.objects.tree import Change
from sarcoma_core.standin.server import StandIn
from tests.standin.conftest import LOGIN, PASSWORD, PROJECT

CATALOG = "{http://nrg.wustl.edu/catalog}"


class Client:
    """Basic requests to the tree."""

    def __init__(self, url: str, login: str = LOGIN, password: str = PASSWORD) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.auth = (login, password)

    def __call__(self, method: str, path: str, data: object = None, **query: str) -> requests.Response:
        return self.session.request(method, f"{self.url}/data{path}", params=query, data=data, timeout=30)  # type: ignore[arg-type]

    def rows(self, path: str, **query: str) -> list[dict[str, str]]:
        answer = self("GET", path, format="json", **query)
        assert answer.status_code == 200, answer.text
        result = answer.json()["ResultSet"]
        assert int(result["totalRecords"]) == len(result["Result"])
        found: list[dict[str, str]] = result["Result"]
        return found


@pytest.fixture(scope="module")
def ask(url: str) -> Iterator[Client]:
    client = Client(url)
    yield client
    client.session.close()


@pytest.fixture
def made(ask: Client, request: pytest.FixtureRequest) -> str:
    """Path of a new session without scans, one for each test."""
    label = "".join(c if c.isalnum() else "_" for c in request.node.name)[-48:]
    path = f"/projects/{PROJECT}/subjects/NEW/experiments/E{label}"
    ask("PUT", f"/projects/{PROJECT}/subjects/NEW")
    assert ask("PUT", path, xsiType="xnat:mrSessionData").status_code == 201
    return path


def raw(url: str, method: str, target: str) -> int:
    """The status of a request whose path no client library has tidied up."""
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=30)
    token = requests.auth._basic_auth_str(LOGIN, PASSWORD)
    connection.request(method, target, headers={"Authorization": token})
    status = connection.getresponse().status
    connection.close()
    return status


def imported_session(ask: Client) -> dict[str, str]:
    return ask.rows(f"/projects/{PROJECT}/experiments", xsiType="xnat:mrSessionData", label="STS*")[0]


def test_an_imported_session_has_an_id_of_its_own_and_of_its_subject(ask: Client) -> None:
    session = imported_session(ask)
    subject = ask.rows(f"/projects/{PROJECT}/experiments", columns="ID,subject_ID,subject_label")[0]
    assert len({session["ID"], session["label"], subject["subject_ID"], subject["subject_label"]}) == 4


@pytest.mark.parametrize("prefix", ["", "/archive"])
def test_ids_and_labels_name_the_same_object_on_every_path(ask: Client, prefix: str) -> None:
    row = ask.rows(
        f"/projects/{PROJECT}/experiments", columns="ID,label,subject_ID,subject_label", label="STS*"
    )[0]
    paths = [
        f"{prefix}/experiments/{row['ID']}",
        f"{prefix}/projects/{PROJECT}/experiments/{row['label']}",
        f"{prefix}/projects/{PROJECT}/subjects/{row['subject_label']}/experiments/{row['label']}",
        f"{prefix}/subjects/{row['subject_ID']}/experiments/{row['ID']}",
    ]
    found = {ask("GET", path, format="json").json()["items"][0]["data_fields"]["ID"] for path in paths}
    assert found == {row["ID"]}


@pytest.mark.usefixtures("made")
def test_an_object_of_another_subject_is_not_found_below_this_one(ask: Client) -> None:
    session = imported_session(ask)
    assert ask("GET", f"/projects/{PROJECT}/subjects/NEW/experiments/{session['ID']}").status_code == 404


def test_listed_uris_lead_back_to_their_objects(ask: Client) -> None:
    session = imported_session(ask)
    for path in ("/projects", "/subjects", "/experiments", f"/experiments/{session['ID']}/scans"):
        for row in ask.rows(path):
            assert row["URI"].startswith("/data/")
            again = ask("GET", row["URI"].removeprefix("/data"), format="json").json()
            assert again["items"][0]["data_fields"]["ID"] == row["ID"]


def test_the_files_of_a_scan_are_the_bytes_that_came_in(ask: Client, cohort: Path) -> None:
    sent = {path.read_bytes() for path in cohort.rglob("*") if path.is_file()}
    got = set()
    for session in ask.rows(f"/projects/{PROJECT}/experiments", label="STS*"):
        for row in ask.rows(f"/experiments/{session['ID']}/scans/ALL/files"):
            got.add(ask("GET", row["URI"].removeprefix("/data")).content)
    assert got == sent


def test_a_catalog_tells_the_uid_of_every_dicom_file(ask: Client) -> None:
    path = f"/experiments/{imported_session(ask)['ID']}/scans/4/resources/DICOM"
    answer = ask("GET", path, format="json")
    assert answer.text.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<cat:DCMCatalog')
    listed = {e.get("URI"): e.get("UID") for e in etree.fromstring(answer.content).iter(f"{CATALOG}entry")}
    for name, uid in listed.items():
        header = pydicom.dcmread(
            io.BytesIO(ask("GET", f"{path}/files/{name}").content), stop_before_pixels=True
        )
        assert uid == header.SOPInstanceUID
    assert len(listed) == len(ask.rows(f"{path}/files"))


def test_dicom_that_is_uploaded_file_by_file_gets_its_uids_listed(
    ask: Client, made: str, cohort: Path
) -> None:
    ask("PUT", f"{made}/scans/9", xsiType="xnat:mrScanData")
    files = sorted(next(iter(sorted(cohort.rglob("SE000007")))).iterdir())[:3]
    for path in files:
        assert ask("PUT", f"{made}/scans/9/resources/DICOM/files/{path.name}", path.read_bytes()).ok
    ask("PUT", f"{made}/scans/9/resources/DICOM/files/notes.txt", b"no DICOM")
    catalog = etree.fromstring(ask("GET", f"{made}/scans/9/resources/DICOM").content)
    listed = {e.get("URI"): e.get("UID") for e in catalog.iter(f"{CATALOG}entry")}
    uids = {path.name: pydicom.dcmread(path, stop_before_pixels=True).SOPInstanceUID for path in files}
    assert listed == {**uids, "notes.txt": None}


def test_head_tells_the_length_without_the_body(ask: Client, made: str) -> None:
    ask("PUT", f"{made}/resources/TEXT/files/x.txt", b"four")
    answer = ask("HEAD", f"{made}/resources/TEXT/files/x.txt")
    assert (answer.status_code, answer.headers["content-length"], answer.content) == (200, "4", b"")


def test_a_form_brings_several_files(ask: Client, made: str) -> None:
    parts = [("one", ("a.txt", b"A")), ("two", ("b.txt", b"BB"))]
    url = f"{ask.url}/data{made}/resources/TEXT/files"
    assert ask.session.post(url, files=parts, timeout=30).ok
    assert {(r["Name"], r["Size"]) for r in ask.rows(f"{made}/resources/TEXT/files")} == {
        ("a.txt", "1"),
        ("b.txt", "2"),
    }


def test_a_body_in_chunks_is_taken_whole(ask: Client, made: str) -> None:
    ask("PUT", f"{made}/resources/TEXT/files/x.bin", iter([b"a" * 70_000, b"b" * 70_000]))
    assert ask("GET", f"{made}/resources/TEXT/files/x.bin").content == b"a" * 70_000 + b"b" * 70_000


def test_a_file_is_replaced_only_when_told_to(ask: Client, made: str) -> None:
    file = f"{made}/resources/TEXT/files/x.txt"
    assert ask("PUT", file, b"first").status_code == 200
    assert ask("PUT", file, b"second").status_code == 409
    assert ask("GET", file).content == b"first"
    assert ask("PUT", file, b"third", overwrite="true").status_code == 200
    assert ask("GET", file).content == b"third"
    (row,) = ask.rows(f"{made}/resources/TEXT/files")
    assert row["digest"] == "dd5c8bf51558ffcbe5007071908e9524"  # md5sum of the five letters


def test_an_archive_that_would_replace_one_file_brings_none(ask: Client, made: str) -> None:
    ask("PUT", f"{made}/resources/TEXT/files/b.txt", b"there")
    packed = zipped({"a.txt": b"new", "b.txt": b"new"})
    assert ask("PUT", f"{made}/resources/TEXT/files/u.zip", packed, extract="true").status_code == 409
    assert [row["Name"] for row in ask.rows(f"{made}/resources/TEXT/files")] == ["b.txt"]


def test_a_file_cannot_be_where_a_folder_is(ask: Client, made: str) -> None:
    ask("PUT", f"{made}/resources/TEXT/files/a/b.txt", b"there")
    assert ask("PUT", f"{made}/resources/TEXT/files/a", b"new").status_code == 409
    assert ask("PUT", f"{made}/resources/TEXT/files/a/b.txt/c.txt", b"new").status_code == 409


def zipped(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return packed.getvalue()


def test_a_zip_is_extracted_with_its_folders(ask: Client, made: str) -> None:
    packed = zipped({"a.txt": b"A", "deep/er/b.txt": b"B"})
    assert ask("PUT", f"{made}/resources/TEXT/files/u.zip", packed, extract="true").ok
    assert ask("GET", f"{made}/resources/TEXT/files/deep/er/b.txt").content == b"B"
    assert len(ask.rows(f"{made}/resources/TEXT/files")) == 2


@pytest.mark.parametrize("name", ["../out.txt", "/out.txt", "a/../../out.txt", "..\\out.txt"])
def test_an_archive_that_leads_out_is_refused_whole(
    ask: Client, made: str, standin: StandIn, name: str
) -> None:
    packed = zipped({"good.txt": b"good", name: b"bad"})
    assert ask("PUT", f"{made}/resources/TEXT/files/u.zip", packed, extract="true").status_code == 400
    assert not list(standin.archive.root.parent.rglob("out.txt"))
    assert not list(standin.archive.root.rglob("good.txt"))


def test_a_tar_with_a_link_is_refused(ask: Client, made: str) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    answer = ask("PUT", f"{made}/resources/TEXT/files/u.tar.gz", packed.getvalue(), extract="true")
    assert answer.status_code == 400


def test_a_bomb_is_refused(ask: Client, made: str) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("zeros", "w") as member:
        for _ in range(300):
            member.write(bytes(2**20))
    assert (
        ask("PUT", f"{made}/resources/TEXT/files/u.zip", packed.getvalue(), extract="true").status_code == 400
    )


@pytest.mark.parametrize(
    "tail",
    [
        "../../../../../../../../etc/passwd",
        "..%2f..%2f..%2fetc%2fpasswd",
        "%2e%2e/%2e%2e/%2e%2e/secret.txt",
        "..%5c..%5csecret.txt",
        "%2fetc%2fpasswd",
        "x%00.txt",
        "%ff",
    ],
)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
def test_no_path_leads_out_of_the_archive(
    ask: Client, standin: StandIn, made: str, method: str, tail: str
) -> None:
    (standin.archive.root.parent / "secret.txt").write_text("secret")
    ask("PUT", f"{made}/resources/TEXT/files/x.txt", b"there")
    assert raw(ask.url, method, f"/data{made}/resources/TEXT/files/{tail}") in (400, 404, 405)
    assert (standin.archive.root.parent / "secret.txt").read_text() == "secret"


@pytest.mark.parametrize("label", ["..", ".", ".hidden", "a/b", "a\\b", "a\0b", "", " ", "x" * 65, "é"])
def test_what_cannot_be_a_folder_is_no_label(standin: StandIn, label: str) -> None:
    session = standin.archive.sessions(PROJECT)[0]
    with pytest.raises(Refusal) as refused:
        standin.tree.insert(session.path / "RESOURCES", label, Path("/nowhere"), project=PROJECT)
    assert refused.value.status == 400


def test_links_in_the_archive_that_lead_out_are_not_followed(
    ask: Client, standin: StandIn, made: str, tmp_path: Path
) -> None:
    ask("PUT", f"{made}/resources/TEXT/files/x.txt", b"there")
    session = standin.tree.session(made.rsplit("/", 1)[-1], PROJECT)
    (tmp_path / "secret.txt").write_text("secret")
    (session.resource("TEXT") / "link.txt").symlink_to(tmp_path / "secret.txt")
    (session.resource("TEXT") / "folder").symlink_to(tmp_path)
    (session.path / "RESOURCES" / "LINK").symlink_to(tmp_path)
    for name in ("TEXT/files/link.txt", "TEXT/files/folder/secret.txt", "LINK/files/secret.txt"):
        for method, data in (("GET", None), ("DELETE", None)):
            assert ask(method, f"{made}/resources/{name}", data).status_code == 404
    assert ask("PUT", f"{made}/resources/TEXT/files/folder/new.txt", b"x").status_code == 404
    assert ask("PUT", f"{made}/resources/TEXT/files/link.txt", b"x", overwrite="true").status_code == 404
    assert [row["Name"] for row in ask.rows(f"{made}/resources/TEXT/files")] == ["x.txt"]
    with zipfile.ZipFile(io.BytesIO(ask("GET", f"{made}/files", format="zip").content)) as archive:
        assert [Path(name).name for name in archive.namelist()] == ["x.txt"]
    assert (tmp_path / "secret.txt").read_text() == "secret"
    assert [path.name for path in tmp_path.iterdir()] == ["secret.txt"]


def test_what_was_never_there_is_not_found(ask: Client, made: str) -> None:
    for path in (
        "/projects/NONE",
        "/projects/NONE/subjects",
        "/subjects/NONE",
        "/experiments/NONE/scans",
        f"{made}/scans/4",
        f"{made}/scans/4/files",
        f"{made}/resources/NONE",
        f"{made}/resources/NONE/files/x",
        "/nothing",
    ):
        assert ask("GET", path, format="json").status_code == 404, path


def test_a_resource_keeps_its_first_words_and_its_stale_files(standin: StandIn, tmp_path: Path) -> None:
    tree, session = standin.tree, standin.archive.sessions(PROJECT)[0]
    for number, (name, text) in enumerate([("a.txt", "1"), ("a.txt", "2"), ("b.txt", "3")]):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / name).write_text(text)
        info = ResourceInfo(f"F{number}", "C", f"T{number}")
        tree.insert(session.path / "RESOURCES", "STALE", folder, project=PROJECT, info=info)
        assert (folder / name).is_file(), "the source is only read"
    found = next(r for r in tree.session_resources(session) if r.label == "STALE")
    assert (found.info.format, found.info.tags) == ("F0", "T0")
    texts = {file.name: file.path.read_text() for file in tree.resources.files(found)}
    assert texts == {"a.txt": "2", "b.txt": "3"}
    assert tree.resource_id(session.resource("STALE")) == found.id


def test_listeners_are_told_what_was_made_and_deleted(standin: StandIn, ask: Client) -> None:
    heard = list[Change]()
    standin.tree.listeners.append(heard.append)
    try:
        path = f"/projects/{PROJECT}/subjects/NEW/experiments/HEARD"
        ask("PUT", f"/projects/{PROJECT}/subjects/NEW")
        ask("PUT", path, xsiType="xnat:petSessionData")
        ask("PUT", f"{path}/scans/1")
        ask("PUT", f"{path}/resources/TEXT/files/x.txt", b"x")
        ask("DELETE", path, removeFiles="true")
    finally:
        standin.tree.listeners.remove(heard.append)
    assert [(change.event, change.status) for change in heard] == [
        ("SessionEvent", "CREATED"),
        ("ScanEvent", "CREATED"),
        ("ResourceEvent", "CREATED"),
        ("SessionEvent", "DELETED"),
    ]
    assert {change.session.label for change in heard} == {"HEARD"}


def test_a_deleted_session_leaves_nothing_behind_that_a_new_one_would_inherit(ask: Client, made: str) -> None:
    made += "_again"
    ask("PUT", made, ID="GIVEN_ID", note="of the first")
    ask("PUT", f"{made}/resources/TEXT", content="of the first")
    before = ask.rows(f"{made}/resources")[0]["xnat_abstractresource_id"]
    assert ask("DELETE", made, removeFiles="true").status_code == 200
    assert ask("GET", made).status_code == 404
    ask("PUT", made, ID="GIVEN_ID")
    assert "note" not in ask("GET", made, format="json").json()["items"][0]["data_fields"]
    ask("PUT", f"{made}/resources/TEXT/files/x.txt", b"x")
    (row,) = ask.rows(f"{made}/resources")
    assert (row["content"], row["xnat_abstractresource_id"] == before) == ("", False)


def test_a_session_that_is_imported_again_after_it_was_deleted_is_a_new_one(
    ask: Client, standin: StandIn
) -> None:
    archive = standin.archive
    first = next(s for s in archive.sessions(PROJECT) if s.label.startswith("STS"))
    session = replace(first, label="B", id="B01", path=archive.session_path(PROJECT, "B"))
    archive.write(session)
    for path in ("/experiments/B01", "/experiments/B01/scans/4"):
        assert ask("PUT", path, note="of the first").status_code == 200
    assert ask("DELETE", "/experiments/B01").status_code == 200
    archive.write(session)
    for path in ("/experiments/B01", "/experiments/B01/scans/4"):
        assert "note" not in ask("GET", path, format="json").json()["items"][0]["data_fields"]
    ask("DELETE", "/experiments/B01")


def test_resources_keep_their_numbers_when_a_session_or_subject_is_renamed(ask: Client, made: str) -> None:
    ask("PUT", f"{made}/resources/TEXT/files/x.txt", b"x")
    number = ask.rows(f"{made}/resources")[0]["xnat_abstractresource_id"]
    identity = ask("GET", made, format="json").json()["items"][0]["data_fields"]["ID"]
    ask("PUT", f"/experiments/{identity}", label="RENAMED")
    assert ask.rows("/experiments/RENAMED/resources")[0]["xnat_abstractresource_id"] == number
    assert ask("GET", f"/experiments/{identity}/resources/{number}/files/x.txt").content == b"x"
    assert ask("PUT", f"/projects/{PROJECT}/subjects/NEW", label="NEWER").status_code == 200
    assert ask("GET", f"/projects/{PROJECT}/subjects/NEWER/experiments/RENAMED").status_code == 200
    ask("PUT", f"/projects/{PROJECT}/subjects/NEWER", label="NEW")
    ask("DELETE", f"/experiments/{identity}", removeFiles="true")


def test_a_label_that_is_taken_is_refused(ask: Client, made: str) -> None:
    other = made + "b"
    ask("PUT", other)
    assert ask("PUT", other, label=made.rsplit("/", 1)[-1]).status_code == 409
    elsewhere = made.replace("/subjects/NEW/", "/subjects/OTHER/")
    ask("PUT", f"/projects/{PROJECT}/subjects/OTHER")
    assert ask("PUT", elsewhere).status_code == 409


def test_fields_that_could_break_a_document_are_refused(ask: Client, made: str) -> None:
    assert ask("PUT", made, **{"a<b": "x"}).status_code == 400
    assert ask("PUT", made, note="a\x00b").status_code == 400
    assert ask("PUT", made, xsiType="xnat:nonsenseData").status_code == 400
    assert ask("PUT", made, date="tomorrow").status_code == 400
    assert ask("PUT", made, note="<a> & 'b'").status_code == 200
    document = etree.fromstring(ask("GET", made).content)
    assert document.findtext("{http://nrg.wustl.edu/xnat}note") == "<a> & 'b'"


def test_many_requests_at_once_lose_nothing(url: str, ask: Client, made: str) -> None:
    def upload(number: int) -> int:
        client = Client(url)
        with client.session:
            scan = client("PUT", f"{made}/scans/{number}", type=f"T{number}").status_code
            file = client("PUT", f"{made}/resources/MANY/files/{number}.txt", str(number).encode())
            return max(scan, file.status_code)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(upload, range(1, 25))) == {201}
    assert [row["ID"] for row in ask.rows(f"{made}/scans")] == [str(n) for n in range(1, 25)]
    files = ask.rows(f"{made}/resources/MANY/files")
    assert len(files) == 24
    assert all(row["digest"] for row in files)
    assert len(ask.rows(f"{made}/resources")) == 1


def test_nothing_is_left_of_uploads_and_downloads(ask: Client, standin: StandIn, made: str) -> None:
    before = set(standin.archive.root.iterdir())
    ask("PUT", f"{made}/resources/TEXT/files/u.zip", zipped({"a": b"a"}), extract="true")
    ask("PUT", f"{made}/resources/TEXT/files/u.zip", b"no zip", extract="true")
    assert ask("GET", f"{made}/files", format="zip").ok
    assert set(standin.archive.root.iterdir()) == before
