"""Labels: rows are chosen alike, causes are told apart, and what is of another kind is refused."""

import pkgutil
import subprocess
import sys
from typing import Any

import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="torch test: make extras to run it")

from sarcoma_core import models  # noqa: E402
from sarcoma_core.errors import InputError  # noqa: E402
from sarcoma_core.training.outcomes.labels import (  # noqa: E402
    CENSORED,
    COMPETED,
    EVENT,
    GradeLabels,
    TimedLabels,
)

TIME = torch.tensor([5.0, 0.0, 7.5, torch.nan], dtype=torch.float64)
CAUSE = torch.tensor([EVENT, CENSORED, COMPETED, CENSORED])
KNOWN = torch.tensor([True, True, True, False])
LEVEL = torch.tensor([2, 0, -1])


def timed(**told: Any) -> TimedLabels:
    return TimedLabels(**{"time": TIME, "cause": CAUSE, "known": KNOWN, **told})


@pytest.mark.parametrize(
    "index", [torch.tensor([2, 0, 0]), torch.tensor([True, False, True, False]), KNOWN, ~KNOWN], ids=str
)
def test_the_same_rows_are_chosen_of_every_column(index: Any) -> None:
    found = timed().of(index)
    for name, whole in (("time", TIME), ("cause", CAUSE), ("known", KNOWN)):
        torch.testing.assert_close(getattr(found, name), whole[index], equal_nan=True)
    graded = GradeLabels(LEVEL, torch.tensor([True, True, False])).of(torch.tensor([2, 0]))
    assert graded.level.tolist() == [-1, 2]
    assert graded.known.tolist() == [False, True]


def test_of_one_cause_the_others_are_censorings() -> None:
    for cause, wanted in ((EVENT, [True, False, False, False]), (COMPETED, [False, False, True, False])):
        time, event = timed().of_cause(cause)
        assert time is TIME
        assert event.dtype == torch.bool
        assert event.tolist() == wanted


@pytest.mark.parametrize("cause", [CENSORED, 3])
def test_what_is_no_cause_has_no_hazard(cause: int) -> None:
    with pytest.raises(InputError, match=f"cause: must be 1 the event or 2 what competes; found {cause}"):
        timed().of_cause(cause)


def test_nobody_at_all_is_labelled_too() -> None:
    nobody = timed().of(torch.zeros(4, dtype=torch.bool))
    assert nobody.time.shape == nobody.cause.shape == nobody.known.shape == (0,)


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"time": TIME.float()}, r"time: must be torch.float64; found torch.float32"),
        ({"cause": CAUSE.to(torch.int32)}, r"cause: must be torch.int64; found torch.int32"),
        ({"time": CAUSE, "cause": TIME}, r"time: must be torch.float64; found torch.int64"),
        ({"known": KNOWN.to(torch.int64)}, r"known: must be torch.bool; found torch.int64"),
        (
            {"known": KNOWN[:3]},
            r"must be one of each for every patient; found shapes \[\(4,\), \(4,\), \(3,\)",
        ),
        (
            {"time": TIME[:, None], "cause": CAUSE[:, None], "known": KNOWN[:, None]},
            "must be one of each for",
        ),
        ({"known": ~KNOWN | KNOWN}, r"time: must be 0 or more and finite; 1 of 4 are not"),
        ({"time": TIME - 0.1}, r"time: must be 0 or more and finite; 1 of 3 are not"),
        ({"time": TIME / 0}, r"time: must be 0 or more and finite; 3 of 3 are not"),
        ({"cause": CAUSE + 1}, "cause: must be 0 censored, 1 the event or 2 what competes"),
        ({"cause": CAUSE - 1}, "cause: must be 0 censored, 1 the event or 2 what competes"),
    ],
    ids=lambda value: "" if isinstance(value, dict) else value[:24],
)
def test_labels_of_another_kind_are_refused(told: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        timed(**told)


def test_a_grade_is_a_level_from_0_where_it_is_known() -> None:
    known = torch.tensor([True, True, False])
    GradeLabels(LEVEL, known)
    with pytest.raises(InputError, match="level: must be 0 or more where it is known"):
        GradeLabels(LEVEL, known | True)
    with pytest.raises(InputError, match=r"level: must be torch.int64; found torch.float32"):
        GradeLabels(LEVEL.float(), known)
    with pytest.raises(InputError, match="level, known: must be one of each for every patient"):
        GradeLabels(LEVEL, known[:2])


def test_labels_losses_of_our_own_and_all_that_foretells_load_no_pycox() -> None:
    """Who only reads a model needs none of what trained it; `objective` does."""
    imports = [
        f"sarcoma_core.training.outcomes.{n}" for n in ("labels", "cox_loss", "hazard_loss", "grade_loss")
    ]
    imports += ["sarcoma_core.survival.incidence", "sarcoma_core.prognosis.foretold"]
    imports += [f"sarcoma_core.models.{one.name}" for one in pkgutil.iter_modules(models.__path__)]
    assert "sarcoma_core.models.multimodal" in imports
    code = f"import sys, {', '.join(imports)}; print(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "torch" in loaded
    assert not loaded & {"pycox", "torchtuples", "pandas", "sklearn", "numba"}
