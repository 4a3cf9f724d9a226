"""A cohort with planted effects: ellipsoids on small grids, drawn again with an error that is known.

What makes a difference is known: an anatomical site, a histology, a scanner, or nothing at all.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from sarcoma_core.imaging.volume import Mask
from sarcoma_core.segmentation.evaluation.cases import ModelGroup, ScoredCase, Strata
from sarcoma_core.segmentation.metrics import compare

SHAPE = (18, 18, 12)
SPACING = (2.0, 2.0, 4.0)
AFFINE = np.diag([*SPACING, 1.0])
SITES = ("lower limb", "trunk", "retroperitoneum")
HISTOLOGIES = ("myxofibrosarcoma", "leiomyosarcoma", "synovial sarcoma")
SCANNERS = ("Maker A", "Maker B")
T1CE = ModelGroup("MODEL_SEG_X T1CE 0123456789ab", "T1CE", "axial", "tumour")


def ellipsoid(centre: np.ndarray, radii: np.ndarray) -> Mask:
    """All voxels inside, mm."""
    places = (np.indices(SHAPE).reshape(3, -1).T + 0.5) * SPACING
    return np.asarray((((places - centre) / radii) ** 2).sum(axis=1) <= 1).reshape(SHAPE)


@dataclass(frozen=True)
class PlantedPatient:
    """A patient with a tumour, and what may make a difference."""

    subject: str
    strata: Strata
    reference: Mask
    centre: np.ndarray
    radii: np.ndarray

    def drawn(self, rng: np.random.Generator, error_mm: float) -> Mask:
        """The tumour as a model draws it: moved by about so much, and a little larger or smaller."""
        towards = rng.normal(size=3)
        moved = self.centre + towards / np.linalg.norm(towards) * error_mm * rng.uniform(0.5, 1.5)
        return ellipsoid(moved, self.radii * rng.uniform(0.95, 1.05))


@dataclass(frozen=True)
class PlantedCohort:
    """Patients of which site, histology and scanner are independent.

    Args:
        seed: of everything.
        patients: how many.
        rare: further patients of a histology of their own.
    """

    seed: int
    patients: int = 60
    rare: int = 0
    histology: str = "epithelioid sarcoma"
    members: tuple[PlantedPatient, ...] = field(init=False)

    def __post_init__(self) -> None:
        rng = np.random.default_rng(self.seed)
        object.__setattr__(self, "members", tuple(self._members(rng)))

    def _members(self, rng: np.random.Generator) -> Iterator[PlantedPatient]:
        number = self.patients + self.rare
        levels = [np.resize(held, number)[rng.permutation(number)] for held in (SITES, HISTOLOGIES, SCANNERS)]
        for one in range(number):
            site, histology, scanner = (str(held[one]) for held in levels)
            told = self.histology if one >= self.patients else histology
            centre = np.array([18.0, 18.0, 24.0]) + rng.uniform(-2, 2, 3)
            radii = rng.uniform(9, 13, 3)
            strata: Strata = {"site": site, "histology": told, "scanner": scanner}
            yield PlantedPatient(f"S{one:03}", strata, ellipsoid(centre, radii), centre, radii)

    def cases(
        self, error_mm: Callable[[Strata], float], group: ModelGroup = T1CE, model_seed: int = 0
    ) -> tuple[ScoredCase, ...]:
        """Each patient as one model draws the tumour; an error of infinity is a mask without a voxel."""
        rng = np.random.default_rng((self.seed, model_seed, 1))
        return tuple(self._case(one, error_mm(one.strata), group, rng) for one in self.members)

    @staticmethod
    def _case(
        one: PlantedPatient, error_mm: float, group: ModelGroup, rng: np.random.Generator
    ) -> ScoredCase:
        drawn = one.drawn(rng, error_mm) if np.isfinite(error_mm) else np.zeros(SHAPE, bool)
        return case(one.subject, one.reference, drawn, group, one.strata)


def case(
    subject: str,
    reference: Mask,
    drawn: Mask,
    group: ModelGroup = T1CE,
    strata: Strata | None = None,
    **more: object,
) -> ScoredCase:
    """A case of two masks, in the session of that subject."""
    told: Mapping[str, object] = {
        "session": f"{subject}_MR",
        "series": "4",
        "reference": "4/tumour-v1",
        "reference_sha256": "a" * 64,
        "mask": "4/tumour-v1",
        "mask_sha256": "b" * 64,
        **more,
    }
    scores = compare(reference, drawn, SPACING)
    return ScoredCase(subject=subject, group=group, scores=scores, strata=strata or {}, **told)  # type: ignore[arg-type]
