"""The card of a folder of baselines: what they are, on whom, how good, and what they are not for.

`card.json` for programs and `card.md` for people. Its one hash is over all that it tells, the hashes of the
models included.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from sarcoma_core import __version__
from sarcoma_core.archive.asset import AssetFolder
from sarcoma_core.errors import InputError
from sarcoma_core.prognosis.baseline_model import MODEL_FILE, BaselineModel, read_model
from sarcoma_core.prognosis.baselines import BASELINES, BaselineName
from sarcoma_core.prognosis.endpoint_study import EndpointStudy
from sarcoma_core.report.measures import WithLimits, measure_text
from sarcoma_core.text import counted

SCHEMA: Final = 1
_PLACES: Final = 400
"""At which the kept curve is compared with the fitted one."""
CARD_FILE, CARD_TEXT = "card.json", "card.md"
INTENDED_USE: Final = "Research only: this is not a medical device, and not for decisions on a patient."
LIMITS: Final = (
    "Judged out of fold on the cohort that it was fitted on: it was not validated elsewhere.",
    "A risk holds for patients like those of the cohort, at the prediction time that is told, and not later.",
    "Beyond the last bin of its hazard it says nothing.",
    "Its hazard rises evenly within a bin; by how much survival is off the fitted curve is told with each.",
    "Where death competes, its risk is that of a world in which nobody dies of something else.",
    "Two models of nearly the same patients tell more together than each alone: share one of each study.",
    "Coefficients of a penalised model are shrunken: they are no effects of treatment, and have no p values.",
)


@dataclass(frozen=True)
class CardSource:
    """What the models of a card came from.

    Args:
        label: of the resource.
        cohort_sha256: of the cohort.
        models: by name.
        absent: why a model is not there, by its name.
    """

    label: str
    cohort_sha256: str
    models: Mapping[BaselineName, BaselineModel]
    absent: Mapping[BaselineName, str]


def card_tree(study: EndpointStudy, source: CardSource) -> Mapping[str, Any]:
    """The card as JSON, with its hash.

    Args:
        study: of the endpoint.
        source: what the models came from.
    """
    first = next(iter(source.models.values()))
    told = {
        "schema": SCHEMA,
        "name": source.label,
        "version": __version__,
        "intended_use": INTENDED_USE,
        "endpoint": study.endpoint.name,
        "time_zero": first.time_zero,
        "prediction_time": first.design.when,
        "cohort_sha256": source.cohort_sha256,
        "splits_sha256": study.splits.sha256,
        "patients": first.patients,
        "events": first.events,
        "models": {name: _model_tree(study, name, model) for name, model in source.models.items()},
        "absent": dict(source.absent),
        "limits": list(LIMITS),
    }
    return {**told, "sha256": card_hash(told)}


def card_hash(told: Mapping[str, Any]) -> str:
    """The hash over all that a card tells, itself left out."""
    body = {key: value for key, value in told.items() if key != "sha256"}
    return hashlib.sha256(json.dumps(body, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _model_tree(study: EndpointStudy, name: BaselineName, model: BaselineModel) -> Mapping[str, Any]:
    judged = study.judgement.models[name]
    return {
        "file": f"{name}/{MODEL_FILE}",
        "sha256": model.sha256,
        "what": model.baseline.what,
        "columns": len(model.design.columns),
        "last_month": model.hazard.months[-1],
        "off_the_fitted_curve": _off(study, name, model),
        "warnings": list(study.fitted[name].warnings),
        "harrell": _limits_tree(judged.harrell),
        "uno": _limits_tree(judged.uno),
    }


def _off(study: EndpointStudy, name: BaselineName, model: BaselineModel) -> float:
    """By how much survival of the average patient differs at most from the fitted curve, to two digits."""
    hazards, means = study.fitted[name].hazards, np.array(model.means)[None, :]
    days = np.linspace(0, model.hazard.last, _PLACES)
    kept = np.exp(-model.hazard.at(days))
    return round(float(np.abs(kept - hazards.survival(means, days)[0]).max()), 2)


def _limits_tree(found: WithLimits | None) -> Mapping[str, Any] | None:
    return None if found is None else asdict(found)


def card_bytes(card: Mapping[str, Any]) -> bytes:
    """The card as a file."""
    return (json.dumps(card, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def card_text(card: Mapping[str, Any]) -> str:
    """The same for people."""
    events = f"{counted(card['patients'], 'patient')}, {counted(card['events'], 'event')} up to the last bin"
    lines = [
        f"# {card['name']} {card['version']}",
        "",
        card["intended_use"],
        "",
        f"- endpoint: {card['endpoint']}, days from {card['time_zero']}",
        f"- prediction time: {card['prediction_time']}",
        f"- fitted on: {events}; cohort {card['cohort_sha256']}",
        f"- judged: out of fold; splits {card['splits_sha256']}",
        f"- SHA-256 of this card: {card['sha256']}",
        "",
        "## Models",
        "",
    ]
    for baseline in BASELINES:
        if baseline.name in card["models"]:
            model = card["models"][baseline.name]
            lines.append(f"- `{model['file']}`: {model['what']} {_performance(model)}")
            lines += [f"  - caution: {warning}" for warning in model["warnings"]]
        elif baseline.name in card["absent"]:
            lines.append(f"- {baseline.name}: not there. {card['absent'][baseline.name]}")
    return "\n".join([*lines, "", "## Limits", "", *(f"- {limit}" for limit in card["limits"]), ""])


def _performance(model: Mapping[str, Any]) -> str:
    told = []
    for name, title in (("harrell", "Harrell's C"), ("uno", "Uno's C")):
        found = WithLimits(**model[name]) if model[name] else None
        told.append(f"{title} {measure_text(found, 3)}")
    told.append(f"up to {model['off_the_fitted_curve']:.2f} off the fitted survival between ends of bins")
    return f"{', '.join(told)}."


def read_baseline(asset: AssetFolder, name: BaselineName) -> BaselineModel:
    """A model of a folder of baselines, as its card tells it.

    Args:
        asset: the resource MODEL_BASE_*.
        name: of the model.

    Raises:
        InputError: a file is missing or was changed, or the folder has no such model.
    """
    try:
        card = json.loads(asset.file(CARD_FILE).read_bytes())
        good = card["schema"] == SCHEMA and card["sha256"] == card_hash(card)
        told, absent = card["models"], card["absent"]
    except (ValueError, KeyError, TypeError, RecursionError):
        good, told, absent = False, {}, {}
    if not good:
        raise InputError(
            f"model: {CARD_FILE} must be as train-baselines wrote it; it is not.",
            hint="Train again, or put back the file as it was.",
        )
    if name not in told:
        raise InputError(f"model: must hold {name}; it does not: {absent.get(name, 'it was not asked for')}.")
    content = asset.file(f"{name}/{MODEL_FILE}").read_bytes()
    if hashlib.sha256(content).hexdigest() != told[name]["sha256"]:
        raise InputError(
            f"model: {name} must have the SHA-256 that {CARD_FILE} tells; it has another.",
            hint="Train again, or put back the file as it was.",
        )
    return read_model(content)
