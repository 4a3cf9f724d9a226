"""The records of a project on a server: one coordinator writes, and what changed meanwhile is told."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sarcoma_core.archive.readings import READERS_LABEL, RecordTakenError
from sarcoma_core.archive.store import Archive
from sarcoma_core.launch.readers.remote_records import RemoteRecords
from sarcoma_core.xnat.rest.connection import Connection
from sarcoma_core.xnat.rest.filing import put_new_file
from sarcoma_core.xnat.rest.remote import RemoteTarget
from tests.archive.filed import served, session

STEM = "references/S1/2/tumour"
TARGET = RemoteTarget("project", "P", "P")


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    archive = Archive(tmp_path / "archive")
    session(archive, "A", "S1")
    with served(archive) as connection:
        yield connection


def test_records_are_appended_and_read_again(connection: Connection) -> None:
    book = RemoteRecords(connection, "P")
    assert book.newest(STEM) is None
    first = book.append(STEM, b"one\n", None)
    book.append(STEM, b"two\n", first)
    again = RemoteRecords(connection, "P")
    newest = again.newest(STEM)
    assert newest is not None
    assert (newest.number, newest.content) == (2, b"two\n")
    assert again.stems("references/S1") == (STEM,)
    assert again.content(f"{STEM}-1.json") == b"one\n"
    assert again.content(f"{STEM}-3.json") is None


def test_what_somebody_else_wrote_since_is_told_and_nothing_is_overwritten(connection: Connection) -> None:
    mine, theirs = RemoteRecords(connection, "P"), RemoteRecords(connection, "P")
    seen = mine.newest(STEM)
    theirs.append(STEM, b"theirs\n", theirs.newest(STEM))
    with pytest.raises(
        RecordTakenError, match=r"somebody else wrote it since\. Nothing was overwritten"
    ) as told:
        mine.append(STEM, b"mine\n", seen)
    assert told.value.holder is not None
    assert told.value.holder.content == b"theirs\n"
    assert theirs.content(f"{STEM}-1.json") == b"theirs\n"


def test_a_record_whose_hash_is_another_now_is_told_with_the_time_it_was_read(connection: Connection) -> None:
    book = RemoteRecords(connection, "P")
    first = book.append(STEM, b"one\n", None)
    path = f"{TARGET.path}/resources/{READERS_LABEL}/files/{first.path}"
    connection.put(path, data=b"changed\n", query={"overwrite": "true"}, content_type="text/plain")
    with pytest.raises(RecordTakenError, match=f"must be as it was read at {first.seen[:16]}"):
        book.append(STEM, b"two\n", first)
    assert book.content(first.path) == b"changed\n"


def test_one_who_writes_between_the_look_and_the_write_is_told_too(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server refuses to write over a file, which is as near to an atomic create as it comes."""
    book = RemoteRecords(connection, "P")
    create = book.create

    def late(path: str, content: bytes) -> bool:
        assert put_new_file(connection, TARGET, READERS_LABEL, path, b"theirs\n")
        return create(path, content)

    monkeypatch.setattr(book, "create", late)
    with pytest.raises(RecordTakenError):
        book.append(STEM, b"mine\n", None)
    assert book.content(f"{STEM}-1.json") == b"theirs\n"


def test_one_who_wins_a_race_that_the_server_did_not_see_is_found_by_reading_again(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = RemoteRecords(connection, "P")
    create = book.create

    def overwritten(path: str, content: bytes) -> bool:
        made = create(path, content)
        place = f"{TARGET.path}/resources/{READERS_LABEL}/files/{path}"
        connection.put(place, data=b"theirs\n", query={"overwrite": "true"}, content_type="text/plain")
        return made

    monkeypatch.setattr(book, "create", overwritten)
    with pytest.raises(RecordTakenError):
        book.append(STEM, b"mine\n", None)
