"""DICOM files of one scan to NIfTI, with a receipt; nothing is written that was not found equal."""

import hashlib
import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from sarcoma_core.dicom.dcm2niix import TIMEOUT_SECONDS, run_dcm2niix, version
from sarcoma_core.dicom.headers import Header
from sarcoma_core.dicom.independent import READER, IndependentReader
from sarcoma_core.dicom.nifti import read_nifti, write_clean
from sarcoma_core.dicom.receipt import Receipt, receipt_of
from sarcoma_core.dicom.scan import Finding, Scan, Status
from sarcoma_core.dicom.series import Plan, classify, read_orientations, read_scan
from sarcoma_core.dicom.sidecar import write_sidecar
from sarcoma_core.dicom.verify import Promise, Turn, find_turn, match_volumes, require_place, turn_back
from sarcoma_core.errors import SeriesRefused, UsageError


class Delivery(NamedTuple):
    """A file to be delivered: how its axes lie, and the digest of its voxels."""

    path: Path
    turn: Turn
    sha256: str


@dataclass(frozen=True)
class Conversion:
    """What became of one scan.

    Args:
        status: `converted`: one 3D volume. `set apart`: not for the 3D chain; 4D is written all the same.
            `refused`: something is wrong with it.
        reason: why, in plain words; empty when converted.
        receipt: the facts.
        files: what was written, images first; empty unless everything was verified.
    """

    status: Status
    reason: str
    receipt: Receipt
    files: tuple[Path, ...] = ()


def convert_scan(
    files: Sequence[Path],
    folder: Path,
    *,
    name: str,
    same_series: Sequence[Path] = (),
    timeout: float = TIMEOUT_SECONDS,
) -> Conversion:
    """Convert one scan: check it, convert it, read it again with another reader, and only then write it.

    Args:
        files: the DICOM files of one SeriesInstanceUID and SeriesNumber; only read.
        folder: where `<name>.nii.gz` and `<name>.json` go; it has to be there.
        name: the first part of the files' names; letters, digits, `.`, `_` and `-`.
        same_series: files of other scans, to find those that share the SeriesInstanceUID: when they show
            another orientation, the whole series is set apart.
        timeout: seconds for dcm2niix.

    Returns:
        The outcome; that a scan cannot be converted is one, and no error.

    Raises:
        UsageError: `name` breaks its rule.
        RunError: dcm2niix could not run, crashed or took too long.
        OSError: a file cannot be written.
    """
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", name):
        raise UsageError("name: must be letters, digits, '.', '_' and '-'; found other characters")
    reading = read_scan(files)
    receipt = receipt_of(reading.headers, files_in=len(files), duplicate_files=reading.duplicates)
    found = reading.finding or _classify(reading.headers, same_series)
    if isinstance(found, Finding):
        return Conversion(found.status, found.reason, receipt)
    receipt = replace(receipt, warnings=found.warnings)
    with tempfile.TemporaryDirectory() as scratch:
        raw, clean = Path(scratch, "raw"), Path(scratch, "clean")
        raw.mkdir()
        clean.mkdir()
        try:
            _require_distinct(found)
            deliveries = _convert(found, raw, clean, name=name, timeout=timeout)
            receipt = _verify(found, deliveries, receipt)
        except SeriesRefused as refusal:
            return Conversion(Status.REFUSED, refusal.message, receipt)
        return Conversion(found.finding.status, found.finding.reason, receipt, _put(clean, folder))


def _classify(headers: tuple[Header, ...], same_series: Sequence[Path]) -> Plan | Finding:
    elsewhere = read_orientations(same_series, headers[0].series_instance_uid) if headers else ()
    return classify(Scan(headers, elsewhere))


def _require_distinct(plan: Plan) -> None:
    """Several volumes that no header value tells apart may be one volume that was sent several times."""
    if plan.told_apart or len(plan.volumes) == 1:
        return
    reader = IndependentReader()
    digests = {hashlib.sha256(reader.read_volume(volume).tobytes()).digest() for volume in plan.volumes}
    if len(digests) == 1:
        raise SeriesRefused(f"every slice is there {len(plan.volumes)} times, with the same voxels")


def _convert(plan: Plan, raw: Path, clean: Path, *, name: str, timeout: float) -> tuple[Delivery, ...]:
    first = plan.volumes[0]
    promise = Promise((first[0].plane.columns, first[0].plane.rows, len(first)), plan.affine)
    philips = "philips" in plan.volumes[0][0].header.manufacturer.lower()
    deliveries = []
    images = run_dcm2niix(plan.files, raw, philips=philips, renumber=not plan.in_order, timeout=timeout)
    for written in images:
        turn = find_turn(read_nifti(written.image), promise)
        target = clean / f"{name}{written.suffix}.nii.gz"
        digest = write_clean(written.image, target, affine=turn.affine)
        write_sidecar(written.sidecar, clean / f"{name}{written.suffix}.json")
        for table in written.gradients if len(plan.volumes) > 1 else ():
            shutil.copyfile(table, clean / f"{name}{written.suffix}{table.suffix}")
        deliveries.append(Delivery(target, turn, digest))
    return tuple(deliveries)


def _verify(plan: Plan, deliveries: Sequence[Delivery], receipt: Receipt) -> Receipt:
    """Read back what is to be delivered, compare every voxel, and write down that they are equal."""
    images = [read_nifti(delivery.path) for delivery in deliveries]
    for image, delivery in zip(images, deliveries, strict=True):
        require_place(image.affine, delivery.turn, image.shape)
    volumes = [
        volume
        for image, delivery in zip(images, deliveries, strict=True)
        for volume in turn_back(image, delivery.turn)
    ]
    if len(volumes) != len(plan.volumes):
        raise SeriesRefused(f"dcm2niix wrote {len(volumes)} volumes; the headers tell of {len(plan.volumes)}")
    reader = IndependentReader()
    largest = match_volumes(
        volumes,
        (reader.read_volume(volume) for volume in plan.volumes),
        intercept=max(abs(source.plane.intercept) for volume in plan.volumes for source in volume),
    )
    return replace(
        receipt.with_grid(images[0]),
        slices_out=len(plan.volumes[0]),
        volumes_out=len(volumes),
        converter=version(),
        converter_shift=max(delivery.turn.shift for delivery in deliveries),
        reader=READER,
        voxels_compared=sum(volume.stored.size for volume in volumes),
        largest_difference=largest,
        voxels_sha256=tuple(delivery.sha256 for delivery in deliveries),
    )


def _put(clean: Path, folder: Path) -> tuple[Path, ...]:
    """Move files into place, each at once: a reader never sees half a file."""
    placed = []
    for file in sorted(clean.iterdir(), key=lambda f: (f.suffix != ".gz", f.name)):
        beside = folder / f".{file.name}.part"
        try:
            shutil.copyfile(file, beside)
            beside.replace(folder / file.name)
        finally:
            beside.unlink(missing_ok=True)
        placed.append(folder / file.name)
    return tuple(placed)
