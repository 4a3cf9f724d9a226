"""Build the images, bases first. A hospital's CA bundle and package index go in as build secrets."""

import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from sarcoma_core.errors import RunError, UsageError
from sarcoma_core.images.catalogue import (
    COMMANDS_LABEL,
    PARENTS,
    StepImage,
    bases_of,
    checkout,
    oci_labels,
    step_images,
)
from sarcoma_core.images.contexts import base_context, written
from sarcoma_core.images.engine import Engine, connect
from sarcoma_core.images.measuring import BASE_LABEL, Measured, measure
from sarcoma_core.xnat.command.declaring import image_reference

_BASE_DEFAULT = re.compile(r"^ARG BASE_IMAGE=(\S+)$", re.MULTILINE)
_MOST_OF_A_SECRET = 500_000  # BuildKit's own limit (secrets.MaxSecretSize)


def build(
    steps: Sequence[str] = (),
    *,
    registry: str = "",
    base_image: str | None = None,
    ca: Path | None = None,
    index: str | None = None,
) -> tuple[Measured, ...]:
    """Build the images of steps, and the bases that they stand on.

    Args:
        steps: names of steps; empty means all.
        registry: prefix of a second tag for each image, e.g. `registry.example.org/imaging`.
        base_image: what `sarcoma/core` stands on; the Dockerfile's default when None.
        ca: PEM certificates to trust beside the public ones, behind a proxy that inspects TLS.
        index: URL of the package index; pip's default when None.

    Returns:
        Size and start time of what was built, bases first.

    Raises:
        UsageError: a step is unknown, or `ca` or `index` breaks its rule.
        EngineError: no engine answers, or no `docker` command here can build.
        RunError: the base image cannot be had, or a build failed.
    """
    root = checkout()
    images = step_images(root, steps)
    with _secrets(ca, index) as secrets:
        engine = connect(to_build=True)
        base_image = base_image or default_base_image(root)
        _require(engine, base_image)
        bases = bases_of(images)
        for base in bases:
            _build_base(engine, root, base, base_image, secrets)
        for image in images:
            _build_step(engine, root, image, base_image, secrets, registry=registry)
    names = (*bases, *(image.step for image in images))
    if registry:
        for name in names:
            engine.output("tag", image_reference(name), image_reference(name, registry))
    return measure(engine, names)


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


def _build_base(engine: Engine, root: Path, base: str, base_image: str, secrets: Sequence[str]) -> None:
    parent = PARENTS[base]
    arguments = {"BASE_IMAGE": base_image} | ({"PARENT_IMAGE": image_reference(parent)} if parent else {})
    labels = {
        **oci_labels(f"Sarcoma {base} base"),
        BASE_LABEL: image_reference(parent) if parent else base_image,
    }
    with written(base_context(root, base)) as context:
        engine.show("build", *_options(image_reference(base), arguments, labels), *secrets, str(context))


def _build_step(
    engine: Engine, root: Path, image: StepImage, base_image: str, secrets: Sequence[str], *, registry: str
) -> None:
    arguments = {
        "BASE_IMAGE": base_image,
        "PARENT_IMAGE": image_reference(image.base),
        "IMAGE": image_reference(image.step, registry),
    }
    labels = {
        **oci_labels(image.title),
        BASE_LABEL: image_reference(image.base),
        COMMANDS_LABEL: image.commands,
    }
    engine.show(
        "build",
        *_options(image_reference(image.step), arguments, labels),
        *secrets,
        "--file=-",
        str(root),
        text=step_dockerfile(root, image.step),
    )


def step_dockerfile(root: Path, step: str) -> str:
    """The Dockerfile of a step: `containers/step.Dockerfile` with its name.

    Args:
        root: the checkout.
        step: name of the step.
    """
    return (root / "containers" / "step.Dockerfile").read_text("utf-8").replace("{step}", step)


def _options(tag: str, arguments: Mapping[str, str], labels: Mapping[str, str]) -> Iterator[str]:
    yield f"--tag={tag}"
    # The host's own network: a proxy on localhost works, and so does an engine without a bridge.
    yield "--network=host"
    yield from (f"--build-arg={name}={value}" for name, value in arguments.items())
    yield from (f"--label={name}={value}" for name, value in labels.items())
