"""The models of a folder on their way to images: checked before anything is read, and laid beside them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from sarcoma_core.archive.store import Archive
from sarcoma_core.errors import InputError, UsageError
from sarcoma_core.launch.alone.given import GivenImages
from sarcoma_core.launch.alone.laying import PROJECT
from sarcoma_core.launch.models.adding import SETS, ModelArchive, plan_addition
from sarcoma_core.models.model_set import ModelSet, open_model_folder, open_set
from sarcoma_core.models.segmentation_task import SegmentationTask

_LABEL: Final = f"{SETS}ALONE"


def check_models(folder: Path, given: GivenImages, member: str) -> ModelSet:
    """Read and check the models of a folder; no network is built.

    Args:
        folder: with a model, or one for each member of a set.
        given: what they are to look at.
        member: the one that was asked for; empty where a rule chooses.

    Raises:
        InputError: something is wrong with a model, or none of them segments.
        UsageError: the one that was asked for is not there, or none looks at the sequences that were given.
    """
    models = open_set(open_model_folder(folder))
    tasks = {name: task for name, one in models.members.items() if (task := one.config.segmentation)}
    if not tasks:
        raise InputError(
            "--model: must hold a model that segments; found none.",
            hint=f"Look at it: sarcoma models check {folder}",
        )
    if member and member not in tasks:
        raise UsageError(f"--member: must be one of the folder's, {', '.join(tasks)}; found {member}.")
    if given.niftis:
        _require_sequences(tasks, given, member)
    return models


def _require_sequences(tasks: Mapping[str, SegmentationTask], given: GivenImages, member: str) -> None:
    wanted = [member] if member else [*tasks]
    if not any(set(tasks[name].sequences) <= given.niftis.keys() for name in wanted):
        have = ", ".join(given.niftis)
        raise UsageError(
            f"--sequence: must be what {member or 'a model of the folder'} looks at "
            f"({', '.join(wanted)}); found {have}.",
            hint="Further files of the patient: --also ROLE=FILE. Another model: --model DIR",
        )


def lay_models(archive: Archive, folder: Path) -> None:
    """Lay the models into the archive that the images are in.

    Raises:
        OutputError: the disk is full, or the folder has changed meanwhile.
        InputError: a file of it is another than its manifest lists.
    """
    asset = open_model_folder(folder)
    place = ModelArchive(archive, PROJECT)
    place.write(plan_addition(place.own, asset, _LABEL), asset.path)
