"""Which image each step has where images are named by digest; what a registry cannot move under a site."""

import json
from pathlib import Path
from typing import Any

import pytest

from sarcoma_core.errors import UsageError
from sarcoma_core.launch.doctor.facts import CheckScope
from sarcoma_core.launch.doctor.shipped import step_facts
from sarcoma_core.launch.install.images import read_images
from sarcoma_core.launch.install.installing import carry_out, shipped_steps
from sarcoma_core.launch.install.plan import plan_install
from sarcoma_core.launch.install.reading import read_live
from sarcoma_core.launch.install.states import registry_of
from sarcoma_core.services import SERVICES
from sarcoma_core.steps import STEPS
from sarcoma_core.xnat.command.declaring import command_for, image_reference
from sarcoma_core.xnat.rest.service import ContainerService
from sarcoma_core.xnat.validation.rules import validate

NAMES = [step.name for step in STEPS]
HOST = "123456789012.dkr.ecr.eu-central-1.amazonaws.com"


def by_digest(name: str, digit: str = "a", prefix: str = HOST) -> str:
    return f"{prefix}/sarcoma/{name}@sha256:{digit * 64}"


IMAGES = {name: by_digest(name) for name in NAMES}
OTHERS = {name: by_digest(name, "b") for name in NAMES}


def file_of(folder: Path, tree: Any) -> Path:
    path = folder / "images.json"
    path.write_text(json.dumps(tree), "utf-8")
    return path


def test_a_file_says_the_image_of_each_step_that_is_installed(tmp_path: Path) -> None:
    services = {service.name: by_digest(service.name) for service in SERVICES}
    path = file_of(tmp_path, {**services, **IMAGES})
    assert read_images(path, NAMES) == IMAGES
    assert read_images(path, ["convert"]) == {"convert": IMAGES["convert"]}


@pytest.mark.parametrize("prefix", ["host", "host:5000/a/b", "docker.io/x"])
def test_any_registry_will_do(tmp_path: Path, prefix: str) -> None:
    image = by_digest("convert", prefix=prefix)
    assert read_images(file_of(tmp_path, {"convert": image}), ["convert"]) == {"convert": image}


@pytest.mark.parametrize(
    "image",
    [
        image_reference("convert", HOST),
        by_digest("convert")[:-1],
        by_digest("convert") + "a",
        by_digest("convert", "g"),
        by_digest("convert", "A"),
        by_digest("report"),
        f"{HOST}/convert@sha256:{'a' * 64}",
        f"https://{by_digest('convert')}",
        by_digest("convert", prefix=HOST + "/sarcoma/convert:1"),
        "",
        None,
        1,
    ],
)
def test_what_is_no_image_of_the_step_by_its_digest_is_refused(tmp_path: Path, image: Any) -> None:
    path = file_of(tmp_path, {"convert": image})
    with pytest.raises(
        UsageError, match="--images: convert must be PREFIX/sarcoma/convert@sha256:"
    ) as caught:
        read_images(path, ["convert"])
    assert "--digests FILE" in caught.value.hint


def test_a_name_that_is_no_step_or_service_is_refused(tmp_path: Path) -> None:
    path = file_of(tmp_path, {**IMAGES, "core": by_digest("core")})
    with pytest.raises(UsageError, match=r"--images: must name .*admin.* only; found 'core'"):
        read_images(path, NAMES)


def test_a_step_that_is_installed_must_be_in_the_file(tmp_path: Path) -> None:
    path = file_of(tmp_path, {name: image for name, image in IMAGES.items() if name != "report"})
    assert list(read_images(path, ["convert"])) == ["convert"]
    with pytest.raises(UsageError, match="lacks report"):
        read_images(path, NAMES)


@pytest.mark.parametrize("text", [None, "", "[]", "{"])
def test_what_is_no_json_object_is_refused(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "images.json"
    if text is not None:
        path.write_text(text, "utf-8")
    with pytest.raises(UsageError, match="--images: must be"):
        read_images(path, NAMES)


def test_the_service_takes_a_command_whose_image_is_named_by_digest() -> None:
    command = command_for(STEPS[0], image=IMAGES[STEPS[0].name])
    assert command.image == IMAGES[STEPS[0].name]
    assert validate(json.dumps(command.to_json())).kind == "ACCEPT"


def test_its_registry_is_what_stands_before_it() -> None:
    assert registry_of(by_digest("convert", prefix="host:5000/imaging")) == "host:5000/imaging"


def install(service: ContainerService, images: dict[str, str] | None = None, **choices: Any) -> list[str]:
    """Install; the verbs of what was done."""
    live = read_live(service, ())
    plan = plan_install(shipped_steps(images=images, live=live, **choices), live, ())
    assert {each.outcome for each in carry_out(service, plan)} <= {"done"}
    return [action.verb for action in plan]


def images_on(service: ContainerService) -> set[str]:
    return {one.command.image for one in read_live(service, ())}


def drift(service: ContainerService) -> list[tuple[str, ...]]:
    return [each.differences for each in step_facts(service, CheckScope()) if each.differences]


def test_the_same_digests_again_change_nothing_and_others_change_the_command_in_place(
    service: ContainerService,
) -> None:
    assert "add" in install(service, IMAGES)
    numbers = [command.id for command in service.commands()]
    assert install(service, IMAGES) == []
    assert install(service, OTHERS) == ["update"] * len(NAMES)
    assert images_on(service) == set(OTHERS.values())
    assert [command.id for command in service.commands()] == numbers


def test_who_says_nothing_of_images_keeps_the_digests_and_the_doctor_finds_no_drift(
    service: ContainerService,
) -> None:
    install(service, IMAGES)
    assert install(service) == []
    assert drift(service) == []
    assert {each.image for each in step_facts(service, CheckScope())} == set(IMAGES.values())


def test_a_registry_that_is_named_takes_the_place_of_the_digests(service: ContainerService) -> None:
    install(service, IMAGES)
    assert install(service, registry=HOST) == ["update"] * len(NAMES)
    assert images_on(service) == {image_reference(name, HOST) for name in NAMES}


def test_another_change_on_the_server_is_drift_all_the_same(service: ContainerService) -> None:
    install(service, IMAGES)
    command = next(each for each in service.commands() if each.name == "sarcoma-convert")
    service.replace(command.id, {**command.tree, "limit-memory": 1})
    [(found,)] = drift(service)
    assert found.startswith("limit-memory is '1'")
