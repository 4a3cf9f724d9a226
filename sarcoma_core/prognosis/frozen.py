"""A frozen cohort, read: each patient with the row of the clinical table and the series of one session.

A training reads this resource alone, so that its one hash is all that it has seen.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, get_args

from sarcoma_core.archive.asset import AssetFolder
from sarcoma_core.archive.cohort import COHORT_FILE, SCHEMA, CohortSeries
from sarcoma_core.errors import InputError
from sarcoma_core.prognosis.clinical.endpoints import TimeZero
from sarcoma_core.prognosis.clinical.table import ClinicalRow, row_of
from sarcoma_core.prognosis.flow import flow_of
from sarcoma_core.provenance import typed
from sarcoma_core.report.flow_diagram import PatientFlow

_FREEZE: Final = "sarcoma run cohort --archive DIR --project P, or sarcoma xnat launch cohort --project P"


@dataclass(frozen=True)
class CohortMember:
    """A patient of a cohort.

    Args:
        subject: label of the subject.
        session: label of the one session that was chosen.
        row: of the clinical table.
        labels: one SHA-256 over the files of each resource of the session that holds series, by label.
        series: those that are usable, with the hash of every file.
        key: by which columns row and session were joined.
        why: the reason for which this session was chosen.
    """

    subject: str
    session: str
    row: ClinicalRow
    labels: Mapping[str, str]
    series: tuple[CohortSeries, ...]
    key: str = ""
    why: str = ""


@dataclass(frozen=True)
class FrozenCohort:
    """Who is in a training.

    Args:
        project: id of the project.
        sha256: what tells the cohort from another.
        time_zero: what the times of the rows are counted from.
        members: one for each patient, in the order of the file.
        flow: how the patients of the table became these.
    """

    project: str
    sha256: str
    time_zero: TimeZero
    members: tuple[CohortMember, ...]
    flow: PatientFlow


def read_frozen_cohort(asset: AssetFolder) -> FrozenCohort:
    """Read a cohort that was frozen with a clinical table.

    Args:
        asset: the resource COHORT.

    Raises:
        InputError: it is of schema 1 or without a table, or it is not as the step wrote it.
    """
    try:
        tree = json.loads(asset.file(COHORT_FILE).read_bytes())
        schema, clinical = tree["schema"], tree.get("clinical")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise _unusable("it cannot be read", f"Freeze it again: {_FREEZE}") from None
    if schema != SCHEMA:
        raise _unusable(f"its schema is another than {SCHEMA}", f"Freeze it again: {_FREEZE}")
    if clinical is None:
        raise _unusable(
            "it was frozen without a clinical table",
            f"sarcoma clinical push TABLE --project P --write, then {_FREEZE}",
        )
    try:
        return _cohort(tree, asset.sha256)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise _unusable(
            "a session of it has no row, or another form", f"Freeze it again: {_FREEZE}"
        ) from None


def _cohort(tree: Mapping[str, Any], sha256: str) -> FrozenCohort:
    time_zero = tree["clinical"]["time_zero"]
    if time_zero not in get_args(TimeZero):
        raise ValueError
    members = tuple(_member(one) for one in tree["sessions"])
    return FrozenCohort(str(tree["project"]), sha256, time_zero, members, flow_of(tree["flow"]))


def _member(tree: Mapping[str, Any]) -> CohortMember:
    row = row_of(tree["clinical"])
    if row.subject != tree["subject"]:
        raise ValueError
    return CohortMember(
        subject=row.subject,
        session=typed(str, tree["session"]),
        row=row,
        labels=typed(Mapping[str, str], tree["labels"]),
        series=typed(tuple[CohortSeries, ...], tree["series"]),
        key=typed(str, tree["key"]),
        why=typed(str, tree["why"]),
    )


def _unusable(found: str, hint: str) -> InputError:
    return InputError(
        f"cohort: must be frozen with a clinical table, as the step cohort writes it; {found}.", hint=hint
    )
