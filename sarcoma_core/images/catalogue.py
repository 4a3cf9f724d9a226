"""Which images there are: the shared bases, and one for each step and service of `containers/labels.json`.

A step's commands are its committed file in `xnat_commands/`: what was reviewed is what the label says. A row
with an `entrypoint` is a service, which has no commands.
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

PARENTS: Mapping[Base, Base | None] = {
    "core": None,
    "edge": "core",
    "torch": "edge",
    "train": "torch",
    "site": "edge",
}
"""Each base, and the base that it stands on."""


@dataclass(frozen=True)
class OwnImage:
    """The image of one step, or of a service.

    Args:
        name: name of the step or the service.
        base: the base that it stands on.
        title: what XNAT calls the step; what the service is called.
        entrypoint: what a container of it starts.
        commands: value of the label `org.nrg.commands`: a JSON list of commands; empty for a service, which
            has no such label.
    """

    name: str
    base: Base
    title: str
    entrypoint: tuple[str, ...]
    commands: str = ""


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


def bases_of(images: Sequence[OwnImage], named: Sequence[Base] = ()) -> tuple[Base, ...]:
    """The bases that these images need, each after the one that it stands on.

    Args:
        images: images of steps and services.
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


def own_images(root: Path, names: Sequence[str] = ()) -> tuple[OwnImage, ...]:
    """Read the images of some steps and services, or of all.

    Args:
        root: the checkout.
        names: names of steps and services; empty means all.

    Raises:
        InputError: `containers/labels.json` or a step's command is missing, or is not what `sarcoma generate`
            writes.
        UsageError: there is no such step or service.
    """
    path = root / "containers" / "labels.json"
    try:
        entries = json.loads(path.read_text("utf-8"))
        known = {name: _read(root, name, entry) for name, entry in entries.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, UsageError) as error:
        fault = type(error).__name__
        raise InputError(
            "containers/labels.json and xnat_commands: must be as `sarcoma generate` writes them; "
            f"{fault} on reading them.",
            hint="Run: make generate",
        ) from error
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UsageError(f"--step: must be one of {', '.join(known)}; found {unknown[0]!r}.")
    return tuple(known[name] for name in dict.fromkeys(names or known))


def step_images(root: Path, steps: Sequence[str] = ()) -> tuple[OwnImage, ...]:
    """Those of `own_images` that XNAT launches: each carries its commands.

    Raises:
        InputError: as `own_images`.
        UsageError: as `own_images`.
    """
    return tuple(image for image in own_images(root, steps) if image.commands)


def _read(root: Path, name: str, entry: Mapping[str, object]) -> OwnImage:
    base, title = base_named(str(entry["base"])), str(entry["title"])
    if "entrypoint" in entry:
        words = entry["entrypoint"]
        if not isinstance(words, list):
            raise TypeError(words)
        return OwnImage(name, base, title, tuple(map(str, words)))
    command = json.loads((root / "xnat_commands" / f"{name}.json").read_text("utf-8"))
    commands = json.dumps([command], ensure_ascii=False, separators=(",", ":"))
    return OwnImage(name, base, title, ("sarcoma", "step", name), commands)


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
