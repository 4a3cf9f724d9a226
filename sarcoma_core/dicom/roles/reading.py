"""The facts of series from DICOM headers: of classic images, mosaics and enhanced multi-frame objects.

Every header is read once through the fence for its geometry; the tags of the pulse sequence, which the slices
of a series share, in up to three of its files.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from sarcoma_core.archive.instance import open_instance
from sarcoma_core.archive.values import attempt, read_items, read_number, read_text, read_texts
from sarcoma_core.dicom.geometry import Floats, slice_normal
from sarcoma_core.dicom.headers import Header
from sarcoma_core.dicom.kinds import reason_to_set_apart
from sarcoma_core.dicom.parts import dixon_image
from sarcoma_core.dicom.planes import PER_FRAME, SHARED, TRAITS, Plane
from sarcoma_core.dicom.roles.facts import SeriesFacts, SeriesGrid
from sarcoma_core.dicom.scan import ScanImages
from sarcoma_core.errors import DicomError

_NO_AGENT = frozenset(
    ("", "no", "none", "n", "0", "nein", "non", "na", "n/a", "-", "ohne", "sans", "without", "no contrast")
)
"""What is written into ContrastBolusAgent where there was none."""
_ECHO = re.compile(r"echo(\d+)")
_PRIVATE_B = (
    (0x0019, "SIEMENS MR HEADER", 0x0C),
    (0x0043, "GEMS_PARM_01", 0x39),
    (0x2001, "Philips Imaging DD 001", 0x03),
)
_NOTHING: tuple[object, ...] = (None, "", (), frozenset())
ONE_DIRECTION = 20
"""Degrees: slices that look in directions closer than this are of one stack, such as one that was tilted."""
_LEAST_SLICES = 2
_MAKING = 2
"""Values of ImageType that say how an image came to be, before those that say what it is."""
_GE_OFFSET = 1_000_000_000
"""GE adds it to b-values whose gradients were combined."""


def facts_of(
    headers: Sequence[Header], series: str, *, part: str = "", modality: str = "", usable: bool = True
) -> SeriesFacts:
    """The facts of the images of a scan, or of a part of it.

    Args:
        headers: of the scan's files; there may be none that could be read.
        series: its name in the session.
        part: of which part; empty for the whole scan.
        modality: where no header tells it.
        usable: whether a volume was converted that the chain can go on with.

    Raises:
        OSError: of the disk.
    """
    images = _of_part(headers, part)
    if not images:
        return SeriesFacts(series=series, modality=modality, images=0, part=part, usable=False)
    first = images[0]
    planes = [plane for header in images for plane in header.planes]
    types = [*(header.image_type for header in images), *map(_texts, _distinct(planes, "ImageType"))]
    scan = ScanImages(tuple(images))
    kinds = set(attempt(lambda: scan.maps) or ())
    told = _acquired(images)
    weights = [*_numbers(planes, "DiffusionBValue"), *told.pop("b_values", ())]
    return SeriesFacts(
        series=series,
        modality=first.modality,
        not_a_volume=_reason(images),
        map=_one(kinds),
        dixon=_one({dixon_image(values) for values in types if len(values) > _MAKING} - {""}),
        image_type=frozenset(value.upper().strip() for values in types for value in values),
        manufacturer=first.manufacturer,
        series_number=first.series_number,
        echo_time=min(filter(None, _numbers(planes, "EchoTime")), default=None),
        inversion_time=min(filter(None, _numbers(planes, "InversionTime")), default=None),
        b_value=max(weights, default=None),
        frame_of_reference=first.frame_of_reference,
        grid=attempt(lambda: _grid(scan)),
        orientations=attempt(lambda: _orientations(planes)) or 1,
        images=len(planes),
        part=part,
        usable=usable,
        **told,
    )


def _acquired(images: Sequence[Header]) -> dict[str, Any]:
    """What the files tell of the acquisition; of several values, that of the middle file."""
    told: dict[str, Any] = {}
    for dataset in _opened(images):
        told |= {name: value for name, value in _acquisition(dataset).items() if value not in _NOTHING}
    return told


def _of_part(headers: Sequence[Header], part: str) -> list[Header]:
    """The images of one part of a scan, in the order of their numbers."""
    images = sorted(headers, key=lambda header: (header.instance_number or 0, header.sop_instance_uid))
    if echo := _ECHO.fullmatch(part):
        times = sorted({t for h in images for t in (_echo_time(h.planes[0]),) if t})
        wanted = int(echo.group(1)) - 1
        return [h for h in images if wanted < len(times) and _echo_time(h.planes[0]) == times[wanted]]
    return [h for h in images if not part or dixon_image(h.image_type) == part]


def _echo_time(plane: Plane) -> float | None:
    return _number(plane.traits[TRAITS.index("EchoTime")])


def _number(trait: object) -> float | None:
    return trait if isinstance(trait, float) else None


def _texts(trait: object) -> tuple[str, ...]:
    return tuple(map(str, trait)) if isinstance(trait, tuple) else (str(trait),)


def _distinct(planes: Iterable[Plane], keyword: str) -> Iterable[object]:
    """The distinct values of a trait."""
    place = TRAITS.index(keyword)
    return dict.fromkeys(p.traits[place] for p in planes if p.traits[place] not in (None, ""))


def _numbers(planes: Iterable[Plane], keyword: str) -> list[float]:
    """The distinct numbers of a trait; of several in one value, as of InversionTimes, each."""
    texts = (text for trait in _distinct(planes, keyword) for text in _texts(trait))
    found = (attempt(lambda one=text: float(one)) for text in texts)  # type: ignore[misc]
    return [number for number in found if number is not None and np.isfinite(number)]


def _one(values: set[str]) -> str:
    """The value that all share; empty where they differ."""
    return next(iter(values)) if len(values) == 1 else ""


def _reason(images: Iterable[Header]) -> str:
    """Why the objects are no volume, where one of them may be one none of them is told of."""
    reasons = [reason_to_set_apart(header.sop_class_uid) for header in images]
    return "" if None in reasons else reasons[0] or ""


def _orientations(planes: Iterable[Plane]) -> int:
    """How many directions the slices look in, those within `ONE_DIRECTION` of another being one."""
    leaders: list[Floats] = []
    for cosines in dict.fromkeys(plane.orientation for plane in planes if plane.orientation):
        normal = slice_normal(np.array(cosines, dtype=float))
        if all(abs(float(normal @ leader)) < np.cos(np.radians(ONE_DIRECTION)) for leader in leaders):
            leaders.append(normal)
    return len(leaders)


def _grid(scan: ScanImages) -> SeriesGrid:
    """The grid of a stack of slices.

    Raises:
        DicomError: it has none.
    """
    stack, mm, plane = scan.stack, scan.pixel_spacing, scan.sources[0].plane
    if len(stack.distances) < _LEAST_SLICES:
        raise DicomError("a grid must have two slices")
    spacing = (float(mm[1]), float(mm[0]), float(stack.spacing))
    if not np.isfinite([*spacing, *scan.orientation, *stack.origin]).all() or min(spacing) <= 0:
        raise DicomError("a grid must be finite")
    x, y, z = (float(value) for value in stack.origin)
    shape = (plane.columns, plane.rows, len(stack.distances))
    return SeriesGrid(tuple(map(float, scan.orientation)), (x, y, z), spacing, shape)


def _opened(images: Sequence[Header]) -> Iterator[Dataset]:
    """The headers of the last, the first and the middle file, which is told last and so counts most."""
    for place in dict.fromkeys((len(images) - 1, 0, len(images) // 2)):
        try:
            yield open_instance(images[place].path)[1]
        except DicomError:
            continue


def _acquisition(dataset: Dataset) -> dict[str, object]:
    """What a header tells of the acquisition, under the names of `SeriesFacts`."""
    read = _reader(dataset)
    return {
        "description": read_text(dataset, "SeriesDescription"),
        "protocol": read_text(dataset, "ProtocolName"),
        "sequence_name": read_text(dataset, "SequenceName") or read_text(dataset, "PulseSequenceName"),
        "repetition_time": read("RepetitionTime", "MRTimingAndRelatedParametersSequence"),
        "flip_angle": read("FlipAngle", "MRTimingAndRelatedParametersSequence"),
        "scanning_sequence": _scanning_sequence(dataset),
        "sequence_variant": _terms(dataset, "SequenceVariant"),
        "scan_options": _terms(dataset, "ScanOptions"),
        "acquisition_contrast": read_text(dataset, "AcquisitionContrast").upper(),
        "suppression": read_text(dataset, "SpectrallySelectedSuppression").upper(),
        "agent": _agent(dataset),
        "b_values": _private_b(dataset),
        "corrected": _terms(dataset, "CorrectedImage"),
        "kernel": read_text(dataset, "ConvolutionKernel"),
        "study": read_text(dataset, "StudyInstanceUID"),
        "study_date": read_text(dataset, "StudyDate"),
        "series_date": read_text(dataset, "SeriesDate"),
    }


def _reader(dataset: Dataset) -> Callable[[str, str], float | None]:
    """Reads a number of the first frame, of all frames, or at the top of a header: the first of these."""
    groups = [item for name in (PER_FRAME, SHARED) for item in read_items(dataset, name)[:1]]

    def read(keyword: str, sequence: str) -> float | None:
        held = [item for group in groups for item in read_items(group, sequence)[:1]]
        found = (read_number(holder, keyword) for holder in (*held, dataset))
        return next((number for number in found if number), None)

    return read


def _terms(dataset: Dataset, keyword: str) -> frozenset[str]:
    """The values of a coded attribute; some write several into one, with a comma, a blank or a backslash."""
    return frozenset(
        term
        for value in read_texts(dataset, keyword)
        for term in re.split(r"[\\,\s]+", value.upper())
        if term
    )


def _scanning_sequence(dataset: Dataset) -> frozenset[str]:
    """ScanningSequence, or what an enhanced object says instead of it (PS3.3, C.8.13.4.1)."""
    classic = _terms(dataset, "ScanningSequence")
    if classic:
        return classic
    echo = {"SPIN": {"SE"}, "GRADIENT": {"GR"}, "BOTH": {"SE", "GR"}}
    found = set(echo.get(read_text(dataset, "EchoPulseSequence").upper(), set()))
    if read_text(dataset, "EchoPlanarPulseSequence").upper() == "YES":
        found.add("EP")
    groups = [item for name in (PER_FRAME, SHARED) for item in read_items(dataset, name)[:1]]
    modifiers = [item for group in groups for item in read_items(group, "MRModifierSequence")[:1]]
    if any(read_text(item, "InversionRecovery").upper() == "YES" for item in (*modifiers, dataset)):
        found.add("IR")
    return frozenset(found)


def _agent(dataset: Dataset) -> bool | None:
    """Whether a contrast agent is recorded."""
    text = read_text(dataset, "ContrastBolusAgent").casefold().strip()
    if text:
        return text not in _NO_AGENT
    return True if read_items(dataset, "ContrastBolusAgentSequence") else None


def _private_b(dataset: Dataset) -> tuple[float, ...]:
    """A b-value that a maker keeps in an attribute of its own; none where there is none."""
    for group, creator, element in _PRIVATE_B:
        number = _first_number(dataset, group, creator, element)
        if number is not None and number >= 0:
            return (number % _GE_OFFSET,)
    return ()


def _first_number(dataset: Dataset, group: int, creator: str, element: int) -> float | None:
    def read() -> float:
        value = dataset.private_block(group, creator)[element].value
        first = value[0] if isinstance(value, MultiValue | list | tuple) else value
        number = float(str(first).partition("\\")[0])
        if not np.isfinite(number):
            raise DicomError("a b-value must be finite")
        return number

    return attempt(read)
