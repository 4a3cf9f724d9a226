"""The parts of a cohort: a test set that is seldom opened, a calibration set, and folds of those who remain.

Each fold is judged by networks that have not seen it, the next one chooses their epochs, and they learn from
the others: so nobody judges who has chosen. Patients of the calibration set are seen by no network, and a
bound that claims a coverage is fitted on them. The test set is for the day when all else is decided.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

from sarcoma_core.errors import InputError
from sarcoma_core.survival.follow_up import FollowUp
from sarcoma_core.text import json_bytes
from sarcoma_core.training.splits import RepeatedFolds, in_strata, read_folds, repeated_folds, strata_of

SCHEMA: Final = 1
LEAST_FOLDS: Final = 3
"""One judges, one chooses, one is learned from."""
MOST_ASIDE: Final = 60
"""Per cent of the patients that may be set aside: of fewer than those who are left nothing is learned."""
PARTS_RULE: Final = (
    "sorted by event, centre, tertile of time, and SHA-256 of seed, `parts` and subject; of these every so "
    "many go to the test set, of the rest to the calibration set; folds as told in `folds`"
)
Aside = Literal["test", "calibration"]


class FoldRoles(NamedTuple):
    """Who does what for the networks of a fold.

    Attributes:
        train: subjects that they learn from.
        choose: that choose their epochs and their blend.
        judge: that judge them.
    """

    train: tuple[str, ...]
    choose: tuple[str, ...]
    judge: tuple[str, ...]


@dataclass(frozen=True)
class StudyParts:
    """Which part each patient is in.

    Args:
        seed: that they were dealt by.
        test: subjects of the test set.
        calibration: of the calibration set.
        folds: of all others.
    """

    seed: int
    test: tuple[str, ...]
    calibration: tuple[str, ...]
    folds: RepeatedFolds

    @property
    def development(self) -> tuple[str, ...]:
        """Subjects that networks learn from, in one fold or another."""
        return tuple(sorted(self.folds.repeats[0]))

    def roles(self, fold: int) -> FoldRoles:
        """Who does what for a fold.

        Args:
            fold: that is judged, from 0.
        """
        dealt = self.folds.repeats[0]
        following = (fold + 1) % self.folds.folds
        of = {
            number: tuple(sorted(one for one in dealt if dealt[one] == number))
            for number in range(self.folds.folds)
        }
        train = tuple(sorted(one for one in dealt if dealt[one] not in (fold, following)))
        return FoldRoles(train, of[following], of[fold])

    def part_sha256(self, part: Aside) -> str:
        """Of the subjects of a part: what tells whether the same were opened again."""
        return hashlib.sha256("\n".join(getattr(self, part)).encode()).hexdigest()

    @property
    def tree(self) -> Mapping[str, Any]:
        """All of it as JSON."""
        return {
            "schema": SCHEMA,
            "rule": PARTS_RULE,
            "seed": self.seed,
            "test": list(self.test),
            "calibration": list(self.calibration),
            "folds": self.folds.tree,
        }

    @property
    def document(self) -> bytes:
        """The same as a file; equal parts give equal bytes."""
        return json_bytes(self.tree)

    @property
    def sha256(self) -> str:
        """Of that file."""
        return hashlib.sha256(self.document).hexdigest()


def study_parts(
    subjects: Sequence[str],
    follow_up: FollowUp,
    *,
    seed: int,
    folds: int,
    test_percent: int,
    calibration_percent: int,
    centres: Sequence[str] | None = None,
) -> StudyParts:
    """Part a cohort by patients, each part with its share of events, centres and times.

    Args:
        subjects: of each row.
        follow_up: of each row, for the endpoint that counts first.
        seed: another one parts otherwise.
        folds: three or more.
        test_percent: of the patients in the test set; 0 for none.
        calibration_percent: in the calibration set; 0 for none.
        centres: of each row; None where they do not count.

    Raises:
        InputError: too many are set aside, folds are too few or more than there are events left, or see
            `splits.strata_of`.
    """
    if folds < LEAST_FOLDS:
        raise InputError(f"folds: must be {LEAST_FOLDS} or more; found {folds}.")
    if min(test_percent, calibration_percent) < 0 or test_percent + calibration_percent > MOST_ASIDE:
        raise InputError(
            f"test and calibration: must be 0 or more, and {MOST_ASIDE} % together at most; found "
            f"{test_percent} and {calibration_percent}."
        )
    strata = strata_of(subjects, follow_up, centres=centres)
    order = in_strata(strata, f"{seed}\tparts")
    test = _every(order, test_percent / 100)
    left = [one for one in order if one not in test]
    calibration = _every(left, calibration_percent / (100 - test_percent))
    aside = test | calibration
    rows = [row for row, subject in enumerate(subjects) if subject not in aside]
    dealt = repeated_folds(
        [subjects[row] for row in rows],
        FollowUp(follow_up.time[rows], follow_up.event[rows]),
        seed=seed,
        folds=folds,
        centres=None if centres is None else [centres[row] for row in rows],
    )
    return StudyParts(seed, tuple(sorted(test)), tuple(sorted(calibration)), dealt)


def _every(order: Sequence[str], part: float) -> frozenset[str]:
    """So large a part of a sorted list, evenly from its beginning to its end; the middle of each stretch."""
    start = 0.5
    return frozenset(
        one for n, one in enumerate(order) if int((n + 1) * part + start) > int(n * part + start)
    )


def read_parts(content: bytes) -> StudyParts:
    """Read parts that were written.

    Args:
        content: of a file as `StudyParts.document`.

    Raises:
        InputError: it is no such file, or a patient is in two parts.
    """
    try:
        tree = json.loads(content)
        folds = read_folds(json.dumps(tree["folds"]).encode())
        found = StudyParts(tree["seed"], tuple(tree["test"]), tuple(tree["calibration"]), folds)
        everybody = (*found.test, *found.calibration, *found.development)
        whole = found.document == content and len(set(everybody)) == len(everybody)
    except (InputError, ValueError, KeyError, TypeError, RecursionError):
        whole = False
    if not whole:
        raise InputError(
            "splits.json: must be as it was written: of schema 1, and each patient in one part; it is not.",
            hint="Train again: the same cohort and seed give the same parts.",
        )
    return found
