"""How large an image is, what it adds to its base, and how long a container of it takes to start."""

import json
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

from sarcoma_core.images.engine import Engine

BASE_LABEL = "org.opencontainers.image.base.name"
"""The image that an image stands on (OCI image specification, annotations)."""

_STARTS = 3
_MB = 1e6


@dataclass(frozen=True)
class Measured:
    """One image.

    Args:
        image: its reference.
        size: bytes, unpacked.
        added: bytes beyond the image that it stands on.
        start: seconds from `docker run` to the end of `--help` (of a base: of `python --version`); median of
            three.
    """

    image: str
    size: int
    added: int
    start: float


def measure(engine: Engine, references: Sequence[str]) -> tuple[Measured, ...]:
    """Measure images.

    Args:
        engine: the engine that holds them.
        references: images of steps and of bases.

    Raises:
        RunError: an image is not there, or does not start.
    """
    return tuple(_measure(engine, reference) for reference in references)


def _measure(engine: Engine, image: str) -> Measured:
    [inspected] = json.loads(engine.output("image", "inspect", image))
    size = int(inspected["Size"])
    base = inspected["Config"]["Labels"][BASE_LABEL]
    # A step's entry point takes --help; a base has none, and its own command says Python's version.
    arguments = ("--help",) if inspected["Config"]["Entrypoint"] else ()
    starts = [_start(engine, image, arguments) for _ in range(_STARTS)]
    return Measured(image, size, size - _size(engine, base), statistics.median(starts))


def _size(engine: Engine, image: str) -> int:
    return int(engine.output("image", "inspect", "--format={{.Size}}", image))


def _start(engine: Engine, image: str, arguments: Sequence[str]) -> float:
    begun = time.perf_counter()
    engine.output("run", "--rm", "--network=none", "--read-only", "--tmpfs=/tmp", image, *arguments)
    return time.perf_counter() - begun


def table(measured: Sequence[Measured]) -> str:
    """The measurements as lines of text, e.g. for the end of `make images`."""
    width = max((len(m.image) for m in measured), default=0)
    header = f"{'image':{width}}  {'size':>8}  {'added':>8}  {'start':>7}"
    rows = (
        f"{m.image:{width}}  {m.size / _MB:5.0f} MB  {m.added / _MB:5.0f} MB  {m.start:5.2f} s"
        for m in measured
    )
    return "\n".join((header, *rows))
