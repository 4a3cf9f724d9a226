"""Which of several series of one role is chosen: the first difference in this order decides.

1. what the site's rules say, before what the rule table says (a person's choice stands before all);
2. a sure role before one that needs review;
3. PET with attenuation correction before PET without; CT for soft tissue before one for lung or bone;
4. T1 with fat before T1 without; T1 post-contrast without fat before one with;
5. a whole scan before a part of one;
6. the plane in which more of the other sequences were taken;

up to here one is better; from here on they are equally good, and a person is asked:

7. the larger coverage, to 1 mm; 8. the smaller voxel, to 0.1 mm3; 9. the order of the scans.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sarcoma_core.archive.folder import natural
from sarcoma_core.archive.roles import ROLE_TITLES, Role
from sarcoma_core.dicom.roles.facts import PLANES, SeriesFacts
from sarcoma_core.dicom.roles.words import read_words

_SHARP = ("LUNG", "BONE", "BONEPLUS", "EDGE", "DETAIL")
_MR_ROLES: tuple[Role, ...] = ("T1CE", "T1", "T2FS", "T2")


@dataclass(frozen=True)
class Candidate:
    """A series that may be chosen for its role.

    Args:
        facts: what is known of it.
        role: its role.
        by_site: whether the site's rules say so.
        sure: whether the role needs no review.
        no_fat: whether fat is suppressed.
    """

    facts: SeriesFacts
    role: Role
    by_site: bool
    sure: bool
    no_fat: bool

    @property
    def plane(self) -> str:
        """The plane of its slices: by its grid, else by its description; empty where neither tells."""
        if self.facts.grid is not None:
            return self.facts.grid.plane
        said = read_words(self.facts.description)
        return next((plane for plane in PLANES if plane in said), "")

    @property
    def is_uncorrected(self) -> bool:
        """Whether it is a PET without attenuation correction."""
        if self.role != "PET":
            return False
        if self.facts.corrected:
            return "ATTN" not in self.facts.corrected
        return "not attenuation-corrected" in read_words(self.facts.description)

    @property
    def is_for_others(self) -> bool:
        """Whether it is a CT for lung or bone."""
        if self.role != "CT":
            return False
        sharp = any(word in self.facts.kernel.upper() for word in _SHARP)
        return sharp or "lung or bone" in read_words(self.facts.description)

    @property
    def has_unwanted_fat(self) -> bool:
        """Whether its fat is not as models of its role want it."""
        return {"T1": self.no_fat, "T1CE": not self.no_fat}.get(self.role, False)


@dataclass(frozen=True)
class Ranking:
    """Candidates of one role, the best first.

    Args:
        ranked: all of them.
        equals: those that are as good as the first.
        by: what decided between the first two, in words.
    """

    ranked: tuple[Candidate, ...]
    equals: tuple[Candidate, ...]
    by: str

    @property
    def first(self) -> Candidate:
        """The one that is chosen."""
        return self.ranked[0]

    def notes(self) -> dict[str, str]:
        """For each series, why it was chosen or not; nothing for one alone."""
        taken = self.first.facts.series
        notes = {c.facts.series: f"not chosen: scan {taken} was taken ({self.by})" for c in self.ranked[1:]}
        return {**notes, taken: f"chosen of {len(self.ranked)} ({self.by})"} if notes else {}

    def reviews(self) -> list[str]:
        """What a person has to look at."""
        found = []
        title, taken = ROLE_TITLES[self.first.role], self.first.facts.series
        if self.equals:
            names = " and ".join(one.facts.series for one in (self.first, *self.equals))
            found.append(f"scans {names} are equally good for {title}; {taken} was taken ({self.by})")
        if self.first.is_uncorrected:
            found.append("it is not corrected for attenuation")
        return found


_BETTER = (
    "the site's rule",
    "the surer role",
    "corrected for attenuation, or for soft tissue",
    "fat as the role wants it",
    "a whole scan",
    "the plane of more other sequences",
)
_TAKEN = ("larger coverage", "smaller voxels", "the first scan")


def rank(candidates: Sequence[Candidate], all_candidates: Sequence[Candidate]) -> Ranking:
    """Put the candidates of one role in order.

    Args:
        candidates: of one role, at least one.
        all_candidates: of all roles.
    """

    def merits(one: Candidate) -> tuple[Any, ...]:
        return (
            not one.by_site,
            not one.sure,
            one.is_uncorrected or one.is_for_others,
            one.has_unwanted_fat,
            bool(one.facts.part),
            -_others_in_plane(one, all_candidates),
        )

    def ties(one: Candidate) -> tuple[Any, ...]:
        grid = one.facts.grid
        coverage, voxel = (grid.coverage, grid.voxel) if grid else (0.0, 0.0)
        return (-round(coverage), round(voxel, 1), natural(one.facts.series))

    ranked = sorted(candidates, key=lambda one: (merits(one), ties(one)))
    first, *rest = ranked
    by = ""
    if rest:
        pairs = zip(
            (*_BETTER, *_TAKEN),
            (*merits(first), *ties(first)),
            (*merits(rest[0]), *ties(rest[0])),
            strict=True,
        )
        by = next(words for words, a, b in pairs if a != b)
    equals = tuple(one for one in rest if merits(one) == merits(first))
    return Ranking(tuple(ranked), equals, by)


def _others_in_plane(one: Candidate, candidates: Sequence[Candidate]) -> int:
    """How many other MR roles have a candidate in the plane of this one."""
    if one.role not in _MR_ROLES or not one.plane:
        return 0
    return len(
        {
            other.role
            for other in candidates
            if other.role != one.role and other.role in _MR_ROLES and other.plane == one.plane
        }
    )
