"""Sleep in every state of the machine: what is asked, what is done, what is never done."""

import io
from typing import Any

import pytest

from sarcoma_cdk.cli import main
from sarcoma_cdk.errors import CloudError, RefusedError
from sarcoma_cdk.power import sleep, wake
from sarcoma_cdk.power.machine import await_state
from tests.cdk.tools.account import Account
from tests.cdk.tools.room import BUSY, COMMAND, IDLE, Room, ended, state

pytestmark = pytest.mark.cdk


@pytest.fixture
def room(account: Account) -> Room:
    return Room(account)


def test_a_running_machine_that_is_idle_is_stopped_after_a_question(room: Room) -> None:
    machine = room.machine()
    room.account.calls.clear()
    sleep(room.desk())
    assert room.now() == ("stopped", "m6i.xlarge")
    assert room.did() == ["SendCommand", "SendCommand", "StopInstances"]
    assert [machine in question for question in room.asked] == [True]
    assert "go on costing" in room.said[-1]


def test_no_is_no(room: Room) -> None:
    room.machine()
    with pytest.raises(RefusedError, match="the answer was no"):
        sleep(room.desk(answer=False))
    assert room.now()[0] == "running"


@pytest.mark.parametrize("busy", [{**BUSY, "workflows": []}, {**BUSY, "containers": []}, BUSY], ids=str)
def test_a_machine_at_work_is_not_stopped_unless_that_is_forced(room: Room, busy: dict[str, Any]) -> None:
    room.machine()
    room.tell(ended(busy))
    with pytest.raises(RefusedError, match=r"XNAT is at work: (container|workflow).*lose them: --force"):
        sleep(room.desk())
    assert room.asked == []
    assert room.now()[0] == "running"
    sleep(room.desk(force=True))
    assert room.now()[0] == "stopped"


def test_work_that_starts_while_the_question_is_open_is_not_stopped(room: Room) -> None:
    room.machine()
    room.tell(ended(IDLE), ended(BUSY))
    with pytest.raises(RefusedError, match="XNAT is at work"):
        sleep(room.desk())
    assert len(room.asked) == 1
    assert room.did() == ["SendCommand", "SendCommand"]
    assert room.now()[0] == "running"


def test_of_much_work_the_first_five_are_told(room: Room) -> None:
    room.machine()
    room.tell(ended({"containers": [f"image-{number}" for number in range(7)], "workflows": []}))
    with pytest.raises(RefusedError, match=r"container image-4 and 2 more\."):
        sleep(room.desk())


@pytest.mark.parametrize(
    "answer",
    [
        ended("", "Failed", "Traceback\nurllib.error.URLError: refused"),
        ended("no json"),
        ended("[]"),
        ended("{}"),
        ended("", "TimedOut"),
    ],
    ids=str,
)
def test_a_machine_that_does_not_tell_what_it_is_at_is_not_stopped(
    room: Room, answer: dict[str, Any]
) -> None:
    room.machine()
    room.tell(answer)
    with pytest.raises(CloudError, match=r"must tell what XNAT is at; it does not: .*--force"):
        sleep(room.desk())
    assert room.now()[0] == "running"


def test_a_machine_whose_agent_is_away_is_not_stopped_unless_that_is_forced(room: Room) -> None:
    room.machine()
    room.account.answer("ssm.DescribeInstanceInformation", {"InstanceInformationList": []})
    with pytest.raises(CloudError, match=r"agent must be online.*--force"):
        sleep(room.desk())
    sleep(room.desk(force=True))
    assert room.now()[0] == "stopped"


def test_a_stopped_machine_stays_stopped_and_nothing_is_asked(room: Room) -> None:
    room.machine(stopped=True)
    room.account.calls.clear()
    sleep(room.desk())
    assert (room.did(), room.asked) == ([], [])


def test_a_machine_that_is_stopping_is_waited_for(room: Room) -> None:
    room.account.answer("ec2.DescribeInstances", state("stopping"), state("stopping"), state("stopped"))
    sleep(room.desk())
    assert room.did() == []
    assert room.paused == 5


def test_a_machine_that_is_starting_is_not_stopped(room: Room) -> None:
    room.account.answer("ec2.DescribeInstances", state("pending"))
    with pytest.raises(RefusedError, match="it is starting"):
        sleep(room.desk())
    assert room.did() == []


@pytest.mark.parametrize("verb", [sleep, lambda desk: wake(desk, gpu=False)], ids=["sleep", "wake"])
@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({"Reservations": []}, "there is none"),
        (state("terminated"), "i-1 is terminated"),
        (state("shutting-down"), "i-1 is shutting-down"),
    ],
)
def test_without_a_machine_it_is_told_what_makes_one(
    room: Room, verb: Any, answer: dict[str, Any], told: str
) -> None:
    room.account.answer("ec2.DescribeInstances", answer)
    with pytest.raises(
        RefusedError, match=rf"must have one; {told}\. In aws_cdk: npx --no-install cdk deploy"
    ):
        verb(room.desk())


def test_a_machine_of_another_site_is_not_ours_and_two_are_too_many(room: Room) -> None:
    room.machine()
    other = room.machine()
    with pytest.raises(CloudError, match="must be one"):
        sleep(room.desk())
    room.ec2.create_tags(Resources=[other], Tags=[{"Key": "sarcoma:site", "Value": "another"}])
    sleep(room.desk())
    room.ec2.terminate_instances(InstanceIds=[other])
    assert room.now()[0] == "stopped"


def test_a_state_that_never_comes_is_told_with_what_to_look_at(room: Room) -> None:
    room.account.answer("ec2.DescribeInstances", state("stopping"))
    with pytest.raises(CloudError, match=r"must be stopped after 15 minutes; it is stopping\. See: aws ec2"):
        await_state(room.desk(), {"stopped"})
    assert room.paused == 900


def test_an_answer_that_never_comes_is_told(room: Room) -> None:
    room.machine()
    room.tell({"Status": "InProgress"})
    with pytest.raises(CloudError, match=rf"command {COMMAND}: must have ended.*InProgress.*--force"):
        sleep(room.desk())


def test_the_verbs_answer_with_their_exit_codes(
    room: Room, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("boto3.Session", lambda **_: room.account.session)
    path = str(room.account.file())
    assert main(["sleep", path]) == 1
    assert "error: machine: site example must have one; there is none." in capsys.readouterr().err
    room.machine()
    assert main(["sleep", path, "--yes"]) == 0
    room.tell(ended("well"))
    assert main(["wake", path]) == 0
    room.tell(ended("ill", "Failed"))
    assert main(["wake", path]) == 1
    assert "ill" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("y\n", "is stopped"),
        ("Yes\n", "is stopped"),
        ("n\n", "the answer was no"),
        ("\n", "the answer was no"),
        ("", "nobody answered. Answer beforehand: --yes"),
    ],
)
def test_anything_but_yes_is_no(
    room: Room, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], typed: str, told: str
) -> None:
    monkeypatch.setattr("boto3.Session", lambda **_: room.account.session)
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    room.machine()
    assert main(["sleep", str(room.account.file())]) == (0 if told == "is stopped" else 1)
    assert told in capsys.readouterr().err
