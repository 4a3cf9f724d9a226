"""What a SOP class is to the imaging chain: an image that may be a volume, or what to set apart, and why."""

from pydicom import uid

from sarcoma_core.archive.values import uid as uid_of

VOLUME_CLASSES = frozenset(
    {
        uid.CTImageStorage,
        uid.EnhancedCTImageStorage,
        uid.LegacyConvertedEnhancedCTImageStorage,
        uid.MRImageStorage,
        uid.EnhancedMRImageStorage,
        uid.LegacyConvertedEnhancedMRImageStorage,
        uid.PositronEmissionTomographyImageStorage,
        uid.EnhancedPETImageStorage,
        uid.LegacyConvertedEnhancedPETImageStorage,
    }
)

_REASONS = {
    uid.RTStructureSetStorage: "contours (RTSTRUCT): import-masks reads them",
    uid.SegmentationStorage: "a segmentation (SEG): import-masks reads it",
    uid.UID("1.2.840.10008.5.1.4.1.1.66.7"): "a segmentation (SEG, label map): import-masks reads it",
    uid.SurfaceSegmentationStorage: "a segmentation (SEG, surfaces): it has no voxels, so no step reads it",
    uid.MRSpectroscopyStorage: "spectroscopy: spectra are not an image",
    uid.RawDataStorage: "raw data: not an image",
    uid.UID("1.3.12.2.1107.5.9.1"): "Siemens non-image data (spectroscopy or raw data): not an image",
    uid.KeyObjectSelectionDocumentStorage: "a key object selection (KO): not an image",
    uid.ComputedRadiographyImageStorage: "a radiograph (CR): not a volume",
    uid.DigitalXRayImageStorageForPresentation: "a radiograph (DX): not a volume",
    uid.DigitalXRayImageStorageForProcessing: "a radiograph (DX): not a volume",
    uid.EnhancedMRColorImageStorage: "a colour image: not a volume of intensities",
    uid.VLWholeSlideMicroscopyImageStorage: "a slide of the pathologist (SM): not a volume",
}

_PREFIXES = {
    "1.2.840.10008.5.1.4.1.1.7": "a secondary capture (SC): not a volume",
    "1.2.840.10008.5.1.4.1.1.11": "a presentation state (PR): not an image",
    "1.2.840.10008.5.1.4.1.1.88": "a report (SR): not an image",
    "1.2.840.10008.5.1.4.1.1.481": "a radiotherapy object: not an image of this chain",
    "1.2.840.10008.5.1.4.1.1.3": "ultrasound (US): not a volume",
    "1.2.840.10008.5.1.4.1.1.6": "ultrasound (US): not a volume",
}


def reason_to_set_apart(sop_class: str) -> str | None:
    """Why objects of a SOP class are not converted; None for those that may be a volume.

    Args:
        sop_class: SOPClassUID.
    """
    if not sop_class:
        return "SOPClassUID is absent: nothing says what the objects are"
    known = uid_of(sop_class)
    if known in VOLUME_CLASSES:
        return None
    if known in _REASONS:
        return _REASONS[known]
    for prefix, reason in _PREFIXES.items():
        if sop_class == prefix or sop_class.startswith(prefix + "."):
            return reason
    # A standard class has a name; a private one only its number, which identifies a vendor and no patient.
    kind = "a private SOP class" if known.is_private else "the SOP class"
    return f"objects of {kind} ({known.name}) are not converted"
