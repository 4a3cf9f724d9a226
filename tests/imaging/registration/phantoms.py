"""Pairs of the phantom, with the places that body points really have."""

from functools import cache

import numpy as np

from sarcoma_core.imaging.registration.pair import Alignment, align, unmoved
from sarcoma_core.imaging.registration.rigid import RigidTransform
from sarcoma_core.imaging.registration.views import View
from sarcoma_core.phantom.protocol import draw_protocol
from sarcoma_core.phantom.study import Study, acquire_study

MODALITIES = {"T1CE": "MR", "T2FS": "MR", "PET": "PT", "CT": "CT"}
MOVING = ("T2FS", "PET", "CT")
_TO_LPS = np.array([-1.0, -1.0, 1.0])


@cache
def study(seed: int, *, deformable: bool = False) -> Study:
    protocol = draw_protocol(seed, deformable=deformable, sequences=("T1CE", *MOVING))
    return acquire_study(seed, protocol)


def view(of: Study, sequence: str) -> View:
    return View.of(of[sequence].volume, MODALITIES[sequence])


def priors(of: Study, fixed: View, sequence: str) -> tuple[RigidTransform, ...]:
    return (unmoved(fixed),) if of[sequence].protocol.frame == of["T1CE"].protocol.frame else ()


def registered(of: Study, sequence: str, *, deformable: bool = False) -> Alignment:
    fixed = view(of, "T1CE")
    return align(fixed, view(of, sequence), priors=priors(of, fixed, sequence), deformable=deformable)


def errors(of: Study, sequence: str, alignment: Alignment) -> tuple[float, float]:
    """Median distance of body points from where they are, mm: before and after."""
    points = of.body_points(of="T1CE", count=1000, seed=1, seen_by=(sequence,))
    true = of.corresponding(points, of="T1CE", to=sequence)
    got = [alignment.from_fixed.TransformPoint(point) for point in (points * _TO_LPS).tolist()]
    missed = (np.linalg.norm(one - true, axis=1) for one in (points, np.array(got) * _TO_LPS))
    before, after = (float(np.median(distances)) for distances in missed)
    return before, after


def allowed(of: Study, sequence: str) -> float:
    """A voxel in plane of the finer of both, or 2 mm where that is more."""
    return max(2.0, min(min(of[one].volume.spacing) for one in ("T1CE", sequence)))
