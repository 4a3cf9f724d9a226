"""Launch one step on one object, as the Container Service does: resolve, stage, run, upload.

Only a run that ended well is uploaded, and each output label is put into the archive whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from sarcoma_core.archive.store import Archive, unwritable
from sarcoma_core.errors import RunError
from sarcoma_core.interface import Step, Value
from sarcoma_core.launch.assets import ChosenAssets, asset_hashes, launch_values
from sarcoma_core.launch.install.gpu import Gpu, with_gpu
from sarcoma_core.launch.targets import ArchiveTarget
from sarcoma_core.launch.work import Lack, Work
from sarcoma_core.provenance import Outcomes
from sarcoma_core.runners.running import Runner
from sarcoma_core.runners.staging import stage
from sarcoma_core.xnat.command.choosing import choice_words
from sarcoma_core.xnat.command.declaring import command_for, wrapper_name
from sarcoma_core.xnat.resolution.resolving import resolve


@dataclass(frozen=True)
class PlannedWork:
    """A step with all that is decided before it is launched.

    Args:
        step: which.
        params: every parameter.
        assets: the resource that each asset is.
        gpu: whether the container is given one.
        choices: the scans that a person chose, by name of the choice.
        absent: why a chain passes it by: the project lacks one of its assets; None where it is launched.
    """

    step: Step
    params: Mapping[str, Value]
    assets: ChosenAssets
    gpu: Gpu = "none"
    choices: Mapping[str, str] = field(default_factory=dict)
    absent: Lack | None = None

    @property
    def values(self) -> Mapping[str, str]:
        """What a launch sends."""
        return launch_values(self.step, self.params, self.assets)

    @property
    def work(self) -> Work:
        """What makes it the same work as an earlier one."""
        return Work(self.step, self.params, asset_hashes(self.assets))


class StepFailedError(RunError):
    """A step ended with a reason; `outcomes` is what it said of each series before."""

    def __init__(self, reason: str, outcomes: Outcomes, *, hint: str = "") -> None:
        super().__init__(reason, hint=hint)
        self.outcomes = outcomes


def launch(
    archive: Archive,
    target: ArchiveTarget,
    work: PlannedWork,
    *,
    runner: Runner,
    build: Path,
) -> None:
    """Launch a step and file its outputs as resources of what it is launched on.

    Args:
        archive: where that is.
        target: what to launch on.
        work: what to launch.
        runner: how it is executed.
        build: an empty folder on the archive's disk; the mounts that outputs lie in are made there.

    Raises:
        CommandError: the command does not resolve on this object.
        RunError: it could not be started; the archive is as it was.
        StepFailedError: it ran and failed; the archive is as it was.
        OutputError: the archive cannot be written; an earlier output is still there.
    """
    wrapper = wrapper_name(work.step, target.level)
    command = resolve(with_gpu(command_for(work.step), work.gpu), wrapper, target.item, work.values)
    # XNAT's dialog chooses whole scans; here a part of one can be named, which no wrapper input could carry.
    command = replace(command, arguments=(*command.arguments, *choice_words(work.step, work.choices)))
    try:
        folders = stage(command, build)
        ended = runner.run(command, folders)
        if ended.exit_code != 0:
            raise StepFailedError(ended.reason, ended.outcomes, hint=ended.hint)
        outputs = {output.label: folders[output.mount] / output.path for output in command.outputs}
        archive.put_resources(target.resources, outputs)
    except OSError as error:
        raise unwritable(error, again="command again") from error
