"""Downloads of many files at once: their layout is XNAT's, their bytes are the archive's."""

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from sarcoma_core.standin.server import StandIn
from tests.standin.conftest import PROJECT
from tests.standin.objects.test_tree import Client


@pytest.fixture(scope="module")
def ask(url: str) -> Client:
    return Client(url)


@pytest.fixture(scope="module")
def session(ask: Client, standin: StandIn) -> str:
    """Path of a session with files on every level."""
    path = f"/projects/{PROJECT}/subjects/S/experiments/S_MR"
    ask("PUT", f"/projects/{PROJECT}/subjects/S")
    ask("PUT", path)
    ask("PUT", f"{path}/scans/4", type="AX T2/FS*")
    ask("PUT", f"{path}/scans/5")
    ask("PUT", f"{path}/assessors/QC", xsiType="xnat:qcAssessmentData")
    for place in ("", "/scans/4", "/scans/5", "/assessors/QC/out"):
        assert ask("PUT", f"{path}{place}/resources/A/files/deep/x.txt", place.encode()).ok
    ask("PUT", f"{path}/scans/4/resources/B/files/y.txt", b"B")
    assert standin.tree.session("S_MR", PROJECT).label == "S_MR"
    return path


def unzipped(answer: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(answer)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


SCAN_4 = "S_MR/scans/4-AX_T2_FS_/resources"
SCAN_5 = "S_MR/scans/5/resources"


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/scans/4/files", {f"{SCAN_4}/A/files/deep/x.txt", f"{SCAN_4}/B/files/y.txt"}),
        ("/scans/4,5/resources/A/files", {f"{SCAN_4}/A/files/deep/x.txt", f"{SCAN_5}/A/files/deep/x.txt"}),
        ("/scans/ALL/resources/B/files", {f"{SCAN_4}/B/files/y.txt"}),
        (
            "/scans/ALL/resources/A,B",
            {f"{SCAN_4}/A/files/deep/x.txt", f"{SCAN_4}/B/files/y.txt", f"{SCAN_5}/A/files/deep/x.txt"},
        ),
        ("/resources/A/files", {"S_MR/resources/A/files/deep/x.txt"}),
        ("/files", {"S_MR/resources/A/files/deep/x.txt"}),
        ("/assessors/ALL/files", {"S_MR/assessors/QC/out/resources/A/files/deep/x.txt"}),
    ],
)
def test_a_zip_holds_what_the_path_names_laid_out_as_in_xnat(
    ask: Client, session: str, path: str, names: set[str]
) -> None:
    answer = ask("GET", session + path, format="zip")
    assert answer.headers["content-type"] == "application/zip"
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert set(unzipped(answer.content)) == names


def test_all_asks_for_every_level_of_a_session(ask: Client, session: str) -> None:
    every = unzipped(ask("GET", f"{session}/files", format="zip", all="true").content)
    assert len(every) == 5
    assert every["S_MR/resources/A/files/deep/x.txt"] == b""
    assert every[f"{SCAN_5}/A/files/deep/x.txt"] == b"/scans/5"


@pytest.mark.parametrize("packing", ["tar.gz", "tgz", "tar"])
def test_a_tar_holds_the_same_as_a_zip(ask: Client, session: str, packing: str) -> None:
    wanted = unzipped(ask("GET", f"{session}/scans/ALL/files", format="zip").content)
    answer = ask("GET", f"{session}/scans/ALL/files", format=packing)
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as archive:
        found = {}
        for member in archive:
            stream = archive.extractfile(member)
            assert stream is not None
            found[member.name] = stream.read()
    assert found == wanted


def test_what_comes_down_goes_up_again(ask: Client, session: str) -> None:
    packed = ask("GET", f"{session}/scans/ALL/files", format="zip").content
    again = f"/projects/{PROJECT}/subjects/S/resources/AGAIN"
    assert ask("PUT", f"{again}/files/u.zip", packed, extract="true").ok
    assert {row["URI"].partition("/files/")[2] for row in ask.rows(f"{again}/files")} == set(unzipped(packed))


def test_no_files_are_no_archive(ask: Client, session: str) -> None:
    ask("PUT", f"{session}/resources/EMPTY")
    assert ask("GET", f"{session}/resources/EMPTY/files", format="zip").status_code == 404
    assert ask.rows(f"{session}/resources/EMPTY/files") == []


def test_no_catalog_is_listed_or_packed_or_written_by_a_client(ask: Client, session: str) -> None:
    names = {Path(name).name for name in unzipped(ask("GET", f"{session}/files", format="zip").content)}
    assert not {name for name in names if name.endswith("_catalog.xml")}
    assert ask("PUT", f"{session}/resources/A/files/A_catalog.xml", b"<x/>").status_code == 400
