"""Folds of patients: who is tested when, the same wherever and in whatever order the patients are told.

Patients are sorted by stratum, and within one by the SHA-256 of seed, repeat and subject; then they are dealt
to the folds in turn. So two folds differ by one at most, in patients, events and patients of a stratum.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np

from sarcoma_core.errors import InputError
from sarcoma_core.survival.follow_up import Counts, FollowUp

SCHEMA: Final = 1
RULE: Final = (
    "dealt in turn, sorted by event, centre, tertile of time, and SHA-256 of seed, repeat and subject, which "
    "are parted by tabs"
)
RULE_BY_SIZE: Final = (
    "dealt in turn, sorted by tertile of the tumour's volume, and SHA-256 of seed, repeat and subject, which "
    "are parted by tabs"
)
LEAST_FOLDS: Final = 2
_TERTILES: Final = (1 / 3, 2 / 3)


class Fold(NamedTuple):
    """The rows of one fold.

    Attributes:
        repeat: from 0.
        number: of the fold, from 0.
        train: rows that a model may see.
        test: rows that judge it; no patient is in both.
    """

    repeat: int
    number: int
    train: Counts
    test: Counts


@dataclass(frozen=True)
class RepeatedFolds:
    """The fold in which each patient is tested, in each repeat.

    Args:
        seed: that they were dealt by.
        folds: how many.
        repeats: of each the number of every subject's fold, from 0.
        rule: by which they were dealt, in words.
    """

    seed: int
    folds: int
    repeats: tuple[Mapping[str, int], ...]
    rule: str = RULE

    def rows(self, subjects: Sequence[str]) -> Iterator[Fold]:
        """Each fold of each repeat, as rows of a table.

        Args:
            subjects: of each row; a patient may have several.

        Raises:
            InputError: a subject has no fold.
        """
        for repeat, dealt in enumerate(self.repeats):
            if strangers := len(set(subjects) - set(dealt)):
                raise InputError(f"subjects: must each have a fold; {strangers} have none.")
            number = np.array([dealt[subject] for subject in subjects], np.int64)
            for fold in range(self.folds):
                yield Fold(repeat, fold, np.flatnonzero(number != fold), np.flatnonzero(number == fold))

    @property
    def tree(self) -> Mapping[str, Any]:
        """All of it as JSON."""
        repeats = [dict(sorted(dealt.items())) for dealt in self.repeats]
        return {
            "schema": SCHEMA,
            "rule": self.rule,
            "seed": self.seed,
            "folds": self.folds,
            "repeats": repeats,
        }

    @property
    def document(self) -> bytes:
        """The same as a file; equal folds give equal bytes."""
        return (json.dumps(self.tree, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()

    @property
    def sha256(self) -> str:
        """Of that file: what tells these folds from others."""
        return hashlib.sha256(self.document).hexdigest()


def repeated_folds(
    subjects: Sequence[str],
    follow_up: FollowUp,
    *,
    seed: int,
    folds: int = 5,
    repeats: int = 1,
    centres: Sequence[str] | None = None,
) -> RepeatedFolds:
    """Deal patients to folds, by event, time and, where they are told, centre.

    Args:
        subjects: of each row; the rows of one patient stay together.
        follow_up: of each row; the same in all rows of a patient.
        seed: another one deals otherwise.
        folds: two or more.
        repeats: how often they are dealt, each time otherwise.
        centres: of each row; None where folds may hold any part of a centre.

    Raises:
        InputError: there are fewer events than folds, lengths differ, or rows of a patient differ.
    """
    strata = strata_of(subjects, follow_up, centres=centres)
    events = sum(not without for without, _, _ in strata.values())
    if folds < LEAST_FOLDS or repeats < 1:
        raise InputError(
            f"folds and repeats: must be {LEAST_FOLDS} and 1 or more; found {folds} and {repeats}."
        )
    if events < folds:
        raise InputError(
            f"folds: must be no more than there are events, for each needs one; found {folds} for {events}.",
            hint=f"Ask for {events} folds." if events >= LEAST_FOLDS else "So few events judge no model.",
        )
    return RepeatedFolds(seed, folds, _dealt(strata, seed, folds, repeats))


Stratum = tuple[bool, str, int]
"""Whether a patient had no event, the centre, and the tertile of time."""


def strata_of(
    subjects: Sequence[str], follow_up: FollowUp, *, centres: Sequence[str] | None = None
) -> Mapping[str, Stratum]:
    """The stratum of each patient, those with an event first.

    Args:
        subjects: of each row.
        follow_up: of each row; the same in all rows of a patient.
        centres: of each row; None where they do not count.

    Raises:
        InputError: lengths differ, or rows of a patient differ.
    """
    patients = _patients(subjects, follow_up, centres)
    times = np.array([one.time for one in patients.values()])
    cuts = np.quantile(times, _TERTILES)
    thirds = np.searchsorted(cuts, times, side="left").tolist()
    return {
        subject: (not one.event, one.centre, third)
        for (subject, one), third in zip(patients.items(), thirds, strict=True)
    }


def folds_by_size(sizes: Mapping[str, float], *, seed: int, folds: int) -> RepeatedFolds:
    """Deal patients to folds by tertile of a size, such as the tumour's volume.

    Args:
        sizes: of each subject.
        seed: another one deals otherwise.
        folds: two or more.

    Raises:
        InputError: there are fewer patients than folds, or fewer than two folds.
    """
    if not LEAST_FOLDS <= folds <= len(sizes):
        raise InputError(
            f"folds: must be {LEAST_FOLDS} or more, and no more than there are patients; found {folds} for "
            f"{len(sizes)}.",
            hint="Freeze a larger cohort." if len(sizes) < LEAST_FOLDS else f"Ask for {len(sizes)} folds.",
        )
    cuts = np.quantile(list(sizes.values()), _TERTILES)
    strata = {subject: int(np.searchsorted(cuts, size, side="left")) for subject, size in sizes.items()}
    return RepeatedFolds(seed, folds, _dealt(strata, seed, folds, 1), RULE_BY_SIZE)


def _dealt(strata: Mapping[str, Any], seed: int, folds: int, repeats: int) -> tuple[Mapping[str, int], ...]:
    """The fold of each subject in each repeat: dealt in turn by stratum, then by digest."""

    def dealt(repeat: int) -> Mapping[str, int]:
        order = in_strata(strata, f"{seed}\t{repeat}")
        return {subject: turn % folds for turn, subject in enumerate(order)}

    return tuple(dealt(repeat) for repeat in range(repeats))


def in_strata(strata: Mapping[str, Any], name: str) -> list[str]:
    """Subjects sorted by stratum, and within one by chance: the SHA-256 of a name and the subject.

    Args:
        strata: of each subject.
        name: of the draw: another one sorts otherwise.
    """

    def place(subject: str) -> tuple[Any, str]:
        return strata[subject], hashlib.sha256(f"{name}\t{subject}".encode()).hexdigest()

    return sorted(strata, key=place)


class _Patient(NamedTuple):
    event: bool
    time: float
    centre: str


def _patients(
    subjects: Sequence[str], follow_up: FollowUp, centres: Sequence[str] | None
) -> Mapping[str, _Patient]:
    """Each patient once."""
    where = ("",) * len(subjects) if centres is None else centres
    if not len(subjects) == len(follow_up) == len(where):
        raise InputError(
            f"subjects and centres: must be one of each for every row; found {len(subjects)} and "
            f"{len(where)} for {len(follow_up)}."
        )
    rows = zip(subjects, follow_up.event.tolist(), follow_up.time.tolist(), where, strict=True)
    told = {(subject, _Patient(event, time, centre)) for subject, event, time, centre in rows}
    twice = sum(count > 1 for count in Counter(subject for subject, _ in told).values())
    if twice:
        raise InputError(
            f"rows: must tell one follow-up and one centre of each patient; of {twice} they tell several."
        )
    return dict(told)


def read_folds(content: bytes) -> RepeatedFolds:
    """Read folds that were written.

    Args:
        content: of a file as `RepeatedFolds.document`.

    Raises:
        InputError: it is no such file, or its repeats are not of the same patients.
    """
    try:
        tree = json.loads(content)
    except (ValueError, RecursionError):
        tree = None
    match tree:
        case {
            "schema": 1,
            "rule": str(rule),
            "seed": int(seed),
            "folds": int(folds),
            "repeats": [_, *_] as repeats,
        } if all(_is_dealt(one, folds) for one in repeats) and len({frozenset(one) for one in repeats}) == 1:
            return RepeatedFolds(seed, folds, tuple(repeats), rule)
    raise InputError(
        "splits: must be as they were written: of schema 1, and in each repeat one fold for each of the same "
        "subjects; they are not.",
        hint="Train again: the same cohort and seed give the same folds.",
    )


def _is_dealt(tree: object, folds: int) -> bool:
    return isinstance(tree, dict) and all(type(fold) is int and 0 <= fold < folds for fold in tree.values())
