"""What is known of a patient besides the images themselves, to be compared with what a training has seen."""

from typing import Final

import numpy as np

from sarcoma_core.prognosis.clinical.table import ClinicalRow
from sarcoma_core.prognosis.tumour_image import ImageOrigin, TumourImage
from sarcoma_core.prognosis.unlike_training import TUMOUR_PERCENTILES, ChannelFacts, PatientFacts

_UNKNOWN: Final = ImageOrigin()
INSIDE = 0.5
"""Of the soft mask: a voxel of which so much is tumour counts as tumour."""


def patient_facts(row: ClinicalRow, image: TumourImage | None, sequences: tuple[str, ...]) -> PatientFacts:
    """What is known of a patient.

    Args:
        row: of the clinical table.
        image: of the tumour; None where a model takes none.
        sequences: role of each channel of the image.
    """
    age = row.values.get("age_years")
    return PatientFacts(
        histology=str(row.values.get("diagnosis", "")),
        location=str(row.values.get("location", "")),
        centre=row.centre,
        age_years=float(age) if isinstance(age, int | float) else None,
        volume_ml=None if image is None else image.volume_ml,
        channels={} if image is None else _channels(image, sequences),
    )


def _channels(image: TumourImage, sequences: tuple[str, ...]) -> dict[str, ChannelFacts]:
    _, in_plane, across = sorted(image.spacing_mm)
    mask = image.array[-1].astype(np.float32)
    inside = mask >= min(INSIDE, float(mask.max()))
    return {
        role: ChannelFacts(
            image.origins.get(role, _UNKNOWN).modality,
            in_plane,
            across,
            tuple(np.percentile(channel[inside].astype(np.float64), TUMOUR_PERCENTILES).tolist()),
            image.origins.get(role, _UNKNOWN).scanner,
        )
        for role, channel, there in zip(sequences, image.array, image.present, strict=False)
        if there
    }
