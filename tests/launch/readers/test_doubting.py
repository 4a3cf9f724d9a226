"""What a network said of a case, as `readers next` ranks by it."""

from typing import Any

import pytest

from sarcoma_core.launch.readers.doubting import ModelDoubt, doubt_of
from sarcoma_core.provenance import Outcome
from sarcoma_core.steps.segment import STEP
from tests.records import record_of


def told(status: Any = "done", **facts: Any) -> Outcome:
    return Outcome("7", "MR", status, facts=facts)


def test_no_network_no_doubt() -> None:
    assert doubt_of(None) == ModelDoubt(None, needs_review=False)
    assert doubt_of(record_of(STEP, told("not applicable"))) == ModelDoubt(None, needs_review=False)


def test_the_worst_series_counts() -> None:
    record = record_of(
        STEP,
        told(uncertainty=0.01, needs_review=[]),
        told(uncertainty=0.04, needs_review=[]),
        told("refused", uncertainty=0.2, needs_review=["no"]),
    )
    assert doubt_of(record) == ModelDoubt(0.04, needs_review=False)


@pytest.mark.parametrize(("said", "doubted"), [([], False), (["no tumour was found"], True)])
def test_the_gate_of_any_series_asks_for_a_person(said: list[str], *, doubted: bool) -> None:
    record = record_of(STEP, told(uncertainty=0.0, needs_review=said))
    assert doubt_of(record).needs_review is doubted


def test_facts_of_another_shape_say_nothing() -> None:
    assert doubt_of(record_of(STEP, told(uncertainty="much"))).uncertainty is None
