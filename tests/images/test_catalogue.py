import json
import re
from pathlib import Path
from typing import get_args

import pytest

from sarcoma_core import __version__, generate
from sarcoma_core.errors import InputError, UsageError
from sarcoma_core.images.building import default_base_image
from sarcoma_core.images.catalogue import (
    PARENTS,
    OwnImage,
    base_named,
    bases_of,
    checkout,
    oci_labels,
    own_images,
    step_images,
)
from sarcoma_core.interface import Base
from sarcoma_core.services import SERVICES
from sarcoma_core.steps import STEPS
from sarcoma_core.xnat.command.declaring import image_reference

COMMAND = {"name": "n", "description": 'a "quote", a $dollar and a ü'}


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    path = tmp_path / "containers" / "labels.json"
    path.parent.mkdir()
    return path


def write(path: Path, base: str = "core") -> None:
    path.write_text(json.dumps({"one": {"base": base, "title": "One"}}), "utf-8")
    commands = path.parents[1] / "xnat_commands"
    commands.mkdir()
    (commands / "one.json").write_text(json.dumps(COMMAND), "utf-8")


def test_every_step_of_the_package_has_an_image() -> None:
    images = step_images(checkout())
    assert {(image.name, image.base, image.title, image.entrypoint) for image in images} == {
        (step.name, step.image, step.title, ("sarcoma", "step", step.name)) for step in STEPS
    }


def test_every_service_has_an_image_without_commands() -> None:
    images = [image for image in own_images(checkout()) if image not in step_images(checkout())]
    assert images == [OwnImage(one.name, one.base, one.title, one.entrypoint) for one in SERVICES]


def test_no_step_and_no_service_have_one_name() -> None:
    names = [step.name for step in STEPS] + [service.name for service in SERVICES]
    assert len(set(names)) == len(names)
    assert not set(names) & set(PARENTS)  # or their images would be one


def test_the_labels_file_holds_base_and_title_alone_and_of_a_service_the_entry_point() -> None:
    entries = json.loads((checkout() / "containers" / "labels.json").read_text("utf-8"))
    services = {service.name for service in SERVICES}
    for name, entry in entries.items():
        assert set(entry) == {"base", "title"} | ({"entrypoint"} if name in services else set())


def test_a_service_needs_no_command_file(tmp_path: Path, labels: Path) -> None:
    row = {"base": "site", "title": "One", "entrypoint": ["sarcoma", "xnat"]}
    labels.write_text(json.dumps({"one": row}), "utf-8")
    assert own_images(tmp_path) == (OwnImage("one", "site", "One", ("sarcoma", "xnat")),)
    assert step_images(tmp_path) == ()


def test_a_labels_file_drifts_when_it_says_what_the_steps_do_not(tmp_path: Path) -> None:
    generate.write(tmp_path)
    path = tmp_path / "containers" / "labels.json"
    assert generate.drift(tmp_path) == ()
    path.write_text(path.read_text("utf-8").replace('"core"', '"torch"', 1), "utf-8")
    assert generate.drift(tmp_path) == ("containers/labels.json",)


def test_a_label_is_the_committed_command() -> None:
    for image in step_images(checkout()):
        committed = (checkout() / "xnat_commands" / f"{image.name}.json").read_text("utf-8")
        assert json.loads(image.commands) == [json.loads(committed)]


def test_a_registry_comes_before_the_name() -> None:
    assert image_reference("core", "registry.example.org:5000/imaging") == (
        f"registry.example.org:5000/imaging/sarcoma/core:{__version__}"
    )


def test_a_label_is_a_json_list_and_loses_nothing(tmp_path: Path, labels: Path) -> None:
    write(labels)
    [image] = step_images(tmp_path)
    assert json.loads(image.commands) == [COMMAND]


def test_an_unknown_step_is_refused_with_the_known_ones(tmp_path: Path, labels: Path) -> None:
    write(labels)
    with pytest.raises(UsageError, match="must be one of one; found 'two'"):
        step_images(tmp_path, ("two",))


@pytest.mark.parametrize(
    "text",
    [
        *(None, "", "[]", '{"one": {}}', '{"one": 1}'),
        '{"one": {"base": "site", "title": "One", "entrypoint": "sarcoma"}}',
    ],
)
def test_labels_that_generate_did_not_write_are_refused(
    tmp_path: Path, labels: Path, text: str | None
) -> None:
    if text is not None:
        labels.write_text(text, "utf-8")
    with pytest.raises(InputError) as caught:
        step_images(tmp_path)
    assert caught.value.hint == "Run: make generate"


def test_a_step_without_its_command_is_refused(tmp_path: Path, labels: Path) -> None:
    write(labels)
    (tmp_path / "xnat_commands" / "one.json").unlink()
    with pytest.raises(InputError, match="xnat_commands") as caught:
        step_images(tmp_path)
    assert caught.value.hint == "Run: make generate"


def test_an_unknown_base_is_refused(tmp_path: Path, labels: Path) -> None:
    write(labels, base="windows")
    with pytest.raises(InputError, match="UsageError"):
        step_images(tmp_path)


def on(base: Base) -> OwnImage:
    return OwnImage("a", base, "A", ("sarcoma",))


def test_a_base_comes_after_the_one_that_it_stands_on() -> None:
    assert bases_of([on("train")]) == ("core", "edge", "torch", "train")
    assert bases_of([on("edge")], ["torch"]) == ("core", "edge", "torch")
    assert bases_of([on("site")]) == ("core", "edge", "site")
    assert bases_of([on("core")]) == ("core",)
    assert bases_of([]) == ()


def test_every_base_that_a_step_may_name_has_its_place() -> None:
    assert set(PARENTS) == set(get_args(Base))


def test_a_base_is_found_by_its_name_and_no_other_is() -> None:
    assert [base_named(base) for base in PARENTS] == list(PARENTS)
    with pytest.raises(UsageError, match=f"--base: must be one of {', '.join(PARENTS)}; found 'flare'"):
        base_named("flare")


def test_every_base_has_a_dockerfile() -> None:
    for base in PARENTS:
        assert (checkout() / "containers" / base / "Dockerfile").is_file()


def test_the_default_base_image_is_pinned_by_its_digest() -> None:
    assert re.fullmatch(r"[^@]+:[^@]+@sha256:[0-9a-f]{64}", default_base_image(checkout()))


@pytest.mark.parametrize("registry", ["https://registry.example.org", "HOST/Imaging", "a b", "host/"])
def test_a_registry_that_no_image_can_have_is_refused(registry: str) -> None:
    with pytest.raises(UsageError, match="--registry"):
        image_reference("core", registry)


def test_the_oci_labels_say_title_version_and_licence() -> None:
    labels = oci_labels("A title")
    assert labels["org.opencontainers.image.title"] == "A title"
    assert labels["org.opencontainers.image.version"] == __version__
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert all(labels.values()), "what is not known is left out"
