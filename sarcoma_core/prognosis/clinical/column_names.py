"""What people call the columns of the clinical table, and columns that are never read."""

from collections.abc import Mapping
from typing import Final

from sarcoma_core.prognosis.clinical.table import CENTRE, DATE, OUTCOME_COLUMNS, SESSION, SUBJECT
from sarcoma_core.prognosis.clinical.variables import VARIABLES, Quantity
from sarcoma_core.prognosis.clinical.words import plain

FIRST_EVENT, FIRST_EVENT_DAYS = "first_event", "first_event_days"
"""What happened first (a recurrence or a metastasis), and when, where one column tells both."""
EVENT_DATES: Final[Mapping[str, str]] = {
    "last_follow_up_date": "overall_survival_days",
    "death_date": "overall_survival_days",
    "distant_metastasis_date": "distant_metastasis_days",
    "local_recurrence_date": "local_recurrence_days",
}
"""Columns of dates from which times are counted, and the times."""

_OTHERS: Final[Mapping[str, tuple[str, ...]]] = {
    SUBJECT: (
        *(
            "subject id",
            "subject label",
            "patient id",
            "patient",
            "patientid",
            "id",
            "case id",
            "case",
            "study id",
        ),
        *("pat id", "pid", "subjid", "participant", "participant id", "pseudonym", "record id", "patient no"),
        *("submitter id", "uid"),
    ),
    SESSION: ("session label", "mr session", "xnat session", "imaging session"),
    CENTRE: ("center", "hospital", "institution", "institute", "treating centre"),
    DATE: (
        "date of surgery",
        "surgery date",
        "operation date",
        "date of operation",
        "op date",
        "resection date",
    ),
    "death": (
        *(
            "vital status",
            "vitalstatus",
            "status",
            "survival status",
            "os event",
            "os status",
            "dead",
            "died",
        ),
        *(
            "deceased",
            "event os",
            "overall survival event",
            "status at last follow up",
            "status at last contact",
            "patient status",
            "alive dead",
        ),
    ),
    "overall_survival_days": (
        *(
            "overall survival",
            "os",
            "os time",
            "futime",
            "fu",
            "fup",
            "fu time",
            "follow up",
            "follow up time",
            "followup",
            "survival",
        ),
        *("survival time", "time to death", "time to last follow up", "time to death or last follow up"),
        *("time diagnosis to last follow up", "time surgery to last follow up", "last follow up", "time os"),
        "follow up duration",
    ),
    "distant_metastasis": (
        *("dm", "distant metastases", "distant mets", "metastasis", "metastases", "mets", "dm event"),
        *("distant metastasis event", "event dm"),
    ),
    "distant_metastasis_days": (
        *("dm time", "time to metastasis", "time to distant metastasis", "time to mets", "time to dm"),
        *("distant metastasis time", "dmfs time", "metastasis free survival", "time dm"),
    ),
    "local_recurrence": (
        "lr",
        "local relapse",
        "recurrence",
        "relapse",
        "lr event",
        "local recurrence event",
    ),
    "local_recurrence_days": (
        *("lr time", "time to recurrence", "time to local recurrence", "time to relapse", "time to lr"),
        *("local recurrence time", "time lr"),
    ),
    "last_follow_up_date": (
        "date of last follow up",
        "last follow up date",
        "date last seen",
        "last contact",
    ),
    "death_date": ("date of death",),
    "distant_metastasis_date": ("date of distant mets", "date of distant metastasis", "date of metastasis"),
    "local_recurrence_date": ("date of local recurrence", "date of recurrence", "recurrence date"),
    FIRST_EVENT: ("outcome", "outcome recurrence mets", "first event", "type of recurrence"),
    FIRST_EVENT_DAYS: ("time diagnosis to outcome", "time to outcome", "time to first event"),
}
IDENTIFYING: Final = frozenset(
    (
        *(
            "name",
            "patient name",
            "surname",
            "first name",
            "last name",
            "family name",
            "given name",
            "vorname",
        ),
        *(
            "nachname",
            "mrn",
            "medical record number",
            "hospital number",
            "nhs number",
            "ssn",
            "insurance number",
        ),
        *("address", "street", "postcode", "zip", "zip code", "phone", "telephone", "email", "e mail"),
        *("date of birth", "dob", "birth date", "birthdate", "birthday", "geburtsdatum", "accession number"),
    )
)
KNOWN_LATER: Final = frozenset(
    (
        *("margin", "margins", "resection margin", "surgical margin", "residual disease", "necrosis", "los"),
        *(
            "necrosis percent",
            "tumour necrosis",
            "complications",
            "complication",
            "length of stay",
            "lengthor",
        ),
        *("adjuvant chemotherapy", "adjuvant chemo", "postoperative chemotherapy", "pathological response"),
    )
)
LIKELY: Final[Mapping[str, tuple[str, ...]]] = {
    "death": ("status", "dead", "death", "vital", "deceased", "died", "alive"),
    "overall_survival_days": ("follow", "followup", "fu", "survival", "last seen"),
    "distant_metastasis": ("metastasis", "metastases", "mets", "dmfs"),
    "local_recurrence": ("recurrence", "relapse", "lrfs"),
    "metastasis_at_presentation": ("m1", "m status", "metastatic"),
    "grade": ("grade", "grading", "fnclcc"),
    "diagnosis": ("histology", "histological", "histologic", "entity", "subtype"),
    "size_cm": ("size", "diameter"),
    "age_years": ("age", "alter"),
}
"""Words of a heading that is none of the table by which it may be meant for one of its columns."""
COLUMN_NAMES: Final[tuple[str, ...]] = (
    *(variable.name for variable in VARIABLES),
    *_OTHERS,
)


def unit_of(column: str) -> str:
    """The unit of a column of the table; empty where it has none."""
    quantities = {one.name: one.kind.unit for one in VARIABLES if isinstance(one.kind, Quantity)}
    times = dict.fromkeys((*OUTCOME_COLUMNS[1::2], FIRST_EVENT_DAYS), "days")
    return (quantities | times).get(column, "")


def _plain_known() -> Mapping[str, str]:
    known: dict[str, str] = {}
    for variable in VARIABLES:
        known |= {plain(one): variable.name for one in (variable.name, *variable.headings)}
    for column, others in _OTHERS.items():
        known |= {plain(one): column for one in (column, *others)}
    return known


KNOWN_AS: Final[Mapping[str, str]] = _plain_known()
"""The column that each heading means, in plain letters."""
