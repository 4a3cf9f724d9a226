"""Where the steps that make one volume of another put it: the same place under every label."""

from pathlib import Path

from sarcoma_core.archive.folder import SeriesFiles
from sarcoma_core.imaging.volume import Volume, write_nifti


def write_volume(folder: Path, series: SeriesFiles, volume: Volume) -> tuple[str, ...]:
    """Write `<folder>/<scan>/<scan>.nii.gz`, or `<scan>_<part>.nii.gz` of a scan that holds several volumes.

    The scan id is safe in a path: `provenance.read_record` lets no other through, and `archive.folder.series`
    none that is empty.

    Args:
        folder: the folder of the output label.
        series: what the volume was made of; it names the scan.
        volume: what to write.

    Returns:
        The files of the outcome: the path below `folder`.

    Raises:
        OSError: the disk is full or read-only.
    """
    name = f"{series.scan}/{series.outcome.stem}.nii.gz"
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    write_nifti(path, volume)
    return (name,)
