"""Text from files on its way to a screen."""


def printable(text: str) -> str:
    """A text without control characters: a terminal would act on them, and files are not trusted."""
    return "".join(char if char.isprintable() else "?" for char in text)
