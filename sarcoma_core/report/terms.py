"""Words of a page that not every reader has met: a line each, and links from the first use of each to it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True)
class ExplainedTerm:
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


class LinkedPiece(NamedTuple):
    """A part of a text, and the entry that it leads to; empty for plain text."""

    text: str
    id: str = ""


class FirstUses:
    """Finds the first use of each word on one page: texts are given in their order on it.

    Args:
        terms: that the page explains.
    """

    def __init__(self, terms: Sequence[ExplainedTerm]) -> None:
        self._terms = tuple(terms)
        self._seen: set[str] = set()

    def __call__(self, text: str) -> tuple[LinkedPiece, ...]:
        """A text in pieces."""
        pieces = [LinkedPiece(text)]
        for term in self._terms:
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
