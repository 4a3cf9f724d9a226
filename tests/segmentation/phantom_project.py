"""A project of synthetic patients as the chain leaves it: images, roles, locked masks, and a frozen cohort.

Small voxels would take a chain of minutes; here the images are written as `normalise` and `register` would
have left them, all on one coarse grid.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from sarcoma_core.archive.masks import MASKS_FILE, MaskVersion, masks_document
from sarcoma_core.archive.store import Archive
from sarcoma_core.demo.reading.patients import REGIONS, SEQUENCES, Setting, phantom_case
from sarcoma_core.imaging.nifti_masks import write_mask
from sarcoma_core.imaging.volume import Volume, write_nifti
from sarcoma_core.phantom.slices import Slices
from sarcoma_core.provenance import Outcome, list_files, sha256, write_record
from sarcoma_core.segmentation.region_names import MEANINGS
from sarcoma_core.steps import step_named
from sarcoma_core.steps.cohort import STEP as COHORT
from sarcoma_core.steps.running import run_step
from tests.archive.filed import session
from tests.records import record_of

COARSE = Slices((56, 56, 28), (4.0, 4.0, 6.0), 5.0)
SCANS: Mapping[str, str] = {"T1CE": "7", "T2FS": "4"}
"""Scan id of each sequence; the first is the one that the others are registered to."""


def phantom_project(
    root: Path, seeds: Iterable[int], *, slices: Slices = COARSE, locked: bool = True, project: str = "P"
) -> Archive:
    """An archive with a session for each synthetic patient.

    Args:
        root: of the archive.
        seeds: of the patients.
        slices: of all images.
        locked: whether the masks are locked.
        project: its id.
    """
    archive = Archive(root)
    for seed in seeds:
        _session(archive, seed, Setting(slices=slices), locked=locked, project=project)
    return archive


def freeze(archive: Archive, project: str = "P") -> Path:
    """Freeze the cohort of a project as its resource; gives the folder."""
    source = archive.session_path(project, "")
    out = archive.resources_path(project)
    run_step(COHORT, source, out, {}, target=f"/archive/projects/{project}", assets={})
    return out / "COHORT"


def _session(archive: Archive, seed: int, setting: Setting, *, locked: bool, project: str) -> None:
    label = f"MR{seed}"
    types = {SCANS[sequence]: sequence for sequence in SEQUENCES}
    place = session(archive, f"STS-{seed}", label, types, project).path / "RESOURCES"
    case = phantom_case(seed, SEQUENCES, setting)
    images = {
        SCANS[sequence]: Volume(image, case.affine)
        for sequence, image in zip(SEQUENCES, case.images, strict=True)
    }
    roles = [Outcome(SCANS[one], "MR", "done", facts={"role": one, "chosen": True}) for one in SEQUENCES]
    _filed(place / "SERIES_ROLES", "series-roles", roles)
    reference = {"reference": SCANS["T1CE"], "reference_role": "T1CE"}
    for label_of, step, facts in (("NORMALISED", "normalise", {}), ("REGISTERED", "register", reference)):
        for scan, image in images.items():
            path = place / label_of / scan / f"{scan}.nii.gz"
            path.parent.mkdir(parents=True)
            write_nifti(path, image)
        told = [Outcome(scan, "MR", "done", files=(f"{scan}/{scan}.nii.gz",), facts=facts) for scan in images]
        _filed(place / label_of, step, told)
    _masks(place / "MASKS", case.masks, images, locked=locked)


def _masks(
    folder: Path, masks: Mapping[str, np.ndarray], images: Mapping[str, Volume], *, locked: bool
) -> None:
    versions, told = [], []
    for scan, image in images.items():
        files = []
        for region in REGIONS:
            file = f"{scan}/{region}-v1.nii.gz"
            (folder / scan).mkdir(parents=True, exist_ok=True)
            write_mask(folder / file, masks[region], image.affine)
            files.append(file)
            versions.append(
                MaskVersion(
                    *(scan, "", region, 1, file, sha256(folder / file), MEANINGS[region], region, "NIFTI"),
                    *(f"DRAWN/{scan}/{region}.nii.gz", "", 1, "reader", "", "", "as drawn"),
                    float(masks[region].sum()) * image.voxel_ml,
                    locked=locked,
                )
            )
        told.append(Outcome(scan, "MR", "done", files=tuple(files)))
    (folder / MASKS_FILE).write_bytes(masks_document(versions))
    _filed(folder, "import-masks", told)


def _filed(folder: Path, step: str, outcomes: list[Outcome]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_record(folder, record_of(step_named(step), *outcomes, files=list_files(folder)))
