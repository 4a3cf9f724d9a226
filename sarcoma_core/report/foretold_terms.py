"""Words of what is foretold of a patient: what each endpoint is called, and terms that need a line."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sarcoma_core.report.masks import shown
from sarcoma_core.report.terms import ExplainedTerm


@dataclass(frozen=True)
class EndpointWords:
    """How an endpoint is told.

    Args:
        title: what a reader calls it.
        event: what happens, as a sentence begins.
        had: who has had it, as an axis is called.
        competing: whether death before it ends the watch for it.
    """

    title: str
    event: str
    had: str
    competing: bool = False

    @property
    def within(self) -> str:
        """What happens, within a sentence."""
        return f"{self.event[:1].lower()}{self.event[1:]}"


SURVIVAL: Final = "overall_survival"
"""The endpoint that the first sentence tells, where it is foretold."""
_WORDS: Final[Mapping[str, EndpointWords]] = {
    SURVIVAL: EndpointWords("Overall survival", "Death", "Died"),
    "distant_metastasis": EndpointWords(
        *("Distant metastasis", "A first distant metastasis", "Had a distant metastasis"), competing=True
    ),
    "local_recurrence": EndpointWords(
        *("Local recurrence", "A local recurrence", "Had a local recurrence"), competing=True
    ),
    "recurrence_free_survival": EndpointWords(
        "Recurrence-free survival",
        "Recurrence, metastasis or death",
        "Had a recurrence or metastasis, or died",
    ),
}


def endpoint_words(name: str) -> EndpointWords:
    """How an endpoint is told; one that is not known here keeps its own name.

    Args:
        name: as the document has it.
    """
    plain = shown(name).replace("_", " ").strip() or "event"
    own = f"{plain[:1].upper()}{plain[1:]}"
    return _WORDS.get(name) or EndpointWords(own, own, f"Had: {plain}")


FORETOLD_TERMS: Final = (
    ExplainedTerm(
        "term-spread",
        "Spread between models",
        (r"[Ss]pread between (?:\d+ )?models",),
        "the lowest and the highest of the networks of the model, which learned from other parts of the same "
        "patients and from other beginnings. It claims no coverage: the truth may well lie outside.",
    ),
    ExplainedTerm(
        "term-incidence",
        "Cumulative incidence",
        ("[Cc]umulative incidence",),
        "the chance to have had the event by a time, when death before it is an outcome of its own: the "
        "chances of the event, of death before it and of neither add up to 100 %.",
        "https://doi.org/10.1161/CIRCULATIONAHA.115.017719",
    ),
    ExplainedTerm(
        "term-clinical-baseline",
        "Clinical baseline",
        ("[Cc]linical baseline",),
        "elastic-net Cox models of the clinical variables alone, fitted on the patients of the development. "
        "Where they differ from the networks, the image may be why, or chance.",
    ),
    ExplainedTerm(
        "term-lower-bound",
        "Lower bound of survival time",
        ("[Ll]ower bounds?",),
        "a time that so many patients outlive, set on patients whom no network has seen; those who were last "
        "seen alive are accounted for (conformal risk control).",
        "https://doi.org/10.48550/arXiv.2501.04615",
    ),
    ExplainedTerm(
        "term-risk-score",
        "Risk score",
        ("[Rr]isk scores?",),
        "higher where the event is expected earlier. It orders patients and is no chance of an event.",
    ),
    ExplainedTerm(
        "term-heat-map",
        "Heat map",
        ("[Hh]eat maps?",),
        "Grad-CAM, taken voxel by voxel: how much each place of the networks' maps of the image adds to the "
        "risk.",
        "https://doi.org/10.48550/arXiv.2011.08891",
    ),
    ExplainedTerm(
        "term-untrained",
        "Untrained networks",
        ("[Uu]ntrained networks",),
        "the same networks with random weights. A map that they give as well shows the image, and nothing "
        "that was learned.",
        "https://doi.org/10.48550/arXiv.1810.03292",
    ),
)
"""In the order of the section."""
