"""The cases of one session: what models drew in SEG against what a person locked in MASKS.

The references are those that the cohort froze. SEG may be newer: a model is run after the cohort is frozen.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from sarcoma_core.archive.folder import SessionFolder
from sarcoma_core.archive.frozen import FrozenSession, frozen_masks
from sarcoma_core.archive.masks import MASKS_LABEL, SEG_LABEL, MaskVersion, SessionMasks, read_masks
from sarcoma_core.errors import ArchiveError, InputError
from sarcoma_core.imaging.grids import grid_difference
from sarcoma_core.imaging.nifti_masks import read_mask
from sarcoma_core.provenance import RunRecord
from sarcoma_core.segmentation.definitions import DEFINITIONS, TOLERANCE_MM, Definition
from sarcoma_core.segmentation.evaluation.automatic import AutomaticMask, Drawn, automatic_masks
from sarcoma_core.segmentation.evaluation.cases import (
    NOT_TOLD,
    REGIONS,
    LackingCase,
    LackKind,
    ModelGroup,
    RegionKey,
    ScoredCase,
    Strata,
)
from sarcoma_core.segmentation.evaluation.planes import grid_plane
from sarcoma_core.segmentation.evaluation.scanners import scanners
from sarcoma_core.segmentation.metrics import compare

References = Mapping[tuple[str, RegionKey], MaskVersion]
"""The locked references, by series and region."""


@dataclass(frozen=True, slots=True)
class CaseRules:
    """What is compared, and how.

    Args:
        regions: keys of the regions.
        definition: of surfaces, percentile and average.
        tolerance_mm: of the surface Dice.
    """

    regions: tuple[RegionKey, ...] = REGIONS
    definition: Definition = DEFINITIONS[0]
    tolerance_mm: float = TOLERANCE_MM


@dataclass(frozen=True)
class SessionCases:
    """What a session gives.

    Args:
        scored: cases that were compared.
        lacking: those that could not be.
        references: SHA-256 of each locked reference, by series and region.
        main: the cases of the masks that stand for the session: those of the plain name of their region.
    """

    scored: tuple[ScoredCase, ...] = ()
    lacking: tuple[LackingCase, ...] = ()
    references: Mapping[tuple[str, RegionKey], str] | None = None
    main: tuple[ScoredCase, ...] = ()


def session_cases(
    frozen: FrozenSession, folder: SessionFolder | None, rules: CaseRules, strata: Strata
) -> SessionCases:
    """Compare the masks of a session; one that is damaged stops no other.

    Args:
        frozen: the session of the cohort.
        folder: of it; None where the project has none.
        rules: what is compared, and how.
        strata: the level of each variable of the patient; the scanner is told by the images.
    """
    if folder is None:
        return _all_lacking(frozen, rules, "cannot be read", "the project has no such session")
    try:
        record = folder.record(MASKS_LABEL)
        if record is not None and frozen.labels.get(MASKS_LABEL) != record.contents:
            return _all_lacking(frozen, rules, "reference changed since the cohort was frozen")
        masks = frozen_masks(frozen, folder, rules.regions[0]) if record else SessionMasks(())
        segmented = folder.record(SEG_LABEL)
        automatic = read_masks(folder, SEG_LABEL)
    except ArchiveError as error:
        return _all_lacking(frozen, rules, "cannot be read", error.message.rstrip("."))
    references: References = {
        (one.series, region): one
        for one in masks.current()
        for region in rules.regions
        if one.locked and one.roi == region
    }
    made_by = scanners(folder) if references else {}
    session = _Compared(frozen, rules, strata, masks, references, made_by)
    return session.cases(automatic_masks(automatic, segmented, rules.regions), segmented)


def _all_lacking(frozen: FrozenSession, rules: CaseRules, kind: LackKind, why: str = "") -> SessionCases:
    lacking = (LackingCase(frozen.subject, frozen.session, r, kind, "", why) for r in rules.regions)
    return SessionCases(lacking=tuple(lacking))


@dataclass(frozen=True)
class _Compared:
    """A session that can be read."""

    frozen: FrozenSession
    rules: CaseRules
    strata: Strata
    masks: SessionMasks
    references: References
    scanners: Mapping[str, str]

    def cases(self, drawn: Drawn, segmented: RunRecord | None) -> SessionCases:
        """Compare what can be, and tell what cannot."""
        lacking = [
            *self._without_reference(),
            *self._not_segmented(drawn, segmented),
            *self._elsewhere(drawn),
        ]
        scored: list[ScoredCase] = []
        main: list[ScoredCase] = []
        for (model, region, series), mask in drawn.items():
            if (series, region) not in self.references:
                continue
            found = self._compare((model, region, series), mask)
            if isinstance(found, LackingCase):
                lacking.append(found)
                continue
            scored.append(found)
            main += [found] if mask.is_main else []
        digests = {key: one.sha256 for key, one in self.references.items()}
        return SessionCases(tuple(scored), tuple(lacking), digests, tuple(main))

    def _compare(self, key: tuple[str, RegionKey, str], mask: AutomaticMask) -> ScoredCase | LackingCase:
        model, region, series = key
        reference, rules = self.references[series, region], self.rules
        try:
            inside, grid = read_mask(self.masks.path(reference))
            found, other = read_mask(mask.path) if mask.path else (np.zeros_like(inside), grid)
            if apart := grid_difference(grid, other):
                return self._lack(region, "another grid than the reference", model, apart)
            scores = compare(
                inside, found, grid.spacing, definition=rules.definition, tolerance_mm=rules.tolerance_mm
            )
        except InputError as error:
            return self._lack(region, "cannot be read", model, error.message.rstrip("."))
        except OSError as error:
            return self._lack(region, "cannot be read", model, error.strerror or type(error).__name__)
        roles = {one.key: one.role for one in self.frozen.series}
        group = ModelGroup(model, roles.get(series) or NOT_TOLD, grid_plane(grid.affine), region)
        maker = self.scanners.get(series)
        strata: Strata = {**self.strata, "scanner": maker} if maker else self.strata
        return ScoredCase(
            *(self.frozen.subject, self.frozen.session, series, group, scores),
            *(reference.handle, reference.sha256, mask.handle, mask.sha256),
            *(strata, mask.doubts),
        )

    def _without_reference(self) -> Iterator[LackingCase]:
        for region in self.rules.regions:
            if not self._series(region):
                yield self._lack(region, "no locked reference")

    def _not_segmented(self, drawn: Drawn, segmented: RunRecord | None) -> Iterator[LackingCase]:
        refused = [o.reason for o in segmented.outcomes if o.status == "refused"] if segmented else []
        for region in self.rules.regions:
            if self._series(region) and not any(key[1] == region for key in drawn):
                kind: LackKind = "segmentation refused" if refused else "not segmented"
                yield self._lack(region, kind, "", refused[0].rstrip(".") if refused else "")

    def _elsewhere(self, drawn: Drawn) -> Iterator[LackingCase]:
        for model, region in dict.fromkeys(key[:2] for key in drawn):
            own = {series for one, two, series in drawn if (one, two) == (model, region)}
            if (held := self._series(region)) and not own & held:
                where = f"the mask lies on scan {', '.join(sorted(own))}"
                yield self._lack(region, "drawn on another series than the reference", model, where)

    def _series(self, region: RegionKey) -> set[str]:
        """The series with a reference of a region."""
        return {series for series, one in self.references if one == region}

    def _lack(self, region: RegionKey, kind: LackKind, model: str = "", why: str = "") -> LackingCase:
        return LackingCase(self.frozen.subject, self.frozen.session, region, kind, model, why)
