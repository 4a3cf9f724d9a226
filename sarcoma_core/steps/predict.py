"""`predict`: what becomes of a session's patient, as the networks of a project foretell it, or why not."""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

from sarcoma_core.archive.asset import AssetFolder
from sarcoma_core.archive.folder import SeriesFiles, SessionFolder
from sarcoma_core.archive.predicted import PREDICTION_FILE, PREDICTION_LABEL
from sarcoma_core.archive.roles import ROLES_LABEL
from sarcoma_core.errors import InputError
from sarcoma_core.interface import (
    Asset,
    Input,
    ObjectLabel,
    Output,
    OutputDir,
    Param,
    Resources,
    Sends,
    describe,
)
from sarcoma_core.provenance import Outcome, Outcomes, recorded_scan_id
from sarcoma_core.steps.launcher import fields_of
from sarcoma_core.steps.naming import WHOSE, labels_hash
from sarcoma_core.text import counted
from sarcoma_core.xnat.fields.platform import SessionFields

if TYPE_CHECKING:
    from sarcoma_core.archive.predicted import HeatMap, SessionPrediction
    from sarcoma_core.prognosis.network_model import PrognosisModel
    from sarcoma_core.prognosis.patient_row import FoundRow
    from sarcoma_core.prognosis.session_prediction import SeenSession

LABEL = PREDICTION_LABEL
READS = ("REGISTERED", "NORMALISED", ROLES_LABEL, "MASKS", "SEG")

Masks = Literal["auto", "persons", "network"]


class PredictOutputs(NamedTuple):
    """What the step writes."""

    prediction: Annotated[
        Outcomes,
        Output(
            resource=LABEL,
            format="JSON",
            help="what is foretold of the patient, or why nothing is, and where the networks looked",
            title="Prognosis",
        ),
    ]


def predict(
    session: Annotated[SessionFolder, Input(level="session", resource=READS)],
    prognosis_model: Annotated[AssetFolder, Asset(label="MODEL_PROG_*", help="the networks that foretell")],
    out: OutputDir,
    *,
    clinical: Annotated[
        AssetFolder | None,
        Asset(label="CLINICAL", help="the clinical table that was pushed", optional=True),
    ],
    cohort: Annotated[
        AssetFolder | None,
        Asset(label="COHORT", help="a cohort with rows, where no table was pushed", optional=True),
    ],
    fields: Annotated[
        SessionFields, Sends(kind="fields", to=fields_of, help="its numbers, as custom fields of the session")
    ],
    masks: Annotated[
        Masks, Param(help="who drew the tumour; auto: persons, and a network where none did")
    ] = "auto",
    maps: Annotated[bool, Param(help="whether maps are drawn of where the networks looked")] = True,
    send_fields: Annotated[
        bool, Param(help="whether the numbers become custom fields that XNAT can search")
    ] = True,
    session_label: Annotated[str, ObjectLabel(of="session", help="whose row of the cohort is taken")] = "",
    subject_label: Annotated[str, ObjectLabel(of="subject", help="whose row of the table is taken")] = "",
) -> PredictOutputs:
    """Foretell what becomes of a session's patient from images and the clinical table, or say why not.

    Told are the chances of death, metastasis and recurrence by 1, 2, 3 and 5 years, with death as a competing
    event; how far the networks lie apart; a lower bound of survival time; the risk group; and beside it what
    the clinical variables alone say. A patient who is unlike those of the training is told nothing but why.
    It is for research: nobody is to be treated by it.
    """
    import torch

    from sarcoma_core.prognosis.network_model import load_prognosis, open_prognosis
    from sarcoma_core.prognosis.patient_row import patient_rows
    from sarcoma_core.prognosis.session_prediction import seen_session

    whose = labels_hash(session_label, subject_label)
    at_work = load_prognosis(
        open_prognosis(prognosis_model), torch.device("cuda" if torch.cuda.is_available() else "cpu")
    )
    card = at_work.folder.model.card
    rows = patient_rows(clinical, cohort, trained_on=card.cohort.sha256 if card.cohort else "")
    try:
        found = rows.of(session_label, subject_label)
        seen = seen_session(at_work.folder, session, masks, found)
        told, outcome = _foretold(
            at_work, prognosis_model, seen, found, _PredictionPlace(out / LABEL, session, maps=maps)
        )
    except InputError as error:
        told, outcome = None, Outcome("", "", "refused", error.message)
    outcome = replace(outcome, facts={**outcome.facts, WHOSE: whose})
    sent = (_sent(fields, session_label, told),) if send_fields else ()
    return PredictOutputs(prediction=(outcome, *sent))


@dataclass(frozen=True)
class _PredictionPlace:
    """Where it is written to, and of which session."""

    folder: Path
    session: SessionFolder
    maps: bool


def _foretold(
    model: "PrognosisModel",
    asset: AssetFolder,
    seen: "SeenSession",
    found: "FoundRow",
    place: _PredictionPlace,
) -> "tuple[SessionPrediction, Outcome]":
    """Foretell, and write it.

    Raises:
        InputError: a value is none of its variable, or an image cannot be used.
    """
    from sarcoma_core.prognosis.session_prediction import predict_session

    told = predict_session(model, asset, seen, found)
    below = recorded_scan_id(told.model.name)
    (place.folder / below).mkdir(parents=True)
    if place.maps and not told.prediction.abstains:
        try:
            told = replace(told, heat=_heat(model, seen, found, told, place))
        except InputError as error:
            shutil.rmtree(place.folder / below)
            (place.folder / below).mkdir()
            told = replace(told, cautions=(*told.cautions, f"There are no heat maps: {error.message}"))
    (place.folder / below / PREDICTION_FILE).write_bytes(told.document())
    return told, _outcome(told, below)


def _heat(
    model: "PrognosisModel",
    seen: "SeenSession",
    found: "FoundRow",
    told: "SessionPrediction",
    place: _PredictionPlace,
) -> "tuple[HeatMap, ...]":
    """Draw where the networks looked; nothing where they take no image."""
    from sarcoma_core.prognosis.heat_writing import write_heat

    if seen.drawn is None or seen.image is None:
        return ()
    dicom = _dicom_of(place.session, seen.drawn.on)
    endpoints = tuple(one.endpoint for one in told.prediction.timed)
    below = recorded_scan_id(told.model.name)
    return write_heat(
        place.folder,
        below,
        model,
        found.row,
        seen.image,
        drawn=seen.drawn,
        dicom_files=dicom,
        endpoints=endpoints,
    )


def _outcome(told: "SessionPrediction", below: str) -> Outcome:
    """What is told of it where no page is: nothing of the patient's, and of reasons only which rule spoke."""
    said, abstains = told.prediction, told.prediction.abstains
    rules = list(dict.fromkeys(reason.partition(":")[0].partition(" ")[0] for reason in said.reasons))
    maps = [file for one in told.heat for file in (one.volume, one.picture, one.dicom) if file]
    facts: dict[str, Any] = {
        "model": told.model.name,
        "model_sha256": told.model.sha256,
        "synthetic": told.model.synthetic,
        "networks": told.model.networks,
        "row": told.inputs.row,
        "masks": told.inputs.masks,
        "missing": list(said.missing),
        "abstains": rules,
        "cautions": list(told.cautions),
        "like_random": {one.endpoint: round(one.like_random, 4) for one in told.heat},
    }
    what = [one.endpoint.replace("_", " ") for one in said.timed] + (["grade"] if said.graded else [])
    reason = (
        f"{told.model.name} abstains, for {', '.join(rules)}: the report says why"
        if abstains
        else f"{counted(told.model.networks, 'network')} of {told.model.name} foretell {', '.join(what)}"
    )
    missing = f"; without {' and '.join(said.missing)}" if said.missing else ""
    files = (f"{below}/{PREDICTION_FILE}", *maps)
    return Outcome("", "", "set apart" if abstains else "done", reason + missing, files=files, facts=facts)


def _dicom_of(session: SessionFolder, series: SeriesFiles) -> tuple[Path, ...]:
    """The DICOM files of the scan of a series."""
    scans = session.whole.scans()
    return next((one.files for one in scans if recorded_scan_id(one.id) == series.scan), ())


def _sent(fields: SessionFields, session: str, told: "SessionPrediction | None") -> Outcome:
    """Put the numbers into custom fields, or empty those of an earlier run, and tell what became of it."""
    from sarcoma_core.prognosis.prediction_fields import PREFIX, prediction_fields

    if not session:
        return Outcome(
            "", "", "not applicable", "custom fields: not sent, as the session's label is not told"
        )
    kept = fields.put({session: prediction_fields(told) if told else {}}, prefix=PREFIX)
    if kept.nowhere:
        return Outcome("", "", "not applicable", f"custom fields: not sent, as {kept.nowhere}")
    for reason in kept.failed.values():
        return Outcome("", "", "refused", f"custom fields: {reason}")
    return Outcome("", "", "done", f"custom fields {PREFIX}* of the session")


STEP = describe(
    predict,
    image="torch",
    title="Sarcoma: prognosis",
    methods=(
        "The outcome of each patient was foretold by the mean of an ensemble of networks of the images, cut "
        "to the drawn tumour, and of the clinical variables known before surgery, as cumulative incidence "
        "with death as a competing event; a lower bound of survival time was calibrated on patients set "
        "aside (split conformal prediction under censoring). Patients unlike those of the training were not "
        "judged. Where the networks looked was shown by Grad-CAM."
    ),
    resources=Resources(reserve_memory=2048, limit_memory=8192, limit_cpu=2),
    gpu=True,
    goes_on=True,
)
