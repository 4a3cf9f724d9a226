"""MONAI without its own tensors."""

from collections.abc import Iterator
from contextlib import contextmanager

from monai.data.meta_obj import get_track_meta, set_track_meta


@contextmanager
def without_meta() -> Iterator[None]:
    """Plain tensors: MONAI's own, which remember what was done to them, take longer than the work."""
    before = get_track_meta()
    set_track_meta(False)
    try:
        yield
    finally:
        set_track_meta(before)
