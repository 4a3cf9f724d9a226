"""Heat maps of a patient as files: NIfTI on the grid of the images, a picture, and DICOM where it can be."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from sarcoma_core.archive.predicted import HeatMap
from sarcoma_core.dicom.drawings import CodedConcept
from sarcoma_core.dicom.parametric_map import MappedQuantity, write_parametric_map
from sarcoma_core.errors import InputError
from sarcoma_core.imaging.volume import Floats, Mask, Volume, write_nifti
from sarcoma_core.models.prognosis_task import GRADE
from sarcoma_core.prognosis.clinical.endpoints import endpoint as endpoint_of
from sarcoma_core.prognosis.clinical.table import ClinicalRow
from sarcoma_core.prognosis.drawn_session import DrawnSession
from sarcoma_core.prognosis.heat_maps import heat_cubes, like_random, random_models
from sarcoma_core.prognosis.network_model import PrognosisModel
from sarcoma_core.prognosis.tumour_image import TumourImage
from sarcoma_core.report.heat_picture import heat_picture

HEAT: Final = CodedConcept("HEAT", "99SARCOMA", "Part of a predicted risk")
"""No list of the standard has a code for it; schemes that begin with 99 are private (PS3.3, 8.2)."""
CAUTION: Final = "Research only, not for diagnosis. Grad-CAM of networks"
"""ContentDescription of the DICOM map."""
NO_SERIES: Final = "the DICOM of the series that gave the grid is not known"


def write_heat(
    folder: Path,
    below: str,
    model: PrognosisModel,
    row: ClinicalRow,
    image: TumourImage,
    *,
    drawn: DrawnSession,
    dicom_files: Sequence[Path],
    endpoints: Sequence[str],
) -> tuple[HeatMap, ...]:
    """Write the heat map of each endpoint: `heat-<endpoint>.nii.gz`, `.png` and, where it can be, `.dcm`.

    Args:
        folder: of the resource.
        below: the folder in it that they are written to.
        model: at work.
        row: of the clinical table.
        image: of the tumour, on the model's cube.
        drawn: the images that it was made of, and the tumour.
        dicom_files: of the series that gave the grid; none where they are not known.
        endpoints: names.

    Returns:
        What was written, paths relative to `folder`.

    Raises:
        InputError: the model takes no image or does not foretell an endpoint, or a value is none of its
            variable.
        OSError: the disk is full or read-only.
    """
    (folder / below).mkdir(parents=True, exist_ok=True)
    shown = drawn.images[next(role for role in model.folder.task.sequences if role in drawn.images)]
    cubes = heat_cubes(model, row, image, endpoints)
    random = [heat_cubes(one, row, image, endpoints) for one in random_models(model)]
    found = []
    for name, cube in cubes.items():
        heat = shown.with_array(np.clip(image.on_session(cube), 0, 1))
        likeness = like_random(cube, [one[name] for one in random])
        files = _written(folder, f"{below}/heat-{name}", heat, (shown, drawn.mask), name)
        dicom, no_dicom = _dicom(folder, f"{below}/heat-{name}.dcm", heat, dicom_files, name)
        inside = part_inside(heat.array, drawn.mask)
        found.append(HeatMap(name, *files, dicom, no_dicom, part_in_tumour=inside, like_random=likeness))
    return tuple(found)


def part_inside(heat: Floats, mask: Mask) -> float:
    """The part of a map's sum that lies inside of a mask, 0 to 1; 0 of a map that is 0.

    Args:
        heat: none below 0.
        mask: of the same shape.
    """
    whole = float(heat.sum(dtype=np.float64))
    return float(heat[mask].sum(dtype=np.float64)) / whole if whole > 0 else 0.0


def _written(
    folder: Path, stem: str, heat: Volume, over: tuple[Volume, Mask], endpoint: str
) -> tuple[str, str]:
    """Write a map as NIfTI, and as a picture over an image with the tumour; where both lie."""
    image, mask = over
    write_nifti(folder / f"{stem}.nii.gz", heat)
    title = f"Where the networks looked for the risk: {_title(endpoint)}"
    (folder / f"{stem}.png").write_bytes(heat_picture(image, mask, heat.array, title=title))
    return f"{stem}.nii.gz", f"{stem}.png"


def _dicom(folder: Path, place: str, heat: Volume, sources: Sequence[Path], endpoint: str) -> tuple[str, str]:
    """Where the DICOM map lies, or why there is none: what it lacks takes no other file down."""
    if not sources:
        return "", NO_SERIES
    quantity = MappedQuantity(HEAT, "HEAT", f"Heat map: {_title(endpoint)}", CAUTION)
    try:
        content = write_parametric_map(heat, sources, quantity)
    except InputError as error:
        return "", error.message.rstrip(".")
    except OSError as error:
        return "", f"a DICOM file cannot be read: {error.strerror or type(error).__name__}"
    (folder / place).write_bytes(content)
    return place, ""


def _title(endpoint: str) -> str:
    """What a reader calls it, without what it is made of."""
    return GRADE if endpoint == GRADE else endpoint_of(endpoint).title.partition(" (")[0].lower()
