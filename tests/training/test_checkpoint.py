"""Where a training stands: whole or as it was before, whenever it is killed; nothing of another is taken."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="torch test: make extras to run it")

from safetensors import torch as safetensors_torch  # noqa: E402

from sarcoma_core.errors import InputError  # noqa: E402
from sarcoma_core.training import checkpoint  # noqa: E402
from sarcoma_core.training.checkpoint import EpochRow, Standing  # noqa: E402

KEY = "k" * 64
ROWS = (EpochRow(1, 0.9, 1e-3, None), EpochRow(2, 0.7123456789012345, 5e-4, 0.25))
FIRST = Standing(KEY, 1, 0, ROWS[:1])
SECOND = Standing(KEY, 2, 2, ROWS)
ENDED = Standing(KEY, 2, 2, ROWS, ended=True)


def tensors(seed: int, *names: str) -> dict[str, Any]:
    drawn = torch.Generator().manual_seed(seed)
    return {
        name: torch.randn((2, 3, 4), generator=drawn).transpose(0, 1)
        for name in names or ("weights.a", "step.a", "best.a")
    }


def assert_same(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    assert found.keys() == wanted.keys()
    assert all(torch.equal(found[name], wanted[name]) for name in wanted)


def assert_stands(folder: Path, standing: Standing, wanted: Mapping[str, Any]) -> None:
    found = checkpoint.read(folder, standing.key)
    assert found is not None
    assert found[0] == standing
    assert_same(found[1], wanted)


def test_what_was_written_is_read_to_the_last_digit(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "network-1"
    assert checkpoint.read(folder, KEY) is None
    checkpoint.save(folder, SECOND, tensors(1))
    assert_stands(folder, SECOND, tensors(1))
    checkpoint.save(folder, ENDED, tensors(2, "best.a"))
    assert_stands(folder, ENDED, tensors(2, "best.a"))
    assert len(list(folder.glob("*.safetensors"))) == 1  # what is over is deleted


class Killed(BaseException):
    """As a process that is no more: nobody catches it."""


class Disk:
    """Counts what is done to files, and is no more in the midst of one of these."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
        self.left = at
        written = (Path, "write_text", 0), (Path, "write_bytes", 0), (safetensors_torch, "save_file", 1)
        for owner, name, place in ((Path, "replace", None), (Path, "unlink", None), *written):
            monkeypatch.setattr(owner, name, self._killed(getattr(owner, name), place))

    def _killed(self, work: Any, place: int | None) -> Any:
        def instead(*args: Any, **kwargs: Any) -> Any:
            self.left -= 1
            if self.left >= 0:
                return work(*args, **kwargs)
            if place is not None:  # a file that was half written
                with args[place].open("wb") as stream:
                    stream.write(b'{"ep')
            raise Killed

        return instead


STEPS: tuple[tuple[Standing | None, Standing], ...] = (
    (None, FIRST),
    (FIRST, SECOND),
    (SECOND, ENDED),  # of the same epoch
    (replace(FIRST, key="o" * 64), FIRST),  # of another training, and of the same epoch
    (replace(SECOND, key="o" * 64), FIRST),
)


def kills(tmp_path: Path, before: Standing | None, after: Standing) -> Iterator[tuple[Path, bool]]:
    """The folder after a kill at each point of a save, and whether the save came through."""
    for at in range(20):
        folder = tmp_path / str(at)
        if before:
            checkpoint.save(folder, before, tensors(1))
        with pytest.MonkeyPatch.context() as patched:
            Disk(patched, at)
            try:
                checkpoint.save(folder, after, tensors(2))
            except Killed:
                through = False
            else:
                through = True
        yield folder, through
        if through:
            return
    raise AssertionError


@pytest.mark.parametrize(("before", "after"), STEPS)
def test_a_kill_between_any_two_files_leaves_the_older_state_or_the_newer(
    tmp_path: Path, before: Standing | None, after: Standing
) -> None:
    stood = []
    for folder, through in kills(tmp_path, before, after):
        newer = checkpoint.read(folder, after.key)
        is_newer = newer is not None and newer[0] == after
        if is_newer:
            assert_stands(folder, after, tensors(2))
        elif before:
            assert_stands(folder, before, tensors(1))
        else:
            assert newer is None
        assert is_newer or not through
        stood.append(is_newer)
        checkpoint.save(folder, after, tensors(2))  # and it goes on from there
        assert_stands(folder, after, tensors(2))
    assert stood == sorted(stood)  # never back
    assert not all(stood)


@pytest.mark.parametrize("size", [0, 1, 40])
def test_a_file_that_was_cut_short_while_it_was_written_harms_nothing(tmp_path: Path, size: int) -> None:
    """A kill within a file: what is half written has a name that nobody reads."""
    checkpoint.save(tmp_path, FIRST, tensors(1))

    def halfway(_: Any, path: Path) -> None:
        path.write_bytes(b"\x10" * size)
        raise Killed

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(safetensors_torch, "save_file", halfway)
        with pytest.raises(Killed):
            checkpoint.save(tmp_path, SECOND, tensors(2))
    assert_stands(tmp_path, FIRST, tensors(1))
    checkpoint.save(tmp_path, SECOND, tensors(2))
    assert_stands(tmp_path, SECOND, tensors(2))


def numbers_of(folder: Path) -> Path:
    (path,) = folder.glob("*.safetensors")
    return path


def spoil_last(path: Path) -> None:
    body = bytearray(path.read_bytes())
    body[-1] ^= 1
    path.write_bytes(bytes(body))


def spoil_json(folder: Path, **changes: Any) -> None:
    path = folder / checkpoint.STATE
    tree = json.loads(path.read_text())
    path.write_text(json.dumps({**tree, **changes}))


def elsewhere(folder: Path) -> None:
    """The very numbers, under a name that leads out of the folder."""
    numbers_of(folder).rename(folder.parent / "numbers.safetensors")
    spoil_json(folder, file="../numbers.safetensors")


FAULTS: dict[str, Any] = {
    "a bit of the numbers": lambda folder: spoil_last(numbers_of(folder)),
    "numbers cut short": lambda folder: numbers_of(folder).write_bytes(numbers_of(folder).read_bytes()[:-8]),
    "no numbers": lambda folder: numbers_of(folder).unlink(),
    "no JSON": lambda folder: (folder / checkpoint.STATE).write_text("{"),
    "a list": lambda folder: (folder / checkpoint.STATE).write_text("[]"),
    "a number": lambda folder: (folder / checkpoint.STATE).write_text("3"),
    "not UTF-8": lambda folder: (folder / checkpoint.STATE).write_bytes(b"\xff\xfe{"),
    "schema": lambda folder: spoil_json(folder, schema=2),
    "hash": lambda folder: spoil_json(folder, sha256="0" * 64),
    "another file": lambda folder: spoil_json(folder, file="checkpoint-9.safetensors"),
    "a path": lambda folder: spoil_json(folder, file="../../checkpoint.json"),
    "a file elsewhere": elsewhere,
    "no name": lambda folder: spoil_json(folder, file=None),
    "epoch": lambda folder: spoil_json(folder, epoch="1"),
    "one more": lambda folder: spoil_json(folder, more=1),
    "history": lambda folder: spoil_json(folder, history=[{"epoch": 1}]),
    "ended": lambda folder: spoil_json(folder, ended=1),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_checkpoint_that_was_changed_is_refused_with_what_to_do(tmp_path: Path, fault: str) -> None:
    folder = tmp_path / "network-1"
    checkpoint.save(folder, SECOND, tensors(1))
    FAULTS[fault](folder)
    with pytest.raises(InputError, match="checkpoint: must be as the training left it") as caught:
        checkpoint.read(folder, KEY)
    assert "train again" in caught.value.hint


def test_that_of_another_training_is_left_alone(tmp_path: Path) -> None:
    checkpoint.save(tmp_path, SECOND, tensors(1))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert checkpoint.read(tmp_path, "o" * 64) is None
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


MANY = 11
"""Networks, so that the tenth is not taken for the first."""


def filled(folder: Path, count: int = MANY) -> list[tuple[Standing, dict[str, Any]]]:
    held = []
    for number in range(count):
        standing = replace(SECOND, key=f"{number:064}", epoch=number + 1, ended=number < count - 1)
        numbers = tensors(number, "weights.a.b", "best.a.b", f"exp_avg.{number}.a")
        checkpoint.save(checkpoint.network_folder(folder, number), standing, numbers)
        held.append((standing, numbers))
    return held


def folders(folder: Path, count: int = MANY) -> list[Path]:
    return [checkpoint.network_folder(folder, number) for number in range(count)]


def test_several_networks_travel_in_two_files_and_come_out_as_they_were(tmp_path: Path) -> None:
    held = filled(tmp_path / "there")
    names = checkpoint.pack(folders(tmp_path / "there"), tmp_path / "member")
    assert names == (checkpoint.STATE, checkpoint.NUMBERS)
    assert sorted(path.name for path in (tmp_path / "member").iterdir()) == sorted(names)
    assert {path.stat().st_mode & 0o444 for path in (tmp_path / "member").iterdir()} == {0o444}
    assert checkpoint.unpack(tmp_path / "member", tmp_path / "here") == MANY
    for folder, (standing, numbers) in zip(folders(tmp_path / "here"), held, strict=True):
        assert_stands(folder, standing, numbers)


def test_those_that_have_not_begun_are_not_packed(tmp_path: Path) -> None:
    held = filled(tmp_path / "there", 2)
    checkpoint.pack(folders(tmp_path / "there", 5), tmp_path / "member")
    assert checkpoint.unpack(tmp_path / "member", tmp_path / "here") == 2
    assert_stands(folders(tmp_path / "here")[1], *held[1])
    assert not folders(tmp_path / "here")[2].exists()


@pytest.mark.parametrize(
    ("there", "taken"),
    [(None, True), (FIRST, True), (SECOND, False), (replace(SECOND, epoch=3), False), (ENDED, False)],
)
def test_what_has_gone_further_here_stays(tmp_path: Path, there: Standing | None, *, taken: bool) -> None:
    checkpoint.save(folders(tmp_path / "there")[0], SECOND, tensors(1))
    checkpoint.pack(folders(tmp_path / "there", 1), tmp_path / "member")
    here = folders(tmp_path / "here")[0]
    if there:
        checkpoint.save(here, there, tensors(2))
    checkpoint.unpack(tmp_path / "member", tmp_path / "here")
    if taken:
        assert_stands(here, SECOND, tensors(1))
    else:
        assert there is not None
        assert_stands(here, there, tensors(2))


@pytest.mark.parametrize("fault", ["a bit", "cut", "no numbers", "schema", "networks", "no JSON", "nothing"])
def test_an_unfinished_member_that_was_changed_is_refused(tmp_path: Path, fault: str) -> None:
    filled(tmp_path / "there", 2)
    member = tmp_path / "member"
    checkpoint.pack(folders(tmp_path / "there", 2), member)
    numbers, state = member / checkpoint.NUMBERS, member / checkpoint.STATE
    match fault:
        case "a bit":
            spoil_last(numbers)
        case "cut":
            numbers.write_bytes(numbers.read_bytes()[:20])
        case "no numbers":
            numbers.unlink()
        case "schema":
            spoil_json(member, schema=2)
        case "networks":
            spoil_json(member, networks=[{}])
        case "no JSON":
            state.write_text("[1")
        case _:
            state.unlink()
    with pytest.raises(InputError, match="checkpoint: must be as the training left it"):
        checkpoint.unpack(member, tmp_path / "here")
    assert not (tmp_path / "here").exists()


def test_numbers_that_are_not_finite_come_back_as_they_were(tmp_path: Path) -> None:
    odd = {"best.a": torch.tensor([np.nan, np.inf, -0.0])}
    checkpoint.save(tmp_path, FIRST, odd)
    found = checkpoint.read(tmp_path, KEY)
    assert found is not None
    assert found[1]["best.a"].numpy().tobytes() == odd["best.a"].numpy().tobytes()
