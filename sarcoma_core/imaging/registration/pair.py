"""Register one volume to another: search, climb, bend if asked, measure, and refuse what is poor."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import SimpleITK as sitk
from threadpoolctl import threadpool_limits

from sarcoma_core.imaging.registration import quality
from sarcoma_core.imaging.registration.bending import MESH, Mesh, bend, jacobian
from sarcoma_core.imaging.registration.climbing import Vector
from sarcoma_core.imaging.registration.information import Points
from sarcoma_core.imaging.registration.inverting import invert
from sarcoma_core.imaging.registration.measuring import Common, common, information
from sarcoma_core.imaging.registration.quality import AlignmentFacts
from sarcoma_core.imaging.registration.rigid import RigidFit, RigidLevel, RigidTransform, starts_around
from sarcoma_core.imaging.registration.views import Lattice, View

BINS = 32


class _Resolution(NamedTuple):
    """Steps of the fixed sample and of the moving lattice, and the rim, mm; smoothing by part of steps."""

    fixed: float
    moving: float
    rim: float
    smoothing: float
    bins: int


_LEVELS = (
    _Resolution(8.0, 6.0, 8.0, 0.5, 24),
    _Resolution(5.0, 4.0, 8.0, 0.5, BINS),
    _Resolution(1.5, 1.0, 3.0, 0.2, BINS),
)
"""Coarse to fine. The moving lattice is finer, so that two lattices in step do not look alike for that. A
wide rim leads to the place, and in the end pulls a body to where its outline is blurred: of 21 pairs the mean
error is 0.62 mm as here, 0.69 with a rim of 8 mm, 0.83 with steps of 3 and 1.5 mm, half of them smoothed."""


_BENT = (4.0, 3.0)  # mm
_EVERY = 20  # samples, of those at which an inverse is measured
_TINY = 1e-9
_TURNED_BACK = 90.0  # degrees


@dataclass(frozen=True, slots=True, eq=False)
class Alignment:
    """A moving volume on its way to a fixed one.

    Args:
        rigid: its rigid part, from fixed to moving.
        from_fixed: takes a point of the fixed volume to the moving one, LPS mm: what resampling uses.
        to_fixed: its inverse.
        facts: what was measured.
        warnings: what a reader has to check, in sentences without a full stop.
    """

    rigid: RigidTransform
    from_fixed: sitk.Transform
    to_fixed: sitk.Transform
    facts: AlignmentFacts
    warnings: tuple[str, ...] = ()


def align(
    fixed: View, moving: View, *, priors: Sequence[RigidTransform] = (), deformable: bool = False
) -> Alignment:
    """Register a volume; equal volumes give equal bytes, on one core.

    Args:
        fixed: the reference.
        moving: what is registered to it.
        priors: how it may lie if it has not moved: the identity in the same frame of reference, or as another
            volume of its scanner was found to lie. Where one of them tells most (the first of equals), it
            stays unless information gains by a stated part. None: nothing is known.
        deformable: whether the volume may be bent, after the rigid registration.

    Raises:
        SeriesRefused: the fields of view overlap too little, a mirrored copy fits better, the movement is too
            large, or the two tell too little about each other.
    """
    with threadpool_limits(1, user_api="blas"):  # sums of threads would differ in their last digits
        return _Pair(fixed, moving).align(priors, deformable=deformable)


def unmoved(fixed: View) -> RigidTransform:
    """The identity, about the centre of the fixed body."""
    return RigidTransform(np.eye(3), _centre(fixed.lattice(_LEVELS[0].fixed)), np.zeros(3))


def _centre(lattice: Lattice) -> Vector:
    return np.asarray(lattice.points(lattice.body).mean(axis=0), np.float64)


class _Pair:
    """Two volumes at all levels."""

    def __init__(self, fixed: View, moving: View) -> None:
        self.fixed, self.moving = fixed, moving
        self.samples = [
            fixed.sample(level.fixed, smoothing=level.smoothing, rim=level.rim) for level in _LEVELS
        ]
        self.lattices = [moving.lattice(level.moving, smoothing=level.smoothing) for level in _LEVELS]
        self.centre = _centre(self.samples[0].lattice)
        self.levels = [
            RigidLevel(sample, lattice, bins=level.bins, centre=self.centre)
            for sample, lattice, level in zip(self.samples, self.lattices, _LEVELS, strict=True)
        ]
        self.body = self.samples[0].points[self.samples[0].in_body]
        self.long_axis = int(np.argmax(np.ptp(self.body, axis=0)))
        self.pet = "PT" in (fixed.modality, moving.modality)

    def align(self, priors: Sequence[RigidTransform], *, deformable: bool) -> Alignment:
        """See the function of this name."""
        prior = self._most_telling(priors)
        rough = self._search(prior)
        middle = self.levels[1].climb(rough.transform)
        rigid = self.levels[2].climb(middle.transform).transform
        if prior is not None and not quality.is_worth_moving(self._gain(prior, rigid), pet=self.pet):
            rigid = prior
        overlap = self._common(rigid.moved)
        quality.require_overlap(overlap.part)
        before, after = self._information(rigid.moved)
        quality.require_information(after)
        mirrored, is_turned = self._best_copy(rough, middle)
        quality.require_unmirrored(mirrored, is_turned=is_turned)
        degrees, millimetres = rigid.from_there(prior) if prior else (rigid.degrees, rigid.millimetres)
        quality.require_likely(degrees, millimetres, same_frame=prior is not None)
        both = self.fixed.found and self.moving.found
        still = not rigid.shift.any() and np.array_equal(rigid.rotation, np.eye(3))
        dice = overlap.dice if both else None
        facts = AlignmentFacts(
            transform="identity" if still else "rigid",
            rotation_degrees=rigid.degrees,
            shift_mm=rigid.millimetres,
            mutual_information_before=before,
            mutual_information_after=after,
            mask_overlap_before=self._common(_as_it_is).dice if both else None,
            mask_overlap_after=dice,
            field_of_view_overlap=overlap.part,
            mirrored_fit=mirrored,
        )
        way = sitk.Transform(3, sitk.sitkIdentity) if still else rigid.as_itk()
        done = Alignment(rigid, way, way.GetInverse(), facts, self._warnings(mirrored, dice))
        return self._bent(done) if deformable else done

    def _most_telling(self, priors: Sequence[RigidTransform]) -> RigidTransform | None:
        if not priors:
            return None
        best, *others = priors
        for other in others:
            if self._gain(best, other) > 0:
                best = other
        return best

    def _search(self, prior: RigidTransform | None) -> RigidFit:
        """The best place at the coarsest level, from starts around the prior or the middle of both bodies."""
        there = self.lattices[0].points(self.lattices[0].body)
        middle = there.mean(axis=0) - self.centre
        spare = (np.ptp(there, axis=0) - np.ptp(self.body, axis=0)) / 2
        starts = starts_around(middle, spare, self.long_axis)
        if prior is not None:
            near = [s for s in starts if np.linalg.norm(s - prior.shift) <= quality.MOST_MM_IN_FRAME]
            starts = starts_around(prior.shift, np.zeros(3), self.long_axis) + near
        return self.levels[0].search(starts, self.long_axis, np.eye(3))

    def _best_copy(self, rough: RigidFit, fine: RigidFit) -> tuple[float, bool]:
        """Fit of the best copy that is mirrored or turned, over that of the volume; and whether it is turned.

        A copy is turned over along one, two or three axes of the moving grid, about the body.
        """
        axes = self.lattices[0].to_lps[:3, :3]
        axes = axes / np.linalg.norm(axes, axis=0)
        starts = starts_around(rough.transform.shift, np.zeros(3), self.long_axis)
        copies = []
        for signs in itertools.product((1.0, -1.0), repeat=3):
            flip = axes @ np.diag(signs) @ axes.T
            if not np.allclose(flip, np.eye(3)):
                copies.append(self.levels[0].search(starts, self.long_axis, flip))
        # about its long axis a limb turns back by itself: that is no copy any more
        copies = [copy for copy in copies if copy.transform.from_there(rough.transform)[0] > _TURNED_BACK]
        best = self.levels[1].climb(max(copies, key=lambda fit: fit.score).transform)
        return best.score / max(fine.score, _TINY), bool(np.linalg.det(best.transform.rotation) > 0)

    def _gain(self, prior: RigidTransform, found: RigidTransform) -> float:
        """Nats of information over a prior, where both see the same samples."""
        points = self.samples[2].points
        before, after = information(
            self.samples[2], self.lattices[2], prior.moved(points), found.moved(points), bins=BINS
        )
        return after - before

    def _information(self, moved: Callable[[Points], Points]) -> tuple[float, float]:
        points = self.samples[2].points
        return information(self.samples[2], self.lattices[2], points, moved(points), bins=BINS)

    def _common(self, moved: Callable[[Points], Points]) -> Common:
        lattice, other = self.samples[1].lattice, self.lattices[1]
        return common(lattice, other, moved(lattice.points(np.ones_like(lattice.body))))

    def _warnings(self, mirrored: float, dice: float | None) -> tuple[str, ...]:
        told = (quality.mirror_warning(mirrored), quality.body_warning(dice))
        warnings = [warning for warning in told if warning]
        for name, view in (("reference", self.fixed), ("volume", self.moving)):
            if not view.found:
                warnings.append(f"no body was found in the {name}: all of it counts")
        return tuple(warnings)

    def _bent(self, done: Alignment) -> Alignment:
        """The same, bent, if that gains information and folds nothing."""
        sample = self.fixed.sample(_BENT[0])
        bent = bend(
            sample, self.moving.lattice(_BENT[1]), done.rigid, Mesh.over(self.fixed.volume, MESH), bins=BINS
        )
        volumes = jacobian(bent.displacement(sample.lattice), sample.lattice)[tuple(sample.voxels.T)]
        _, after = self._information(bent.moved)
        if reason := quality.reason_not_to_bend(
            float(volumes.min()), after - done.facts.mutual_information_after
        ):
            return replace(done, warnings=(*done.warnings, reason))
        back = invert(bent, self.fixed.volume, self.body[::_EVERY])
        both = self.fixed.found and self.moving.found
        facts = replace(
            done.facts,
            transform="deformable",
            mutual_information_after=after,
            mask_overlap_after=self._common(bent.moved).dice if both else None,
            jacobian_min=float(volumes.min()),
            jacobian_max=float(volumes.max()),
            inverse_error_mm=back.error,
        )
        return replace(done, from_fixed=bent.as_itk(), to_fixed=back.transform, facts=facts)


def _as_it_is(points: Points) -> Points:
    return points
