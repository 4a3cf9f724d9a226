"""What the gate doubts: each rule just inside and just outside of its number."""

from collections.abc import Mapping

import numpy as np
import pytest

from sarcoma_core.models.segmentation_task import SeenInTraining, SegmentationTask
from sarcoma_core.segmentation.inference.components import KeptMask
from sarcoma_core.segmentation.inference.gate import (
    LARGER,
    LEAST_DEVIATION,
    LEAST_DICE,
    LEAST_LARGEST,
    MOST_DEVIATIONS,
    MOST_VARIANCE,
    NEAR_MM,
    SMALLER,
    SPACING_FACTOR,
    FoundRegion,
    doubts,
    mean_variance,
    touches_border,
)

MEANS = (-1.0, -0.5, 0.0, 0.5, 2.0)
DEVIATIONS = (0.2, 0.05, 0.2, 0.2, 0.5)
TASK = SegmentationTask(
    sequences=("T1CE",),
    label="NORMALISED",
    regions=("tumour",),
    spacing=(3.0, 3.0, 3.0),
    slices_last=False,
    patch=(32, 32, 32),
    threshold=0.5,
    least_ml=1.0,
    seen=SeenInTraining(
        spacing_mm=((1.0, 2.0), (1.0, 2.0), (4.0, 6.0)),
        intensity={"T1CE": tuple(zip(MEANS, DEVIATIONS, strict=True))},
        volume_ml={"tumour": (10.0, 1000.0)},
    ),
)


def inner() -> np.ndarray:
    mask = np.zeros((12, 12, 12), bool)
    mask[4:8, 4:8, 4:8] = True
    return mask


def found(
    *,
    pieces: tuple[float, ...] = (100.0,),
    volume_ml: float = 100.0,
    uncertainty: float = 0.0,
    along: tuple[float, float, float] = (1.5, 1.5, 5.0),
    percentiles: tuple[float, ...] = MEANS,
    mask: np.ndarray | None = None,
) -> FoundRegion:
    kept = KeptMask(inner() if mask is None else mask, pieces, 0, 0.0)
    return FoundRegion(kept, volume_ml, uncertainty, along, {"T1CE": percentiles})


def said(region: FoundRegion, others: Mapping[str, float] | None = None, *, synthetic: bool = False) -> str:
    return "; ".join(doubts(TASK, region, others or {}, synthetic=synthetic))


def test_what_is_as_in_the_training_is_not_doubted() -> None:
    assert said(found(), {"T2FS": 0.9}) == ""


def test_a_model_of_synthetic_patients_is_always_doubted() -> None:
    assert said(found(), synthetic=True) == (
        "the model has seen synthetic patients only: its masks are not for patients"
    )


def test_an_empty_mask_is_doubted_alone() -> None:
    empty = np.zeros((12, 12, 12), bool)
    assert said(found(pieces=(), volume_ml=0.0, mask=empty)) == "no tumour was found"


@pytest.mark.parametrize(
    ("pieces", "doubted"),
    [
        ((100.0, 1.0, 1.0), False),
        ((100.0, 1.0, 1.0, 1.0), True),
        ((100 * LEAST_LARGEST * 1.001, 100 * (1 - LEAST_LARGEST)), False),
        ((100 * LEAST_LARGEST * 0.99, 100 * (1 - LEAST_LARGEST)), True),
    ],
)
def test_many_pieces_are_doubted_and_a_largest_that_is_not_nearly_all(
    pieces: tuple[float, ...], *, doubted: bool
) -> None:
    assert ("pieces" in said(found(pieces=pieces))) is doubted


@pytest.mark.parametrize(
    ("volume", "doubted"),
    [
        (1000 * LARGER * 0.99, False),
        (1000 * LARGER * 1.01, True),
        (10 / SMALLER * 1.01, False),
        (10 / SMALLER * 0.99, True),
    ],
)
def test_a_volume_far_from_those_of_the_training_is_doubted(volume: float, *, doubted: bool) -> None:
    assert ("the training has seen 10 to 1000 ml" in said(found(volume_ml=volume))) is doubted


@pytest.mark.parametrize("axis", range(3))
@pytest.mark.parametrize(("place", "touches"), [(0, True), (1, False), (10, False), (11, True)])
def test_a_mask_at_a_face_of_the_image_is_doubted(axis: int, place: int, *, touches: bool) -> None:
    mask = np.zeros((12, 12, 12), bool)
    at = [5, 5, 5]
    at[axis] = place
    mask[tuple(at)] = True
    assert touches_border(mask) is touches
    assert ("touches the border" in said(found(mask=mask))) is touches


@pytest.mark.parametrize(("dice", "doubted"), [(LEAST_DICE * 1.001, False), (LEAST_DICE * 0.999, True)])
def test_another_member_that_disagrees_is_told_by_its_name(dice: float, *, doubted: bool) -> None:
    assert ("T2FS disagrees: Dice 0.70" in said(found(), {"T2FS": dice})) is doubted


@pytest.mark.parametrize(
    ("variance", "doubted"), [(MOST_VARIANCE * 0.99, False), (MOST_VARIANCE * 1.01, True)]
)
def test_an_uncertain_surface_is_doubted(variance: float, *, doubted: bool) -> None:
    assert ("the views of the image disagree" in said(found(uncertainty=variance))) is doubted


@pytest.mark.parametrize(
    ("along", "doubted"),
    [
        ((1.0 / SPACING_FACTOR * 1.01, 1.5, 5.0), False),
        ((1.0 / SPACING_FACTOR * 0.99, 1.5, 5.0), True),
        ((1.5, 1.5, 6.0 * SPACING_FACTOR * 0.99), False),
        ((1.5, 1.5, 6.0 * SPACING_FACTOR * 1.01), True),
    ],
)
def test_a_spacing_that_the_training_has_not_seen_is_doubted(
    along: tuple[float, float, float], *, doubted: bool
) -> None:
    assert ("voxels of" in said(found(along=along))) is doubted


@pytest.mark.parametrize(
    ("percentile", "by", "doubted"),
    [
        (0, MOST_DEVIATIONS * 0.2 * 0.99, False),
        (0, -MOST_DEVIATIONS * 0.2 * 1.01, True),
        (1, MOST_DEVIATIONS * LEAST_DEVIATION * 0.99, False),  # its own deviation is smaller than is fair
        (1, MOST_DEVIATIONS * LEAST_DEVIATION * 1.01, True),
    ],
)
def test_an_intensity_far_from_those_of_the_training_is_doubted(
    percentile: int, by: float, *, doubted: bool
) -> None:
    values = list(MEANS)
    values[percentile] += by
    assert ("T1CE has other intensities" in said(found(percentiles=tuple(values)))) is doubted


def test_the_uncertainty_is_that_of_the_neighbourhood_of_the_surface_alone() -> None:
    mask = np.zeros((60, 60, 30), bool)
    mask[25:35, 25:35, 10:20] = True
    spacing = (1.0, 1.0, 2.0)
    places = np.indices(mask.shape).transpose(1, 2, 3, 0) * np.array(spacing)
    inside = places[mask]
    centre = inside.mean(axis=0)
    variance = np.full(mask.shape, 0.1, np.float32)
    variance[np.linalg.norm(places - centre, axis=-1) > 35] = 0.25  # more than 20 mm from the surface
    assert mean_variance(mask, variance, spacing) == pytest.approx(0.1)
    variance[30, 30 + 5 + int(NEAR_MM) - 1, 15] = 0.2
    assert mean_variance(mask, variance, spacing) > 0.1


def test_nothing_is_uncertain_where_nothing_was_found() -> None:
    assert mean_variance(np.zeros((4, 4, 4), bool), np.ones((4, 4, 4), np.float32), (1, 1, 1)) == 0
