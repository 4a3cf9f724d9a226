"""Doubles of the machine's programs, behind the one door through which the boot calls them."""

import subprocess
from collections.abc import Callable, Sequence
from typing import Any

Answer = str | int | Callable[[Sequence[str], str], "str | int"]


class Programs:
    """What each program answers, and what was asked.

    A text is printed with exit status 0; a number is the status, with a reason on stderr. The last rule whose
    words begin the command counts; what no rule knows is an error, as a program that is not there.
    """

    def __init__(self) -> None:
        self._rules: list[tuple[tuple[str, ...], Answer]] = []
        self.asked: list[tuple[str, ...]] = []
        self.texts: list[str] = []
        self.environments: list[dict[str, str]] = []

    def answer(self, *words: str, by: Answer = "") -> None:
        """Have a command that begins with these words answered."""
        self._rules.append((words, by))

    def named(self, *words: str) -> list[tuple[str, ...]]:
        """The commands that began with these words."""
        return [each for each in self.asked if each[: len(words)] == words]

    def run(self, command: Sequence[str], **options: Any) -> "subprocess.CompletedProcess[str]":
        """In the place of `subprocess.run`."""
        asked, text = tuple(str(each) for each in command), options.get("input") or ""
        self.asked.append(asked)
        self.texts.append(text)
        self.environments.append(dict(options.get("env") or {}))
        for words, by in reversed(self._rules):
            if asked[: len(words)] == words:
                said = by(asked, text) if callable(by) else by
                if isinstance(said, str):
                    return subprocess.CompletedProcess(asked, 0, said, "")
                return subprocess.CompletedProcess(asked, said, "", f"first words\n{asked[0]} says no")
        raise FileNotFoundError(2, "No such file or directory", asked[0])
