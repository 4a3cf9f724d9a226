"""Mounts of a resolved command: which folder of the archive, or which build folder, is behind each.

Source: Container Service 3.7, ``CommandResolutionServiceImpl`` (``resolveCommandMount``,
``findMountSourceInputs``, ``getXnatModelObjectForMounting``). Files that a server keeps elsewhere (remote
catalogs) and its path translation are its own.
"""

from collections.abc import Iterator
from pathlib import Path

from sarcoma_core.xnat.command.java import is_blank
from sarcoma_core.xnat.command.model import ExternalInput, Mount
from sarcoma_core.xnat.resolution.input_tree import ResolvedInputs
from sarcoma_core.xnat.resolution.refusals import ResolutionError
from sarcoma_core.xnat.resolution.resolved import ResolvedInput, ResolvedMount, SetupCommand
from sarcoma_core.xnat.resolution.templates import fill

_MOUNTABLE = ("Project", "ProjectAsset", "SubjectAssessor", "Session", "Scan", "Assessor", "Resource", "File")
_JAVA_NAMES = {
    "File[]": "FILES",
    "file": "FILE_INPUT",
    "ProjectAsset": "PROJECT_ASSET",
    "SubjectAssessor": "SUBJECT_ASSESSOR",
}


def resolve_mount(mount: Mount, inputs: ResolvedInputs) -> tuple[ResolvedMount, SetupCommand | None]:
    """One mount, and the setup command that fills it, if one does.

    Raises:
        ResolutionError: the input that provides its files has no folder to give; the service's text.
    """
    path = fill(mount.path, inputs.texts)
    feeding = [resolved_input for tree in inputs.trees for resolved_input in _feeding(tree, mount.name)]
    if not feeding:
        return ResolvedMount(mount.name, path, writable=True), None
    source = _source(mount, feeding[-1])
    spec = feeding[-1].spec
    reference = spec.via_setup_command if isinstance(spec, ExternalInput) else None
    if reference is None or is_blank(reference):
        return ResolvedMount(mount.name, path, mount.writable, source, copied=mount.writable), None
    filled = ResolvedMount(mount.name, path, mount.writable, setup=reference)
    return filled, SetupCommand(reference, mount.name, source)


def _feeding(resolved_input: ResolvedInput, mount: str) -> Iterator[ResolvedInput]:
    """The inputs that provide files for a mount, down through inputs with one value; the last one counts.

    One without a value, or with several of which none is chosen, feeds nothing: it is optional then, as a
    required one was refused before. Versions of the service may differ: docs/concepts/xnat-contract.md.
    """
    if resolved_input.only is None:
        return
    if (
        isinstance(resolved_input.spec, ExternalInput)
        and resolved_input.spec.provides_files_for_command_mount == mount
    ):
        yield resolved_input
    for child in resolved_input.only.children:
        yield from _feeding(child, mount)


def _source(mount: Mount, resolved_input: ResolvedInput) -> Path:
    """The archive folder behind the input that provides a mount's files."""
    kind = resolved_input.spec.type
    if kind not in _MOUNTABLE:
        name = _JAVA_NAMES.get(kind, kind.upper())
        raise ResolutionError(
            f'I don\'t know how to provide files to a mount from an input of type "{name}".'
        )
    item = resolved_input.values[0].item
    if item is None:
        raise ResolutionError(f'Input "{resolved_input.name}"\'s XnatModelObject value is null')
    if item.directory is None:
        raise ResolutionError(f'Mount "{mount.name}" should have a root path but does not.')
    return item.directory
