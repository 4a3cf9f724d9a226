"""Words of the page of a training that not every reader has met."""

from typing import Final

from sarcoma_core.report.segmentation_terms import SEGMENTATION_TERMS
from sarcoma_core.report.terms import ExplainedTerm

_OF_SCORES: Final = (
    "term-dice",
    "term-f2",
    "term-assd",
    "term-hd95",
    "term-iqr",
    "term-limits",
    "term-failed",
)

TRAINING_TERMS: Final = (
    ExplainedTerm(
        "term-out-of-fold",
        "Out of fold",
        ("[Oo]ut of fold",),
        "each patient is drawn by a network that was trained on other patients alone.",
    ),
    *(one for one in SEGMENTATION_TERMS if one.id in _OF_SCORES),
    ExplainedTerm(
        "term-fold",
        "Fold",
        (r"\b[Ff]olds?\b",),
        "a part of the patients; a network is trained on all folds but one, and judged by that one.",
    ),
    ExplainedTerm(
        "term-patch",
        "Patch",
        (r"\b[Pp]atch(es)?\b",),
        "the piece of an image that a network sees at once; larger images are seen patch by patch.",
    ),
    ExplainedTerm(
        "term-epoch",
        "Epoch",
        (r"\b[Ee]pochs?\b",),
        "a part of the training in which each patient is shown once, turned, scaled and changed anew.",
    ),
    ExplainedTerm(
        "term-loss",
        "Loss",
        (r"\b[Ll]oss\b",),
        "what training makes smaller: 1 less the Dice of the soft masks, and cross-entropy. It compares "
        "epochs of a training, not models.",
    ),
)
"""In the order of the page."""
