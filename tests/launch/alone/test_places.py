"""Where results go: nothing that is not an earlier line's is deleted, and nothing half-written appears."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sarcoma_core.errors import OutputError, UsageError
from sarcoma_core.launch.alone.places import check_apart, check_out, put_results, working_beside
from sarcoma_core.provenance import sha256


def earlier(out: Path, *files: str) -> Path:
    """The results of an earlier line."""
    out.mkdir()
    for name in files:
        (out / name).parent.mkdir(exist_ok=True)
        (out / name).write_text(name)
    hashes = {name: sha256(out / name) for name in files}
    (out / "segment.json").write_text(json.dumps({"sessions": [{"files": hashes}, {"files": {}}]}))
    return out


def test_a_place_that_is_new_or_empty_is_free(tmp_path: Path) -> None:
    check_out(tmp_path / "new", replace=False)
    (tmp_path / "new" / "inner").mkdir(parents=True)
    check_out(tmp_path / "new", replace=False)


def test_one_that_holds_results_is_taken_unless_they_may_go(tmp_path: Path) -> None:
    out = earlier(tmp_path / "out", "tumour.nii.gz", "S_MR/report.html")
    with pytest.raises(OutputError, match="OUT: must be new or empty; found 3 files") as taken:
        check_out(out, replace=False)
    assert "--replace" in taken.value.hint
    check_out(out, replace=True)


@pytest.mark.parametrize("name", ["thesis.docx", ".hidden", "S_MR/photo.png", "tumour.nii"])
def test_what_no_line_has_written_is_never_deleted(tmp_path: Path, name: str) -> None:
    out = earlier(tmp_path / "out", "tumour.nii.gz", "S_MR/report.html")
    (out / name).write_text("mine")
    with pytest.raises(
        OutputError, match=r"must hold nothing but the results of an earlier line.* 1 other or changed file"
    ):
        check_out(out, replace=True)


def test_a_result_that_a_person_has_changed_is_never_deleted(tmp_path: Path) -> None:
    out = earlier(tmp_path / "out", "tumour.nii.gz", "S_MR/report.html")
    (out / "tumour.nii.gz").write_text("corrected")
    with pytest.raises(OutputError, match="1 other or changed file"):
        check_out(out, replace=True)
    (out / "tumour.nii.gz").write_text("tumour.nii.gz")
    check_out(out, replace=True)


@pytest.mark.parametrize("replace", [True, False])
def test_what_comes_while_it_is_worked_is_never_deleted(tmp_path: Path, *, replace: bool) -> None:
    made, out = tmp_path / "made", tmp_path / "out"
    made.mkdir()
    out.mkdir()
    check_out(out, replace=replace)
    (out / "mine.txt").write_text("mine")
    with pytest.raises(OutputError, match="found 1"):
        put_results(made, out, replace=replace)
    assert (out / "mine.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("given", "within"),
    [
        ("out/t1.nii.gz", True),
        ("out", True),
        (".", False),
        ("out2", False),
        ("export", False),
        ("out/../t1.nii.gz", False),
    ],
)
def test_results_take_the_place_of_nothing_that_is_read(tmp_path: Path, given: str, *, within: bool) -> None:
    (tmp_path / "out").mkdir()
    places = {"--model": tmp_path / "export", "IMAGES": tmp_path / given}
    if not within:
        check_apart(tmp_path / "out", places)
        return
    with pytest.raises(UsageError, match="OUT: must not hold IMAGES"):
        check_apart(tmp_path / "out", places)


def test_a_folder_that_cannot_be_written_is_refused_before_anything_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked of the system, as the administrator may write everywhere."""
    (tmp_path / "out").mkdir()
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(OutputError, match="OUT: must be writable"):
        check_out(tmp_path / "out", replace=False)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"sessions": 3}', '{"sessions": [{"files": null}]}'])
def test_nor_where_the_list_of_what_was_written_cannot_be_read(tmp_path: Path, content: str) -> None:
    out = earlier(tmp_path / "out", "tumour.nii.gz")
    (out / "segment.json").write_text(content)
    with pytest.raises(OutputError, match="must hold nothing but the results"):
        check_out(out, replace=True)


def test_a_file_is_no_place(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    for replace in (False, True):
        with pytest.raises(OutputError, match="OUT: must be a folder, or nothing yet; found a file"):
            check_out(tmp_path / "out", replace=replace)


def test_the_folder_beside_is_gone_afterwards_and_those_of_killed_processes_are_swept(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    dead, living = tmp_path / f".segment-{ended.pid}-x", tmp_path / f".segment-{os.getpid()}-x"
    dead.mkdir()
    living.mkdir()
    with working_beside(tmp_path / "out") as work:
        assert work.parent == tmp_path
        (work / "a").write_text("")
    assert [path.name for path in tmp_path.iterdir()] == [living.name]
    with pytest.raises(KeyboardInterrupt), working_beside(tmp_path / "out"):
        raise KeyboardInterrupt
    assert [path.name for path in tmp_path.iterdir()] == [living.name]


def test_the_results_take_the_place_of_earlier_ones_whole(tmp_path: Path) -> None:
    out = earlier(tmp_path / "out", "tumour.nii.gz")
    made = earlier(tmp_path / "made", "oedema.nii.gz")
    put_results(made, out, replace=True)
    assert sorted(path.name for path in out.iterdir()) == ["oedema.nii.gz", "segment.json"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_place_that_cannot_be_written_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="OUT: must be writable"), working_beside(tmp_path / "file" / "out"):
        pass
    made = earlier(tmp_path / "made")
    with pytest.raises(OutputError, match="OUT: must be writable and have space"):
        put_results(made, tmp_path / "nowhere" / "out", replace=False)
    assert made.is_dir()
