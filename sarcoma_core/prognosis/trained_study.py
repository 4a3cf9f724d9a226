"""What a training of networks has left at its site, read again: it must be of the model and of the cohort.

Who was in which part, and what each head foretold of whom out of fold. The test set is told apart by name
alone: nothing of its patients is read here.
"""

import csv
import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sarcoma_core.archive.asset import AssetFolder
from sarcoma_core.errors import InputError
from sarcoma_core.models.prognosis_task import GRADE
from sarcoma_core.prognosis.clinical.endpoints import ENDPOINTS, EndpointName
from sarcoma_core.prognosis.clinical.variables import Known
from sarcoma_core.prognosis.frozen import FrozenCohort
from sarcoma_core.prognosis.network_model import PrognosisFolder
from sarcoma_core.prognosis.network_writing import OUT_OF_FOLD, SPLITS
from sarcoma_core.provenance import typed
from sarcoma_core.text import counted
from sarcoma_core.training.earlier import TRAINING
from sarcoma_core.training.parts import StudyParts, read_parts

_COLUMNS: Final = ("endpoint", "model", "subject", "fold", "risk")
_HINT: Final = (
    "Give COHORT, model and PROG_TRAINING of one training, or train again: "
    "sarcoma run train-prognosis --archive A --project P"
)

Risks = Mapping[tuple[str, str], Mapping[str, float]]
"""By endpoint and head: of each subject the risk that networks foretold which had not seen it."""


@dataclass(frozen=True)
class KeptOrder:
    """What of its order counts when others are fitted beside it.

    Args:
        seed: of the training.
        when: the prediction is made.
        endpoints: names, the grade among them or not.
    """

    seed: int
    when: Known
    endpoints: tuple[str, ...]

    @property
    def timed(self) -> tuple[EndpointName, ...]:
        """Endpoints that come with time, in the order of tables."""
        return tuple(one.name for one in ENDPOINTS if one.name in self.endpoints)

    @property
    def foretells_grade(self) -> bool:
        """Whether networks foretell the grade, and so are not given it."""
        return GRADE in self.endpoints


@dataclass(frozen=True)
class KeptTraining:
    """What a training has left.

    Args:
        order: it was trained with.
        parts: who was in which.
        risks: foretold out of fold.
    """

    order: KeptOrder
    parts: StudyParts
    risks: Risks


def read_training(
    study: AssetFolder, model: AssetFolder, opened: PrognosisFolder, cohort: FrozenCohort
) -> KeptTraining:
    """Read it, and check that model, study and cohort are of one training.

    Args:
        study: the resource PROG_TRAINING.
        model: the resource of the model.
        opened: the same, opened.
        cohort: that others are to be fitted on.

    Raises:
        InputError: one of them is of another training, or a file is not as train-prognosis wrote it.
    """
    trained_on = opened.model.card.cohort
    if trained_on is None or trained_on.sha256 != cohort.sha256:
        told = f"{trained_on.sha256[:12]}..." if trained_on else "nothing"
        raise _fault("--cohort", f"the one that --model was trained on; its card tells {told}", cohort.sha256)
    told_by_run = study.record.assets.get("cohort") if study.record else None
    if told_by_run is not None and told_by_run != cohort.sha256:
        raise _fault(
            "--cohort",
            f"the one that --study was made of; its run tells {told_by_run[:12]}...",
            cohort.sha256,
        )
    splits = study.file(SPLITS).read_bytes()
    found = hashlib.sha256(splits).hexdigest()
    if found != opened.notes.parts_sha256:
        told = f"{SPLITS} with the SHA-256 that --model tells, {opened.notes.parts_sha256[:12]}..."
        raise _fault("--study", told, found)
    if _keys(study, "--study") != _keys(model, "--model"):
        raise InputError(
            f"--study: must be of the training that made --model; its {TRAINING} is of another one.",
            hint=_HINT,
        )
    parts = read_parts(splits)
    require_members(parts, cohort)
    return KeptTraining(_order(model), parts, read_risks(study.file(OUT_OF_FOLD).read_bytes(), parts))


def require_members(parts: StudyParts, cohort: FrozenCohort) -> None:
    """Refuse parts of patients whom the cohort has not.

    Args:
        parts: of a training.
        cohort: that it should be of.

    Raises:
        InputError: it lacks some.
    """
    told = {*parts.test, *parts.calibration, *parts.development}
    lacking = len(told - {member.subject for member in cohort.members})
    if lacking:
        who = counted(len(told), "patient")
        raise InputError(f"--cohort: must hold all {who} of {SPLITS}; it lacks {lacking}.", hint=_HINT)


def read_risks(content: bytes, parts: StudyParts) -> Risks:
    """What was foretold out of fold.

    Args:
        content: of the file.
        parts: of the same training.

    Raises:
        InputError: a row is not of a patient of the development in its fold, tells no number, or stands there
            twice.
    """
    dealt = parts.folds.repeats[0]
    found: dict[tuple[str, str], dict[str, float]] = {}
    reader = csv.DictReader(content.decode("utf-8", "replace").splitlines())
    if tuple(reader.fieldnames or ()) != _COLUMNS:
        raise _odd(f"it has other columns than {', '.join(_COLUMNS)}")
    for number, row in enumerate(reader, 1):
        subject, risks = row["subject"], found.setdefault((row["endpoint"], row["model"]), {})
        if str(dealt.get(subject)) != row["fold"]:
            raise _odd(f"row {number} is of a patient who is not in that fold of {SPLITS}")
        if subject in risks:
            raise _odd(f"row {number} tells a patient a second time")
        risks[subject] = _number(row["risk"], number)
    return found


def _number(text: str, row: int) -> float:
    try:
        value = float(text)
    except (TypeError, ValueError):
        value = math.nan
    if not math.isfinite(value):
        raise _odd(f"row {row} tells no finite risk")
    return value


def _keys(asset: AssetFolder, flag: str) -> tuple[str, ...]:
    """What tells a training from all others, of each network."""
    try:
        return typed(tuple[str, ...], json.loads(asset.file(TRAINING).read_bytes())["keys"])  # type: ignore[no-any-return]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise InputError(f"{flag}: must tell its keys in {TRAINING}; it does not.", hint=_HINT) from None


def _order(model: AssetFolder) -> KeptOrder:
    """What the training tells of itself in the model's folder."""
    try:
        tree: Any = json.loads(model.file(TRAINING).read_bytes())["order"]
        return KeptOrder(
            seed=typed(int, tree["seed"]),
            when=typed(Known, tree["when"]),
            endpoints=typed(tuple[str, ...], tree["endpoints"]),
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        raise InputError(
            f"--model: must tell its order in {TRAINING}, as train-prognosis wrote it; it does not.",
            hint=_HINT,
        ) from None


def _fault(flag: str, rule: str, found: str) -> InputError:
    return InputError(f"{flag}: must be {rule}; found {found[:12]}....", hint=_HINT)


def _odd(found: str) -> InputError:
    return InputError(f"--study: {OUT_OF_FOLD} must be as train-prognosis wrote it; {found}.", hint=_HINT)
