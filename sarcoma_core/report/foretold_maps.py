"""Heat maps of what a network looked at, in words: what each shows, and when it is not to be read."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sarcoma_core.archive.predicted import PREDICTION_LABEL, HeatMap
from sarcoma_core.report.foretold_files import MapPicture
from sarcoma_core.report.foretold_inputs import told
from sarcoma_core.report.foretold_terms import endpoint_words
from sarcoma_core.report.masks import shown
from sarcoma_core.report.measures import fixed, whole_percent

MOST_LIKE_RANDOM: Final = 0.7
"""Rank correlation with untrained networks from which on a map is not to be read: its square is a half, so
that half of what ranks the voxels is there before anything was learned (Adebayo et al. 2018 compare maps by
the same rank correlation, and set no bound)."""


@dataclass(frozen=True)
class ShownMap:
    """A heat map on the page.

    Args:
        title: of which endpoint.
        picture: of slices through the tumour; without a source where it cannot be shown.
        alt: what it shows, for who cannot see it.
        told: its numbers, a sentence.
        caution: why it is not to be read; empty where it may be.
        files: where the map itself lies.
        no_dicom: why there is no DICOM file of it; empty where there is one.
    """

    title: str
    picture: MapPicture
    alt: str
    told: str
    caution: str
    files: tuple[str, ...]
    no_dicom: str


def shown_map(one: HeatMap, pictures: Mapping[str, MapPicture]) -> ShownMap:
    """A heat map as the page shows it.

    Args:
        one: as the document tells it.
        pictures: by their path.
    """
    words, part = endpoint_words(one.endpoint), whole_percent(one.part_in_tumour)
    return ShownMap(
        title=words.title,
        picture=pictures.get(one.picture, MapPicture()),
        alt=f"Heat map, {words.title}: slices through the tumour; {part} of the map lies inside the tumour.",
        told=_numbers(one),
        caution=_caution(one),
        files=tuple(f"{PREDICTION_LABEL}/{shown(name, 200)}" for name in (one.volume, one.dicom) if name),
        no_dicom=told(one.no_dicom),
    )


def _numbers(one: HeatMap) -> str:
    if one.part_in_tumour == one.like_random == 0:  # as `predict` tells of a map that is 0
        return "The map is empty: nothing in the image raises the risk"
    return (
        f"{whole_percent(one.part_in_tumour)} of the map lies inside the tumour. Rank correlation with "
        f"untrained networks: {fixed(one.like_random, 2)}, where 1 is the same map"
    )


def _caution(one: HeatMap) -> str:
    if one.like_random < MOST_LIKE_RANDOM:
        return ""
    return (
        "Do not read this map: networks that have learned nothing give much the same. It shows what the "
        "image looks like, not what the model has learned."
    )
