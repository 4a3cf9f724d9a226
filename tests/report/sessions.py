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
from sarcoma_core.provenance import Outcome, RunRecord, list_files, read_record, write_record
from sarcoma_core.report.stages import Stage
from sarcoma_core.steps import bias_field, convert, normalise, report
from tests.records import record_of

STEPS = {step.STEP.labels[0]: step.STEP for step in (convert, bias_field, normalise)}
STAGES = tuple(
    Stage(label, step.name, step.outputs[0].spec.title, step.outputs[0].spec.caption)
    for label, step in STEPS.items()
)
ADDED: Mapping[str, Mapping[str, Any]] = {
    "SERIES_ROLES": {"step": "series-roles", "title": "Series roles", "caption": "", "reads": ("NIFTI",)},
    "MASKS": {"step": "import-masks", "title": "Masks", "caption": "", "reads": ("NIFTI",)},
    "SUV": {"step": "suv", "title": "SUV", "caption": "SUV", "reads": ("NIFTI",)},
    "REGISTERED": {
        "step": "register",
        "title": "Registration",
        "caption": "Registered",
        "reads": ("SERIES_ROLES", "NORMALISED", "SUV", "NIFTI"),
    },
}
"""What 0.5 did not have: the words of their manifests."""

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


def save(path: Path, array: npt.NDArray[np.float32], affine: npt.NDArray[np.float64] = AFFINE) -> None:
    """Write a NIfTI file, on the grid of all sessions here unless another is given."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image: Any = nib.Nifti1Image  # nibabel does not annotate its constructor
    nib.save(image(array, affine), path)


@dataclass
class Builder:
    """A session folder that grows step by step."""

    path: Path
    software: Mapping[str, str] = field(default_factory=lambda: {"numpy": "2.0.0"})

    def volume(
        self,
        label: str,
        scan: str,
        array: npt.NDArray[np.float32],
        affine: npt.NDArray[np.float64] = AFFINE,
    ) -> str:
        """Write a volume and return its path below the label."""
        name = f"{scan}/{scan}.nii.gz"
        save(folder.resource(self.path, label) / name, array, affine)
        return name

    def done(self, label: str, scan: str, modality: str = "MR", **facts: Any) -> Outcome:
        """A series that went well, with a volume."""
        array = body()
        if label == "NORMALISED":
            array = (array - array.mean()) / array.std()
        return Outcome(scan, modality, "done", files=(self.volume(label, scan, array),), facts=facts)

    def record(self, label: str, *outcomes: Outcome, **changes: Any) -> RunRecord:
        """Write a label's manifest, as the step that fills it would."""
        step = STEPS.get(label, normalise.STEP)
        told = ADDED.get(label, {"title": step.outputs[0].spec.title, "reads": step.reads})
        root = folder.resource(self.path, label)
        root.mkdir(parents=True, exist_ok=True)
        values: dict[str, Any] = {
            "version": "0.1.0",
            "params": {},
            "inputs": fingerprint(FolderHoldings(self.path), told["reads"]) if told["reads"] else {},
            "files": list_files(root),
            "methods": f"{told['title']} was done.",
            "cites": (),
            "software": self.software,
            "image": "registry/sarcoma/step@sha256:0123",
            "started": "2031-05-06T07:08:09+00:00",
            "finished": "2031-05-06T07:09:10+00:00",
        }
        record = record_of(step, *outcomes, **(values | told | changes))
        write_record(root, record)
        return record


def outcomes_of(path: Path, label: str) -> tuple[Outcome, ...]:
    """What the manifest of a session's resource tells."""
    record = read_record(folder.resource(path, label))
    assert record
    return record.outcomes


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


def told_role(scan: str, modality: str, role: str, *, chosen: bool = True, **facts: Any) -> Outcome:
    """What series-roles says of a series."""
    sure = {"confidence": 0.9, "by": "rules", "evidence": ["it is so"], "runners_up": [], "needs_review": ""}
    values = {"role": role, "chosen": chosen, **sure, **facts}
    return Outcome(scan, modality, "done", str(values["needs_review"]), facts=values)


PAIR: Mapping[str, Any] = {
    "reference": "2",
    "reference_role": "T1CE",
    "transform": "rigid",
    "shift_mm": 12.34,
    "rotation_degrees": 5.06,
    "mutual_information_before": 0.21,
    "mutual_information_after": 0.64,
    "mask_overlap_before": 0.712,
    "mask_overlap_after": 0.948,
    "jacobian_min": 1.0,
    "jacobian_max": 1.0,
    "warnings": [],
}
"""The facts of a pair that was registered well."""


def moved(array: npt.NDArray[np.float32], voxels: int) -> npt.NDArray[np.float32]:
    """A volume so many voxels further to the left of the patient, over the edge and in again."""
    return np.roll(array, -voxels, axis=0)


def prepared(path: Path) -> Builder:
    """A session of the whole chain: T1CE with T2FS, PET and CT on it, a localizer and a derived copy."""
    builder = Builder(path)
    array = body()
    suv = (array / 100).astype(np.float32)
    builder.record(
        "NIFTI",
        *(builder.done("NIFTI", scan, "MR", units="arbitrary") for scan in ("2", "6", "7")),
        Outcome("3", "MR", "done", files=(builder.volume("NIFTI", "3", moved(array, 4)),)),
        Outcome("4", "CT", "done", files=(builder.volume("NIFTI", "4", array),), facts={"units": "HU"}),
        Outcome(
            "5", "PT", "done", files=(builder.volume("NIFTI", "5", moved(array, 4)),), facts={"units": "BQML"}
        ),
        Outcome("8", "RTSTRUCT", "set apart", "contours are kept for later"),
    )
    builder.record(
        "SERIES_ROLES",
        told_role("2", "MR", "T1CE", evidence=["a contrast agent is told", "TR 600 ms and TE 12 ms"]),
        told_role("3", "MR", "T2FS", runners_up=[{"role": "T2", "confidence": 0.08}]),
        told_role("4", "CT", "CT"),
        told_role("5", "PT", "PET", by="person", confidence=1.0),
        told_role("6", "MR", "LOCALIZER", chosen=False),
        told_role("7", "MR", "T1", confidence=0.41, needs_review="scan 7 and scan 2 are both T1"),
        told_role("8", "RTSTRUCT", "OTHER", chosen=False),
    )
    passed = [passes(scan, "MR") for scan in ("2", "3", "6", "7")]
    pet = Outcome(
        "5", "PT", "done", files=(builder.volume("SUV", "5", moved(suv, 4)),), facts={"suv_type": "BW"}
    )
    builder.record("SUV", *passed, passes("4", "CT"), pet)
    mr = ("2", "3", "6", "7")
    rest = passes("4", "CT"), passes("5", "PT")
    builder.record("N4", *(builder.done("N4", scan) for scan in mr), *rest)
    scored = (array - array.mean()) / array.std()
    third = Outcome("3", "MR", "done", files=(builder.volume("NORMALISED", "3", moved(scored, 4)),))
    others = (builder.done("NORMALISED", scan, source="N4") for scan in mr if scan != "3")
    builder.record("NORMALISED", *others, third, *rest)

    def on(scan: str, modality: str, values: npt.NDArray[np.float32], **facts: Any) -> Outcome:
        name = builder.volume("REGISTERED", scan, values)
        return Outcome(scan, modality, "done", files=(name,), facts={**PAIR, **facts})

    builder.record(
        "REGISTERED",
        on("2", "MR", scored, transform="reference", source="NORMALISED"),
        on("3", "MR", scored, source="NORMALISED"),
        on("5", "PT", suv, source="SUV"),
        on("4", "CT", array, source="NIFTI", transform="identity"),
        *(Outcome(scan, "MR", "not applicable", "it is not chosen") for scan in ("6", "7")),
    )
    return builder
