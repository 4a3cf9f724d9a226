"""What the tests of choices share: a session whose roles were told, and a runner without processes."""

from collections.abc import Mapping
from pathlib import Path

from sarcoma_core.archive.importing import import_folder
from sarcoma_core.archive.store import Archive
from sarcoma_core.cli.main import parser
from sarcoma_core.errors import SarcomaError
from sarcoma_core.launch.chain import RunPlan, chosen_sessions, run_one
from sarcoma_core.launch.targets import session_target
from sarcoma_core.runners.running import Ended, Follow
from sarcoma_core.xnat.resolution.resolving import ResolvedCommand

PROJECT = "STS"


class InProcess:
    """Runs a step here, as its command line says."""

    name = "local"

    def __init__(self) -> None:
        self.lines: list[tuple[str, ...]] = []

    def run(
        self, command: ResolvedCommand, folders: Mapping[str, Path], *, follow: Follow | None = None
    ) -> Ended:
        del follow
        self.lines.append(command.arguments)
        places = {mount.path: str(folders[mount.name]) for mount in command.mounts}
        words = [places.get(word, word) for word in command.arguments]
        arguments = parser().parse_args(["step", command.name.removeprefix("sarcoma-"), *words])
        try:
            return Ended(int(arguments.run(arguments)), "", "")
        except SarcomaError as error:
            return Ended(error.exit_code, "", f"next: {error.hint}\nerror: {error.message}\n")


def told_archive(folder: Path, dicom: Path) -> Archive:
    """An archive in which every session has NIFTI and SERIES_ROLES."""
    archive = Archive(folder)
    import_folder(archive, PROJECT, dicom)
    for name in ("convert", "series-roles"):
        [work] = RunPlan(name, PROJECT).works(archive)
        for session in chosen_sessions(archive, PROJECT, ()):
            done = run_one(archive, session_target(session), work, runner=InProcess(), force=False)
            assert done.outcome == "done", done.reason
    return archive
