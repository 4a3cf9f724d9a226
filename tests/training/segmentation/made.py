"""Patients of a few voxels, with a tumour that is brighter than what lies around it; and plans as small."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sarcoma_core.training.segmentation.cases import CaseFacts, CaseSource, NativeCase, PreparedCase, prepare
from sarcoma_core.training.segmentation.plan import SegmentationPlan

AIR = -2.0
SHAPE, SPACING = (14, 14, 10), (2.0, 2.0, 3.0)


def native(
    seed: int, *, sequences: int = 1, shape: tuple[int, int, int] = SHAPE, healthy: bool = False, **masks: Any
) -> NativeCase:
    """A body of noise in air; the tumour is a ball of 6 to 9 mm, the oedema a shell of two voxels around it.

    Args:
        seed: of the patient.
        sequences: how many images.
        shape: of the grid.
        healthy: whether there is no tumour.
        masks: drawn otherwise; None for one that was not.
    """
    rng = np.random.default_rng(seed)
    places = np.moveaxis(np.indices(shape), 0, -1) * SPACING
    middle = (np.array(shape) - 1) / 2 * SPACING
    body = (((places - middle) / (middle + 1)) ** 2).sum(-1) <= 1
    far = np.linalg.norm(places - middle - rng.uniform(-4, 4, 3), axis=-1)
    radius = 0.0 if healthy else rng.uniform(6, 9)
    drawn = {"tumour": far < radius, "oedema": (far >= radius) & (far < radius + 4)}
    if healthy:
        drawn["oedema"] = np.zeros(shape, np.bool_)
    images = []
    for _ in range(sequences):
        values = rng.normal(0, 0.3, shape) + 2 * drawn["tumour"]
        images.append(np.where(body, np.maximum(values, AIR + 0.1), AIR).astype(np.float32))
    drawn |= masks
    return NativeCase(
        tuple(images),
        np.diag([*SPACING, 1.0]),
        {name: mask for name, mask in drawn.items() if mask is not None},
    )


def source(seed: int, session: str = "MR", **changes: Any) -> CaseSource:
    return CaseSource(f"P{seed:02d}", session, lambda: native(seed, **changes))


def sources(count: int, **changes: Any) -> list[CaseSource]:
    return [source(seed, **changes) for seed in range(count)]


def small_plan(**changes: Any) -> SegmentationPlan:
    """A network of a thousand weights on 8 x 8 x 8 voxels of 4 mm."""
    how: dict[str, Any] = {
        "sequences": ("T1CE",),
        "regions": ("tumour",),
        "spacing": (4.0, 4.0, 4.0),
        "slices_last": False,
        "patch": (8, 8, 8),
        "widths": (4, 4),
        "strides": ((2, 2, 2),),
        "epochs": 4,
        "batch": 2,
        "learning_rate": 3e-3,
        "why": (),
    }
    return SegmentationPlan(**{**how, **changes})


def prepared(seed: int, plan: SegmentationPlan, **changes: Any) -> PreparedCase:
    """A patient on the model grid of a plan."""
    case = native(seed, sequences=len(plan.sequences), **changes)
    how = {"slices_last": plan.slices_last, "least": plan.patch}
    return prepare(f"P{seed:02d}/MR", case, plan.regions, plan.spacing, **how)


def facts(
    spacing: tuple[float, float, float] = (1.0, 1.0, 5.0),
    shape: tuple[int, int, int] = (128, 128, 32),
    *,
    slice_axis: int = 2,
    volume_ml: Mapping[str, float] | None = None,
    intensity: tuple[tuple[float, ...], ...] = ((-1.0, -0.5, 0.0, 0.5, 1.0),),
) -> CaseFacts:
    """Of a case whose slices are the last axis of the image, and lie across one axis of the patient."""
    axes = [axis for axis in range(3) if axis != slice_axis]
    along, extent = [0.0] * 3, [0.0] * 3
    for native_axis, axis in enumerate([*axes, slice_axis]):
        along[axis] = spacing[native_axis]
        extent[axis] = spacing[native_axis] * shape[native_axis]
    return CaseFacts(
        shape=shape,
        spacing=spacing,
        slice_axis=slice_axis,
        extent=(extent[0], extent[1], extent[2]),
        along=(along[0], along[1], along[2]),
        intensity=intensity,
        volume_ml=volume_ml or {"tumour": 100.0, "oedema": 50.0},
    )
