"""A small step with choices, in the place of one that tells roles: it writes what was chosen."""

import json
from typing import Annotated, NamedTuple

from sarcoma_core.archive.folder import SessionFolder
from sarcoma_core.interface import (
    Input,
    Output,
    OutputDir,
    Param,
    Resources,
    ScanChoice,
    Step,
    describe,
)
from sarcoma_core.provenance import Outcome, Outcomes


class ChosenOutputs(NamedTuple):
    chosen: Annotated[Outcomes, Output(resource="CHOSEN", format="JSON", help="what was chosen")]


def choose_scans(
    session: Annotated[SessionFolder, Input(level="session", resource=("NIFTI",))],
    out: OutputDir,
    *,
    again: Annotated[bool, Param(help="a parameter")] = False,
    t1: Annotated[str, ScanChoice(help="T1")] = "",
    t1ce: Annotated[str, ScanChoice(help="T1 after contrast agent")] = "",
) -> ChosenOutputs:
    """Write what was chosen."""
    del session, again
    (out / "CHOSEN").mkdir()
    (out / "CHOSEN" / "chosen.json").write_text(json.dumps({"t1": t1, "t1ce": t1ce}))
    return ChosenOutputs(chosen=(Outcome("1", "MR", "done", files=("chosen.json",)),))


STEP: Step = describe(
    choose_scans,
    image="core",
    title="Sarcoma: choose",
    methods="M.",
    resources=Resources(512, 1024, 1),
    correcting="Sarcoma: choose by hand",
)
