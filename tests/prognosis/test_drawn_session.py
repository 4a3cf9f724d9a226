"""A session as it is now: which images are taken, whose mask, and what is missing or refused."""

from pathlib import Path

import numpy as np
import pytest

from sarcoma_core.archive.folder import SessionFolder
from sarcoma_core.errors import ArchiveError, InputError
from sarcoma_core.prognosis.drawn_session import DrawnSession, session_drawn
from tests.prognosis.made_project import MadeProject, box
from tests.prognosis.test_cohort_images import S0, S1, S3, TWO, Registered, project

SEQUENCES = ("T1CE", "T2FS")


def drawn(made: MadeProject, subject: str, *masks: str) -> DrawnSession:
    folder = SessionFolder(made.folders()[f"{subject}_MR"])
    return session_drawn(folder, SEQUENCES, masks or ("MASKS", "SEG"))


def test_several_sequences_are_taken_on_the_grid_that_the_tumour_is_drawn_on(tmp_path: Path) -> None:
    made = project(tmp_path)
    TWO.file(made, S0)
    found = drawn(made, S0)
    assert {role: one.outcome.series for role, one in found.series.items()} == {"T1CE": "4", "T2FS": "5"}
    assert (found.on.label, found.on.outcome.series, found.masks) == ("REGISTERED", "4", "MASKS")
    assert found.grid is found.images["T1CE"]
    assert {role: one.modality for role, one in found.origins.items()} == {"T1CE": "MR", "T2FS": "MR"}
    np.testing.assert_array_equal(found.mask, box(3))


def test_drawn_on_a_series_that_was_moved_that_one_is_taken_alone(tmp_path: Path) -> None:
    """It is on its own grid in NORMALISED; the other counts as missing."""
    made = project(tmp_path)
    Registered({"4": "T1CE", "5": "T2FS"}, reference="5").file(made, S0)
    found = drawn(made, S0)
    assert set(found.images) == {"T1CE"}
    assert found.on.label == "NORMALISED"


def test_a_lone_sequence_is_taken_from_its_own_grid(tmp_path: Path) -> None:
    found = drawn(project(tmp_path, roles={S1: "T2FS"}), S1)
    assert set(found.images) == {"T2FS"}
    assert found.scanners == {}


def test_a_session_without_a_sequence_of_the_model_is_told_so_and_not_that_a_mask_is_missing(
    tmp_path: Path,
) -> None:
    with pytest.raises(InputError, match="must hold a series chosen as T1CE or T2FS") as caught:
        drawn(project(tmp_path, roles={S0: "T1"}), S0)
    assert "sarcoma roles set SESSION" in caught.value.hint


def test_without_a_mask_the_first_reason_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="MASKS: must hold a mask of tumour"):
        drawn(project(tmp_path), S3)
    with pytest.raises(InputError, match="SEG: must hold a mask of tumour"):
        drawn(project(tmp_path / "b"), S0, "SEG")


def test_without_roles_nothing_is_guessed(tmp_path: Path) -> None:
    made = project(tmp_path)
    (made.folders()[f"{S0}_MR"] / "RESOURCES" / "SERIES_ROLES" / "run.json").unlink()
    with pytest.raises(ArchiveError, match="SERIES_ROLES"):
        drawn(made, S0)
