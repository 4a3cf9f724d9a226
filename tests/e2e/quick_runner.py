"""A runner that does no work, a test double: it waits, and writes the manifests that the step would write."""

import time
from collections.abc import Mapping
from pathlib import Path

from sarcoma_core.archive.asset import asset_hash
from sarcoma_core.archive.holdings import FolderHoldings, ResourceFolders, fingerprint
from sarcoma_core.provenance import Outcome, list_files, write_record
from sarcoma_core.runners.running import Ended, Follow
from sarcoma_core.steps import step_named
from sarcoma_core.xnat.resolution.resolving import ResolvedCommand
from tests.records import record_of


class QuickRunner:
    """Runs nothing.

    Args:
        seconds: how long it takes.
        stuck: a step that never ends.
    """

    name = "local"

    def __init__(self, seconds: float = 0.05, *, stuck: str = "") -> None:
        self.stuck = stuck
        self._seconds = seconds

    def run(
        self, command: ResolvedCommand, folders: Mapping[str, Path], *, follow: Follow | None = None
    ) -> Ended:
        step = step_named(command.name.removeprefix("sarcoma-"))
        if step.name == self.stuck and follow:
            follow.stop.wait(60)
            return Ended(143, "", "stopped")
        time.sleep(self._seconds)
        session = folders["in"]
        for output in command.outputs:
            folder = folders[output.mount] / output.path
            (folder / "4").mkdir(parents=True)
            (folder / "4" / "4.nii.gz").write_bytes(b"no image")
            outcome = Outcome("4", "MR", "done", files=("4/4.nii.gz",))
            inputs = fingerprint(FolderHoldings(session), step.reads)
            assets = {
                asset.name: asset_hash(ResourceFolders(place.parent), place.name)
                for asset in step.assets
                if (place := folders.get(asset.name)) and any(place.iterdir())
            }
            record = record_of(step, outcome, inputs=inputs, assets=assets, files=list_files(folder))
            write_record(folder, record)
        return Ended(0, "", "")
