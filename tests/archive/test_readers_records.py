"""Records that are appended: never replaced, never half there, and taken by one alone."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from sarcoma_core.archive.readings import (
    ABANDONED_S,
    FolderRecords,
    RecordTakenError,
    numbers_of,
    stems_of,
)
from sarcoma_core.errors import OutputError

STEM = "references/S1/2/tumour"


def visible(root: Path) -> dict[str, bytes]:
    found = (path for path in sorted(root.rglob("*")) if path.is_file() and not path.name.startswith("."))
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in found}


def test_each_record_has_the_next_number_and_the_newest_counts(tmp_path: Path) -> None:
    book = FolderRecords(tmp_path)
    assert book.newest(STEM) is None
    first = book.append(STEM, b"one", None)
    second = book.append(STEM, b"two", first)
    assert (first.path, second.path) == (f"{STEM}-1.json", f"{STEM}-2.json")
    newest = book.newest(STEM)
    assert newest is not None
    assert (newest.number, newest.content, newest.sha256) == (2, b"two", second.sha256)
    assert visible(tmp_path) == {f"READERS/{STEM}-1.json": b"one", f"READERS/{STEM}-2.json": b"two"}
    assert book.stems("references") == book.stems("references/S1") == (STEM,)
    assert book.stems("decisions") == ()


def test_who_has_read_something_older_is_told_what_is_there_now_and_writes_nothing(tmp_path: Path) -> None:
    book = FolderRecords(tmp_path)
    first = book.append(STEM, b"one", None)
    book.append(STEM, b"two", first)
    before = visible(tmp_path)
    for after in (None, first):
        with pytest.raises(RecordTakenError, match="somebody else wrote it since") as told:
            book.append(STEM, b"three", after)
        assert told.value.holder is not None
        assert told.value.holder.content == b"two"
    assert visible(tmp_path) == before


def test_a_record_that_was_changed_by_hand_is_another(tmp_path: Path) -> None:
    book = FolderRecords(tmp_path)
    first = book.append(STEM, b"one", None)
    (tmp_path / "READERS" / first.path).write_bytes(b"another")
    with pytest.raises(RecordTakenError, match=f"must be as it was read at {first.seen[:10]}"):
        book.append(STEM, b"two", first)


def test_of_many_who_write_at_once_one_wins_each_time(tmp_path: Path) -> None:
    won: list[int] = []
    together = threading.Barrier(8)

    def write(number: int) -> None:
        book = FolderRecords(tmp_path)
        seen = book.newest(STEM)
        together.wait()
        try:
            book.append(STEM, f"{number}".encode(), seen)
        except RecordTakenError:
            return
        won.append(number)

    for one in range(1, 6):
        threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(won) == one
    contents = [visible(tmp_path)[f"READERS/{STEM}-{n}.json"] for n in range(1, 6)]
    assert contents == [f"{number}".encode() for number in won]


KILLED = """
import os, signal, sys
from pathlib import Path
from sarcoma_core.archive import readings
lines, at = 0, int(sys.argv[2])
def trace(frame, event, argument):
    global lines
    if frame.f_code.co_filename != readings.__file__:
        return None
    if event == "line":
        lines += 1
        if lines == at:
            os.kill(os.getpid(), signal.SIGKILL)
    return trace
book = readings.FolderRecords(Path(sys.argv[1]))
seen = book.newest("references/S1/2/tumour")
sys.settrace(trace)
book.append("references/S1/2/tumour", b"two" * 1000, seen)
sys.settrace(None)
print(lines)
"""


def append_and_die(root: Path, at: int) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-c", KILLED, str(root), str(at)]
    return subprocess.run(line, check=False, capture_output=True, text=True)


def test_killed_at_twenty_points_nothing_is_lost_and_nothing_is_half_written(tmp_path: Path) -> None:
    FolderRecords(tmp_path / "whole").append(STEM, b"one", None)
    lines = int(append_and_die(tmp_path / "whole", 0).stdout)
    assert lines > 40
    written = 0
    for point in range(20):
        root = tmp_path / str(point)
        book = FolderRecords(root)
        first = book.append(STEM, b"one", None)
        assert append_and_die(root, 1 + point * (lines - 1) // 19).returncode == -9
        there = visible(root)
        assert there.pop(f"READERS/{first.path}") == b"one"
        assert there in ({}, {f"READERS/{STEM}-2.json": b"two" * 1000})
        written += bool(there)
        for left in (root / "READERS").rglob(".*"):
            os.utime(left, (0, 0))
        after = book.append(STEM, b"three", book.newest(STEM))
        assert after.number == 2 + bool(there)
        assert not list((root / "READERS").rglob(".*"))
    assert 0 < written < 20


def test_what_somebody_may_be_writing_right_now_is_left_alone(tmp_path: Path) -> None:
    book = FolderRecords(tmp_path)
    first = book.append(STEM, b"one", None)
    folder = tmp_path / "READERS" / "references" / "S1" / "2"
    young, old = folder / ".young.partial", folder / ".old.partial"
    now = young.stat().st_mtime if young.exists() else folder.stat().st_mtime
    for path, age in ((young, 0.9), (old, 1.1)):
        path.write_bytes(b"half")
        os.utime(path, (now - age * ABANDONED_S,) * 2)
    book.append(STEM, b"two", first)
    assert (young.exists(), old.exists()) == (True, False)


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "READERS").write_text("a file is in the way")
    with pytest.raises(OutputError, match="READERS: must be writable"):
        FolderRecords(tmp_path).append(STEM, b"one", None)


def test_a_disk_without_hard_links_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def link(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", link)
    with pytest.raises(OutputError, match="with space and hard links; found: Operation not supported"):
        FolderRecords(tmp_path).append(STEM, b"one", None)
    assert visible(tmp_path) == {}
    assert not list(tmp_path.rglob(".*.partial"))


def test_others_may_read_a_record_as_they_may_any_file(tmp_path: Path) -> None:
    (tmp_path / "any").touch()
    first = FolderRecords(tmp_path).append(STEM, b"one", None)
    assert (tmp_path / "READERS" / first.path).stat().st_mode == (tmp_path / "any").stat().st_mode


def test_numbers_and_stems_are_told_from_names_alone() -> None:
    names = ["a-1.json", "a-12.json", "a-b-3.json", "a-0.json", "a-x.json", ".a-2.json", "a-1.json.partial"]
    assert numbers_of("a", names) == (1, 12)
    assert numbers_of("a-b", names) == (3,)
    assert stems_of(["x/a-1.json", "x/a-2.json", "x/b.json", "y-1.json"]) == ("x/a", "y")
