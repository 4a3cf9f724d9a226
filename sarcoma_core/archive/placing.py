"""Where instances belong: which session, which scan. Pure: no file is touched here.

- One session for each study of each subject: a StudyInstanceUID that several patients share is a session
  for each of them, for a session has one subject.
- A study that mixes PET and MR is split in two, or is one PET session, as XNAT's setting for PET-MR has it
  (`separate`, `pet`). Split, CT goes with PET, and contours and segmentations go with the series that they
  are about.
- A scan is SeriesInstanceUID + SeriesNumber. Its id is the series number; where several series of a session
  share one, all newcomers get a suffix, `4-MR1`, `4-MR2`, as XNAT does.
- A SOPInstanceUID that comes again with other bytes is not a duplicate: it goes to a scan of its own.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sarcoma_core.archive.instance import Instance

SeriesKey = tuple[str, int | None]
"""SeriesInstanceUID and SeriesNumber."""

StudyKey = tuple[str, str]
"""StudyInstanceUID and subject label."""

PetMr = Literal["separate", "pet"]
"""What becomes of a study that mixes PET and MR, in XNAT's words: two sessions, or one of PET."""

_LONGEST_SUBJECT = 40
"""Characters: the label is a part of session labels, and a file name holds 255 bytes."""
_MARK = 6
"""Hexadecimal digits that tell apart texts of which the same label would be made."""


@dataclass(frozen=True)
class StudyPart:
    """The instances that make one session.

    Args:
        study_uid: StudyInstanceUID.
        subject: subject label.
        part: `MR` or `PT` when the study mixes them, else empty.
        instances: its instances.
    """

    study_uid: str
    subject: str
    part: str
    instances: tuple[Instance, ...]


def split_studies(
    instances: Iterable[Instance],
    known: Mapping[StudyKey, Mapping[str, str]] | None = None,
    *,
    subject: str = "",
    petmr: PetMr = "separate",
) -> tuple[StudyPart, ...]:
    """Group instances by session.

    Args:
        instances: what was found, in any order.
        known: of studies that the archive holds already, the modality of each series.
        subject: the label of all of them, when it is not to be made of PatientID.
        petmr: what becomes of a study that mixes PET and MR.

    Returns:
        The parts, sorted by study and subject; no instance is lost.
    """
    parts: list[StudyPart] = []
    for study, study_instances in sorted(_by_study(instances, subject).items()):
        series = {**(known or {}).get(study, {}), **{i.series_uid: i.modality for i in study_instances}}
        halves: dict[str, list[Instance]] = defaultdict(list)
        mixed = petmr == "separate" and {"PT", "MR"} <= set(series.values())
        for instance in study_instances:
            halves[_half(instance, series) if mixed else ""].append(instance)
        parts.extend(StudyPart(*study, part, tuple(members)) for part, members in sorted(halves.items()))
    return tuple(parts)


def whole_studies(instances: Iterable[Instance], subject: str = "") -> tuple[StudyPart, ...]:
    """Group instances by study, none of which is split; see `split_studies`."""
    studies = sorted(_by_study(instances, subject).items())
    return tuple(StudyPart(*study, "", tuple(members)) for study, members in studies)


def _by_study(instances: Iterable[Instance], subject: str) -> Mapping[StudyKey, list[Instance]]:
    studies: dict[StudyKey, list[Instance]] = defaultdict(list)
    for instance in instances:
        label = subject or subject_label(instance.patient_id, instance.study_uid)
        studies[instance.study_uid, label].append(instance)
    return studies


def _half(instance: Instance, series: Mapping[str, str]) -> str:
    about = {series[uid] for uid in instance.referenced_series if uid in series}
    return "MR" if instance.modality == "MR" or about == {"MR"} else "PT"


def group_series(instances: Sequence[Instance]) -> Mapping[SeriesKey, tuple[Instance, ...]]:
    """Group a session's instances by scan identity, in a stable order, the images of each group first.

    Presentation states and reports are filed under the series that they are about; what a scan is, its images
    say.
    """
    groups: dict[SeriesKey, list[Instance]] = defaultdict(list)
    for instance in instances:
        groups[instance.series_uid, instance.series_number].append(instance)
    ordered = sorted(groups, key=lambda key: (key[1] is None, key[1] or 0, key[0]))
    return {key: tuple(sorted(groups[key], key=lambda i: not i.is_image)) for key in ordered}


def new_scan_ids(
    taken: frozenset[str], newcomers: Sequence[tuple[SeriesKey, str]]
) -> Mapping[SeriesKey, str]:
    """Ids for series that are new to a session.

    The id is the SeriesNumber, `0` where it is absent. A negative one is legal (VR IS; PS3.5, 6.2), but an id
    that starts with a dash is not an XNAT one and looks like an option: -1 is `neg1`.

    Args:
        taken: ids in use.
        newcomers: series and their modality, in a stable order.

    Returns:
        An id for each, unique among themselves and `taken`.
    """
    wanted: dict[str, list[tuple[SeriesKey, str]]] = defaultdict(list)
    for key, modality in newcomers:
        wanted[number_word(key[1])].append((key, modality))
    used = set(taken)
    ids: dict[SeriesKey, str] = {}
    for number, series in wanted.items():
        alone = len(series) == 1 and number not in used
        for key, modality in series:
            ids[key] = number if alone else suffixed(number, modality, used)
            used.add(ids[key])
    return ids


def number_word(number: int | None) -> str:
    """A SeriesNumber as it stands in a scan id: `4`, `neg1`, `0` for none."""
    return f"neg{-number}" if number is not None and number < 0 else str(number or 0)


def suffixed(number: str, modality: str, used: Iterable[str]) -> str:
    """The first free id of the form `4-MR1`."""
    taken = set(used)
    base = f"{number}-{legal(modality)}"
    return next(f"{base}{n}" for n in range(1, len(taken) + 2) if f"{base}{n}" not in taken)


def session_label(subject: str, date: str, modality: str, used: Iterable[str]) -> str:
    """A session's label: subject, study date and modality, with a number where that is taken."""
    base = "_".join(word for word in (subject, legal(date) if date else "", modality) if word)
    taken = set(used)
    numbered = (f"{base}-{n}" for n in range(2, len(taken) + 3))
    return base if base not in taken else next(name for name in numbered if name not in taken)


def subject_label(patient_id: str, study_uid: str) -> str:
    """A patient's label: PatientID itself where that is a legal label of at most 40 characters.

    Else it is made legal and ends in a mark of the whole PatientID, so that no two patients share a label
    (`A B` and `A_B`). Without a PatientID nothing tells whose a study is: each is a subject of its own.
    """
    made = legal(patient_id)
    if made == patient_id and len(made) <= _LONGEST_SUBJECT:
        return made
    identity = (patient_id or study_uid).encode(errors="surrogatepass")
    mark = hashlib.sha256(identity).hexdigest()[:_MARK]
    return f"{made[: _LONGEST_SUBJECT - _MARK - 1]}-{mark}"


def legal(text: str) -> str:
    """Text as an XNAT label: letters, digits, `_` and `-` only; different texts may give the same."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", text.strip()).strip("_") or "unknown"
