"""Words of people made comparable: small letters, no accents, no marks, one blank between them."""

import re
import unicodedata
from typing import Final

_MARKS = re.compile(r"[^0-9a-z]+")

_NOTHING: Final = frozenset(
    (
        *("", "na", "n a", "nan", "null", "nil", "missing", "unknown", "unk", "ukn", "none given", "blank"),
        *("not available", "not known", "not reported", "not recorded", "not applicable", "not done", "nd"),
        *("n d", "k a", "keine angabe", "unbekannt", "inconnu", "nr", "n r", "not stated", "not evaluated"),
        *("undetermined", "pending", "tbd", "todo", "empty", "no data", "unspecified", "not specified"),
    )
)


def plain(text: str) -> str:
    """Small letters without accents; marks become blanks."""
    bare = "".join(one for one in unicodedata.normalize("NFKD", text) if not unicodedata.combining(one))
    return " ".join(_MARKS.sub(" ", bare.casefold()).split())


def is_missing(text: str) -> bool:
    """Whether a text is what people write for nothing: such a word, or marks alone."""
    return plain(text) in _NOTHING and not any(one.isalnum() for one in text if not one.isascii())
