"""The lines of a training: how many were left out and why, and each endpoint beside the baseline."""

import pytest

pytestmark = pytest.mark.torch
pytest.importorskip("torch", reason="torch test: make extras to run it")

from sarcoma_core.prognosis.network_telling import (  # noqa: E402
    facts_of_training,
    line_of_endpoint,
    line_of_training,
    lines_of_left_out,
)
from tests.prognosis.made_networks import DM, OS  # noqa: E402
from tests.prognosis.made_training import small_judged, small_training  # noqa: E402


def test_the_three_most_frequent_reasons_are_told_with_their_numbers() -> None:
    reasons = ["c", "a", "b", "a", "b", "a", "d", "c"]
    told = list(lines_of_left_out({f"X{number}": reason for number, reason in enumerate(reasons)}))
    assert told[0] == "3 patients left out: a"
    assert len(told) == 3
    assert "d" not in {line[-1] for line in told}
    assert list(lines_of_left_out({})) == []


def test_a_training_tells_its_networks_and_who_was_set_aside() -> None:
    parts = small_training().planned.parts
    told = line_of_training(small_training().planned)
    assert told.startswith(f"6 networks of {len(parts.development)} patients; set aside: ")
    assert told.endswith(f"{len(parts.test)} for the test, {len(parts.calibration)} for calibration")


def test_an_endpoint_is_told_with_the_baseline_and_the_same_numbers_are_facts() -> None:
    facts = facts_of_training(small_training().planned, small_judged())
    harrell = facts["harrell"]
    assert isinstance(harrell, dict)
    for one, name in zip(small_judged(), (OS, DM), strict=True):
        line = line_of_endpoint(one)
        assert f"{one.patients.follow_up.events} events" in line
        for model in ("clinical", "clinical baseline"):
            assert f"{model} {harrell[name][model]:.3f} (" in line
    assert facts["endpoints"] == [OS, DM, "grade"]
