"""The few habits of Java that show in the Container Service's messages: white space, hash order, ``null``."""

from collections.abc import Iterable

# Character.isWhitespace: Unicode space, line and paragraph separators without the three no-break spaces, and
# nine control characters (Java SE 8 API, java.lang.Character).
_WHITESPACE = frozenset(
    "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \u1680\u2028\u2029\u205f\u3000"
    "\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2008\u2009\u200a"
)
_LOAD_FACTOR = 0.75
_DEFAULT_CAPACITY = 16


def is_blank(text: str | None) -> bool:
    """commons-lang3 ``StringUtils.isBlank``: absent, empty, or white space only."""
    return text is None or all(char in _WHITESPACE for char in text)


def trim(text: str) -> str:
    """``String.trim``: everything up to U+0020 falls off both ends."""
    return text.strip("".join(map(chr, range(0x21))))


def shown(value: object) -> str:
    """A value as string concatenation shows it."""
    if isinstance(value, bool) or value is None:
        return {None: "null", True: "true", False: "false"}[value]
    return f"[{', '.join(map(shown, value))}]" if isinstance(value, tuple) else str(value)


def hash_code(text: str | None) -> int:
    """``String.hashCode``, a 32-bit number over UTF-16 units; 0 for ``null`` as ``HashMap`` has it."""
    units = (text or "").encode("utf-16-be", "surrogatepass")
    code = 0
    for high, low in zip(units[::2], units[1::2], strict=True):
        code = (31 * code + (high << 8) + low) & 0xFFFFFFFF
    return code


def hash_order(names: Iterable[str | None], *, capacity: int) -> tuple[str | None, ...]:
    """The order in which a ``HashSet`` made for ``capacity`` elements gives its names back.

    The table is the next power of two and doubles while it is more than three quarters full; within a bucket
    the order of insertion stays (OpenJDK 8 ``java.util.HashMap``; buckets of eight and more become trees
    there, which is left out).
    """
    unique = tuple(dict.fromkeys(names))
    size = 1 << max(capacity - 1, 0).bit_length()
    while len(unique) > int(size * _LOAD_FACTOR):
        size *= 2

    def bucket(name: str | None) -> int:
        code = hash_code(name)
        return (code ^ code >> 16) & (size - 1)

    return tuple(sorted(unique, key=bucket))


def copied_order(names: tuple[str | None, ...]) -> tuple[str | None, ...]:
    """The order of ``new HashSet<>(names)``, whose table is sized for what it copies."""
    return hash_order(names, capacity=max(int(len(names) / _LOAD_FACTOR) + 1, _DEFAULT_CAPACITY))
