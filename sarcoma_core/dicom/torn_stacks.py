"""One stack of slices that lies in several scans: each part looks like a volume, and none is one.

A scan is SeriesInstanceUID and SeriesNumber. Where an exporter numbers the slices of one series in turn,
leaves the number out of every other slice, or gives each slice a SeriesInstanceUID of its own, the parts have
an even spacing of their own, and nothing inside a part tells that every other slice is missing.

Two things tell it: the slices of all parts make one even stack; or two parts are placed in turn and their
InstanceNumbers as well, so that whatever else is wrong with one of them, the other is a part.
"""

from collections.abc import Collection, Iterator, Sequence
from itertools import combinations

from sarcoma_core.dicom.checks import is_on_one_grid
from sarcoma_core.dicom.headers import Header
from sarcoma_core.dicom.scan import ScanFinding, ScanImages, refused
from sarcoma_core.dicom.stack_checks import ECHO_TOLERANCE, is_one_stack

FEW_SLICES = 2
"""Slices of a part that is no volume by itself, however it is named."""

_SHARED = 1 / 2
"""Of the places of the smaller of two scans: echoes and time points share all of them, parts share none, but
for a slice that was sent twice."""


def torn_stack(scan: ScanImages) -> ScanFinding | None:
    """The finding that a scan is a part of a stack, or None.

    Scans at the same places, such as echoes, b-values and time points, are no parts of each other, and stacks
    that lie apart are not either.

    Args:
        scan: images without a fault of their own, and the scans beside them.
    """
    others = [ScanImages(fitting) for images in scan.beside if (fitting := _fitting(scan, images))]
    same_uid = [other for other in others if other.series_uid == scan.series_uid]
    for parts in _choices(scan, same_uid):
        if slices := _torn(parts, continuing=True):
            return refused(
                f"{len(parts)} scans of one SeriesInstanceUID form one stack of {slices} slices "
                f"({_numbers(parts)}): none of them is a volume"
            )
    other_uid = [
        other for other in others if other.series_uid != scan.series_uid and _may_be_one_series(scan, other)
    ]
    same_number = [other for other in other_uid if other.series_number == scan.series_number] or other_uid
    for parts in _choices(scan, same_number):
        few = all(len(part.stack.distances) <= FEW_SLICES for part in parts)
        if slices := _torn(parts, continuing=few):
            each = "one slice" if all(len(part.sources) == 1 for part in parts) else "one SeriesNumber"
            return refused(
                f"{len(parts)} series of {each} form one stack of {slices} slices: SeriesInstanceUID differs "
                "from one to the other"
            )
    in_turn = [other for other in (*same_uid, *same_number) if _in_turn(scan, other)]
    if in_turn:
        what = "one SeriesInstanceUID" if in_turn[0] in same_uid else "one SeriesNumber"
        return refused(
            f"{len(in_turn) + 1} scans of {what} are placed and numbered in turn "
            f"({_numbers((scan, *in_turn))}): one stack, and none of them is a volume"
        )
    return None


def _fitting(scan: ScanImages, images: Sequence[Header]) -> tuple[Header, ...]:
    """Those that could be slices of the scan: what is wrong with some does not make the others a volume."""
    return tuple(
        header
        for header in images
        if all(plane.position and plane.orientation and plane.pixel_spacing for plane in header.planes)
        and is_on_one_grid(ScanImages((scan.headers[0], header)))
    )


def _may_be_one_series(scan: ScanImages, other: ScanImages) -> bool:
    """Whether scans of several UIDs may be one series: of one SeriesNumber or few slices, one contrast."""
    few = max(len(scan.sources), len(other.sources)) <= FEW_SLICES
    if not (few or other.series_number == scan.series_number):
        return False
    times = [time for part in (scan, other) for time in part.trait("EchoTime") if isinstance(time, float)]
    one_contrast = not times or max(times) <= ECHO_TOLERANCE * min(times)
    return one_contrast and scan.headers[0].modality == other.headers[0].modality


def _choices(scan: ScanImages, others: Sequence[ScanImages]) -> Iterator[tuple[ScanImages, ...]]:
    """Which scans may be parts of one stack: those at other places, those that mix, or any two."""
    if not others:
        return
    apart = [other for other in others if not _shared(scan, other)]
    if apart:
        yield (scan, *apart)
    mixed = [scan]
    while reached := [o for o in others if o not in mixed and any(_reach(o, part) for part in mixed)]:
        mixed += reached
    if len(mixed) > 1:
        yield tuple(mixed)
    yield from ((scan, other) for other in others)


def _torn(parts: Sequence[ScanImages], *, continuing: bool) -> int:
    """How many slices the one stack has that the parts form; 0 when they form none.

    Args:
        parts: scans on one grid.
        continuing: whether parts that lie one behind the other may be one, too.
    """
    whole = _union(parts)
    places = set(_places(whole, parts))
    if len(places) < 2 or sum(map(len, places)) != len(whole.stack.distances):  # noqa: PLR2004  they overlap
        return 0
    mixed = any(_reach_into_each_other(one, other) for one, other in combinations(places, 2))
    if not (mixed or continuing) or not is_one_stack(whole, whole=not mixed):
        return 0
    return len(whole.stack.distances)


def _in_turn(one: ScanImages, other: ScanImages) -> bool:
    """Whether the slices of two scans are placed and numbered in turn: each has what the other lacks."""
    first, second = _instance_numbers(one), _instance_numbers(other)
    fewer = min(len(first), len(second))
    return (
        fewer > 1
        and len(first & second) < _SHARED * fewer
        and _reach_into_each_other(first, second)
        and _reach(one, other)
        and _shared(one, other) < _SHARED * min(len(part.stack.distances) for part in (one, other))
    )


def _instance_numbers(part: ScanImages) -> frozenset[int]:
    return frozenset(h.instance_number for h in part.headers if h.instance_number is not None)


def _shared(one: ScanImages, other: ScanImages) -> int:
    """How many places two scans share."""
    first, second = _places(_union((one, other)), (one, other))
    return len(first & second)


def _reach(one: ScanImages, other: ScanImages) -> bool:
    return _reach_into_each_other(_ends(one), _ends(other))


def _reach_into_each_other(one: Collection[float], other: Collection[float]) -> bool:
    return min(one) < max(other) and min(other) < max(one)


def _ends(part: ScanImages) -> tuple[float, float]:
    """Where a scan begins and ends along its normal, mm."""
    low = float(part.stack.start @ part.stack.normal)
    return low, low + float(part.stack.distances[-1])


def _numbers(parts: Sequence[ScanImages]) -> str:
    numbers = sorted((part.series_number is not None, part.series_number or 0) for part in parts)
    return "SeriesNumber " + ", ".join(str(number) if known else "none" for known, number in numbers)


def _union(parts: Sequence[ScanImages]) -> ScanImages:
    return ScanImages(tuple(header for part in parts for header in part.headers))


def _places(whole: ScanImages, parts: Sequence[ScanImages]) -> list[frozenset[int]]:
    """The places in the whole that each part takes."""
    owner = {id(header): index for index, part in enumerate(parts) for header in part.headers}
    places: list[set[int]] = [set() for _ in parts]
    for source, place in zip(whole.sources, whole.stack.place.tolist(), strict=True):
        places[owner[id(source.header)]].add(place)
    return [frozenset(own) for own in places]
