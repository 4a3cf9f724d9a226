"""Whether a scan shows an extremity or the abdomen and pelvis, as its headers say it (BodyPartExamined)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Literal

import pydicom

from sarcoma_core.archive.fence import fence
from sarcoma_core.archive.values import read_text
from sarcoma_core.errors import DicomError

BodySite = Literal["extremity", "abdomen_pelvis", "other"]
"""Where a tumour lies, as far as the choice of a sequence hangs on it."""

_MOST_TRIED = 5
"""Files: where these cannot be read, the scan tells nothing."""
_SITES: Final[Mapping[BodySite, str]] = {
    "extremity": "EXTREMITY LEG THIGH UPPERLEG LOWERLEG CALF KNEE ANKLE FOOT TOE ARM UPPERARM FOREARM ELBOW "
    "WRIST HAND FINGER THUMB SHOULDER AXILLA FEMUR TIBIA FIBULA HUMERUS RADIUS ULNA UPPEREXTREMITY "
    "LOWEREXTREMITY UPPERLIMB LOWERLIMB POPLITEAL HIP BUTTOCK GLUTEAL GROIN INGUINAL",
    "abdomen_pelvis": "ABDOMEN PELVIS ABDOMENPELVIS ABDOMENANDPELVIS RETROPERITONEUM LIVER KIDNEY SACRUM "
    "UPPERABDOMEN LOWERABDOMEN LSPINE SSPINE",
}
"""Values of BodyPartExamined (PS3.16, annex L) and how people write them, without blanks and marks.

The girdles of shoulder and hip count as extremities, as they do where sarcomas are graded.
"""


def body_site(files: Sequence[Path]) -> BodySite:
    """Where the body part of a scan lies; `other` where its headers do not say, or say something else.

    Args:
        files: of the scan.

    Raises:
        OSError: the disk fails.
    """
    for path in files[:_MOST_TRIED]:
        try:
            with fence(DicomError, "the DICOM header"):
                header = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=["BodyPartExamined"])
                told = read_text(header, "BodyPartExamined")
        except DicomError:
            continue
        plain = "".join(char for char in told.upper() if char.isalpha())
        return next((site for site, words in _SITES.items() if plain in words.split()), "other")
    return "other"
