"""One stack of slices that lies in several scans: each part looks like a volume, and none is one.

A scan is SeriesInstanceUID and SeriesNumber. Where an exporter numbers the slices of one series in turn,
leaves the number out of every other slice, or gives each slice a SeriesInstanceUID of its own, the parts have
an even spacing of their own, and nothing inside a part tells that every other slice is missing.
"""

from collections.abc import Collection, Iterator, Sequence
from itertools import combinations

from sarcoma_core.dicom.checks import is_on_one_grid
from sarcoma_core.dicom.headers import Header
from sarcoma_core.dicom.scan import Finding, Scan, refused
from sarcoma_core.dicom.stack_checks import is_one_stack


def torn_stack(scan: Scan) -> Finding | None:
    """The finding that a scan is a part of a stack, or None.

    Scans at the same places, such as echoes, b-values and time points, are no parts of each other, and stacks
    that lie apart are not either.

    Args:
        scan: images without a fault of their own, and the scans beside them.
    """
    others = [Scan(placed) for images in scan.beside if (placed := _placed(images))]
    same_uid = [other for other in others if other.series_uid == scan.series_uid]
    for parts in _choices(scan, same_uid):
        if slices := _torn(parts, continuing=True):
            numbers = sorted((p.series_number is not None, p.series_number or 0) for p in parts)
            told = ", ".join(str(number) if known else "none" for known, number in numbers)
            return refused(
                f"{len(parts)} scans of one SeriesInstanceUID form one stack of {slices} slices "
                f"(SeriesNumber {told}): none of them is a volume"
            )
    same_number = [
        other for other in others if other.series_uid != scan.series_uid and _may_belong(scan, other)
    ]
    for parts in _choices(scan, same_number):
        single = all(len(part.sources) == 1 for part in parts)
        if slices := _torn(parts, continuing=single):
            each = "one slice" if single else "one SeriesNumber"
            return refused(
                f"{len(parts)} series of {each} form one stack of {slices} slices: SeriesInstanceUID differs "
                "from one to the other"
            )
    return None


def _placed(images: Sequence[Header]) -> tuple[Header, ...]:
    """Those whose place is known: what else is wrong with some does not make the others a volume."""
    return tuple(
        header
        for header in images
        if all(plane.position and plane.orientation and plane.pixel_spacing for plane in header.planes)
    )


def _may_belong(scan: Scan, other: Scan) -> bool:
    """Whether series of one SeriesNumber may be one: those of two devices have two frames of reference."""
    frames = {part.headers[0].frame_of_reference for part in (scan, other)}
    return scan.series_number is not None and other.series_number == scan.series_number and len(frames) == 1


def _choices(scan: Scan, others: Sequence[Scan]) -> Iterator[tuple[Scan, ...]]:
    """Which scans may be parts of one stack: all, those that reach into each other, or two."""
    near = [other for other in others if is_on_one_grid(_union((scan, other)))]
    if not near:
        return
    yield (scan, *near)
    mixed = [scan]
    while reached := [o for o in near if o not in mixed and any(_reach(o, part) for part in mixed)]:
        mixed += reached
    if len(mixed) > 1:
        yield tuple(mixed)
    yield from ((scan, other) for other in near)


def _torn(parts: Sequence[Scan], *, continuing: bool) -> int:
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


def _reach(one: Scan, other: Scan) -> bool:
    return _reach_into_each_other(_ends(one), _ends(other))


def _reach_into_each_other(one: Collection[float], other: Collection[float]) -> bool:
    return min(one) < max(other) and min(other) < max(one)


def _ends(part: Scan) -> tuple[float, float]:
    """Where a scan begins and ends along its normal, mm."""
    low = float(part.stack.start @ part.stack.normal)
    return low, low + float(part.stack.distances[-1])


def _union(parts: Sequence[Scan]) -> Scan:
    return Scan(tuple(header for part in parts for header in part.headers))


def _places(whole: Scan, parts: Sequence[Scan]) -> list[frozenset[int]]:
    """The places in the whole that each part takes."""
    owner = {id(header): index for index, part in enumerate(parts) for header in part.headers}
    places: list[set[int]] = [set() for _ in parts]
    for source, place in zip(whole.sources, whole.stack.place.tolist(), strict=True):
        places[owner[id(source.header)]].add(place)
    return [frozenset(own) for own in places]
