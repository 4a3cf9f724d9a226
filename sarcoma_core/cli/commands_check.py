"""`sarcoma commands validate` and `sarcoma commands lint`: judge command files, a line for each command.

Exit codes: 0 clean, 1 findings (a text that is not JSON is one), 2 a file could not be read; the others go
on.
"""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from sarcoma_core.text import printable
from sarcoma_core.xnat.lint.linting import lint
from sarcoma_core.xnat.validation.rules import JudgementKind, validate_each

CLEAN, FINDINGS, UNREADABLE = 0, 1, 2


class _Line(NamedTuple):
    """What is said of one command or finding: as a row of cells, and as JSON."""

    cells: tuple[str, ...]
    record: dict[str, object]
    is_finding: bool


def validate_files(files: Sequence[Path], *, as_json: bool) -> int:
    """Print the service's verdict on each command of each file and return the exit code.

    A line reads ``FILE<TAB>ACCEPT|REJECT(n)|BIND-ERROR|UNPARSABLE<TAB>messages``, messages joined by `` | ``;
    a file that holds a JSON list of commands, as an image label does, gets a line for each, in order.

    Args:
        files: what to judge.
        as_json: print one JSON list instead.
    """
    return _tell(files, _verdict_lines, as_json=as_json)


def lint_files(files: Sequence[Path], *, as_json: bool) -> int:
    """Print what is legal and wrong in each file and return the exit code.

    A line reads ``FILE<TAB>rule<TAB>JSON pointer<TAB>what happens<TAB>what to do``, or ``FILE<TAB>clean``.

    Args:
        files: what to look through.
        as_json: print one JSON list instead.
    """
    return _tell(files, _lint_lines, as_json=as_json)


def _verdict_lines(file: str, text: str) -> Iterator[_Line]:
    for verdict in validate_each(text):
        yield _Line(
            (file, verdict.word, " | ".join(verdict.messages)),
            {
                "file": file,
                "place": verdict.place,
                "verdict": verdict.word,
                "messages": list(verdict.messages),
            },
            is_finding=verdict.kind is not JudgementKind.ACCEPT,
        )


def _lint_lines(file: str, text: str) -> Iterator[_Line]:
    findings = lint(text)
    for finding in findings:
        yield _Line((file, *finding), {"file": file, **finding._asdict()}, is_finding=True)
    if not findings:
        yield _Line((file, "clean"), {"file": file, "rule": "clean"}, is_finding=False)


def _tell(files: Sequence[Path], lines_of: Callable[[str, str], Iterator[_Line]], *, as_json: bool) -> int:
    code = CLEAN
    records: list[dict[str, object]] = []
    for file in files:
        try:
            text = file.read_bytes().decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
            sys.stderr.write(f"{file}: cannot be read: {reason}\n")
            code = UNREADABLE
            continue
        for line in lines_of(str(file), text):
            code = max(code, FINDINGS if line.is_finding else CLEAN)
            records.append(line.record)
            if not as_json:
                print("\t".join(map(_cell, line.cells)))
    if as_json:
        print(json.dumps(records, indent=2))
    return code


def _cell(text: str) -> str:
    """A text on one line of a table, what cannot be encoded (half a surrogate pair) as a question mark."""
    flat = text.replace("\t", " ").replace("\n", " ")
    return printable(flat.encode("utf-8", "replace").decode("utf-8"))
