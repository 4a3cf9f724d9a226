"""What a session lacks: by bytes where the server keeps them, by the count of each UID where it does not."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from sarcoma_core.launch.upload.check import compare
from sarcoma_core.launch.upload.plan import Content
from sarcoma_core.xnat.rest.import_service import NOTHING, ArchivedFile, ArchivedFiles

Keeping = Callable[[Sequence[Content]], list[ArchivedFile]]
"""How a server keeps what it is sent."""
OTHER = "0" * 32
"""An MD5 that no file here has."""


@pytest.fixture
def contents(tmp_path: Path) -> tuple[Content, ...]:
    """Of UID 1.1 two contents in series 4, of 1.2 one in series 4 and one in 5, of 1.3 one."""
    made = []
    for place, (uid, number) in enumerate(
        [("1.1", "4"), ("1.1", "4"), ("1.2", "4"), ("1.2", "5"), ("1.3", "5")]
    ):
        path = tmp_path / f"{place}"
        path.write_text(f"content {place}")
        made.append(Content(uid, number, path))
    return tuple(made)


def as_they_are(contents: Sequence[Content]) -> list[ArchivedFile]:
    return [ArchivedFile(c.number, c.uid, c.digest) for c in contents]


def rewritten(contents: Sequence[Content]) -> list[ArchivedFile]:
    return [ArchivedFile(c.number, c.uid, f"{place:032}") for place, c in enumerate(contents, start=1)]


def unlisted(contents: Sequence[Content]) -> list[ArchivedFile]:
    return [ArchivedFile(c.number, c.uid) for c in contents]


@pytest.mark.parametrize("kept", [as_they_are, rewritten, unlisted])
def test_what_is_there_in_full_lacks_nothing_and_a_session_without_files_lacks_all(
    contents: tuple[Content, ...], kept: Keeping
) -> None:
    assert compare(contents, ArchivedFiles(tuple(kept(contents)))).missing == ()
    assert compare(contents, NOTHING).missing == contents


def test_each_content_that_a_server_which_keeps_bytes_lacks_is_the_one_that_is_missing(
    contents: tuple[Content, ...],
) -> None:
    for gone in contents:
        held = ArchivedFiles(tuple(as_they_are([c for c in contents if c != gone])))
        assert compare(contents, held) == ((gone,), 0)


@pytest.mark.parametrize("kept", [rewritten, unlisted])
def test_a_content_is_missed_by_the_count_of_its_uid_and_told_by_its_scan(
    contents: tuple[Content, ...], kept: Keeping
) -> None:
    for gone in contents:
        (missing,) = compare(contents, ArchivedFiles(tuple(kept([c for c in contents if c != gone])))).missing
        assert (missing.uid, missing.number) == (gone.uid, gone.number)


def test_another_content_under_a_uid_is_missing_when_the_server_keeps_bytes_and_else_counted_as_changed(
    contents: tuple[Content, ...],
) -> None:
    *others, last = contents
    edited = ArchivedFile(last.number, last.uid, OTHER)
    assert compare(contents, ArchivedFiles((*as_they_are(others), edited))) == ((last,), 0)
    assert compare((last,), ArchivedFiles((edited,))) == ((), 1)


def test_what_came_since_it_was_sent_counts_whatever_its_bytes(contents: tuple[Content, ...]) -> None:
    before = ArchivedFiles(tuple(as_they_are(contents[:1])))
    now = ArchivedFiles((*before.files, *rewritten(contents[1:])))
    assert compare(contents, now, before=before, sent=set(contents[1:])) == ((), 0)
    assert compare(contents, now, before=before).missing == contents[1:]


def test_an_instance_that_was_overwritten_by_the_next_of_its_uid_is_missing(
    contents: tuple[Content, ...],
) -> None:
    for kept in (as_they_are, rewritten, unlisted):
        now = ArchivedFiles(tuple(kept(contents[1:])))
        assert len(compare(contents, now, sent=set(contents)).missing) == 1


def test_a_file_lies_in_a_scan_that_got_a_suffix_and_in_no_other_that_begins_alike(
    contents: tuple[Content, ...],
) -> None:
    fourth, fifth = contents[2:4]
    assert compare((fourth, fifth), ArchivedFiles((ArchivedFile("5-MR1", "1.2"),))).missing == (fourth,)
    assert compare((fourth, fifth), ArchivedFiles((ArchivedFile("55", "1.2"),))).missing == (fifth,)


def test_the_bytes_of_a_new_sessions_files_are_not_read(tmp_path: Path) -> None:
    absent = Content("1.1", "4", tmp_path / "absent")
    assert compare((absent,), NOTHING).missing == (absent,)
