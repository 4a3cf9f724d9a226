"""The card of a folder of baselines: what it tells, its one hash, and a folder that was changed."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sarcoma_core.archive.asset import AssetFolder
from sarcoma_core.errors import InputError
from sarcoma_core.prognosis.baseline_card import (
    CARD_FILE,
    CardSource,
    card_bytes,
    card_hash,
    card_text,
    card_tree,
    read_baseline,
)
from sarcoma_core.prognosis.baseline_model import BaselineModel, kept_model
from sarcoma_core.prognosis.baselines import BaselineName
from sarcoma_core.prognosis.clinical.endpoints import DAYS_OF_MONTH, endpoint
from sarcoma_core.prognosis.endpoint_study import EndpointStudy, StudyRules, patients_of, study_endpoint
from tests.prognosis.made_patients import made

OS = endpoint("overall_survival")


@pytest.fixture(scope="module")
def study() -> EndpointStudy:
    rules = StudyRules(repeats=1, folds=2, no_features="no masks")
    return study_endpoint(OS, patients_of(OS, made(1, 70).rows(), {}), rules)


@pytest.fixture(scope="module")
def models(study: EndpointStudy) -> Mapping[BaselineName, BaselineModel]:
    follow_up = study.patients.follow_up
    return {
        name: kept_model(one, follow_up, endpoint=OS, time_zero="surgery")
        for name, one in study.fitted.items()
    }


@pytest.fixture
def card(study: EndpointStudy, models: Mapping[BaselineName, BaselineModel]) -> Mapping[str, Any]:
    return card_tree(study, CardSource("MODEL_BASE_OS", "c" * 64, models, study.absent))


@pytest.fixture
def folder(
    tmp_path: Path, card: Mapping[str, Any], models: Mapping[BaselineName, BaselineModel]
) -> AssetFolder:
    (tmp_path / CARD_FILE).write_bytes(card_bytes(card))
    for name, model in models.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.json").write_bytes(model.document())
    return AssetFolder(tmp_path, None, "")


def test_the_card_tells_on_whom_how_good_and_what_it_is_not_for(
    card: Mapping[str, Any], study: EndpointStudy
) -> None:
    last = max(model["last_month"] for model in card["models"].values()) * DAYS_OF_MONTH
    follow_up = study.patients.follow_up
    assert (card["patients"], card["events"]) == (70, (follow_up.event & (follow_up.time <= last)).sum())
    assert all(0 <= model["off_the_fitted_curve"] < 0.3 for model in card["models"].values())
    assert (card["prediction_time"], card["time_zero"]) == ("before surgery", "surgery")
    assert card["cohort_sha256"] == "c" * 64
    assert card["splits_sha256"] == study.splits.sha256
    assert "Research only" in card["intended_use"]
    for name, judged in study.judgement.models.items():
        assert judged.harrell is not None
        assert card["models"][name]["harrell"]["value"] == judged.harrell.value
        assert card["models"][name]["harrell"]["lower"] == judged.harrell.lower
    assert card["absent"] == {"radiomics-clinical": "no masks"}


def test_its_hash_is_over_all_that_it_tells(card: Mapping[str, Any]) -> None:
    body = {key: value for key, value in card.items() if key != "sha256"}
    text = json.dumps(body, sort_keys=True, ensure_ascii=False)
    assert card["sha256"] == hashlib.sha256(text.encode()).hexdigest()
    for key in body:
        assert card_hash({**card, key: "another"}) != card["sha256"]


def test_people_read_the_same(card: Mapping[str, Any]) -> None:
    text = card_text(card)
    for told in (card["sha256"], card["cohort_sha256"], "70 patients", "before surgery", *card["limits"]):
        assert told in text
    assert "not the published nomogram" in text
    assert "- radiomics-clinical: not there. no masks" in text
    assert f"{card['models']['clinical']['harrell']['value']:.3f}" in text


def test_a_model_is_read_as_the_card_tells_it(
    folder: AssetFolder, models: Mapping[BaselineName, BaselineModel]
) -> None:
    for name, model in models.items():
        assert read_baseline(folder, name) == model


def test_a_model_that_is_absent_is_told_with_the_reason(folder: AssetFolder) -> None:
    with pytest.raises(InputError, match="must hold radiomics-clinical; it does not: no masks"):
        read_baseline(folder, "radiomics-clinical")


def test_another_model_in_its_place_is_refused(folder: AssetFolder) -> None:
    other = (folder.path / "sarculator" / "model.json").read_bytes()
    (folder.path / "clinical" / "model.json").write_bytes(other)
    with pytest.raises(InputError, match="clinical must have the SHA-256 that"):
        read_baseline(folder, "clinical")


@pytest.mark.parametrize(
    "content", [b"{}", b"x", b'{"schema": 1, "sha256": "0", "models": {}, "absent": {}}']
)
def test_a_card_that_is_none_is_refused(folder: AssetFolder, content: bytes) -> None:
    (folder.path / CARD_FILE).write_bytes(content)
    with pytest.raises(InputError, match="must be as train-baselines wrote it"):
        read_baseline(folder, "clinical")


def test_a_card_leads_to_no_file_outside_of_its_folder(folder: AssetFolder, card: Mapping[str, Any]) -> None:
    """Whoever forges a card forges its hash too: where a model lies is not the card's to say."""
    told = {**card, "models": {**card["models"], "clinical": {**card["models"]["clinical"], "file": "../x"}}}
    (folder.path / CARD_FILE).write_bytes(card_bytes({**told, "sha256": card_hash(told)}))
    assert read_baseline(folder, "clinical").baseline.name == "clinical"
