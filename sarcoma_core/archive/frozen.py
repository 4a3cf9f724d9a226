"""The sessions of a frozen cohort, read again; and the very files that were frozen.

A training or an evaluation reads the resource COHORT alone, so that its one hash is all that it has seen.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sarcoma_core.archive.asset import AssetFolder
from sarcoma_core.archive.cohort import COHORT_FILE, SCHEMA, CohortSeries
from sarcoma_core.archive.folder import SeriesFiles, SessionFolder
from sarcoma_core.archive.masks import MASKS_LABEL, SessionMasks, read_masks
from sarcoma_core.errors import InputError
from sarcoma_core.provenance import sha256, typed

FREEZE: Final = "sarcoma run cohort --archive DIR --project P, or sarcoma xnat launch cohort --project P"
"""What makes a cohort."""


@dataclass(frozen=True)
class FrozenSession:
    """A session of a cohort.

    Args:
        subject: label of the subject.
        session: label of the session.
        labels: one SHA-256 over the files of each resource of the session that holds series, by label.
        series: those that are usable, with the hash of every file.
    """

    subject: str
    session: str
    labels: Mapping[str, str]
    series: tuple[CohortSeries, ...]


@dataclass(frozen=True)
class FrozenSessions:
    """The sessions of a cohort, be it frozen with a clinical table or without.

    Args:
        project: id of the project.
        sha256: what tells the cohort from another.
        sessions: in the order of the file.
        clinical: of each session, in the same order, the row of the clinical table as JSON; empty where the
            cohort was frozen without one.
    """

    project: str
    sha256: str
    sessions: tuple[FrozenSession, ...]
    clinical: tuple[Mapping[str, Any], ...]


def cohort_tree(asset: AssetFolder) -> Mapping[str, Any]:
    """A cohort as JSON.

    Args:
        asset: the resource COHORT.

    Raises:
        InputError: it cannot be read, or is of another schema.
    """
    try:
        tree: Mapping[str, Any] = json.loads(asset.file(COHORT_FILE).read_bytes())
        schema = tree["schema"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise unusable("it cannot be read") from None
    if schema != SCHEMA:
        raise unusable(f"its schema is another than {SCHEMA}")
    return tree


def read_frozen_sessions(asset: AssetFolder) -> FrozenSessions:
    """Read the sessions of a cohort.

    Args:
        asset: the resource COHORT.

    Raises:
        InputError: it is not as the step wrote it.
    """
    tree = cohort_tree(asset)
    try:
        sessions = tuple(frozen_session(one) for one in tree["sessions"])
        rows = tuple(typed(Mapping[str, Any], one.get("clinical") or {}) for one in tree["sessions"])
        return FrozenSessions(typed(str, tree["project"]), asset.sha256, sessions, rows)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise unusable("a session of it has another form") from None


def frozen_session(tree: Mapping[str, Any]) -> FrozenSession:
    """A session of a cohort, of its JSON.

    Raises:
        ValueError: it has another form; so do KeyError and TypeError.
    """
    return FrozenSession(
        subject=typed(str, tree["subject"]),
        session=typed(str, tree["session"]),
        labels=typed(Mapping[str, str], tree["labels"]),
        series=typed(tuple[CohortSeries, ...], tree["series"]),
    )


def frozen_masks(frozen: FrozenSession, folder: SessionFolder, roi: str) -> SessionMasks:
    """The masks of a session, as they were when the cohort was frozen.

    Args:
        frozen: the session of the cohort.
        folder: its folder.
        roi: the region that is looked for, as the error names it.

    Raises:
        InputError: it has none, or they were changed since.
        ArchiveError: the resource is damaged.
    """
    record = folder.record(MASKS_LABEL)
    if record is None:
        raise InputError(f"{MASKS_LABEL}: must hold a mask of the region {roi}; the session has none.")
    if frozen.labels.get(MASKS_LABEL) != record.contents:
        raise InputError(f"{MASKS_LABEL}: must be as the cohort was frozen; it was changed since.")
    return read_masks(folder)


def frozen_volume(folder: SessionFolder, series: CohortSeries) -> Path:
    """The image of a series, the very file that was frozen.

    Args:
        folder: of the session.
        series: of the cohort.

    Raises:
        InputError: it was changed since.
        ArchiveError: the resource is damaged, or gone.
    """
    held = SessionFolder(folder.path, (series.label,)).series()
    files = next((one.files for one in held if one.outcome.series == series.key), ())
    if [sha256(path) for path in files] != [entry.sha256 for entry in series.files] or not files:
        raise InputError(
            f"{series.label}: must hold scan {series.key} as the cohort was frozen; it was changed."
        )
    return files[0]


def frozen_resource(frozen: FrozenSession, folder: SessionFolder, label: str) -> tuple[SeriesFiles, ...]:
    """The series of a resource, the very files that were there when the cohort was frozen.

    Args:
        frozen: the session of the cohort.
        folder: of the session.
        label: of the resource.

    Raises:
        InputError: it was changed since, or was not there.
        ArchiveError: it is damaged.
    """
    record = folder.record(label)
    if record is None or label not in frozen.labels:
        raise InputError(f"{label}: must have been there when the cohort was frozen; it was not.")
    listed = {entry.path: entry.sha256 for entry in record.files}
    changed = record.contents != frozen.labels[label]
    held = tuple(SessionFolder(folder.path, (label,)).series())
    for one in held:
        names = one.outcome.files
        changed |= any(sha256(path) != listed.get(name) for name, path in zip(names, one.files, strict=True))
    if changed:
        raise InputError(f"{label}: must be as the cohort was frozen; it was changed since.")
    return held


def unusable(found: str, *, must: str = "be as the step cohort writes it", hint: str = "") -> InputError:
    """That a cohort cannot be used, and why.

    Args:
        found: what is wrong.
        must: the rule.
        hint: the next thing to do; to freeze it again where empty.
    """
    return InputError(f"cohort: must {must}; {found}.", hint=hint or f"Freeze it again: {FREEZE}")
