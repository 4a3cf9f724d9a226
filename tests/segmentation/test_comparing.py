"""Pairs of files compared one by one: what cannot be used is told by its number, and the others go on."""

from pathlib import Path

import numpy as np
import pytest

from sarcoma_core.errors import InputError
from sarcoma_core.segmentation.comparing import ComparedPairs, ComparisonSettings, compare_pairs
from tests.segmentation.shapes import cube, voxels
from tests.segmentation.test_mask_files import saved

DEFAULT = ComparisonSettings()


def pair(folder: Path, name: str, one: np.ndarray, other: np.ndarray) -> tuple[str, Path, Path]:
    """Two files of a name."""
    files = [
        saved(folder / side / f"{name}.nii", array.astype(np.uint8))
        for side, array in (("a", one), ("b", other))
    ]
    return name, files[0], files[1]


def test_scores_and_refusals_stand_in_the_order_of_the_pairs(tmp_path: Path) -> None:
    pairs = [
        pair(tmp_path, "1", cube(), voxels()),
        pair(tmp_path, "2", cube(), cube((3, 0, 0))),
        pair(tmp_path, "3", cube() * 2, cube()),
    ]
    found = compare_pairs(pairs, DEFAULT)
    assert [(one.name, one.scores.dice) for one in found.scored] == [("2", pytest.approx(0.7))]
    assert [(one.name, one.number) for one in found.refused] == [("1", 1), ("3", 3)]
    assert "one grid" in found.refused[0].reason
    assert "import-masks" in found.refused[0].hint
    assert found.refused[1].reason.startswith("A: must hold 0 and 1 alone")


def test_settings_are_those_of_every_pair(tmp_path: Path) -> None:
    pairs = [pair(tmp_path, "1", cube() * 2, cube() * 2)]
    (one,) = compare_pairs(pairs, ComparisonSettings("pooled", 3.5, 2)).scored
    assert (one.scores.definition, one.scores.tolerance_mm, one.scores.dice) == ("pooled", 3.5, 1)


def test_a_file_that_cannot_be_read_is_one_pair_and_told_without_its_name(tmp_path: Path) -> None:
    good, gone = pair(tmp_path, "1", cube(), cube()), pair(tmp_path, "Doe", cube(), cube())
    gone[2].unlink()
    (refused,) = compare_pairs([good, gone], DEFAULT).refused
    assert refused.reason == "A and B: must be files that can be read; found: No such file or directory."
    assert refused.number == 2


def test_none_that_can_be_compared_is_an_error_with_the_reason_of_the_first(tmp_path: Path) -> None:
    pairs = [pair(tmp_path, name, cube(), voxels()) for name in ("Doe", "Roe")]
    with pytest.raises(InputError, match=r"found none in 2\. Pair 1 by name: A and B: must lie on") as caught:
        compare_pairs(pairs, DEFAULT)
    assert "import-masks" in caught.value.hint
    assert "Doe" not in str(caught.value)


def test_nothing_is_nothing() -> None:
    assert compare_pairs([], DEFAULT) == ComparedPairs((), ())
