"""A frozen cohort with its clinical table, read: each patient with a row and the series of one session."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, get_args

from sarcoma_core.archive.asset import AssetFolder
from sarcoma_core.archive.frozen import FREEZE, FrozenSession, cohort_tree, frozen_session, unusable
from sarcoma_core.prognosis.clinical.endpoints import TimeZero
from sarcoma_core.prognosis.clinical.table import ClinicalRow, row_of
from sarcoma_core.prognosis.flow import flow_of
from sarcoma_core.provenance import typed
from sarcoma_core.report.flow_diagram import PatientFlow

_MUST: Final = "be frozen with a clinical table, as the step cohort writes it"


@dataclass(frozen=True)
class CohortMember(FrozenSession):
    """A patient of a cohort, with the one session that was chosen.

    Args:
        row: of the clinical table.
        key: by which columns row and session were joined.
        why: the reason for which this session was chosen.
    """

    row: ClinicalRow
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
    tree = cohort_tree(asset)
    if tree.get("clinical") is None:
        push = f"sarcoma clinical push TABLE --project P --write, then {FREEZE}"
        raise unusable("it was frozen without a clinical table", must=_MUST, hint=push)
    try:
        return _cohort(tree, asset.sha256)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise unusable("a session of it has no row, or another form", must=_MUST) from None


def _cohort(tree: Mapping[str, Any], sha256: str) -> FrozenCohort:
    time_zero = tree["clinical"]["time_zero"]
    if time_zero not in get_args(TimeZero):
        raise ValueError
    members = tuple(_member(one) for one in tree["sessions"])
    return FrozenCohort(str(tree["project"]), sha256, time_zero, members, flow_of(tree["flow"]))


def _member(tree: Mapping[str, Any]) -> CohortMember:
    one, row = frozen_session(tree), row_of(tree["clinical"])
    if row.subject != one.subject:
        raise ValueError
    key, why = (typed(str, tree[name]) for name in ("key", "why"))
    return CohortMember(one.subject, one.session, one.labels, one.series, row, key, why)
