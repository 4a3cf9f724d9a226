"""Text on its way to a screen."""


def printable(text: str) -> str:
    """A text without control characters: a terminal would act on them, and files are not trusted."""
    return "".join(char if char.isprintable() else "?" for char in text)


def counted(number: int, noun: str) -> str:
    """A number of things in words: `1 session`, `2 sessions`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
