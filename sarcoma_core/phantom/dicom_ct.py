"""The part of a series that CT Image Storage has for itself (PS3.3 A.3)."""

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage
from pydicom.valuerep import DSfloat

from sarcoma_core.phantom.ct import RANGE_HU, CtAcquisition
from sarcoma_core.phantom.dicom_contents import Contents, general_image, pixel_format

_BITS_STORED = 12


def ct_contents(acquisition: CtAcquisition) -> Contents:
    """A CT series in Hounsfield units.

    Args:
        acquisition: what to write.
    """
    common = general_image("ORIGINAL", "PRIMARY", "AXIAL")
    common.update(pixel_format(acquisition.image.shape, bits_stored=_BITS_STORED))
    common.ManufacturerModelName = "Virtual CT"
    common.PatientPosition = "FFS"
    common.RescaleIntercept = DSfloat(RANGE_HU[0])
    common.RescaleSlope = DSfloat(1)
    common.RescaleType = "HU"
    common.KVP = DSfloat(120)
    common.XRayTubeCurrent = 180
    common.ExposureTime = 500
    common.ConvolutionKernel = "STANDARD"
    common.WindowCenter, common.WindowWidth = 40, 400

    def slice_of(k: int) -> tuple[NDArray[np.uint16], Dataset]:
        return (acquisition.image[:, :, k] - RANGE_HU[0]).astype(np.uint16), Dataset()

    return Contents(CTImageStorage, "CT", common, slice_of)
