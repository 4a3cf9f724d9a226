"""Ten times the contours need no more memory: they are read one at a time."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from tests.dicom.rtstruct.rtstruct_maker import Drawn, Made, Roi

SLICES, POINTS = 100, 200
GROWTH = 1.5

MARK = b"HEIGHT"

READ = """
import sys
from pathlib import Path
import numpy as np
from sarcoma_core.dicom.rtstruct import read_rtstruct
from sarcoma_core.imaging.volume import Volume

def most():
    return next(line.split()[1] for line in Path("/proc/self/status").open() if line.startswith("VmHWM"))

grid = Volume(np.zeros((200, 200, 100), np.float32), np.diag([-1.0, -1.0, 2.0, 1.0]))
before = most()
found = read_rtstruct(Path(sys.argv[1])).on(1, grid)
print(found.facts["contours"], int(found.mask.sum()), before, most())
"""
"""`ru_maxrss` of a process is at least that of the one that started it; VmHWM is its own."""


def circle(island: int) -> Drawn:
    """One of 100 round islands side by side, of 200 points, on a slice that is yet to be told."""
    angle = np.linspace(0, 2 * np.pi, POINTS, endpoint=False)
    row, column = divmod(island, 10)
    x, y = 10 + 20 * column + 8 * np.cos(angle), 10 + 20 * row + 8 * np.sin(angle)
    text = "\\".join(f"{a:.5f}\\{b:.5f}\\{MARK.decode()}" for a, b in zip(x, y, strict=True))
    return Drawn(data=text.encode(), image="1.2.826.0.1.3680043.8.498.50")


def write(path: Path, syntax: str, per_slice: int) -> Path:
    """A file with the islands on each of 100 slices: copies of items, as no length stands around them."""
    contours = [circle(island) for island in range(per_slice)]
    content = Made((Roi(contours),), syntax=syntax, undefined=True).encoded()
    sequence = content.index(b"\x06\x30\x40\x00")
    first = content.index(b"\xfe\xff\x00\xe0", sequence)
    last = content.rindex(MARK) + len(MARK)
    end = content.index(b"\xfe\xff\x0d\xe0", last) + 8
    with path.open("wb") as file:
        file.write(content[:first])
        for k in range(SLICES):
            file.write(content[first:end].replace(MARK, b"%06d" % (2 * k)))
        file.write(content[end:])
    return path


def read(path: Path) -> list[float]:
    command = [sys.executable, "-c", READ, str(path)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [float(value) for value in told.split()]


@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian], ids=["implicit", "explicit"]
)
def test_10000_contours_take_the_memory_of_1000_and_half_as_much_again_at_most(
    tmp_path: Path, syntax: str
) -> None:
    few, many = (write(tmp_path / f"{count}.dcm", syntax, count) for count in (10, 100))
    assert many.stat().st_size > 30_000_000
    contours, voxels, before, most = read(few)
    more_contours, more_voxels, more_before, more_most = read(many)
    assert (contours, more_contours) == (1000, 10000)
    assert more_voxels == 10 * voxels
    assert more_most <= GROWTH * most
    assert more_most - more_before <= GROWTH * (most - before)
