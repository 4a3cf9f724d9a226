"""When several slices lie at every place: which of them make one volume, and what tells volumes apart."""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.intp]


def split_volumes(
    place: Integers, traits: Mapping[str, Sequence[Hashable]], rank: Sequence[float]
) -> tuple[tuple[tuple[int, ...], ...], tuple[str, ...]]:
    """Sort slices into volumes with one slice at each place.

    A trait tells volumes apart only if each of its values covers every place equally often: EchoTime does in
    a dual-echo series, SliceLocation never does. What no trait separates is numbered by `rank` within its
    place, as scanners number their images.

    Args:
        place: the place of each slice along the normal; every place must occur equally often; shape (n,).
        traits: by keyword, its value for each slice; tried in this order.
        rank: InstanceNumber, or what else says the order, for each slice.

    Returns:
        For each volume its slices by increasing place (indices into the arguments), and the keywords that
        told the volumes apart.
    """
    label: list[tuple[Hashable, ...]] = [()] * len(place)
    used = []
    for keyword, values in traits.items():
        finer = [(*old, value) for old, value in zip(label, values, strict=True)]
        if len(set(finer)) > len(set(label)) and _covers_evenly(place, finer):
            label = finer
            used.append(keyword)
    volumes: dict[tuple[Hashable, ...], list[int]] = {}
    seen: dict[tuple[Hashable, ...], int] = {}
    for i in sorted(range(len(place)), key=lambda i: (rank[i], i)):
        here = (int(place[i]), *label[i])
        turn = seen.get(here, 0)
        seen[here] = turn + 1
        volumes.setdefault((*label[i], turn), []).append(i)
    ordered = tuple(tuple(sorted(members, key=lambda i: int(place[i]))) for members in volumes.values())
    return ordered, tuple(used)


def _covers_evenly(place: Integers, label: Sequence[Hashable]) -> bool:
    places = int(place.max()) + 1
    often: dict[Hashable, list[int]] = {}
    for (value, _), count in Counter(zip(label, place.tolist(), strict=True)).items():
        often.setdefault(value, []).append(count)
    return all(len(counts) == places and min(counts) == max(counts) for counts in often.values())
