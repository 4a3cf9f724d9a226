"""What the page says and shows of a registered pair, and that no manifest breaks it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sarcoma_core.provenance import Outcome
from sarcoma_core.report.registration import Registration
from sarcoma_core.report.session import read_session
from tests.report.sessions import (
    AFFINE,
    PAIR,
    Builder,
    as_read,
    body,
    full,
    moved,
    outcomes_of,
    passes,
    prepared,
    told_role,
)


def pairs(path: Path) -> dict[str, Registration | None]:
    return {one.name: one.registration for one in read_session(as_read(path), slices=1).series}


def pair(path: Path, name: str) -> Registration:
    found = pairs(path)[name]
    assert found
    return found


def two(path: Path, **facts: Any) -> Builder:
    """A reference and a series that lay 8 mm beside it; the facts of the pair can be changed."""
    builder = Builder(path)
    beside = Outcome("3", "MR", "done", files=(builder.volume("NIFTI", "3", moved(body(), 4)),))
    builder.record("NIFTI", builder.done("NIFTI", "2"), beside)
    builder.record("SERIES_ROLES", told_role("2", "MR", "T1CE"), told_role("3", "MR", "T2FS"))
    files = (builder.volume("REGISTERED", "3", body()),)
    builder.record(
        "REGISTERED",
        builder.done("REGISTERED", "2", **{**PAIR, "transform": "reference"}),
        Outcome("3", "MR", "done", files=files, facts={**PAIR, "source": "NIFTI", **facts}),
    )
    return builder


def test_each_registered_series_is_shown_on_the_reference_in_three_planes(tmp_path: Path) -> None:
    prepared(tmp_path)
    found = pairs(tmp_path)
    for name in ("3", "4", "5"):
        one = found[name]
        assert one
        assert [len(row) for row in one.rows] == [3, 3, 3]
        assert (one.reference, one.role, one.refusal, one.fault) == ("2", "T1 post-contrast", "", "")
    assert found["6"] is found["7"] is found["8"] is None
    assert pair(tmp_path, "5").warm
    assert not pair(tmp_path, "4").warm


def test_the_reference_says_that_it_is_and_is_not_laid_over_itself(tmp_path: Path) -> None:
    prepared(tmp_path)
    reference = pair(tmp_path, "2")
    assert reference.is_reference
    assert (reference.rows, reference.quality) == ((), ())


def test_before_is_the_series_as_it_lay_and_after_lies_on_the_reference(tmp_path: Path) -> None:
    two(tmp_path / "moved")
    first = pair(tmp_path / "moved", "3").rows[0]
    assert first[0].source != first[1].source
    still = two(tmp_path / "still")
    still.volume("NIFTI", "3", body())
    row = pair(tmp_path / "still", "3").rows[0]
    assert row[0].source == row[1].source == first[1].source


def test_before_is_read_where_the_registration_read_it(tmp_path: Path) -> None:
    builder = two(tmp_path, source="NORMALISED")
    builder.record("NORMALISED", builder.done("NORMALISED", "3"))  # in place: so before is as after
    builder.record("REGISTERED", *outcomes_of(builder.path, "REGISTERED"))
    row = pair(tmp_path, "3").rows[0]
    assert len(row) == 3


def test_a_refused_pair_is_shown_as_it_lies_with_its_reason_and_numbers(tmp_path: Path) -> None:
    builder = two(tmp_path)
    reference, _ = outcomes_of(builder.path, "REGISTERED")
    refused = Outcome(
        "3", "MR", "refused", "mutual information gained 0.001", facts={**PAIR, "source": "NIFTI"}
    )
    builder.record("REGISTERED", reference, refused)
    one = pair(tmp_path, "3")
    assert one.refusal == "mutual information gained 0.001"
    assert [len(row) for row in one.rows] == [1, 1, 1]
    assert len(one.quality) == 3


def test_a_volume_that_does_not_lie_on_the_reference_is_not_laid_over_it(tmp_path: Path) -> None:
    builder = two(tmp_path)
    aside = AFFINE.copy()
    aside[0, 3] = 2.0
    builder.volume("REGISTERED", "3", body(), aside)
    one = pair(tmp_path, "3")
    assert one.rows == ()
    assert one.fault == "its volume does not lie on the grid of the reference"


def test_a_grid_whose_axes_are_not_at_right_angles_is_told_and_not_drawn(tmp_path: Path) -> None:
    builder = two(tmp_path)
    skew = AFFINE.copy()
    skew[1, 2] = 1.0
    builder.volume("NIFTI", "3", body(), skew)
    one = pair(tmp_path, "3")
    assert one.rows == ()
    assert "right angles" in one.fault


def test_the_planes_go_through_the_body_of_the_reference(tmp_path: Path) -> None:
    builder = two(tmp_path)
    builder.volume("NIFTI", "2", np.roll(body(), (6, 4), axis=(0, 1)))
    places = [row[0].place for row in pair(tmp_path, "3").rows]
    assert [int(place.split()[1]) for place in places] == pytest.approx([6, 24, 30], abs=1)


@pytest.mark.parametrize("reference", ["9", "", None, 5, ["2"], {"2": 2}])
def test_a_reference_that_the_session_does_not_have_gives_words_and_no_pictures(
    tmp_path: Path, reference: object
) -> None:
    two(tmp_path, reference=reference)
    one = pair(tmp_path, "3")
    assert (one.reference, one.rows) == ("", ())
    assert len(one.quality) == 3


@pytest.mark.parametrize("source", ["N4", "REGISTERED", "../../etc", None, 5, ["NIFTI"]])
def test_a_source_that_is_none_is_looked_for(tmp_path: Path, source: object) -> None:
    two(tmp_path, source=source)
    assert len(pair(tmp_path, "3").rows) == 3


@pytest.mark.parametrize("role", ["T9", 5, None, "<script>", ["T1"]])
def test_a_role_of_the_reference_that_is_none_is_not_told(tmp_path: Path, role: object) -> None:
    two(tmp_path, reference_role=role)
    assert "<" not in pair(tmp_path, "3").role


def out_of_date(builder: Builder) -> None:
    builder.record("NIFTI", builder.done("NIFTI", "2"), builder.done("NIFTI", "3"), started="later")


def without_roles(builder: Builder) -> None:
    builder.record("REGISTERED", Outcome("2", "MR", "not applicable", "no role was told"))


@pytest.mark.parametrize("change", [out_of_date, without_roles])
def test_what_is_not_current_or_was_not_registered_is_not_shown(
    tmp_path: Path, change: Callable[[Builder], None]
) -> None:
    change(two(tmp_path))
    assert pairs(tmp_path) == {"2": None, "3": None}


def test_a_session_of_before_has_none(tmp_path: Path) -> None:
    full(tmp_path)
    assert set(pairs(tmp_path).values()) == {None}


def test_pet_is_drawn_in_suv_where_suv_was_read(tmp_path: Path) -> None:
    """The same uptake in BQML, which has a window of its own, and in SUV."""
    builder = Builder(tmp_path)
    pet = (body() / 100).astype(np.float32)
    builder.record(
        "NIFTI",
        builder.done("NIFTI", "2"),
        Outcome(
            "5", "PT", "done", files=(builder.volume("NIFTI", "5", pet * 7000),), facts={"units": "BQML"}
        ),
    )
    suv = Outcome("5", "PT", "done", files=(builder.volume("SUV", "5", pet),))
    builder.record("SUV", passes("2", "MR"), suv)
    files = (builder.volume("REGISTERED", "5", pet),)
    builder.record(
        "REGISTERED",
        builder.done("REGISTERED", "2", **{**PAIR, "transform": "reference"}),
        Outcome("5", "PT", "done", files=files, facts={**PAIR, "source": "SUV", "transform": "identity"}),
    )
    one = pair(tmp_path, "5")
    assert one.warm
    assert one.rows[0][0].source == one.rows[0][1].source
