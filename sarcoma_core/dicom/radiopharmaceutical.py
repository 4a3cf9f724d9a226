"""What the headers of a PET series tell of the dose, the patient and the values; every image is asked.

Reading is tolerant, and asking is strict: a value counts when all images have it, in a form that can be read,
and alike. What nobody asks for may differ. No patient's value is in a refusal.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydicom.dataset import Dataset

from sarcoma_core.archive.fence import fence
from sarcoma_core.archive.instance import open_instance
from sarcoma_core.archive.values import (
    Numbers,
    attempt,
    is_there,
    read_items,
    read_number,
    read_numbers,
    read_text,
    read_texts,
)
from sarcoma_core.dicom.kinds import reason_to_set_apart
from sarcoma_core.dicom.planes import PER_FRAME
from sarcoma_core.errors import DicomError, SeriesRefused

PHILIPS_SUV = "SUV scale factor (7053,xx00)"
PHILIPS_ACTIVITY = "activity concentration scale factor (7053,xx09)"
GE_SCAN = "scan date and time (0009,xx0D)"
SIEMENS_SCAN = "decay correction date and time (0071,xx22)"

SEQUENCE = "RadiopharmaceuticalInformationSequence"
_IMPORT = "Correct it where the images come from, then import them again."

_TEXTS = (
    *("Units", "SUVType", "DecayCorrection", "Manufacturer", "PatientSex", "TimezoneOffsetFromUTC"),
    *("SeriesDate", "SeriesTime", "AcquisitionDate", "AcquisitionTime"),
)
_NUMBERS = ("PatientWeight", "PatientSize", "ActualFrameDuration", "FrameReferenceTime", "DecayFactor")
_GIVEN_TEXTS = ("RadiopharmaceuticalStartDateTime", "RadiopharmaceuticalStartTime")
_GIVEN_NUMBERS = ("RadionuclideTotalDose", "RadionuclideHalfLife")
_PRIVATE_NUMBERS = {
    PHILIPS_SUV: (0x7053, "Philips PET Private Group", 0x00),
    PHILIPS_ACTIVITY: (0x7053, "Philips PET Private Group", 0x09),
}
_PRIVATE_TEXTS = {
    GE_SCAN: (0x0009, "GEMS_PETD_01", 0x0D),
    SIEMENS_SCAN: (0x0071, "SIEMENS MED PT", 0x22),
}


@dataclass(frozen=True)
class PetSlice:
    """One image of a PET series.

    Args:
        told: values by DICOM keyword, those of the one administration among them.
        broken: keywords of what is there, and cannot be read.
        administrations: items of RadiopharmaceuticalInformationSequence.
        radionuclide: CodeValue of its RadionuclideCodeSequence; empty where it has none.
        corrections: CorrectedImage.
        position: ImagePositionPatient, mm.
    """

    told: Mapping[str, str | float]
    broken: frozenset[str]
    administrations: int
    radionuclide: str
    corrections: tuple[str, ...]
    position: Numbers | None


@dataclass(frozen=True)
class PetHeaders:
    """The images of a PET series; what is asked for must be alike in all of them."""

    slices: tuple[PetSlice, ...]

    def text(self, keyword: str) -> str:
        """The text that all images have; empty where none has it.

        Raises:
            SeriesRefused: some lack it, it differs, or it cannot be read.
        """
        return str(self._alike(keyword) or "")

    def number(self, keyword: str) -> float | None:
        """The number that all images have; None where none has it.

        Raises:
            SeriesRefused: some lack it, it differs, or it cannot be read.
        """
        value = self._alike(keyword)
        return None if value is None else float(value)

    def each_text(self, keyword: str) -> tuple[str, ...]:
        """The text of each image; empty where one has none, or none that can be read."""
        return tuple(str(one.told.get(keyword, "")) for one in self.slices)

    def each_number(self, keyword: str) -> tuple[float | None, ...]:
        """The number of each image; None where one has none, or none that can be read."""
        values = (one.told.get(keyword) for one in self.slices)
        return tuple(None if value is None else float(value) for value in values)

    def require_one_administration(self) -> None:
        """Whether one dose was given, and all images tell of it.

        Raises:
            SeriesRefused: none, or several, as with two tracers.
        """
        counts = {one.administrations for one in self.slices}
        if counts != {1}:
            found = "none" if counts == {0} else "several" if min(counts) else "none in some images"
            raise SeriesRefused(f"{SEQUENCE}: must hold one item in all images; found {found}.", hint=_IMPORT)

    @property
    def radionuclide(self) -> str:
        """The code of the radionuclide; empty where the images have none.

        Raises:
            SeriesRefused: it differs.
        """
        codes = {one.radionuclide for one in self.slices}
        if len(codes) > 1:
            raise _different("RadionuclideCodeSequence", len(codes))
        return codes.pop()

    def lacking(self, correction: str) -> int:
        """How many images do not tell in CorrectedImage that they were corrected so, e.g. for `ATTN`."""
        return sum(correction not in one.corrections for one in self.slices)

    def _alike(self, keyword: str) -> str | float | None:
        broken = sum(keyword in one.broken for one in self.slices)
        if broken:
            where = f"{broken} of {len(self.slices)} images"
            raise SeriesRefused(
                f"{keyword}: must be in a form that can be read; in {where} it is not.", hint=_IMPORT
            )
        values = {one.told.get(keyword) for one in self.slices}
        if len(values) > 1 and None in values:
            absent = sum(keyword not in one.told for one in self.slices)
            raise SeriesRefused(
                f"{keyword}: must be in all images or none; it is absent in {absent} of {len(self.slices)}.",
                hint=_IMPORT,
            )
        if len(values) > 1:
            raise _different(keyword, len(values))
        return values.pop()


def read_pet(files: Sequence[Path]) -> PetHeaders:
    """Read the headers of a scan's PET images; what else lies beside them is left out.

    Args:
        files: the DICOM files of one scan.

    Raises:
        DicomError: a file cannot be read.
        SeriesRefused: there is no PET image, or one is a multi-frame object.
        OSError: of the disk.
    """
    slices = tuple(_slices(files))
    if not slices:
        raise SeriesRefused(
            "the scan: must hold the DICOM images of the PET; found none.",
            hint="Import the DICOM again: SUV needs its headers.",
        )
    return PetHeaders(slices)


def _slices(files: Sequence[Path]) -> Iterator[PetSlice]:
    for path in files:
        with fence(DicomError, "the DICOM header"):
            known, dataset = open_instance(path)
            if known.modality != "PT" or reason_to_set_apart(known.sop_class):
                continue
            if PER_FRAME in dataset:
                raise SeriesRefused(
                    "SOPClassUID: must be that of PET Image Storage; found a multi-frame object.",
                    hint="Ask for the series as single images: enhanced PET has its times in other places.",
                )
            yield _slice(dataset)


def _slice(dataset: Dataset) -> PetSlice:
    items = read_items(dataset, SEQUENCE)
    given = items[0] if items else Dataset()
    told: dict[str, str | float | None] = {}
    for holder, texts, numbers in ((dataset, _TEXTS, _NUMBERS), (given, _GIVEN_TEXTS, _GIVEN_NUMBERS)):
        told |= {keyword: read_text(holder, keyword) or None for keyword in texts}
        told |= {keyword: read_number(holder, keyword) for keyword in numbers}
    broken = {
        keyword
        for holder, keywords in ((dataset, (*_TEXTS, *_NUMBERS)), (given, (*_GIVEN_TEXTS, *_GIVEN_NUMBERS)))
        for keyword in keywords
        if told[keyword] is None and is_there(holder, keyword)
    }
    for name, place in (_PRIVATE_TEXTS | _PRIVATE_NUMBERS).items():
        text = _private(dataset, *place)
        value = _number(text) if name in _PRIVATE_NUMBERS else text
        told[name] = value or None  # a factor of 0 is how some write that there is none
        if text and value is None:
            broken.add(name)
    nuclide = next(iter(read_items(given, "RadionuclideCodeSequence")), Dataset())
    return PetSlice(
        told={keyword: value for keyword, value in told.items() if value is not None},
        broken=frozenset(broken),
        administrations=len(items),
        radionuclide=read_text(nuclide, "CodeValue"),
        corrections=read_texts(dataset, "CorrectedImage"),
        position=read_numbers(dataset, "ImagePositionPatient", 3),
    )


def _private(dataset: Dataset, group: int, creator: str, element: int) -> str:
    value = attempt(lambda: dataset.private_block(group, creator)[element].value)
    text = (
        value.decode("ascii", "replace") if isinstance(value, bytes) else str("" if value is None else value)
    )
    return text.strip("\0 ")


def _number(text: str) -> float | None:
    """The number in a private text; None where it is none, or not a finite one."""
    return attempt(lambda: float(text) if text and float(text) - float(text) == 0 else None)


def _different(keyword: str, count: int) -> SeriesRefused:
    return SeriesRefused(
        f"{keyword}: must be the same in all images of the series; found {count} values.", hint=_IMPORT
    )
