"""What a model foretells of a session's patient, with all that has to be known before it is believed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from sarcoma_core.archive.asset import AssetFolder
from sarcoma_core.archive.folder import SessionFolder
from sarcoma_core.archive.masks import MASKS_LABEL, SEG_LABEL
from sarcoma_core.archive.predicted import (
    PatientPrediction,
    PredictingModel,
    PredictionInputs,
    SessionPrediction,
)
from sarcoma_core.prognosis.clinical.endpoints import endpoint
from sarcoma_core.prognosis.clinical.table import LABEL
from sarcoma_core.prognosis.clinical_beside import beside
from sarcoma_core.prognosis.drawn_session import DrawnSession, session_drawn
from sarcoma_core.prognosis.network_model import PrognosisFolder, PrognosisModel
from sarcoma_core.prognosis.patient_row import FoundRow
from sarcoma_core.prognosis.prediction import predict_patient
from sarcoma_core.prognosis.tumour_image import TumourImage, tumour_image
from sarcoma_core.prognosis.whose_images import require_own_images
from sarcoma_core.text import counted

MASK_SOURCES: Final[Mapping[str, tuple[str, ...]]] = {
    "auto": (MASKS_LABEL, SEG_LABEL),
    "persons": (MASKS_LABEL,),
    "network": (SEG_LABEL,),
}
"""Resources that a mask of the tumour is taken from, in order of preference."""


@dataclass(frozen=True)
class SeenSession:
    """A session as a model sees it.

    Args:
        drawn: images and tumour on one grid; None where the model takes no image.
        image: the tumour on the model's cube; likewise.
        cautions: of the images and the row, a sentence each.
    """

    drawn: DrawnSession | None
    image: TumourImage | None
    cautions: tuple[str, ...] = ()


def seen_session(folder: PrognosisFolder, session: SessionFolder, masks: str, found: FoundRow) -> SeenSession:
    """Read what a model takes of a session's images.

    Args:
        folder: of the model.
        session: the session, with its roles told.
        masks: one of `MASK_SOURCES`.
        found: the patient's row.

    Raises:
        InputError: there is no drawn tumour on an image of the model's, or it cannot be used; or the images
            contradict the row.
        ArchiveError: a resource is damaged, or the roles were not told.
    """
    cautions = require_own_images(found.row, session, found.time_zero) if found.source == LABEL else ()
    if not folder.task.sequences:
        return SeenSession(None, None, cautions)
    drawn = session_drawn(session, folder.task.sequences, MASK_SOURCES[masks])
    if drawn.left_out:
        told = counted(drawn.left_out, "drawn lesion")
        cautions += (f"{told} that nobody has locked: left out, as others are locked.",)
    return SeenSession(drawn, tumour_image(drawn.images, drawn.mask, folder.cube, drawn.origins), cautions)


def predict_session(
    model: PrognosisModel, asset: AssetFolder, seen: SeenSession, found: FoundRow
) -> SessionPrediction:
    """What a model foretells of a session's patient; heat maps are left to `heat_writing`.

    Args:
        model: at work.
        asset: that it came in.
        seen: the session.
        found: the patient's row.

    Raises:
        InputError: a value is none of its variable.
    """
    folder = model.folder
    told = predict_patient(model, found.row, seen.image)
    whole = SessionPrediction(_model(folder, asset), _inputs(folder, seen, found), told)
    return replace(
        whole,
        baseline=() if told.abstains else beside(folder.baselines, found.row.values),
        cautions=(*_cautions(whole, found), *seen.cautions),
    )


def _model(folder: PrognosisFolder, asset: AssetFolder) -> PredictingModel:
    card = folder.model.card
    return PredictingModel(
        name=card.name,
        version=card.version,
        sha256=asset.sha256,
        synthetic=card.synthetic,
        patients=folder.notes.seen.patients,
        what=card.cohort.what if card.cohort else "",
        networks=len(folder.notes.networks),
        limits=card.limits,
    )


def _inputs(folder: PrognosisFolder, seen: SeenSession, found: FoundRow) -> PredictionInputs:
    taken = sorted({part.name for one in folder.notes.networks if one.design for part in one.design.parts})
    inputs = PredictionInputs(
        row=found.source,
        time_zero=folder.notes.time_zero,
        variables=tuple(name for name in taken if name in found.row.values),
        lacking=tuple(name for name in taken if name not in found.row.values),
        series={},
    )
    if seen.drawn is None or seen.image is None:
        return inputs
    return replace(
        inputs,
        series={role: one.outcome.series for role, one in seen.drawn.series.items()},
        resource=seen.drawn.on.label,
        masks=seen.drawn.masks,
        by_person=seen.drawn.masks == MASKS_LABEL,
        locked=seen.drawn.locked,
        volume_ml=seen.image.volume_ml,
    )


def _cautions(whole: SessionPrediction, found: FoundRow) -> Iterator[str]:
    """What to know before it is believed; the page tells of synthetic models and missing images by itself."""
    if found.learned_from == "not known":
        yield (
            "Whether the model has learned from this very patient is not known: its cohort is not at hand."
        )
    if found.learned_from == "maybe":
        yield (
            "The patient is in the cohort that the model was made from: some of its networks may have "
            "learned from this very patient, and what they say is then surer than it should be."
        )
    inputs = whole.inputs
    if inputs.masks and not inputs.by_person:
        yield "The tumour was drawn by a network, and no person has corrected it."
    elif inputs.masks and not inputs.locked:
        yield "No person has said that the drawn tumour is final (locked)."
    if number := len(inputs.lacking):
        yield f"{counted(number, 'clinical variable')} of the model's missing: filled in."
    if found.time_zero != inputs.time_zero:
        yield f"The table counts times from {found.time_zero}, the model from {inputs.time_zero}."
    yield from _cannot_come(whole.prediction, found)


def _cannot_come(told: PatientPrediction, found: FoundRow) -> Iterator[str]:
    if found.row.metastatic and not told.abstains:
        what = endpoint("distant_metastasis").title
        yield f"{what} is not foretold: there was one at presentation, so no first one can come any more."
