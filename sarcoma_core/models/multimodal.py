"""Images and clinical values to predictions: each has features of its own, which meet in the last layer.

Beside the joint prediction each part makes one of its own features alone, so that it can be seen, and
weighted in training, how much each has learned and how much of that is true (gradient blending). That a
sequence is missing is a known case: nothing of it is looked at, and the network is told.

Source: Bozzo et al. 2024 (late fusion, 12 features of each part); Wang et al., What makes training
multi-modal classification networks hard?, CVPR 2020 (a head for each part). The flags, and the tumour's mask
as a channel, are ours.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import torch
from torch import nn

from sarcoma_core.models.clinical_network import ClinicalNetwork
from sarcoma_core.models.densenet import BLOCKS_121, STEM_PUBLISHED, DenseNet3d, pooled_features
from sarcoma_core.models.region_pooling import REGIONS, RegionPooling, log_volume

HEADS: Final = ("joint", "image", "clinical")
"""In the order of the predictions."""
MOST_SEQUENCES: Final = 16
MOST_OF_HEADS: Final = 1024


class MultimodalNetwork(nn.Module):
    """An image, which of its sequences there are, and clinical values to predictions of each head.

    With one part alone there is one head, of that part.

    Args:
        channels: sequences of the image; 0 where the network takes no image.
        masked: whether the tumour's mask is the last channel of the image, beside its sequences.
        regions: whether maps of every block are averaged over the tumour, around it and over the whole
            (`RegionPooling`), beside the tumour's volume, for which it needs the mask; else those of the
            last block over the whole, as published.
        columns: of the clinical values; 0 where the network takes none.
        outputs: of each head.
        features: of each part.
        width: as `growth`, `blocks`, `bottleneck` and `stem` of `DenseNet3d`.
        growth: as there.
        blocks: as there.
        bottleneck: as there.
        groups: of the normalisations of the image's part; 0 normalises in batches.
        dropout_percent: in both parts, and of the features of the image.
        stem: as there.
        clinical_widths: of `ClinicalNetwork`.
        clinical_groups: likewise; 0 normalises in batches, as published: with few features a patient's own
            mean and spread are what is to be learned from.

    Attributes:
        image_part: an `ImagePart`, None without an image.
        clinical_part: a `ClinicalNetwork`, None without clinical values.
        head_layers: what makes predictions of features, by the name of the head.

    Raises:
        ValueError: an argument breaks its rule.
    """

    def __init__(
        self,
        *,
        channels: int,
        columns: int,
        outputs: int,
        masked: bool = True,
        regions: bool = True,
        features: int = 12,
        width: int = 64,
        growth: int = 32,
        blocks: Sequence[int] = BLOCKS_121,
        bottleneck: int = 4,
        groups: int = 8,
        dropout_percent: int = 20,
        stem: Sequence[int] = STEM_PUBLISHED,
        clinical_widths: Sequence[int] = (32, 16, 8, 8, 8),
        clinical_groups: int = 0,
    ) -> None:
        _check(channels, columns, outputs, features)
        if regions and not masked and channels:
            raise ValueError("regions needs masked: without the tumour's mask there is no region")
        super().__init__()
        self.image_part = self.clinical_part = None
        if channels:
            network = DenseNet3d(
                channels=channels + masked,
                width=width,
                growth=growth,
                blocks=blocks,
                bottleneck=bottleneck,
                groups=groups,
                dropout_percent=dropout_percent,
                stem=stem,
            )
            self.image_part = ImagePart(
                network,
                sequences=channels,
                masked=masked,
                regions=regions,
                features=features,
                dropout=dropout_percent / 100,
            )
        if columns:
            self.clinical_part = ClinicalNetwork(
                columns=columns,
                widths=clinical_widths,
                features=features,
                groups=clinical_groups,
                dropout_percent=dropout_percent,
            )
        self.head_layers = _heads(
            image=bool(channels), clinical=bool(columns), features=features, outputs=outputs
        )

    @property
    def heads(self) -> tuple[str, ...]:
        """Names of its heads, in the order of the predictions: all of `HEADS`, or the only one."""
        return tuple(head for head in HEADS if head in self.head_layers)

    def forward(
        self, image: torch.Tensor | None, present: torch.Tensor | None, clinical: torch.Tensor | None
    ) -> torch.Tensor:
        """Predictions of each head; what the network has no part for is not looked at and may be None.

        Args:
            image: batch x sequences (and the mask, where `masked`) x three axes.
            present: batch x sequences, 1 where it is there; what stands in an absent one does not matter,
                NaN included.
            clinical: batch x columns.

        Returns:
            Batch x heads x outputs.
        """
        maps = None if self.image_part is None else self.image_part.maps(image, present)
        return self.from_maps(maps, present, clinical)

    def image_maps(self, image: torch.Tensor, present: torch.Tensor) -> "ImageMaps":
        """Maps of the image before they are pooled, for Grad-CAM.

        Raises:
            ValueError: the network takes no image.
        """
        if self.image_part is None:
            raise ValueError("image_maps needs a network with channels; found 0 of them")
        maps: ImageMaps = self.image_part.maps(image, present)
        return maps

    @property
    def level_places(self) -> tuple[tuple[float, int], ...]:
        """Of each level of `image_maps`, where its voxels lie among those of the image (`DenseNet3d`)."""
        if self.image_part is None:
            return ()
        places: tuple[tuple[float, int], ...] = self.image_part.network.level_places
        return places if self.image_part.pooling else places[-1:]

    def from_maps(
        self, maps: "ImageMaps | None", present: torch.Tensor | None, clinical: torch.Tensor | None
    ) -> torch.Tensor:
        """What `forward` gives, of the maps of the image: the rest of the way."""
        features = self._features(maps, present, clinical)
        features["joint"] = torch.cat(list(features.values()), dim=1)
        return torch.stack([self.head_layers[head](features[head]) for head in self.heads], dim=1)

    def features(
        self, image: torch.Tensor | None, present: torch.Tensor | None, clinical: torch.Tensor | None
    ) -> torch.Tensor:
        """What the joint head reads: features of each part, those of the image first; batch x features."""
        maps = None if self.image_part is None else self.image_part.maps(image, present)
        return torch.cat(list(self._features(maps, present, clinical).values()), dim=1)

    def _features(
        self, maps: "ImageMaps | None", present: torch.Tensor | None, clinical: torch.Tensor | None
    ) -> dict[str, torch.Tensor]:
        features = {}
        if self.image_part is not None and maps is not None:
            features["image"] = self.image_part.from_maps(maps, present)
        if self.clinical_part is not None:
            features["clinical"] = self.clinical_part(clinical)
        return features

    def head_of(self, head: str) -> nn.Module:
        """What makes predictions of features: of its part, or of both, those of the image first.

        Raises:
            ValueError: the network has no such head.
        """
        self._require(head)
        return self.head_layers[head]

    def parameters_of(self, head: str) -> Iterator[nn.Parameter]:
        """What the predictions of a head depend on: its layer, and the part or the parts that it reads.

        Raises:
            ValueError: the network has no such head.
        """
        self._require(head)
        others = [self.head_layers[name] for name in self.heads if name != head]
        unread = {"image": self.clinical_part, "clinical": self.image_part}.get(head)
        others += [] if unread is None else [unread]
        left_out = {id(value) for module in others for value in module.parameters()}
        return (value for value in self.parameters() if id(value) not in left_out)

    def _require(self, head: str) -> None:
        if head not in self.head_layers:
            raise ValueError(f"head must be one of {', '.join(self.heads)}; found {head[:40]!r}")


class ImageMaps(NamedTuple):
    """What an image has become before it is pooled.

    Attributes:
        levels: maps of each block, batch x maps x three axes; those of the last alone where regions do not
            count.
        mask: of the tumour, batch x 1 x three axes of the image; None where there is none.
    """

    levels: tuple[torch.Tensor, ...]
    mask: torch.Tensor | None


class ImagePart(nn.Module):
    """Sequences that are there, and the mask, to features.

    Args:
        network: gives maps.
        sequences: of the image.
        masked: whether a mask follows them, which is always there.
        regions: see `MultimodalNetwork`.
        features: of the output.
        dropout: of them, one by one, in training; 0 to 1.
    """

    def __init__(
        self,
        network: DenseNet3d,
        *,
        sequences: int,
        masked: bool,
        regions: bool,
        features: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.network, self.masked = network, masked
        self.pooling = RegionPooling() if regions else None
        pooled = REGIONS * sum(network.level_features) + 1 if regions else network.features
        self.narrow = nn.Linear(pooled + sequences, features)
        self.dropout = nn.Dropout(dropout)

    def maps(self, image: torch.Tensor, present: torch.Tensor) -> ImageMaps:
        """Maps of the sequences that are there.

        Raises:
            ValueError: image or flags are of another number of sequences; they would be stretched.
        """
        wanted = self.network.stem.in_channels, self.network.stem.in_channels - self.masked
        if (image.shape[1], present.shape[1]) != wanted:
            found = image.shape[1], present.shape[1]
            raise ValueError(f"image and present must have {wanted} channels and flags; found {found}")
        is_there = present.bool()
        if self.masked:
            is_there = torch.cat([is_there, torch.ones_like(is_there[:, :1])], dim=1)
        # A product with 0 would let NaN through.
        seen = image.masked_fill(is_there.logical_not()[:, :, None, None, None], 0)
        levels = self.network.levels(seen)
        return ImageMaps(levels if self.pooling else levels[-1:], image[:, -1:] if self.masked else None)

    def from_maps(self, maps: ImageMaps, present: torch.Tensor) -> torch.Tensor:
        """Features of maps, and of which sequences there are; batch x features."""
        pooled = self._pooled(maps)
        flags = present.bool().to(pooled.dtype)
        features: torch.Tensor = self.dropout(self.narrow(torch.cat([pooled, flags], dim=1)))
        return features

    def _pooled(self, maps: ImageMaps) -> torch.Tensor:
        if self.pooling is None or maps.mask is None:
            return pooled_features(maps.levels[-1])
        each = [self.pooling(level, maps.mask) for level in maps.levels]
        return torch.cat([*each, log_volume(maps.mask)], dim=1)


def _heads(*, image: bool, clinical: bool, features: int, outputs: int) -> nn.ModuleDict:
    has = {"joint": image and clinical, "image": image, "clinical": clinical}
    read = {"joint": 2 * features, "image": features, "clinical": features}
    return nn.ModuleDict({head: nn.Linear(read[head], outputs) for head in HEADS if has[head]})


def _check(channels: int, columns: int, outputs: int, features: int) -> None:
    if not 0 <= channels <= MOST_SEQUENCES:
        raise ValueError(f"channels must be 0 to {MOST_SEQUENCES}; found {channels}")
    if columns < 0 or not (channels or columns):
        raise ValueError(f"channels or columns must be more than 0; found {channels} and {columns}")
    sizes = [outputs, features]
    if not all(1 <= size <= MOST_OF_HEADS for size in sizes):
        raise ValueError(f"outputs and features must be 1 to {MOST_OF_HEADS}; found {sizes}")
