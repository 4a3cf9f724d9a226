"""From tissue to MR image: spin-echo signal, receive bias, noise, and the scanner's integers."""

import itertools
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sarcoma_core.phantom.anatomy import Anatomy
from sarcoma_core.phantom.grid import Grid
from sarcoma_core.phantom.randomness import stream
from sarcoma_core.phantom.reception import Image, Reception, rician
from sarcoma_core.phantom.slices import Slices
from sarcoma_core.phantom.tissue import Labels, Tissue, body_mask

# Relaxivity of a gadolinium chelate in tissue at 1.5 T, per mM and second
_R1, _R2 = 4.5, 5.5
_FAT_T1, _FAT_T2 = 288.0, 165.0  # ms, of the order of Gold 2004 (AJR 183:343); ours, not a quotation
_RIM, _RIM_FROM = 1.4, 0.85  # the outer shell of a sarcoma takes up more contrast agent
_BENDS, _BEND = (2, 3), 0.25  # orders of the bias that bend it, and how much
_BLUR = 0.55  # standard deviation of the in-plane point spread, voxels
_MUSCLE_LEVEL = (0.10, 0.16)  # stored value of muscle, as part of the largest
_ONE_CHANNEL = Reception()
_MUCH_BRIGHTER = 4.0  # than muscle: scanners turn their gain down for it, here where no fat is saturated


@dataclass(frozen=True, slots=True)
class Scanner:
    """How a site's MR scanner differs from the one that the phantom has by itself.

    Args:
        bias: the largest factor of the receive bias over the body.
        gain: of the stored values, as a factor.
        noise: standard deviation, as a factor.
        reception: with which channels, and how much of the image's edge.
    """

    bias: float = 1.25
    gain: float = 1.0
    noise: float = 1.0
    reception: Reception = _ONE_CHANNEL


_OWN = Scanner()


class Sequence(NamedTuple):
    """A spin-echo sequence.

    Args:
        name: its role: T1CE (T1-weighted, after contrast), T1, T2FS (T2-weighted, fat-saturated) or T2.
        repetition_time: in ms.
        echo_time: in ms.
        fat_residual: the part of the fat signal that fat saturation leaves; 1 without.
        contrast: whether it is acquired after the contrast agent.
        muscle_snr: muscle signal over the noise's standard deviation.
    """

    name: str
    repetition_time: float
    echo_time: float
    fat_residual: float
    contrast: bool
    muscle_snr: float

    @property
    def fat_saturated(self) -> bool:
        """Whether anything is done to the signal of fat."""
        return self.fat_residual < 1


T1CE = Sequence("T1CE", 600, 12, fat_residual=0.15, contrast=True, muscle_snr=50)
T2FS = Sequence("T2FS", 4000, 70, fat_residual=0.08, contrast=False, muscle_snr=35)
T1 = Sequence("T1", 560, 13, fat_residual=1, contrast=False, muscle_snr=45)
T2 = Sequence("T2", 4200, 84, fat_residual=1, contrast=False, muscle_snr=30)
SEQUENCES: dict[str, Sequence] = {sequence.name: sequence for sequence in (T1CE, T1, T2FS, T2)}


class Properties(NamedTuple):
    """What the signal of a tissue depends on, at 1.5 T.

    Args:
        proton_density: relative to water.
        t1: of the tissue's water, ms; that of fat is the same in all tissues.
        t2: likewise.
        fat_fraction: the part of the protons that are fat's.
        contrast_agent: concentration in mM after injection.
        variation: relative standard deviation of the signal within the tissue.
    """

    proton_density: float
    t1: float
    t2: float
    fat_fraction: float
    contrast_agent: float
    variation: float


# Muscle is of the order of Stanisz 2005 (MRM 54:507); ours, not a quotation.
# The lesion's values are ours: set so that the ratios to muscle are those of the TCIA cohort
# (tumour/muscle 1.9 in T1CE and 2.3 in T2FS, necrosis/tumour 0.38 in T1CE).
PROPERTIES: dict[Tissue, Properties] = {
    Tissue.BACKGROUND: Properties(0.00, 1000, 50, 0.00, 0.00, 0.00),
    Tissue.SKIN: Properties(0.65, 900, 32, 0.10, 0.20, 0.03),
    Tissue.FAT: Properties(0.95, 900, 40, 0.92, 0.05, 0.06),
    Tissue.MUSCLE: Properties(0.80, 1008, 44, 0.02, 0.12, 0.02),
    Tissue.SEPTUM: Properties(0.75, 800, 32, 0.70, 0.05, 0.05),
    Tissue.CORTICAL_BONE: Properties(0.06, 400, 2, 0.00, 0.00, 0.00),
    Tissue.MARROW: Properties(0.90, 900, 40, 0.88, 0.05, 0.04),
    Tissue.VESSEL: Properties(0.80, 1440, 70, 0.00, 1.00, 0.03),
    Tissue.TUMOUR: Properties(0.92, 1300, 81, 0.00, 0.58, 0.10),
    Tissue.NECROSIS: Properties(0.96, 1800, 200, 0.00, 0.00, 0.05),
    Tissue.OEDEMA: Properties(0.84, 1150, 74, 0.00, 0.18, 0.06),
}


@dataclass(frozen=True, slots=True)
class Acquisition:
    """One acquired series and what is known about it.

    Args:
        sequence: how it was acquired.
        grid: where.
        image: stored values, uint16, shape (i, j, k) like the rest.
        noise_free: the image without bias and noise, in units of the stored values.
        log_bias: natural logarithm of the receive bias; mean 0 over the body, and there at most log 1.25 in
            size unless the scanner is another.
        noise_sd: standard deviation of the noise in the real and the imaginary part of each receive channel,
            stored values.
    """

    sequence: Sequence
    grid: Grid | Slices
    image: NDArray[np.uint16]
    noise_free: Image
    log_bias: Image
    noise_sd: float


def spin_echo(tissue: Properties, sequence: Sequence) -> float:
    """Signal of a tissue, as part of the signal of pure water at rest.

    S = PD (1 - exp(-TR/T1)) exp(-TE/T2) for water and for fat apart; contrast agent reaches water only, and
    1/T1 grows by its concentration times the relaxivity, 1/T2 likewise.
    """
    agent = tissue.contrast_agent if sequence.contrast else 0.0
    is_fat = tissue.fat_fraction
    water = _weight(
        sequence, rate1=1 / tissue.t1 + _R1 * agent / 1000, rate2=1 / tissue.t2 + _R2 * agent / 1000
    )
    fat = _weight(sequence, rate1=1 / _FAT_T1, rate2=1 / _FAT_T2)
    return tissue.proton_density * ((1 - is_fat) * water + is_fat * sequence.fat_residual * fat)


def acquire(
    anatomy: Anatomy, sequence: Sequence, *, bits_stored: int = 12, reception: Reception = _ONE_CHANNEL
) -> Acquisition:
    """Scan a limb: signal, blur, bias, noise and rounding, in this order.

    Args:
        anatomy: what to scan.
        sequence: how.
        bits_stored: of the stored integers.
        reception: with which channels, and how much of the image's edge.
    """
    scanner = Scanner(reception=reception)
    signal = tissue_signal(anatomy, sequence)
    place = (anatomy.labels, anatomy.grid)
    return receive(signal, *place, sequence, anatomy.patient.seed, scanner=scanner, bits_stored=bits_stored)


def receive(
    signal: Image,
    labels: Labels,
    grid: Grid | Slices,
    sequence: Sequence,
    seed: int,
    *,
    scanner: Scanner = _OWN,
    bits_stored: int = 12,
) -> Acquisition:
    """What a scanner makes of a signal: blur, bias, noise and rounding, in this order.

    Args:
        signal: of each voxel, in units of the signal of muscle, shape (i, j, k).
        labels: the tissue there.
        grid: where.
        sequence: whose signal it is.
        seed: of the patient.
        scanner: with what.
        bits_stored: of the stored integers.
    """
    largest = 2**bits_stored - 1
    muscle = largest * stream(seed, f"gain {sequence.name}").uniform(*_MUSCLE_LEVEL)
    muscle *= scanner.gain * min(1.0, _MUCH_BRIGHTER / _brightest(sequence))
    noise_free = (muscle * _blurred(signal)).astype(np.float32)
    log_bias = bias_field(labels, grid, stream(seed, f"bias {sequence.name}"), largest=scanner.bias)
    noise_sd = muscle / sequence.muscle_snr * scanner.noise
    rng = stream(seed, f"noise {sequence.name}")
    received = rician(noise_free * np.exp(log_bias), noise_sd, rng, channels=scanner.reception.channels)
    image = np.clip(np.rint(scanner.reception.darken_edge(received, grid)), 0, largest).astype(np.uint16)
    return Acquisition(sequence, grid, image, noise_free, log_bias, noise_sd)


def bias_field(
    labels: Labels, grid: Grid | Slices, rng: np.random.Generator, *, largest: float = 1.25
) -> Image:
    """Logarithm of a smooth receive bias: a polynomial of third order in position, mostly linear.

    Its mean over the body is 0, since a constant factor could not be told from the gain; its largest size
    over the body is the logarithm of the largest factor.
    """
    x, y, z = (axis / 110 for axis in grid.axes())
    tilt = rng.normal(size=3)
    i, j, k = tilt / np.linalg.norm(tilt)
    field = np.asarray(i * x + j * y + k * z, np.float32)
    for a, b, c in itertools.product(range(max(_BENDS) + 1), repeat=3):
        if a + b + c in _BENDS:
            field += np.float32(rng.normal(0, _BEND)) * (x**a * y**b * z**c)
    body = body_mask(labels)
    field -= field[body].mean(dtype=np.float64)
    return np.asarray(field * (float(np.log(largest)) / np.abs(field[body]).max()), np.float32)


def tissue_signal(anatomy: Anatomy, sequence: Sequence) -> Image:
    """Signal of each voxel, in units of the signal of muscle, shape (i, j, k)."""
    tissues = [PROPERTIES[tissue] for tissue in Tissue]
    rim = PROPERTIES[Tissue.TUMOUR]
    tissues.append(rim._replace(contrast_agent=_RIM * rim.contrast_agent))
    level = np.array([spin_echo(tissue, sequence) for tissue in tissues], np.float32)
    level /= level[Tissue.MUSCLE]
    variation = np.array([tissue.variation for tissue in tissues], np.float32)

    in_rim = (anatomy.labels == Tissue.TUMOUR) & (anatomy.tumour_radius > _RIM_FROM)
    index = np.where(in_rim, len(Tissue), anatomy.labels)
    return np.asarray(level[index] * np.maximum(1 + variation[index] * anatomy.texture, 0), np.float32)


def _brightest(sequence: Sequence) -> float:
    levels = {tissue: spin_echo(values, sequence) for tissue, values in PROPERTIES.items()}
    return max(levels.values()) / levels[Tissue.MUSCLE]


def _weight(sequence: Sequence, *, rate1: float, rate2: float) -> float:
    recovered = 1 - np.exp(-sequence.repetition_time * rate1)
    return float(recovered * np.exp(-sequence.echo_time * rate2))


def _blurred(image: Image) -> Image:
    """The image with the in-plane point spread of a k-space filter."""
    spectrum = np.fft.rfft2(image, axes=(0, 1))
    for axis, frequency in ((0, np.fft.fftfreq(image.shape[0])), (1, np.fft.rfftfreq(image.shape[1]))):
        shape = [1, 1, 1]
        shape[axis] = -1
        spectrum *= np.exp(-2 * (np.pi * _BLUR * frequency.astype(np.float32)) ** 2).reshape(shape)
    return np.maximum(np.fft.irfft2(spectrum, image.shape[:2], axes=(0, 1)), 0).astype(np.float32)
