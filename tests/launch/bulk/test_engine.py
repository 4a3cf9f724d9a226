"""Bulk: each session to its end, none run twice, none lost; whatever happens, and whenever."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sarcoma_core.chains import CHAINS
from sarcoma_core.cli.xnat_watch import NoFollower
from sarcoma_core.errors import OutputError, RunError, UsageError
from sarcoma_core.interface import Value
from sarcoma_core.launch.bulk.engine import Bulk, ItemRow, begin, cancel, foresee, row
from sarcoma_core.launch.bulk.following import Pace
from sarcoma_core.launch.bulk.journey import RunContext
from sarcoma_core.launch.bulk.ledger import ItemState, LaunchRun, Ledger
from sarcoma_core.launch.bulk.preflight import stages
from sarcoma_core.xnat.rest.answering import ServerError
from sarcoma_core.xnat.status import TO_BE_ASSIGNED
from tests.launch.fake_xnat import SWIFT, FakeXnat, Killed


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger.sqlite")


def sessions(number: int) -> dict[str, dict[str, str]]:
    return {f"E{n}": {} for n in range(number)}


def start(
    fake: FakeXnat,
    ledger: Ledger,
    what: str = "prepare",
    *,
    in_flight: int = 2,
    force: bool = False,
    settings: dict[str, dict[str, Value]] | None = None,
) -> LaunchRun:
    return begin(
        fake,
        ledger,
        what=what,
        project="P",
        level="session",
        targets=tuple(session.target for session in fake.listed()),
        settings=settings or {},
        assets={},
        in_flight=in_flight,
        force=force,
    )


def work(
    fake: FakeXnat, ledger: Ledger, run: LaunchRun, *, pace: Pace = SWIFT, wait: bool = True
) -> list[ItemRow]:
    plan = stages(fake, "P", run.steps, run.settings)
    Bulk(RunContext(fake, ledger, run, plan, pace, wait=wait), NoFollower()).work()
    return table(ledger, run)


def table(ledger: Ledger, run: LaunchRun) -> list[ItemRow]:
    return [row(run, present) for present in ledger.present(run)]


def outcomes(rows: list[ItemRow]) -> Counter[str]:
    return Counter(r.outcome for r in rows)


def once(fake: FakeXnat, steps: tuple[str, ...] = CHAINS["prepare"]) -> Counter[tuple[str, str]]:
    """What `launches` must be when each session was run once."""
    return Counter((session, step) for session in fake.sessions for step in steps)


def test_every_session_goes_through_every_step_in_order(ledger: Ledger) -> None:
    fake = FakeXnat(sessions(5))
    rows = work(fake, ledger, start(fake, ledger))
    assert outcomes(rows) == {"complete": 5}
    assert fake.launches() == once(fake)
    for session in fake.sessions:
        assert [w.step for w in fake.workflows if w.session == session] == list(CHAINS["prepare"])


@pytest.mark.parametrize("in_flight", [1, 3])
def test_no_more_than_n_are_on_the_server_and_what_was_begun_is_finished_first(
    ledger: Ledger, in_flight: int
) -> None:
    fake = FakeXnat(sessions(7))
    work(fake, ledger, start(fake, ledger, in_flight=in_flight), pace=SWIFT)
    assert fake.most_at_once <= in_flight
    first_seen = list(dict.fromkeys(w.session for w in fake.workflows))
    for n, session in enumerate(first_seen[in_flight:], in_flight):
        begun_at = next(i for i, w in enumerate(fake.workflows) if w.session == session)
        finished = Counter(w.session for w in fake.workflows[:begun_at] if w.step == "report")
        assert finished.total() >= n - in_flight + 1


def test_all_parameters_are_sent_so_that_no_default_of_the_site_can_differ(ledger: Ledger) -> None:
    fake = FakeXnat(sessions(1))
    work(fake, ledger, start(fake, ledger, "bias-field", settings={"bias-field": {"shrink": 2}}))
    assert fake.workflows == []  # nothing to read yet: it has no NIFTI
    fake.write("E0", "convert")
    work(fake, ledger, start(fake, ledger, "bias-field", settings={"bias-field": {"shrink": 2}}))
    assert fake.workflows[0].values["shrink"] == "2"
    assert fake.workflows[0].values["session"] == "/archive/experiments/E0"


def test_what_is_done_is_skipped_and_with_force_done_again(ledger: Ledger) -> None:
    fake = FakeXnat(sessions(3))
    work(fake, ledger, start(fake, ledger))
    again = work(fake, ledger, start(fake, ledger))
    assert outcomes(again) == {"already done": 3}
    assert fake.launches() == once(fake)
    work(fake, ledger, start(fake, ledger, "convert", force=True))
    assert fake.launches()["E0", "convert"] == 2


def test_a_session_without_images_is_not_launched_and_says_why(ledger: Ledger) -> None:
    fake = FakeXnat(sessions(2), empty_scans=("E1",))
    good, empty = work(fake, ledger, start(fake, ledger))
    assert good.outcome == "complete"
    assert (empty.outcome, empty.step) == ("not launched", "convert")
    assert "no DICOM" in empty.reason
    assert empty.retry == "sarcoma xnat bulk prepare --project P --where label=label-E1"
    assert not [w for w in fake.workflows if w.session == "E1"]


def test_a_step_that_failed_says_its_own_last_line_and_stops_its_session_only(ledger: Ledger) -> None:
    def story(session: str, step: str, nth: int) -> list[str]:
        del nth
        return ["Running", "Failed" if (session, step) == ("E0", "normalise") else "Complete"]

    fake = FakeXnat(sessions(2), story=story)
    broken, good = work(fake, ledger, start(fake, ledger))
    assert broken == ItemRow(
        "label-E0",
        "failed",
        "normalise",
        "no series could be used",
        "sarcoma xnat bulk prepare --project P --where label=label-E0",
    )
    assert good.outcome == "complete"
    assert fake.launches()["E0", "normalise"] == 1  # an exit code is no fault of the server's
    assert fake.launches()["E0", "report"] == 0


@pytest.mark.parametrize("word", ["Staging", "JMS", "Shutdown", "Container launch", "Rejected"])
def test_what_is_the_servers_own_trouble_is_tried_again(ledger: Ledger, word: str) -> None:
    fake = FakeXnat(
        sessions(1), story=lambda _session, _step, nth: ["Complete"] if nth else [f"Failed ({word})"]
    )
    (found,) = work(fake, ledger, start(fake, ledger, "convert"))
    assert found.outcome == "complete"
    assert fake.launches() == {("E0", "convert"): 2}


def test_it_is_not_tried_for_ever(ledger: Ledger) -> None:
    fake = FakeXnat(sessions(1), story=lambda _session, _step, _nth: ["Failed (Staging)"])
    (found,) = work(fake, ledger, start(fake, ledger, "convert"))
    assert found.outcome == "failed"
    assert found.reason == "Failed (Staging) (attempt 3)"
    assert fake.launches() == {("E0", "convert"): 3}


@pytest.mark.parametrize("word", ["Failed (Command resolution)", "Failed (Upload)", "Failed (Oom)"])
def test_what_would_fail_again_is_not_tried_again(ledger: Ledger, word: str) -> None:
    fake = FakeXnat(sessions(1), story=lambda _session, _step, _nth: [word])
    (found,) = work(fake, ledger, start(fake, ledger, "convert"))
    assert (found.outcome, found.reason) == ("failed", word)
    assert fake.launches() == {("E0", "convert"): 1}


@pytest.mark.parametrize("word", ["Killed", "Failed (Killed)"])
def test_what_a_person_killed_is_cancelled_and_not_tried_again(ledger: Ledger, word: str) -> None:
    fake = FakeXnat(sessions(1), story=lambda _session, _step, _nth: ["Running", word])
    (found,) = work(fake, ledger, start(fake, ledger, "convert"))
    assert found.outcome == "cancelled"
    assert fake.launches() == {("E0", "convert"): 1}


def test_a_success_without_a_manifest_is_not_believed(ledger: Ledger) -> None:
    fake = FakeXnat(sessions(1))
    fake.write = lambda _session, _step: None  # type: ignore[method-assign]
    (found,) = work(fake, ledger, start(fake, ledger))
    assert (found.outcome, found.step) == ("failed", "convert")
    assert found.reason.startswith("no manifest")


def test_an_answer_without_an_id_is_found_by_its_session(ledger: Ledger) -> None:
    fake = FakeXnat(sessions(3), told_id=lambda _number: TO_BE_ASSIGNED)
    assert outcomes(work(fake, ledger, start(fake, ledger))) == {"complete": 3}
    assert fake.launches() == once(fake)


def test_an_answer_with_an_id_that_nobody_knows_is_found_by_its_session(ledger: Ledger) -> None:
    fake = FakeXnat(sessions(1), told_id=lambda number: str(number + 5000))
    assert outcomes(work(fake, ledger, start(fake, ledger))) == {"complete": 1}
    assert fake.launches() == once(fake)


def test_a_launch_that_was_accepted_and_never_appears_is_lost_and_not_made_again(ledger: Ledger) -> None:
    fake = FakeXnat(sessions(1), told_id=lambda _number: TO_BE_ASSIGNED)
    accepted = []
    real = fake._launched

    def swallowed(session: str, step: str, values: dict[str, str]) -> object:
        answer = real(session, step, values)
        accepted.append(fake.workflows.pop())
        return answer

    fake._launched = swallowed  # type: ignore[method-assign, assignment]
    (found,) = work(fake, ledger, start(fake, ledger))
    assert found.outcome == "failed"
    assert found.reason.startswith("lost: the server accepted the launch")
    assert len(accepted) == 1


def test_a_status_that_stands_still_is_told_with_what_the_container_does(ledger: Ledger) -> None:
    fake = FakeXnat(sessions(1), story=lambda _session, _step, _nth: ["Finalizing"])
    pace = Pace(**{**SWIFT.__dict__, "stuck_after": 0.05})
    (found,) = work(fake, ledger, start(fake, ledger, "convert"), pace=pace)
    assert found.outcome == "failed"
    assert found.reason.startswith("stuck: the workflow's status is Finalizing")
    assert "container is Running" in found.reason


class Every:
    """A fault at every n-th request, before or after it takes effect."""

    def __init__(self, error: Callable[[], BaseException], nth: int, moment: str) -> None:
        self.asked = 0
        self._error, self._nth, self._moment = error, nth, moment

    def __call__(self, request: str, moment: str) -> None:
        del request
        if moment == self._moment:
            self.asked += 1
            if self.asked % self._nth == 0:
                raise self._error()


def away(status: int) -> Callable[[], ServerError]:
    return lambda: ServerError("trouble", status=status)


@pytest.mark.parametrize(
    ("status", "moment"),
    # 401 and 503 say that the request took no effect; after the others it may have.
    [(0, "before"), (0, "after"), (401, "before"), (503, "before"), (504, "before"), (504, "after")],
)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_bad_weather_is_waited_out_and_nothing_is_launched_twice(
    ledger: Ledger, status: int, moment: str, seed: int
) -> None:
    fake = FakeXnat(sessions(3))
    run = start(fake, ledger)
    plan = stages(fake, "P", run.steps, {})
    dice = np.random.default_rng(seed)

    def fault(_request: str, at: str) -> None:
        if at == moment and dice.random() < 0.3:
            raise ServerError("trouble", status=status)

    fake.fault = fault
    pace = Pace(**{**SWIFT.__dict__, "lost_after": 0.02, "retries": 50})
    Bulk(RunContext(fake, ledger, run, plan, pace), NoFollower()).work()
    assert outcomes(table(ledger, run)) == {"complete": 3}
    assert fake.launches() == once(fake)


def test_a_server_that_stays_away_stops_the_run_with_the_word_to_go_on(ledger: Ledger) -> None:
    fake = FakeXnat(sessions(3))
    run = start(fake, ledger)
    plan = stages(fake, "P", run.steps, {})
    fake.fault = Every(away(503), 1, "before")
    pace = Pace(**{**SWIFT.__dict__, "patience": 0.05})
    with pytest.raises(RunError, match="has been away") as stopped:
        Bulk(RunContext(fake, ledger, run, plan, pace), NoFollower()).work()
    assert f"sarcoma xnat resume {run.id}" in stopped.value.hint
    fake.fault = lambda _request, _moment: None
    assert outcomes(work(fake, ledger, run)) == {"complete": 3}
    assert fake.launches() == once(fake)


class Told(NoFollower):
    """Keeps when the server was said to be away."""

    def __init__(self) -> None:
        self.away_since: list[float | None] = []

    def away(self, since: float | None) -> None:
        self.away_since.append(since)


def test_who_follows_is_told_once_that_the_server_is_away_and_once_that_it_is_back(ledger: Ledger) -> None:
    fake = FakeXnat(sessions(1))
    run = start(fake, ledger, "convert")
    plan = stages(fake, "P", run.steps, {})
    left = [0, 503, 504]

    def fault(_request: str, at: str) -> None:
        if at == "before" and left:
            raise ServerError("trouble", status=left.pop())

    fake.fault, told, before = fault, Told(), time.time()
    Bulk(RunContext(fake, ledger, run, plan, SWIFT), told).work()
    since, back = told.away_since
    assert since is not None
    assert before <= since <= time.time()
    assert back is None


@pytest.mark.parametrize(
    ("what", "number", "force"), [("prepare", 1, False), ("prepare", 1, True), ("convert", 3, False)]
)
def test_killed_at_any_moment_resume_finishes_and_runs_no_session_twice(
    tmp_path: Path, what: str, number: int, *, force: bool
) -> None:
    """Each request of a run, before and after it takes effect, is a moment at which the launcher dies."""
    requests = Every(Killed, 10**9, "before")
    whole = FakeXnat(sessions(number))
    ledger = Ledger(tmp_path / "whole.sqlite")
    run = start(whole, ledger, what, force=force)
    plan = stages(whole, "P", run.steps, {})
    whole.fault = requests
    Bulk(RunContext(whole, ledger, run, plan, SWIFT), NoFollower()).work()
    for nth in range(1, requests.asked + 1):
        for moment in ("before", "after"):
            ledger = Ledger(tmp_path / f"{nth}-{moment}.sqlite")
            fake = FakeXnat(sessions(number))
            run = start(fake, ledger, what, force=force)
            fake.fault = Every(Killed, nth, moment)
            with pytest.raises(Killed):
                Bulk(RunContext(fake, ledger, run, plan, SWIFT), NoFollower()).work()
            ledger.close()
            fake.fault = lambda _request, _moment: None
            again = Ledger(ledger.path)
            pace = Pace(**{**SWIFT.__dict__, "lost_after": 0.0})
            assert outcomes(work(fake, again, again.run(), pace=pace)) == {"complete": number}, (nth, moment)
            assert fake.launches() == once(fake, run.steps), (nth, moment)
            again.close()


def test_a_full_disk_stops_before_a_launch_that_nobody_would_know_of(ledger: Ledger) -> None:
    fake = FakeXnat(sessions(40))
    run = start(fake, ledger)
    (pages,) = ledger._base.execute("PRAGMA page_count").fetchone()
    ledger._base.execute(f"PRAGMA max_page_count = {pages + 1}")
    with pytest.raises(OutputError, match="full"):
        work(fake, ledger, run)
    assert 0 < len(fake.workflows) < 40 * 4
    ledger._base.execute(f"PRAGMA max_page_count = {1 << 20}")
    pace = Pace(**{**SWIFT.__dict__, "lost_after": 0.0})
    assert outcomes(work(fake, ledger, run, pace=pace)) == {"complete": 40}
    assert fake.launches() == once(fake)


def first_launches_fail(*statuses: int) -> Callable[[str, str], None]:
    """The first launches are not made, and the launcher is told so, or (0) told nothing."""
    left = list(statuses)

    def fault(request: str, moment: str) -> None:
        if request.startswith("launch") and moment == "before" and left:
            raise ServerError("trouble", status=left.pop(0))

    return fault


def test_an_earlier_launch_is_not_taken_for_the_one_that_got_no_answer(ledger: Ledger) -> None:
    fake = FakeXnat(sessions(1))
    fake._launched("E0", "convert", {})
    fake.workflows[0].words = ["Failed"]
    run = start(fake, ledger, "convert")
    fake.fault = first_launches_fail(0)
    (found,) = work(fake, ledger, run)
    assert found.outcome == "complete"
    assert len(fake.workflows) == 2


def test_an_attempt_that_is_accounted_for_is_not_taken_for_the_next_one(ledger: Ledger) -> None:
    fake = FakeXnat(
        sessions(1), story=lambda _session, _step, nth: ["Complete"] if nth else ["Failed (Staging)"]
    )
    run = start(fake, ledger, "convert")

    def fault(request: str, moment: str) -> None:
        if request.startswith("launch") and moment == "before" and len(fake.workflows) == 1:
            fake.fault = lambda _request, _moment: None
            raise ServerError("no answer", status=0)

    fake.fault = fault
    (found,) = work(fake, ledger, run)
    assert found.outcome == "complete"
    sql = "SELECT count(*) FROM event WHERE state = 'launched' AND workflow = '100'"
    assert ledger._rows(sql)[0][0] == 1


def test_a_workflow_that_appears_late_is_waited_for(ledger: Ledger) -> None:
    fake = FakeXnat(sessions(1), told_id=lambda _number: TO_BE_ASSIGNED)
    run = start(fake, ledger, "convert")
    real, asked = fake._found, []

    def late(body: dict[str, object]) -> object:
        asked.append(body)
        return real({**body, "id": "nobody"} if len(asked) < 3 else body)

    fake._found = late  # type: ignore[method-assign, assignment]
    (found,) = work(fake, ledger, run)
    assert found.outcome == "complete"
    assert fake.launches() == {("E0", "convert"): 1}


def test_after_a_refusal_there_is_nothing_to_wait_for(ledger: Ledger) -> None:
    fake = FakeXnat(sessions(1))
    run = start(fake, ledger, "convert")
    asked: list[str] = []
    refuse = first_launches_fail(503)

    def fault(request: str, moment: str) -> None:
        asked.append(request)
        refuse(request, moment)

    fake.fault = fault
    (found,) = work(fake, ledger, run, pace=Pace(**{**SWIFT.__dict__, "lost_after": 10.0}))
    assert found.outcome == "complete"
    assert asked.count("POST /xapi/workflows") == 2  # one request, before and after


def test_a_manifest_of_another_step_is_no_proof(ledger: Ledger) -> None:
    fake = FakeXnat(sessions(1))
    real = fake.write

    def other(session: str, step: str) -> None:
        real(session, step)
        text = fake.sessions[session]["NIFTI"]
        fake.sessions[session]["NIFTI"] = text.replace('"step": "convert"', '"step": "report"')

    fake.write = other  # type: ignore[method-assign]
    (found,) = work(fake, ledger, start(fake, ledger, "convert"))
    assert found.outcome == "failed"
    assert found.reason.startswith("no manifest")


def test_two_launchers_of_one_run_are_one_too_many(ledger: Ledger) -> None:
    fake = FakeXnat(sessions(1))
    run = start(fake, ledger)
    with ledger.alone(run), pytest.raises(UsageError, match="must not be worked on by another process"):
        work(fake, Ledger(ledger.path), run)
    assert fake.workflows == []


def test_cancel_stops_the_launcher_and_kills_what_runs(ledger: Ledger) -> None:
    fake = FakeXnat(sessions(3), story=lambda _session, _step, _nth: ["Running"])
    run = start(fake, ledger, in_flight=2)
    pace = Pace(**{**SWIFT.__dict__, "first": 0.01, "longest": 0.01})
    launcher = threading.Thread(target=work, args=(fake, ledger, run), kwargs={"pace": pace})
    launcher.start()
    while len(fake.workflows) < 2:
        time.sleep(0.01)
    assert cancel(fake, Ledger(ledger.path), run) == 3
    launcher.join(10)
    assert not launcher.is_alive()
    assert sorted(fake.killed) == ["c100", "c101"]
    rows = table(ledger, run)
    assert outcomes(rows) == {"cancelled": 3}
    assert [r.reason for r in rows] == ["its container was killed at Running"] * 2 + [
        "before it was launched"
    ]
    assert work(fake, ledger, run) == rows


def test_what_a_cancelled_run_has_not_ended_is_cancelled_before_it_is_written(ledger: Ledger) -> None:
    fake = FakeXnat(sessions(2), story=lambda _session, _step, _nth: ["Running"])
    run = start(fake, ledger, "convert")
    ledger.ask_to_cancel(run)
    work(fake, ledger, run)
    found = [row(run, present, cancelled=True) for present in ledger.present(run)]
    assert outcomes(found) == {"cancelled": 2}
    assert {r.retry.rpartition("=")[0] for r in found} == {
        "sarcoma xnat bulk convert --project P --where label"
    }


def test_a_launch_that_is_not_waited_for_can_be_followed_later(ledger: Ledger) -> None:
    fake = FakeXnat(sessions(1))
    run = start(fake, ledger, "convert")
    (left,) = work(fake, ledger, run, wait=False)
    assert (left.outcome, left.retry) == ("unfinished", f"sarcoma xnat resume {run.id}")
    assert outcomes(work(fake, ledger, run)) == {"complete": 1}
    assert fake.launches() == {("E0", "convert"): 1}


def test_what_is_refused_for_good_is_told_and_stops_no_other(ledger: Ledger) -> None:
    fake = FakeXnat(sessions(2))

    def forbidden(request: str, moment: str) -> None:
        if request == "launch E0 convert" and moment == "before":
            raise ServerError("POST: the server answered 403.", status=403, hint="Ask the owner.")

    run = start(fake, ledger)
    fake.fault = forbidden
    refused, good = work(fake, ledger, run)
    assert (refused.outcome, refused.reason) == ("failed", "POST: the server answered 403.")
    assert good.outcome == "complete"


def test_a_dry_run_says_what_would_be_launched_and_launches_nothing(ledger: Ledger) -> None:
    del ledger
    fake = FakeXnat(sessions(2), empty_scans=("E1",))
    plan = stages(fake, "P", ("convert", "bias-field"), {})
    foreseen = [foresee(fake, plan, session.target, force=False) for session in fake.listed()]
    assert [(one.step, one.verdict.answer) for one in foreseen] == [
        ("convert", "go"),
        ("convert", "not launched"),
    ]
    assert fake.workflows == []


def test_a_run_without_sessions_is_refused(ledger: Ledger) -> None:
    with pytest.raises(UsageError, match="must leave something to launch on"):
        start(FakeXnat({}), ledger)


def test_the_retry_command_asks_for_the_same_parameters(ledger: Ledger) -> None:
    fake = FakeXnat(sessions(1), empty_scans=("E0",))
    run = start(fake, ledger, settings={"bias-field": {"shrink": 2}}, force=True)
    (found,) = work(fake, ledger, run)
    assert found.retry.endswith("--where label=label-E0 --set bias-field.shrink=2 --force")


def test_an_unfinished_session_says_where_it_is() -> None:
    run = LaunchRun(3, 0, "s", "u", "P", "convert", ("convert",), {}, 1, forced=False, baseline=0)
    present = ItemState(1, "E", "L", step="convert", state="running", status="Finalizing")
    assert row(run, present) == ItemRow("L", "unfinished", "convert", "Finalizing", "sarcoma xnat resume 3")
