"""The table of a real cohort, as sessions, with the roles that a person reads off it."""

import csv
import os
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path

from sarcoma_core.dicom.roles.from_table import facts_of_row
from sarcoma_core.dicom.roles.telling import ToldSession, tell_session

TABLE = Path(
    os.environ.get("SARCOMA_TEST_DATA", "/nowhere"), "tables", "idc_soft_tissue_sarcoma_series_dev26.csv"
)
Row = Mapping[str, str]
Change = Callable[[Row], Row]

BY_HAND = {"AX IR - RESEARCH": "T2FS"}
"""Of an original MR: an inversion recovery beside an AX T1; its copy in the PET/CT study is called STIR."""


def rows() -> list[Row]:
    """The series of images; contours are no part of a session's roles."""
    with TABLE.open(encoding="utf-8") as stream:
        return [row for row in csv.DictReader(stream) if row["Modality"] in ("MR", "PT", "CT")]


def truth(row: Row) -> str:
    """The role by the description as it stands in the table, and by who made the series."""
    text = row["SeriesDescription"].upper()
    if row["Modality"] != "MR":
        return {"PT": "PET", "CT": "CT"}[row["Modality"]]
    if "ALIGNED" in text or "ALLIGNED" in text:
        return "DERIVED"
    if hand := BY_HAND.get(row["SeriesDescription"]):
        return hand
    if any(
        word in text
        for word in ("STIR", "T2ST", "T2 FAT SAT", "FATSAT", "T2 FSE  FS", "T2 FS", "F.S.", "FSE FS")
    ):
        return "T2FS"
    assert "T1" in text, text
    return "T1"


def same(row: Row) -> Row:
    return row


def without_aligned(row: Row) -> Row:
    text = row["SeriesDescription"].replace("Aligned", "").replace("Alligned", "")
    return {**row, "SeriesDescription": text}


def without_software(row: Row) -> Row:
    return {**row, "Manufacturer": row["Manufacturer"].replace(" / MIM Software", "")}


def without_both(row: Row) -> Row:
    return without_aligned(without_software(row))


def weighting_only(row: Row) -> Row:
    """Also without the words of a copy: what is left is `T1`, `STIR` or `T2FS`."""
    text = without_aligned(row)["SeriesDescription"].replace("toPET_BOX", "").strip("_")
    return {**without_software(row), "SeriesDescription": text}


def no_description(row: Row) -> Row:
    return {**without_software(row), "SeriesDescription": ""}


CHANGES: Mapping[str, Change] = {
    "as it is": same,
    "without the word Aligned": without_aligned,
    "without MIM in Manufacturer": without_software,
    "without both": without_both,
    "without both and toPET_BOX": weighting_only,
    "without MIM and any description": no_description,
}


def sessions(key: str, change: Change) -> dict[str, tuple[ToldSession, dict[str, Row], str]]:
    """For each session: what is told, the rows by series, and whose it is.

    Args:
        key: StudyInstanceUID, or PatientID where all of a patient's studies are one session.
        change: what is done to each row before.
    """
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows():
        groups[row[key]].append(row)
    found = {}
    for name, held in groups.items():
        facts = [facts_of_row(change(row)) for row in held]
        by_series = {row["SeriesInstanceUID"]: row for row in held}
        found[name] = (tell_session(facts), by_series, held[0]["PatientID"])
    return found
