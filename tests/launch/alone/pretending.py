"""A runner that draws without a network: it writes what steps write, and fails where it is asked to."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from sarcoma_core.archive.masks import MASKS_FILE, masks_document
from sarcoma_core.provenance import Outcome, list_files, write_record
from sarcoma_core.runners.running import Ended, Follow
from sarcoma_core.steps import step_named
from sarcoma_core.xnat.resolution.resolving import ResolvedCommand
from tests.e2e.quick_runner import QuickRunner
from tests.records import record_of

FACTS: Mapping[str, Any] = {
    "model": "trial",
    "member": "T1CE",
    "member_why": "it is the only one",
    "regions": {"oedema": 0.0, "tumour": 12.5},
    "needs_review": ["tumour is in 4 pieces"],
    "uncertainty": 0.01,
    "others": {},
    "device": "cpu",
    "seconds": 0.5,
    "synthetic": False,
}
FILES = ("7/tumour-v1.nii.gz", "7/tumour-uncertainty.nii.gz", "7/oedema-uncertainty.nii.gz")


class Pretender(QuickRunner):
    """Runs nothing.

    Args:
        fails: for each (label of a session, step) what it says on standard error.
        sees: whether the models look at the session at all.
    """

    def __init__(self, fails: Mapping[tuple[str, str], str] | None = None, *, sees: bool = True) -> None:
        super().__init__(0.0)
        self.ran: list[tuple[str, str]] = []
        self.words: list[tuple[str, ...]] = []
        self._fails = fails or {}
        self._sees = sees

    def run(
        self, command: ResolvedCommand, folders: Mapping[str, Path], *, follow: Follow | None = None
    ) -> Ended:
        step, session = command.name.removeprefix("sarcoma-"), folders["in"]
        self.ran.append((session.name, step))
        self.words.append(command.arguments)
        if (session.name, step) in self._fails:
            return Ended(1, "", self._fails[session.name, step])
        [output] = command.outputs
        folder = folders[output.mount] / output.path
        match step:
            case "segment":
                self._draw(folder)
            case "export-masks":
                self._export(folder)
            case "report":
                folder.mkdir(parents=True)
                (folder / "report.html").write_text("<p>page</p>")
                _filed(folder, step, Outcome("", "", "done", files=("report.html",)))
            case _:
                return super().run(command, folders, follow=follow)
        return Ended(0, "", "")

    def _draw(self, folder: Path) -> None:
        if not self._sees:
            folder.mkdir(parents=True)
            _filed(folder, "segment", Outcome("7", "MR", "refused", "the models look elsewhere"))
            return
        (folder / "7").mkdir(parents=True)
        for file in FILES:
            (folder / file).write_text(file)
        (folder / MASKS_FILE).write_bytes(masks_document(()))
        _filed(folder, "segment", Outcome("7", "MR", "done", "drawn", files=FILES, facts=FACTS))

    def _export(self, folder: Path) -> None:
        (folder / "7").mkdir(parents=True)
        made = [{"label": f"L_{kind}", "type": kind} for kind in ("SEG", "RTSTRUCT")]
        files = tuple(f"7/{one['label']}.dcm" for one in made)
        for file in files:
            (folder / file).write_text(file)
        _filed(folder, "export-masks", Outcome("7", "MR", "done", files=files, facts={"collections": made}))


def _filed(folder: Path, step: str, outcome: Outcome) -> None:
    software = {"sarcoma": "1"}
    record = record_of(step_named(step), outcome, files=list_files(folder), software=software)
    write_record(folder, record)


class Watching:
    """Keeps what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str, str]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def begins(self, session: str, step: str) -> None:
        self.told.append((session, step, "begins"))

    def ended(self, session: str, step: str, outcome: str, seconds: float) -> None:
        assert seconds >= 0
        self.told.append((session, step, outcome))
