"""The cases of a whole cohort, with those that an earlier evaluation judged of other models."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sarcoma_core.archive.frozen import FrozenSession
from sarcoma_core.segmentation.evaluation.cases import LackingCase, RegionKey, ScoredCase
from sarcoma_core.segmentation.evaluation.reading import SessionCases


@dataclass(frozen=True)
class CohortCases:
    """What a cohort gives.

    Args:
        scored: cases that were compared, those of an earlier evaluation included.
        lacking: those that could not be.
        dropped: how many earlier cases do not count any more, by the reason.
    """

    scored: tuple[ScoredCase, ...]
    lacking: tuple[LackingCase, ...]
    dropped: Mapping[str, int]


REFERENCE_GONE = "the reference has changed, or is gone"
"""Why an earlier case does not count any more."""


def gather(
    sessions: Sequence[tuple[FrozenSession, SessionCases]], earlier: Iterable[ScoredCase] = ()
) -> CohortCases:
    """Put the cases of all sessions together.

    What nobody has a reference of is no region of the study. An earlier case counts where its reference is
    the very file that is there now, and the same model has not drawn it anew.

    Args:
        sessions: of the cohort, with what each gives.
        earlier: cases of an earlier evaluation of the same cohort, by the same definitions.
    """
    scored = {one.key: one for _, told in sessions for one in told.scored}
    references = {
        (frozen.session, series, region): digest
        for frozen, told in sessions
        for (series, region), digest in (told.references or {}).items()
    }
    dropped = 0
    for one in earlier:
        if one.key in scored:
            continue
        if references.get(one.key[:3]) == one.reference_sha256:
            scored[one.key] = replace(one, earlier=True)
        else:
            dropped += 1
    studied = {region for _, _, region in references}
    told_lacking = tuple(one for _, told in sessions for one in told.lacking if one.region in studied)
    lacking = (*told_lacking, *_not_by(scored.values(), told_lacking, references, sessions))
    return CohortCases(tuple(scored.values()), lacking, {REFERENCE_GONE: dropped} if dropped else {})


def _not_by(
    scored: Iterable[ScoredCase],
    lacking: Iterable[LackingCase],
    references: Iterable[tuple[str, str, RegionKey]],
    sessions: Iterable[tuple[FrozenSession, SessionCases]],
) -> Iterator[LackingCase]:
    """Sessions with a reference for which a model has drawn nothing, though others or it elsewhere have."""
    cases = tuple(scored)
    models = sorted({(one.group.model, one.group.region) for one in cases})
    told = {(one.session, one.region, one.model) for one in lacking}
    there = {(one.session, one.group.region, one.group.model) for one in cases}
    drawn = {(session, region) for session, region, _ in there}
    held = dict.fromkeys((session, region) for session, _, region in references)
    subjects = {frozen.session: frozen.subject for frozen, _ in sessions}
    for session, region in held:
        for model, of in models:
            key = (session, region, model)
            if of != region or key in there | told or (session, region) not in drawn:
                continue
            yield LackingCase(subjects[session], session, region, "not drawn by this model", model)
