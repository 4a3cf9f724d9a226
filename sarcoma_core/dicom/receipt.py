"""The conversion receipt: what went in, what came out, and that the two were found equal."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from sarcoma_core.archive.values import uid
from sarcoma_core.dicom.nifti import NiftiImage
from sarcoma_core.dicom.series import Reading
from sarcoma_core.dicom.units import units_of


@dataclass(frozen=True)
class Receipt:
    """Facts of one scan's conversion; those that were not reached are None or empty. No patient's value.

    Args:
        files_in: DICOM files given.
        duplicate_files: byte-equal copies among them, left out.
        frames_in: image planes in the others.
        modality: DICOM Modality.
        sop_class: the name of the SOP class.
        transfer_syntaxes: names of the encodings.
        units: of the values: HU, or what else CT's RescaleType says; PET's Units (BQML, CNTS, GML ...);
            `arbitrary` for MR; `unknown` where attributes that the unit needs are absent.
        map: what kind of map it is, such as `an ADC map`; empty for anatomy.
        suv_type: PET's SUVType, where the values are SUV.
        decay_correction: PET's DecayCorrection.
        warnings: what is odd in the headers but proves nothing.
        slices_out: slices of each written volume.
        volumes_out: written volumes.
        shape: voxels of the first written grid, along its own axes.
        spacing: mm, along the same axes.
        orientation: where the written axes point to, such as LAS (left, anterior, superior).
        affine: the written grid, voxel to RAS, mm, four rows.
        converter: name and version.
        converter_shift: how far the converter had placed a corner from where the headers have it, mm; the
            written affine is that of the headers.
        reader: name and version of the independent reader.
        voxels_compared: how many voxels were compared with that reader and found equal: all.
        largest_difference: between the readers; 0 unless rescaled to fractions.
        voxels_sha256: of the voxels of each written file.
    """

    files_in: int
    duplicate_files: int = 0
    frames_in: int = 0
    modality: str = ""
    sop_class: str = ""
    transfer_syntaxes: tuple[str, ...] = ()
    units: str = ""
    map: str = ""
    suv_type: str = ""
    decay_correction: str = ""
    warnings: tuple[str, ...] = ()
    slices_out: int | None = None
    volumes_out: int | None = None
    shape: tuple[int, ...] = ()
    spacing: tuple[float, ...] = ()
    orientation: str = ""
    affine: tuple[tuple[float, ...], ...] = ()
    converter: str = ""
    converter_shift: float | None = None
    reader: str = ""
    voxels_compared: int = 0
    largest_difference: float | None = None
    voxels_sha256: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The same in JSON's types, in a fixed order."""
        return {key: _listed(value) for key, value in asdict(self).items()}

    def with_grid(self, image: NiftiImage) -> "Receipt":
        """The same, with the grid of a written image."""
        return replace(
            self,
            shape=image.shape,
            spacing=image.spacing,
            orientation=image.orientation,
            affine=tuple(tuple(row) for row in image.affine.tolist()),
        )


def receipt_of(reading: Reading) -> Receipt:
    """What the headers of a scan alone tell."""
    receipt = Receipt(files_in=reading.files, duplicate_files=reading.duplicates, warnings=reading.aside)
    headers = reading.headers
    if not headers:
        return receipt
    first = headers[0]
    return replace(
        receipt,
        frames_in=sum(len(header.planes) for header in headers),
        modality=first.modality,
        sop_class=uid(first.sop_class_uid).name,
        transfer_syntaxes=tuple(sorted({header.transfer_syntax.name for header in headers})),
        units=units_of(headers),
        suv_type=first.suv_type,
        decay_correction=first.decay_correction,
    )


def _listed(value: object) -> object:
    return [_listed(item) for item in value] if isinstance(value, tuple) else value
