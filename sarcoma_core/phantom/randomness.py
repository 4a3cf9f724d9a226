"""Randomness that depends on a seed and a purpose only, never on the order of calls."""

import hashlib
import uuid

import numpy as np
from numpy.typing import NDArray

Axes = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]

# OpenBLAS keeps a product of at most this many multiplications in the calling thread. In small pieces the
# field is the same for any number of threads, and no thread waits for another on a busy machine.
_ONE_THREAD = 2**18

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "phantom.sarcoma.invalid")


def stream(seed: int, purpose: str) -> np.random.Generator:
    """A generator of its own for every purpose, so that a new use does not change the others."""
    digest = hashlib.sha256(f"{seed}/{purpose}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16]))


def uid(seed: int, *names: str | int) -> str:
    """A DICOM UID `2.25.<UUID as an integer>` (PS3.5 B.2) made from the seed and what it names."""
    return f"2.25.{uuid.uuid5(_NAMESPACE, '/'.join(map(str, (seed, *names)))).int}"


def random_field(
    rng: np.random.Generator, axes: Axes, *, length: float, features: int = 64
) -> NDArray[np.float32]:
    """A smooth Gaussian random field, sampled at the points of a rectilinear lattice.

    The field is a sum of random plane waves (random Fourier features of the squared-exponential
    covariance), so it is a function of position in mm: two lattices see the same field. On a lattice a
    plane wave is a product of one-dimensional waves, and the sum is one matrix product.

    Args:
        rng: where the waves come from.
        axes: coordinates in mm along i, j and k, any broadcastable shape.
        length: correlation length in mm.
        features: number of waves; the more, the closer to Gaussian.

    Returns:
        Shape (i, j, k), mean 0 and variance 1 over draws.

    Source: Rahimi and Recht, Random Features for Large-Scale Kernel Machines, NIPS 2007.
    """
    frequency = rng.normal(0, 1 / length, (3, features)).astype(np.float32)
    phase = rng.uniform(0, 2 * np.pi, features).astype(np.float32)
    x, y, z = (np.exp(1j * np.outer(np.ravel(axis), k)) for axis, k in zip(axes, frequency, strict=True))
    x = x * np.exp(1j * phase)
    # Re(p z), summed over waves, is one real product of the interleaved parts of p and of conj(z)
    right = z.conj().astype(np.complex64).view(np.float32).T * np.float32(np.sqrt(2 / features))
    field = np.empty((len(x), len(y), len(z)), np.float32)
    rows = max(1, _ONE_THREAD // right.size)
    for column, wave in zip(field, x, strict=True):
        for start in range(0, len(y), rows):
            left = (wave * y[start : start + rows]).astype(np.complex64).view(np.float32)
            np.matmul(left, right, out=column[start : start + rows])
    return field
