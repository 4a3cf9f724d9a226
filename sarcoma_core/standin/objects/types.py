"""XNAT's data types: which are there, and which is a kind of which."""

from collections.abc import Mapping

from sarcoma_core.standin.objects.items import ItemKind

SESSION_TYPES = (
    "xnat:mrSessionData",
    "xnat:petSessionData",
    "xnat:petmrSessionData",
    "xnat:ctSessionData",
    "xnat:usSessionData",
    "xnat:crSessionData",
    "xnat:dxSessionData",
    "xnat:smSessionData",
    "xnat:otherDicomSessionData",
)
SCAN_TYPES = (
    "xnat:mrScanData",
    "xnat:petScanData",
    "xnat:ctScanData",
    "xnat:usScanData",
    "xnat:crScanData",
    "xnat:dxScanData",
    "xnat:smScanData",
    "xnat:segScanData",
    "xnat:srScanData",
    "xnat:rtImageScanData",
    "xnat:otherDicomScanData",
)
ASSESSOR_TYPES = ("xnat:qcAssessmentData", "xnat:mrAssessorData", "icr:roiCollectionData")

_ABOVE: Mapping[ItemKind, tuple[str, ...]] = {
    "project": ("xnat:projectData",),
    "subject": ("xnat:subjectData",),
    "experiment": ("xnat:imageSessionData", "xnat:subjectAssessorData", "xnat:experimentData"),
    "scan": ("xnat:imageScanData",),
    "assessor": ("xnat:imageAssessorData", "xnat:derivedData", "xnat:experimentData"),
}
DEFAULT_TYPE: Mapping[ItemKind, str] = {
    "project": "xnat:projectData",
    "subject": "xnat:subjectData",
    "experiment": "xnat:mrSessionData",
    "scan": "xnat:mrScanData",
    "assessor": "xnat:qcAssessmentData",
}
"""What a client means that names no type."""


def is_a(kind: ItemKind, xsi_type: str, wanted: str) -> bool:
    """Whether an object of a kind and type is of another type too, regardless of case."""
    return wanted.lower() in (xsi_type.lower(), *(name.lower() for name in _ABOVE[kind]))


def kind_of(xsi_type: str) -> ItemKind | None:
    """What an object of a type is; None for a type that is none of an object."""
    known: tuple[tuple[ItemKind, tuple[str, ...]], ...] = (
        ("project", ()),
        ("subject", ()),
        ("experiment", SESSION_TYPES),
        ("scan", SCAN_TYPES),
        ("assessor", ASSESSOR_TYPES),
    )
    for kind, types in known:
        if xsi_type.lower() in (name.lower() for name in (*_ABOVE[kind], *types)):
            return kind
    return None
