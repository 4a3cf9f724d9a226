"""What a model of networks holds besides weights: `prognosis.json` of its folder.

Nobody's own value or time stands in it: columns are of five patients or more and rounded (`design`), times
are whole months with five events or more between them (`intervals`), and a bound is of horizons and
thousandths (`survival.conformal`).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, get_args

import numpy as np

from sarcoma_core.errors import InputError
from sarcoma_core.prognosis.clinical.endpoints import TimeZero, endpoint
from sarcoma_core.prognosis.design import Design
from sarcoma_core.prognosis.design_document import design_of, design_tree
from sarcoma_core.prognosis.feature_distance import SeenFeatures
from sarcoma_core.prognosis.foretold import OutcomeTimes
from sarcoma_core.prognosis.kept_document import read_kept
from sarcoma_core.prognosis.unlike_training import SeenPatients
from sarcoma_core.provenance import typed
from sarcoma_core.survival.conformal import ConformalBound
from sarcoma_core.text import json_bytes

SCHEMA: Final = 1
NOTES_FILE: Final = "prognosis.json"
_LEAST_MONTHS = 2


@dataclass(frozen=True)
class NetworkNotes:
    """What belongs to the weights of one network.

    Args:
        fold: that judged it.
        seed: its number among those of the fold, from 0.
        design: of its clinical columns; None where it takes none.
        times: of its outputs, by timed endpoint.
        features: where those of its patients lie, by the sequences that are seen (`pattern_of`); none of a
            pattern of which they were too few to tell.
    """

    fold: int
    seed: int
    design: Design | None
    times: Mapping[str, OutcomeTimes]
    features: Mapping[str, SeenFeatures]


@dataclass(frozen=True)
class PrognosisNotes:
    """What belongs to the weights of all.

    Args:
        time_zero: from when times count.
        columns: clinical columns that each network takes.
        networks: in the order of the files of weights.
        cuts: of each timed endpoint the risk above which a patient is one of high risk.
        bounds: of survival time, with the coverage that each claims; none where there was no calibration set.
        parts_sha256: of the file that says who is in which part.
        test_sha256: of the subjects of the test set.
        test_patients: how many.
        seen: what the patients of the development were like.
    """

    time_zero: TimeZero
    columns: int
    networks: tuple[NetworkNotes, ...]
    cuts: Mapping[str, float]
    bounds: tuple[ConformalBound, ...]
    parts_sha256: str
    test_sha256: str
    test_patients: int
    seen: SeenPatients

    def document(self) -> bytes:
        """The same as a file; equal notes give equal bytes."""
        body = {
            "schema": SCHEMA,
            "time_zero": self.time_zero,
            "columns": self.columns,
            "networks": [_tree(one) for one in self.networks],
            "cuts": dict(self.cuts),
            "bounds": [asdict(one) for one in self.bounds],
            "parts_sha256": self.parts_sha256,
            "test_sha256": self.test_sha256,
            "test_patients": self.test_patients,
            "seen": asdict(self.seen),
        }
        return json_bytes(body)


def read_notes(content: bytes) -> PrognosisNotes:
    """Read notes, and check all of them.

    Args:
        content: of their file.

    Raises:
        InputError: it is no such file, or its numbers do not belong together.
    """
    return read_kept(content, _notes, schema=SCHEMA, fault=_fault)


def _tree(one: NetworkNotes) -> Mapping[str, Any]:
    design = None if one.design is None else design_tree(one.design)
    times = {name: asdict(told) for name, told in one.times.items()}
    features = {pattern: asdict(seen) for pattern, seen in one.features.items()}
    return {"fold": one.fold, "seed": one.seed, "design": design, "times": times, "features": features}


def _notes(tree: Mapping[str, Any]) -> PrognosisNotes:
    if tree["time_zero"] not in get_args(TimeZero):
        raise _fault("its time zero is none that is known")
    notes = PrognosisNotes(
        time_zero=tree["time_zero"],
        columns=typed(int, tree["columns"]),
        networks=tuple(_network(one) for one in tree["networks"]),
        cuts=typed(Mapping[str, float], tree["cuts"]),
        bounds=typed(tuple[ConformalBound, ...], tree["bounds"]),
        parts_sha256=typed(str, tree["parts_sha256"]),
        test_sha256=typed(str, tree["test_sha256"]),
        test_patients=typed(int, tree["test_patients"]),
        seen=typed(SeenPatients, tree["seen"]),
    )
    most = max((len(one.design.columns) for one in notes.networks if one.design), default=0)
    if not notes.networks or notes.columns != most:
        raise _fault("it has no network, or another number of columns than its designs")
    if not np.isfinite(list(notes.cuts.values())).all():
        raise _fault("a cut is not finite")
    return notes


def _network(tree: Mapping[str, Any]) -> NetworkNotes:
    design = None if tree["design"] is None else design_of(tree["design"])
    times = typed(Mapping[str, OutcomeTimes], tree["times"])
    for name, told in times.items():
        endpoint(name)
        rises = all(b > a for a, b in zip(told.months, told.months[1:], strict=False))
        if len(told.months) < _LEAST_MONTHS or told.months[0] != 0 or not rises:
            raise _fault(f"the months of {name} do not rise from 0")
        for baseline in told.baseline:
            numbers = np.array(baseline)
            if numbers.size != len(told.months) - 1 or not (np.isfinite(numbers) & (numbers >= 0)).all():
                raise _fault(f"the baseline of {name} is not one number for each interval, 0 or more")
    features = typed(Mapping[str, SeenFeatures], tree["features"])
    return NetworkNotes(typed(int, tree["fold"]), typed(int, tree["seed"]), design, times, features)


def _fault(found: str) -> InputError:
    return InputError(
        f"model: must have a {NOTES_FILE} as train-prognosis wrote it; {found}.",
        hint="Train again, or put back the file as it was.",
    )
