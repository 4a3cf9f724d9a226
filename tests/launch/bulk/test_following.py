"""Following one launch: how often it is looked at, and how its end is told."""

from itertools import pairwise

import pytest

from sarcoma_core.errors import RunError
from sarcoma_core.launch.bulk.following import (
    Following,
    Pace,
    Reachability,
    explain,
    find_workflow,
    latest_workflow,
    may_pass,
    newest_workflow,
)
from sarcoma_core.xnat.rest.answering import ServerError
from sarcoma_core.xnat.rest.remote import RemoteTarget
from sarcoma_core.xnat.rest.service import Workflow
from tests.launch.fake_xnat import FakeXnat

PACE = Pace(first=0.2, longest=5.0, growth=1.5, stuck_after=100.0, patience=60.0)


class Clock:
    """Seconds that pass only when told to."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def launched(*words: str) -> FakeXnat:
    fake = FakeXnat({"E0": {}}, story=lambda _session, _step, _nth: list(words))
    fake._launched("E0", "convert", {})
    return fake


def test_a_long_job_is_asked_ever_more_rarely_and_a_new_status_at_once() -> None:
    fake = launched("Running")
    following = Following(fake, "100", pace=PACE, clock=Clock())
    waits = []
    for _ in range(12):
        assert following.look() is None
        waits.append(following.interval)
    assert waits[0] == PACE.first
    assert all(a <= b for a, b in pairwise(waits))
    assert waits[-1] == PACE.longest
    fake.workflows[0].words = ["Finalizing"]
    following.look()
    assert following.interval == PACE.first


def test_a_job_of_an_hour_costs_under_a_thousand_requests() -> None:
    following = Following(launched("Running"), "100", pace=PACE, clock=Clock())
    seconds, requests = 0.0, 0
    while seconds < 3600:
        following.look()
        seconds, requests = seconds + following.interval, requests + 1
    assert requests < 1000


def test_a_status_is_stuck_only_when_it_stands_still() -> None:
    clock, fake = Clock(), launched("Running")
    following = Following(fake, "100", pace=PACE, clock=clock)
    for status in ("Running", "Waiting", "Finalizing"):
        fake.workflows[0].words = [status]
        assert following.look() is None
        clock.now += 99
        assert following.look() is None
    clock.now += 2
    ending = following.look()
    assert ending
    assert (ending.outcome, ending.retryable) == ("failed", False)
    assert ending.reason == "stuck: the workflow's status is Finalizing for 101 s; its container is Running"


def ended(status: str, reason: str = "", container: str = "c1") -> Workflow:
    return Workflow(1, status, "E0", container, reason)


@pytest.mark.parametrize(
    ("status", "outcome", "retryable"),
    [
        ("Failed", "failed", False),
        ("Failed (Command resolution)", "failed", False),
        ("Failed (Staging)", "failed", True),
        ("Failed (JMS)", "failed", True),
        ("Failed (Container launch)", "failed", True),
        ("Failed (Shutdown)", "failed", True),
        ("Failed (Rejected)", "failed", True),
        ("Failed (Oom)", "failed", False),
        ("Failed (Upload)", "failed", False),
        ("Failed (Killed)", "cancelled", False),
        ("Killed", "cancelled", False),
    ],
)
def test_each_status_word_is_told_apart(status: str, outcome: str, *, retryable: bool) -> None:
    ending = explain(FakeXnat({}), ended(status, "why"))
    assert (ending.outcome, ending.retryable) == (outcome, retryable)


def test_a_plain_failure_is_told_in_the_steps_own_last_line_and_hint() -> None:
    fake = FakeXnat({}, stderr="warning: x\nnext: Upload it again.\nerror: scan 4 is cut short.\n")
    ending = explain(fake, ended("Failed"))
    assert (ending.reason, ending.hint) == ("scan 4 is cut short.", "Upload it again.")


def test_on_kubernetes_stderr_is_in_stdout() -> None:
    fake = FakeXnat({}, stderr="")
    assert explain(fake, ended("Failed")).reason == "log of c1"


def test_without_a_container_the_services_reason_is_all_there_is() -> None:
    assert explain(FakeXnat({}), ended("Failed", "no such image", container="")).reason == "no such image"
    assert (
        explain(FakeXnat({}), ended("Failed (Staging)", "disk full")).reason == "Failed (Staging): disk full"
    )


def test_a_workflow_is_found_by_session_wrapper_and_age() -> None:
    fake = launched("Running")
    fake._launched("E0", "report", {})
    fake._launched("E0", "convert", {})

    def found(pipeline: str, after: int = 0, known: frozenset[str] = frozenset(), session: str = "E0") -> str:
        return find_workflow(
            fake,
            RemoteTarget("session", session, session, "xnat:mrSessionData"),
            pipeline,
            after=after,
            known=known,
        )

    assert found("sarcoma-convert-session") == "102"
    assert found("sarcoma-convert-session", known=frozenset({"102"})) == "100"
    assert found("sarcoma-convert-session", after=100, known=frozenset({"102"})) == ""
    assert found("sarcoma-report-session") == "101"
    assert found("sarcoma-normalise-session") == ""
    assert found("sarcoma-convert-session", session="E9") == ""
    assert newest_workflow(fake, "P") == 102
    assert latest_workflow(fake, "E0", "xnat:mrSessionData") == "102"
    assert newest_workflow(FakeXnat({}), "P") == 0


@pytest.mark.parametrize(
    ("status", "passes"), [(0, True), (401, True), (503, True), (504, True), (403, False), (404, False)]
)
def test_what_waiting_can_help(status: int, *, passes: bool) -> None:
    assert may_pass(ServerError("x", status=status)) is passes


def test_waits_grow_to_a_limit_and_start_anew_after_an_answer() -> None:
    weather, error = Reachability(PACE, Clock()), ServerError("x", status=503)
    waits = [weather.bad(error) for _ in range(10)]
    assert waits == sorted(waits)
    assert waits[-1] == PACE.longest
    weather.good()
    assert weather.bad(error) == waits[0]


def test_patience_counts_from_the_last_answer() -> None:
    clock = Clock()
    weather, error = Reachability(PACE, clock), ServerError("no answer", status=0)
    weather.bad(error)
    clock.now += 59
    weather.bad(error)
    weather.good()
    weather.bad(error)
    clock.now += 59
    weather.bad(error)
    clock.now += 2
    with pytest.raises(RunError, match="The server has been away for 61 s: no answer"):
        weather.bad(error)
