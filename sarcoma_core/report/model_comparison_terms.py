"""Words of the page of a comparison that not every reader has met."""

from typing import Final

from sarcoma_core.report.prognosis_terms import TERMS
from sarcoma_core.report.segmentation_terms import SEGMENTATION_TERMS
from sarcoma_core.report.terms import ExplainedTerm

_SHARED: Final = ("term-sarculator", "term-elastic-net", "term-out-of-fold", "term-c")
COMPARISON_TERMS: Final = (
    *(term for term in TERMS if term.id in _SHARED),
    ExplainedTerm(
        "term-forest",
        "Random survival forest",
        ("[Rr]andom survival forest",),
        "many trees of yes-or-no questions, each grown on another sample of the patients; their curves are "
        "averaged.",
        "https://doi.org/10.1214/08-AOAS169",
    ),
    ExplainedTerm(
        "term-radiomics",
        "Radiomics",
        ("[Rr]adiomics",),
        "numbers of the drawn tumour: its shape, and how bright its voxels are; no texture.",
        "https://doi.org/10.1148/radiol.2020191145",
    ),
    ExplainedTerm(
        "term-head",
        "Head",
        (r"\bhead\b",),
        "the last layer of a network, which reads the features of the image, of the table, or of both.",
    ),
    *(term for term in SEGMENTATION_TERMS if term.id == "term-holm"),
)
"""In the order of the page."""
