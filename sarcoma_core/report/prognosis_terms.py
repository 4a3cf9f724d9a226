"""Words of the page of a prognosis study that not every reader has met."""

from typing import Final

from sarcoma_core.report.terms import ExplainedTerm

TERMS: Final = (
    ExplainedTerm(
        "term-sarculator",
        "Sarculator",
        ("Sarculator",),
        "a published nomogram for soft-tissue sarcoma of the limbs, on age, size, grade and histology.",
        "https://doi.org/10.1016/S1470-2045(16)00010-3",
    ),
    ExplainedTerm(
        "term-elastic-net",
        "Elastic net",
        ("[Ee]lastic[- ]net",),
        "a penalty that shrinks coefficients towards 0 and leaves out those that help little.",
        "https://doi.org/10.18637/jss.v039.i05",
    ),
    ExplainedTerm(
        "term-out-of-fold",
        "Out of fold",
        ("[Oo]ut of fold",),
        "each patient is predicted by a model that was fitted on other patients alone.",
    ),
    ExplainedTerm(
        "term-c",
        "C (concordance)",
        (r"\bC\b",),
        "how often of two patients the one with the higher predicted risk has the event first.",
    ),
    ExplainedTerm(
        "term-brier",
        "Brier score",
        ("Brier score",),
        "mean squared distance of predicted survival from what happened; less is better.",
    ),
    ExplainedTerm(
        "term-reverse",
        "Reverse Kaplan-Meier",
        ("[Rr]everse Kaplan-Meier",),
        "median follow-up with the last look as the event: who had the event, or died, counts as censored.",
        "https://doi.org/10.1016/0197-2456(96)00075-X",
    ),
    ExplainedTerm(
        "term-ici",
        "ICI, E50, E90",
        (r"\bICI\b", r"\bE50\b"),
        "the mean, the median and the 90th percentile of the distance of predicted risk from the smoothed "
        "observed one.",
        "https://doi.org/10.1002/sim.8570",
    ),
)
"""In the order of the page."""
