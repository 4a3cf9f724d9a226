"""The worklist: which sessions a person has to look at, why, and the command that decides."""

import shlex
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from sarcoma_core.archive.holdings import OwnHoldings
from sarcoma_core.errors import ArchiveError
from sarcoma_core.launch.roles import STEP
from sarcoma_core.launch.roles.told import RoleCandidate, SessionTold, read_session_roles


class Doubt(NamedTuple):
    """What has to be decided of one session.

    Attributes:
        session: its label.
        role: which role is in doubt; empty where no single one is.
        why: in sentences.
        candidates: the series that have the role or could have it, with what is known of each.
        decide: the command that chooses the first of them; another id in it chooses another one. Empty where
            no choice decides.
    """

    session: str
    role: str
    why: str
    candidates: str
    decide: str


class Worklist(NamedTuple):
    """What is to be looked at, and what is not.

    Attributes:
        doubts: what has to be decided, session by session.
        fine: how many sessions need no look.
        untold: labels of the sessions of which no roles were told yet.
        unreadable: labels of the sessions whose roles cannot be read, with the reason.
    """

    doubts: tuple[Doubt, ...]
    fine: int
    untold: tuple[str, ...]
    unreadable: tuple[tuple[str, str], ...]

    @property
    def sessions(self) -> int:
        """How many sessions have to be looked at."""
        return len({doubt.session for doubt in self.doubts})


def worklist(sessions: Iterable[tuple[str, OwnHoldings]], words: Sequence[str]) -> Worklist:
    """What a person has to look at in some sessions.

    Args:
        sessions: label and holdings of each.
        words: what the commands name beside the session: the project, and where it is.

    Raises:
        ServerError: a server does not answer.
    """
    doubts: list[Doubt] = []
    untold, unreadable, fine = [], [], 0
    for label, holdings in sessions:
        try:
            told = read_session_roles(holdings)
        except ArchiveError as error:
            unreadable.append((label, error.message))
            continue
        found = tuple(_doubts(label, told, words)) if told else ()
        doubts += found
        if told is None:
            untold.append(label)
        fine += told is not None and not found
    return Worklist(tuple(doubts), fine, tuple(untold), tuple(unreadable))


def _doubts(label: str, told: SessionTold, words: Sequence[str]) -> Iterator[Doubt]:
    """The roles in doubt, each once, then what is said of the session as a whole."""
    by_role: dict[str, list[str]] = {}
    unnamed = list(told.of_all)
    for one in told.candidates:
        if one.told.needs_review and one.open_role:
            by_role.setdefault(one.open_role, []).append(one.told.needs_review)
        elif one.told.needs_review:
            unnamed.append(f"scan {one.told.series}: {one.told.needs_review}")
    for role, sentences in by_role.items():
        candidates = told.for_role(role)
        decide = set_command(label, words, {role: candidates[0].told.series})
        yield Doubt(label, role, _joined(sentences), ", ".join(map(_shown, candidates)), decide)
    if unnamed:
        again = set_command(label, words, {}) + " --forget" if told.choices else ""
        yield Doubt(label, "", _joined(unnamed), "", again if told.patients == 1 else "")


def _joined(sentences: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(sentence.rstrip(".") for sentence in sentences))


def _shown(candidate: RoleCandidate) -> str:
    told = candidate.told
    known = ", ".join(filter(None, (told.title, "chosen" if told.chosen else "", told.confidence)))
    shown = f"{told.series} ({'; or '.join((known, *told.runners_up))})"
    return shown.replace("\u202f", " ")  # a page's narrow blank, which a terminal need not have


def set_command(label: str, words: Sequence[str], chosen: dict[str, str]) -> str:
    """The command that chooses, to be pasted.

    Args:
        label: of the session.
        words: what it names beside: the project, and where it is.
        chosen: the series by role.
    """
    options = (word for role, series in chosen.items() for word in (f"--{role.lower()}", series))
    return shlex.join(["sarcoma", "roles", "set", label, *words, *options])


def run_command(words: Sequence[str], *, on_server: bool) -> str:
    """The command that tells the roles where they were not told yet."""
    return shlex.join(["sarcoma", *(("xnat", "bulk") if on_server else ("run",)), STEP, *words])
