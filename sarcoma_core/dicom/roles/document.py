"""`roles.json`: the roles of a session as a file."""

import json
from typing import Any

from sarcoma_core.dicom.roles.session import SCHEMA
from sarcoma_core.dicom.roles.telling import ToldSeries, ToldSession


def roles_document(told: ToldSession) -> bytes:
    """The content of `roles.json`; equal sessions, equal bytes."""
    document = {
        "schema": SCHEMA,
        "series": [_series(one) for one in told.series],
        "chosen": dict(told.chosen),
        "needs_review": list(told.needs_review),
        "choices": dict(told.choices),
        "patients": told.patients,
    }
    return (json.dumps(document, indent=1, sort_keys=True) + "\n").encode()


def _series(one: ToldSeries) -> dict[str, Any]:
    facts = one.facts
    return {"scan": facts.scan, "part": facts.part, "modality": facts.modality, **one.as_json()}
