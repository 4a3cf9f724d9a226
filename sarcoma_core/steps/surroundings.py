"""What a run happened in: the packages that did the work, and what computed."""

import importlib.metadata
import importlib.util
import sys
from collections.abc import Mapping

from sarcoma_core import __version__
from sarcoma_core.errors import UsageError
from sarcoma_core.interface import Base, Step

_CORE = ("dcm2niix", "nibabel", "numpy", "pydicom", "SimpleITK")
_TORCH = (*_CORE, "torch", "monai", "safetensors")
_SOFTWARE: Mapping[Base, tuple[str, ...]] = {
    "core": _CORE,
    "edge": _CORE,
    "site": _CORE,
    "torch": _TORCH,
    "train": _TORCH,
}
"""The packages of each base whose version can change a result."""


def software(base: Base) -> Mapping[str, str]:
    """Versions of the packages that do the work of a step on this base.

    Args:
        base: of the step.
    """
    return {"sarcoma": __version__, **{name: importlib.metadata.version(name) for name in _SOFTWARE[base]}}


def require_base(step: Step) -> None:
    """Refuse a step whose base holds what is not installed here; nothing is loaded for it.

    Raises:
        UsageError: PyTorch is not installed.
    """
    if step.image in ("torch", "train") and importlib.util.find_spec("torch") is None:
        raise UsageError(
            f"step {step.name}: PyTorch must be installed to run it here; it is not.",
            hint=f"In the checkout: pip install '.[{step.image}]'. Or use its image: --runner docker",
        )


def device() -> str:
    """What computes here: the name of the GPU that torch uses, else `cpu`; torch is never loaded for it."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return "cpu"
    return str(torch.cuda.get_device_name())
