"""Which series persons mean by their choices, and which choices cannot be meant."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sarcoma_core.archive.roles import CHOSEN_ROLES, ROLE_TITLES, Role
from sarcoma_core.dicom.roles.facts import SeriesFacts
from sarcoma_core.errors import UsageError
from sarcoma_core.text import counted, printable

Shares = Mapping[str, Mapping[Role, float]]
"""How well each series fits each role, by its name."""

NEEDED_MODALITY: Mapping[Role, str] = {
    **dict.fromkeys(("T1CE", "T1", "T2FS", "T2", "DWI"), "MR"),
    "PET": "PT",
    "CT": "CT",
}
"""The DICOM Modality that a series of a role has; a role that is not here can be of any."""

_TERMS = ("MR", "PT", "CT", "NM", "SEG", "RTSTRUCT", "RTDOSE", "RTPLAN", "SR", "OT", "SC", "PR", "KO", "REG")
_MOST_NAMED = 8


def contradicts(role: Role, modality: str) -> bool:
    """Whether a series of this modality cannot have the role; one of unknown modality may."""
    return bool(modality) and modality != NEEDED_MODALITY.get(role, modality)


@dataclass(frozen=True)
class LostChoice:
    """A choice that is not taken.

    Args:
        said: why, for whoever reads the session's roles later.
        rule: what the choice must be.
        found: what it is.
    """

    said: str
    rule: str
    found: str


@dataclass(frozen=True)
class ResolvedChoices:
    """What persons mean.

    Args:
        roles: the role that a person gave to each series.
        lost: the choices that are not taken, by role.
    """

    roles: Mapping[str, Role]
    lost: Mapping[Role, LostChoice]

    @property
    def sentences(self) -> list[str]:
        """What is to be reviewed."""
        return [f"{ROLE_TITLES[role]}: {lost.said}" for role, lost in self.lost.items()]

    def refuse_lost(self, roles: Collection[Role]) -> None:
        """Refuse what a person chooses now and cannot mean.

        Args:
            roles: those that are chosen now.

        Raises:
            UsageError: a choice for one of them is not taken.
        """
        for role, lost in self.lost.items():
            if role in roles:
                flag = f"--{role.lower()}"
                raise UsageError(
                    f"{flag}: {lost.rule}; found {lost.found}.",
                    hint="roles.json and the contact sheet show the scans, their parts and modalities. "
                    f"Choose again: sarcoma roles set SESSION --project P {flag} SCAN",
                )


def resolved(choices: Mapping[Role, str], facts: Sequence[SeriesFacts], shares: Shares) -> ResolvedChoices:
    """The series of each choice.

    What is named in full comes first. A scan of several parts means the part that fits the role best, of
    those that nobody chose for another role.

    Args:
        choices: a series' name, or the id of its scan, by role.
        facts: of all series of the session.
        shares: how well each fits each role.
    """
    names = {one.series for one in facts}
    found: dict[str, Role] = {}
    lost: dict[Role, LostChoice] = {}
    for role in sorted(choices, key=lambda role: (choices[role] not in names, CHOSEN_ROLES.index(role))):
        meant = _meant(choices[role], facts)
        fitting = [one for one in meant if not contradicts(role, one.modality)]
        free = [one.series for one in fitting if one.series not in found]
        if free:
            found[max(free, key=lambda name: shares[name][role])] = role
        else:
            lost[role] = _lost(role, choices[role], facts, meant, taken=bool(fitting))
    return ResolvedChoices(found, {role: lost[role] for role in CHOSEN_ROLES if role in lost})


def _meant(name: str, facts: Sequence[SeriesFacts]) -> list[SeriesFacts]:
    exact = [one for one in facts if one.series == name]
    return exact or [one for one in facts if one.scan == name]


def _lost(
    role: Role, name: str, facts: Sequence[SeriesFacts], meant: Sequence[SeriesFacts], *, taken: bool
) -> LostChoice:
    scan = name.partition(" ")[0]
    parts = [one.part for one in facts if one.scan == scan]
    if not meant and not parts:
        scans = counted(len({one.scan for one in facts}), "scan")
        return LostChoice(
            "the scan that a person chose is not in this session",
            f"must be a scan of the session, which has {scans}",
            repr(printable(name)),
        )
    if not meant:
        return LostChoice(
            "the part of a scan that a person chose is not in this session",
            f"must be a part of scan {printable(scan)}, which has {_named(parts)}",
            repr(printable(name)),
        )
    if taken:
        return LostChoice(
            f"scan {printable(name)} was chosen for other roles, too, and has no part left",
            "must be a series of its own",
            f"that all of scan {printable(name)} is chosen for other roles",
        )
    needed = NEEDED_MODALITY[role]
    terms = sorted({one.modality if one.modality in _TERMS else "another modality" for one in meant})
    return LostChoice(
        f"a person chose scan {printable(name)}, which is {' and '.join(terms)} and not {needed}",
        f"must be a {needed} series",
        f"{' and '.join(terms)} in scan {printable(name)}",
    )


def _named(parts: Sequence[str]) -> str:
    """The parts of a scan, which the conversion named."""
    held = [part for part in parts if part]
    if not held:
        return "no parts"
    told = f": {', '.join(held)}" if len(held) <= _MOST_NAMED else ""
    return counted(len(held), "part") + told
