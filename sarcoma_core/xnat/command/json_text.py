"""JSON as XNAT's Jackson parser reads it: ``#`` comments and 'single quotes' too, and nothing else on top.

Members keep their order and their repetitions, numbers their text, because both decide how a command binds.

Source: the XNAT object mapper (ALLOW_SINGLE_QUOTES and ALLOW_YAML_COMMENTS on, every other extension off) and
jackson-core's parser: text behind the document is not looked at.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from sarcoma_core.errors import CommandError

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_WORD = re.compile(r"[A-Za-z0-9_$]+")
_PLAIN = {quote: re.compile(rf"[^{quote}\\\x00-\x1f]*") for quote in "\"'"}
_BLANK = re.compile(r"[ \t\r\n]*")
_BLANK_OR_COMMENT = re.compile(r"(?:[ \t\r\n]|#[^\r\n\x00-\x08\x0b\x0c\x0e-\x1f]*(?=[\r\n]|\Z))*")
_HEX = re.compile(r"[0-9a-fA-F]{4}")
_ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", '"': '"', "/": "/", "\\": "\\", "'": "'"}
_WORDS: dict[str, "Json"] = {"true": True, "false": False, "null": None}


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it was written, so that ``1e3`` bound to a text stays ``1e3``."""

    text: str

    @property
    def is_integer(self) -> bool:
        """Whether it has neither a fraction nor an exponent."""
        return self.text.lstrip("-").isdigit()


@dataclass(frozen=True, slots=True)
class Members:
    """A JSON object: its members in order, repetitions kept."""

    pairs: "tuple[tuple[str, Json], ...]"


Json: TypeAlias = "bool | str | Number | list[Json] | Members | None"


class JsonTextError(CommandError):
    """The text is not JSON; says the line, the column and what was expected."""


def parse(text: str, *, lenient: bool = True) -> Json:
    """Read the first JSON value of a text; what follows it is ignored, as the service ignores it.

    Args:
        text: the document; a byte order mark before it is allowed.
        lenient: whether comments and single quotes are read, as in a request; not so in a default value.

    Raises:
        JsonTextError: the text holds no value, or breaks the grammar.
    """
    try:
        return _JsonReader(text.removeprefix("\ufeff"), lenient=lenient).value()
    except RecursionError:
        raise JsonTextError("not JSON: lists and objects are nested too deeply.") from None


def tree_of(value: object) -> Json:
    """The tree of a Python value as `json.loads` gives it.

    Raises:
        CommandError: it holds what JSON has no word for.
    """
    if isinstance(value, Mapping):
        return Members(tuple((str(key), tree_of(member)) for key, member in value.items()))
    if isinstance(value, list | tuple):
        return [tree_of(item) for item in value]
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int | float):
        return Number(repr(value))
    raise CommandError(f"a command is made of JSON values; found {type(value).__name__}.")


class _JsonReader:
    def __init__(self, text: str, *, lenient: bool) -> None:
        self.text = text
        self.at = 0
        self.blank = _BLANK_OR_COMMENT if lenient else _BLANK
        self.quotes = "\"'" if lenient else '"'

    def value(self) -> Json:
        match self._next("a value"):
            case "{":
                return Members(tuple(self._members()))
            case "[":
                return list(self._items())
            case quote if quote in self.quotes:
                return self._string()
            case _:
                return self._scalar()

    def _next(self, wanted: str) -> str:
        """Skip white space and comments; the character there, not yet taken."""
        blank = self.blank.match(self.text, self.at)
        self.at = blank.end() if blank else self.at
        if self.at == len(self.text):
            raise self._error(f"the text ends where {wanted} was expected")
        return self.text[self.at]

    def _take(self, allowed: str, wanted: str) -> str:
        char = self._next(wanted)
        if char not in allowed:
            raise self._error(f"expected {wanted}, found {char!r}")
        self.at += 1
        return char

    def _members(self) -> Iterator[tuple[str, Json]]:
        self.at += 1
        if self._next("a key or }") == "}":
            self.at += 1
            return
        closed = False
        while not closed:
            if self._next("a key") not in self.quotes:
                raise self._error(f"expected a quoted key, found {self.text[self.at]!r}")
            key = self._string()
            self._take(":", "a colon")
            yield key, self.value()
            closed = self._take(",}", "a comma or }") == "}"

    def _items(self) -> Iterator[Json]:
        self.at += 1
        if self._next("a value or ]") == "]":
            self.at += 1
            return
        closed = False
        while not closed:
            yield self.value()
            closed = self._take(",]", "a comma or ]") == "]"

    def _string(self) -> str:
        quote = self.text[self.at]
        self.at += 1
        pieces: list[str] = []
        while True:
            plain = _PLAIN[quote].match(self.text, self.at)
            pieces.append(plain[0] if plain else "")
            self.at += len(pieces[-1])
            char = self.text[self.at : self.at + 1]
            if char == quote:
                self.at += 1
                return _joined(pieces)
            if char != "\\":
                raise self._error("a control character in a text" if char else "a text is not closed")
            pieces.append(self._escape())

    def _escape(self) -> str:
        char = self.text[self.at + 1 : self.at + 2]
        if char == "u":
            digits = _HEX.match(self.text, self.at + 2)
            if not digits:
                raise self._error(r"expected four hexadecimal digits after \u")
            self.at += 6
            return chr(int(digits[0], 16))
        if char not in _ESCAPES or (char == "'" and char not in self.quotes):
            raise self._error(f"unknown escape \\{char}")
        self.at += 2
        return _ESCAPES[char]

    def _scalar(self) -> Json:
        word = _WORD.match(self.text, self.at)
        if word and word[0] in _WORDS:
            self.at = word.end()
            return _WORDS[word[0]]
        number = _NUMBER.match(self.text, self.at)
        if number and (number[0].lstrip("-") != "0" or not self._digit_at(number.end())):
            self.at = number.end()
            return Number(number[0])
        raise self._error(f"expected a value, found {self.text[self.at]!r}")

    def _digit_at(self, place: int) -> bool:
        return self.text[place : place + 1].isdigit()

    def _error(self, reason: str) -> JsonTextError:
        line = self.text.count("\n", 0, self.at) + 1
        column = self.at - self.text.rfind("\n", 0, self.at)
        return JsonTextError(f"not JSON: line {line}, column {column}: {reason}.")


def _joined(pieces: list[str]) -> str:
    """Pieces as one text; two escaped halves of a surrogate pair become the one character they mean."""
    text = "".join(pieces)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
