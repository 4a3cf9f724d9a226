"""A file of weights as numbers that can be trusted: safetensors, whole, bounded and finite; without torch.

Source: the format's own page, https://huggingface.co/docs/safetensors, "Format": the length of a header as 8
bytes, little-endian; the header in JSON; the numbers of all tensors, without a gap.
"""

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import safetensors

MOST_ELEMENTS: Final = 2**31
"""Of a file: 8 GiB of float32."""

_KINDS: Final[Mapping[str, np.dtype[Any]]] = {
    "F16": np.dtype("<f2"),
    "F32": np.dtype("<f4"),
    "I64": np.dtype("<i8"),
}
_LENGTH = 8
_MOST_OF_A_HEADER = 100_000_000  # the format's own limit
_CHUNK = 2**22
"""Bytes that are looked at at once."""


class Tensor(NamedTuple):
    """A tensor of a file, its numbers unread.

    Attributes:
        kind: of its numbers, in the format's words: `F16`, `F32` or `I64`.
        shape: its axes.
        start: first byte in the file.
    """

    kind: str
    shape: tuple[int, ...]
    start: int

    @property
    def elements(self) -> int:
        """How many numbers it has."""
        return math.prod(self.shape)


def read_header(path: Path) -> Mapping[str, Tensor]:
    """The tensors of a file by name: it is a whole safetensors file of kinds and sizes that we read.

    Raises:
        ValueError: it is another file, cut short, or too large; the text says the rule and what was found.
    """
    _require_first_bytes(path)
    try:
        with safetensors.safe_open(path, framework="numpy"):  # checks the header and the length of the file
            pass
        tensors = _tensors(path)
    except (safetensors.SafetensorError, ValueError, KeyError, TypeError, RecursionError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ValueError(f"must be a whole safetensors file; it is not: {reason}") from None
    if odd := sorted({one.kind for one in tensors.values()} - set(_KINDS)):
        raise ValueError(f"must hold numbers of {', '.join(_KINDS)}; found {odd[0]}")
    elements = sum(one.elements for one in tensors.values())
    if elements > MOST_ELEMENTS:
        raise ValueError(f"must hold at most {MOST_ELEMENTS} numbers; found {elements}")
    return tensors


def require_finite(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Refuse weights of which one is not finite; a few megabytes are in memory at once.

    Args:
        path: the file.
        tensors: of it, as `read_header` gives them.

    Raises:
        ValueError: one is not; its tensor is told.
    """
    for name, tensor in tensors.items():
        if _KINDS[tensor.kind].kind == "f" and not all(
            bool(np.isfinite(numbers).all()) for numbers in _numbers(path, tensor)
        ):
            raise ValueError(f"must have finite numbers alone; one of {name[:80]!r} is not")


def _numbers(path: Path, tensor: Tensor) -> Iterator[np.ndarray[Any, Any]]:
    kind = _KINDS[tensor.kind]
    left = tensor.elements
    with path.open("rb") as stream:
        stream.seek(tensor.start)
        while left:
            found = np.fromfile(stream, kind, min(left, _CHUNK // kind.itemsize))
            if not found.size:  # the file shrank meanwhile
                raise ValueError("must be a whole safetensors file; it was cut short while it was read")
            left -= found.size
            yield found


def _require_first_bytes(path: Path) -> None:
    """A file of that name can be a pickle all the same; the format is told by its first bytes."""
    with path.open("rb") as stream:
        head = stream.read(_LENGTH + 1)
    length = int.from_bytes(head[:_LENGTH], "little")
    is_one = head[_LENGTH:] == b"{" and 2 <= length <= min(_MOST_OF_A_HEADER, path.stat().st_size - _LENGTH)  # noqa: PLR2004
    if not is_one:
        raise ValueError("must be a safetensors file; its first bytes are those of another format")


def _tensors(path: Path) -> Mapping[str, Tensor]:
    with path.open("rb") as stream:
        length = int.from_bytes(stream.read(_LENGTH), "little")
        header = json.loads(stream.read(length))
    return {
        name: Tensor(one["dtype"], tuple(one["shape"]), _LENGTH + length + one["data_offsets"][0])
        for name, one in sorted(header.items(), key=lambda item: _start(item[1]))
        if name != "__metadata__"
    }


def _start(told: Mapping[str, Any]) -> int:
    return int(told.get("data_offsets", (-1,))[0])
