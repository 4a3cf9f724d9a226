"""What separates air from body in an MR volume: a level of intensity, or nothing where there is no air.

Air is what is really different from the body and alike everywhere, so air is looked for, not the body. It
shows in one of two ways.

- It is dark: the darkest blocks are much darker than the body, or as noisy as one receive channel is; and not
  only those that lie along padding, which reformatting has blended with it.
- It is noise: summed channels leave a bright air of little spread, as suppressed fat has it. But noise is the
  same at any place, and tissue is not: it has texture, and lies under the coils' bias. So where the darkest
  plateau of block means fills wide places, the means of these places are compared with what its blocks
  explain. The edge of the image is left out: filters and padding darken it.

The spread of air, standard deviation over mean, is that of chi with two degrees of freedom for each channel:
0.52, 0.26, 0.18 and 0.13 for 1, 4, 8 and 16 (Gudbjartsson and Patz, Magn Reson Med 1995; 34:910-914;
Constantinides et al., Magn Reson Med 1997; 38:852-857).
"""

import math
from typing import NamedTuple

import numpy as np

from sarcoma_core.errors import InputError
from sarcoma_core.imaging.blocks import Blocks, Factors, block_statistics, block_sum, grown
from sarcoma_core.imaging.volume import Floats, Mask, Spacing

_BLOCK = 3.0  # mm: noise is averaged in blocks of about this size
_DARKEST = 0.02  # air is at least this part of the volume, or is not seen
_DARK = 2.5  # times the level of the darkest: dark with it
_BODY = 3.0  # times the level of air: body
_AIR_IS_DARKER = 8.0  # times, than the middle of the body; fat under suppression is 3 to 6 times darker
# Of one channel; blocks of four voxels show 0.42. Summed channels have less, and tissue 0.2 at most.
_AIR_IS_NOISY = 0.4
_FROM_AIR_TO_BODY = 0.4  # where the threshold lies between the two, in log intensity
_FAT = 3.0  # times darker than the middle of the body: fat that has to stay above the threshold

_FRINGE: Factors = (1, 1, 0)  # blocks to either side, in the slice: interpolation reaches a voxel or two
_EDGE = 9.0  # mm: three blocks; rims of 3 to 7 mm were tried
_PLATEAU = 0.05  # part of the blocks; fewer are a fringe between padding and air
_SIDE = 3.0  # standard deviations of the block means, to either side of a plateau's level
_NARROWEST = 0.03  # part of the level, likewise: a climb goes on over levels that are alike
_NOISE = 0.07  # least spread; 32 channels show 0.08, tissue 0.03 to 0.08
_PLACE: Factors = (8, 8, 2)  # blocks
_FILLED = 0.75  # of a place, by the plateau: no layer of fat is so wide
_FEWEST_PLACES = 8
# Spread of the places over what the blocks explain: 1.1 at most in the air of 123 synthetic series of 1 to 16
# channels (1.5 at a fifth of their signal), 3.6 at least in the tissue of 18 crops, 3.0 in four real series.
_SAME_EVERYWHERE = 1.7
_LIKE = 0.2  # part of the level of noise by which the level of the darkest differs and is the same air
_OUTSIDE_NOISE = 2.8  # standard deviations of a voxel above air


class _Plateau(NamedTuple):
    """Blocks of about the same mean, low to high, and the spread of their voxels."""

    level: float
    low: float
    high: float
    spread: float


def threshold(volume: Floats, spacing: Spacing) -> float | None:
    """The intensity between air and body, or None where no air is found.

    Assumes that padding is 0 and that noise does not depend on position, save at the image's edge.

    Args:
        volume: intensities, shape (x, y, z); what is not positive is padding and tells nothing.
        spacing: mm along x, y, z.

    Raises:
        InputError: the volume is nowhere positive, or what is dark in the body would pass for air.
    """
    x, y, z = (max(1, round(_BLOCK / step)) for step in spacing)
    blocks = block_statistics(volume, volume > 0, (x, y, z))
    levels = blocks.mean[blocks.mean > 0]
    if not levels.size:
        raise InputError("volume: must hold positive intensities; found none.")
    dark = _DARK * np.quantile(levels, _DARKEST)
    air = float(np.median(levels[levels <= dark]))
    contrast = _contrast(levels, air, _BODY * air)
    noise = _find_noise(blocks, spacing, (x, y, z))
    if noise and abs(air / noise.level - 1) > _LIKE:
        return _above_noise(levels, noise)
    is_dark = (blocks.mean > 0) & (blocks.mean <= dark)
    spread = np.median(blocks.spread[is_dark])
    if (contrast >= _AIR_IS_DARKER or spread >= _AIR_IS_NOISY) and not _is_fringe(is_dark, blocks):
        return _checked(air, contrast, contrast**_FROM_AIR_TO_BODY)
    return _above_noise(levels, noise) if noise else None


def _is_fringe(dark: Mask, blocks: Blocks) -> bool:
    """Whether what is dark lies along padding only: reformatting blends padding with what is beside it."""
    padding = blocks.coverage == 0
    wide = grown(~grown(~padding, _FRINGE), _FRINGE)  # single blocks without a signal are air's
    away = ~grown(wide, _FRINGE) & (blocks.mean > 0)
    return bool(np.count_nonzero(dark & away) < _DARKEST * np.count_nonzero(away))


def _above_noise(levels: Floats, noise: _Plateau) -> float | None:
    """The threshold above a plateau of noise; None if nothing is brighter."""
    times = 1 + _OUTSIDE_NOISE * noise.spread
    contrast = _contrast(levels, noise.level, times * noise.level)
    return _checked(noise.level, contrast, times) if contrast > 1 else None


def _contrast(levels: Floats, air: float, least: float) -> float:
    """Level of the middle of the body over that of air; 1 where nothing is brighter than the least."""
    body = levels[levels > least]
    return float(np.median(body)) / air if body.size else 1.0


def _checked(air: float, contrast: float, times: float) -> float:
    """The threshold at so many times the air, if fat stays above it: magnitudes add as squares to noise."""
    if math.sqrt(1 + (contrast**2 - 1) / _FAT**2) <= times:
        raise InputError(
            "volume: the body must be bright enough to be told from the noise of the air; found a body "
            f"{contrast:.1f} times as bright as the air, with a threshold at {times:.1f} times the air."
        )
    return air * times


def _find_noise(blocks: Blocks, spacing: Spacing, factors: Factors) -> _Plateau | None:
    """The darkest plateau away from the image's edge, if it is noise."""
    sizes = [step * factor for step, factor in zip(spacing, factors, strict=True)]
    ends = [min(round(_EDGE / size), n // 4) for size, n in zip(sizes, blocks.mean.shape, strict=True)]
    middle = tuple(slice(end, n - end) for end, n in zip(ends, blocks.mean.shape, strict=True))
    mean, spread = blocks.mean[middle], blocks.spread[middle]
    levels = np.sort(mean[mean > 0])
    fewest = max(_PLATEAU * levels.size, 1)
    while levels.size >= fewest:
        level, low, high = _climb(levels)
        inside = (mean >= low) & (mean <= high)
        if np.count_nonzero(inside) >= fewest:
            noise = float(np.median(spread[inside])) * _unbiased(math.prod(factors))
            is_noise = noise >= _NOISE and _variation(mean, inside) <= _SAME_EVERYWHERE
            return _Plateau(level, low, high, noise) if is_noise else None
        levels = levels[np.searchsorted(levels, high, "right") :]
    return None


def _unbiased(voxels: int) -> float:
    """From the standard deviation of a sample to that of its noise (Bessel)."""
    return math.sqrt(voxels / max(voxels - 1, 1))


def _climb(levels: Floats) -> tuple[float, float, float]:
    """Level of the first plateau of sorted levels, with its low and high end.

    From the darkest up to where as many levels lie below as above. The width is that of the darker half: next
    to the brighter one may be tissue.
    """
    level, side = float(np.quantile(levels, _DARKEST)), 1.0
    for _ in range(30):  # rests within 15
        before = level
        low, high = np.searchsorted(levels, (level * (1 - side), level * (1 + side)))
        level = float(np.median(levels[low:high]))
        darker = levels[np.searchsorted(levels, level * (1 - side)) : np.searchsorted(levels, level)]
        sd = 1.4826 * (1 - float(np.median(darker)) / level) if darker.size else 0.0
        side = min(max(_SIDE * sd, _NARROWEST), 1.0)
        if level == before:
            break
    return level, max(level * (1 - side), float(levels[0])), level * (1 + side)


def _variation(mean: Floats, inside: Mask) -> float:
    """Spread of the means of wide places over what their blocks explain; infinite if the places are few."""
    count = block_sum(inside.astype(np.float32), _PLACE)
    places = count >= _FILLED * math.prod(_PLACE)
    sd = mean[inside].std()
    if np.count_nonzero(places) < _FEWEST_PLACES or not sd:  # what is all one value is no noise
        return math.inf
    means = block_sum(np.where(inside, mean, 0).astype(np.float32), _PLACE)[places] / count[places]
    apart = np.abs(means - np.median(means)) * np.sqrt(count[places]) / sd
    return 1.4826 * float(np.median(apart))
