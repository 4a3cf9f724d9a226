"""What highdicom would check, log or draw by lot of an object that it has made: set as it is in the source.

Equal contents then give equal bytes, and patient and study are those of the images, letter by letter.
"""

from collections.abc import Sequence
from datetime import datetime
from io import BytesIO
from typing import Any, Final

from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from sarcoma_core.archive.values import read_text

NEVER: Final = datetime(1970, 1, 1)  # noqa: DTZ001  DICOM tells no zone
"""Where nothing says when it was."""
_UTF_8 = "ISO_IR 192"
_DAYS = ("SeriesDate", "StudyDate", "AcquisitionDate")


def day_of(header: Dataset, *, saved: str = "") -> datetime:
    """When an object was made: when its content was saved; where none says so, the day of the images.

    Args:
        header: of an image.
        saved: ISO 8601; empty or anything else where it is not known.
    """
    days = (read_text(header, keyword) for keyword in _DAYS)
    return next((moment for text in (saved, *days) if (moment := _moment(text))), NEVER)


def finished(
    made: Any,  # noqa: ANN401  highdicom has no types that mypy reads
    source: Dataset,
    *,
    texts: Sequence[str],
    creator: str = "",
) -> bytes:
    """The bytes of an object of many frames.

    Args:
        made: the object, with ContentDate and ContentTime; it is written to.
        source: the header of an image that it is of.
        texts: what stands in it that is not the patient's.
        creator: ContentCreatorName, or empty.
    """
    made.copy_patient_and_study_information(source)
    if charset := source.get("SpecificCharacterSet"):
        made.SpecificCharacterSet = charset
    if not "".join((*texts, creator)).isascii():
        made.decode()
        made.SpecificCharacterSet = _UTF_8
    if creator:
        made.ContentCreatorName = creator
    made.InstanceCreationDate, made.InstanceCreationTime = made.ContentDate, made.ContentTime
    for item in made.get("ContributingEquipmentSequence", ()):
        item.ContributionDateTime = f"{made.ContentDate}{made.ContentTime}"
    organization = generate_uid(entropy_srcs=[str(made.SOPInstanceUID), "DimensionOrganizationUID"])
    for item in (*made.DimensionOrganizationSequence, *made.DimensionIndexSequence):
        item.DimensionOrganizationUID = organization
    out = BytesIO()
    made.save_as(out)
    return out.getvalue()


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
