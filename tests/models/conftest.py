"""One thread for each test, as those of training have."""

from tests.training.segmentation.conftest import one_thread

__all__ = ["one_thread"]
