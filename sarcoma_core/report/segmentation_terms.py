"""Words of the page of a segmentation study that not every reader has met."""

from typing import Final

from sarcoma_core.report.terms import ExplainedTerm

SEGMENTATION_TERMS: Final = (
    ExplainedTerm(
        "term-dice",
        "Dice",
        (r"\bDice\b",),
        "overlap of two masks, 2 TP / (2 TP + FP + FN) of voxels; 1 is the same mask, 0 no voxel in common.",
    ),
    ExplainedTerm(
        "term-f2",
        "F2",
        (r"\bF2\b",),
        "overlap in which a voxel that was missed weighs four times one that is too much.",
    ),
    ExplainedTerm(
        "term-assd",
        "ASSD",
        (r"\bASSD\b",),
        "average distance of the surfaces of two masks to one another, mm; less is better.",
    ),
    ExplainedTerm(
        "term-hd95",
        "HD95",
        (r"\bHD95\b",),
        "95th percentile of these distances, mm: how far off the worst parts of the outline are.",
        "https://doi.org/10.1038/s41592-023-02151-z",
    ),
    ExplainedTerm(
        "term-iqr",
        "Interquartile range",
        ("[Ii]nterquartile range",),
        "from the value that a quarter of patients lie below to that which a quarter lie above.",
    ),
    ExplainedTerm(
        "term-limits",
        "95 % limits",
        ("95 % limits",),
        "how sure a median is: it was taken again of patients drawn with replacement, and 95 % of these "
        "medians lie between the limits (percentile bootstrap).",
    ),
    ExplainedTerm(
        "term-failed",
        "Failed",
        (r"\b[Ff]ailed\b",),
        "the model found nothing where there is a reference, or something where the reference is empty: Dice "
        "and F2 count 0, distances the diagonal of the image.",
        "https://github.com/Project-MONAI/MONAI/issues/9095",
    ),
    ExplainedTerm(
        "term-wilcoxon",
        "Wilcoxon's signed-rank test",
        ("Wilcoxon",),
        "whether one of two models is better on the same patients more often, and by more, than chance "
        "allows.",
    ),
    ExplainedTerm(
        "term-kruskal",
        "Kruskal-Wallis test",
        ("Kruskal-Wallis",),
        "whether patients of several groups rank differently than chance allows.",
    ),
    ExplainedTerm(
        "term-holm",
        "Holm",
        (r"\bHolm\b",),
        "p values made larger for the number of tests of a family, so that the chance of any false finding "
        "in it stays below 5 %.",
        "https://www.jstor.org/stable/4615733",
    ),
)
"""In the order of the page."""
