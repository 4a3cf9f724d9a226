"""A site's rules from what persons chose: the lessons of an archive's sessions, or of a server's."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sarcoma_core.archive.folder import SessionFolder
from sarcoma_core.archive.roles import CHOSEN_ROLES
from sarcoma_core.archive.store import Session
from sarcoma_core.dicom.roles.facts import SeriesFacts
from sarcoma_core.dicom.roles.session import CONVERTED, lesson_of
from sarcoma_core.dicom.roles.site_rules import Lesson, SiteRule, learn, write_site_rules
from sarcoma_core.errors import ArchiveError
from sarcoma_core.launch.roles.told import SessionTold, read_session_roles
from sarcoma_core.text import counted
from sarcoma_core.xnat.rest.connection import Connection
from sarcoma_core.xnat.rest.headers import scan_header
from sarcoma_core.xnat.rest.holdings import RemoteResources
from sarcoma_core.xnat.rest.remote import RemoteSession

_DESCRIPTION, _PROTOCOL, _SEQUENCE, _MAKER = "(0008,103E)", "(0018,1030)", "(0018,0024)", "(0008,0070)"
_ENHANCED_SEQUENCE = "(0018,9005)"
_TAGS = (_DESCRIPTION, _PROTOCOL, _SEQUENCE, _MAKER, _ENHANCED_SEQUENCE)


class RuleRow(NamedTuple):
    """One rule, as a table shows it."""

    rule: int
    field: str
    text: str
    manufacturer: str
    role: str
    sessions: int


class Learning(NamedTuple):
    """What a project's choices teach.

    Attributes:
        rules: the rules.
        notes: what was looked at, and what was not learned and why.
    """

    rules: tuple[SiteRule, ...]
    notes: tuple[str, ...]

    @property
    def rows(self) -> tuple[RuleRow, ...]:
        """The rules as a table."""
        return tuple(
            RuleRow(number, rule.field, rule.text, rule.manufacturer, rule.role, rule.sessions)
            for number, rule in enumerate(self.rules, 1)
        )

    @property
    def content(self) -> bytes:
        """The content of `role_rules.json`."""
        return write_site_rules(self.rules)


def learned_rules(lessons: Iterable[Lesson | str]) -> Learning:
    """The rules that lessons teach; nothing is written.

    Args:
        lessons: of each session, or why it has none.
    """
    told = tuple(lessons)
    taught = [lesson for lesson in told if isinstance(lesson, Lesson)]
    learned = learn(taught)
    chosen = sum(bool(lesson.choices) for lesson in taught)
    looked = f"{counted(len(taught), 'session')} read, {chosen} with choices of a person"
    faults = (lesson for lesson in told if isinstance(lesson, str))
    return Learning(learned.rules, (looked, *faults, *learned.left_out))


def lessons_in_archive(sessions: Iterable[Session]) -> Iterator[Lesson | str]:
    """The lesson of each session of an archive, whose headers are read where a person chose."""
    for session in sessions:
        folder = SessionFolder(session.path, (CONVERTED,))
        try:
            yield lesson_of(folder, label=session.label, patient=session.subject)
        except ArchiveError as error:
            yield f"{session.label} left out: {error.message}"


def lessons_on_server(
    connection: Connection, project: str, sessions: Iterable[RemoteSession]
) -> Iterator[Lesson | str]:
    """The lesson of each session of a server; of those where a person chose, the server reads the headers.

    Raises:
        ServerError: the server does not answer.
    """
    for session in sessions:
        try:
            told = read_session_roles(RemoteResources(connection, session.target))
        except ArchiveError as error:
            yield f"{session.label} left out: {error.message}"
            continue
        choices = {role: told.choices[role] for role in CHOSEN_ROLES if told and role in told.choices}
        facts = tuple(_facts(connection, project, session.id, told)) if told and choices else ()
        yield Lesson(session.label, session.subject, facts, choices)


def _facts(connection: Connection, project: str, session: str, told: SessionTold) -> Iterator[SeriesFacts]:
    """What a rule can be about: the texts of each series, those of its scan."""
    headers = {}
    for one in told.candidates:
        series = one.told.series
        scan = series.partition(" ")[0]
        if scan not in headers:
            headers[scan] = scan_header(connection, project, session, scan, _TAGS)
        header = headers[scan]
        yield SeriesFacts(
            series=series,
            description=header.get(_DESCRIPTION, ""),
            protocol=header.get(_PROTOCOL, ""),
            sequence_name=header.get(_SEQUENCE) or header.get(_ENHANCED_SEQUENCE, ""),
            manufacturer=header.get(_MAKER, ""),
        )
