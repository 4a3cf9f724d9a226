"""Get the images to a site: one file to carry, or a registry to pull from."""

import gzip
import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from sarcoma_core import __version__
from sarcoma_core.errors import OutputError, RunError, UsageError
from sarcoma_core.images.catalogue import OwnImage, checkout, own_images
from sarcoma_core.images.engine import Engine, connect
from sarcoma_core.xnat.command.declaring import image_reference


def save(steps: Sequence[str], folder: Path) -> Path:
    """Save images to one compressed file; `docker load --input FILE` brings them back.

    One file and not one for each step: they share their bases, which are nearly all of it.

    Args:
        steps: names of steps and services; empty means all.
        folder: where to; created when it is not there.

    Returns:
        The file. Beside it stands `<file>.sha256`, for `sha256sum --check`.

    Raises:
        UsageError: there is no such step.
        OutputError: the folder cannot be written to, or is full.
        RunError: no engine answers, or an image is not built yet.
    """
    images = own_images(checkout(), steps)
    engine = connect()
    _require_built(engine, images)
    what = "-".join(image.name for image in images) if steps else "images"
    target = folder / f"sarcoma-{what}-{__version__}.tar.gz"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".sarcoma-", dir=folder) as work:
            plain, packed = Path(work, "plain"), Path(work, "packed")
            engine.output("save", f"--output={plain}", *(image_reference(image.name) for image in images))
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


def push(steps: Sequence[str], registry: str) -> Mapping[str, str]:
    """Push images to a registry.

    Args:
        steps: names of steps and services; empty means all.
        registry: prefix, e.g. `registry.example.org/imaging`; `/sarcoma/<step>:<version>` follows it.

    Returns:
        What each image is called there, by its digest: `PREFIX/sarcoma/convert@sha256:...` of `convert`.

    Raises:
        UsageError: there is no such step, or no registry is named.
        RunError: no engine answers, an image is not built yet, the registry refused it, or the engine does
            not tell its digest.
    """
    if not registry:
        raise UsageError(
            "--registry: must be given; found none.", hint="For example: --registry HOST/imaging"
        )
    images = own_images(checkout(), steps)
    targets = {image.name: image_reference(image.name, registry) for image in images}
    engine = connect()
    _require_built(engine, images)
    for name, target in targets.items():
        engine.output("tag", image_reference(name), target)
    return {name: _push(engine, target) for name, target in targets.items()}


def _push(engine: Engine, target: str) -> str:
    try:
        engine.show("push", target)
    except RunError as error:
        host = target.partition("/")[0]
        raise RunError(error.message, hint=f"If it asks for a login: docker login {host}") from error
    digests = engine.output("image", "inspect", '--format={{join .RepoDigests "\\n"}}', target).split()
    repository = target.rpartition(":")[0]
    # Docker Hub's own name is left out of a digest reference.
    told = repository.removeprefix("docker.io/") + "@"
    for digest in digests:
        if digest.startswith(told):
            return f"{repository}@{digest.removeprefix(told)}"
    raise RunError(
        f"docker push: the engine must tell the digest of {target}; it tells none.",
        hint="Ask the registry, or push again with a newer engine: docker version",
    )


def write_digests(digests: Mapping[str, str], path: Path) -> None:
    """Write what `push` returned as JSON, whole or not at all: what `sarcoma xnat install --images` reads.

    Args:
        digests: of `push`.
        path: the file.

    Raises:
        OutputError: it cannot be written.
    """
    partial = path.with_name(path.name + ".partial")
    try:
        partial.write_text(json.dumps(digests, indent=2) + "\n", encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise OutputError(f"--digests: must be a file that can be written; {error.strerror}.") from error


def _require_built(engine: Engine, images: Sequence[OwnImage]) -> None:
    missing = [image.name for image in images if not engine.has(image_reference(image.name))]
    if missing:
        raise RunError(
            f"image {image_reference(missing[0])} must be built before it is sent; it is not on this engine.",
            hint="Run: make images",
        )
