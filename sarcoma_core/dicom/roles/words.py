"""What a series description says, in words of the dictionary: nothing else of its text is ever told."""

import re
import unicodedata
from collections.abc import Mapping
from functools import cache

from sarcoma_core.dicom.roles.dictionary import GLUED, SAYS

Said = Mapping[str, tuple[str, ...]]
"""The groups of the dictionary that a text says, each with the phrases that say so, in the text's order."""

DIFFUSION_WEIGHT = "diffusion"
A_B_VALUE = "a b-value"
"""What is told of a b-value in a text, in the place of its digits."""
_B_VALUE = re.compile(r"b(?:0|[5-9]\d|[1-9]\d\d|[1-9]\d[05]0)")
"""Of four digits, multiples of 50 only: others may be a year or a part of a number."""
_SIGNS = (
    (r"\+/-", " "),
    (r"(?<![a-z])f[./]\s?s\b\.?", " fs "),
    (r"t2\s?\*", " t2star "),
    (r"r2\s?\*", " r2star "),
    (r"(?<![a-z])c\s?\+", " cplus "),
    (r"\+\s?(?:c|gd|gad|gado|gadolinium|km|ce|contrast|inj)(?![a-z])", " cplus "),
    (r"(?<![a-z])c\s?-(?![a-z0-9])", " cminus "),
    (r"(?<!\S)-\s?(?:c|gd|gado|km)(?![a-z])", " cminus "),
    (r"(?<![a-z])w/o(?![a-z])", " without "),
    (r"(?<![a-z])w/", " with "),
    (r"(?<![a-z])c/(?=\s?[a-z]{2})", " com "),
    (r"(?<![a-z])s/(?=\s?[a-z]{2})", " sem "),
)
"""Signs that mean something, before all others become blanks."""
_LONGEST_GLUED = 32
_LONGEST_NUMBER = 2
_THICKNESS = re.compile(r"\d{1,3}mm")


def normalised(text: str) -> str:
    """A text in lower-case words with one blank between, without accents and signs."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(char for char in letters if not unicodedata.combining(char)).replace("_", " ")
    for sign, word in _SIGNS:
        plain = re.sub(sign, word, plain)
    return " ".join(re.findall(r"[a-z0-9]+", plain))


def read_words(text: str) -> Said:
    """The groups of the dictionary that a text says."""
    words = [word for token in normalised(text).split() for word in _parts(token)]
    said: dict[str, list[str]] = {}
    place = 0
    while place < len(words):
        length = next(
            (n for n in range(_longest(), 0, -1) if tuple(words[place : place + n]) in _phrases()), 0
        )
        phrase = tuple(words[place : place + length])
        for group in _phrases().get(phrase, ()) if length else _of_pattern(words[place]):
            said.setdefault(group, []).append(" ".join(phrase) or A_B_VALUE)
        place += length or 1
    return {group: tuple(dict.fromkeys(phrases)) for group, phrases in said.items()}


def is_dictionary_text(text: str) -> bool:
    """Whether a text can hold no name, date or number of a patient.

    It has words of the dictionary only. A number is a part of one (`t1`, `3d`), a b-value (`b800`) or
    a thickness (`5mm`); beside these, the text has at most one number, of at most two digits.
    """
    words = [word for token in normalised(text).split() for word in _parts(token)]
    known = {word for phrase in _phrases() for word in phrase}
    bare = [word for word in words if word.isdigit()]
    others = [word for word in words if not word.isdigit()]
    if len(bare) > 1 or any(len(number) > _LONGEST_NUMBER for number in bare):
        return False
    return bool(words) and all(
        word in known or _THICKNESS.fullmatch(word) or _of_pattern(word) for word in others
    )


def _of_pattern(word: str) -> tuple[str, ...]:
    return (DIFFUSION_WEIGHT,) if _B_VALUE.fullmatch(word) else ()


@cache
def _phrases() -> Mapping[tuple[str, ...], tuple[str, ...]]:
    """The groups of each phrase."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for group, phrases in SAYS.items():
        for phrase in phrases.split():
            groups.setdefault(tuple(phrase.split("-")), []).append(group)
    return {phrase: tuple(dict.fromkeys(found)) for phrase, found in groups.items()}


@cache
def _longest() -> int:
    return max(map(len, _phrases()))


@cache
def _glued() -> frozenset[str]:
    return frozenset(GLUED.split())


def _parts(token: str) -> tuple[str, ...]:
    """The words of a token that is written without signs between, such as `axialt1`; else the token."""
    if (token,) in _phrases() or len(token) > _LONGEST_GLUED or _of_pattern(token):
        return (token,)
    found: dict[int, tuple[str, ...]] = {0: ()}
    for end in range(1, len(token) + 1):
        starts = [start for start in found if token[start:end] in _glued()]
        if starts:
            fewest = min(starts, key=lambda start: len(found[start]))
            found[end] = (*found[fewest], token[fewest:end])
    return found.get(len(token)) or (token,)
