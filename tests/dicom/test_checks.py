"""What every image of a scan must be, just inside and just outside."""

from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from tests.dicom.judging import assert_refused, assert_volume
from tests.dicom.series_maker import Stack


def spaced(rows_apart: float, columns_apart: float) -> list[Dataset]:
    """An image of 12 rows and 10 columns among others, whose PixelSpacing is larger by this much."""
    datasets = Stack().datasets()
    datasets[3].PixelSpacing = [f"{1.5 + rows_apart:.9g}", f"{1.25 + columns_apart:.9g}"]
    return datasets


@pytest.mark.parametrize(("axis", "pixels"), [(0, 12), (1, 10)], ids=["rows", "columns"])
def test_pixel_spacings_may_differ_by_what_leaves_the_far_edge_in_its_place(
    tmp_path: Path, axis: int, pixels: int
) -> None:
    """A place may be off by 0.06 mm: a difference counts as often as there are pixels to the edge."""
    for sign in (-1, 1):
        within, beyond = ([0.0, 0.0] for _ in range(2))
        within[axis], beyond[axis] = (sign * f * 0.06 / pixels for f in (0.95, 1.05))

        assert_volume(spaced(*within), tmp_path)
        assert_refused(spaced(*beyond), tmp_path, "PixelSpacing must be the same in all images")
