"""A prediction is a document: what was written is read again, and what is damaged is refused in words."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from sarcoma_core.archive.predicted import (
    PREDICTION_FILE,
    BaselineEndpoint,
    ForetoldEndpoint,
    ForetoldYear,
    HeatMap,
    PatientPrediction,
    PredictingModel,
    PredictionInputs,
    SessionPrediction,
    SurvivalBound,
    read_prediction,
)
from sarcoma_core.errors import ArchiveError

OS = "overall_survival"
FORETOLD = ForetoldEndpoint(
    OS,
    years=(ForetoldYear(1, 0.2, 0.1, 0.3, None), ForetoldYear(2, 0.4, 0.3, 0.5, 0.1)),
    days=(0.0, 365.25, 730.5),
    curve=(0.0, 0.2, 0.4),
    each=((0.0, 0.1, 0.3), (0.0, 0.3, 0.5)),
    risk=0.2,
    cut=0.15,
    group="high",
)
TOLD = SessionPrediction(
    PredictingModel("MODEL_PROG_X", "1", "0" * 64, False, 120, "patients of one project", 2, ("a limit",)),  # noqa: FBT003
    PredictionInputs(
        "CLINICAL",
        "surgery",
        ("age_years",),
        ("grade",),
        {"T1CE": "4"},
        "REGISTERED",
        "MASKS",
        volume_ml=12.5,
    ),
    PatientPrediction(
        (),
        ("T1CE: scanner: not known",),
        ("T2FS",),
        (FORETOLD,),
        {"grade 1": 1.0},
        (SurvivalBound(0.8, 400.0),),
    ),
    (BaselineEndpoint(OS, (0.0, 365.25), (0.0, 0.25), {"1": 0.25}),),
    ("a caution",),
    (HeatMap(OS, "X/heat.nii.gz", "X/heat.png", "", "no DICOM", 0.5, -0.1),),
)


def kept(folder: Path, told: SessionPrediction) -> Path:
    path = folder / PREDICTION_FILE
    path.write_bytes(told.document())
    return path


def test_what_was_written_is_read_again_to_the_byte(tmp_path: Path) -> None:
    found = read_prediction(kept(tmp_path, TOLD))
    assert found == TOLD
    assert found.document() == TOLD.document()


def test_a_model_abstains_where_it_has_a_reason() -> None:
    assert not TOLD.prediction.abstains
    assert replace(TOLD.prediction, reasons=("why",)).abstains


@pytest.mark.parametrize(
    "wrong",
    [
        {"schema": 2},
        {"cautions": "none"},
        {"model": None},
        {"more": 1},
        {"inputs": {"row": "HEARSAY"}},
    ],
)
def test_what_is_not_as_it_was_written_is_refused_with_the_next_command(
    tmp_path: Path, wrong: dict[str, object]
) -> None:
    path = kept(tmp_path, TOLD)
    path.write_text(json.dumps({**json.loads(path.read_text()), **wrong}))
    with pytest.raises(ArchiveError, match=r"PREDICTION: must hold prediction\.json as predict wrote it"):
        read_prediction(path)


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff", b"[" * 100_000])
def test_what_is_no_document_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / PREDICTION_FILE).write_bytes(content)
    with pytest.raises(ArchiveError, match="it does not") as caught:
        read_prediction(tmp_path / PREDICTION_FILE)
    assert caught.value.hint == "Run it again: sarcoma run predict --archive DIR --project P"
