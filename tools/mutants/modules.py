"""Which modules are measured, and by which tests: a module's own, not all that happen to pass through it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Module:
    """A module and its tests.

    Args:
        path: from the root of the repository.
        tests: what must see a change of it; the quick ones first, for the first failure ends a run.
        whole: whether all of it is measured, or only the mutants that have a name.
    """

    path: Path
    tests: tuple[str, ...]
    whole: bool = True

    @property
    def name(self) -> str:
        """As it is imported."""
        return ".".join(self.path.with_suffix("").parts)

    @property
    def short(self) -> str:
        """As it is named on the command line and in the tables."""
        return "/".join(self.path.with_suffix("").parts[1:])


def _module(short: str, *tests: str, whole: bool = True) -> Module:
    return Module(Path(f"sarcoma_core/{short}.py"), tuple(f"tests/{test}.py" for test in tests), whole)


MODULES = (
    _module("dicom/geometry", "dicom/test_geometry", "dicom/test_stack_checks"),
    _module("dicom/stack_checks", "dicom/test_stack_checks", "dicom/test_series"),
    _module("dicom/planes", "dicom/test_planes", "dicom/test_enhanced"),
    _module("dicom/verify", "dicom/test_verify"),
    _module("imaging/air", "imaging/test_air"),
    _module("imaging/bias_field", "imaging/test_bias_field"),
    _module("imaging/blocks", "imaging/test_blocks"),
    _module("imaging/body_mask", "imaging/test_body_mask"),
    _module("imaging/bspline", "imaging/test_bspline"),
    _module("imaging/decay", "imaging/test_decay"),
    _module("imaging/normalise", "imaging/test_normalise"),
    _module("imaging/resampling", "imaging/test_resampling"),
    _module("imaging/suv", "imaging/test_suv"),
    _module("imaging/registration/quality", "imaging/registration/test_quality"),
    _module("imaging/volume", "imaging/test_volume"),
    _module("dicom/checks", "dicom/test_checks", "dicom/test_series", whole=False),
    _module("archive/placing", "archive/test_placing", whole=False),
    _module("archive/wholeness", "archive/test_wholeness", whole=False),
)

ALL_OF = Path("sarcoma_core/imaging")
"""A folder of which no module may be left out."""
