"""Lists that people keep beside a project as CSV: who has consented, and what is left out.

A line that names somebody but for case, marks or zeros must not be passed over: `near_lines`.

CONSENT/consent.csv         subject,consent             granted, refused or withdrawn
EXCLUSIONS/exclusions.csv   subject,session             without a session: all of the subject's
"""

import csv
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Literal, cast, get_args

from sarcoma_core.archive.near_labels import by_loose_form, difference, loose_forms
from sarcoma_core.errors import InputError

Consent = Literal["granted", "refused", "withdrawn", "not recorded"]
_WORDS = tuple(word for word in get_args(Consent) if word != "not recorded")
CONSENT, EXCLUSIONS = "CONSENT", "EXCLUSIONS"
"""Project resources with lists that people keep. They are no assets: a site may have none of them."""
CONSENT_FILE, EXCLUSIONS_FILE = "consent.csv", "exclusions.csv"


def read_consents(path: Path) -> Mapping[str, Consent]:
    """The consent of each subject, by its label.

    Args:
        path: a CSV file with the columns `subject` and `consent`.

    Raises:
        InputError: it is no such table, a word is unknown, or a subject stands twice in it.
    """
    consents: dict[str, Consent] = {}
    for number, row in _rows(path, ("subject", "consent")):
        if row["consent"] not in _WORDS:
            raise _fault(path, f"consent must be {', '.join(_WORDS)}; line {number} has another word")
        if row["subject"] in consents:
            raise _fault(path, f"a subject must stand in it once; line {number} repeats one")
        consents[row["subject"]] = cast("Consent", row["consent"])
    return consents


def read_exclusions(path: Path) -> frozenset[tuple[str, str]]:
    """What is left out: subject and session, the session empty for all of the subject's.

    Args:
        path: a CSV file with the columns `subject` and `session`.

    Raises:
        InputError: it is no such table.
    """
    return frozenset((row["subject"], row["session"]) for _, row in _rows(path, ("subject", "session")))


def near_lines(
    consents: Iterable[str], exclusions: Iterable[tuple[str, str]], sessions: Iterable[tuple[str, str]]
) -> Mapping[tuple[str, str], str]:
    """Whom lines nearly name, that name nobody as they are written, and what they differ in, in words.

    Args:
        consents: subjects of the list of consents.
        exclusions: subject and session of each line, the session empty for all of the subject's.
        sessions: subject and session of each session of the project.

    Returns:
        A reason for each subject or session that may be meant, by both; the session empty for all of them.
    """
    held: dict[str, list[str]] = {}
    for subject, session in sessions:
        held.setdefault(subject, []).append(session)
    subjects = by_loose_form(held)
    told: dict[tuple[str, str], str] = {}
    for label in sorted(set(consents) - held.keys()):
        for subject in _alike(label, subjects):
            told.setdefault((subject, ""), _near(CONSENT, (label, subject)))
    for label, session in sorted(exclusions):
        if label in held and session in ("", *held[label]):
            continue
        for subject in _alike(label, subjects):
            for one in _alike(session, by_loose_form(held[subject])) if session else ("",):
                told.setdefault((subject, one), _near(EXCLUSIONS, (label, subject), (session, one)))
    return told


def _alike(label: str, by_form: Mapping[str, frozenset[str]]) -> list[str]:
    return sorted(set().union(*(by_form.get(form, ()) for form in loose_forms(label))))


def _near(name: str, *pairs: tuple[str, str]) -> str:
    """That a line may mean somebody, and in what alone the two labels of each pair differ."""
    what = dict.fromkeys(difference(line, label) for line, label in pairs if line != label)
    return f"a line of {name} differs only in {' and '.join(what)} from its label; correct the list"


def _rows(path: Path, columns: tuple[str, str]) -> Iterator[tuple[int, Mapping[str, str]]]:
    """The rows with their line numbers, blanks around a value left out; the first column is never empty."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:  # Excel begins a file with a mark
            # strict: a quote that is never closed would take the lines below it into one value, unread.
            reader = csv.DictReader(stream, strict=True)
            names = list(reader.fieldnames or ())
            if any(names.count(column) != 1 for column in columns):
                rule = f"its first line must name each of the columns {', '.join(columns)} once"
                raise _fault(path, f"{rule}; it does not")
            for row in reader:
                values = {column: (row[column] or "").strip() for column in columns}
                if not any(values.values()):
                    continue
                if not values[columns[0]]:
                    raise _fault(path, f"each line must name a subject; line {reader.line_num} does not")
                yield reader.line_num, values
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise _fault(path, f"it must be a CSV file in UTF-8; {type(error).__name__} on reading it") from None


def _fault(path: Path, rule: str) -> InputError:
    return InputError(
        f"{path.name}: {rule}.", hint="docs/outputs.md shows the table; save it as CSV, comma-separated."
    )
