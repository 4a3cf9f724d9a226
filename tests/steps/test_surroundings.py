"""What a run happened in: versions of what did the work, and a clear word where it is not installed."""

import importlib.metadata
import importlib.util
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import get_args

import pytest

from sarcoma_core import __version__
from sarcoma_core.errors import UsageError
from sarcoma_core.interface import Base
from sarcoma_core.steps import STEPS, step_named
from sarcoma_core.steps.running import run_step
from sarcoma_core.steps.surroundings import device, require_base, software

CHECK = step_named("check-model")
CONVERT = step_named("convert")


def has(monkeypatch: pytest.MonkeyPatch, *names: str) -> list[str]:
    """Only these can be found; tells what was looked for."""
    asked: list[str] = []

    def find_spec(name: str, package: str | None = None) -> object:
        del package
        asked.append(name)
        return object() if name in names else None

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)
    return asked


@pytest.mark.parametrize("base", ["torch", "train"])
def test_a_step_that_needs_torch_says_how_to_get_it_where_it_is_not(
    monkeypatch: pytest.MonkeyPatch, base: Base
) -> None:
    has(monkeypatch)
    with pytest.raises(
        UsageError, match="step check-model: PyTorch must be installed to run it here"
    ) as caught:
        require_base(replace(CHECK, image=base))
    assert f"pip install '.[{base}]'" in caught.value.hint
    assert "--runner docker" in caught.value.hint


@pytest.mark.parametrize("base", ["torch", "train"])
def test_where_torch_is_found_the_step_may_run_and_nothing_is_loaded(
    monkeypatch: pytest.MonkeyPatch, base: Base
) -> None:
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    asked = has(monkeypatch, "torch")
    require_base(replace(CHECK, image=base))
    assert asked == ["torch"]
    assert "torch" not in sys.modules


@pytest.mark.parametrize("base", ["core", "edge"])
def test_a_step_of_another_base_needs_no_torch(monkeypatch: pytest.MonkeyPatch, base: Base) -> None:
    has(monkeypatch)
    require_base(replace(CONVERT, image=base))


def test_a_step_without_its_base_is_refused_before_its_input_is_looked_at(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    has(monkeypatch)
    with pytest.raises(UsageError, match="PyTorch must be installed"):
        run_step(CHECK, tmp_path / "none", tmp_path / "out", {})
    assert not (tmp_path / "out").exists()


def test_the_versions_are_those_of_the_packages_that_are_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    told = software("core")
    assert told["sarcoma"] == __version__
    assert {name: importlib.metadata.version(name) for name in told if name != "sarcoma"} == {
        name: version for name, version in told.items() if name != "sarcoma"
    }
    monkeypatch.setattr(importlib.metadata, "version", lambda name: f"of {name}")
    for base in get_args(Base):
        names = set(software(base)) - {"sarcoma"}
        assert names >= {"numpy", "pydicom", "SimpleITK", "nibabel", "dcm2niix"}
        assert ({"torch", "monai", "safetensors"} <= names) == (base in ("torch", "train"))
        assert ({"torch", "monai", "safetensors"} & names == set()) == (base in ("core", "edge", "site"))
        assert all(software(base)[name] == f"of {name}" for name in names)


def test_every_step_has_a_base_whose_versions_are_known() -> None:
    assert {step.image for step in STEPS} <= set(get_args(Base))


def torch_double(*, gpu: bool) -> ModuleType:
    double = ModuleType("torch")
    cuda = SimpleNamespace(is_available=lambda: gpu, get_device_name=lambda: "NVIDIA H200")
    double.cuda = cuda  # type: ignore[attr-defined]
    return double


@pytest.mark.parametrize(("gpu", "name"), [(True, "NVIDIA H200"), (False, "cpu")])
def test_what_computes_is_the_gpu_that_torch_uses_or_the_processor(
    monkeypatch: pytest.MonkeyPatch, name: str, *, gpu: bool
) -> None:
    monkeypatch.setitem(sys.modules, "torch", torch_double(gpu=gpu))
    assert device() == name


def test_where_no_step_has_loaded_torch_the_processor_computes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    assert device() == "cpu"
    assert "torch" not in sys.modules
