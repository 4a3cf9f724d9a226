"""How well the demo's model that foretells does on patients it never saw, and whom it does not judge."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Final

import numpy as np

from sarcoma_core.demo.foretelling.patients import DEMO_SITE, phantom_rows, scanned_image
from sarcoma_core.models.card import CardNumber
from sarcoma_core.phantom.protocol import HospitalSite
from sarcoma_core.prognosis.clinical.endpoints import endpoint
from sarcoma_core.prognosis.clinical.table import ClinicalRow
from sarcoma_core.prognosis.network_model import PrognosisModel
from sarcoma_core.prognosis.prediction import predict_patient
from sarcoma_core.prognosis.tumour_image import TumourImage
from sarcoma_core.survival.bootstrap import resamples
from sarcoma_core.survival.concordance import harrell
from sarcoma_core.survival.follow_up import FollowUp

UNSEEN: Final = range(21_000, 21_200)
"""Seeds of patients who are scanned as those of the training were."""
ELSEWHERE: Final = range(21_200, 21_220)
"""Of those who are scanned at another hospital."""
OTHER_SITE: Final = HospitalSite("OTHER", bias=1.5, gain=0.6, noise=2.0, channels=8)
SAMPLES: Final = 1000


def judged_unseen(model: PrognosisModel, tell: Callable[[str], None]) -> tuple[CardNumber, ...]:
    """Judge the model on unseen patients, and say how many of whom it does not judge.

    Args:
        model: at work.
        tell: each line.
    """
    rows, images = phantom_rows(UNSEEN), scanned_at(UNSEEN, DEMO_SITE)
    found = [predict_patient(model, row, image) for row, image in zip(rows, images, strict=True)]
    silent = sum(one.abstains for one in found)
    tell(f"unseen patients: abstains of {silent} of {len(found)}")
    numbers = [CardNumber("unseen patients", "abstains", len(found), silent / len(found))]
    elsewhere = [
        predict_patient(model, row, image)
        for row, image in zip(phantom_rows(ELSEWHERE), scanned_at(ELSEWHERE, OTHER_SITE), strict=True)
    ]
    silent = sum(one.abstains for one in elsewhere)
    tell(f"another scanner: abstains of {silent} of {len(elsewhere)}")
    numbers.append(CardNumber("another scanner", "abstains", len(elsewhere), silent / len(elsewhere)))
    concordance = (
        _number(name, rows, [_risks(one.heads, name) for one in found], tell)
        for name in model.folder.notes.cuts
    )
    return (*numbers, *concordance)


def scanned_at(seeds: Sequence[int], site: HospitalSite) -> list[TumourImage]:
    """The tumours of synthetic patients of one hospital.

    Args:
        seeds: of the patients.
        site: where they are scanned.
    """
    with ProcessPoolExecutor() as pool:
        return list(pool.map(partial(scanned_image, site=site), seeds, chunksize=4))


def _risks(heads: Mapping[str, Mapping[str, float]], name: str) -> float:
    """The joint risk of a patient; not a number where nothing is told."""
    return heads[name]["joint"] if name in heads else np.nan


def _number(
    name: str, rows: Sequence[ClinicalRow], risks: Sequence[float], tell: Callable[[str], None]
) -> CardNumber:
    """Harrell's C of those who were followed and judged, with percentile limits of the bootstrap."""
    told = [
        (followed, risk)
        for row, risk in zip(rows, risks, strict=True)
        if (followed := row.followed(name)) and np.isfinite(risk)
    ]
    follow_up = FollowUp(
        np.array([one.days for one, _ in told]), np.array([one.event for one, _ in told], np.bool_)
    )
    risk = np.array([one for _, one in told])
    drawn = resamples(len(told), samples=SAMPLES, seed=0)
    sampled = [harrell(follow_up.chosen(some), risk[some]).index for some in drawn]
    lower, upper = (float(one) for one in np.percentile(sampled, [2.5, 97.5]))
    value = harrell(follow_up, risk).index
    title = endpoint(name).title
    tell(f"{title}, unseen patients: Harrell's C {value:.3f} [{lower:.3f}, {upper:.3f}], n {len(told)}")
    return CardNumber(f"{title}, unseen patients", "Harrell's C", len(told), value, lower=lower, upper=upper)
