"""`suv`: PET in standardized uptake values, which compare between patients."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

from sarcoma_core.archive.folder import SeriesFiles, SessionFolder
from sarcoma_core.errors import InputError, SeriesRefused
from sarcoma_core.interface import Input, Output, OutputDir, Param, Resources, describe
from sarcoma_core.provenance import UNKNOWN_UNITS, Outcome, Outcomes, recorded_scan_id
from sarcoma_core.steps.running import each_series

if TYPE_CHECKING:
    from sarcoma_core.imaging.suv import SuvType

LABEL = "SUV"

SuvKind = Literal["bw", "lbm", "bsa"]


class SuvOutputs(NamedTuple):
    """What the step writes."""

    volumes: Annotated[
        Outcomes,
        Output(
            resource=LABEL,
            format="NIFTI",
            help="PET in standardized uptake values",
            title="SUV",
            caption="In SUV",
        ),
    ]


def suv(
    session: Annotated[SessionFolder, Input(level="session", resource=("NIFTI",))],
    out: OutputDir,
    *,
    kind: Annotated[
        SuvKind,
        Param(help="what the dose is shared out over: body weight, lean body mass or body surface area"),
    ] = "bw",
) -> SuvOutputs:
    """Bring PET to standardized uptake values (SUV), by body weight unless told otherwise.

    From activity concentration (BQML), or counts with the factors of Philips, with the dose decayed to the
    time that the series is corrected to, whose every header is read for it. Values that are SUV already stay
    as they are. A series whose weight, dose or time is missing, differs between images, or cannot be true is
    refused, and what is missing is named. All that is not PET passes by.
    """
    files = {recorded_scan_id(scan.id): scan.files for scan in session.scans()}

    def convert(series: SeriesFiles) -> Outcome:
        try:
            return _convert(series, files.get(series.scan, ()), out / LABEL, kind=kind)
        except InputError as error:
            raise SeriesRefused(str(error)) from None  # the reason tells what to do next as well

    return SuvOutputs(volumes=each_series(session, convert))


def _convert(series: SeriesFiles, files: tuple[Path, ...], folder: Path, *, kind: SuvKind) -> Outcome:
    from sarcoma_core.dicom.radiopharmaceutical import read_pet
    from sarcoma_core.imaging.suv import FORMULAS, to_suv
    from sarcoma_core.imaging.volume import read_nifti
    from sarcoma_core.steps.suv_factors import along_slices, suv_factors
    from sarcoma_core.steps.volumes import write_volume

    outcome = series.outcome
    if outcome.modality != "PT":
        return series.told("not applicable", f"SUV is for PET; {outcome.modality} goes on as it is")
    if outcome.facts.get("units") == UNKNOWN_UNITS:
        raise SeriesRefused(
            "Units and RescaleSlope: must be in all images; convert found that one is absent.",
            hint="Ask for the original series of the scanner, then import it.",
        )
    headers = read_pet(files)
    found = suv_factors(headers, _target(kind))
    volume = read_nifti(series.volume)
    factors = along_slices(found.each, headers, volume.affine, volume.array.shape[2])
    written = write_volume(folder, series, volume.with_array(to_suv(volume.array, factors)))
    facts: dict[str, Any] = {
        "suv_type": found.suv_type,
        "formula": FORMULAS[found.suv_type],
        "units": "CM2ML" if found.suv_type == "BSA" else "GML",
        "factor": factors[0] if len(factors) == 1 else None,
        "factor_range": [min(factors), max(factors)],
        "from_units": headers.text("Units"),
        "decay_correction": headers.text("DecayCorrection"),
        **{name: list(fact) if isinstance(fact, tuple) else fact for name, fact in found.facts.items()},
        "warnings": list(found.warnings),
    }
    return series.told("done", files=written, facts=facts)


def _target(kind: SuvKind) -> "SuvType":
    kinds: dict[SuvKind, SuvType] = {"bw": "BW", "lbm": "LBMJANMA", "bsa": "BSA"}
    return kinds[kind]


STEP = describe(
    suv,
    image="core",
    title="Sarcoma: PET in SUV",
    methods=(
        "PET was brought to standardized uptake values with the dose, the decay and the body weight of its "
        "DICOM headers (PS3.3, C.8.9; QIBA's vendor-neutral rules), unless it was in SUV already."
    ),
    cites=(),
    goes_on=True,
    resources=Resources(reserve_memory=1024, limit_memory=4096, limit_cpu=1),
    revision=1,
)
