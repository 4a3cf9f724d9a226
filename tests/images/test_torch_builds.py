"""Which build of PyTorch is taken, and where from; nobody gets a CUDA build of several GB unasked."""

import re
from pathlib import Path

import pytest

from sarcoma_core.errors import UsageError
from sarcoma_core.images.catalogue import PARENTS, checkout
from sarcoma_core.images.torch_builds import TorchBuild, base_reference, suffix, torch_build
from sarcoma_core.interface import Base
from sarcoma_core.xnat.command.declaring import image_reference

ROOT = checkout()
PINNED = re.findall(r"^torch==(.+)$", (ROOT / "constraints.txt").read_text("utf-8"), re.MULTILINE)[0]
CUDA = "https://download.pytorch.org/whl/cu126"


def test_the_usual_build_is_for_cpus_from_an_index_of_its_own() -> None:
    usual = torch_build(ROOT)
    assert usual == TorchBuild(f"{PINNED}+cpu", "https://download.pytorch.org/whl/cpu")
    assert usual.variant == "cpu"


def test_a_site_with_gpus_names_its_build_and_where_it_is() -> None:
    build = torch_build(ROOT, f"{PINNED}+cu126", CUDA)
    assert (build.variant, build.index, build.wheels) == ("cu126", CUDA, ())


@pytest.mark.parametrize("version", [PINNED, f"{PINNED}+", f"{PINNED}+CU", f"{PINNED}+a/b", "new"])
def test_a_version_that_names_no_build_is_refused_with_the_reason(version: str) -> None:
    with pytest.raises(UsageError, match=r"--torch: must .* found .*several GB") as caught:
        torch_build(ROOT, version, CUDA)
    assert f"--torch {PINNED}+cu126 --torch-index {CUDA}" in caught.value.hint


def test_a_version_that_nothing_was_tried_with_is_refused() -> None:
    with pytest.raises(UsageError, match=r"constraints.txt pins; found '1.0\+cu126'") as caught:
        torch_build(ROOT, "1.0+cu126", CUDA)
    assert caught.value.hint == f"For example: --torch {PINNED}+cu126"


def test_another_build_is_not_looked_for_in_the_index_of_the_usual_one() -> None:
    with pytest.raises(UsageError, match="--torch-index: must be given") as caught:
        torch_build(ROOT, f"{PINNED}+cu126")
    assert caught.value.hint == f"For example: --torch-index {CUDA}"


def test_a_folder_gives_the_wheels_of_the_build_alone(tmp_path: Path) -> None:
    wheels = [tmp_path / f"torch-{PINNED}+cpu-cp3{minor}-cp3{minor}-any.whl" for minor in (11, 12)]
    others = [tmp_path / f"torch-{PINNED}+cu126-cp311-any.whl", tmp_path / f"torch-{PINNED}-cp311-any.whl"]
    for path in (*wheels, *others):
        path.touch()
    assert torch_build(ROOT, index=str(tmp_path)) == TorchBuild(f"{PINNED}+cpu", "", tuple(wheels))


def test_a_folder_without_the_wheel_is_refused_with_the_way_to_fill_it(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=re.escape(f"a wheel of torch {PINNED}+cpu")) as caught:
        torch_build(ROOT, index=str(tmp_path))
    assert f"pip download --no-deps --dest {tmp_path} torch=={PINNED}+cpu" in caught.value.hint


@pytest.mark.parametrize(
    "index", ["https://someone:swordfish@example.org", "ftp://swordfish", "/no/swordfish"]
)
def test_what_is_neither_index_nor_folder_is_refused_without_showing_it(index: str) -> None:
    with pytest.raises(UsageError, match="--torch-index") as caught:
        torch_build(ROOT, index=index)
    assert "swordfish" not in str(caught.value)


@pytest.mark.parametrize("base", PARENTS)
def test_the_build_stands_in_the_tag_of_what_holds_torch(base: Base) -> None:
    build = TorchBuild(f"{PINNED}+cu126", CUDA)
    assert suffix(base, build) == {"torch": "-cu126", "train": "-cu126"}.get(base, "")
    assert base_reference(base, build) == image_reference(base) + suffix(base, build)
