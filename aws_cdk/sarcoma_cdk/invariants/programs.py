"""What the programs that run on the machine ask of AWS, read off their sources and never run."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

BOOT = Path(__file__).resolve().parents[1] / "boot"
"""The sources: what user data lays, and what the bundle brings."""
_COMMENT = re.compile(r"(^|\s)#.*")
_SHELL = re.compile(r"\b(aws|dnf|docker)\s+([a-z0-9-]+)(?:\s+([a-z0-9-]+))?")
_AGENT = "amazon-cloudwatch-agent"


@dataclass(frozen=True)
class Use:
    """One thing that a program asks of AWS.

    Args:
        where: the source and its line.
        service: as the command line names it, or `dnf`, `docker`, `agent`, `signal`.
        operation: e.g. `get-parameter`; empty where there is none.
    """

    where: str
    service: str
    operation: str = ""


def uses(folder: Path = BOOT) -> tuple[Use, ...]:
    """Everything that the boot asks of AWS.

    Args:
        folder: its sources.
    """
    found: list[Use] = []
    for path in sorted(folder.glob("*.py")):
        found += _python(path)
    for path in sorted(folder.glob("*.sh")):
        found += _shell(path)
    return tuple(found)


def unreadable(folder: Path = BOOT) -> tuple[str, ...]:
    """Where the boot asks AWS something that only a run would tell.

    Args:
        folder: its sources.
    """
    return tuple(
        f"{path.name}:{call.lineno}"
        for path in sorted(folder.glob("*.py"))
        for call in _calls(path, "aws")
        if not call.args or not _text(call.args[0])
    )


def _python(path: Path) -> Iterator[Use]:
    for call in _calls(path, "aws"):
        words = [_text(each) for each in call.args[:2]]
        if words and words[0]:
            yield Use(f"{path.name}:{call.lineno}", words[0], words[1] if len(words) > 1 else "")
    for words, line in _sequences(path):
        for program, order in (("dnf", "install"), ("docker", "pull")):
            if program in words and order in words:
                yield Use(f"{path.name}:{line}", program, order)
    for call in _calls(path, "docker"):
        if "pull" in [_text(each) for each in call.args[:1]]:
            yield Use(f"{path.name}:{call.lineno}", "docker", "pull")
    yield from _said(path)


def _said(path: Path) -> Iterator[Use]:
    """What a text of the source gives away: the agent by its name, the signal by its key."""
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Constant) and _text(node).endswith(_AGENT):
            yield Use(f"{path.name}:{node.lineno}", "agent")
        if isinstance(node, ast.Subscript) and _text(node.slice) == "signal":
            yield Use(f"{path.name}:{node.lineno}", "signal")


def _shell(path: Path) -> Iterator[Use]:
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        for program, first, second in _SHELL.findall(_COMMENT.sub("", line)):
            where = f"{path.name}:{number}"
            if program == "aws":
                yield Use(where, first, second)
            elif (program, first) in (("dnf", "install"), ("docker", "pull")):
                yield Use(where, program, first)


def _calls(path: Path, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Call):
            function = node.func
            called = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
            if called == name:
                yield node


def _sequences(path: Path) -> Iterator[tuple[list[str], int]]:
    """The words of each list, tuple and call: programs are named in one of them."""
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.List | ast.Tuple):
            yield [_text(each) for each in node.elts], node.lineno
        elif isinstance(node, ast.Call):
            yield [_text(each) for each in node.args], node.lineno


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), filename=path.name)


def _text(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
