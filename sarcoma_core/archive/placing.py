"""Where instances belong: which session, which scan. Pure: no file is touched here.

- One session for each study; a study that mixes PET and MR is split in two, as XNAT's `separate` setting
  does. CT goes with PET, contours and segmentations go with the series that they are about.
- A scan is SeriesInstanceUID + SeriesNumber. Its id is the series number; where several series of a session
  share one, all newcomers get a suffix, `4-MR1`, `4-MR2`, as XNAT does.
- A SOPInstanceUID that comes again with other bytes is not a duplicate: it goes to a scan of its own.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sarcoma_core.archive.instance import Instance

SeriesKey = tuple[str, int | None]
"""SeriesInstanceUID and SeriesNumber."""


@dataclass(frozen=True)
class StudyPart:
    """The instances that make one session.

    Args:
        study_uid: StudyInstanceUID.
        part: `MR` or `PT` when the study mixes them, else empty.
        instances: its instances.
    """

    study_uid: str
    part: str
    instances: tuple[Instance, ...]


def split_studies(
    instances: Iterable[Instance], known: Mapping[str, Mapping[str, str]] | None = None
) -> tuple[StudyPart, ...]:
    """Group instances by session.

    Args:
        instances: what was found, in any order.
        known: of studies that the archive holds already, the modality of each series.

    Returns:
        The parts, sorted by study; no instance is lost.
    """
    studies: dict[str, list[Instance]] = defaultdict(list)
    for instance in instances:
        studies[instance.study_uid].append(instance)
    parts: list[StudyPart] = []
    for uid, found in sorted(studies.items()):
        series = {**(known or {}).get(uid, {}), **{i.series_uid: i.modality for i in found}}
        halves: dict[str, list[Instance]] = defaultdict(list)
        mixed = {"PT", "MR"} <= set(series.values())
        for instance in found:
            halves[_half(instance, series) if mixed else ""].append(instance)
        parts.extend(StudyPart(uid, part, tuple(members)) for part, members in sorted(halves.items()))
    return tuple(parts)


def _half(instance: Instance, series: Mapping[str, str]) -> str:
    about = {series[uid] for uid in instance.referenced_series if uid in series}
    return "MR" if instance.modality == "MR" or about == {"MR"} else "PT"


def group_series(instances: Sequence[Instance]) -> Mapping[SeriesKey, tuple[Instance, ...]]:
    """Group a session's instances by scan identity, in a stable order."""
    groups: dict[SeriesKey, list[Instance]] = defaultdict(list)
    for instance in instances:
        groups[instance.series_uid, instance.series_number].append(instance)
    ordered = sorted(groups, key=lambda key: (key[1] is None, key[1] or 0, key[0]))
    return {key: tuple(groups[key]) for key in ordered}


def new_scan_ids(
    taken: frozenset[str], newcomers: Sequence[tuple[SeriesKey, str]]
) -> Mapping[SeriesKey, str]:
    """Ids for series that are new to a session.

    Args:
        taken: ids in use.
        newcomers: series and their modality, in a stable order.

    Returns:
        An id for each, unique among themselves and `taken`.
    """
    wanted: dict[str, list[tuple[SeriesKey, str]]] = defaultdict(list)
    for key, modality in newcomers:
        wanted["0" if key[1] is None else str(key[1])].append((key, modality))
    used = set(taken)
    ids: dict[SeriesKey, str] = {}
    for number, series in wanted.items():
        alone = len(series) == 1 and number not in used
        for key, modality in series:
            ids[key] = number if alone else suffixed(number, modality, used)
            used.add(ids[key])
    return ids


def suffixed(number: str, modality: str, used: Iterable[str]) -> str:
    """The first free id of the form `4-MR1`."""
    taken = set(used)
    base = f"{number}-{label(modality)}"
    return next(f"{base}{n}" for n in range(1, len(taken) + 2) if f"{base}{n}" not in taken)


def session_label(subject: str, date: str, modality: str, used: Iterable[str]) -> str:
    """A session's label: subject, study date and modality, with a number where that is taken."""
    base = "_".join(word for word in (subject, label(date) if date else "", modality) if word)
    taken = set(used)
    numbered = (f"{base}-{n}" for n in range(2, len(taken) + 3))
    return base if base not in taken else next(name for name in numbered if name not in taken)


def label(text: str) -> str:
    """Text as an XNAT label: letters, digits, `_` and `-` only."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", text.strip()).strip("_") or "unknown"
