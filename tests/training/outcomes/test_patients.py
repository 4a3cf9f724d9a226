"""Patients of a training: one of each for every patient, chosen alike, and given to a network as they are."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="torch test: make extras to run it")

from sarcoma_core.errors import InputError  # noqa: E402
from sarcoma_core.training.outcomes.patients import (  # noqa: E402
    PatientInputs,
    TrainingPatients,
    as_they_are,
)
from tests.training.outcomes.made_patients import CPU, inputs_of, targets_of, task_of  # noqa: E402

TASK = task_of()
WHOLE = inputs_of(TASK, 5)
PARTS: dict[str, dict[str, Any]] = {
    "both": {},
    "image": {"columns": None},
    "clinical": {"images": None, "present": None},
}
each_part = pytest.mark.parametrize("without", list(PARTS.values()), ids=list(PARTS))


@each_part
@pytest.mark.parametrize("rows", [[3, 0], [4], []], ids=str)
def test_the_same_patients_are_chosen_of_all(without: dict[str, Any], rows: list[int]) -> None:
    whole = replace(WHOLE, **without)
    found = whole.of(rows)
    assert len(found) == len(rows)
    assert found.names == tuple(whole.names[row] for row in rows)
    for name in ("images", "present", "columns"):
        of_whole, some = getattr(whole, name), getattr(found, name)
        assert (some is None) == (name in without)
        if some is not None:
            np.testing.assert_array_equal(some, of_whole[np.array(rows, np.int64)])


@each_part
def test_a_network_is_given_them_as_they_are_in_single_precision(without: dict[str, Any]) -> None:
    whole = replace(WHOLE, **without)
    batch = as_they_are(whole, [4, 1]).to(CPU)
    for given, held, kind in (
        (batch.image, whole.images, torch.float32),
        (batch.present, whole.present, torch.bool),
        (batch.clinical, whole.columns, torch.float32),
    ):
        assert (given is None) == (held is None)
        if given is not None and held is not None:
            assert given.dtype == kind
            np.testing.assert_array_equal(given.numpy(), held[[4, 1]])


def test_what_a_network_does_with_its_batch_changes_no_patient() -> None:
    before = [one.copy() for one in (WHOLE.images, WHOLE.present, WHOLE.columns) if one is not None]
    batch = as_they_are(WHOLE, [0, 1])
    for one in (batch.image, batch.present, batch.clinical):
        assert one is not None
        one.zero_()
    for held, kept in zip((WHOLE.images, WHOLE.present, WHOLE.columns), before, strict=True):
        np.testing.assert_array_equal(held, kept)


@pytest.mark.parametrize(
    "changes",
    [
        {"images": None, "present": None, "columns": None},
        {"images": None},
        {"present": None},
    ],
    ids=", ".join,
)
def test_there_must_be_images_with_flags_or_columns(changes: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="inputs: must have images with what is present of them, or columns"):
        replace(WHOLE, **changes)


@pytest.mark.parametrize("name", ["images", "present", "columns", "names"])
def test_there_must_be_one_of_each_for_every_patient(name: str) -> None:
    with pytest.raises(InputError, match="inputs: must be one of each for every patient"):
        replace(WHOLE, **{name: getattr(WHOLE, name)[:4]})


def test_names_tell_patients_apart_and_are_not_told_themselves() -> None:
    with pytest.raises(InputError, match="names distinct; found 5 names") as caught:
        replace(WHOLE, names=("SECRET", "SECRET", "A", "B", "C"))
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_column_has_no_gap(bad: float) -> None:
    assert WHOLE.columns is not None
    columns = WHOLE.columns.copy()
    columns[2, 1] = bad
    with pytest.raises(InputError, match="columns: must be finite"):
        replace(WHOLE, columns=columns)


def test_patients_come_with_outcomes_one_at_least() -> None:
    assert len(TrainingPatients(WHOLE, targets_of(TASK, 5))) == 5
    with pytest.raises(InputError, match="patients: must be one or more, each with outcomes; found 5 and 4"):
        TrainingPatients(WHOLE, targets_of(TASK, 4))
    nobody = PatientInputs((), None, None, np.zeros((0, 2), np.float32))
    with pytest.raises(InputError, match="found 0 and 0"):
        TrainingPatients(nobody, targets_of(TASK, 5).of(torch.zeros(5) > 1))
