"""The resource CLINICAL: both files or the earlier ones, whatever happens in between."""

import os
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from sarcoma_core.archive.holdings import ResourceFolders
from sarcoma_core.archive.store import Archive
from sarcoma_core.archive.swapping import take_back
from sarcoma_core.errors import ArchiveError, InputError, OutputError
from sarcoma_core.launch.clinical.resource import ClinicalFolder, ClinicalPlace, ClinicalServer
from sarcoma_core.prognosis.clinical.pushing import table_files
from sarcoma_core.prognosis.clinical.table import ClinicalRow, ClinicalTable, read_clinical
from sarcoma_core.xnat.rest.answering import ServerError
from sarcoma_core.xnat.rest.connection import Connection, Login
from sarcoma_core.xnat.rest.filing import put_resource_file
from sarcoma_core.xnat.rest.remote import RemoteTarget
from tests.archive.filed import put, served, session

OLD = table_files(ClinicalTable((ClinicalRow("S1", values={"sex": "F"}),), "diagnosis"), "0" * 64)
NEW = table_files(ClinicalTable((ClinicalRow("S1"), ClinicalRow("S2", values={"sex": "M"}))), "1" * 64)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    held = Archive(tmp_path / "archive")
    for subject in ("S1", "S2"):
        session(held, subject, f"{subject}_MR")
    return held


@pytest.fixture(params=["archive", "server"])
def place(request: pytest.FixtureRequest, archive: Archive) -> Iterator[ClinicalPlace]:
    if request.param == "archive":
        yield ClinicalFolder(archive, "P")
        return
    with served(archive) as connection:
        yield ClinicalServer(connection, "P")


def files(archive: Archive) -> Mapping[str, bytes]:
    """All files of the project's resources but XNAT's catalogs, hidden ones included."""
    place = archive.resources_path("P")
    found = (p for p in place.rglob("*") if p.is_file() and not p.name.endswith("_catalog.xml"))
    return {p.relative_to(place).as_posix(): p.read_bytes() for p in found}


def test_what_is_written_is_held_and_nothing_else_is_there(place: ClinicalPlace, archive: Archive) -> None:
    assert place.held() == {}
    assert set(place.subjects()) == {"S1", "S2"}
    for content in (OLD, NEW):
        place.write(content)
        assert place.held() == content
        assert files(archive) == {f"CLINICAL/{name}": body for name, body in content.items()}


def test_other_files_are_named_unread_and_gone_after_a_write(place: ClinicalPlace, archive: Archive) -> None:
    folder = archive.resources_path("P") / "CLINICAL"
    for path in ("patients.xlsx", "deeper/notes.txt", "clinical.csv"):
        put(folder, path, b"by hand")
    put(archive.resources_path("P"), "OTHER/keep.txt", b"keep")
    assert place.held() == {"clinical.csv": b"by hand", "deeper/notes.txt": None, "patients.xlsx": None}
    place.write(NEW)
    assert place.held() == NEW
    assert {p for p in files(archive) if p.startswith("OTHER")} == {"OTHER/keep.txt"}


def test_an_unknown_project_of_an_archive_is_told(archive: Archive) -> None:
    with pytest.raises(ArchiveError, match="--project"):
        ClinicalFolder(archive, "NONE")


@pytest.mark.parametrize("name", ["clinical.csv", "clinical.json"])
def test_a_process_killed_before_a_file_is_written_leaves_the_old_pair(archive: Archive, name: str) -> None:
    ClinicalFolder(archive, "P").write(OLD)
    killed = f"""
        import os, signal
        from pathlib import Path
        from sarcoma_core.archive.store import Archive
        from sarcoma_core.launch.clinical.resource import ClinicalFolder
        written = Path.write_bytes
        def die(path, content):
            if path.name == {name!r}:
                os.kill(os.getpid(), signal.SIGKILL)
            return written(path, content)
        Path.write_bytes = die
        ClinicalFolder(Archive(Path({os.fspath(archive.root)!r})), "P").write({dict(NEW)!r})
    """
    ended = subprocess.run([sys.executable, "-c", textwrap.dedent(killed)], check=False, timeout=60)
    assert ended.returncode == -signal.SIGKILL
    assert ClinicalFolder(archive, "P").held() == OLD
    assert list(archive.resources_path("P").glob(".*"))
    ClinicalFolder(archive, "P").write(NEW)
    assert ClinicalFolder(archive, "P").held() == NEW
    assert [p.name for p in archive.resources_path("P").iterdir()] == ["CLINICAL"], "no table is left behind"


def test_a_process_killed_between_the_two_moves_is_mended_by_the_next_write(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = ClinicalFolder(archive, "P")
    place.write(OLD)
    aside = archive.resources_path("P") / ".CLINICAL-killed"
    aside.mkdir()
    (archive.resources_path("P") / "CLINICAL").rename(aside / "old")
    monkeypatch.setattr(Archive, "put_resources", _full)
    with pytest.raises(OutputError, match="--archive: must be writable"):
        place.write(NEW)
    assert place.held() == OLD  # they are back, and the disk that is full changed nothing


def _full(*_: object) -> None:
    raise OSError(28, "No space left on device")


def test_a_file_in_the_place_of_the_folder_is_one_of_somebody_else(archive: Archive) -> None:
    put(archive.resources_path("P"), "CLINICAL", b"by hand")
    place = ClinicalFolder(archive, "P")
    assert place.held() == {"CLINICAL": None}
    place.write(NEW)
    assert place.held() == NEW
    assert [p.name for p in archive.resources_path("P").iterdir()] == ["CLINICAL"]


def test_a_folder_that_somebody_else_takes_away_in_between_is_told_as_such(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = ClinicalFolder(archive, "P")
    place.write(OLD)
    swap = Archive.put_resources

    def after_another_swept(where: Path, sources: Mapping[str, Path]) -> None:
        for source in sources.values():
            shutil.rmtree(source)
        swap(where, sources)

    monkeypatch.setattr(Archive, "put_resources", staticmethod(after_another_swept))
    with pytest.raises(OutputError, match="somebody else writes here at the same time") as caught:
        place.write(NEW)
    assert "Run the same push again" in caught.value.hint
    assert place.held() == OLD


def test_another_push_that_takes_back_what_this_one_set_aside_is_told_as_such(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the two renames of a swap the other one sees a place without a folder, and fills it."""
    place = ClinicalFolder(archive, "P")
    place.write(OLD)
    rename = Path.rename

    def and_another_looks(path: Path, target: Path) -> Path:
        moved = rename(path, target)
        if target.name == "old":
            take_back(archive.resources_path("P"))
        return moved

    monkeypatch.setattr(Path, "rename", and_another_looks)
    with pytest.raises(OutputError, match="somebody else writes here at the same time"):
        place.write(NEW)
    monkeypatch.undo()
    assert place.held() == OLD


def test_a_disk_that_fails_is_not_told_as_somebody_else(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(place: Path, _: object) -> None:
        raise OSError(5, "Input/output error", str(place / "CLINICAL"))

    monkeypatch.setattr(Archive, "put_resources", staticmethod(fail))
    with pytest.raises(OutputError, match="must be writable and have space; found: Input/output error"):
        ClinicalFolder(archive, "P").write(NEW)


class CutOff(Connection):
    """A connection that a proxy cuts after so many files were sent."""

    sent = 0
    allowed = 99

    def put(self, path: str, **request: object) -> object:  # type: ignore[override]
        if self.sent == self.allowed:
            raise ServerError("cut off", status=502)
        self.sent += 1
        return super().put(path, **request)  # type: ignore[arg-type]


@pytest.mark.parametrize("allowed", [0, 1, 2])
def test_a_push_that_a_server_saw_a_part_of_is_no_table_to_a_reader_and_the_next_one_mends_it(
    archive: Archive, allowed: int
) -> None:
    with served(archive) as connection:
        whole = ClinicalServer(connection, "P")
        whole.write(OLD)
        with CutOff(Login(connection.server, "admin", "of tests")) as cut:
            cut.allowed = allowed
            with pytest.raises(ServerError, match="cut off"):
                ClinicalServer(cut, "P").write(NEW)
        held = ResourceFolders(archive.resources_path("P"))
        pair = [held.content("CLINICAL", name) for name in ("clinical.csv", "clinical.json")]
        if allowed:
            with pytest.raises(InputError):
                read_clinical(pair[0] or b"", pair[1] or b"")
        else:
            assert pair == [OLD["clinical.csv"], OLD["clinical.json"]]
        whole.write(NEW)
        assert whole.held() == NEW


def test_a_server_that_keeps_something_else_is_told(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoilt(connection: Connection, target: RemoteTarget, label: str, name: str, content: bytes) -> None:
        put_resource_file(connection, target, label, name, content[:-1])

    monkeypatch.setattr("sarcoma_core.launch.clinical.resource.put_resource_file", spoilt)
    with served(archive) as connection, pytest.raises(OutputError, match="must hold what was sent"):
        ClinicalServer(connection, "P").write(NEW)
