"""Sessions built by hand: small volumes of known content, and the manifests that steps would write."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import numpy.typing as npt

from sarcoma_core.archive import folder
from sarcoma_core.archive.holdings import FolderHoldings, fingerprint
from sarcoma_core.provenance import Outcome, RunRecord, list_files, write_record
from sarcoma_core.report.stages import Stage
from sarcoma_core.steps import bias_field, convert, normalise, report
from tests.records import record_of

STEPS = {step.STEP.labels[0]: step.STEP for step in (convert, bias_field, normalise)}
STAGES = tuple(
    Stage(label, step.name, step.outputs[0].spec.title, step.outputs[0].spec.caption)
    for label, step in STEPS.items()
)
AFFINE = np.diag([2.0, 2.0, 5.0, 1.0])


def as_read(path: Path) -> folder.SessionFolder:
    """A session as the report step receives it."""
    return folder.SessionFolder(path, report.READS)


def body(seed: int = 0) -> npt.NDArray[np.float32]:
    """A bright ellipse on dark air, 48 x 40 x 12 voxels, with a little noise."""
    x, y, _ = np.ogrid[-1:1:48j, -1:1:40j, 0:1:12j]
    inside = np.broadcast_to((x / 0.8) ** 2 + (y / 0.6) ** 2 < 1, (48, 40, 12))
    noise = np.random.default_rng(seed).normal(0, 5, inside.shape)
    return np.where(inside, 500 + 8 * noise, np.abs(noise)).astype(np.float32)


def save(path: Path, array: npt.NDArray[np.float32]) -> None:
    """Write a NIfTI file on the grid of all sessions here."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image: Any = nib.Nifti1Image  # nibabel does not annotate its constructor
    nib.save(image(array, AFFINE), path)


@dataclass
class Builder:
    """A session folder that grows step by step."""

    path: Path
    software: Mapping[str, str] = field(default_factory=lambda: {"numpy": "2.0.0"})

    def volume(self, label: str, scan: str, array: npt.NDArray[np.float32]) -> str:
        """Write a volume and return its path below the label."""
        name = f"{scan}/{scan}.nii.gz"
        save(folder.resource(self.path, label) / name, array)
        return name

    def done(self, label: str, scan: str, modality: str = "MR", **facts: Any) -> Outcome:
        """A series that went well, with a volume."""
        array = body()
        if label == "NORMALISED":
            array = (array - array.mean()) / array.std()
        return Outcome(scan, modality, "done", files=(self.volume(label, scan, array),), facts=facts)

    def record(self, label: str, *outcomes: Outcome, **changes: Any) -> RunRecord:
        """Write a label's manifest, as the step that fills it would."""
        step = STEPS[label]
        root = folder.resource(self.path, label)
        root.mkdir(parents=True, exist_ok=True)
        values: dict[str, Any] = {
            "version": "0.1.0",
            "params": {},
            "inputs": fingerprint(FolderHoldings(self.path), step.reads) if step.reads else {},
            "files": list_files(root),
            "methods": f"{step.outputs[0].spec.title} was done.",
            "cites": (),
            "software": self.software,
            "image": "registry/sarcoma/step@sha256:0123",
            "started": "2031-05-06T07:08:09+00:00",
            "finished": "2031-05-06T07:09:10+00:00",
        }
        record = record_of(step, *outcomes, **(values | changes))
        write_record(root, record)
        return record


def passes(scan: str, modality: str) -> Outcome:
    """A series that needs no such step."""
    return Outcome(scan, modality, "not applicable", f"the step is for MR; {modality} goes on as it is")


def full(path: Path) -> Builder:
    """Five series: MR, CT and PET that are ready, contours set apart, and an MR that is refused."""
    builder = Builder(path)
    builder.record(
        "NIFTI",
        builder.done("NIFTI", "2", "MR", units="arbitrary"),
        builder.done("NIFTI", "3", "CT", units="HU"),
        builder.done("NIFTI", "5", "PT", units="BQML"),
        Outcome("4", "RTSTRUCT", "set apart", "contours are kept for later"),
        Outcome("10", "MR", "refused", "slice 7 of 25 is missing"),
        cites=("li2016", "lowekamp2013"),
    )
    rest = passes("3", "CT"), passes("5", "PT")
    builder.record("N4", builder.done("N4", "2"), *rest, cites=("tustison2010", "lowekamp2013"))
    builder.record("NORMALISED", builder.done("NORMALISED", "2", source="N4"), *rest)
    return builder
