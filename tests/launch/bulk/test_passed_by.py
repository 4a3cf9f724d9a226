"""In bulk: a step whose asset the project lacks is passed by, which is no work done, whoever goes on."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from sarcoma_core.archive.store import Session
from sarcoma_core.chains import CHAINS
from sarcoma_core.cli.xnat_watch import NoFollower
from sarcoma_core.errors import UsageError
from sarcoma_core.launch.bulk.engine import Bulk, foresee, row
from sarcoma_core.launch.bulk.following import Pace
from sarcoma_core.launch.bulk.journey import RunContext
from sarcoma_core.launch.bulk.ledger import LaunchRun, Ledger
from sarcoma_core.launch.bulk.preflight import stages
from sarcoma_core.launch.bulk.reading import read_results
from tests.launch.bulk.test_engine import Every, outcomes, sessions, start, table, work
from tests.launch.fake_xnat import SWIFT, FakeXnat, Killed

READ = CHAINS["read"]
WITHOUT_MODEL = tuple(step for step in READ if step not in ("segment", "export-masks", "predict"))
WITH_MODEL = tuple(step for step in READ if step != "predict")
MODEL = {"MODEL_SEG_A": "abc"}
SEGMENT = "segment not applicable: project P has no resource MODEL_SEG_* (the models that draw)"
EXPORT = "export-masks not applicable: the session has no resource MASKS or SEG, as segment was passed by"
PREDICT = "predict not applicable: project P has no resource MODEL_PROG_* (the networks that foretell)"
PATIENT = Pace(**{**SWIFT.__dict__, "lost_after": 0.0})


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger.sqlite")


def ran(fake: FakeXnat, session: str = "E0") -> list[str]:
    return [w.step for w in fake.workflows if w.session == session]


def passed_by(ledger: Ledger, run: LaunchRun) -> Counter[str]:
    return Counter(one.step for one in ledger.passed_by(run))


def reasons(ledger: Ledger, run: LaunchRun) -> list[str]:
    left = list(ledger.passed_by(run))
    held = [[one for one in left if one.item == each.item] for each in ledger.present(run)]
    rows = zip(ledger.present(run), held, strict=True)
    return [row(run, each, passed_by=mine).reason for each, mine in rows]


def test_the_chain_goes_on_and_the_session_is_complete_with_the_reason(ledger: Ledger) -> None:
    fake = FakeXnat(sessions(3))
    run = start(fake, ledger, "read")
    assert outcomes(work(fake, ledger, run)) == {"complete": 3}
    assert fake.launches() == Counter((name, step) for name in fake.sessions for step in WITHOUT_MODEL)
    assert passed_by(ledger, run) == {"segment": 3, "export-masks": 3, "predict": 3}
    assert reasons(ledger, run) == [f"{SEGMENT}; {EXPORT}; {PREDICT}"] * 3


def test_a_step_that_is_passed_by_need_not_be_installed_and_one_that_is_launched_must(
    ledger: Ledger,
) -> None:
    fake = FakeXnat(sessions(1), disabled=("segment",))
    assert outcomes(work(fake, ledger, start(fake, ledger, "read"))) == {"complete": 1}
    fake.assets |= MODEL
    with pytest.raises(UsageError, match="step segment: must be enabled"):
        stages(fake, "P", READ, {})


def test_the_model_comes_between_two_runs_and_the_step_is_done_then(ledger: Ledger) -> None:
    fake = FakeXnat(sessions(2))
    work(fake, ledger, start(fake, ledger, "read"))
    fake.assets |= MODEL
    for held in fake.sessions.values():
        held.pop("REPORT")  # the double writes no manifest twice
    run = start(fake, ledger, "read")
    assert outcomes(work(fake, ledger, run)) == {"complete": 2}
    for name in fake.sessions:
        assert ran(fake, name) == [*WITHOUT_MODEL, "segment", "export-masks", "report"]
    assert passed_by(ledger, run) == {"predict": 2}
    assert outcomes(work(fake, ledger, start(fake, ledger, "read"))) == {"already done": 2}


def test_the_model_goes_and_what_it_drew_is_not_counted_as_done(ledger: Ledger) -> None:
    fake = FakeXnat(sessions(1), assets=dict(MODEL))
    work(fake, ledger, start(fake, ledger, "read"))
    assert ran(fake) == list(WITH_MODEL)
    fake.assets.clear()
    run = start(fake, ledger, "read")
    assert outcomes(work(fake, ledger, run)) == {"already done": 1}
    assert passed_by(ledger, run) == {"segment": 1, "predict": 1}
    assert reasons(ledger, run) == [f"{SEGMENT}; {PREDICT}"]
    assert ran(fake) == list(WITH_MODEL)


def test_forced_it_is_passed_by_all_the_same(ledger: Ledger) -> None:
    fake = FakeXnat(sessions(1))
    for _ in range(2):
        run = start(fake, ledger, "read", force=True)
        assert outcomes(work(fake, ledger, run)) == {"complete": 1}
        assert passed_by(ledger, run) == {"segment": 1, "export-masks": 1, "predict": 1}
    assert ran(fake) == [*WITHOUT_MODEL] * 2


def test_masks_that_persons_drew_go_out_all_the_same(ledger: Ledger) -> None:
    fake = FakeXnat(sessions(2))
    fake.sessions["E1"]["MASKS"] = "{}"
    run = start(fake, ledger, "read")
    work(fake, ledger, run)
    assert ("export-masks" in ran(fake, "E0"), "export-masks" in ran(fake, "E1")) == (False, True)
    assert passed_by(ledger, run) == {"segment": 2, "export-masks": 1, "predict": 2}


def test_a_step_alone_is_refused(ledger: Ledger) -> None:
    fake = FakeXnat(sessions(1))
    with pytest.raises(UsageError, match=r"segment: project P must have a resource MODEL_SEG_\*") as caught:
        work(fake, ledger, start(fake, ledger, "segment"))
    assert "sarcoma models add DIR --project P --write" in caught.value.hint


def test_several_models_and_none_named_are_told_before_anything_is_launched(ledger: Ledger) -> None:
    fake = FakeXnat(sessions(1), assets={"MODEL_SEG_A": "abc", "MODEL_SEG_B": "def"})
    with pytest.raises(UsageError, match="its model must be named where the project has several"):
        work(fake, ledger, start(fake, ledger, "read"))
    assert fake.workflows == []


def test_a_dry_run_looks_past_what_is_passed_by() -> None:
    fake = FakeXnat(sessions(1))
    [session] = fake.listed()
    plan = stages(fake, "P", READ, {})
    first = foresee(fake, plan, session.target, force=False)
    assert (first.step, first.verdict.answer, first.passed_by) == ("convert", "go", ())
    for step in WITHOUT_MODEL[:-1]:
        fake.write("E0", step)
    last = foresee(fake, plan, session.target, force=False)
    assert (last.step, last.verdict.answer, last.passed_by) == ("report", "go", (SEGMENT, EXPORT, PREDICT))
    fake.write("E0", "report")
    done = foresee(fake, plan, session.target, force=False)
    assert (done.step, done.verdict.answer, done.passed_by) == (
        "",
        "already done",
        (SEGMENT, EXPORT, PREDICT),
    )


def test_what_a_run_came_to_tells_it_apart_from_work_that_an_earlier_one_did(
    ledger: Ledger, tmp_path: Path
) -> None:
    fake = FakeXnat(sessions(1))
    run = start(fake, ledger, "read")
    work(fake, ledger, run)
    session = Session("P", "label-E0", "E0", "S", "1", "", "", (), tmp_path)
    [result] = read_results(fake, run, tuple(ledger.present(run)), (session,), ledger.passed_by(run))
    assert result.outcome == "complete"
    assert [one.step for one in result.passed_by] == ["segment", "export-masks", "predict"]
    assert result.reason == f"{SEGMENT}; {EXPORT}; {PREDICT}"


def killed_at(fake: FakeXnat, ledger: Ledger, nth: int, moment: str) -> None:
    """A run of `read` that dies at a request."""
    run = start(fake, ledger, "read")
    plan = stages(fake, "P", run.steps, {})
    fake.fault = Every(Killed, nth, moment)
    with pytest.raises(Killed):
        Bulk(RunContext(fake, ledger, run, plan, SWIFT), NoFollower()).work()
    fake.fault = lambda _request, _moment: None


def requests(before: dict[str, str], folder: Path) -> int:
    """How many requests a run of `read` makes."""
    fake, ledger = FakeXnat(sessions(1), assets=dict(before)), Ledger(folder / "whole.sqlite")
    run = start(fake, ledger, "read")
    plan = stages(fake, "P", run.steps, {})
    fake.fault = counting = Every(Killed, 10**9, "before")
    Bulk(RunContext(fake, ledger, run, plan, SWIFT), NoFollower()).work()
    return counting.asked


@pytest.mark.parametrize(
    ("before", "after"), [({}, MODEL), (MODEL, {})], ids=["it comes meanwhile", "it goes meanwhile"]
)
def test_killed_at_any_moment_resume_tells_of_each_step_either_that_it_ran_once_or_was_passed_by(
    tmp_path: Path, before: dict[str, str], after: dict[str, str]
) -> None:
    for nth in range(1, requests(before, tmp_path) + 1, 4):  # each took half a minute
        ledger = Ledger(tmp_path / f"{nth}.sqlite")
        fake = FakeXnat(sessions(1), assets=dict(before))
        killed_at(fake, ledger, nth, "after")
        ledger.close()
        fake.assets = dict(after)
        again = Ledger(ledger.path)
        run = again.run()
        assert outcomes(work(fake, again, run, pace=PATIENT)) == {"complete": 1}, nth
        launched, left = Counter(ran(fake)), passed_by(again, run)
        assert {**launched, **left} == dict.fromkeys(READ, 1), nth
        assert not launched.keys() & left.keys(), nth
        again.close()


def test_resume_takes_a_step_that_was_passed_by_last_anew(ledger: Ledger) -> None:
    """What it lacked may be there by then; a step further on is not gone back from."""
    fake = FakeXnat(sessions(1))
    run = start(fake, ledger, "read")
    [untouched] = ledger.present(run)
    ledger.write(run, replace(untouched, step="segment", attempt=1, state="not applicable", reason="none"))
    for step in READ[: READ.index("segment")]:
        fake.write("E0", step)
    fake.assets |= MODEL
    assert outcomes(work(fake, ledger, run)) == {"complete": 1}
    assert ran(fake) == ["segment", "export-masks", "report"]
    assert passed_by(ledger, run) == {"predict": 1}
    assert [one.outcome for one in table(ledger, run)] == ["complete"]
