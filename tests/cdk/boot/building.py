"""The images of the boot's test, and the registry that holds them in ECR's place.

Run it to have them made before the tests, after `make images`: `python -m tests.cdk.boot.building`.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sarcoma_core import __version__
from sarcoma_core.images.engine import Engine, connect
from sarcoma_core.steps import STEPS

HERE = Path(__file__).parent / "images"
MACHINE = "sarcoma-boot:machine"
ADMIN = os.environ.get("SARCOMA_ADMIN_IMAGE", f"sarcoma/admin:{__version__}")
STEP = f"sarcoma/convert:{__version__}"
PUBLISHED: Mapping[str, str] = {
    "database": "postgres:16.9-bookworm",
    "engine": "tecnativa/docker-socket-proxy:v0.4.2",
    "orthanc": "orthancteam/orthanc:26.4.2",
    "tomcat": "tomcat:9.0.107-jdk8-temurin-jammy",
    "admin": ADMIN,
    **{step.name: f"sarcoma/{step.name}:{__version__}" for step in STEPS},
}
"""Names as the site's publication has them. Behind the first four are Debian's programs and our stand-in, and
behind every step the image of `convert`, the one that is launched: the others are there to be found."""
PASSWORD = "123456789012-auth-token"  # noqa: S105  what moto's ECR gives
STORE = "sarcoma-boot-registry"
"""A volume of the engine that keeps what was pushed, as compressing it takes half a minute."""
_LOCAL = {"admin": ADMIN, **{step.name: STEP for step in STEPS}}


def run(engine: Engine, *arguments: str | Path, check: bool = True) -> str:
    """What a command of the engine of this machine prints."""
    environment = os.environ | {"DOCKER_BUILDKIT": "1", "BUILDX_NO_DEFAULT_ATTESTATIONS": "1"}
    done = subprocess.run(
        [engine.program, *arguments], env=environment, capture_output=True, text=True, check=False
    )
    assert not check or done.returncode == 0, (arguments, done.stderr[-2000:])
    return done.stdout.strip()


def build(engine: Engine) -> None:
    """Make what is not there: a minute and a half the first time, seconds from then on."""
    for image in (ADMIN, STEP):
        assert engine.has(image), f"{image} must be on the engine: make images"
    with tempfile.TemporaryDirectory() as folder:
        machine = Path(shutil.copytree(HERE / "machine", Path(folder, "machine")))
        _wheels(machine / "wheels")
        run(engine, "build", "--tag", MACHINE, machine)
    for name in ("database", "engine", "orthanc"):
        run(engine, "build", "--target", name, "--tag", f"sarcoma-boot:{name}", HERE / "services")
    tomcat = ("--build-arg", f"ADMIN_IMAGE={ADMIN}", "--tag", "sarcoma-boot:tomcat", HERE / "tomcat")
    run(engine, "build", *tomcat)


def _wheels(folder: Path) -> None:
    """Pip's awscli for the machine's Python, had here: the machine's build knows no package index."""
    for_bookworm = ("--python-version=3.11", "--only-binary=:all:")
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "--quiet", "--dest", folder, *for_bookworm, "awscli"],
        check=True,
        capture_output=True,
    )


@dataclass(frozen=True)
class Registry:
    """Debian's docker-registry, which lets in who has ECR's password.

    Args:
        container: its container.
        images: the publication's images, each `NAME:TAG@sha256:DIGEST`.
    """

    container: str
    images: Mapping[str, str]

    host = "registry:5000"
    prefix = "registry:5000/site"


def start_registry(engine: Engine, name: str, network: str, folder: Path) -> Registry:
    """Start a registry in a network, with every image in it."""
    bcrypt = (
        "import crypt, sys; salt = crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=16); "
        "print('AWS:' + crypt.crypt(sys.argv[1], salt))"
    )
    users = run(engine, "run", "--rm", MACHINE, "python3", "-W", "ignore", "-c", bcrypt, PASSWORD)
    (folder / "htpasswd").write_text(users + "\n")
    told = (
        "REGISTRY_AUTH=htpasswd",
        "REGISTRY_AUTH_HTPASSWD_REALM=site",
        "REGISTRY_AUTH_HTPASSWD_PATH=/auth/htpasswd",
    )
    volumes = (f"{folder}:/auth:ro", f"{STORE}:/var/lib/docker-registry")
    run(
        *(engine, "run", "--detach", "--name", name, "--publish", "127.0.0.1::5000"),
        *(part for each in told for part in ("--env", each)),
        *(part for each in volumes for part in ("--volume", each)),
        *(MACHINE, "docker-registry", "serve", "/etc/docker/registry/config.yml"),
    )
    run(engine, "network", "connect", "--alias", "registry", network, name)
    here = run(engine, "port", name, "5000").splitlines()[0]
    return Registry(name, {each: _push(engine, here, each, folder) for each in PUBLISHED})


def fill(engine: Engine) -> None:
    """Push everything once, to the volume that later registries serve."""
    name = f"sarcoma-boot-{uuid.uuid4().hex[:8]}"
    run(engine, "network", "create", "--internal", name)
    try:
        with tempfile.TemporaryDirectory() as folder:
            start_registry(engine, f"{name}-registry", name, Path(folder))
    finally:
        run(engine, "rm", "--force", f"{name}-registry", check=False)
        run(engine, "network", "rm", name)


def _push(engine: Engine, here: str, name: str, folder: Path) -> str:
    local = _LOCAL.get(name, f"sarcoma-boot:{name}")
    there = f"{here}/site/{PUBLISHED[name]}"
    login = ("--config", str(folder / "docker"))
    engine.output(*login, "login", "--username", "AWS", "--password-stdin", here, text=PASSWORD)
    run(engine, "tag", local, there)
    try:
        told = run(engine, *login, "push", there)
    finally:
        run(engine, "rmi", there)
    digest = told.rpartition("digest: ")[2].split()[0]
    return f"{PUBLISHED[name]}@{digest}"


if __name__ == "__main__":
    began = time.monotonic()
    docker = connect(to_build=True)
    build(docker)
    fill(docker)
    sys.stdout.write(f"the images of the boot's test: {time.monotonic() - began:.0f} s\n")
