"""The worklist: which sessions a person has to look at, why, and the command that decides."""

import shlex
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from sarcoma_core.archive.holdings import Holdings
from sarcoma_core.dicom.roles.session import CONVERTED
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
        decide: the command that keeps what was taken; another id in it chooses another one. Where every
            candidate is chosen for another role, SCAN stands for the id. Empty where no choice decides.
    """

    session: str
    role: str
    why: str
    candidates: str
    decide: str


class NotWhole(NamedTuple):
    """A session whose roles cannot be read.

    Attributes:
        session: its label.
        reason: why, in a sentence.
        mend: the command that tells its roles anew.
    """

    session: str
    reason: str
    mend: str


class Worklist(NamedTuple):
    """What is to be looked at, and what is not.

    Attributes:
        doubts: what has to be decided, session by session.
        fine: how many sessions need no look.
        untold: labels of the sessions of which no roles were told yet.
        not_whole: the sessions whose roles cannot be read.
        unconverted: labels of the sessions of which no roles can be told, as nothing was converted.
    """

    doubts: tuple[Doubt, ...]
    fine: int
    untold: tuple[str, ...]
    not_whole: tuple[NotWhole, ...]
    unconverted: tuple[str, ...] = ()

    @property
    def sessions(self) -> int:
        """How many sessions have to be looked at."""
        return len({doubt.session for doubt in self.doubts})


def worklist(sessions: Iterable[tuple[str, Holdings]], words: Sequence[str]) -> Worklist:
    """What a person has to look at in some sessions.

    Args:
        sessions: label and holdings of each.
        words: what the commands name beside the session: the project, and where it is.

    Raises:
        ServerError: a server does not answer.
    """
    doubts: list[Doubt] = []
    untold: list[str] = []
    unconverted: list[str] = []
    not_whole: list[NotWhole] = []
    fine = 0
    for label, holdings in sessions:
        try:
            told = read_session_roles(holdings)
        except ArchiveError as error:
            not_whole.append(NotWhole(label, error.message, forget_command(label, words)))
            continue
        if told is None:
            (untold if _is_converted(holdings) else unconverted).append(label)
            continue
        found = tuple(_doubts(label, told, words))
        doubts += found
        fine += not found
    return Worklist(tuple(doubts), fine, tuple(untold), tuple(not_whole), tuple(unconverted))


def _is_converted(holdings: Holdings) -> bool:
    return holdings.manifest(CONVERTED) is not None or bool(holdings.scan_manifests(CONVERTED))


def _doubts(label: str, told: SessionTold, words: Sequence[str]) -> Iterator[Doubt]:
    """The roles in doubt, each once, then what is said of the session as a whole."""
    by_role: dict[str, list[str]] = {}
    unnamed = list(told.of_all)
    for one in told.candidates:
        if not one.told.needs_review or told.is_decided(one):
            continue
        if role := told.left_open(one):
            by_role.setdefault(role, []).append(one.told.needs_review)
        else:
            unnamed.append(f"scan {one.told.series}: {one.told.needs_review}")
    for role, sentences in by_role.items():
        candidates = ", ".join(map(_shown, told.for_role(role)))
        decide = set_command(label, words, {role: told.suggestion(role) or "SCAN"})
        yield Doubt(label, role, _joined(sentences), candidates, decide)
    if unnamed:
        again = forget_command(label, words) if told.choices else ""
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


def forget_command(label: str, words: Sequence[str]) -> str:
    """The command that tells the roles anew, without what persons chose."""
    return f"{set_command(label, words, {})} --forget"


def run_command(words: Sequence[str], *, on_server: bool) -> str:
    """The command that tells the roles where they were not told yet."""
    return shlex.join(["sarcoma", *(("xnat", "bulk") if on_server else ("run",)), STEP, *words])
