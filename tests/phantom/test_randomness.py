import uuid

import numpy as np
from pydicom.uid import UID

from sarcoma_core.phantom.grid import DEMO
from sarcoma_core.phantom.randomness import random_field, stream, uid


def test_a_stream_depends_on_its_seed_and_purpose_only() -> None:
    first = stream(1, "a").normal(size=4)
    stream(1, "b").normal(size=4)
    assert (stream(1, "a").normal(size=4) == first).all()
    assert (stream(1, "b").normal(size=4) != first).all()
    assert (stream(2, "a").normal(size=4) != first).all()


def test_uids_are_valid_dicom_and_hold_a_uuid() -> None:
    made = [uid(seed, name, n) for seed in (0, 1) for name in ("series", "instance") for n in range(100)]
    assert len(set(made)) == len(made)
    assert all(UID(one).is_valid and one.startswith("2.25.") for one in made)
    assert {uuid.UUID(int=int(one.removeprefix("2.25."))).version for one in made} == {5}


def test_a_field_has_mean_0_variance_1_and_the_stated_correlation() -> None:
    length, features = 4.0, 512
    field = random_field(stream(5, "law"), DEMO.axes(), length=length, features=features)
    assert abs(field.mean()) < 0.05
    assert abs(field.std() - 1) < 0.1
    steps = 3
    along_i = (field[steps:] * field[:-steps]).mean() / (field**2).mean()
    assert abs(along_i - np.exp(-((steps * DEMO.spacing[0] / length) ** 2) / 2)) < 0.1


def test_a_field_is_a_function_of_position() -> None:
    x, y, z = DEMO.axes()
    everywhere = random_field(stream(5, "law"), (x, y, z), length=9)
    some = random_field(stream(5, "law"), (x[::7], y[:, ::5], z[..., ::3]), length=9)
    np.testing.assert_allclose(some, everywhere[::7, ::5, ::3], atol=1e-5)
