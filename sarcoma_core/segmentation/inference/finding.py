"""What networks find in images on one grid: probabilities, masks, and what the gate has to know of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sarcoma_core.imaging.grid import model_grid
from sarcoma_core.imaging.volume import Volume
from sarcoma_core.models.segmentation_task import SegmentationTask
from sarcoma_core.segmentation.inference.components import KeptMask, keep_pieces
from sarcoma_core.segmentation.inference.gate import FoundRegion, mean_variance
from sarcoma_core.segmentation.inference.intensities import percentiles_of
from sarcoma_core.segmentation.inference.predicting import Prediction, Segmenter


@dataclass(frozen=True, eq=False)
class FoundRegions:
    """What was found.

    Args:
        task: of the networks.
        images: of each sequence, on one grid.
        prediction: probabilities and their variance, on that grid.
        kept: of each region, the mask and its pieces.
    """

    task: SegmentationTask
    images: tuple[Volume, ...]
    prediction: Prediction
    kept: Mapping[str, KeptMask]

    @property
    def region(self) -> str:
        """The one that counts."""
        return self.task.regions[0]

    @property
    def uncertainty(self) -> float:
        """Mean variance at the surface of that region, 0 to 0.25."""
        mask = self.kept[self.region].mask
        return mean_variance(mask, self.prediction.variance[self.region], self.images[0].spacing)

    @property
    def for_gate(self) -> FoundRegion:
        """What the gate has to know."""
        image, task = self.images[0], self.task
        grid = model_grid(image, image.spacing, slices_last=task.slices_last)
        along = [image.spacing[axis] for axis in grid.order]
        percentiles = {
            sequence: percentiles_of(one.array)
            for sequence, one in zip(task.sequences, self.images, strict=True)
        }
        return FoundRegion(
            kept=self.kept[self.region],
            volume_ml=self.volume_ml(self.region),
            uncertainty=self.uncertainty,
            along=(along[0], along[1], along[2]),
            percentiles=percentiles,
        )

    def volume_ml(self, region: str) -> float:
        """Volume of what was found of a region."""
        return float(np.count_nonzero(self.kept[region].mask)) * self.images[0].voxel_ml


def find(images: Sequence[Volume], segmenter: Segmenter) -> FoundRegions:
    """What networks find.

    Args:
        images: of each sequence, on one grid.
        segmenter: the networks.
    """
    task = segmenter.task
    prediction = segmenter.predict(images)
    kept = {
        region: keep_pieces(
            prediction.probability[region],
            images[0].voxel_ml,
            threshold=task.threshold,
            least_ml=task.least_ml if region == task.regions[0] else 0.0,
        )
        for region in task.regions
    }
    return FoundRegions(task, tuple(images), prediction, kept)
