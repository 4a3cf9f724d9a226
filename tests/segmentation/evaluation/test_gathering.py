"""The cases of a cohort together: earlier ones where their reference is the same, and whom a model lacks."""

from dataclasses import replace

import numpy as np

from sarcoma_core.archive.frozen import FrozenSession
from sarcoma_core.segmentation.evaluation.cases import LackingCase, ScoredCase
from sarcoma_core.segmentation.evaluation.gathering import REFERENCE_GONE, gather
from sarcoma_core.segmentation.evaluation.reading import SessionCases
from tests.segmentation.evaluation.planted import SHAPE, T1CE, case

MASK = np.zeros(SHAPE, bool)
MASK[4:8, 4:8, 4:8] = True
OTHER = replace(T1CE, model="other")


def frozen(subject: str) -> FrozenSession:
    return FrozenSession(subject, f"{subject}_MR", {}, ())


def session(subject: str, *scored: ScoredCase, digest: str = "a" * 64) -> tuple[FrozenSession, SessionCases]:
    return frozen(subject), SessionCases(scored, (), {("4", "tumour"): digest})


def test_cases_of_another_model_are_carried_where_the_reference_is_the_same_file() -> None:
    earlier = [case("A", MASK, MASK, OTHER), case("B", MASK, MASK, OTHER)]
    now = [session("A", case("A", MASK, MASK)), session("B", case("B", MASK, MASK), digest="z" * 64)]
    found = gather(now, earlier)
    carried = [one for one in found.scored if one.earlier]
    assert [(one.subject, one.group.model) for one in carried] == [("A", "other")]
    assert found.dropped == {REFERENCE_GONE: 1}


def test_what_the_same_model_draws_now_counts_and_not_what_it_drew_before() -> None:
    before = replace(case("A", MASK, MASK & False), mask_sha256="z" * 64)
    [one] = gather([session("A", case("A", MASK, MASK))], [before]).scored
    assert (one.scores.dice, one.earlier) == (1.0, False)
    # where it has drawn nothing since, the earlier case stands
    [one] = gather([session("A")], [before]).scored
    assert (one.scores.dice, one.earlier) == (0.0, True)


def test_a_reference_that_is_gone_takes_its_earlier_cases_along() -> None:
    found = gather([(frozen("A"), SessionCases())], [case("A", MASK, MASK)])
    assert (found.scored, found.dropped) == ((), {REFERENCE_GONE: 1})


def test_a_model_that_has_not_drawn_what_others_have_is_told_by_session() -> None:
    now = [
        session("A", case("A", MASK, MASK), case("A", MASK, MASK, OTHER)),
        session("B", case("B", MASK, MASK)),
    ]
    [lack] = gather(now).lacking
    assert lack == LackingCase("B", "B_MR", "tumour", "not drawn by this model", "other")


def test_who_is_told_already_is_not_told_twice() -> None:
    elsewhere = LackingCase("B", "B_MR", "tumour", "drawn on another series than the reference", "other")
    lacks = SessionCases((case("B", MASK, MASK),), (elsewhere,), {("4", "tumour"): "a" * 64})
    found = gather([session("A", case("A", MASK, MASK, OTHER)), (frozen("B"), lacks)])
    assert [(one.kind, one.model, one.session) for one in found.lacking] == [
        ("drawn on another series than the reference", "other", "B_MR"),
        ("not drawn by this model", T1CE.model, "A_MR"),
    ]


def test_a_session_that_nobody_segmented_is_told_once_and_not_for_each_model() -> None:
    nothing = LackingCase("B", "B_MR", "tumour", "not segmented")
    lacks = SessionCases((), (nothing,), {("4", "tumour"): "a" * 64})
    assert gather([session("A", case("A", MASK, MASK)), (frozen("B"), lacks)]).lacking == (nothing,)


def test_a_region_of_which_nobody_has_a_reference_is_no_region_of_the_study() -> None:
    lacks = SessionCases(
        (case("A", MASK, MASK),),
        (LackingCase("A", "A_MR", "oedema", "no locked reference"),),
        {("4", "tumour"): "a" * 64},
    )
    assert gather([(frozen("A"), lacks)]).lacking == ()
    with_oedema = session("B", case("B", MASK, MASK, replace(T1CE, region="oedema")))
    with_oedema[1].references[("4", "oedema")] = "a" * 64  # type: ignore[index]
    told = gather([(frozen("A"), lacks), with_oedema]).lacking
    assert ("A_MR", "oedema", "no locked reference") in {(one.session, one.region, one.kind) for one in told}
