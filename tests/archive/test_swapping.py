"""Several folders come to their places together, or not at all."""

import subprocess
import sys
from pathlib import Path

import pytest

from sarcoma_core.archive.swapping import put_in_place, take_back


def folder(path: Path, content: str) -> Path:
    path.mkdir(parents=True)
    (path / "a").write_text(content)
    return path


def tree(root: Path) -> dict[str, str]:
    return {str(p.relative_to(root)): p.read_text() for p in sorted(root.rglob("*")) if p.is_file()}


def test_each_takes_the_place_of_an_earlier_one_of_which_nothing_is_left(tmp_path: Path) -> None:
    new = {folder(tmp_path / "new" / n, f"new {n}"): tmp_path / "there" / n for n in ("A", "B", "C")}
    for name in ("A", "B"):
        folder(tmp_path / "there" / name, "old")
        (tmp_path / "there" / name / "stale").write_text("old")
    put_in_place(new)
    assert tree(tmp_path) == {f"there/{n}/a": f"new {n}" for n in ("A", "B", "C")}
    assert sorted(p.name for p in (tmp_path / "there").iterdir()) == ["A", "B", "C"]


@pytest.mark.parametrize("moved", [False, True], ids=["before the move", "after it"])
@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), KeyboardInterrupt()], ids=repr)
@pytest.mark.parametrize("fails_at", range(1, 6))
def test_whichever_move_fails_or_is_interrupted_all_is_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails_at: int, error: BaseException, *, moved: bool
) -> None:
    """Two have an earlier folder in their place, one has none: five moves.

    A signal that comes while the system renames is raised when that is done.
    """
    new = {folder(tmp_path / "new" / n, f"new {n}"): tmp_path / "there" / n for n in ("A", "B", "C")}
    for name in ("A", "B"):
        folder(tmp_path / "there" / name, "old")
    before = tree(tmp_path)
    moves, rename = 0, Path.rename

    def failing(path: Path, target: Path) -> Path:
        nonlocal moves
        moves += 1
        if moves == fails_at and not moved:
            raise error
        done = rename(path, target)
        if moves == fails_at:
            raise error
        return done

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(type(error)):
        put_in_place(new)
    assert tree(tmp_path) == before
    assert sorted(p.name for p in (tmp_path / "there").iterdir()) == ["A", "B"]


def test_nothing_to_move_is_well() -> None:
    put_in_place({})


KILLED = """
import os, signal, sys
from pathlib import Path
from sarcoma_core.archive.swapping import put_in_place
moves, rename = 0, Path.rename
def killed(path, target):
    global moves
    done = rename(path, target)
    moves += 1
    if moves == int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)
    return done
Path.rename = killed
put_in_place({Path(sys.argv[1]): Path(sys.argv[2])})
"""


@pytest.mark.parametrize(("moves", "content"), [(1, "old"), (2, "new")])
def test_what_a_killed_process_had_moved_aside_comes_back(tmp_path: Path, moves: int, content: str) -> None:
    """Between the two renames the folder has no place; after them the new one is there."""
    new, place = folder(tmp_path / "new" / "A", "new"), folder(tmp_path / "there" / "A", "old")
    done = subprocess.run([sys.executable, "-c", KILLED, str(new), str(place), str(moves)], check=False)
    assert done.returncode == -9
    assert place.exists() is (moves == 2)
    assert take_back(place.parent) == (() if moves == 2 else ("A",))
    assert tree(tmp_path / "there") == {"A/a": content}
    assert [p.name for p in place.parent.iterdir()] == ["A"]
    assert take_back(place.parent) == ()


def test_there_is_nothing_to_take_back_where_nothing_was_moved(tmp_path: Path) -> None:
    folder(tmp_path / ".hidden-folder", "its own")
    folder(tmp_path / "A-B", "its own")
    before = tree(tmp_path)
    assert take_back(tmp_path) == take_back(tmp_path / "missing") == ()
    assert tree(tmp_path) == before
