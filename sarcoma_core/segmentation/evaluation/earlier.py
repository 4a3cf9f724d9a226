"""The cases of an earlier evaluation, read again: what another model reached on the same references."""

import csv
import io
import json
import math
from collections.abc import Mapping
from typing import Final, NamedTuple, get_args

from sarcoma_core.archive.asset import AssetFolder
from sarcoma_core.errors import InputError
from sarcoma_core.segmentation.evaluation.cases import REGIONS, VARIABLES, ModelGroup, ScoredCase
from sarcoma_core.segmentation.evaluation.files import (
    CASES_FILE,
    COMPARED,
    EVALUATION_FILE,
    SCHEMA,
    SCORES,
)
from sarcoma_core.segmentation.evaluation.planes import Plane
from sarcoma_core.segmentation.evaluation.reading import CaseRules
from sarcoma_core.segmentation.metrics import MaskScores

_PLANES: Final[tuple[Plane, ...]] = get_args(Plane)


class EarlierCases(NamedTuple):
    """What an earlier evaluation has.

    Attributes:
        cases: that were compared; none where they cannot be compared with those of now.
        reason: why they cannot, in a sentence without a full stop; empty where they can.
        number: how many there are, be they usable or not.
    """

    cases: tuple[ScoredCase, ...] = ()
    reason: str = ""
    number: int = 0


def read_earlier(asset: AssetFolder, cohort_sha256: str, rules: CaseRules) -> EarlierCases:
    """Read the cases of an earlier evaluation, of the regions that are asked for.

    Args:
        asset: the resource EVALUATION.
        cohort_sha256: of the cohort that is evaluated now.
        rules: by which it is.

    Raises:
        InputError: it is not as the step wrote it.
    """
    try:
        tree = json.loads(asset.file(EVALUATION_FILE).read_bytes())
        if tree["schema"] != SCHEMA:
            raise _unusable(f"its schema is another than {SCHEMA}")
        text = asset.file(CASES_FILE).read_text("utf-8")
        rows = [row for row in csv.DictReader(io.StringIO(text), strict=True) if row["dice"]]
        if tree["cohort_sha256"] != cohort_sha256:
            return EarlierCases((), "they are of another cohort", len(rows))
        if (tree["definition"], tree["tolerance_mm"]) != (rules.definition, rules.tolerance_mm):
            return EarlierCases((), "they were measured by another definition or tolerance", len(rows))
        cases = tuple(_case(row, rules) for row in rows)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, csv.Error):
        raise _unusable("it cannot be read") from None
    kept = tuple(one for one in cases if one.group.region in rules.regions)
    return EarlierCases(kept, "", len(cases))


def _case(row: Mapping[str, str], rules: CaseRules) -> ScoredCase:
    region = {str(one): one for one in REGIONS}[row["region"]]
    plane = {str(one): one for one in _PLANES}[row["plane"]]
    numbers = {name: _number(row[name]) for name in SCORES if name != "volume_error"}
    scores = MaskScores(
        **numbers,
        volume_error=_number(row["volume_error"]) if row["volume_error"] else None,
        failed=row["status"] != COMPARED,
        definition=rules.definition,
        tolerance_mm=rules.tolerance_mm,
    )
    return ScoredCase(
        subject=row["subject"],
        session=row["session"],
        series=row["series"],
        group=ModelGroup(row["model"], row["sequence"], plane, region),
        scores=scores,
        reference=row["reference"],
        reference_sha256=row["reference_sha256"],
        mask=row["mask"],
        mask_sha256=row["mask_sha256"],
        strata={name: row[name] for name in VARIABLES if row[name]},
        doubts=int(row["doubts"]),
        earlier=True,
    )


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _unusable(found: str) -> InputError:
    return InputError(
        f"--earlier: must be as the step evaluate-segmentation wrote it; {found}.",
        hint="Evaluate without it (carry=false), or delete the resource EVALUATION.",
    )
