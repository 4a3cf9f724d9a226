"""Build the images, bases first. A hospital's CA bundle and package index go in as build secrets."""

import json
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sarcoma_core.errors import RunError, UsageError
from sarcoma_core.images.catalogue import (
    COMMANDS_LABEL,
    PARENTS,
    OwnImage,
    base_named,
    bases_of,
    checkout,
    oci_labels,
    own_images,
)
from sarcoma_core.images.contexts import base_context, written
from sarcoma_core.images.engine import Engine, connect
from sarcoma_core.images.measuring import BASE_LABEL, Measured, measure
from sarcoma_core.images.torch_builds import TorchBuild, base_reference, suffix, torch_build
from sarcoma_core.interface import Base
from sarcoma_core.xnat.command.declaring import image_reference

_BASE_DEFAULT = re.compile(r"^ARG BASE_IMAGE=(\S+)$", re.MULTILINE)
_MOST_OF_A_SECRET = 500_000  # BuildKit's own limit (secrets.MaxSecretSize)


@dataclass(frozen=True)
class _Plan:
    """What is the same for every image of one build."""

    engine: Engine
    root: Path
    base_image: str
    torch: TorchBuild
    secrets: tuple[str, ...]
    registry: str


def build(
    steps: Sequence[str] = (),
    *,
    bases: Sequence[str] = (),
    registry: str = "",
    base_image: str | None = None,
    torch: str | None = None,
    torch_index: str | None = None,
    ca: Path | None = None,
    index: str | None = None,
) -> tuple[Measured, ...]:
    """Build the images of steps and services, and the bases that they stand on.

    Args:
        steps: names of steps and services; empty means all, or none where bases are named.
        bases: bases to build with those that they stand on, though no step may stand on them.
        registry: prefix of a second tag for each image, e.g. `registry.example.org/imaging`.
        base_image: what `sarcoma/core` stands on; the Dockerfile's default when None.
        torch: version of PyTorch with the name of its build; the Dockerfile's when None.
        torch_index: URL of a package index that holds it, or a folder of wheels; the Dockerfile's when None.
        ca: PEM certificates to trust beside the public ones, behind a proxy that inspects TLS.
        index: URL of the package index; pip's default when None.

    Returns:
        Size and start time of what was built, bases first.

    Raises:
        UsageError: a step or a base is unknown, or `torch`, `torch_index`, `ca` or `index` breaks its rule.
        EngineError: no engine answers, or no `docker` command here can build.
        RunError: the base image cannot be had, or a build failed.
    """
    root = checkout()
    named = [base_named(base) for base in bases]
    images = own_images(root, steps) if steps or not named else ()
    torch_of = torch_build(root, torch, torch_index)
    with _secrets(ca, index) as secrets:
        engine = connect(to_build=True)
        base_image = base_image or default_base_image(root)
        _require(engine, base_image)
        plan = _Plan(engine, root, base_image, torch_of, secrets, registry)
        built = [_build_base(plan, base) for base in bases_of(images, named)]
        built += [_build_own(plan, image) for image in images]
    return measure(engine, built)


def default_base_image(root: Path) -> str:
    """The base image that the Dockerfile of `sarcoma/core` names."""
    [default] = _BASE_DEFAULT.findall((root / "containers" / "core" / "Dockerfile").read_text("utf-8"))
    return str(default)


def _require(engine: Engine, base_image: str) -> None:
    """Have the base image on this engine, pulled if need be: a build would fail later, and say it worse."""
    if engine.has(base_image):
        return
    try:
        engine.output("pull", base_image)
    except RunError as error:
        raise RunError(
            f"--base-image: {base_image} must be here or in a registry that is reached; {error.message}",
            hint="Name one that you have (--base-image REF), or make one from Debian packages alone: "
            "bash .ci/base-image, then --base-image sarcoma-base:bookworm",
        ) from error


@contextmanager
def _secrets(ca: Path | None, index: str | None) -> Iterator[tuple[str, ...]]:
    """The build secrets as arguments of `docker build`; an index URL may hold a password: not shown."""
    arguments: list[str] = []
    with tempfile.TemporaryDirectory(prefix="sarcoma-") as folder:
        if ca is not None:
            certificates = ca.read_bytes() if ca.is_file() else b""
            if b"BEGIN CERTIFICATE" not in certificates or len(certificates) > _MOST_OF_A_SECRET:
                raise UsageError("--ca: must be a file of PEM certificates of at most 500 kB; it is not.")
            Path(folder, "ca").write_bytes(certificates)
            arguments.append(f"--secret=id=ca,src={folder}/ca")
        if index is not None:
            if not re.fullmatch(r"https?://\S+", index):
                raise UsageError("--index: must be one http or https URL; it is not.")
            Path(folder, "index").write_text(index, encoding="utf-8")
            arguments.append(f"--secret=id=index,src={folder}/index")
        yield tuple(arguments)


def _build_base(plan: _Plan, base: Base) -> str:
    """Build a base; returns its reference."""
    parent = PARENTS[base]
    below = base_reference(parent, plan.torch) if parent else plan.base_image
    arguments = {"BASE_IMAGE": plan.base_image} | ({"PARENT_IMAGE": below} if parent else {})
    if base == "torch":
        arguments |= {"TORCH": plan.torch.version, "TORCH_INDEX": plan.torch.index}
    labels = {**oci_labels(f"Sarcoma {base} base"), BASE_LABEL: below}
    tag = suffix(base, plan.torch)
    with written(base_context(plan.root, base, plan.torch.wheels)) as context:
        plan.engine.show(
            "build",
            *_options((image_reference(base) + tag,), arguments, labels),
            *plan.secrets,
            str(context),
        )
    _tag(plan, base, (tag,))
    return image_reference(base) + tag


def _build_own(plan: _Plan, image: OwnImage) -> str:
    """Build the image of a step or a service; returns the reference that a step's command names."""
    reference, tag = image_reference(image.name), suffix(image.base, plan.torch)
    tags = tuple(dict.fromkeys(("", tag)))
    below = base_reference(image.base, plan.torch)
    arguments = {
        "BASE_IMAGE": plan.base_image,
        "PARENT_IMAGE": below,
        "IMAGE": image_reference(image.name, plan.registry) + tag,
    }
    labels = {**oci_labels(image.title), BASE_LABEL: below}
    if image.commands:
        labels[COMMANDS_LABEL] = image.commands
    plan.engine.show(
        "build",
        *_options([reference + tag for tag in tags], arguments, labels),
        *plan.secrets,
        "--file=-",
        str(plan.root),
        text=own_dockerfile(plan.root, image.entrypoint),
    )
    _tag(plan, image.name, tags)
    return reference


def _tag(plan: _Plan, name: str, tags: Sequence[str]) -> None:
    """Give an image its names in the registry too."""
    if plan.registry:
        here, there = image_reference(name), image_reference(name, plan.registry)
        for tag in tags:
            plan.engine.output("tag", here + tag, there + tag)


def own_dockerfile(root: Path, entrypoint: Sequence[str]) -> str:
    """The Dockerfile of a step or a service: `containers/step.Dockerfile` with its entry point.

    Args:
        root: the checkout.
        entrypoint: what a container starts.
    """
    text = (root / "containers" / "step.Dockerfile").read_text("utf-8")
    return text.replace('["{entrypoint}"]', json.dumps([*entrypoint]))


def _options(
    references: Sequence[str], arguments: Mapping[str, str], labels: Mapping[str, str]
) -> Iterator[str]:
    yield from (f"--tag={reference}" for reference in references)
    # The host's own network: a proxy on localhost works, and so does an engine without a bridge.
    yield "--network=host"
    yield from (f"--build-arg={name}={value}" for name, value in arguments.items())
    yield from (f"--label={name}={value}" for name, value in labels.items())
