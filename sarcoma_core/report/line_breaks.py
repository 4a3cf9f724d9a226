"""Where a text in a drawing breaks: SVG does not wrap, and the page does not know which typeface is there."""

from unicodedata import east_asian_width

_WIDE, _NARROW = frozenset("mwMW@%—…"), frozenset("iljtfrI.,:;|!'()[]/- ")
_IDEOGRAPH, _WIDEST, _CAPITAL, _OTHER, _THIN = 1.02, 1.0, 0.79, 0.64, 0.42
"""Widths of letters in parts of their size, as in the widest of the page's typefaces (DejaVu Sans)."""
_BOLD = 1.13
"""Of a bold letter, in parts of another."""


def text_width(text: str, *, bold: bool = False) -> float:
    """About how wide a text is, in parts of the size of its letters, and rather too wide than too narrow."""
    return (_BOLD if bold else 1.0) * sum(map(_letter_width, text))


def broken(text: str, width: float, *, bold: bool = False) -> list[str]:
    """A text as lines, broken between words, and within one that is wider than a line.

    Args:
        text: words.
        width: of a line, in parts of the size of the letters.
        bold: whether they are.
    """
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".lstrip()
        if text_width(longer, bold=bold) <= width:
            lines[-1] = longer
            continue
        pieces = _pieces(word, width, bold=bold)
        lines = [*lines, *pieces] if lines[-1] else pieces
    return lines


def _pieces(word: str, width: float, *, bold: bool) -> list[str]:
    """A word in pieces that fit; one letter at least in each."""
    pieces = [""]
    for letter in word:
        if pieces[-1] and text_width(pieces[-1] + letter, bold=bold) > width:
            pieces.append("")
        pieces[-1] += letter
    return pieces


def _letter_width(letter: str) -> float:
    if letter in _WIDE:
        return _WIDEST
    if letter in _NARROW:
        return _THIN
    if east_asian_width(letter) in ("W", "F"):
        return _IDEOGRAPH
    return _CAPITAL if letter.isupper() else _OTHER
