"""One thread for each test, as those of segmentation have."""

from tests.training.segmentation.conftest import one_thread

__all__ = ["one_thread"]
