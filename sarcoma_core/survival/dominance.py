"""How many later entries are smaller: counted for all entries at once in n log n."""

import numpy as np

from sarcoma_core.survival.follow_up import Counts


def later_smaller(ranks: Counts) -> Counts:
    """For each entry the number of entries behind it that are smaller.

    Blocks of 1, 2, 4 ... entries are merged, sorted, in pairs; how many of the right block are smaller than
    each of the left is looked up in all pairs with one search, as each pair has a range of its own.

    Args:
        ranks: whole numbers of 0 or more, shape (n,).
    """
    count = ranks.size
    size = 1 << max(count - 1, 1).bit_length()
    top = int(ranks.max(initial=0)) + 1
    values: Counts = np.full(size, top, np.int64)  # what is filled up is smaller than nothing
    values[:count] = ranks
    places: Counts = np.arange(size)
    found = np.zeros(size, np.int64)
    width = 1
    while width < size:
        values, places = values.reshape(-1, 2, width), places.reshape(-1, 2, width)
        pairs = np.arange(values.shape[0])[:, None]
        apart = pairs * (top + 1)
        smaller = np.searchsorted((values[:, 1] + apart).ravel(), (values[:, 0] + apart).ravel())
        found[places[:, 0].ravel()] += smaller - np.repeat(pairs.ravel(), width) * width
        width *= 2
        values, places = values.reshape(-1, width), places.reshape(-1, width)
        order = np.argsort(values, axis=1, kind="stable")
        values, places = np.take_along_axis(values, order, 1), np.take_along_axis(places, order, 1)
    return found[:count]
