"""The facts of series from a table of them, such as IDC's: no physics, no geometry, descriptions only."""

from collections.abc import Mapping

from sarcoma_core.archive.values import uid
from sarcoma_core.dicom.kinds import reason_to_set_apart
from sarcoma_core.dicom.roles.facts import SeriesFacts


def facts_of_row(row: Mapping[str, str]) -> SeriesFacts:
    """The facts in one row, with the column names of the IDC index; a column may be missing or empty.

    Args:
        row: text by column: SeriesInstanceUID, Modality, SOPClassUID, SeriesDescription, Manufacturer,
            SeriesNumber, StudyInstanceUID, StudyDate, SeriesDate, instanceCount.
    """

    def text(column: str) -> str:
        return (row.get(column) or "").strip()

    def whole(column: str) -> int | None:
        return int(text(column)) if text(column).isdecimal() else None

    sop_class = text("SOPClassUID")
    return SeriesFacts(
        series=text("SeriesInstanceUID"),
        modality=text("Modality"),
        not_a_volume=(reason_to_set_apart(sop_class) or "") if sop_class else "",
        description=text("SeriesDescription"),
        protocol=text("ProtocolName"),
        manufacturer=text("Manufacturer"),
        series_number=whole("SeriesNumber"),
        study=text("StudyInstanceUID"),
        study_date=text("StudyDate"),
        series_date=text("SeriesDate"),
        images=None if "Enhanced" in uid(sop_class).name else whole("instanceCount"),
    )
