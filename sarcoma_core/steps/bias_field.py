"""`bias-field`: remove the slowly varying intensity bias of MR volumes (N4)."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, NamedTuple

from sarcoma_core.archive.folder import SeriesFiles, SessionFolder
from sarcoma_core.interface import Input, Output, OutputDir, Param, Resources, describe
from sarcoma_core.provenance import Outcome, Outcomes
from sarcoma_core.steps.running import each_series

LABEL = "N4"


class BiasFieldOutputs(NamedTuple):
    """What the step writes."""

    corrected: Annotated[
        Outcomes,
        Output(
            resource=LABEL,
            format="NIFTI",
            help="bias-corrected MR volumes",
            title="Bias field",
            caption="Bias-corrected",
        ),
    ]


def bias_field(
    session: Annotated[SessionFolder, Input(level="session", resource=("NIFTI",))],
    out: OutputDir,
    *,
    shrink: Annotated[
        int, Param(ge=1, le=8, help="how much coarser the grid is on which the field is fitted")
    ] = 4,
) -> BiasFieldOutputs:
    """Remove the slowly varying intensity bias of MR volumes with N4.

    The field is fitted inside the body on a coarser grid and applied at full resolution, so the volume keeps
    its grid. CT and PET have no such bias, and maps such as ADC are no anatomy: they pass by as they are.
    """

    def correct(series: SeriesFiles) -> Outcome:
        return _correct(series, out / LABEL, shrink=shrink)

    return BiasFieldOutputs(corrected=each_series(session, correct))


def _correct(series: SeriesFiles, folder: Path, *, shrink: int) -> Outcome:
    from sarcoma_core.imaging import bias_field as n4
    from sarcoma_core.imaging.body_mask import find_body
    from sarcoma_core.imaging.volume import read_nifti
    from sarcoma_core.steps.anatomy import body_facts, reason_to_pass
    from sarcoma_core.steps.volumes import write_volume

    if reason := reason_to_pass(series, "N4"):
        return series.told("not applicable", reason)
    volume = read_nifti(series.volume)
    body = find_body(volume.array, volume.spacing)
    field = n4.estimate_bias_field(volume.array, volume.spacing, body.mask, shrink=shrink)
    files = write_volume(folder, series, volume.with_array(n4.correct(volume.array, field)))
    facts = {**asdict(field.facts), **body_facts(body)}
    return series.told("done", files=files, facts=facts)


STEP = describe(
    bias_field,
    image="core",
    title="Sarcoma: bias field (N4)",
    methods=(
        "The intensity bias of the MR volumes was removed with N4 (SimpleITK), fitted inside a body mask on "
        "a shrunken grid and applied at full resolution."
    ),
    cites=("tustison2010", "lowekamp2013"),
    resources=Resources(reserve_memory=1024, limit_memory=4096, limit_cpu=2),
    revision=2,
)
