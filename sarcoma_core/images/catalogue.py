"""Which images there are: the shared bases, and one for each step of `containers/labels.json`.

A step's commands are its committed file in `xnat_commands/`: what was reviewed is what the label says.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import metadata
from pathlib import Path

from sarcoma_core import __version__
from sarcoma_core.errors import InputError, UsageError
from sarcoma_core.interface import Base

COMMANDS_LABEL = "org.nrg.commands"
"""The image label in which the Container Service looks for commands."""

PARENTS: Mapping[Base, Base | None] = {"core": None, "edge": "core", "torch": "core", "train": "torch"}
"""Each base, and the base that it stands on."""


@dataclass(frozen=True)
class StepImage:
    """The image of one step.

    Args:
        step: name of the step.
        base: the base that it stands on.
        title: what XNAT calls the step.
        commands: value of the label `org.nrg.commands`: a JSON list of commands.
    """

    step: str
    base: Base
    title: str
    commands: str


def base_named(name: str) -> Base:
    """The base of that name.

    Raises:
        UsageError: there is none.
    """
    for base in PARENTS:
        if base == name:
            return base
    raise UsageError(f"--base: must be one of {', '.join(PARENTS)}; found {name!r}.")


def lineage(base: Base) -> tuple[Base, ...]:
    """A base and those that it stands on, the lowest first.

    Args:
        base: the base.
    """
    parent = PARENTS[base]
    return (*lineage(parent), base) if parent else (base,)


def bases_of(images: Sequence[StepImage], named: Sequence[Base] = ()) -> tuple[Base, ...]:
    """The bases that these images need, each after the one that it stands on.

    Args:
        images: images of steps.
        named: further bases, on which no step need stand.
    """
    needed = {below for base in (*named, *(image.base for image in images)) for below in lineage(base)}
    return tuple(base for base in PARENTS if base in needed)


def checkout() -> Path:
    """The root of the repository that this package runs from.

    Raises:
        UsageError: it runs from an installed copy, which has no Dockerfiles.
    """
    root = Path(__file__).resolve().parents[2]
    if not (root / "containers" / "core" / "Dockerfile").is_file():
        raise UsageError(
            "sarcoma images: must run from a checkout of the repository; this is an installed copy.",
            hint="In the checkout: make images",
        )
    return root


def step_images(root: Path, steps: Sequence[str] = ()) -> tuple[StepImage, ...]:
    """Read the images of some steps, or of all.

    Args:
        root: the checkout.
        steps: names of steps; empty means all.

    Raises:
        InputError: `containers/labels.json` or a step's command is missing, or is not what `sarcoma generate`
            writes.
        UsageError: there is no such step.
    """
    path = root / "containers" / "labels.json"
    try:
        entries = json.loads(path.read_text("utf-8"))
        known = {step: _read(root, step, entry) for step, entry in entries.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, UsageError) as error:
        fault = type(error).__name__
        raise InputError(
            "containers/labels.json and xnat_commands: must be as `sarcoma generate` writes them; "
            f"{fault} on reading them.",
            hint="Run: make generate",
        ) from error
    unknown = [step for step in steps if step not in known]
    if unknown:
        raise UsageError(f"--step: must be one of {', '.join(known)}; found {unknown[0]!r}.")
    return tuple(known[step] for step in dict.fromkeys(steps or known))


def _read(root: Path, step: str, entry: Mapping[str, object]) -> StepImage:
    base, title = base_named(str(entry["base"])), str(entry["title"])
    command = json.loads((root / "xnat_commands" / f"{step}.json").read_text("utf-8"))
    return StepImage(step, base, title, json.dumps([command], ensure_ascii=False, separators=(",", ":")))


def oci_labels(title: str) -> Mapping[str, str]:
    """The labels of the OCI image specification (annotations), as far as the package's metadata knows them.

    Args:
        title: what the image is.
    """
    package = metadata("sarcoma")
    urls = (url.partition(", ") for url in package.get_all("Project-URL") or ())
    source = next((url for name, _, url in urls if name.lower() in ("source", "repository")), "")
    known = {
        "title": title,
        "version": __version__,
        "licenses": package["License-Expression"],
        "source": source,
    }
    return {f"org.opencontainers.image.{key}": value for key, value in known.items() if value}
