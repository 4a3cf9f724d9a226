"""Small enhanced multi-frame MR objects, made of stacks of known voxels and geometry."""

from collections.abc import Sequence as Items
from typing import Any

import numpy as np
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import EnhancedMRImageStorage

from tests.dicom.series_maker import Stack, new_uid

PHILIPS = "Philips Medical Systems"


def enhanced(
    stacks: Items[Stack],
    *,
    manufacturer: str = PHILIPS,
    order: Items[int] | None = None,
    echo_times: Items[float] | None = None,
    stack_ids: Items[str] | None = None,
    slopes: Items[float] | None = None,
) -> Dataset:
    """One object with the frames of all stacks.

    Args:
        stacks: what it holds; a frame for each slice, stack after stack.
        manufacturer: whose object it is.
        order: in which the frames are stored.
        echo_times: of each stack, ms.
        stack_ids: StackID of each stack; the same when not given, as for several volumes at one place.
        slopes: RescaleSlope of each slice of a stack.
    """
    frames, pixels = [], []
    for t, stack in enumerate(stacks):
        for k, (single, stored) in enumerate(zip(stack.datasets(), stack.stored, strict=True)):
            content = _item(
                StackID=stack_ids[t] if stack_ids else "1",
                InStackPositionNumber=k + 1,
                TemporalPositionIndex=t + 1,
                DimensionIndexValues=[1, k + 1, t + 1],
            )
            frame = Dataset()
            frame.FrameContentSequence = content
            frame.PlanePositionSequence = _item(ImagePositionPatient=single.ImagePositionPatient)
            frame.PlaneOrientationSequence = _item(ImageOrientationPatient=single.ImageOrientationPatient)
            frame.MREchoSequence = _item(EffectiveEchoTime=float(echo_times[t] if echo_times else 10))
            frame.PixelValueTransformationSequence = _item(
                RescaleSlope=slopes[k] if slopes else 1, RescaleIntercept=0, RescaleType="US"
            )
            frames.append(frame)
            pixels.append(stored)
    chosen = range(len(frames)) if order is None else order
    whole = new_uid(stacks[0].datasets(Manufacturer=manufacturer)[0])
    whole.SOPClassUID = whole.file_meta.MediaStorageSOPClassUID = EnhancedMRImageStorage
    whole.ImageType = ["ORIGINAL", "PRIMARY", "M", "NONE"]
    shared = Dataset()
    shared.PixelMeasuresSequence = _item(PixelSpacing=whole.PixelSpacing, SliceThickness=whole.SliceThickness)
    for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "EchoTime"):
        del whole[keyword]
    whole.SharedFunctionalGroupsSequence = Sequence([shared])
    whole.PerFrameFunctionalGroupsSequence = Sequence([frames[i] for i in chosen])
    whole.NumberOfFrames = len(frames)
    whole.PixelData = np.stack([pixels[i] for i in chosen]).astype("<i2").tobytes()
    return whole


def _item(**values: Any) -> Sequence:
    dataset = Dataset()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return Sequence([dataset])
