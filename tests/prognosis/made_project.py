"""A project with a frozen cohort: small images of a tumour with its mask, and the rows of made patients."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from sarcoma_core.archive.cohort import COHORT_FILE, CohortRules, PatientSession, freeze, write_cohort
from sarcoma_core.archive.masks import MASKS_FILE, MASKS_LABEL, MaskVersion, masks_document
from sarcoma_core.archive.register import ArchiveRegister
from sarcoma_core.archive.store import Archive
from sarcoma_core.imaging.nifti_masks import write_mask
from sarcoma_core.imaging.volume import Volume, write_nifti
from sarcoma_core.prognosis.clinical.table import ClinicalRow, row_tree
from sarcoma_core.prognosis.flow import flow, flow_tree
from sarcoma_core.prognosis.join import JoinedRow
from sarcoma_core.provenance import Outcome, list_files, sha256, write_record
from sarcoma_core.steps import step_named
from tests.archive.filed import session
from tests.records import record_of

AFFINE = np.diag([2.0, 2.0, 4.0, 1.0])
SHAPE = (10, 10, 6)


def box(size: int) -> np.ndarray:
    """A tumour: a box of so many voxels on a side."""
    mask = np.zeros(SHAPE, bool)
    mask[1 : 1 + size, 1 : 1 + size, 1 : 1 + min(size, 4)] = True
    return mask


@dataclass
class MadeProject:
    """An archive with a project, and the folder of its cohort.

    Args:
        root: where to make it.
        rows: of the table; each has its session.
        drawn: subjects with a mask.
        roles: of the images of some subjects; T1CE without.
        project: its id.
    """

    root: Path
    rows: tuple[ClinicalRow, ...]
    drawn: Collection[str] = ()
    roles: Mapping[str, str] = field(default_factory=dict)
    project: str = "P"

    def __post_init__(self) -> None:
        self.archive = Archive(self.root / "archive")
        for number, row in enumerate(self.rows):
            self._session(row, number)

    @property
    def sessions(self) -> Path:
        """The folder that a step is launched on."""
        return self.archive.session_path(self.project, "")

    def folders(self) -> dict[str, Path]:
        """The folder of each session."""
        return {row.session: self.archive.session_path(self.project, row.session) for row in self.rows}

    def _session(self, row: ClinicalRow, number: int) -> None:
        place = session(self.archive, row.subject, row.session, project=self.project).path / "RESOURCES"
        rng = np.random.default_rng(number)
        image = Volume(rng.normal(size=SHAPE).astype(np.float32) + box(3) * (1 + number / 50), AFFINE)
        (place / "NORMALISED" / "4").mkdir(parents=True)
        write_nifti(place / "NORMALISED" / "4" / "4.nii.gz", image)
        self._record(place / "NORMALISED", "normalise", Outcome("4", "MR", "done", files=("4/4.nii.gz",)))
        (place / "SERIES_ROLES").mkdir()
        facts = {"role": self.roles.get(row.subject, "T1CE"), "chosen": True}
        self._record(place / "SERIES_ROLES", "series-roles", Outcome("4", "MR", "done", facts=facts))
        if row.subject in self.drawn:
            self.draw(row.session, [(1, box(3 + number % 4), False)])

    def draw(
        self, label: str, versions: list[tuple[int, np.ndarray, bool]], affine: np.ndarray = AFFINE
    ) -> None:
        """Write masks of a session: version, voxels, and whether it is locked."""
        place = self.archive.session_path(self.project, label) / "RESOURCES" / MASKS_LABEL
        (place / "4").mkdir(parents=True, exist_ok=True)
        told = []
        for version, mask, locked in versions:
            file = f"4/tumour-v{version}.nii.gz"
            write_mask(place / file, mask, affine)
            told.append(
                MaskVersion(
                    *("4", "", "tumour", version, file, sha256(place / file), "Neoplasm", "GTV", "NIFTI"),
                    *("DRAWN/a.nii.gz", "", 1, "somebody", "", "", "as drawn", 1.0),
                    locked=locked,
                )
            )
        (place / MASKS_FILE).write_bytes(masks_document(told))
        self._record(place, "import-masks", Outcome("4", "MR", "done", files=(told[-1].file,)))

    def _record(self, folder: Path, step: str, outcome: Outcome) -> None:
        write_record(folder, record_of(step_named(step), outcome, files=list_files(folder)))

    def freeze(self, name: str = "COHORT") -> Path:
        """The cohort of all rows as it is now; gives its folder."""
        rules = CohortRules(reads=("NORMALISED", "N4", "SUV", "NIFTI"))
        told = {row.session: row_tree(row) for row in self.rows}
        frozen = (
            PatientSession(**vars(each), clinical=told[each.session], key="subject", why="the only one")
            for each in freeze(ArchiveRegister(self.archive, self.project), self.folders(), rules)
        )
        folder = self.root / name
        folder.mkdir(exist_ok=True)
        clinical = {"time_zero": "surgery", "days_before": 180, "sha256": "0" * 64}
        head = {
            "project": self.project,
            "label": "NORMALISED",
            "consent": "recorded",
            "tables": {},
            "clinical": clinical,
        }
        told_flow = flow_tree(flow([JoinedRow(row, row.session, "joined", "", "") for row in self.rows]))
        with (folder / COHORT_FILE).open("w", encoding="utf-8", newline="\n") as stream:
            for _ in write_cohort(stream, head, frozen, tail=lambda: {"flow": told_flow}):
                pass
        return folder
