"""The numbers of a prediction as custom fields of its session, so that XNAT can search for them.

Every field is written each time, emptied where nothing is told: none is left over of an earlier prediction.
"""

from collections.abc import Mapping
from typing import Final

from sarcoma_core.archive.predicted import SessionPrediction
from sarcoma_core.prognosis.clinical.endpoints import DAYS_OF_MONTH, ENDPOINTS
from sarcoma_core.prognosis.endpoint_study import HORIZON_YEARS

PREFIX: Final = "sarcoma_prognosis_"
"""What the names of the fields begin with."""
COVERAGES: Final = (0.80, 0.95)
"""Of the bounds that have a field."""
_DECIMALS: Final = 4

FieldOf = Mapping[str, "str | float | bool | None"]


def prediction_fields(told: SessionPrediction) -> FieldOf:
    """The fields of a session.

    Args:
        told: of its patient.
    """
    values: dict[str, str | float | bool | None] = {
        "model": f"{told.model.name} {told.model.sha256[:12]}",
        "abstains": told.prediction.abstains,
        "synthetic": told.model.synthetic,
    }
    by = {one.endpoint: one for one in told.prediction.timed}
    for one in ENDPOINTS:
        short, foretold = one.short.lower(), by.get(one.name)
        values[f"{short}_group"] = foretold.group if foretold else None
        years = {year.years: year.incidence for year in foretold.years} if foretold else {}
        for year in HORIZON_YEARS:
            values[f"{short}_{year}y"] = round(years[year], _DECIMALS) if year in years else None
    bounds = {bound.coverage: bound.days / DAYS_OF_MONTH for bound in told.prediction.bounds}
    for coverage in COVERAGES:
        name = f"survives_months_{coverage * 100:.0f}"
        values[name] = round(bounds[coverage], _DECIMALS) if coverage in bounds else None
    return {PREFIX + name: value for name, value in values.items()}
