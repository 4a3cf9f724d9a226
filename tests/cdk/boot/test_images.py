"""Images come by digest, once, and the registry's password is no argument."""

import pytest

from sarcoma_cdk.boot import images
from sarcoma_cdk.boot.failure import BootError
from sarcoma_cdk.boot.settings import Image
from tests.cdk.boot.conftest import DIGEST
from tests.cdk.boot.programs import Programs

REGISTRY = "123456789012.dkr.ecr.ca-central-1.amazonaws.com/muhc"
IMAGES = {"convert": Image("sarcoma/convert", "0.5.0", DIGEST)}


def pull(programs: Programs) -> list[str]:
    programs.answer("aws", "ecr", "get-login-password", by="the-password\n")
    for verb in ("login", "tag"):
        programs.answer("docker", verb)
    told: list[str] = []
    images.pull_all(IMAGES, REGISTRY, "ca-central-1", told.append)
    return told


def test_an_image_that_is_lacking_is_pulled_by_digest_and_gets_its_plain_name(programs: Programs) -> None:
    programs.answer("docker", "image", "inspect", by=1)
    programs.answer("docker", "pull")
    assert pull(programs) == [f"pulled sarcoma/convert:0.5.0@{DIGEST}"]
    there = f"{REGISTRY}/sarcoma/convert@{DIGEST}"
    assert programs.named("docker", "pull") == [("docker", "pull", "--quiet", there)]
    assert programs.named("docker", "tag") == [("docker", "tag", there, "sarcoma/convert:0.5.0")]


def test_the_registrys_password_is_read_from_standard_input_and_kept_in_memory(programs: Programs) -> None:
    programs.answer("docker", "image", "inspect", by=1)
    programs.answer("docker", "pull")
    pull(programs)
    (login,) = programs.named("docker", "login")
    assert login[-1] == REGISTRY.partition("/")[0]
    assert all("the-password" not in word for asked in programs.asked for word in asked)
    assert programs.texts[programs.asked.index(login)] == "the-password\n"
    assert programs.environments[programs.asked.index(login)]["DOCKER_CONFIG"].startswith("/run/")


def test_with_all_images_there_no_registry_is_asked(programs: Programs) -> None:
    programs.answer("docker", "image", "inspect", by="sha256:1\n")
    assert pull(programs) == []
    assert programs.named("aws") == programs.named("docker", "login") == []


def test_an_image_that_the_registry_does_not_have_is_a_reason(programs: Programs) -> None:
    programs.answer("docker", "image", "inspect", by=1)
    programs.answer("docker", "pull", by=1)
    with pytest.raises(BootError, match=r"docker pull --quiet failed \(1\): docker says no"):
        pull(programs)
