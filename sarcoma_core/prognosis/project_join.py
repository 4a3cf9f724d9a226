"""The join on a project: its table, its sessions and what their images say are read; then it is frozen."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from sarcoma_core.archive.cohort import CohortRules, CohortSession, LeftOut, PatientSession, freeze_session
from sarcoma_core.archive.folder import SessionFolder, images_of, scan_files
from sarcoma_core.archive.instance import open_instance
from sarcoma_core.archive.masks import MASKS_LABEL, read_masks
from sarcoma_core.archive.register import Register, RegisteredSession, date_of
from sarcoma_core.archive.values import read_text
from sarcoma_core.errors import ArchiveError, DicomError, InputError
from sarcoma_core.prognosis.clinical.endpoints import DAYS_OF_YEAR
from sarcoma_core.prognosis.clinical.table import (
    HEAD_FILE,
    LABEL,
    TABLE_FILE,
    ClinicalTable,
    read_clinical,
    row_tree,
)
from sarcoma_core.prognosis.join import CohortJoin, JoinedRow, JoinRules, Look, join
from sarcoma_core.prognosis.preoperative import ImagingSession
from sarcoma_core.prognosis.witness import ImageFacts, age_of_text, sex_of_text

_TUMOUR = "tumour"


def read_table(content: Callable[[str], bytes | None]) -> ClinicalTable:
    """The clinical table of the resource CLINICAL.

    Args:
        content: gives a file of the resource by its name; None where it is not there.

    Raises:
        InputError: the resource was filled by hand, or its table is not as it was written.
    """
    table, head = content(TABLE_FILE), content(HEAD_FILE)
    if table is None or head is None:
        raise InputError(
            f"{LABEL}: must hold {TABLE_FILE} and {HEAD_FILE}, as `sarcoma clinical push` wrote them; "
            "it holds what was put there by hand.",
            hint="Fetch the table that lies there, then: sarcoma clinical push TABLE --project P --write "
            "--replace. It checks the table, and puts it in the place of what is there.",
        )
    return read_clinical(table, head)


def join_project(
    table: ClinicalTable,
    register: Register,
    folders: Mapping[str, Path],
    rules: JoinRules,
    *,
    is_labelled: Callable[[str], bool] | None = None,
) -> CohortJoin:
    """Join a clinical table to the sessions of a project.

    Args:
        table: one row for each patient.
        register: the project's database.
        folders: the folder of each session, by label.
        rules: what decides besides; its first label is the one that is needed.
        is_labelled: whether a session holds a series of it, by label of the session; its folder tells where
            this is left out.

    Raises:
        UsageError: days_before is out of bounds.
    """
    needed = rules.cohort.reads[0]
    holds = is_labelled or (lambda session: _is_labelled(folders.get(session), needed))
    sessions = (
        ImagingSession(one.subject, one.session, one.date, holds(one.session)) for one in register.sessions()
    )
    genders = register.subjects()
    return join(table, sessions, rules, look=look_into(folders, genders), subjects=genders)


def freeze_join(
    found: CohortJoin, register: Register, folders: Mapping[str, Path], rules: CohortRules
) -> Iterator[tuple[JoinedRow | LeftOut, PatientSession | None]]:
    """Each row and each spare session in order, the joined ones with the session as a training will see it.

    Args:
        found: the join.
        register: the project's database.
        folders: the folder of each session, by label.
        rules: what makes a session one of a cohort.
    """
    for one in found.in_order():
        if isinstance(one, LeftOut) or one.outcome != "joined":
            yield one, None
            continue
        frozen = freeze_session(RegisteredSession(one.subject, one.session), register, folders, rules)
        if isinstance(frozen, LeftOut):
            yield one.unusable(frozen.reason), None
        else:
            yield one, _with_row(frozen, one)


def _with_row(frozen: CohortSession, one: JoinedRow) -> PatientSession:
    return PatientSession(
        frozen.subject,
        frozen.session,
        frozen.consent,
        frozen.labels,
        frozen.series,
        clinical=row_tree(one.row),
        key=one.key,
        why=one.told,
    )


def _is_labelled(folder: Path | None, needed: str) -> bool:
    """Whether a session holds a series of a label; what is damaged is told when the session is frozen."""
    if folder is None:
        return False
    try:
        record = SessionFolder(folder).record(needed)
    except ArchiveError:
        return False
    return record is not None and any(o.status == "done" and o.scan for o in record.outcomes)


def look_into(folders: Mapping[str, Path], genders: Mapping[str, str]) -> Look:
    """What images and masks of a session say of its patient, and the database where they do not.

    Args:
        folders: the folder of each session, by label.
        genders: of each subject, as the database has it.
    """

    def look(one: ImagingSession) -> ImageFacts:
        folder = folders.get(one.session)
        sex, age = _person(folder) if folder else ("", None)
        volumes, tumours, notes = _tumours(folder) if folder else ((), 0, ())
        told = sex_of_text(sex) or sex_of_text(genders.get(one.subject, ""))
        return ImageFacts(told, age, volumes, tumours, notes)

    return look


def _person(folder: Path) -> tuple[str, float | None]:
    """Sex and age, of the first header that tells one of them; of each scan one file that can be read."""
    try:
        scans = scan_files(folder).values()
    except ArchiveError:
        return "", None
    for files in (images_of(resources) for resources in scans):
        for path in files:
            try:
                _, header = open_instance(path)
            except (DicomError, OSError):
                continue
            sex, age = read_text(header, "PatientSex"), age_of_text(read_text(header, "PatientAge"))
            if age is None:
                age = _age_between(read_text(header, "PatientBirthDate"), read_text(header, "StudyDate"))
            if sex_of_text(sex) or age is not None:
                return sex, age
            break
    return "", None


def _age_between(birth: str, study: str) -> float | None:
    born, studied = date_of(birth), date_of(study)
    return (studied - born).days / DAYS_OF_YEAR if born and studied and born <= studied else None


def _tumours(folder: Path) -> tuple[tuple[float, ...], int, tuple[str, ...]]:
    """Volumes of the tumours' masks, how many tumours there are, and what could not be read.

    A clinic's volume may be of the largest tumour or of all: each mask counts, and their sum on each series.
    """
    try:
        masks = read_masks(SessionFolder(folder))
    except (ArchiveError, OSError):
        return (), 0, (f"its {MASKS_LABEL} cannot be read",)
    found = [one for one in masks.current() if one.roi == _TUMOUR or one.roi.startswith(f"{_TUMOUR}_")]
    by_series: dict[str, list[float]] = {}
    for one in found:
        by_series.setdefault(one.series, []).append(one.volume_ml)
    volumes = {volume for each in by_series.values() for volume in (*each, sum(each))}
    return tuple(sorted(volumes)), len({one.roi for one in found}), ()
