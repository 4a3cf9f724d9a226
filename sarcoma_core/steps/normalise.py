"""`normalise`: z-score of MR volumes; CT and PET keep their units."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from sarcoma_core.archive.folder import SeriesFiles, SessionFolder
from sarcoma_core.interface import Input, Output, OutputDir, Param, Resources, describe
from sarcoma_core.provenance import Outcome, Outcomes
from sarcoma_core.steps.running import each_series

LABEL = "NORMALISED"
READS = ("N4", "NIFTI")

Region = Literal["body", "whole"]


class NormaliseOutputs(NamedTuple):
    """What the step writes."""

    normalised: Annotated[
        Outcomes,
        Output(
            resource=LABEL,
            format="NIFTI",
            help="z-scored MR volumes",
            title="Normalisation",
            caption="Normalised",
        ),
    ]


def normalise(
    session: Annotated[SessionFolder, Input(level="session", resource=READS)],
    out: OutputDir,
    *,
    region: Annotated[Region, Param(help="where mean and standard deviation are taken")] = "body",
    clip_low: Annotated[
        float, Param(ge=0, le=49, unit="%", help="percentile below which values are clipped")
    ] = 0.5,
    clip_high: Annotated[
        float, Param(ge=51, le=100, unit="%", help="percentile above which values are clipped")
    ] = 99.5,
) -> NormaliseOutputs:
    """Bring MR volumes to mean 0 and standard deviation 1 (z-score).

    Z = (X - mean) / sd, after clipping at two percentiles, with mean and sd taken inside the body mask, or
    over the whole volume. CT, PET and maps such as ADC keep their units: they pass by.
    """

    def score(series: SeriesFiles) -> Outcome:
        return _score(series, out / LABEL, region=region, percentiles=(clip_low, clip_high))

    return NormaliseOutputs(normalised=each_series(session, score))


def _score(series: SeriesFiles, folder: Path, *, region: Region, percentiles: tuple[float, float]) -> Outcome:
    from sarcoma_core.imaging.body_mask import find_body
    from sarcoma_core.imaging.normalise import z_score
    from sarcoma_core.imaging.volume import read_nifti
    from sarcoma_core.steps.anatomy import body_facts, reason_to_pass
    from sarcoma_core.steps.volumes import write_volume

    if reason := reason_to_pass(series, "z-score"):
        return series.told("not applicable", reason)
    volume = read_nifti(series.volume)
    body = find_body(volume.array, volume.spacing) if region == "body" else None
    result = z_score(volume.array, body.mask if body else None, percentiles=percentiles, region=region)
    files = write_volume(folder, series, volume.with_array(result.values))
    facts = {"source": series.label, **asdict(result.facts), **(body_facts(body) if body else {})}
    return series.told("done", files=files, facts=facts)


STEP = describe(
    normalise,
    image="core",
    title="Sarcoma: normalise (z-score)",
    methods=(
        "MR intensities were clipped at two percentiles and z-scored with the mean and standard deviation "
        "inside a body mask; CT stayed in Hounsfield units and PET in its own units."
    ),
    cites=(),
    resources=Resources(reserve_memory=1024, limit_memory=4096, limit_cpu=1),
    revision=2,
)
