"""N4."""

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk


@dataclass(frozen=True)
class Facts:
    shrink: tuple[int, ...]
    threads: int


@dataclass(frozen=True)
class BiasField:
    log_bias: object
    facts: Facts


def estimate_bias_field(volume, spacing, mask, *, shrink=4):
    image = sitk.GetImageFromArray(volume.transpose(2, 1, 0).copy())
    image.SetSpacing(spacing)
    m = sitk.GetImageFromArray(mask.transpose(2, 1, 0).astype(np.uint8))
    m.SetSpacing(spacing)
    f = [shrink, shrink, 1]
    n4 = sitk.N4BiasFieldCorrectionImageFilter()
    n4.SetMaximumNumberOfIterations([20, 20, 10])
    n4.SetNumberOfThreads(1)
    n4.Execute(sitk.Shrink(image, f), sitk.Shrink(m, f))
    log = sitk.GetArrayFromImage(n4.GetLogBiasFieldAsImage(image)).transpose(2, 1, 0)
    log = log - log[mask].mean()
    return BiasField(log, Facts(tuple(f), 1))


def correct(volume, field):
    return (volume / np.exp(field.log_bias)).astype(np.float32)
