"""Terms: the first use of each word leads to its entry, and no text is lost on the way."""

from sarcoma_core.report.prognosis_terms import TERMS
from sarcoma_core.report.terms import FirstUses, LinkedPiece


def test_the_first_use_is_linked_and_no_later_one() -> None:
    first = FirstUses(TERMS)
    assert first("an Elastic net, an elastic-net Cox") == (
        LinkedPiece("an "),
        LinkedPiece("Elastic net", "term-elastic-net"),
        LinkedPiece(", an elastic-net Cox"),
    )
    assert first("elastic net") == (LinkedPiece("elastic net"),)


def test_words_that_share_an_entry_are_linked_each_once() -> None:
    found = FirstUses(TERMS)("ICI 0.1, E50 0.2, ICI 0.3")
    assert [piece.text for piece in found if piece.id] == ["ICI", "E50"]
    assert {piece.id for piece in found if piece.id} == {"term-ici"}


def test_a_letter_of_a_word_is_no_concordance() -> None:
    assert FirstUses(TERMS)("AUC, CT and ICI") == (
        LinkedPiece("AUC, CT and "),
        LinkedPiece("ICI", "term-ici"),
    )


def test_the_pieces_of_a_text_are_the_text() -> None:
    text = "C by Sarculator out of fold: Brier score, C, reverse Kaplan-Meier <b>E50</b>"
    found = FirstUses(TERMS)(text)
    assert "".join(piece.text for piece in found) == text
    assert sum(bool(piece.id) for piece in found) == 6


def test_each_entry_has_its_own_place_and_is_found_by_its_title() -> None:
    assert len({term.id for term in TERMS}) == len(TERMS)
    for term in TERMS:
        assert any(piece.id == term.id for piece in FirstUses(TERMS)(term.title))
