"""Facts of a training of networks that were made up: heads, two endpoints, six networks, two openings."""

from dataclasses import replace
from typing import Final

from sarcoma_core.models.card import CardNumber, CardOpening
from sarcoma_core.report.facts import Fact
from sarcoma_core.report.flow_diagram import FlowStep, PatientFlow
from sarcoma_core.report.measures import WithLimits
from sarcoma_core.report.network_study_facts import (
    HeadMeasures,
    HeadsFacts,
    NetworkLearning,
    NetworkStudyFacts,
    OutcomeEpoch,
    PartFacts,
)

BASELINE: Final = "clinical baseline"
EPOCHS: Final = 20


def measures(c: float, apart: tuple[float, float, float] | None = None) -> HeadMeasures:
    """A head of such a C, and how far it lies from the first."""
    return HeadMeasures(
        harrell=WithLimits(c, c - 0.06, c + 0.06),
        difference=None if apart is None else WithLimits(*apart),
        uno=WithLimits(c - 0.01, c - 0.08, c + 0.05),
        auc=WithLimits(c + 0.01, c - 0.07, c + 0.07),
        brier=WithLimits(0.171, 0.15, 0.19),
        slope=WithLimits(0.91, 0.6, 1.2),
        ici=0.031,
    )


OS = HeadsFacts(
    title="Overall survival",
    patients=307,
    events=97,
    horizon="3 years",
    tau=1826.25,
    null_brier=0.193,
    models={
        "joint": measures(0.712),
        "image": measures(0.664, (-0.048, -0.09, -0.01)),
        "clinical": measures(0.689, (-0.023, -0.06, 0.02)),
        BASELINE: measures(0.695, (-0.017, -0.05, 0.03)),
    },
    baseline=BASELINE,
    seeds=(0.701, 0.715, 0.708),
)
DM = replace(OS, title="Distant metastasis", events=83, seeds=(0.66,))


def network(
    number: int, *, best: int = 12, heads: tuple[str, ...] = ("joint", "clinical")
) -> NetworkLearning:
    """How a network learned: losses fall, and the first head gains weight."""
    history = []
    for epoch in range(1, EPOCHS + 1):
        part = 0.5 + 0.4 * epoch / EPOCHS if len(heads) > 1 else 1.0
        rest = (1 - part) / max(1, len(heads) - 1)
        weights = {head: part if place == 0 else rest for place, head in enumerate(heads)}
        history.append(OutcomeEpoch(epoch, 4.0 / epoch**0.3, 3.5 / epoch**0.2, weights))
    return NetworkLearning(number, (number - 1) % 3 + 1, (number - 1) // 3 + 1, best, tuple(history))


SEEN = CardNumber("Overall survival, test set, joint", "Harrell's C", 66, 0.71, lower=0.6, upper=0.8)
FIRST = CardOpening("ada", "2026-01-31T12:00:00+00:00", 66, "1" * 64, "2" * 64, "3" * 64, (SEEN,))
SECOND = replace(FIRST, who="bo", when="2026-02-01T00:00:00+00:00", weights_sha256="4" * 64)
FACTS = NetworkStudyFacts(
    flow=PatientFlow(
        (
            FlowStep("Rows of the clinical table", 460),
            FlowStep("With a session", 440, (("no session of the subject", 20),)),
            FlowStep("In this training", 421, (("without one", 19),)),
        ),
        (FlowStep("Overall survival", 420, (("not followed for it", 1),), 131),),
    ),
    parts=(
        PartFacts("Development", 301, {"Overall survival": 97, "Distant metastasis": 83}, "learned from"),
        PartFacts("Test set", 66, {"Overall survival": 20, "Distant metastasis": 18}, "looked at by nobody"),
    ),
    endpoints=(OS, DM),
    graded=True,
    epochs=EPOCHS,
    networks=tuple(network(number) for number in range(1, 7)),
    openings=(FIRST,),
    left_out=(("MASKS: must hold a mask of the region tumour.", 19),),
    settings=(Fact("Outputs", "logistic-hazard"), Fact("Networks", "3 folds of 2")),
    hashes=(Fact("Cohort", "0" * 64),),
    limits=("Of one project.",),
    methods="Networks were trained.",
)
