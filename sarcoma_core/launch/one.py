"""Launch one step on one session, as the Container Service does: resolve, stage, run, upload.

Only a run that ended well is uploaded, and each output label is put into the archive whole.
"""

from collections.abc import Mapping
from pathlib import Path

from sarcoma_core.archive.store import Archive, Session, unwritable
from sarcoma_core.errors import RunError
from sarcoma_core.interface import ParamSpec, Step, Value
from sarcoma_core.provenance import Outcomes
from sarcoma_core.runners.running import Runner
from sarcoma_core.runners.staging import stage
from sarcoma_core.xnat.command.declaring import command_for
from sarcoma_core.xnat.resolution.objects import session_object
from sarcoma_core.xnat.resolution.resolving import resolve


class StepFailedError(RunError):
    """A step ended with a reason; `outcomes` is what it said of each series before."""

    def __init__(self, reason: str, outcomes: Outcomes, *, hint: str = "") -> None:
        super().__init__(reason, hint=hint)
        self.outcomes = outcomes


def launch(
    archive: Archive,
    session: Session,
    step: Step,
    params: Mapping[str, Value],
    *,
    runner: Runner,
    build: Path,
) -> None:
    """Launch a step and file its outputs as session resources.

    Args:
        archive: where the session is.
        session: what to launch on.
        step: what to launch.
        params: every parameter.
        runner: how it is executed.
        build: an empty folder on the archive's disk; the mounts that outputs lie in are made there.

    Raises:
        CommandError: the command does not resolve on this session.
        RunError: it could not be started; the archive is as it was.
        StepFailedError: it ran and failed; the archive is as it was.
        OutputError: the archive cannot be written; an earlier output is still there.
    """
    values = {name: ParamSpec.text(value) for name, value in params.items()}
    command = resolve(command_for(step), None, session_object(session), values)
    try:
        folders = stage(command, build)
        ended = runner.run(command, folders)
        if ended.exit_code != 0:
            raise StepFailedError(ended.reason, ended.outcomes, hint=ended.hint)
        archive.put_resources(
            session, {output.label: folders[output.mount] / output.path for output in command.outputs}
        )
    except OSError as error:
        raise unwritable(error, again="command again") from error
