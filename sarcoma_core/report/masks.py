"""The masks of a session in words: every version, which one counts, and what it measures."""

import math
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sarcoma_core.archive.folder import natural
from sarcoma_core.archive.masks import COLLECTIONS_LABEL, MASKS_LABEL, MaskVersion, SessionMasks
from sarcoma_core.report.facts import value_text
from sarcoma_core.report.mask_pictures import MeasuredMask, in_order
from sarcoma_core.report.stages import StageRun

LONGEST = 64
"""Characters of a text of a drawing that are shown: as many as DICOM allows a name (PS3.5, 6.2: LO)."""

_LONGEST_NOTE = 300
"""Characters of a note at most: ours are shorter."""

_MINUTE = 16
"""Characters of an ISO 8601 time up to the minute."""

_SPACE = "\u00a0"
"""Between a number and its unit, which stay on one line."""

_UNSEEN = ("Cc", "Cs", "Cn", "Co")
_TURNING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""Characters that would turn the direction of what follows them."""

_DRAWN_BY = {"SEMIAUTOMATIC": "by a person and a program", "AUTOMATIC": "by a program"}
"""What is said of who drew it; that a person did is what a reader expects."""

NO_VOLUME = MeasuredMask(fault="the session has no such series any more")


@dataclass(frozen=True)
class MaskRow:
    """One version in the table.

    Args:
        version: what masks.json says of it.
        count: how many versions its region has.
        counts: whether it is the one that counts.
        meaning: of the region; empty where it is not known.
        name: as it was written.
        drawn: who drew it, with what and when; what is not known is left out.
        volume: with its unit.
        long_axis: with its unit; empty where it was not measured.
        short_axis: likewise.
        where: the slice in which both lie.
        change: against the version before, in parts; empty for the first.
        notes: what a reader has to know, in sentences without a full stop.
    """

    version: MaskVersion
    count: int
    counts: bool
    meaning: str
    name: str
    drawn: tuple[tuple[str, str], ...]
    volume: str
    long_axis: str
    short_axis: str
    where: str
    change: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def newer(self) -> str:
        """That there is a newer version than the one that counts; empty where there is none."""
        is_older = self.counts and self.count > self.version.version
        return f"v{self.count} is newer, and not locked" if is_older else ""

    @property
    def lock(self) -> str:
        """Whether a person has said that it is final, in words."""
        return "locked" if self.version.locked else "not locked: not for training"


@dataclass(frozen=True)
class MasksTold:
    """What the page tells of the masks of a session.

    Args:
        current: the version that counts of each region.
        others: all other versions, the newest of each region first.
        refusals: what was not imported, and why.
        current_run: whether nothing has changed since the masks were imported.
        collections: what was put into the viewer: the labels of its collections.
        viewer: the address at which a server shows the session; empty where none is known.
    """

    current: tuple[MaskRow, ...] = ()
    others: tuple[MaskRow, ...] = ()
    refusals: tuple[str, ...] = ()
    current_run: bool = True
    collections: tuple[str, ...] = ()
    viewer: str = ""

    @property
    def told(self) -> bool:
        """Whether there is anything to tell."""
        return bool(self.current or self.refusals)

    @property
    def unlocked(self) -> int:
        """How many regions have no version that is final."""
        return sum(not row.version.locked for row in self.current)


NO_MASKS = MasksTold()


def tell_masks(
    masks: SessionMasks, measured: Mapping[str, MeasuredMask], runs: Iterable[StageRun]
) -> MasksTold:
    """Put the masks of a session into words.

    Args:
        masks: all versions.
        measured: what was measured of each, by its handle.
        runs: the stages of the session.
    """
    chosen = {one.handle for one in masks.current()}
    counts: dict[tuple[str, str], int] = {}
    for one in masks.versions:
        counts[one.key] = max(counts.get(one.key, 0), one.version)
    newest_first = sorted(masks.versions, key=lambda one: (natural(one.series), in_order(one)))
    rows = [
        _row(one, measured.get(one.handle, NO_VOLUME), count=counts[one.key], is_chosen=one.handle in chosen)
        for one in newest_first
    ]
    written = {run.stage.label: run for run in runs}
    run, sent = written.get(MASKS_LABEL), written.get(COLLECTIONS_LABEL)
    facts = [outcome.facts for outcome in sent.record.outcomes] if sent and sent.record else []
    return MasksTold(
        current=tuple(row for row in rows if row.counts),
        others=tuple(row for row in rows if not row.counts),
        refusals=_refusals(run) if run else (),
        current_run=run is None or run.current,
        collections=tuple(label for told in facts for label in _collections(told)),
        viewer=next((address for told in facts if (address := _address(told.get("viewer")))), ""),
    )


def _collections(told: Mapping[str, object]) -> tuple[str, ...]:
    """Labels of what the viewer holds; a manifest may be anybody's."""
    listed = told.get("collections")
    held = (one for one in listed if isinstance(one, dict)) if isinstance(listed, list) else ()
    return tuple(shown(str(one.get("label", ""))) for one in held if one.get("held") is True)


def _address(told: object) -> str:
    """An address that a page may lead to."""
    return told if isinstance(told, str) and told.startswith(("https://", "http://")) else ""


def _row(version: MaskVersion, measured: MeasuredMask, *, count: int, is_chosen: bool) -> MaskRow:
    axes = measured.extent
    notes = (*version.notes, f"not drawn: {measured.fault}" if measured.fault else "")
    return MaskRow(
        version=version,
        count=count,
        counts=is_chosen,
        meaning=shown(version.meaning),
        name=shown(version.name),
        drawn=tuple(
            (label, text)
            for label, text in (
                ("by", shown(version.reader)),
                ("with", shown(version.software)),
                ("drawn", _DRAWN_BY.get(version.algorithm, "")),
                ("saved", shown(version.time)[:_MINUTE].replace("T", " ")),
            )
            if text
        ),
        volume=millilitres(version),
        long_axis=_mm(axes.long_axis_mm) if axes else "",
        short_axis=_mm(axes.short_axis_mm) if axes else "",
        where=f"in slice {axes.index + 1}" if axes else "",
        change=_change(version),
        notes=tuple(shown(note, _LONGEST_NOTE).rstrip(".") for note in notes if note),
    )


def millilitres(version: MaskVersion) -> str:
    """The volume of a version in words."""
    return f"{value_text(_digits(version.volume_ml))}{_SPACE}ml"


def _change(version: MaskVersion) -> tuple[str, ...]:
    """What a version changed, e.g. `Dice 0.91`, `HD95 3.2 mm`, `+4.1 ml`."""
    difference = version.difference
    if difference is None:
        return ()
    change = _digits(difference.volume_change_ml)
    sign = "+" if change > 0 else ""
    return (
        f"Dice {value_text(round(difference.dice, 3))}",
        f"HD95 {_mm(difference.hd95_mm)}",
        f"{sign}{value_text(change)}{_SPACE}ml",
    )


def _refusals(run: StageRun) -> tuple[str, ...]:
    """What the step refused: a file of which nothing was taken, or one with a region that was not."""
    outcomes = run.record.outcomes if run.record else ()
    told = (one for one in outcomes if one.status == "refused" or one.facts.get("refused"))
    named = (f"Scan {one.series}: {one.reason}" if one.scan else one.reason for one in told)
    return tuple(shown(text, _LONGEST_NOTE).rstrip(".") for text in named)


def shown(text: str, longest: int = LONGEST) -> str:
    """A text of a drawing as the page shows it: one line, no sign that is unseen or turns others, cut.

    Other scripts stay as they are, and so do signs of markup, which the page escapes.
    """
    seen = "".join(_seen(char) for char in " ".join(text.split()))
    return seen if len(seen) <= longest else f"{seen[: longest - 1].rstrip()}…"


def _seen(char: str) -> str:
    return "\ufffd" if unicodedata.category(char) in _UNSEEN or char in _TURNING else char


def _digits(value: float) -> float:
    """A volume in ml, to a microlitre."""
    return round(value, 3) if math.isfinite(value) else value


def _mm(value: float) -> str:
    """A length in words, to a tenth of a mm."""
    return f"{value:.1f}{_SPACE}mm" if math.isfinite(value) else value_text(value)
