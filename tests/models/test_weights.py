"""A file of weights is whole, bounded and finite before a network is built of it; no torch is needed."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sarcoma_core.models import weights
from sarcoma_core.models.weights import MOST_ELEMENTS, read_header, require_finite
from tests.models.made import plain_weights, raw_pickle, safetensors_bytes, two_faced_pickle, zipped_pickle

BODY = safetensors_bytes(plain_weights())
HEADER = int.from_bytes(BODY[:8], "little")


def file(folder: Path, content: bytes) -> Path:
    path = folder / "weights.safetensors"
    path.write_bytes(content)
    return path


def with_header(header: dict[str, Any], body: bytes = b"") -> bytes:
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + body


def test_the_header_tells_every_tensor_and_the_numbers_lie_where_it_says(tmp_path: Path) -> None:
    tensors = {
        name: np.arange(one.size, dtype="<f4").reshape(one.shape) for name, one in plain_weights().items()
    }
    path = file(tmp_path, safetensors_bytes(tensors))
    found = read_header(path)
    assert {name: one.shape for name, one in found.items()} == {n: t.shape for n, t in tensors.items()}
    for name, one in found.items():
        numbers = np.fromfile(path, "<f4", one.elements, offset=one.start)
        assert np.array_equal(numbers, tensors[name].ravel())
    require_finite(path, found)


def test_what_safetensors_itself_writes_is_read(tmp_path: Path) -> None:
    from safetensors.numpy import save_file  # noqa: PLC0415

    tensors = {"a": np.ones((2, 3), np.float16), "b": np.ones(4, np.float32), "n": np.ones((), np.int64)}
    save_file(tensors, tmp_path / "a.safetensors", metadata={"format": "np"})
    found = read_header(tmp_path / "a.safetensors")
    assert {name: (one.kind, one.shape) for name, one in found.items()} == {
        "a": ("F16", (2, 3)),
        "b": ("F32", (4,)),
        "n": ("I64", ()),
    }
    require_finite(tmp_path / "a.safetensors", found)


@pytest.mark.parametrize(
    ("content", "good"),
    [
        (BODY, True),
        (with_header({}), True),
        (BODY[:-1], False),
        (BODY + b"\0", False),
        (BODY[: 8 + HEADER], False),
        (BODY[: 8 + HEADER - 1], False),
        (BODY[:8], False),
        (BODY[:7], False),
        (b"", False),
        ((1).to_bytes(8, "little") + b"{}", False),
        ((3).to_bytes(8, "little") + b"{}", False),
        ((2).to_bytes(8, "little") + b"[]", False),
        ((2).to_bytes(8, "big") + b"{}", False),
        ((8).to_bytes(8, "little") + b"{notjson", False),
        (with_header({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}}, bytes(4)), False),
        (with_header({"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}, bytes(8)), False),
        (with_header({"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}, bytes(4)), False),
        (with_header({"a": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]}}), False),
        (with_header({"a": {"dtype": "F32", "shape": [2**62, 4], "data_offsets": [0, 0]}}), False),
        (with_header({"a": 1}), False),
        (with_header({"a": {}}), False),
    ],
)
def test_a_file_is_whole_or_refused(tmp_path: Path, content: bytes, *, good: bool) -> None:
    path = file(tmp_path, content)
    if good:
        require_finite(path, read_header(path))
        return
    with pytest.raises(ValueError, match=r"must be a (whole )?safetensors file") as caught:
        read_header(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("make", [raw_pickle, zipped_pickle, two_faced_pickle])
def test_a_pickle_is_refused_and_not_run(tmp_path: Path, make: Any) -> None:
    with pytest.raises(ValueError, match="safetensors file"):
        read_header(file(tmp_path, make(tmp_path / "sprung")))
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    ("kind", "good"), [("<f2", True), ("<f4", True), ("<i8", True), ("<f8", False), ("<i4", False)]
)
def test_numbers_are_of_kinds_that_a_network_of_ours_has(tmp_path: Path, kind: str, *, good: bool) -> None:
    path = file(tmp_path, safetensors_bytes({"a": np.ones(3, kind)}))
    if good:
        read_header(path)
        return
    with pytest.raises(ValueError, match=r"must hold numbers of F16, F32, I64; found (F64|I32)"):
        read_header(path)


@pytest.mark.parametrize(("more", "good"), [(0, True), (1, False)])
def test_their_number_is_bounded_before_one_is_read(tmp_path: Path, more: int, *, good: bool) -> None:
    """A file of 4 GiB, of which no block is on the disk."""
    elements = MOST_ELEMENTS + more
    head = with_header({"a": {"dtype": "F16", "shape": [elements], "data_offsets": [0, 2 * elements]}})
    path = file(tmp_path, head)
    with path.open("r+b") as stream:
        stream.truncate(len(head) + 2 * elements)
    if good:
        assert read_header(path)["a"].elements == MOST_ELEMENTS
        return
    with pytest.raises(ValueError, match=f"at most {MOST_ELEMENTS} numbers; found {elements}"):
        read_header(path)


@pytest.mark.parametrize("kind", ["<f2", "<f4"])
@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [0, 4, 5, 9])
def test_one_number_that_is_not_finite_is_one_too_many_wherever_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, number: float, place: int
) -> None:
    """Also at the borders of what is looked at at once."""
    monkeypatch.setattr(weights, "_CHUNK", 5 * np.dtype(kind).itemsize)
    tensors = {"first": np.ones(3, kind), "second": np.full(10, np.finfo(kind).max, kind)}
    path = file(tmp_path, safetensors_bytes(tensors))
    require_finite(path, read_header(path))
    tensors["second"][place] = number
    path = file(tmp_path, safetensors_bytes(tensors))
    with pytest.raises(ValueError, match="one of 'second' is not"):
        require_finite(path, read_header(path))


def test_whole_numbers_are_finite(tmp_path: Path) -> None:
    path = file(tmp_path, safetensors_bytes({"n": np.full(2, 0x7FF8_0000_0000_0000, "<i8")}))
    require_finite(path, read_header(path))


def test_a_file_that_shrinks_while_it_is_read_is_told(tmp_path: Path) -> None:
    path = file(tmp_path, BODY)
    tensors = read_header(path)
    path.write_bytes(BODY[: 8 + HEADER])
    with pytest.raises(ValueError, match="cut short while it was read"):
        require_finite(path, tensors)
