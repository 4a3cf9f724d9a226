"""A GPU is asked for in the words of the backend."""

import json

import pytest

from sarcoma_core.launch.install.gpu import Gpu, asked_of, with_gpu
from sarcoma_core.steps import STEPS
from sarcoma_core.xnat.command.declaring import command_for
from sarcoma_core.xnat.validation.rules import validate

COMMAND = command_for(STEPS[0])


def test_none_leaves_the_command_as_it_is() -> None:
    assert with_gpu(COMMAND, "none") == COMMAND


def test_docker_takes_nvidias_runtime_and_its_variables() -> None:
    found = with_gpu(COMMAND, "docker").to_json()
    assert found["runtime"] == "nvidia"
    assert found["environment-variables"] == {
        "NVIDIA_VISIBLE_DEVICES": "all",
        "NVIDIA_DRIVER_CAPABILITIES": "compute,utility",
    }
    assert "generic-resources" not in found


@pytest.mark.parametrize("gpu", ["swarm", "k8s"])
def test_swarm_and_kubernetes_take_a_generic_resource(gpu: Gpu) -> None:
    found = with_gpu(COMMAND, gpu).to_json()
    assert found["generic-resources"] == {"gpu": "1"}
    assert "runtime" not in found


@pytest.mark.parametrize("gpu", ["docker", "swarm", "k8s"])
def test_the_service_accepts_the_command(gpu: Gpu) -> None:
    assert validate(json.dumps(with_gpu(COMMAND, gpu).to_json())).kind == "ACCEPT"


def test_the_field_that_no_backend_applies_is_never_written() -> None:
    for gpu in ("docker", "swarm", "k8s"):
        assert with_gpu(COMMAND, gpu).gpus is None


@pytest.mark.parametrize("gpu", ["none", "docker", "swarm"])
def test_what_a_live_command_asks_for_is_read_back(gpu: Gpu) -> None:
    assert asked_of(with_gpu(COMMAND, gpu).to_json()) == gpu
