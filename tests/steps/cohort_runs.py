"""A run of `cohort` on a project of an archive."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from sarcoma_core.archive.store import Archive
from sarcoma_core.provenance import RunRecord
from sarcoma_core.steps.cohort import STEP
from sarcoma_core.steps.running import run_step
from tests.laws import assert_manifest_is_the_folder


class Ran(NamedTuple):
    """A run of the step."""

    record: RunRecord
    body: bytes

    @property
    def told(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def reasons(self) -> dict[str, str]:
        return {outcome.session: outcome.reason for outcome in self.record.outcomes}


def run_cohort(archive: Archive, out: Path, *, joined: bool, **params: Any) -> Ran:
    """Run it, with the clinical table of the project or without."""
    assets = {"clinical": archive.resources_path("P") / "CLINICAL"} if joined else {}
    source = archive.session_path("P", "")
    (record,) = run_step(STEP, source, out, params, target="/archive/projects/P", assets=assets)
    assert_manifest_is_the_folder(out / "COHORT", record)
    return Ran(record, (out / "COHORT" / "cohort.json").read_bytes())
