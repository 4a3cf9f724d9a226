"""Words of the page of a prognosis study that not every reader has met: a line each, and links to it."""

import re
from dataclasses import dataclass
from typing import Final, NamedTuple


@dataclass(frozen=True)
class PrognosisTerm:
    """A word that is explained.

    Args:
        id: of its entry on the page.
        title: of the entry.
        words: patterns of it in a text; the first use of each is linked.
        told: one line.
        source: an address; empty where there is none.
    """

    id: str
    title: str
    words: tuple[str, ...]
    told: str
    source: str = ""


TERMS: Final = (
    PrognosisTerm(
        "term-sarculator",
        "Sarculator",
        ("Sarculator",),
        "a published nomogram for soft-tissue sarcoma of the limbs, on age, size, grade and histology.",
        "https://doi.org/10.1016/S1470-2045(16)00010-3",
    ),
    PrognosisTerm(
        "term-elastic-net",
        "Elastic net",
        ("[Ee]lastic[- ]net",),
        "a penalty that shrinks coefficients towards 0 and leaves out those that help little.",
        "https://doi.org/10.18637/jss.v039.i05",
    ),
    PrognosisTerm(
        "term-out-of-fold",
        "Out of fold",
        ("[Oo]ut of fold",),
        "each patient is predicted by a model that was fitted on other patients alone.",
    ),
    PrognosisTerm(
        "term-c",
        "C (concordance)",
        (r"\bC\b",),
        "how often of two patients the one with the higher predicted risk has the event first.",
    ),
    PrognosisTerm(
        "term-brier",
        "Brier score",
        ("Brier score",),
        "mean squared distance of predicted survival from what happened; less is better.",
    ),
    PrognosisTerm(
        "term-reverse",
        "Reverse Kaplan-Meier",
        ("[Rr]everse Kaplan-Meier",),
        "median follow-up with the last look as the event: who had the event, or died, counts as censored.",
        "https://doi.org/10.1016/0197-2456(96)00075-X",
    ),
    PrognosisTerm(
        "term-ici",
        "ICI, E50, E90",
        (r"\bICI\b", r"\bE50\b"),
        "the mean, the median and the 90th percentile of the distance of predicted risk from the smoothed "
        "observed one.",
        "https://doi.org/10.1002/sim.8570",
    ),
)
"""In the order of the page."""


class LinkedPiece(NamedTuple):
    """A part of a text, and the entry that it leads to; empty for plain text."""

    text: str
    id: str = ""


class FirstUses:
    """Finds the first use of each word on one page: texts are given in their order on it."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def __call__(self, text: str) -> tuple[LinkedPiece, ...]:
        """A text in pieces."""
        pieces = [LinkedPiece(text)]
        for term in TERMS:
            for word in term.words:
                if word not in self._seen:
                    pieces = list(self._linked(pieces, word, term.id))
        return tuple(pieces)

    def _linked(self, pieces: list[LinkedPiece], word: str, id_: str) -> list[LinkedPiece]:
        for place, piece in enumerate(pieces):
            found = None if piece.id else re.search(word, piece.text)
            if found:
                self._seen.add(word)
                before, after = piece.text[: found.start()], piece.text[found.end() :]
                new = [LinkedPiece(before), LinkedPiece(found.group(), id_), LinkedPiece(after)]
                return [*pieces[:place], *(one for one in new if one.text), *pieces[place + 1 :]]
        return pieces
