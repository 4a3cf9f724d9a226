"""A step is one typed function; everything else about it is read off that function.

    class Outputs(NamedTuple):
        corrected: Annotated[Outcomes, Output(resource="N4", format="NIFTI", help="bias-corrected volumes")]

    def bias_field(
        session: Annotated[SessionFolder, Input(level="session", resource=("NIFTI",))],
        out: OutputDir,
        *,
        shrink: Annotated[int, Param(ge=1, le=8, help="grid shrink factor while fitting")] = 4,
    ) -> Outputs:
        "Remove the slowly varying MR intensity bias."

    STEP = describe(bias_field, image="core", methods="...", cites=("tustison2010",), ...)

From `STEP` come the `sarcoma step` command line, the XNAT command JSON, the image label, the docs page and
the checks at the door. A `Service` is an image and a command line that XNAT does not launch. This package
is standard library only: declaring a step imports no science.
"""

from sarcoma_core.interface.choices import ChoiceSpec, ScanChoice
from sarcoma_core.interface.declarations import (
    Asset,
    AssetSpec,
    Base,
    Input,
    InputSpec,
    Level,
    Output,
    OutputDir,
    OutputSpec,
    Param,
    ParamKind,
    ParamSpec,
    Resources,
    Step,
    Value,
)
from sarcoma_core.interface.describing import describe
from sarcoma_core.interface.naming import LabelSpec, ObjectLabel
from sarcoma_core.interface.sending import Sends, SendsSpec
from sarcoma_core.interface.services import Service

__all__ = [
    "Asset",
    "AssetSpec",
    "Base",
    "ChoiceSpec",
    "Input",
    "InputSpec",
    "LabelSpec",
    "Level",
    "ObjectLabel",
    "Output",
    "OutputDir",
    "OutputSpec",
    "Param",
    "ParamKind",
    "ParamSpec",
    "Resources",
    "ScanChoice",
    "Sends",
    "SendsSpec",
    "Service",
    "Step",
    "Value",
    "describe",
]
