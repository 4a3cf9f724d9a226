"""Call the dcm2niix of the PyPI package on the files of one scan, under names that say nothing."""

import importlib.metadata
import re
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sarcoma_core.errors import RunError, SeriesRefused

TIMEOUT_SECONDS = 1800.0

_FLAGS = (
    *("-g", "i"),  # first: do not read a defaults file of the user's
    *("-b", "y"),  # the sidecar, of which `sidecar` keeps a short list
    *("-ba", "y"),  # without names and dates
    *("-d", "0"),  # this folder only
    *("-f", "image"),  # nothing of a header in the file name
    *("-i", "n"),  # what to leave out is decided before
    *("-l", "o"),  # stored integers as they are, no stretching
    *("-m", "2"),  # one scan is one series; its default for merging by modality
    *("-w", "2"),  # never write over a file of the same scan
    *("-x", "i"),  # no cropping, no turning of sagittal or coronal 3D scans: the scanner's grid
    *("-z", "n"),  # `nifti` compresses, byte-equal each time and without the acquisition time
)

_WITH_MAP = "_ADC"
"""Of a Philips diffusion series dcm2niix writes an image without the trace or ADC, and beside it one with."""

# The exit codes of nii_dicom.h; in these the scan is at fault, in all others the call or the machine.
_FAULTS_OF_THE_SCAN = {
    1: "it failed",
    2: "it found no valid DICOM",
    4: "it found a corrupt file",
    8: "it could convert a part only",
    10: "it found an incomplete volume",
}


@dataclass(frozen=True)
class Written:
    """One image that dcm2niix wrote, and the files beside it.

    Args:
        image: uncompressed NIfTI-1.
        suffix: what dcm2niix added to the name, such as `_e2` or `_ph`; empty for the first.
        sidecar: its BIDS JSON; None for the copy of a diffusion series that has its map in it, too.
        gradients: its `.bval` and `.bvec`, where there are any.
    """

    image: Path
    suffix: str
    sidecar: Path | None
    gradients: tuple[Path, ...]


def version() -> str:
    """The version of the converter."""
    return f"dcm2niix {importlib.metadata.version('dcm2niix')}"


def run_dcm2niix(
    files: Sequence[Path],
    folder: Path,
    *,
    philips: bool,
    timeout: float = TIMEOUT_SECONDS,
) -> tuple[Written, ...]:
    """Convert the files of one scan.

    Args:
        files: DICOM files; only read.
        folder: empty folder to write to.
        philips: a Philips scanner's data. dcm2niix would scale them by a private slope (`-p y`), where
            RescaleSlope is the standard's; for other makers `-p n` would drop slopes that vary, as in PET.
        timeout: seconds.

    Raises:
        SeriesRefused: dcm2niix does not take the scan, breaks off on it or takes too long.
        RunError: dcm2niix could not run.
    """
    # Not imported above: the package computes a path to its binary when it is imported, and only we need it.
    from dcm2niix import bin as binary  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch, "scan")
        source.mkdir()
        for number, file in enumerate(files, start=1):
            (source / f"{number:06d}.dcm").symlink_to(file.resolve())
        command = [binary, *_FLAGS, "-p", "n" if philips else "y", "-o", str(folder), str(source)]
        try:
            # No environment: no user's settings, and no pigz or other program is looked for.
            result = subprocess.run(command, capture_output=True, env={}, timeout=timeout, check=False)
        except subprocess.TimeoutExpired:
            raise SeriesRefused(f"dcm2niix did not end on the scan within {timeout:.0f} s") from None
        except OSError as error:
            raise RunError(
                f"dcm2niix cannot be started ({error.strerror})",
                hint="Reinstall: pip install --force dcm2niix",
            ) from None
    _require_success(result.returncode)
    return _written(folder)


def _require_success(code: int) -> None:
    """Its output is not repeated: it names files and protocol names.

    A crash is that of the scan: what brings a converter down on one does not stop the others.
    """
    if code in _FAULTS_OF_THE_SCAN:
        raise SeriesRefused(f"dcm2niix refused the scan: {_FAULTS_OF_THE_SCAN[code]} (exit code {code})")
    if code < 0:
        what = signal.strsignal(-code) or f"signal {-code}"
        raise SeriesRefused(f"dcm2niix broke off on the scan ({what})")
    if code:
        raise RunError(f"dcm2niix must exit with 0; found {code}")


def _written(folder: Path) -> tuple[Written, ...]:
    images = []
    for image in sorted(folder.glob("*.nii")):
        added = re.sub(r"[^A-Za-z0-9_]", "-", image.stem.removeprefix("image")).lstrip("_")
        suffix = f"_{added}" if added else ""
        sidecar = image.with_suffix(".json")
        if not sidecar.is_file() and suffix != _WITH_MAP:
            # `_Tilt` and `_Eq` images, which dcm2niix makes up by interpolation, have none.
            raise SeriesRefused(f"dcm2niix wrote an image of its own making ({suffix or 'no suffix'})")
        tables = tuple(image.with_suffix(s) for s in (".bval", ".bvec"))
        tables = tuple(table for table in tables if table.is_file())
        images.append(Written(image, suffix, sidecar if sidecar.is_file() else None, tables))
    if not images:
        raise SeriesRefused("dcm2niix wrote no image")
    return tuple(images)
