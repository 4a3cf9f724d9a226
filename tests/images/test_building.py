import json
from pathlib import Path

import pytest

from sarcoma_core.errors import RunError, UsageError
from sarcoma_core.images import build
from sarcoma_core.images.catalogue import OwnImage, checkout, step_images
from sarcoma_core.images.torch_builds import torch_build
from sarcoma_core.xnat.command.declaring import image_reference
from tests.images.conftest import ANSWERS, Answer, FakeDocker, InstallDocker

PASSWORD = "swordfish"  # noqa: S105  made up, to be looked for
TORCH = torch_build(checkout()).version.partition("+")[0]
INDEX = f"https://someone:{PASSWORD}@mirror.example.org/simple"


def inspected(base: str, entrypoint: list[str] | None) -> str:
    labels = {"org.opencontainers.image.base.name": base}
    return json.dumps([{"Size": 300, "Config": {"Labels": labels, "Entrypoint": entrypoint}}])


@pytest.fixture
def docker(install_docker: InstallDocker) -> FakeDocker:
    core, step = image_reference("core"), image_reference("convert")
    return install_docker(
        ANSWERS,
        Answer(("image", "inspect", "--format={{.Size}}"), out="100\n"),
        Answer(("image", "inspect", core), out=inspected("base:1", None)),
        Answer(("image", "inspect", step), out=inspected(core, ["sarcoma", "step", "convert"])),
    )


def builds(docker: FakeDocker) -> list[list[str]]:
    return [call for call in docker.calls if call[0] == "build"]


def test_a_step_is_built_after_its_base_and_both_are_measured(docker: FakeDocker) -> None:
    measured = build(("convert",), base_image="base:1")
    assert [(m.image, m.size, m.added) for m in measured] == [
        (image_reference("core"), 300, 200),
        (image_reference("convert"), 300, 200),
    ]
    first, second = builds(docker)
    assert f"--tag={image_reference('core')}" in first
    assert "--build-arg=BASE_IMAGE=base:1" in first
    assert f"--tag={image_reference('convert')}" in second
    assert f"--build-arg=PARENT_IMAGE={image_reference('core')}" in second
    assert "--build-arg=BASE_IMAGE=base:1" in second


@pytest.fixture
def all_docker(install_docker: InstallDocker) -> FakeDocker:
    """An engine that holds whatever is asked for."""
    return install_docker(
        ANSWERS,
        Answer(("image", "inspect", "--format={{.Size}}"), out="100\n"),
        Answer(("image", "inspect"), out=inspected("base:1", None)),
    )


def tags(call: list[str]) -> list[str]:
    return [argument.removeprefix("--tag=") for argument in call if argument.startswith("--tag=")]


def test_a_base_alone_is_built_on_its_own_and_told_by_its_build_of_torch(all_docker: FakeDocker) -> None:
    measured = build(bases=("train",), base_image="base:1")
    core, edge, torch, train = builds(all_docker)
    cpu = [f"{image_reference(base)}-cpu" for base in ("torch", "train")]
    plain = [image_reference(base) for base in ("core", "edge")]
    assert [m.image for m in measured] == [*plain, *cpu]
    assert [tags(one) for one in (core, edge, torch, train)] == [[name] for name in (*plain, *cpu)]
    assert f"--build-arg=PARENT_IMAGE={image_reference('edge')}" in torch
    assert f"--build-arg=PARENT_IMAGE={cpu[0]}" in train
    assert not any("TORCH" in argument for argument in (*core, *edge, *train))


def test_another_build_of_torch_is_passed_on_and_stands_in_the_tag(all_docker: FakeDocker) -> None:
    index = "https://download.pytorch.org/whl/cu126"
    build(bases=("torch",), base_image="base:1", torch=f"{TORCH}+cu126", torch_index=index, registry="host/x")
    *_, torch = builds(all_docker)
    assert tags(torch) == [f"{image_reference('torch')}-cu126"]
    assert {f"--build-arg=TORCH={TORCH}+cu126", f"--build-arg=TORCH_INDEX={index}"} <= set(torch)
    reference = f"{image_reference('torch')}-cu126"
    assert ["tag", reference, f"host/x/{reference}"] in all_docker.calls


def test_wheels_are_sent_and_then_no_index_is_asked(all_docker: FakeDocker, tmp_path: Path) -> None:
    (tmp_path / f"torch-{TORCH}+cpu-cp311-none-any.whl").touch()
    build(bases=("torch",), base_image="base:1", torch_index=str(tmp_path))
    *_, torch = builds(all_docker)
    assert "--build-arg=TORCH_INDEX=" in torch
    assert all_docker.sent[all_docker.calls.index(torch)] == [
        *("Dockerfile", "constraints.txt", "install.sh", "requirements.txt", "wheels")
    ]


def test_a_step_on_torch_has_the_tag_of_its_command_and_that_of_its_build(
    all_docker: FakeDocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = OwnImage("predict", "torch", "Predict", ("sarcoma", "step", "predict"), "[]")
    monkeypatch.setattr("sarcoma_core.images.building.own_images", lambda *_: (image,))
    measured = build(base_image="base:1", registry="host/x")
    *_, step = builds(all_docker)
    plain = image_reference("predict")
    assert tags(step) == [plain, f"{plain}-cpu"]
    assert f"--build-arg=PARENT_IMAGE={image_reference('torch')}-cpu" in step
    assert f"--build-arg=IMAGE=host/x/{plain}-cpu" in step
    for tag in (plain, f"{plain}-cpu"):
        assert ["tag", tag, f"host/x/{tag}"] in all_docker.calls
    assert measured[-1].image == plain


def test_an_unknown_base_is_refused_before_an_engine_is_asked(install_docker: InstallDocker) -> None:
    docker = install_docker(ANSWERS)
    with pytest.raises(UsageError, match="--base"):
        build(bases=("windows",))
    assert docker.calls == []


def test_a_base_is_sent_its_context_and_a_step_the_checkout(docker: FakeDocker) -> None:
    build(("convert",), base_image="base:1")
    base, step = (sent for call, sent in zip(docker.calls, docker.sent, strict=True) if call[0] == "build")
    assert base == ["Dockerfile", "constraints.txt", "install.sh", "requirements.txt"]
    assert {"pyproject.toml", "sarcoma_core"} <= set(step)


def test_the_step_carries_its_commands_and_its_entry_point(docker: FakeDocker) -> None:
    build(("convert",), base_image="base:1")
    [image] = step_images(checkout(), ("convert",))
    [(call, text)] = [
        (call, text) for call, text in zip(docker.calls, docker.texts, strict=True) if "--file=-" in call
    ]
    assert f"--label=org.nrg.commands={image.commands}" in call
    assert 'ENTRYPOINT ["sarcoma", "step", "convert"]' in text.splitlines()


def test_a_service_is_built_on_its_base_with_its_entry_point_and_without_commands(
    all_docker: FakeDocker,
) -> None:
    measured = build(("admin",), base_image="base:1")
    assert [m.image for m in measured] == [
        image_reference(name) for name in ("core", "edge", "site", "admin")
    ]
    *_, admin = builds(all_docker)
    assert f"--build-arg=PARENT_IMAGE={image_reference('site')}" in admin
    assert not [argument for argument in admin if "org.nrg.commands" in argument]
    text = all_docker.texts[all_docker.calls.index(admin)]
    assert 'ENTRYPOINT ["sarcoma"]' in text.splitlines()


@pytest.mark.usefixtures("all_docker")
def test_all_means_the_services_too() -> None:
    measured = build(base_image="base:1")
    assert image_reference("admin") in [m.image for m in measured]


def test_secrets_are_mounted_and_never_written_on_a_command_line(docker: FakeDocker, tmp_path: Path) -> None:
    ca = tmp_path / "with, a comma.pem"
    ca.write_text("-----BEGIN CERTIFICATE-----\n", encoding="ascii")
    build(("convert",), base_image="base:1", ca=ca, index=INDEX)
    for call in builds(docker):
        assert sum(argument.startswith(("--secret=id=ca,", "--secret=id=index,")) for argument in call) == 2
    assert PASSWORD not in docker.log.read_text("utf-8")


def test_no_secret_stays_behind_on_disk(
    docker: FakeDocker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    build(("convert",), base_image="base:1", index=INDEX)
    assert builds(docker)
    assert not list(temporary.iterdir())


def test_a_registry_is_a_second_tag_and_what_the_run_record_names(docker: FakeDocker) -> None:
    build(("convert",), base_image="base:1", registry="host/x")
    _, step = builds(docker)
    assert f"--build-arg=IMAGE=host/x/{image_reference('convert')}" in step
    assert ["tag", image_reference("convert"), f"host/x/{image_reference('convert')}"] in docker.calls


def test_a_base_image_out_of_reach_is_told_with_the_way_round(install_docker: InstallDocker) -> None:
    install_docker(
        ANSWERS,
        Answer(("image", "inspect"), 1, err="No such image"),
        Answer(("pull",), 1, err="dial tcp: lookup registry: no such host\n"),
    )
    with pytest.raises(RunError, match=r"base:2 must be here.*no such host") as caught:
        build(("convert",), base_image="base:2")
    assert "bash .ci/base-image" in caught.value.hint


@pytest.mark.usefixtures("docker")
@pytest.mark.parametrize("index", ["mirror.example.org", "https://a b", f"ftp://{PASSWORD}"])
def test_an_index_that_is_no_url_is_refused_without_showing_it(index: str) -> None:
    with pytest.raises(UsageError, match="--index") as caught:
        build(("convert",), index=index)
    assert index not in str(caught.value)


@pytest.mark.usefixtures("docker")
@pytest.mark.parametrize(
    "content", [None, b"not a certificate", b"-----BEGIN CERTIFICATE-----" + b"A" * 500_000]
)
def test_a_ca_that_cannot_be_a_secret_is_refused(tmp_path: Path, content: bytes | None) -> None:
    ca = tmp_path / "ca.pem"
    if content is not None:
        ca.write_bytes(content)
    with pytest.raises(UsageError, match="--ca"):
        build(("convert",), ca=ca)
