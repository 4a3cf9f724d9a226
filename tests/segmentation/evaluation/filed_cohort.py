"""A project whose sessions hold images, locked references and automatic masks; and its frozen cohort."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from sarcoma_core.archive.cohort import (
    COHORT_FILE,
    CohortRules,
    CohortSession,
    LeftOut,
    PatientSession,
    freeze,
    write_cohort,
)
from sarcoma_core.archive.masks import MASKS_FILE, MaskVersion, mask_path, masks_document
from sarcoma_core.archive.register import ArchiveRegister
from sarcoma_core.archive.store import Archive
from sarcoma_core.imaging.nifti_masks import write_mask
from sarcoma_core.imaging.volume import Mask, Volume, write_nifti
from sarcoma_core.prognosis.clinical.table import ClinicalRow, row_tree
from sarcoma_core.provenance import Outcome, list_files, sha256, write_record
from sarcoma_core.steps import step_named
from tests.archive.filed import session
from tests.records import record_of
from tests.segmentation.evaluation.planted import AFFINE, T1CE, PlantedCohort, PlantedPatient

MODEL = T1CE.model


@dataclass(frozen=True)
class FiledMask:
    """A mask of a session, as its manifest has it."""

    mask: Mask
    roi: str = "tumour"
    scan: str = "4"
    model: str = ""
    locked: bool = False
    version: int = 1
    notes: tuple[str, ...] = ()
    affine: np.ndarray = field(default_factory=lambda: AFFINE)


@dataclass
class FiledCohort:
    """An archive with a project.

    Args:
        root: where to make it.
        roles: of the scans of each session, by scan id.
        project: id of the project.
    """

    root: Path
    roles: Mapping[str, str] = field(default_factory=lambda: {"4": "T1CE"})
    project: str = "P"

    def __post_init__(self) -> None:
        self.archive = Archive(self.root / "archive")
        self.rows: dict[str, ClinicalRow] = {}

    @property
    def sessions(self) -> Path:
        """The folder that a step is launched on."""
        return self.archive.session_path(self.project, "")

    @property
    def evaluation(self) -> Path:
        """Where the project's evaluation belongs."""
        return self.archive.resources_path(self.project) / "EVALUATION"

    def folder(self, label: str) -> Path:
        """The resources of a session."""
        return self.archive.session_path(self.project, label) / "RESOURCES"

    def add(self, subject: str, label: str = "", *, scanner: str = "", row: ClinicalRow | None = None) -> str:
        """A session with its images, and the row of its patient."""
        label = label or f"{subject}_MR"
        scans = dict.fromkeys(self.roles, "t1_tse")
        place = session(self.archive, subject, label, scans, self.project).path / "RESOURCES"
        outcomes = []
        for number, scan in enumerate(self.roles):
            folder = place / "NIFTI" / scan
            folder.mkdir(parents=True)
            noise = np.random.default_rng(number).normal(100, 20, (18, 18, 12)).astype(np.float32)
            write_nifti(folder / f"{scan}.nii.gz", Volume(noise, AFFINE))
            maker, _, model = scanner.partition(" ")
            (folder / f"{scan}.json").write_text(
                json.dumps({"Manufacturer": maker, "ManufacturersModelName": model})
            )
            outcomes.append(
                Outcome(scan, "MR", "done", files=(f"{scan}/{scan}.nii.gz", f"{scan}/{scan}.json"))
            )
        self._record(place / "NIFTI", "convert", *outcomes)
        (place / "SERIES_ROLES").mkdir()
        told = [
            Outcome(scan, "MR", "done", facts={"role": role, "chosen": True})
            for scan, role in self.roles.items()
        ]
        self._record(place / "SERIES_ROLES", "series-roles", *told)
        self.rows[label] = row or ClinicalRow(subject, label)
        return label

    def put(
        self, resource: str, label: str, masks: Sequence[FiledMask], outcomes: Sequence[Outcome] = ()
    ) -> None:
        """Write masks as MASKS or SEG of a session; what was there goes."""
        place = self.folder(label) / resource
        place.mkdir(parents=True, exist_ok=True)
        told = []
        for one in masks:
            file = mask_path(one.scan, "", one.roi, one.version)
            (place / file).parent.mkdir(exist_ok=True)
            write_mask(place / file, one.mask, one.affine)
            told.append(
                MaskVersion(
                    *(one.scan, "", one.roi, one.version, file, sha256(place / file), "", "", "NIFTI"),
                    *("DRAWN/a.nii.gz", "", 1, "somebody", "", "", "as drawn", 1.0),
                    locked=one.locked,
                    notes=one.notes,
                    algorithm="AUTOMATIC" if one.model else "MANUAL",
                    algorithm_name=one.model,
                )
            )
        (place / MASKS_FILE).write_bytes(masks_document(told))
        done = [Outcome(one.scan, "MR", "done", files=(v.file,)) for one, v in zip(masks, told, strict=True)]
        self._record(place, "import-masks", *(outcomes or done))

    def _record(self, folder: Path, step: str, *outcomes: Outcome) -> None:
        write_record(folder, record_of(step_named(step), *outcomes, files=list_files(folder)))

    def freeze(self, name: str = "COHORT", *, rows: bool = False) -> Path:
        """The cohort of all sessions as they are now, with the rows of their patients or without."""
        folders = {label: self.archive.session_path(self.project, label) for label in self.rows}
        frozen = freeze(ArchiveRegister(self.archive, self.project), folders, CohortRules(reads=("NIFTI",)))
        place = self.archive.resources_path(self.project) / name
        place.mkdir(parents=True, exist_ok=True)
        head: dict[str, Any] = {
            "project": self.project,
            "label": "NIFTI",
            "consent": "recorded",
            "tables": {},
        }
        with (place / COHORT_FILE).open("w", encoding="utf-8", newline="\n") as stream:
            for one in write_cohort(
                stream, head, (self._with_row(each) if rows else each for each in frozen)
            ):
                assert not isinstance(one, LeftOut), one
        return place

    def _with_row(self, one: CohortSession | LeftOut) -> CohortSession | LeftOut:
        if isinstance(one, LeftOut):
            return one
        return PatientSession(
            **vars(one), clinical=row_tree(self.rows[one.session]), key="subject", why="the only one"
        )

    def fill(self, planted: PlantedCohort) -> None:
        """A session of each planted patient, with its locked reference; no automatic mask."""
        for one in planted.members:
            label = self.add(one.subject, scanner=one.strata["scanner"], row=_row(one))
            self.put("MASKS", label, [FiledMask(one.reference, locked=True)])

    def segment(self, planted: PlantedCohort, error_mm: float, model: str = MODEL, seed: int = 0) -> None:
        """The automatic masks of one model, in the place of those of another."""
        rng = np.random.default_rng(seed)
        for one in planted.members:
            drawn = one.drawn(rng, error_mm)
            self.put("SEG", f"{one.subject}_MR", [FiledMask(drawn, model=model)])


def _row(one: PlantedPatient) -> ClinicalRow:
    values = {"location": one.strata["site"], "diagnosis": one.strata["histology"]}
    return ClinicalRow(one.subject, f"{one.subject}_MR", "", None, values)
