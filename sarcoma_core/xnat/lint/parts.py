"""Lint of single fields and of what the parts of a command refer to."""

from collections.abc import Iterator
from typing import get_args

from sarcoma_core.xnat.command.java import is_blank
from sarcoma_core.xnat.command.model import InputType
from sarcoma_core.xnat.lint.scene import LintedPart, Scene, Spot, inputs_of

MOUNTABLE = frozenset(
    {"Project", "ProjectAsset", "SubjectAssessor", "Session", "Scan", "Assessor", "Resource", "File"}
)
# The resolver refuses these in any value of an input (IllegalInputException).
ILLEGAL_IN_VALUES = (";", "&&", "||", "`", "(")
# NVIDIA Container Toolkit: these make no GPU visible.
NO_DEVICES = frozenset({"", "void", "none"})
_MEMORY_LIMIT = 4 * 1024 * 1024
_SHM_LEAST = 1024 * 1024
_REFERENCE_PARTS = 3


def glob_set(scene: Scene) -> Iterator[Spot]:
    """A glob, which the service stores and never reads."""
    for output in scene.root.parts("outputs"):
        if not is_blank(output.node.text("glob")):
            yield Spot(f"{output.where}/glob", "it is ignored: everything under the output's path is taken")


def gpus_set(scene: Scene) -> Iterator[Spot]:
    """The gpus field, which no backend applies."""
    if not is_blank(scene.command.text("gpus")):
        yield Spot("/gpus", "it is stored and applied on no backend")


def gpu_not_asked_for(scene: Scene) -> Iterator[Spot]:
    """NVIDIA's variable without anything that gives the container a GPU."""
    devices = scene.command.text_map("environment-variables").get("NVIDIA_VISIBLE_DEVICES", "")
    given = scene.command.text("runtime") or scene.command.text_map("generic-resources")
    if devices not in NO_DEVICES and not given:
        yield Spot(
            "/environment-variables/NVIDIA_VISIBLE_DEVICES",
            "it asks for a GPU, which needs a runtime (Docker) or generic-resources (Swarm, Kubernetes)",
        )


def unknown_input_type(scene: Scene) -> Iterator[Spot]:
    """A word that the service silently takes for string."""
    for part in scene.inputs:
        word = part.node.text("type")
        if word not in (*get_args(InputType), "File"):
            yield Spot(f"{part.where}/type", f'"{word}" is no input type and silently becomes "string"')


def input_matcher(scene: Scene) -> Iterator[Spot]:
    """A matcher on a command input, where nothing is matched."""
    for part in scene.inputs:
        if not is_blank(part.node.text("matcher")):
            yield Spot(
                f"{part.where}/matcher", "it is ignored on a command input; wrapper inputs are matched"
            )


def output_not_required(scene: Scene) -> Iterator[Spot]:
    """An output of which nobody said whether it may be missing; then it may, and a failed run completes."""
    for output in scene.root.parts("outputs"):
        if output.node.flag("required") is None:
            yield Spot(
                output.where, '"required" is not said: a missing output is only logged and the run completes'
            )


def relative_mount_path(scene: Scene) -> Iterator[Spot]:
    """A mount path that is not absolute."""
    keys = tuple(part.key for part in (*scene.inputs, *scene.wrapper_inputs()))
    for mount in scene.root.parts("mounts"):
        path = mount.node.text("path") or ""
        if not is_blank(path) and not path.startswith(("/", *keys)):
            yield Spot(f"{mount.where}/path", f'"{path}" is not absolute; the container does not start')


def missing_targets(scene: Scene) -> Iterator[Spot]:
    """A wrapper input that provides for an input or a mount that is not there."""
    known = {
        "provides-value-for-command-input": {part.name for part in scene.inputs},
        "provides-files-for-command-mount": {part.name for part in scene.root.parts("mounts")},
    }
    for part in scene.wrapper_inputs():
        for key, names in known.items():
            target = part.node.text(key)
            if target is not None and not is_blank(target) and target not in names:
                yield Spot(f"{part.where}/{key}", f'the command declares no "{target}"')


def shared_mounts(scene: Scene) -> Iterator[Spot]:
    """Two inputs of one wrapper that feed one mount."""
    for wrapper in scene.wrappers:
        first: dict[str, LintedPart] = {}
        for part in inputs_of(wrapper):
            mount = part.node.text("provides-files-for-command-mount")
            if mount is None or is_blank(mount):
                continue
            if mount in first:
                yield Spot(
                    part.where,
                    f'it feeds the mount "{mount}", as "{first[mount].name}" does; a mount has one source',
                )
            first.setdefault(mount, part)


def unmountable_types(scene: Scene) -> Iterator[Spot]:
    """An input whose type has no folder, and that feeds a mount."""
    for part in scene.wrapper_inputs():
        word = part.node.text("type")
        if not is_blank(part.node.text("provides-files-for-command-mount")) and word not in MOUNTABLE:
            yield Spot(f"{part.where}/type", f'a "{word}" cannot be mounted')


def derived_scalars(scene: Scene) -> Iterator[Spot]:
    """A derived boolean or number, which resolves to nothing."""
    for wrapper in scene.wrappers:
        for part in wrapper.parts("derived-inputs"):
            word = part.node.text("type")
            if word in {"boolean", "number"}:
                yield Spot(f"{part.where}/type", f'a derived "{word}" resolves to nothing')


def select_many_default(scene: Scene) -> Iterator[Spot]:
    """A select-many input without a default, over which the service's validation crashes."""
    for part in scene.inputs:
        if part.node.text("type") == "select-many" and part.node.text("default-value") is None:
            yield Spot(
                part.where, "without a default-value the service crashes and the command cannot be saved"
            )


def blank_version(scene: Scene) -> Iterator[Spot]:
    """No version, so that a changed command of the same name and image is refused as a duplicate."""
    if is_blank(scene.command.text("version")):
        yield Spot("/version", "without it a changed command is refused as a duplicate of the old one")


def latest_image(scene: Scene) -> Iterator[Spot]:
    """An image whose content may change under the command."""
    image = scene.command.text("image")
    if image is None or is_blank(image) or "@" in image:
        return
    tag = image.rpartition("/")[2].partition(":")[2]
    if tag in {"", "latest"}:
        yield Spot("/image", f'"{image}" may be another image tomorrow')


def helper_references(scene: Scene) -> Iterator[Spot]:
    """A setup or wrapup reference that the service splits in the wrong place: a registry port, a digest."""
    users = [(part, "via-setup-command") for part in scene.wrapper_inputs()]
    for wrapper in scene.wrappers:
        users += [(part, "via-wrapup-command") for part in wrapper.parts("output-handlers")]
    for part, key in users:
        reference = part.node.text(key) or ""
        image, *others = reference.split(":")
        if len(others) >= _REFERENCE_PARTS or "@" in image or any("/" in other for other in others):
            yield Spot(f"{part.where}/{key}", "it is split at every colon into image, tag and command name")


def memory_units(scene: Scene) -> Iterator[Spot]:
    """Amounts that fit another unit than the service's."""
    for key in ("reserve-memory", "limit-memory"):
        amount = scene.command.number(key)
        if amount is not None and amount >= _MEMORY_LIMIT:
            yield Spot(f"/{key}", f"{amount:.0f} MiB are 4 TiB or more; the unit is MiB")
    shared = scene.command.number("shm-size")
    if shared is not None and 0 < shared < _SHM_LEAST:
        yield Spot("/shm-size", f"{shared:.0f} bytes are less than 1 MiB; the unit is bytes")


def illegal_defaults(scene: Scene) -> Iterator[Spot]:
    """A default or an offered value with a character that every launch refuses."""
    for part in (*scene.inputs, *scene.wrapper_inputs()):
        given = {"default-value": part.node.text("default-value") or ""}
        given |= {f"select-values/{i}": value for i, value in enumerate(part.node.texts("select-values"))}
        for key, value in given.items():
            illegal = [sign for sign in ILLEGAL_IN_VALUES if sign in value]
            if illegal:
                yield Spot(f"{part.where}/{key}", f'"{illegal[0]}" is refused in the value of an input')
