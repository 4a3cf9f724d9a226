"""How a table of people is to be read, as arguments say it: for `sarcoma clinical`."""

import argparse
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from sarcoma_core.errors import InputError, UsageError
from sarcoma_core.text import printable

if TYPE_CHECKING:
    from sarcoma_core.prognosis.clinical.checking import CheckedTable
    from sarcoma_core.prognosis.clinical.how_to_read import HowToRead


def add_reading(parser: argparse.ArgumentParser) -> None:
    """Add how a table is to be read, where its headings do not say it."""
    reading = parser.add_argument_group("how to read it")
    reading.add_argument(
        "--sheet", default="", metavar="NAME", help="of a workbook, the one with the patients"
    )
    for flag, form, told in (
        (
            "--column",
            "NAME=HEADING",
            "which column it is, e.g. age_years='Alter bei OP'; several times if need be",
        ),
        ("--unit", "NAME=UNIT", "unit of a column, e.g. overall_survival_days=months, size_cm=mm"),
        (
            "--word",
            "NAME:WORD=MEANING",
            "what a word means, e.g. 'diagnosis:spindle cell tumour=other sarcoma'",
        ),
    ):
        reading.add_argument(flag, action="append", default=[], metavar=form, help=told)
    reading.add_argument(
        "--time-zero",
        choices=("surgery", "diagnosis"),
        help="what times are counted from (default: what the headings say, else surgery)",
    )


def how_of(arguments: argparse.Namespace) -> "HowToRead":
    """How the arguments say that a table is to be read.

    Raises:
        UsageError: one of them is not of its form.
    """
    from sarcoma_core.prognosis.clinical.how_to_read import HowToRead

    words: dict[str, dict[str, str]] = {}
    for text, meaning in _pairs("--word", "NAME:WORD=MEANING", arguments.word):
        column, colon, word = text.partition(":")
        if not colon or not word:
            raise UsageError(f"--word: must be NAME:WORD=MEANING; found {text!r}.")
        words.setdefault(column, {})[word] = meaning
    return HowToRead(
        sheet=arguments.sheet,
        columns=dict(_pairs("--column", "NAME=HEADING", arguments.column)),
        units=dict(_pairs("--unit", "NAME=UNIT", arguments.unit)),
        words=words,
        time_zero=arguments.time_zero,
    )


def pasted(*words: str) -> str:
    """A command to be pasted: no character of it acts on a terminal, or ends the line."""
    return printable(shlex.join(words))


def table_word(table: Path) -> str:
    """The table as a word of a command, which is no option where its name begins with a dash."""
    return f"./{table}" if str(table).startswith("-") else str(table)


def reading_words(arguments: argparse.Namespace) -> tuple[str, ...]:
    """The words of a command that read a table in the same way: each option with its value is one word."""
    several = ((flag, text) for flag in ("column", "unit", "word") for text in getattr(arguments, flag))
    one = ((flag, getattr(arguments, flag.replace("-", "_"))) for flag in ("sheet", "time-zero"))
    return tuple(f"--{flag}={text}" for flag, text in (*several, *one) if text)


def check_command(arguments: argparse.Namespace) -> str:
    """The command that tells all that is odd in the table that the arguments name."""
    return pasted("sarcoma", "clinical", "check", table_word(arguments.table), *reading_words(arguments))


def _pairs(flag: str, form: str, texts: list[str]) -> list[tuple[str, str]]:
    pairs = []
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.strip() or not value.strip():
            raise UsageError(f"{flag}: must be {form}; found {text!r}.")
        pairs.append((name.strip(), value.strip()))
    return pairs


def read_usable(arguments: argparse.Namespace) -> "CheckedTable":
    """The table that the arguments name, which has no errors.

    Raises:
        InputError: it has some, or is no table at all.
        UsageError: what the arguments say about it does not fit.
    """
    from sarcoma_core.prognosis.clinical.checking import check_file

    checked = check_file(arguments.table, how_of(arguments))
    if checked.table is None:
        errors = sum(one.severity == "error" for one in checked.findings)
        raise InputError(
            f"TABLE: must have no errors; it has {errors}. Nothing was written.",
            hint=f"{check_command(arguments)} tells which.",
        )
    return checked
