"""Networks as small as they can be, and plans of them on patients that numpy made."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from sarcoma_core.imaging.volume import Volume
from sarcoma_core.prognosis.clinical.table import ClinicalRow
from sarcoma_core.prognosis.network_order import SIZES, PrognosisOrder
from sarcoma_core.prognosis.network_patients import NetworkPatients, network_patients
from sarcoma_core.prognosis.tumour_image import CubeRules, ImageOrigin, TumourImage, tumour_image
from sarcoma_core.training.outcomes.loop import OutcomeSettings
from tests.prognosis.made_patients import made

OS, DM, LR, RFS = (
    "overall_survival",
    "distant_metastasis",
    "local_recurrence",
    "recurrence_free_survival",
)
CUBE = CubeRules(("T1CE", "T2FS"), edge=8, spacing_mm=4.0, margin_mm=8.0)
SMALL = replace(SIZES["tiny"], width=4, growth=4, blocks=(1, 1), groups=2, features=6, clinical_widths=(6,))
QUICK = OutcomeSettings(epochs=2, blending="equal", batch=16)


def order(**changes: Any) -> PrognosisOrder:
    """An order of three networks of two epochs that are given the table alone."""
    values: dict[str, Any] = {
        "endpoints": (OS,),
        "head": "logistic-hazard",
        "cohort": "0" * 64,
        "cube": CUBE,
        "size": SMALL,
        "settings": QUICK,
        "modalities": "clinical",
        "intervals": 3,
        "folds": 3,
        "seeds": 1,
    }
    return PrognosisOrder(**(values | changes))


def rows_of(seed: int, patients: int = 90) -> list[ClinicalRow]:
    """As `made_patients`, but every seventh death came without a metastasis before."""
    rows = []
    for number, row in enumerate(made(seed, patients).rows()):
        if row.events["death"] and number % 7 == 0:
            days = {**row.days, "distant_metastasis_days": row.days["overall_survival_days"]}
            rows.append(replace(row, events={**row.events, "distant_metastasis": False}, days=days))
        else:
            rows.append(row)
    return rows


def pictures(rows: Sequence[ClinicalRow]) -> Mapping[str, TumourImage]:
    """A box in noise for each patient, larger for one who is older; every fifth has no T2FS."""
    found = {}
    for number, row in enumerate(rows):
        rng = np.random.default_rng(number)
        mask = np.zeros((8, 8, 8), bool)
        side = 2 + int(float(row.values["age_years"]) > 55) * 2
        mask[2 : 2 + side, 2 : 2 + side, 2 : 2 + side] = True
        image = Volume(rng.normal(size=mask.shape).astype(np.float32), np.diag([4.0, 4.0, 4.0, 1.0]))
        images = {"T1CE": image} if number % 5 == 0 else {"T1CE": image, "T2FS": image}
        found[row.subject] = tumour_image(
            images, mask, CUBE, dict.fromkeys(images, ImageOrigin("MR", "ACME"))
        )
    return found


def patients_of(rows: Sequence[ClinicalRow], told: PrognosisOrder) -> NetworkPatients:
    """Who can be learned from, with an image where the order asks for one."""
    images = None if told.modalities == "clinical" else pictures(rows)
    return network_patients(rows, images, told.endpoints, least_events=5)
