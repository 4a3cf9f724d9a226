"""What a model is: its licence, on whom it was trained, how good it is, what it is not for. `card.json`.

Schema 1, of earlier releases, had one file of weights and told neither cohort nor numbers. A card of schema 2
tells openings only where there are any: those of earlier releases tell none.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from sarcoma_core.errors import InputError
from sarcoma_core.provenance import typed

WEIGHTS: Final = "weights.safetensors"
MOST_WEIGHTS: Final = 32
"""Files of one ensemble."""
INTENDED_USE: Final = "Research only: this is not a medical device, and not for decisions on a patient."
MOST_NUMBERS: Final = 1000
MOST_OF_LINE: Final = 500
"""Characters of a text."""
_MOST_WHOLE: Final = 2**53
"""Beyond it a float does not hold every whole number."""

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_MOMENT: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\+00:00")

Use = Literal["research", "commercial"]
USES: tuple[str, ...] = get_args(Use)


@dataclass(frozen=True)
class TrainingCohort:
    """On whom a model was trained.

    Args:
        sha256: of the cohort, by which it is told.
        patients: how many.
        sessions: how many.
        what: one sentence on who they are.
    """

    sha256: str
    patients: int
    sessions: int
    what: str


@dataclass(frozen=True)
class CardNumber:
    """How good a model is by one measure, in one setting.

    Args:
        setting: on what it was measured, e.g. `tumour, unseen patients`.
        measure: e.g. `Dice`.
        n: of how many patients; where it is 0 there are no numbers.
        median: over them.
        q1: first quartile.
        q3: third quartile.
        lower: 95 % bootstrap limit of the median.
        upper: likewise.
        p5: 5th percentile.
    """

    setting: str
    measure: str
    n: int
    median: float | None
    q1: float | None = None
    q3: float | None = None
    lower: float | None = None
    upper: float | None = None
    p5: float | None = None


@dataclass(frozen=True)
class CardOpening:
    """That somebody looked at how well a model does on the patients who were set aside for the test.

    Args:
        who: the user of XNAT who launched it, or of the machine.
        when: UTC, ISO 8601, to the second.
        patients: of the test set.
        test_sha256: of their subjects: what tells whether the same were opened before.
        splits_sha256: of the file that says who is in which part.
        weights_sha256: over all files of weights.
        numbers: how good the model was on them.
    """

    who: str
    when: str
    patients: int
    test_sha256: str
    splits_sha256: str
    weights_sha256: str
    numbers: tuple[CardNumber, ...]


@dataclass(frozen=True)
class ModelCard:
    """What a model is, and what it may be used for.

    Args:
        name: of the model.
        version: of the model.
        licence: SPDX identifier, or `LicenseRef-...`.
        permitted_use: of `research`, `commercial`.
        weights_sha256: SHA-256 of each file of weights, by name: `weights.safetensors`, and where the model
            is an ensemble of equal networks `weights-2.safetensors` and so on.
        intended_use: one sentence.
        synthetic: whether it was trained on synthetic patients only.
        cohort: on whom it was trained; None where it is not known.
        numbers: how good it is.
        limits: a sentence for each.
        openings: of the test set, the first one first; also those of models that stood here before.
    """

    name: str
    version: str
    licence: str
    permitted_use: tuple[str, ...]
    weights_sha256: Mapping[str, str]
    intended_use: str = INTENDED_USE
    synthetic: bool = False
    cohort: TrainingCohort | None = None
    numbers: tuple[CardNumber, ...] = ()
    limits: tuple[str, ...] = ()
    openings: tuple[CardOpening, ...] = ()


def opened_before(openings: Sequence[CardOpening]) -> tuple[bool, ...]:
    """Whether the same patients had been opened before, by any weights, at each opening.

    Args:
        openings: the first one first.
    """
    tests = [one.test_sha256 for one in openings]
    return tuple(test in tests[:place] for place, test in enumerate(tests))


def require_use(card: ModelCard, use: Use) -> None:
    """Refuse a use that the model's licence does not permit.

    Raises:
        InputError: it does not.
    """
    if use not in card.permitted_use:
        raise InputError(
            f"--use: must be permitted by the model's licence ({card.licence}: "
            f"{', '.join(card.permitted_use)}); found {use}.",
            hint="Take another model, or ask its makers for another licence.",
        )


def weights_names(count: int) -> tuple[str, ...]:
    """The names of the files of weights of a model.

    Args:
        count: how many networks it has.
    """
    stem, suffix = WEIGHTS.split(".")
    return (WEIGHTS, *(f"{stem}-{number}.{suffix}" for number in range(2, count + 1)))


def parse_card(tree: Mapping[str, Any]) -> ModelCard:
    """A card of its JSON, of schema 1 or 2.

    Raises:
        ValueError: a field is missing or wrong; the text says the rule and what was found.
    """
    match tree:
        case {
            "name": str(name),
            "version": str(version),
            "licence": str(licence),
            "permitted_use": [*uses],
        } if all(map(_is_line, (name, version, licence))) and uses and all(use in USES for use in uses):
            pass
        case _:
            raise ValueError(
                f"must have name, version, licence (each a line), permitted_use (of {', '.join(USES)}) and "
                "weights_sha256; one is missing or wrong"
            )
    rest = {} if tree["schema"] == 1 else _told_since_schema_2(tree)
    return ModelCard(name, version, licence, tuple(uses), _hashes(tree), **rest)


def _hashes(tree: Mapping[str, Any]) -> Mapping[str, str]:
    told = tree.get("weights_sha256")
    if tree["schema"] == 1 and isinstance(told, str):
        told = {WEIGHTS: told}
    if not isinstance(told, dict) or not all(isinstance(digest, str) for digest in told.values()):
        raise ValueError(
            "must have name, version, licence, permitted_use and weights_sha256, which tells the SHA-256 of "
            "each file of weights; weights_sha256 is missing or wrong"
        )
    names = weights_names(len(told))
    if not 1 <= len(told) <= MOST_WEIGHTS or set(told) != set(names):
        odd = next((name for name in sorted(told) if name not in names), f"{len(told)} files")
        raise ValueError(
            f"must name {WEIGHTS} in weights_sha256, then {weights_names(2)[1]} and so on, {MOST_WEIGHTS} at "
            f"most; found {odd[:80]!r}"
        )
    return {name: told[name] for name in names}


def _told_since_schema_2(tree: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "intended_use": _told(tree, "intended_use", str, "one sentence"),
        "synthetic": _told(tree, "synthetic", bool, "true or false"),
        "cohort": _told(
            tree,
            "cohort",
            TrainingCohort | None,
            "null, or an object with sha256, patients, sessions and what",
        ),
        "numbers": _told(
            {"numbers": _measured(tree.get("numbers"))},
            "numbers",
            tuple[CardNumber, ...],
            f"a list of at most {MOST_NUMBERS} objects with setting, measure, n and finite numbers",
        ),
        "limits": _told(tree, "limits", tuple[str, ...], "a list of sentences"),
        "openings": parse_openings(tree.get("openings", [])),
    }


def parse_openings(told: object) -> tuple[CardOpening, ...]:
    """Openings of their JSON.

    Args:
        told: a list.

    Raises:
        ValueError: it is none, or an opening breaks a rule.
    """
    what = (
        f"a list of at most {MOST_NUMBERS} objects with who, when (UTC, as 2026-01-31T12:00:00+00:00), "
        "patients, test_sha256, splits_sha256, weights_sha256 and numbers as those of the card"
    )
    measured = [
        {**one, "numbers": _measured(one.get("numbers"))} if isinstance(one, dict) else one
        for one in (told if isinstance(told, list) else [None])
    ]
    found: tuple[CardOpening, ...] = _told({"openings": measured}, "openings", tuple[CardOpening, ...], what)
    return found


def _told(tree: Mapping[str, Any], name: str, hint: Any, what: str) -> Any:  # noqa: ANN401  a type hint has no type of its own, nor has JSON
    try:
        found = typed(hint, tree[name])
    except (KeyError, TypeError):
        found = None
    else:
        if _is_legal(found):
            return found
    raise ValueError(f"must tell {name}: {what}; it is missing or wrong")


def _measured(told: Any) -> Any:  # noqa: ANN401  as above
    """The same JSON, where a measure that is whole, as a Dice of 1, is told as 1.0."""
    if isinstance(told, list):
        return [_measured(one) for one in told]
    if isinstance(told, dict):
        return {
            key: float(value) if key != "n" and type(value) is int and abs(value) <= _MOST_WHOLE else value
            for key, value in told.items()
        }
    return told


def _is_line(text: str) -> bool:
    """Whether people can be shown it: one line, not empty, without what moves a terminal's cursor."""
    return bool(text.strip()) and text.isprintable() and len(text) <= MOST_OF_LINE


def _is_legal(found: object) -> bool:
    match found:
        case str():
            return _is_line(found)
        case TrainingCohort():
            return _is_line(found.what) and 0 < found.patients <= found.sessions
        case tuple():
            return len(found) <= MOST_NUMBERS and all(map(_is_legal, found))
        case CardOpening():
            return _is_opening(found)
        case CardNumber():
            return _is_line(found.setting) and _is_line(found.measure) and found.n >= 0 and _is_finite(found)
    return True


def _is_opening(found: CardOpening) -> bool:
    digests = found.test_sha256, found.splits_sha256, found.weights_sha256
    of_form = _MOMENT.fullmatch(found.when) and all(map(_DIGEST.fullmatch, digests))
    return bool(of_form) and _is_line(found.who) and found.patients > 0 and _is_legal(found.numbers)


def _is_finite(number: CardNumber) -> bool:
    told = (number.median, number.q1, number.q3, number.lower, number.upper, number.p5)
    return all(one is None or abs(one) < float("inf") for one in told)
