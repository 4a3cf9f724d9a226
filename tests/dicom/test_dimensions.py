from itertools import product
from random import Random
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sarcoma_core.dicom.dimensions import split_volumes


@given(st.integers(2, 8), st.integers(2, 4), st.integers(1, 3), st.randoms())
def test_volumes_are_told_apart_by_the_traits_that_cover_every_place(
    places: int, echoes: int, phases: int, random: Random
) -> None:
    images = [*product(range(places), range(echoes), range(phases))]
    random.shuffle(images)
    place = np.array([image[0] for image in images])
    traits: dict[str, list[Any]] = {
        "SliceLocation": [image[0] for image in images],
        "EchoTime": [float(image[1]) for image in images],
        "TemporalPositionIdentifier": [image[2] for image in images],
    }

    volumes, differ = split_volumes(place, traits, range(len(images)))

    assert differ == ("EchoTime", "TemporalPositionIdentifier")[: 1 + (phases > 1)]
    assert len(volumes) == echoes * phases
    assert sorted(i for volume in volumes for i in volume) == list(range(len(images)))
    for volume in volumes:
        assert [images[i][0] for i in volume] == list(range(places))
        assert len({images[i][1:] for i in volume}) == 1


def test_what_no_trait_tells_apart_is_taken_in_the_order_of_its_numbers() -> None:
    place = np.array([0, 1, 2, 0, 1, 2])

    volumes, differ = split_volumes(place, {"KVP": [120] * 6}, [4, 5, 6, 1, 2, 3])

    assert differ == ()
    assert volumes == ((3, 4, 5), (0, 1, 2))
