"""The way back of a bend: as a spline of its own, and by how much it misses."""

from typing import NamedTuple

import numpy as np
import SimpleITK as sitk

from sarcoma_core.imaging.bspline import Matrix, basis
from sarcoma_core.imaging.registration.bending import BentTransform, Mesh
from sarcoma_core.imaging.registration.information import Points
from sarcoma_core.imaging.volume import Volume

MESH = 30.0
"""mm, about: finer than the bend itself, for an inverse is no spline of the same mesh."""

_ROUNDS = 30
_CLOSE = 1e-3  # mm
_SAMPLES_PER_CELL = 3


class WayBack(NamedTuple):
    """An inverse.

    Args:
        transform: from moving to fixed.
        error: largest distance from where a point of the fixed body started to where it comes back, mm.
    """

    transform: sitk.Transform
    error: float


def invert(bent: BentTransform, onto: Volume, points: Points) -> WayBack:
    """The inverse of a bend, found point by point and then fitted by a spline.

    A bend that does not fold moves neighbours less than they are apart, so a point's origin is found by
    going back by the displacement there, again and again.

    Args:
        bent: what to invert.
        onto: the fixed volume, over which the spline lies.
        points: of the fixed body, LPS mm, at which the error is measured.
    """
    mesh = Mesh.over(onto, MESH)
    counts = [_SAMPLES_PER_CELL * cells + 1 for cells in mesh.cells]
    grid = sitk.Image(counts, sitk.sitkVectorFloat64, 3)
    steps = [float(side) / (count - 1) for side, count in zip(mesh.extent, counts, strict=True)]
    grid.SetSpacing(steps)
    grid.SetOrigin([float(value) for value in mesh.origin])
    grid.SetDirection([float(value) for value in mesh.directions.ravel()])
    field = sitk.TransformToDisplacementField(
        bent.mesh.as_itk(bent.coefficients),
        sitk.sitkVectorFloat64,
        counts,
        grid.GetOrigin(),
        steps,
        grid.GetDirection(),
    )
    back = sitk.InvertDisplacementField(
        field,
        maximumNumberOfIterations=_ROUNDS,
        maxErrorToleranceThreshold=_CLOSE,
        meanErrorToleranceThreshold=_CLOSE / 10,
        enforceBoundaryCondition=False,
    )
    displacement = np.moveaxis(sitk.GetArrayFromImage(back), 3, 0).transpose(0, 3, 2, 1)
    x, y, z = (np.linalg.pinv(_basis(mesh, axis, count)) for axis, count in enumerate(counts))
    coefficients = np.stack([np.tensordot(x, np.matmul(y, part) @ z.T, axes=(1, 0)) for part in displacement])
    transform = sitk.CompositeTransform([mesh.as_itk(coefficients), bent.rigid.as_itk().GetInverse()])
    return WayBack(transform, _error(bent.as_itk(), transform, points))


def _basis(mesh: Mesh, axis: int, count: int) -> Matrix:
    return basis(np.linspace(0, 1, count), mesh.cells[axis])


def _error(there: sitk.Transform, back: sitk.Transform, points: Points) -> float:
    returned = [back.TransformPoint(there.TransformPoint([float(v) for v in point])) for point in points]
    return float(np.linalg.norm(np.array(returned) - points, axis=1).max())
