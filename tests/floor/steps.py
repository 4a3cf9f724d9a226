"""Three steps of the tests, one for each way to be launched: on a project, on a scan, with an asset.

The one on a scan has a parameter of several choices.

They are no part of sarcoma: neither its wheel nor its list of steps holds them.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from sarcoma_core.archive.asset import AssetFolder
from sarcoma_core.archive.folder import SessionFolder
from sarcoma_core.archive.project import ProjectFolder
from sarcoma_core.interface import Asset, Input, Output, OutputDir, Param, Resources, describe
from sarcoma_core.provenance import Outcome, Outcomes

FILE = "told.json"
_LITTLE = Resources(reserve_memory=64, limit_memory=256, limit_cpu=1)


class ProjectOutputs(NamedTuple):
    """What the step on a project writes."""

    told: Annotated[Outcomes, Output(resource="FLOOR_PROJECT", format="JSON", help="how many sessions")]


class ScanOutputs(NamedTuple):
    """What the step on a scan writes."""

    told: Annotated[Outcomes, Output(resource="FLOOR_SCAN", format="JSON", help="how many DICOM files")]


class AssetOutputs(NamedTuple):
    """What the step with assets writes."""

    told: Annotated[Outcomes, Output(resource="FLOOR_ASSET", format="JSON", help="which assets it was given")]


def floor_project(
    project: Annotated[ProjectFolder, Input(level="project", resource=("NIFTI",))], out: OutputDir
) -> ProjectOutputs:
    """Count the sessions of a project."""
    held = {label: session.record("NIFTI") is not None for label, session in project.sessions()}
    facts = {"project": project.id, "sessions": len(held), "converted": sum(held.values())}
    return ProjectOutputs(told=_told(out / "FLOOR_PROJECT", "", facts))


def floor_scan(
    session: Annotated[SessionFolder, Input(level="scan")],
    out: OutputDir,
    *,
    tell: Annotated[tuple[Literal["scan", "files", "bytes"], ...], Param(help="what is told")] = (
        "scan",
        "files",
    ),
) -> ScanOutputs:
    """Count the DICOM files of a scan."""
    (scan,) = session.scans()
    size = sum(path.stat().st_size for path in scan.files)
    known = {"bytes": size, "files": len(scan.files), "scan": scan.id}
    return ScanOutputs(told=_told(out / "FLOOR_SCAN", scan.id, {word: known[word] for word in tell}))


def floor_asset(
    session: Annotated[SessionFolder, Input(level="session")],
    model: Annotated[AssetFolder, Asset(label="FLOOR_MODEL_*", help="a model that it needs")],
    extra: Annotated[AssetFolder | None, Asset(label="FLOOR_EXTRA*", help="what it can use", optional=True)],
    out: OutputDir,
) -> AssetOutputs:
    """Tell which assets it was given."""
    del session
    facts = {"model": model.sha256, "extra": extra.sha256 if extra else None}
    return AssetOutputs(told=_told(out / "FLOOR_ASSET", "", facts))


def _told(folder: Path, scan: str, facts: Mapping[str, object]) -> Outcomes:
    folder.mkdir()
    (folder / FILE).write_text(json.dumps(facts), encoding="utf-8")
    return (Outcome(scan, "", "done", files=(FILE,), facts=facts),)


PROJECT = describe(
    floor_project, image="core", title="Floor: project", methods="Sessions were counted.", resources=_LITTLE
)
SCAN = describe(
    floor_scan, image="core", title="Floor: scan", methods="Files were counted.", resources=_LITTLE
)
ASSET = describe(
    floor_asset, image="core", title="Floor: asset", methods="Assets were told.", resources=_LITTLE
)
FLOOR = (PROJECT, SCAN, ASSET)
