"""DICOM files of one scan to NIfTI, with a receipt; nothing is written that was not found equal."""

import hashlib
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from sarcoma_core.archive.fence import fence
from sarcoma_core.dicom.dcm2niix import TIMEOUT_SECONDS, Written, run_dcm2niix, version
from sarcoma_core.dicom.headers import Header
from sarcoma_core.dicom.independent import IndependentReader, reader_name
from sarcoma_core.dicom.kinds import reason_to_set_apart
from sarcoma_core.dicom.nifti import StoredVolume, clean_header, compress, read_nifti
from sarcoma_core.dicom.readable_copy import readable_files
from sarcoma_core.dicom.receipt import Receipt, receipt_of
from sarcoma_core.dicom.scan import ScanFinding, ScanImages, Status
from sarcoma_core.dicom.series import ConversionPlan, Reading, classify, read_scan
from sarcoma_core.dicom.sidecar import write_sidecar
from sarcoma_core.dicom.torn_stacks import FEW_SLICES
from sarcoma_core.dicom.verify import Promise, Turn, find_turn, match_volumes, require_place, turn_back
from sarcoma_core.errors import SeriesRefused, UsageError


class Delivery(NamedTuple):
    """An image as it will be delivered, how its axes lie, and the compressed file that it will be."""

    image: Path
    turn: Turn
    target: Path


@dataclass(frozen=True)
class Conversion:
    """What became of one scan.

    Args:
        status: `converted`: one 3D volume. `set apart`: not for the 3D chain; 4D is written all the same.
            `refused`: something is wrong with it.
        reason: why, in plain words; empty when converted.
        receipt: the facts.
        files: what was written, images first; empty unless everything was verified.
        part: which part of the scan it is; empty for a whole scan.
        parts: what became of each volume of a scan that holds several for the chain, such as echoes; the
            scan itself is converted then, and has no files of its own.
    """

    status: Status
    reason: str
    receipt: Receipt
    files: tuple[Path, ...] = ()
    part: str = ""
    parts: tuple["Conversion", ...] = ()


def convert_scan(
    files: Sequence[Path],
    folder: Path,
    *,
    name: str,
    same_series: Sequence[Path] = (),
    timeout: float = TIMEOUT_SECONDS,
) -> Conversion:
    """Read one scan and convert it; see `convert_reading`.

    Args:
        files: the DICOM files of one SeriesInstanceUID and SeriesNumber; only read.
        folder: where the files go.
        name: the first part of their names.
        same_series: the files of another scan that may share the SeriesInstanceUID.
        timeout: seconds for dcm2niix.
    """
    beside = read_scan(same_series)
    return convert_reading(read_scan(files), folder, name=name, beside=(beside,), timeout=timeout)


def convert_reading(
    reading: Reading,
    folder: Path,
    *,
    name: str,
    beside: Iterable[Reading] = (),
    timeout: float = TIMEOUT_SECONDS,
) -> Conversion:
    """Convert one scan: check it, convert it, read it again with another reader, and only then write it.

    Args:
        reading: the scan, read.
        folder: where `<name>.nii.gz` and `<name>.json` go; it has to be there.
        name: the first part of the files' names; letters, digits, `.`, `_` and `-`.
        beside: other scans of the session: those that share its SeriesInstanceUID or SeriesNumber may show
            that it is no volume, but a part of one.
        timeout: seconds for dcm2niix.

    Returns:
        The outcome; that a scan cannot be converted is one, and no error, whatever its content made a reader
        raise.

    Raises:
        UsageError: `name` breaks its rule.
        RunError: dcm2niix could not run.
        OSError: a file cannot be written.
    """
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", name):
        raise UsageError("name: must be letters, digits, '.', '_' and '-'; found other characters")
    return _convert_reading(reading, folder, name=name, beside=tuple(beside), timeout=timeout)


def _convert_reading(
    reading: Reading,
    folder: Path,
    *,
    name: str,
    beside: Sequence[Reading],
    timeout: float,
    whole: tuple[Header, ...] = (),
) -> Conversion:
    """Convert a scan, or with `whole` the part of one."""
    receipt = Receipt(files_in=reading.files)
    try:
        with fence(SeriesRefused, "the scan"):
            receipt = receipt_of(reading)
            scan = ScanImages(reading.headers, _related(reading.headers, beside), whole)
            classification = reading.finding or classify(scan)
            if isinstance(classification, ScanFinding):
                return Conversion(classification.status, classification.reason, receipt)
            plan = classification
            receipt = replace(receipt, warnings=(*receipt.warnings, *plan.warnings), map=plan.map)
            if not plan.parts:
                return _deliver(plan, folder, receipt, name=name, timeout=timeout)
    except SeriesRefused as refusal:
        return Conversion(Status.REFUSED, refusal.message, receipt)
    parts = []
    volumes = zip(plan.parts, _readings(reading, plan), strict=True)
    for part, one in sorted(volumes, key=lambda volume: volume[0]):
        stem = f"{name}_{part}"
        done = _convert_reading(one, folder, name=stem, beside=beside, timeout=timeout, whole=reading.headers)
        parts.append(replace(done, part=part))
    return Conversion(Status.CONVERTED, "", receipt, parts=tuple(parts))


def _readings(reading: Reading, plan: ConversionPlan) -> Iterator[Reading]:
    """The files of each part, with what the scan has to say of all of them."""
    copies = f"byte-equal copies of files of the scan, left out: {reading.duplicates}"
    told = (
        *reading.aside,
        *((copies,) if reading.duplicates else ()),
        f"one of {len(plan.parts)} volumes of the scan, which differ in {plan.told_apart}",
    )
    for volume in plan.volumes:
        headers = tuple({source.header.path: source.header for source in volume}.values())
        yield replace(reading, files=len(headers), headers=headers, aside=told, duplicates=0)


def _related(headers: Sequence[Header], beside: Iterable[Reading]) -> tuple[tuple[Header, ...], ...]:
    """The images of other scans that have a SeriesInstanceUID or SeriesNumber of these, or are as few."""
    uids, numbers = {h.series_instance_uid for h in headers}, {h.series_number for h in headers}
    images = ([h for h in other.headers if _is_slice(h)] for other in beside)
    return tuple(
        tuple(scan)
        for scan in images
        if any(h.series_instance_uid in uids or h.series_number in numbers for h in scan)
        or (scan and max(len(scan), len(headers)) <= FEW_SLICES)
    )


def _is_slice(header: Header) -> bool:
    """Whether an object may be a slice of a stack: an image, and no localizer, which is told apart anyway."""
    return reason_to_set_apart(header.sop_class_uid) is None and "LOCALIZER" not in header.image_type


def _deliver(
    plan: ConversionPlan, folder: Path, receipt: Receipt, *, name: str, timeout: float
) -> Conversion:
    with tempfile.TemporaryDirectory() as scratch:
        readable, raw, clean = (Path(scratch, part) for part in ("readable", "raw", "clean"))
        for part in (readable, raw, clean):
            part.mkdir()
        _require_distinct(plan)
        files = readable_files(plan.headers, readable, renumber=not plan.in_order, power=plan.lift)
        deliveries = _convert(plan, files, raw, clean, name=name, timeout=timeout)
        with ThreadPoolExecutor(1) as aside:  # ISA-L lets other threads run: voxels are compared meanwhile
            digests = aside.map(compress, *zip(*((d.image, d.target) for d in deliveries), strict=True))
            receipt = _verify(plan, deliveries, receipt)
            receipt = replace(receipt, voxels_sha256=tuple(digests))
        return Conversion(plan.finding.status, plan.finding.reason, receipt, _put(clean, folder))


def _require_distinct(plan: ConversionPlan) -> None:
    """Several volumes that no header value tells apart may be one volume that was sent several times."""
    if plan.told_apart or len(plan.volumes) == 1:
        return
    reader = IndependentReader()
    digests = {hashlib.sha256(reader.read_volume(volume).tobytes()).digest() for volume in plan.volumes}
    if len(digests) == 1:
        raise SeriesRefused(f"every slice is there {len(plan.volumes)} times, with the same voxels")


def _convert(
    plan: ConversionPlan, files: Sequence[Path], raw: Path, clean: Path, *, name: str, timeout: float
) -> tuple[Delivery, ...]:
    first = plan.volumes[0]
    promise = Promise((first[0].plane.columns, first[0].plane.rows, len(first)), plan.affine)
    deliveries = []
    for written in _run(plan, files, raw, timeout=timeout):
        turn = find_turn(read_nifti(written.image), promise)
        clean_header(written.image, affine=turn.affine, power=-plan.lift)
        if written.sidecar:
            write_sidecar(written.sidecar, clean / f"{name}{written.suffix}.json")
        for table in written.gradients if len(plan.volumes) > 1 else ():
            shutil.copyfile(table, clean / f"{name}{written.suffix}{table.suffix}")
        deliveries.append(Delivery(written.image, turn, clean / f"{name}{written.suffix}.nii.gz"))
    return tuple(deliveries)


def _run(plan: ConversionPlan, files: Sequence[Path], raw: Path, *, timeout: float) -> tuple[Written, ...]:
    """Run the converter; where it does not take compressed files, say how they are encoded."""
    philips = "philips" in plan.headers[0].manufacturer.lower()
    try:
        return run_dcm2niix(files, raw, philips=philips, timeout=timeout)
    except SeriesRefused as refusal:
        encodings = {h.transfer_syntax.name for h in plan.headers if not h.is_plain}
        if not encodings:
            raise
        raise SeriesRefused(f"{refusal.message}; the files are {', '.join(sorted(encodings))}") from None


def _verify(plan: ConversionPlan, deliveries: Sequence[Delivery], receipt: Receipt) -> Receipt:
    """Compare every voxel of what is to be delivered, and write down that they are equal."""
    images = [read_nifti(delivery.image) for delivery in deliveries]
    for image, delivery in zip(images, deliveries, strict=True):
        require_place(image.affine, delivery.turn, image.shape)
    volumes = _without_copies(
        [turn_back(image, delivery.turn) for image, delivery in zip(images, deliveries, strict=True)],
        len(plan.volumes),
    )
    reader = IndependentReader()
    largest = match_volumes(
        volumes,
        (reader.read_volume(volume) for volume in plan.volumes),
        intercept=max(abs(source.plane.rescaling[1]) for volume in plan.volumes for source in volume),
    )
    return replace(
        receipt.with_grid(images[0]),
        slices_out=len(plan.volumes[0]),
        volumes_out=len(volumes),
        converter=version(),
        converter_shift=max(delivery.turn.shift for delivery in deliveries),
        reader=reader_name(),
        voxels_compared=sum(volume.stored.size for volume in volumes),
        largest_difference=largest,
    )


def _without_copies(images: Sequence[Sequence[StoredVolume]], wanted: int) -> list[StoredVolume]:
    """The volumes of all images; where one image has them all, the others may be parts of it."""
    volumes = [volume for image in images for volume in image]
    whole = next((image for image in images if len(image) == wanted), None)
    if len(volumes) > wanted and whole:
        volumes = [v for v in volumes if not any(v is not one and v.is_copy_of(one) for one in whole)]
    if len(volumes) != wanted:
        raise SeriesRefused(f"dcm2niix wrote {len(volumes)} volumes; the headers tell of {wanted}")
    return volumes


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
