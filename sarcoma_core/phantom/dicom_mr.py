"""The part of a series that MR Image Storage has for itself (PS3.3 A.4)."""

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import MRImageStorage
from pydicom.valuerep import DSfloat

from sarcoma_core.phantom.dicom_contents import Contents, general_image, pixel_format
from sarcoma_core.phantom.signal import Acquisition, Sequence

_FIELD_STRENGTH = 1.5
_PROTON_MHZ_PER_T = 42.577
_LONG_REPETITION = 2000.0  # ms: so long a sequence is a turbo spin echo


def mr_contents(acquisition: Acquisition, *, bits_stored: int) -> Contents:
    """A spin-echo series; MR Image has no rescale.

    Args:
        acquisition: what to write.
        bits_stored: of its integers.
    """
    common = general_image("ORIGINAL", "PRIMARY", "OTHER")
    common.update(pixel_format(acquisition.image.shape, bits_stored=bits_stored))
    _set_pulse_sequence(common, acquisition.sequence)
    _set_scanner(common, acquisition)
    if acquisition.sequence.contrast:
        _set_contrast_agent(common)
    brightest = round(float(np.percentile(acquisition.image, 99.5)))
    common.WindowCenter, common.WindowWidth = brightest // 2, max(brightest, 1)

    def slice_of(k: int) -> tuple[NDArray[np.uint16], Dataset]:
        return acquisition.image[:, :, k], Dataset()

    return Contents(MRImageStorage, "MR", common, slice_of)


def _set_pulse_sequence(image: Dataset, sequence: Sequence) -> None:
    turbo = sequence.repetition_time > _LONG_REPETITION
    image.ScanningSequence = "SE"
    image.SequenceVariant = "SK" if turbo else "NONE"
    image.ScanOptions = "FS" if sequence.fat_saturated else ""
    image.SequenceName = sequence.name
    image.MRAcquisitionType = "2D"
    image.RepetitionTime = DSfloat(sequence.repetition_time)
    image.EchoTime = DSfloat(sequence.echo_time)
    image.EchoTrainLength = 12 if turbo else 1
    image.EchoNumbers = 1
    image.FlipAngle = 90


def _set_scanner(image: Dataset, acquisition: Acquisition) -> None:
    columns, rows, _ = acquisition.grid.shape
    image.ManufacturerModelName = "Virtual Spin Echo"
    image.PatientPosition = "FFS"
    image.SpacingBetweenSlices = DSfloat(acquisition.grid.spacing[2])
    image.NumberOfAverages = 1
    image.MagneticFieldStrength = DSfloat(_FIELD_STRENGTH)
    image.ImagedNucleus = "1H"
    image.ImagingFrequency = DSfloat(_FIELD_STRENGTH * _PROTON_MHZ_PER_T, auto_format=True)
    image.PixelBandwidth = 200
    image.PercentSampling = 100
    image.PercentPhaseFieldOfView = 100
    image.AcquisitionMatrix = [0, columns, rows, 0]
    image.InPlanePhaseEncodingDirection = "COL"
    image.ReceiveCoilName = "VIRTUAL"


def _set_contrast_agent(image: Dataset) -> None:
    """Contrast/Bolus module."""
    image.ContrastBolusAgent = "SYNTHETIC GADOLINIUM CHELATE"
    image.ContrastBolusRoute = "IV"
