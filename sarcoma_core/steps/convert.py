"""`convert`: DICOM to NIfTI, with a receipt for every scan."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

from sarcoma_core.archive.folder import ScanFolder, SessionFolder
from sarcoma_core.interface import Input, Output, OutputDir, Resources, describe
from sarcoma_core.provenance import (
    SCAN_ID_RULE,
    Outcome,
    Outcomes,
    Status,
    is_scan_id,
    recorded_scan_id,
)
from sarcoma_core.text import printable

if TYPE_CHECKING:
    from sarcoma_core.dicom.convert import Conversion
    from sarcoma_core.dicom.series import Reading

LABEL = "NIFTI"


class ConvertOutputs(NamedTuple):
    """What the step writes."""

    volumes: Annotated[
        Outcomes,
        Output(
            resource=LABEL,
            format="NIFTI",
            help="one verified volume for each scan",
            title="Conversion",
            caption="Converted",
        ),
    ]


def convert(
    session: Annotated[SessionFolder, Input(level="session", also="scan")], out: OutputDir
) -> ConvertOutputs:
    """Convert every scan from DICOM to NIfTI, and prove that nothing was lost.

    Each scan gets a conversion receipt: files and frames in, slices out, grid, units, and a second,
    independent reader that found every voxel equal. A missing or duplicate slice, uneven spacing, gantry
    tilt, mixed orientations, slices in several units, or one stack that lies in several scans are refused or
    set apart with a reason. The echoes of a dual echo and the images of a Dixon that share a scan become one
    volume each. Maps (ADC, perfusion, phase, subtraction) are converted and told as maps. Other 4D series are
    converted and set apart from the 3D chain; contours and segmentations are kept for later. One damaged file
    costs its own scan, and no other.
    """
    from sarcoma_core.dicom.series import read_scan

    readings = {scan.id: read_scan(scan.files) for scan in session.whole.scans()}
    outcomes: list[Outcome] = []
    for scan in session.scans():
        beside = tuple(reading for other, reading in readings.items() if other != scan.id)
        if is_scan_id(scan.id):
            outcomes += _convert(scan, readings[scan.id], out / LABEL, beside)
        else:
            outcomes.append(_misnamed(scan))
    return ConvertOutputs(volumes=tuple(outcomes))


def _misnamed(scan: ScanFolder) -> Outcome:
    """A scan whose id could name no file: it is told under an id that can, and nothing is written of it."""
    reason = f"{SCAN_ID_RULE}; found {printable(scan.id)!r}"
    return Outcome(recorded_scan_id(scan.id), "", "refused", reason)


def _convert(
    scan: ScanFolder, reading: "Reading", label: Path, beside: "tuple[Reading, ...]"
) -> list[Outcome]:
    from sarcoma_core.dicom.convert import convert_reading

    folder = label / scan.id
    folder.mkdir(parents=True)
    result = convert_reading(reading, folder, name=scan.id, beside=beside)
    outcomes = [_outcome(scan, volume) for volume in result.parts or (result,)]
    if not any(outcome.files for outcome in outcomes):
        folder.rmdir()
    return outcomes


def _outcome(scan: ScanFolder, result: "Conversion") -> Outcome:
    from sarcoma_core.dicom.scan import Status as Found

    statuses: dict[Found, Status] = {
        Found.CONVERTED: "done",
        Found.SET_APART: "set apart",
        Found.REFUSED: "refused",
    }
    receipt = result.receipt
    if scan.foreign:
        left_out = f"files left out because they are not DICOM: {scan.foreign}"
        receipt = replace(receipt, warnings=(*receipt.warnings, left_out))
    return Outcome(
        scan=scan.id,
        modality=receipt.modality,
        status=statuses[result.status],
        reason=result.reason,
        files=tuple(f"{scan.id}/{path.name}" for path in result.files),
        facts=receipt.as_json(),
        part=result.part,
    )


STEP = describe(
    convert,
    image="core",
    title="Sarcoma: convert to NIfTI",
    methods=(
        "DICOM series were converted to NIfTI with dcm2niix, and every voxel was compared with a second "
        "reading by SimpleITK."
    ),
    cites=("li2016", "lowekamp2013"),
    resources=Resources(reserve_memory=1024, limit_memory=4096, limit_cpu=2),
    revision=2,
)
