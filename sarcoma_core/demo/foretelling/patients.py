"""Synthetic patients as networks that foretell take them: the true tumour on the cube, and a clinical row.

Images are those of `phantom.signal`, z-scored as the pipeline does it; no file is written. A patient is a
function of the seed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from sarcoma_core.imaging.body_mask import find_body
from sarcoma_core.imaging.normalise import z_score
from sarcoma_core.imaging.volume import Volume
from sarcoma_core.phantom.anatomy import limb
from sarcoma_core.phantom.clinical_rows import PhantomRow, clinical_rows
from sarcoma_core.phantom.competing import COURSE, CourseOfDisease
from sarcoma_core.phantom.grid import Grid, lps_to_ras
from sarcoma_core.phantom.habits import SequenceName
from sarcoma_core.phantom.protocol import HospitalSite, draw_protocol
from sarcoma_core.phantom.signal import T1CE, T2FS, acquire
from sarcoma_core.phantom.study import acquire_series
from sarcoma_core.phantom.tissue import tumour_mask
from sarcoma_core.prognosis.clinical.table import OUTCOME_COLUMNS, ClinicalRow
from sarcoma_core.prognosis.clinical.variables import VARIABLES
from sarcoma_core.prognosis.tumour_image import CubeRules, ImageOrigin, TumourImage, tumour_image

CUBE: Final = CubeRules(("T1CE", "T2FS"), edge=32, spacing_mm=6.0, margin_mm=20.0)
"""Into which about 95 of 100 synthetic tumours fit with their margin; of the others the margin is cut."""
GRID: Final = Grid(shape=(64, 64, 40), spacing=(3.4375, 3.4375, 5.5), slice_thickness=5.5)
"""Coarser than a scan, finer than the cube."""
CUBE_SEQUENCES: Final[tuple[SequenceName, ...]] = ("T1CE", "T2FS")
DEMO_SITE: Final = HospitalSite(bias=1.05)
"""The demo's hospital, with what is left of the receive bias after `bias-field`."""
SCANNER: Final = "Virtual Spin Echo"
"""Model of the demo's MR, as the sidecar of its conversion has it, which knows no such manufacturer."""
_LATTICE: Final = Grid(shape=(110, 110, 80), spacing=(2.0, 2.0, 3.3), slice_thickness=3.3)
"""On which a limb is sampled that is then seen on slices."""


def phantom_image(seed: int, rules: CubeRules = CUBE, grid: Grid = GRID) -> TumourImage:
    """The tumour of a synthetic patient.

    Args:
        seed: of the patient.
        rules: of the cube.
        grid: that the images are acquired on.

    Raises:
        UsageError: the seed is negative.
        InputError: no voxel of the grid is tumour.
    """
    anatomy = limb(seed, grid)
    affine = lps_to_ras(grid.affine_lps())
    images = {}
    for sequence in (T1CE, T2FS):
        image = acquire(anatomy, sequence).image.astype(np.float32)
        body = find_body(image, grid.spacing).mask
        images[sequence.name] = Volume(z_score(image, body).values, affine)
    return tumour_image(images, tumour_mask(anatomy.labels), rules)


def scanned_image(seed: int, site: HospitalSite = DEMO_SITE, rules: CubeRules = CUBE) -> TumourImage:
    """The tumour of a synthetic patient who was scanned as those of the demo are, on slices of the seed.

    Both sequences are seen on the slices of T1CE, as if they had been registered without fault.

    Args:
        seed: of the patient.
        site: with which scanner.
        rules: of the cube.

    Raises:
        UsageError: the seed is negative.
        InputError: no voxel is tumour.
    """
    rest = limb(seed, _LATTICE)
    first = draw_protocol(seed, sequences=("T1CE", "T2FS"), site=site)["T1CE"]
    scans = {name: acquire_series(rest, replace(first, sequence=name), site) for name in CUBE_SEQUENCES}
    images: dict[str, Volume] = {}
    for name, scan in scans.items():
        body = find_body(scan.volume.array, first.slices.spacing).mask
        images[name] = scan.volume.with_array(z_score(scan.volume.array, body).values)
    scanner = SCANNER if site == DEMO_SITE else f"{SCANNER} {site.name}"
    origins = dict.fromkeys(images, ImageOrigin("MR", scanner))
    return tumour_image(images, tumour_mask(scans["T1CE"].labels), rules, origins)


def phantom_rows(seeds: Sequence[int], *, course: CourseOfDisease = COURSE) -> list[ClinicalRow]:
    """The clinical rows of synthetic patients.

    Args:
        seeds: of the patients.
        course: the hazards of what happens.

    Raises:
        UsageError: a seed is negative.
    """
    return [row_of_phantom(row) for row in clinical_rows(seeds, course=course)]


def row_of_phantom(row: PhantomRow) -> ClinicalRow:
    """A row of the phantom's table as a checked one."""
    told = row._asdict()
    kinds = {variable.name for variable in VARIABLES}
    values = {
        name: str(value) if name == "grade" else float(value) if isinstance(value, int | float) else value
        for name, value in told.items()
        if name in kinds
    }
    events = {name: bool(told[name]) for name in OUTCOME_COLUMNS if not name.endswith("_days")}
    days = {name: float(told[name]) for name in OUTCOME_COLUMNS if name.endswith("_days")}
    return ClinicalRow(row.subject, date=row.surgery_date, values=values, events=events, days=days)


def all_but_age_of_others(rows: Sequence[ClinicalRow]) -> list[ClinicalRow]:
    """The same patients, each with the variables of another one but for age: ten that tell nothing.

    Args:
        rows: two or more.
    """
    others: Iterable[ClinicalRow] = [*rows[1:], rows[0]]
    return [
        ClinicalRow(
            own.subject,
            own.session,
            own.centre,
            own.date,
            {**other.values, "age_years": own.values["age_years"], **_at_presentation(own)},
            own.events,
            own.days,
        )
        for own, other in zip(rows, others, strict=True)
    ]


def _at_presentation(own: ClinicalRow) -> dict[str, float | str]:
    """Who had a metastasis already is a matter of who is followed, and stays."""
    name = "metastasis_at_presentation"
    return {name: own.values[name]} if name in own.values else {}
