"""Which engine is taken, and its address."""

import pytest

from sarcoma_cdk.boot import engine
from sarcoma_cdk.boot.failure import BootError
from tests.cdk.boot.programs import Programs


@pytest.mark.parametrize("version", ["20.10.24+dfsg1", "25.0.8", "26.1.5"])
def test_an_engine_up_to_26_is_taken(programs: Programs, version: str) -> None:
    programs.answer("docker", "version", by=f"{version}\n")
    engine.check_engine(patience=0)


@pytest.mark.parametrize("version", ["27.0.0", "28.2.2", "unknown"])
def test_a_newer_engine_is_refused_with_what_to_change(programs: Programs, version: str) -> None:
    programs.answer("docker", "version", by=version)
    with pytest.raises(BootError, match=rf"must be 26 or older .*found {version}.*AMI"):
        engine.check_engine(patience=0)


def test_an_engine_that_does_not_answer_is_a_reason(programs: Programs) -> None:
    programs.answer("docker", "version", by=1)
    with pytest.raises(BootError, match="journalctl --unit docker"):
        engine.check_engine(patience=0)


def test_the_bridges_address_is_the_one_on_the_interface(programs: Programs) -> None:
    programs.answer("docker", "network", "inspect", by="docker0\n")
    programs.answer("ip", by="5: docker0    inet 172.17.0.1/16 brd 172.17.255.255 scope global docker0\n")
    assert engine.bridge() == "172.17.0.1"
    assert programs.asked[-1][-1] == "docker0"


def test_an_engine_without_a_bridge_is_refused(programs: Programs) -> None:
    programs.answer("docker", "network", "inspect", by="\n")
    programs.answer("ip")
    with pytest.raises(BootError, match="must have an IPv4 address"):
        engine.bridge()
