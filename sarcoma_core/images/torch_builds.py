"""Which build of PyTorch the bases hold: one for CPUs, or one for the CUDA that a site's driver speaks.

A build is told by the local part of its version, e.g. `cpu` of `2.13.0+cpu`. Bases that hold PyTorch carry it
in their tag, so that the builds stand beside each other on one engine.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from sarcoma_core.errors import UsageError
from sarcoma_core.images.catalogue import lineage
from sarcoma_core.interface import Base
from sarcoma_core.xnat.command.declaring import image_reference

_DEFAULT = re.compile(r"^ARG (TORCH|TORCH_INDEX)=(\S+)$", re.MULTILINE)
_PIN = re.compile(r"^torch==(\S+)$", re.MULTILINE)
_URL = re.compile(r"https?://[^\s@]+")
_LOCAL_PART = re.compile(r"[a-z0-9]+(\.[a-z0-9]+)*")  # PEP 440, as pip writes it


@dataclass(frozen=True)
class TorchBuild:
    """A build of PyTorch, and where it is had.

    Args:
        version: its version with the local part, e.g. `2.13.0+cpu`.
        index: URL of a package index that holds it; empty where it is among `wheels`.
        wheels: files that it is installed from.
    """

    version: str
    index: str
    wheels: tuple[Path, ...] = ()

    @property
    def variant(self) -> str:
        """The local part of its version, e.g. `cpu`."""
        return self.version.partition("+")[2]


def torch_build(root: Path, version: str | None = None, index: str | None = None) -> TorchBuild:
    """Read what `--torch` and `--torch-index` say; the Dockerfile of `sarcoma/torch` says the rest.

    Args:
        root: the checkout.
        version: a version with its local part.
        index: URL of a package index, or a folder of wheels.

    Raises:
        UsageError: the version names no build or is not the pinned one, or the index is of another build, is
            neither a URL nor a folder, or is a folder without that wheel.
    """
    dockerfile = (root / "containers" / "torch" / "Dockerfile").read_text("utf-8")
    usual = dict(_DEFAULT.findall(dockerfile))
    [pinned] = _PIN.findall((root / "constraints.txt").read_text("utf-8"))
    version = version or usual["TORCH"]
    public, _, variant = version.partition("+")
    if not _LOCAL_PART.fullmatch(variant):
        raise UsageError(
            f"--torch: must be a version with the name of a build, e.g. {usual['TORCH']}; found {version!r}. "
            "A plain version is PyPI's, which is a CUDA build of several GB.",
            hint=f"For GPUs, name the CUDA that your driver speaks: --torch {pinned}+cu126 "
            "--torch-index https://download.pytorch.org/whl/cu126",
        )
    if public != pinned:
        raise UsageError(
            f"--torch: must be a build of {pinned}, which constraints.txt pins; found {version!r}.",
            hint=f"For example: --torch {pinned}+{variant}",
        )
    if index is None and version != usual["TORCH"]:
        raise UsageError(
            f"--torch-index: must be given with --torch {version}; found none.",
            hint=f"For example: --torch-index https://download.pytorch.org/whl/{variant}",
        )
    index = index or usual["TORCH_INDEX"]
    if _URL.fullmatch(index):
        return TorchBuild(version, index)
    return TorchBuild(version, "", _wheels(Path(index), version))


def _wheels(folder: Path, version: str) -> tuple[Path, ...]:
    """The wheels of a build in a folder; what is no folder may be a URL with a password: not shown."""
    if not folder.is_dir():
        raise UsageError(
            "--torch-index: must be an http or https URL without a password, or a folder of wheels; "
            "it is neither."
        )
    wheels = tuple(sorted(folder.glob(f"torch-{version}-*.whl")))
    if not wheels:
        raise UsageError(
            f"--torch-index: must hold a wheel of torch {version}; there is none in this folder.",
            hint=f"Run: python3 -m pip download --no-deps --dest {folder} torch=={version}",
        )
    return wheels


def suffix(base: Base, build: TorchBuild) -> str:
    """What follows the version in the tag of a base and of its steps, e.g. `-cpu`; empty without PyTorch.

    Args:
        base: the base.
        build: the build of PyTorch that it holds, if it holds one.
    """
    return f"-{build.variant}" if "torch" in lineage(base) else ""


def base_reference(base: Base, build: TorchBuild) -> str:
    """The reference of a base's image, e.g. `sarcoma/torch:0.4.0-cpu`.

    Args:
        base: the base.
        build: the build of PyTorch that it holds, if it holds one.
    """
    return image_reference(base) + suffix(base, build)
