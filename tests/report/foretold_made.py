"""What `predict` would leave of a session, built by hand: its document, pictures and manifest."""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from sarcoma_core.archive.folder import resource
from sarcoma_core.archive.holdings import FolderHoldings, fingerprint
from sarcoma_core.archive.predicted import (
    PREDICTION_LABEL,
    BaselineEndpoint,
    ForetoldEndpoint,
    ForetoldYear,
    HeatMap,
    PatientPrediction,
    PredictingModel,
    PredictionInputs,
    SessionPrediction,
    SurvivalBound,
)
from sarcoma_core.provenance import Outcome, RunRecord, Status
from sarcoma_core.report.foretold import ForetoldTold, tell_foretold
from sarcoma_core.report.foretold_files import FiledPrediction, MapPicture
from sarcoma_core.report.page import render
from sarcoma_core.report.session import SessionReport, read_session
from tests.report.sessions import Builder, as_read
from tests.report.test_masks import section
from tests.report.test_page import words

NAME = "MODEL_PROG_STS"
YEAR = 365.25
DAYS = tuple(YEAR * quarter / 4 for quarter in range(21))
"""Every three months, to five years."""
YEARS = (1, 2, 3, 5)
REASON = "histology angiosarcoma: not among those of the training (at least 5 patients each)"
TOLD: Mapping[str, Any] = {
    "step": "predict",
    "title": "Prediction",
    "caption": "",
    "reads": ("REGISTERED", "NORMALISED", "SERIES_ROLES", "MASKS", "SEG"),
    "methods": "What becomes of the patient was foretold.",
}


def curve(by_five: float, bend: float = 1.0) -> tuple[float, ...]:
    """An incidence that grows to a chance by five years, early where `bend` is large; it begins with 0."""
    return tuple(by_five * (1 - np.exp(-bend * day / YEAR)) / (1 - np.exp(-5 * bend)) for day in DAYS)


def foretold_endpoint(
    name: str = "overall_survival",
    ends: Sequence[float] = (0.5, 0.4, 0.6),
    *,
    dying: float | None = None,
    **changes: Any,
) -> ForetoldEndpoint:
    """An endpoint of as many networks as there are ends of curves, with the chance of dying before it."""
    each = tuple(curve(end) for end in ends)
    mean = tuple(float(one) for one in np.mean(each, axis=0))
    places = [4 * years for years in YEARS]
    made = ForetoldEndpoint(
        endpoint=name,
        years=tuple(
            ForetoldYear(
                years,
                mean[place],
                min(one[place] for one in each),
                max(one[place] for one in each),
                None if dying is None else dying * years / YEARS[-1],
            )
            for years, place in zip(YEARS, places, strict=True)
        ),
        days=DAYS,
        curve=mean,
        each=each,
        risk=0.312,
        cut=0.287,
        group="high",
    )
    return replace(made, **changes)


def baseline(name: str = "overall_survival", by_five: float = 0.45) -> BaselineEndpoint:
    """What the clinical baseline says of an endpoint."""
    told = curve(by_five)
    return BaselineEndpoint(name, DAYS, told, {str(years): told[4 * years] for years in YEARS})


MODEL = PredictingModel(
    name=NAME,
    version="1.2.0",
    sha256="cd" * 32,
    synthetic=False,
    patients=440,
    what="adults with a soft-tissue sarcoma of a limb",
    networks=3,
    limits=("It has seen no retroperitoneal tumour.", "Numbers of one project are numbers of one project."),
)
INPUTS = PredictionInputs(
    row="COHORT",
    time_zero="surgery",
    variables=("age_years", "sex", "diagnosis", "size_cm"),
    lacking=("grade",),
    series={"T1CE": "2"},
    resource="REGISTERED",
    masks="MASKS",
    by_person=True,
    locked=True,
    volume_ml=211.4,
)
PREDICTED = PatientPrediction(
    reasons=(),
    not_known=("centre: not known of the training",),
    missing=("T2FS",),
    timed=(
        foretold_endpoint("distant_metastasis", (0.35, 0.3, 0.46), dying=0.1, group="low", risk=0.2),
        foretold_endpoint(),
    ),
    bounds=(SurvivalBound(0.95, 160.0), SurvivalBound(0.8, 430.0)),
    heads={
        "overall_survival": {"joint": 0.312, "image": 0.255, "clinical": 0.341},
        "distant_metastasis": {"joint": 0.2, "image": 0.2, "clinical": 0.2},
    },
)
SAID = SessionPrediction(
    model=MODEL,
    inputs=INPUTS,
    prediction=PREDICTED,
    baseline=(baseline(), BaselineEndpoint("distant_metastasis", absent="MODEL_BASE_DM is not there")),
    cautions=("the centre of the patient is not compared",),
    heat=(
        HeatMap(
            endpoint="overall_survival",
            volume=f"{NAME}/heat-overall_survival.nii.gz",
            picture=f"{NAME}/heat-overall_survival.png",
            dicom=f"{NAME}/heat-overall_survival.dcm",
            no_dicom="",
            part_in_tumour=0.64,
            like_random=0.12,
        ),
    ),
)
"""A patient of whom everything is told, but for a T2 that the session lacks."""
CLINICAL_ONLY = replace(
    SAID,
    inputs=replace(INPUTS, series={}, resource="", masks="", by_person=False, locked=False, volume_ml=None),
    prediction=replace(PREDICTED, missing=(), heads={"overall_survival": {"clinical": 0.312}}),
    heat=(),
)
"""A model of the clinical table alone."""


def predicted(said: SessionPrediction = SAID, **changes: Any) -> SessionPrediction:
    """The document with other things said of the patient."""
    return replace(said, prediction=replace(said.prediction, **changes))


def abstaining(*reasons: str) -> SessionPrediction:
    """A document that abstains, as `predict` writes it."""
    silent = PatientPrediction(reasons or (REASON,), PREDICTED.not_known, PREDICTED.missing)
    return SessionPrediction(MODEL, INPUTS, silent)


def heat_picture(size: tuple[int, int] = (640, 220)) -> bytes:
    """A picture, as PNG."""
    width, height = size
    across = np.linspace(0, 1, width)
    down = np.linspace(-1, 1, height)[:, None]
    warm = np.exp(-12 * ((across % (1 / 3) * 3 - 0.5) ** 2 + down**2 / 2))
    grey = np.where((across % (1 / 3) * 3 - 0.5) ** 2 + down**2 / 4 < 0.2, 90, 20)
    red = np.clip(grey + 165 * warm, 0, 255)
    picture = np.stack([red, np.clip(grey + 90 * (warm - 0.5), 0, 255), grey], axis=-1).astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "PNG")
    return stream.getvalue()


def file_prediction(
    builder: Builder,
    said: SessionPrediction | None = SAID,
    *,
    status: Status | None = None,
    reason: str = "",
    picture: bytes | None = None,
    **changes: Any,
) -> RunRecord:
    """Write PREDICTION with its manifest; without a document the step has refused."""
    folder = resource(builder.path, PREDICTION_LABEL)
    folder.mkdir(parents=True, exist_ok=True)
    files: list[str] = []
    if said is not None:
        files = [f"{NAME}/prediction.json", *(one.picture for one in said.heat)]
        (folder / NAME).mkdir(exist_ok=True)
        (folder / files[0]).write_bytes(said.document())
        for name in files[1:]:
            (folder / name).write_bytes(heat_picture() if picture is None else picture)
    usual: Status = "refused" if said is None else "set apart" if said.prediction.abstains else "done"
    facts = {"model": NAME}
    outcome = Outcome("", "", status or usual, reason, tuple(files), facts)
    sent = Outcome("", "", "not applicable", "custom fields: not sent, as an archive folder has none")
    values = {**TOLD, "inputs": fingerprint(FolderHoldings(builder.path), TOLD["reads"]), **changes}
    return builder.record(PREDICTION_LABEL, outcome, sent, **values)


def page_of(path: Path) -> str:
    """The page of a session."""
    return render(read_session(as_read(path), slices=1))


def part_of(path: Path) -> str:
    """The section, in words."""
    return words(section(page_of(path), "foretold"))


def told_of(path: Path) -> ForetoldTold:
    """What the page tells of a prediction."""
    return read_session(as_read(path), slices=1).foretold


def filed(said: SessionPrediction | None = SAID, reason: str = "", **changes: Any) -> FiledPrediction:
    """What would be read of PREDICTION; without a document the step has refused."""
    usual: Status = "refused" if said is None else "set apart" if said.prediction.abstains else "done"
    source = "data:image/png;base64," + base64.b64encode(heat_picture((64, 22))).decode()
    pictures = {one.picture: MapPicture(source, 64, 22) for one in said.heat} if said else {}
    return replace(FiledPrediction(Outcome("", "", usual, reason), said, pictures), **changes)


def drawn_page(said: SessionPrediction | None = SAID, reason: str = "", **changes: Any) -> str:
    """A page of no series with a prediction: fast, for nothing is read."""
    return render(SessionReport((), (), foretold=tell_foretold(filed(said, reason, **changes))))


def foretold(said: SessionPrediction | None = SAID, reason: str = "", **changes: Any) -> str:
    """Its section, in words."""
    return words(section(drawn_page(said, reason, **changes), "foretold"))
