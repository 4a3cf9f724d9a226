"""Wake in every state of the machine, with and without a GPU, with and without capacity for it."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from sarcoma_cdk.errors import CloudError, ConfigError, RefusedError
from sarcoma_cdk.power import wake, waking
from tests.cdk.tools.account import THROUGH, Account, Refusal
from tests.cdk.tools.room import BUSY, IDLE, ONLINE, Room, ended, state

pytestmark = pytest.mark.cdk


@pytest.fixture
def room(account: Account) -> Room:
    return Room(account)


def test_wake_starts_in_the_usual_size_without_a_question_and_asks_doctor(room: Room) -> None:
    room.machine("g5.xlarge", stopped=True)
    room.tell(ended("all is well"))
    room.account.calls.clear()
    assert wake(room.desk(), gpu=False)
    assert room.now() == ("running", "m6i.xlarge")
    assert room.did() == ["ModifyInstanceAttribute", "StartInstances", "SendCommand"]
    assert room.asked == []
    assert room.said[-1] == "all is well"
    [sent] = room.account.called("SendCommand")
    assert sent["DocumentName"] == "AWS-RunShellScript"
    assert sent["Parameters"]["commands"][-1].endswith("xnat doctor")


def test_wake_with_a_gpu_asks_first_and_tells_the_hour_s_price(room: Room) -> None:
    room.machine(stopped=True)
    with pytest.raises(RefusedError):
        wake(room.desk(answer=False), gpu=True)
    assert room.now() == ("stopped", "m6i.xlarge")
    assert room.asked == ["Start as g5.xlarge, about 1.12 USD an hour until it is put to sleep?"]
    assert wake(room.desk(), gpu=True)
    assert room.now() == ("running", "g5.xlarge")


def test_a_size_without_a_listed_price_is_asked_for_all_the_same(room: Room) -> None:
    room.machine(stopped=True)
    assert wake(room.desk(machine__gpu_size="g4dn.4xlarge"), gpu=True)
    assert "whose price is not in our list" in room.asked[0]


@pytest.mark.parametrize(
    ("size", "gpu", "then"), [("m6i.xlarge", True, "g5.xlarge"), ("g5.xlarge", False, "m6i.xlarge")]
)
def test_a_running_machine_of_the_other_size_is_stopped_first_when_it_is_idle(
    room: Room,
    size: str,
    gpu: bool,  # noqa: FBT001
    then: str,
) -> None:
    room.machine(size)
    room.tell(ended(BUSY))
    with pytest.raises(RefusedError, match="XNAT is at work"):
        wake(room.desk(), gpu=gpu)
    assert room.now() == ("running", size)
    room.tell(ended(IDLE))
    room.account.calls.clear()
    assert wake(room.desk(), gpu=gpu)
    assert room.now() == ("running", then)
    assert room.did() == [
        "SendCommand",
        "SendCommand",
        "StopInstances",
        "ModifyInstanceAttribute",
        "StartInstances",
        "SendCommand",
    ]
    assert "is stopped first" in room.asked[-1]


def test_work_that_starts_while_the_question_is_open_is_not_restarted(room: Room) -> None:
    room.machine()
    room.tell(ended(IDLE), ended(BUSY))
    with pytest.raises(RefusedError, match="XNAT is at work"):
        wake(room.desk(), gpu=True)
    assert len(room.asked) == 1
    assert room.now() == ("running", "m6i.xlarge")


@pytest.mark.parametrize(("size", "gpu"), [("m6i.xlarge", False), ("g5.xlarge", True)])
def test_a_machine_that_runs_in_the_wanted_size_is_only_looked_at(room: Room, size: str, gpu: bool) -> None:  # noqa: FBT001
    room.machine(size)
    room.account.calls.clear()
    assert wake(room.desk(), gpu=gpu)
    assert room.did() == ["SendCommand"]
    assert room.asked == []


@pytest.mark.parametrize("word", ["InsufficientInstanceCapacity", "Unsupported", "VcpuLimitExceeded"])
def test_without_capacity_for_the_gpu_the_usual_size_is_started_and_told(room: Room, word: str) -> None:
    room.machine(stopped=True)
    room.account.answer("ec2.StartInstances", Refusal(word), THROUGH)
    assert wake(room.desk(), gpu=True)
    assert room.now() == ("running", "m6i.xlarge")
    told = next(line for line in room.said if word in line)
    assert told.startswith(f"AWS gives no g5.xlarge now ({word}): ")
    assert told.endswith("Starting as m6i.xlarge instead.")
    assert ("sarcoma-site plan example" in told) == (word == "VcpuLimitExceeded")


def test_capacity_that_is_found_wanting_after_the_start_is_told_too(room: Room) -> None:
    room.account.answer("ec2.ModifyInstanceAttribute", {})
    room.account.answer("ec2.StartInstances", {})
    short = "Server.InsufficientInstanceCapacity"
    room.account.answer(
        "ec2.DescribeInstances",
        *(state("stopped"), state("stopped"), state("stopped")),
        *(state("pending", "g5.xlarge"), state("stopped", "g5.xlarge", short)),
        *(state("stopped", "g5.xlarge"), state("running")),
    )
    assert wake(room.desk(), gpu=True)
    assert any("(InsufficientInstanceCapacity)" in line for line in room.said)
    assert room.did().count("StartInstances") == 2


def test_without_capacity_for_either_size_it_stays_stopped_and_is_told(room: Room) -> None:
    room.machine(stopped=True)
    room.account.answer("ec2.StartInstances", Refusal("InsufficientInstanceCapacity"))
    with pytest.raises(
        CloudError, match=r"neither g5\.xlarge .* nor m6i\.xlarge .* stays stopped\. Try again"
    ):
        wake(room.desk(), gpu=True)
    with pytest.raises(CloudError, match=r"AWS has no m6i\.xlarge in zone ca-central-1a now"):
        wake(room.desk(), gpu=False)
    assert room.now() == ("stopped", "m6i.xlarge")


def test_another_refusal_is_no_lack_of_capacity(room: Room) -> None:
    room.machine(stopped=True)
    room.account.answer("ec2.StartInstances", Refusal("IncorrectState"))
    with pytest.raises(Exception, match="IncorrectState"):
        wake(room.desk(), gpu=True)
    assert room.did().count("StartInstances") == 1


def test_a_machine_that_is_starting_or_stopping_is_waited_for(room: Room) -> None:
    room.account.answer("ec2.DescribeInstances", state("pending"), state("pending"), state("running"))
    assert wake(room.desk(), gpu=False)
    assert "StartInstances" not in room.did()
    room.account.answer("ec2.StartInstances", {})
    room.account.answer(
        "ec2.DescribeInstances",
        state("stopping"),
        state("stopping"),
        state("stopped"),
        state("stopped"),
        state("running"),
    )
    assert wake(room.desk(), gpu=False)
    assert room.did().count("StartInstances") == 1


def test_a_site_without_a_gpu_has_none_to_wake_with(room: Room) -> None:
    room.machine(stopped=True)
    with pytest.raises(ConfigError, match=r"machine\.gpu_size must name a size"):
        wake(room.desk(machine__gpu_size=None), gpu=True)


def test_what_doctor_finds_in_the_way_is_told_and_is_no_success(room: Room) -> None:
    room.machine(stopped=True)
    room.tell(ended("fault: backend", "Failed"))
    assert not wake(room.desk(), gpu=False)
    assert "fault: backend" in room.said
    assert "journalctl --unit sarcoma-site" in room.said[-1]


def test_the_program_that_asks_doctor_waits_for_the_boot_and_takes_its_image(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = "sha256:" + "0" * 64
    images = {"admin": f"sarcoma-example/sarcoma/admin:0.4.0@{digest}"}
    settings = tmp_path / "settings.json"
    settings.write_text(
        json.dumps({"parameter": {"registry": "r"}, "publication": {"images": images}}), "utf-8"
    )
    told = tmp_path / "told"
    programs = {
        "systemctl": f"n=$(cat {tmp_path}/n 2>/dev/null); echo $n. >{tmp_path}/n\n"
        'case "$n" in "") echo dead;; .) echo start;; *) echo exited;; esac',
        "sleep": f"echo sleep $1 >>{told}",
        "docker": f'echo "$@" >>{told}; exit 3',
    }
    for name, text in programs.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n", "utf-8")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    script = waking._DOCTOR.replace("/run/sarcoma/settings.json", str(settings))
    done = subprocess.run(["sh", "-c", script], check=False, capture_output=True, text=True)
    assert done.returncode == 3, done.stderr
    *waits, call = told.read_text("utf-8").splitlines()
    assert waits == ["sleep 10", "sleep 10"]
    assert call.startswith("run --rm --name sarcoma-doctor --network=host --user=10001:10001 --read-only")
    assert call.endswith(
        f"--env-file=/etc/sarcoma/admin.env r/sarcoma-example/sarcoma/admin@{digest} xnat doctor"
    )


def test_the_answer_of_the_machine_is_waited_for(room: Room) -> None:
    room.machine(stopped=True)
    going = {"Status": "InProgress"}
    room.account.answer(
        "ssm.DescribeInstanceInformation",
        {"InstanceInformationList": []},
        {"InstanceInformationList": []},
        ONLINE,
    )
    room.tell(Refusal("InvocationDoesNotExist"), going, ended("well"))
    assert wake(room.desk(), gpu=False)
    assert room.paused == 20
