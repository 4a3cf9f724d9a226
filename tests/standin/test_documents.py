import threading
from pathlib import Path

from sarcoma_core.standin.documents import Documents


def test_what_was_written_is_there_after_a_restart_in_the_order_of_writing(tmp_path: Path) -> None:
    first = Documents(tmp_path / "base")
    for name in ("b", "a"):
        first.put("thing", name, {"name": name})
    first.put("thing", "b", {"name": "b", "again": True})
    first.close()
    again = Documents(tmp_path / "base")
    assert again.all("thing") == {"b": {"name": "b", "again": True}, "a": {"name": "a"}}
    assert list(again.all("thing")) == ["b", "a"]


def test_a_document_is_a_copy_that_changes_nothing_behind_it() -> None:
    documents = Documents()
    documents.put("thing", "a", {"list": [1]})
    (documents.get("thing", "a") or {})["list"].append(2)
    assert documents.get("thing", "a") == {"list": [1]}


def test_a_number_is_never_given_twice_by_threads_or_after_a_restart(tmp_path: Path) -> None:
    documents = Documents(tmp_path / "base")
    given: list[int] = []
    threads = [
        threading.Thread(target=lambda: given.extend(documents.next_id("thing") for _ in range(50)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    documents.close()
    assert sorted(given) == list(range(1, 201))
    assert Documents(tmp_path / "base").next_id("thing") == 201


def test_deleting_says_whether_there_was_one() -> None:
    documents = Documents()
    documents.put("thing", "a", {})
    assert documents.delete("thing", "a")
    assert not documents.delete("thing", "a")
    assert documents.get("thing", "a") is None


def test_the_file_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    Documents(tmp_path / "base").close()
    assert (tmp_path / "base").stat().st_mode & 0o077 == 0
