"""`sarcoma xnat roi` from the shell: what is printed, what is written, how it ends."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydicom.uid import generate_uid

from sarcoma_core.archive.importing import import_folder
from sarcoma_core.archive.store import Archive, Session
from sarcoma_core.cli import main
from sarcoma_core.standin.server import StandIn, StandInSettings
from sarcoma_core.standin.serving import serving
from tests.xnat.roi_maker import encoded, images_of, seg

PROJECT, LOGIN, SECRET = "STS", "reader-a", "a password of tests"


@dataclass(frozen=True)
class Server:
    url: str
    session: Session


@pytest.fixture(scope="module")
def server(cohort: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder, export = tmp_path_factory.mktemp("roi"), tmp_path_factory.mktemp("one") / "export"
    shutil.copytree(next(iter(sorted(cohort.iterdir()))), export)
    import_folder(Archive(folder), PROJECT, export)
    standin = StandIn(StandInSettings(folder, login=LOGIN, password=SECRET))
    with serving(standin) as url:
        yield Server(url, standin.archive.sessions(PROJECT)[0])


@pytest.fixture
def roi(server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A SEG of the session in a folder, and the environment of whoever uploads it."""
    for name, value in (("XNAT_HOST", server.url), ("XNAT_USER", LOGIN), ("XNAT_PASS", SECRET)):
        monkeypatch.setenv(name, value)
    file = tmp_path / f"mass-{generate_uid()[-12:]}.dcm"
    file.write_bytes(encoded(seg(images_of(server.session.path, "4"))))
    return file


def test_check_without_a_session_says_what_a_file_refers_to(
    roi: Path, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["xnat", "roi", "check", str(roi), "-o", "json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert (told["type"], told["regions"], told["images"], told["verdict"]) == ("SEG", 1, 3, "not asked")
    assert told["study"] == server.session.study_uid


def test_check_with_a_session_says_what_the_server_would_answer(
    roi: Path, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["xnat", "roi", "check", str(roi), "--session", server.session.id, "-q"]
    assert main(words) == 0
    assert capsys.readouterr().out == "accepted\n"
    made = seg(images_of(server.session.path, "4"))
    made.StudyInstanceUID = generate_uid()
    roi.write_bytes(encoded(made))
    assert main(words) == 3
    assert capsys.readouterr().out == "422: Missing dependencies: study UID\n"


def test_what_is_put_can_be_listed_and_fetched_with_its_reader(
    roi: Path, server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["xnat", "roi", "put", str(roi), "--session", server.session.id, "-q"]) == 0
    key = capsys.readouterr().out.strip()
    assert key.startswith("RoiCollection_")
    assert main(["xnat", "roi", "list", "--project", PROJECT, "-o", "json"]) == 0
    (listed,) = (row for row in json.loads(capsys.readouterr().out) if row["id"] == key)
    assert (listed["label"], listed["type"], listed["reader"]) == (roi.stem, "SEG", LOGIN)
    out = ["--out", str(tmp_path / "back")]
    assert main(["xnat", "roi", "get", roi.stem, "--project", PROJECT, *out, "-o", "json"]) == 0
    (fetched,) = json.loads(capsys.readouterr().out)
    assert fetched["reader"] == LOGIN
    assert Path(fetched["file"]).read_bytes() == roi.read_bytes()


def test_a_dry_run_stores_nothing(roi: Path, server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["xnat", "roi", "put", str(roi), "--session", server.session.id, "--dry-run"]) == 0
    assert "would be stored" in capsys.readouterr().out
    assert main(["xnat", "roi", "list", "--project", PROJECT, "-q"]) == 0
    assert roi.stem not in capsys.readouterr().out


def test_a_refusal_ends_with_the_servers_words_and_what_to_do(
    roi: Path, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["xnat", "roi", "put", str(roi), "--session", server.session.id]
    assert main(words) == 0
    capsys.readouterr()
    for again in (words, [*words, "--dry-run"]):
        assert main(again) == 1
        told = capsys.readouterr().err.splitlines()
        assert told[-1].endswith("it answers 422: ROI collection exists, overwrite not specified.")
        assert "--overwrite" in told[-2]
    assert main([*words, "--overwrite"]) == 0


def test_a_file_that_is_none_is_refused_before_any_server_is_asked(
    roi: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XNAT_HOST", "http://127.0.0.1:1")
    roi.write_bytes(b"no DICOM")
    assert main(["xnat", "roi", "put", str(roi), "--session", "E"]) == 1
    assert "must be DICOM" in capsys.readouterr().err
    assert main(["xnat", "roi", "check", str(roi.with_name("none.dcm"))]) == 1
    assert "FILE" in capsys.readouterr().err


@pytest.mark.usefixtures("roi")
def test_an_unknown_name_is_no_download(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["xnat", "roi", "get", "nothing", "--project", PROJECT]) == 2
    assert "sarcoma xnat roi list" in capsys.readouterr().err
