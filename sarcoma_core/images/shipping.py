"""Get the images to a site: one file to carry, or a registry to pull from."""

import gzip
import hashlib
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from sarcoma_core import __version__
from sarcoma_core.errors import OutputError, RunError, UsageError
from sarcoma_core.images.catalogue import StepImage, checkout, step_images
from sarcoma_core.images.engine import Engine, connect
from sarcoma_core.xnat.command.declaring import image_reference


def save(steps: Sequence[str], folder: Path) -> Path:
    """Save images to one compressed file; `docker load --input FILE` brings them back.

    One file and not one for each step: they share their bases, which are nearly all of it.

    Args:
        steps: names of steps; empty means all.
        folder: where to; created when it is not there.

    Returns:
        The file. Beside it stands `<file>.sha256`, for `sha256sum --check`.

    Raises:
        UsageError: there is no such step.
        OutputError: the folder cannot be written to, or is full.
        RunError: no engine answers, or an image is not built yet.
    """
    images = step_images(checkout(), steps)
    engine = connect()
    _require_built(engine, images)
    what = "-".join(image.step for image in images) if steps else "images"
    target = folder / f"sarcoma-{what}-{__version__}.tar.gz"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".sarcoma-", dir=folder) as work:
            plain, packed = Path(work, "plain"), Path(work, "packed")
            engine.output("save", f"--output={plain}", *(image_reference(image.step) for image in images))
            _compress(plain, packed)
            packed.replace(target)
        with target.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        target.with_name(target.name + ".sha256").write_text(f"{digest}  {target.name}\n", encoding="ascii")
    except OSError as error:
        raise OutputError(f"FOLDER: must be writable and have room; {error.strerror}.") from error
    return target


def _compress(plain: Path, packed: Path) -> None:
    # mtime=0: the same images make the same file.
    with plain.open("rb") as source, gzip.GzipFile(packed, "wb", compresslevel=6, mtime=0) as stream:
        shutil.copyfileobj(source, stream, 1 << 20)


def push(steps: Sequence[str], registry: str) -> tuple[str, ...]:
    """Push images to a registry.

    Args:
        steps: names of steps; empty means all.
        registry: prefix, e.g. `registry.example.org/imaging`; `/sarcoma/<step>:<version>` follows it.

    Returns:
        What the images are called there, by digest.

    Raises:
        UsageError: there is no such step, or no registry is named.
        RunError: no engine answers, an image is not built yet, or the registry refused it.
    """
    if not registry:
        raise UsageError(
            "--registry: must be given; found none.", hint="For example: --registry HOST/imaging"
        )
    images = step_images(checkout(), steps)
    targets = [image_reference(image.step, registry) for image in images]
    engine = connect()
    _require_built(engine, images)
    for image, target in zip(images, targets, strict=True):
        engine.output("tag", image_reference(image.step), target)
    return tuple(_push(engine, target) for target in targets)


def _push(engine: Engine, target: str) -> str:
    try:
        engine.show("push", target)
    except RunError as error:
        host = target.partition("/")[0]
        raise RunError(error.message, hint=f"If it asks for a login: docker login {host}") from error
    digests = engine.output("image", "inspect", '--format={{join .RepoDigests "\\n"}}', target).split()
    repository = target.rpartition(":")[0]
    # Docker Hub's own name is left out of a digest reference; the tag is as good a name then.
    return next((digest for digest in digests if digest.startswith(repository + "@")), target)


def _require_built(engine: Engine, images: Sequence[StepImage]) -> None:
    missing = [image.step for image in images if not engine.has(image_reference(image.step))]
    if missing:
        raise RunError(
            f"image {image_reference(missing[0])} must be built before it is sent; it is not on this engine.",
            hint="Run: make images",
        )
