"""What is kept of a session that was segmented alone: masks, their uncertainty, DICOM, a page, and JSON."""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from sarcoma_core.archive.masks import COLLECTIONS_LABEL, SEG_LABEL
from sarcoma_core.launch.alone.reading import AloneResult
from sarcoma_core.models.card_text import SYNTHETIC
from sarcoma_core.models.model_set import ModelSet
from sarcoma_core.provenance import Outcome, sha256
from sarcoma_core.steps.report import LABEL as REPORT_LABEL
from sarcoma_core.steps.report import PAGE

FILE: Final = "segment.json"
"""What was done, for programs."""
SCHEMA: Final = 1
_MASK, _UNCERTAIN = "-v1.nii.gz", "-uncertainty.nii.gz"
_FACTS: Final = ("member", "member_why", "needs_review", "uncertainty", "others", "device", "seconds")


def collect(result: AloneResult, models: ModelSet, folder: Path, place: str) -> Mapping[str, Any]:
    """Copy what is to be kept of a session, and tell it.

    Args:
        result: of a session with masks.
        models: that drew.
        folder: to fill; it is made.
        place: its path below the folder of all results; empty where it is that.

    Raises:
        OSError: the disk is full.
    """
    drawn = result.drawn
    assert drawn is not None  # noqa: S101  of a session with masks
    folder.mkdir(parents=True, exist_ok=True)
    files: dict[str, Path] = {}
    masks = result.session.resource(SEG_LABEL)
    for name in drawn.files:
        files[_shown(name)] = masks / name
    for kind, path in _collections(result):
        files[f"{kind}.dcm"] = path
    files[PAGE] = result.session.resource(REPORT_LABEL) / PAGE
    kept = [name for name, path in files.items() if path.is_file()]
    for name in kept:
        shutil.copyfile(files[name], folder / name)
    hashes = {f"{place}{name}": sha256(folder / name) for name in sorted(kept)}
    return {**_told(result, drawn, models), "files": hashes}


def document(
    sessions: list[Mapping[str, Any]], models: ModelSet, *, versions: Mapping[str, str], seconds: float
) -> dict[str, Any]:
    """The content of `segment.json`.

    Args:
        sessions: what became of each.
        models: that drew.
        versions: of the packages that did the work.
        seconds: that all took.
    """
    synthetic = any(one.card.synthetic for one in models.members.values())
    return {
        "schema": SCHEMA,
        "intended_use": next((one.card.intended_use for one in models.members.values()), ""),
        "caution": SYNTHETIC if synthetic else "",
        "sessions": sessions,
        "seconds": round(seconds, 1),
        "versions": dict(versions),
    }


def failed_session(label: str, reason: str, hint: str = "") -> Mapping[str, Any]:
    """What `segment.json` tells of a session without masks."""
    return {"session": label, "outcome": "failed", "reason": reason, "hint": hint, "files": {}}


def _told(result: AloneResult, drawn: Outcome, models: ModelSet) -> dict[str, Any]:
    facts, member = drawn.facts, str(drawn.facts["member"])
    card = models.members[member].card
    return {
        "session": result.session.label,
        "outcome": "incomplete" if result.problems else "complete",
        "reason": "; ".join(result.problems),
        "series": drawn.series,
        "model": {
            "name": card.name,
            "version": card.version,
            "sha256": models.sha256,
            "synthetic": card.synthetic,
        },
        **{name: facts[name] for name in _FACTS},
        "regions": {region: {"ml": facts["regions"][region]} for region in _regions(models, member)},
        "seconds_of_steps": dict(result.seconds),
    }


def _regions(models: ModelSet, member: str) -> tuple[str, ...]:
    """What the model draws, in its own order."""
    task = models.members[member].config.segmentation
    return task.regions if task else ()


def _shown(path: str) -> str:
    """What a file of SEG is called: its region alone, as one model has drawn on one series."""
    name = path.rpartition("/")[2]
    return f"{name.removesuffix(_MASK)}.nii.gz" if name.endswith(_MASK) else name


def _collections(result: AloneResult) -> Iterator[tuple[str, Path]]:
    """The DICOM objects, each with its kind."""
    record = result.record(COLLECTIONS_LABEL)
    folder = result.session.resource(COLLECTIONS_LABEL)
    for outcome in record.outcomes if record else ():
        for one in outcome.facts.get("collections", ()):
            yield str(one["type"]), folder / outcome.scan / f"{one['label']}.dcm"
