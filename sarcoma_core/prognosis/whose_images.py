"""Whether a pushed row can be of the images of a session: made before time zero, of such a person and tumour.

A cohort asks this when it is frozen. A table that was pushed tells rows by subject alone, so that it is asked
here again: a later session of the same subject, and two rows that were swapped, would be foretold as well.
"""

import datetime as dt
from pathlib import Path

from sarcoma_core.archive.folder import SessionFolder, images_of, scan_files
from sarcoma_core.archive.instance import open_instance
from sarcoma_core.archive.register import date_of
from sarcoma_core.archive.values import read_text
from sarcoma_core.errors import ArchiveError, DicomError, InputError
from sarcoma_core.prognosis.clinical.endpoints import TimeZero
from sarcoma_core.prognosis.clinical.table import ClinicalRow
from sarcoma_core.prognosis.preoperative import ImagingSession, SessionRule
from sarcoma_core.prognosis.project_join import look_into
from sarcoma_core.prognosis.witness import check_against_images


def require_own_images(row: ClinicalRow, session: SessionFolder, time_zero: TimeZero) -> tuple[str, ...]:
    """Refuse a row that the images contradict.

    Args:
        row: of the session's subject.
        session: the session.
        time_zero: that the row's date is of.

    Returns:
        What could not be compared, a sentence each.

    Raises:
        InputError: the study lies after time zero or too long before it, or sex, age or volume are others.
    """
    studied, days = study_date(session.path), 0
    cautions = []
    if row.date is None or studied is None:
        cautions.append(f"Whether the images were made before {time_zero} is not known: a date is missing.")
    else:
        days = (row.date - studied).days
        if wrong := SessionRule(time_zero).misfits(days):
            raise InputError(
                f"session: must be the one before {time_zero}; found a {wrong}.",
                hint="Run it on the session before, or correct the date in the table and push it again.",
            )
    look = look_into({row.subject: session.path}, {})
    found = check_against_images(
        row, look(ImagingSession(row.subject, row.subject)), days_before=max(days, 0)
    )
    if found.reason:
        raise InputError(
            f"CLINICAL: must be of this patient; {found.reason}",
            hint="Correct the table, and push it again.",
        )
    return tuple(cautions)


def study_date(session: Path) -> dt.date | None:
    """StudyDate of the first header of a session that can be read and has one.

    Args:
        session: its folder.
    """
    try:
        scans = scan_files(session).values()
    except ArchiveError:
        return None
    for files in map(images_of, scans):
        for path in files:
            try:
                _, header = open_instance(path)
            except (DicomError, OSError):
                continue
            if found := date_of(read_text(header, "StudyDate")):
                return found
            break
    return None
