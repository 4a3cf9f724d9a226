"""How bright an image is, as a training remembers it and a gate asks again."""

import numpy as np

from sarcoma_core.imaging.volume import Floats
from sarcoma_core.models.segmentation_task import PERCENTILES


def percentiles_of(image: Floats) -> tuple[float, ...]:
    """The `PERCENTILES` of what is not air: `normalise` raises air to the least value there is.

    Args:
        image: z-scores, shape (x, y, z), not constant.
    """
    body = image[image > image.min()]
    return tuple(float(value) for value in np.percentile(body, PERCENTILES))
