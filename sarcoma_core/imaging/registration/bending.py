"""Bend one volume, gently and within bounds, so that it tells more about another.

A cubic B-spline on a mesh of about 80 mm moves the points of the fixed volume before the rigid transform
does. What holds it: its coefficients stay under 0.4 of the mesh's width, under which no fold is possible
(0.48; Choi and Lee, Injectivity conditions of 2D and 3D uniform cubic B-spline functions, Graphical Models
2000; 62:411-427), and bending costs: where nothing is seen, the surroundings are followed.

Source: Rueckert et al., Nonrigid registration using free-form deformations, IEEE Trans Med Imaging 1999;
18:712-721.
"""

import itertools
from typing import NamedTuple

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from sarcoma_core.imaging.bspline import Matrix, basis
from sarcoma_core.imaging.registration.climbing import Vector, climb
from sarcoma_core.imaging.registration.information import Information, Points
from sarcoma_core.imaging.registration.rigid import RigidTransform
from sarcoma_core.imaging.registration.views import Lattice, Sample
from sarcoma_core.imaging.resampling import lps
from sarcoma_core.imaging.volume import Volume

MESH = 80.0
"""mm, about: the mesh has whole cells."""

_BOUND = 0.4  # of the width of a cell
_STIFFNESS = 500.0  # nats for a mean squared bend of 1 per mm
_FIRST_STEP = 40.0  # mm, all coefficients together
_PRECISION = 0.3  # mm, likewise
_ROUNDS = 150
_MARGIN = 40.0  # mm
_SPANS = 3  # coefficients beyond the cells, of a cubic

Coefficients = NDArray[np.float64]
"""Shape (3, i, j, k): mm along LPS at each node."""


class Mesh(NamedTuple):
    """Where the cells of a spline lie.

    Args:
        origin: corner of the first cell, LPS mm.
        directions: of the axes, columns of a matrix of shape (3, 3).
        extent: of the whole along each axis, mm.
        cells: along each axis.
    """

    origin: Vector
    directions: NDArray[np.float64]
    extent: Vector
    cells: tuple[int, int, int]

    @classmethod
    def over(cls, volume: Volume, width: float) -> "Mesh":
        """A mesh over a volume and 40 mm around it, its cells of about this width.

        A point at the edge is moved by 20 mm at most, and the inverse has to be one there as well.
        """
        affine, steps = lps(volume.affine), np.array(volume.spacing)
        directions = affine[:3, :3] / steps
        extent = steps * np.array(volume.array.shape) + 2 * _MARGIN
        x, y, z = (max(1, round(float(side) / width)) for side in extent)
        return cls(affine[:3, 3] - directions @ (steps / 2 + _MARGIN), directions, extent, (x, y, z))

    @property
    def nodes(self) -> tuple[int, ...]:
        """Coefficients along each axis."""
        return tuple(count + _SPANS for count in self.cells)

    @property
    def width(self) -> Vector:
        """Of a cell, mm."""
        return self.extent / self.cells

    def bases(self, lattice: Lattice) -> tuple[Matrix, Matrix, Matrix]:
        """The spline's functions along each axis of a lattice with the same axes."""
        steps = np.linalg.norm(lattice.to_lps[:3, :3], axis=0)
        first = (lattice.to_lps[:3, 3] - self.origin) @ self.directions
        x, y, z = (
            basis((first[n] + steps[n] * np.arange(size)) / self.extent[n], self.cells[n])
            for n, size in enumerate(lattice.values.shape)
        )
        return x, y, z

    def as_itk(self, coefficients: Coefficients) -> sitk.BSplineTransform:
        """The spline as ITK has it; points outside of the mesh stay where they are."""
        transform = sitk.BSplineTransform(3, 3)
        transform.SetTransformDomainOrigin([float(value) for value in self.origin])
        transform.SetTransformDomainDirection([float(value) for value in self.directions.ravel()])
        transform.SetTransformDomainPhysicalDimensions([float(value) for value in self.extent])
        transform.SetTransformDomainMeshSize(list(self.cells))
        # of each component all nodes, the first axis fastest
        transform.SetParameters([float(value) for part in coefficients for value in part.ravel(order="F")])
        return transform


class BentTransform(NamedTuple):
    """p -> rigid(p + spline(p)), from fixed to moving, LPS mm.

    Args:
        rigid: what follows.
        mesh: of the spline.
        coefficients: of the spline.
    """

    rigid: RigidTransform
    mesh: Mesh
    coefficients: Coefficients

    def as_itk(self) -> sitk.Transform:
        """The same as ITK has it."""
        return sitk.CompositeTransform([self.rigid.as_itk(), self.mesh.as_itk(self.coefficients)])

    def moved(self, points: Points) -> Points:
        """Where points of the fixed volume lie in the moving one."""
        way = self.as_itk()
        return np.array([way.TransformPoint(point) for point in points.tolist()])

    def displacement(self, lattice: Lattice) -> NDArray[np.float64]:
        """The spline at each point of a lattice with the mesh's axes, shape (x, y, z, 3), LPS mm."""
        return _displacement(self.coefficients, self.mesh.bases(lattice))


def bend(sample: Sample, moving: Lattice, rigid: RigidTransform, mesh: Mesh, *, bins: int) -> BentTransform:
    """The bend on top of a rigid transform that tells most, for what bending costs.

    Args:
        sample: of the fixed volume, whose axes the mesh has.
        moving: the other.
        rigid: where to start.
        mesh: of the spline.
        bins: of the joint histogram.
    """
    information = Information(sample.values, moving.values, bins)
    to_voxels = np.linalg.inv(moving.to_lps[:3, :3])
    turn = to_voxels @ rigid.rotation
    places = (rigid.moved(sample.points) - moving.to_lps[:3, 3]) @ to_voxels.T
    bases, index = mesh.bases(sample.lattice), tuple(sample.voxels.T)
    shape = (3, *mesh.nodes)

    def slope(place: Vector) -> tuple[float, Vector]:
        coefficients = place.reshape(shape)
        there = information.at(places + _displacement(coefficients, bases)[index] @ turn.T, slope=True)
        pulls = np.zeros((*sample.lattice.values.shape, 3))
        pulls[index] = there.slope @ turn
        cost, cost_slope = bending(coefficients, mesh.width)
        rise = _on_nodes(pulls, bases) - _STIFFNESS * cost_slope
        return there.information - _STIFFNESS * cost, rise.ravel()

    summit = climb(
        slope,
        np.zeros(int(np.prod(shape))),
        first=_FIRST_STEP,
        rounds=_ROUNDS,
        precision=_PRECISION,
        bound=_BOUND * float(mesh.width.min()),
    )
    return BentTransform(rigid, mesh, summit.place.reshape(shape))


def bending(coefficients: Coefficients, width: Vector) -> tuple[float, Coefficients]:
    """Mean over the nodes of the squared second derivatives, 1/mm2, and its slope.

    Args:
        coefficients: mm, shape (3, i, j, k).
        width: of a cell along each axis, mm.
    """
    cost, slope = 0.0, np.zeros_like(coefficients)
    for one, two in itertools.combinations_with_replacement(range(3), 2):
        times = 1 if one == two else 2
        second = np.diff(np.diff(coefficients, axis=one + 1), axis=two + 1) / (width[one] * width[two])
        cost += times * float((second**2).sum()) / second[0].size
        back = second * (2 * times / (second[0].size * width[one] * width[two]))
        for axis in (two + 1, one + 1):
            ends = [(1, 1) if number == axis else (0, 0) for number in range(4)]
            back = -np.diff(np.pad(back, ends), axis=axis)
        slope += back
    return cost, slope


def jacobian(displacement: NDArray[np.float64], lattice: Lattice) -> NDArray[np.float64]:
    """How much volume a point's surroundings get, times: 1 is none more or less, 0 or less is a fold.

    Args:
        displacement: at each point of the lattice, shape (x, y, z, 3), LPS mm.
        lattice: where.

    Returns:
        Shape (x, y, z); of the transform p -> p + displacement.
    """
    to_voxels = np.linalg.inv(lattice.to_lps[:3, :3])
    by_voxel = np.stack([np.gradient(displacement, axis=axis) for axis in range(3)], axis=-1)
    return np.asarray(np.linalg.det(np.eye(3) + by_voxel @ to_voxels), np.float64)


def _displacement(coefficients: Coefficients, bases: tuple[Matrix, Matrix, Matrix]) -> NDArray[np.float64]:
    """The spline on a lattice, shape (x, y, z, 3)."""
    x, y, z = bases
    parts = [np.tensordot(x, np.matmul(y, part) @ z.T, axes=(1, 0)) for part in coefficients]
    return np.stack(parts, axis=-1)


def _on_nodes(values: NDArray[np.float64], bases: tuple[Matrix, Matrix, Matrix]) -> Coefficients:
    """What the values on a lattice, shape (x, y, z, 3), add up to at each node."""
    x, y, z = bases
    return np.stack([np.matmul(y.T, np.tensordot(x.T, values[..., n], axes=(1, 0))) @ z for n in range(3)])
