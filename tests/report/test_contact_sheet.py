"""The contact sheet shows every series the right way round, and its marks in words; it is always the same."""

import io
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from sarcoma_core.report.contact_sheet import COLUMNS, WIDTH, SheetEntry, contact_sheet
from tests.report.sessions import body, save

PLAIN = SheetEntry("3", "MR", "T1", 0.9)


def pixels(content: bytes) -> npt.NDArray[np.int64]:
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"), dtype=np.int64)


def picture(content: bytes) -> npt.NDArray[np.int64]:
    """The first tile's picture, grey."""
    return pixels(content)[64:296, 20:312, 1]


def volume(folder: Path, array: npt.NDArray[np.float32]) -> Path:
    path = folder / "v.nii.gz"
    save(path, array)
    return path


def test_equal_series_give_equal_bytes(tmp_path: Path) -> None:
    entries = [
        PLAIN,
        SheetEntry("4", "MR", "T1", 0.5, chosen=True, review=True, volume=volume(tmp_path, body())),
    ]
    assert contact_sheet(entries) == contact_sheet(entries)


@pytest.mark.parametrize("series", [0, 1, COLUMNS, COLUMNS + 1, 30])
def test_a_sheet_is_as_wide_as_a_screen_and_as_high_as_its_series_need(series: int) -> None:
    shape = pixels(contact_sheet([PLAIN] * series)).shape
    rows = max(1, -(-series // COLUMNS))
    one = pixels(contact_sheet([])).shape[0]
    two = pixels(contact_sheet([PLAIN] * 2 * COLUMNS)).shape[0]
    assert shape[1] == WIDTH
    assert shape[0] == one + (rows - 1) * (two - one)


def test_the_patients_right_is_on_the_left_and_the_front_at_the_top(tmp_path: Path) -> None:
    array = np.zeros((40, 40, 9), dtype=np.float32)
    array[25:, 25:] = 100  # RAS: to the right and the front of the patient
    turned = np.flip(array, axis=0).copy()  # the file's affine has x to the right: so this is the left side
    right, left = (
        picture(contact_sheet([SheetEntry("3", "MR", "T1", 1, volume=volume(tmp_path, one))]))
        for one in (array, turned)
    )
    height, width = right.shape
    assert right[: height // 2, : width // 2].mean() > 3 * right[: height // 2, width // 2 :].mean()
    assert left[: height // 2, width // 2 :].mean() > 3 * left[: height // 2, : width // 2].mean()
    assert right[: height // 2].mean() > 3 * right[height // 2 :].mean()


def test_what_is_chosen_and_what_needs_review_differ_from_the_rest() -> None:
    sheets = [
        contact_sheet([SheetEntry("3", "MR", "T1", 0.9, chosen=chosen, review=review, by_person=person)])
        for chosen, review, person in ((0, 0, 0), (1, 0, 0), (0, 1, 0), (1, 1, 0), (1, 0, 1))
    ]
    assert len(set(sheets)) == len(sheets)


def test_marks_are_words() -> None:
    def words(**marks: bool) -> list[str]:
        return [word for word, _ in SheetEntry("3", "MR", "T1", 0.9, **marks).marks]

    assert words() == []
    assert words(chosen=True) == ["CHOSEN"]
    assert words(chosen=True, by_person=True) == ["CHOSEN BY A PERSON"]
    assert words(chosen=True, review=True) == ["CHOSEN", "REVIEW"]


def test_a_warning_of_the_session_stands_at_its_head() -> None:
    plain, warned = (pixels(contact_sheet([PLAIN], warning=text)) for text in ("", "images of 2 patients"))
    assert (plain[:44] != warned[:44]).any()
    assert (plain[44:] == warned[44:]).all()


@pytest.mark.parametrize("content", [b"", b"no NIfTI"])
def test_a_volume_that_cannot_be_read_is_told_and_stops_nothing(content: bytes, tmp_path: Path) -> None:
    bad = tmp_path / "bad.nii.gz"
    bad.write_bytes(content)
    assert contact_sheet([SheetEntry("3", "MR", "T1", 0.9, volume=bad)]) == contact_sheet([PLAIN])


def test_a_long_name_stays_in_its_column() -> None:
    long = pixels(contact_sheet([SheetEntry("3" * 64, "MR", "T1", 0.9)]))
    assert (long[310:, 330:] == 255).all()
