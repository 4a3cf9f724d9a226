"""What a model was given of a patient, and what it was not, line by line; and which model it is."""

from collections.abc import Iterator
from typing import Final

from sarcoma_core.archive.predicted import PatientPrediction, PredictingModel, PredictionInputs
from sarcoma_core.report.facts import Fact
from sarcoma_core.report.masks import shown
from sarcoma_core.report.measures import fixed, listed, unbroken
from sarcoma_core.report.roles import role_title
from sarcoma_core.report.segmentation_verdicts import LONGEST_SENTENCE
from sarcoma_core.text import counted

_HASH: Final = 12
"""Characters of a hash: it stands whole in run.json."""
_SMALL_ML: Final = 10.0
"""Smaller tumours are told to a tenth."""
_UNITS: Final = {"years": "years", "cm": "cm", "cm3": "cm³"}
"""That end the names of columns."""
_ROWS: Final = {"COHORT": "the frozen cohort, COHORT", "CLINICAL": "the clinical table, CLINICAL"}


def told(text: str) -> str:
    """A sentence of the document as the page shows it, without its full stop."""
    return shown(text, LONGEST_SENTENCE).rstrip(". ")


def inputs_told(
    inputs: PredictionInputs, prediction: PatientPrediction, *, abstains: bool
) -> tuple[Fact, ...]:
    """What the model saw of the patient, and what it did not.

    Args:
        inputs: that it was given.
        prediction: what it said.
        abstains: whether nothing was foretold; then not even the volume is told, which its reasons name where
            it counts.
    """
    return (
        *_images(inputs, prediction.missing),
        Fact("Tumour", _tumour(inputs, abstains=abstains)),
        Fact("Clinical variables", f"{_listed(inputs.variables)}; from {_ROWS[inputs.row]}"),
        Fact("Missing, and filled in", f"{_listed(inputs.lacking)}{_filled(inputs)}"),
        Fact("Not compared with the training", _lines(prediction.not_known)),
    )


def unseen(prediction: PatientPrediction) -> tuple[str, ...]:
    """Images that the model did without, a sentence without a full stop; the document tells all else.

    Args:
        prediction: what it said.
    """
    missing = [_role(role) for role in prediction.missing]
    return (
        (f"Without {listed(missing)}: no such series lies on the grid of the drawn tumour",)
        if missing
        else ()
    )


def _images(inputs: PredictionInputs, missing: tuple[str, ...]) -> Iterator[Fact]:
    if not inputs.series and not missing:
        yield Fact("Images", "none: the model takes the clinical variables alone")
    where = f", from {shown(inputs.resource)}" if inputs.resource else ""
    for role, series in inputs.series.items():
        yield Fact(_role(role), f"seen: scan {shown(series)}{where}")
    for role in missing:
        yield Fact(
            _role(role), "not seen: no such series on the grid of the drawn tumour; nothing stands in for it"
        )


def _role(role: str) -> str:
    plain = shown(role)
    title = role_title(plain)
    return f"{title} ({plain})" if title and title != plain else plain


def _tumour(inputs: PredictionInputs, *, abstains: bool) -> str:
    if not inputs.masks:
        return "no mask: the model takes no image" if not inputs.series else "no mask"
    who = "drawn by a person" if inputs.by_person else "drawn by a network, which no person has corrected"
    final = "locked: a person has said that it is final" if inputs.locked else "not locked"
    volume = inputs.volume_ml
    size = "" if volume is None or abstains else f"; {_millilitres(volume)}"
    return f"{who} ({shown(inputs.masks)}); {final}{size}"


def _millilitres(volume: float) -> str:
    return unbroken(f"{fixed(volume, 1 if volume < _SMALL_ML else 0)} ml")


def variable_told(name: str) -> str:
    """A column of the clinical table as a reader calls it, e.g. `age (years)`."""
    first, _, unit = shown(name).rpartition("_")
    if first and unit in _UNITS:
        return f"{first} ({_UNITS[unit]})".replace("_", " ")
    return shown(name).replace("_", " ")


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(map(variable_told, names)) or "none"


def _filled(inputs: PredictionInputs) -> str:
    """How they were filled in: what is usual says nothing of this patient."""
    return ": with what is usual in the training, and the model was told so" if inputs.lacking else ""


def _lines(sentences: tuple[str, ...]) -> str:
    return "\n".join(map(told, sentences)) or "all that the model knows of its training was compared"


def model_told(model: PredictingModel, *, abstains: bool) -> tuple[Fact, ...]:
    """Which model it is.

    Args:
        model: as its card tells it.
        abstains: whether nothing was foretold; then no number of patients lends it weight.
    """
    facts = [
        Fact("Model", f"{shown(model.name)} {shown(model.version)}".strip()),
        Fact("SHA-256", shown(model.sha256)[:_HASH]),
    ]
    if not abstains:
        facts.append(
            Fact(
                "Developed on",
                f"{counted(model.patients, 'patient')}; {told(model.what) or 'who is not told'}",
            )
        )
        facts.append(Fact("Networks", f"{counted(model.networks, 'network')}, of which the mean is told"))
    return tuple(facts)
