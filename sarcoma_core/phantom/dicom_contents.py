"""What the modalities' parts of a series hand to the writer: attributes, and the stored pixels of a slice."""

import datetime as dt
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import UID
from pydicom.valuerep import DSfloat


class Contents(NamedTuple):
    """A series apart from whose it is, when and where.

    Args:
        sop_class: of its instances.
        modality: of the series.
        common: attributes that all instances share.
        slice_of: of the number of a slice: stored values, shape (i, j), and attributes of this slice alone.
    """

    sop_class: UID
    modality: str
    common: Dataset
    slice_of: Callable[[int], tuple[NDArray[np.uint16], Dataset]]


def pixel_format(shape: tuple[int, ...], *, bits_stored: int) -> Dataset:
    """Image Pixel module, but for the pixels: unsigned 16-bit words, shape (i, j, ...)."""
    image = Dataset()
    image.SamplesPerPixel = 1
    image.PhotometricInterpretation = "MONOCHROME2"
    image.Rows, image.Columns = shape[1], shape[0]
    image.BitsAllocated = 16
    image.BitsStored = bits_stored
    image.HighBit = bits_stored - 1
    image.PixelRepresentation = 0
    return image


def general_image(*image_type: str) -> Dataset:
    """General Image and General Acquisition modules."""
    image = Dataset()
    image.ImageType = list(image_type)
    image.AcquisitionNumber = 1
    image.LossyImageCompression = "00"
    image.BurnedInAnnotation = "NO"
    return image


def decimals(*values: float) -> list[DSfloat]:
    """Decimal strings with all the digits that their 16 characters hold (PS3.5 6.2)."""
    return [DSfloat(float(value), auto_format=True) for value in values]


def date(moment: dt.datetime) -> str:
    """As VR DA."""
    return moment.strftime("%Y%m%d")


def time(moment: dt.datetime) -> str:
    """As VR TM, whole seconds."""
    return moment.strftime("%H%M%S")
