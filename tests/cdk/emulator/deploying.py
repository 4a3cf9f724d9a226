"""Bootstrap and deploy a site on the emulator by the real CDK command line, for tests of what stands then."""

import json
import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import boto3

from sarcoma_cdk.application import make_app
from sarcoma_cdk.config import (
    Publication,
    Site,
    lock_path,
    read_publication,
    read_site,
    write_publication,
)
from tests.cdk.emulator.own_api import ACCOUNT

ROOT = Path(__file__).resolve().parents[3]
CDK_FOLDER = ROOT / "aws_cdk"
SITES = CDK_FOLDER / "sites"
MACHINE_IMAGE = "ami-0123456789abcdef0"


@dataclass(frozen=True)
class Emulator:
    """A running emulator.

    Args:
        endpoint: where it listens.
        home: a folder of its own: what CDK caches, what is synthesized.
    """

    endpoint: str
    home: Path

    def tell(self, word: str, **said: Any) -> Any:
        """One of its words of control (`server.py` lists them).

        Raises:
            RuntimeError: it answers that something is wrong, and what.
        """
        body = json.dumps(said).encode()
        request = Request(f"{self.endpoint}/_emulator/{word}", data=body, method="POST")  # noqa: S310  loopback
        try:
            with urlopen(request, timeout=120) as answer:  # noqa: S310
                return json.load(answer)
        except HTTPError as error:
            raise RuntimeError(error.read().decode()) from error

    def environment(self, region: str) -> dict[str, str]:
        """What a command needs to take it for AWS."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return kept | {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": ACCOUNT,
            "AWS_SECRET_ACCESS_KEY": "none",
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_MAX_ATTEMPTS": "1",  # what fails here fails again
            "CDK_HOME": str(self.home / "cdk-home"),  # it remembers whose a key is, also of another emulator
            "CDK_DISABLE_CLI_TELEMETRY": "true",
            "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "1",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "NO_COLOR": "1",
            "CI": "true",
        }

    def api(self, service: str, region: str) -> Any:
        """A boto3 client."""
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=self.endpoint,
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key="none",  # noqa: S106  the emulator asks for no secret
        )

    def cdk(self, *arguments: str, region: str) -> subprocess.CompletedProcess[str]:
        """Run CDK's command line, in its folder, as an operator does; its output comes as one text."""
        return subprocess.run(
            ["npx", "--no-install", "cdk", *arguments],
            cwd=CDK_FOLDER,
            env=self.environment(region),
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=600,
        )


@contextmanager
def serving(home: Path, *, stock: bool = False) -> Iterator[Emulator]:
    """An emulator as a process of its own, until the block ends.

    Args:
        home: an empty folder for it.
        stock: moto as it comes, for comparison.
    """
    command = [sys.executable, "-m", "tests.cdk.emulator", *(["--stock"] if stock else [])]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    with (home / "emulator.log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env=clean, stdout=subprocess.PIPE, stderr=log, text=True
        )
        try:
            assert process.stdout is not None
            endpoint = process.stdout.readline().strip()
            if not endpoint:
                raise RuntimeError((home / "emulator.log").read_text())
            yield Emulator(endpoint, home)
        finally:
            process.terminate()
            process.wait(timeout=30)
            if process.stdout:
                process.stdout.close()


@contextmanager
def serving_here(home: Path) -> Iterator[Emulator]:
    """An emulator in a thread of this process, for a debugger; moto's state is one for the whole process.

    Args:
        home: an empty folder for it.
    """
    from tests.cdk.emulator.server import Server  # noqa: PLC0415  it changes moto for the whole process

    server = Server()
    server.start()
    try:
        yield Emulator(server.endpoint, home)
    finally:
        server.stop()


@dataclass(frozen=True)
class Deployment:
    """A site that stands on an emulator.

    Args:
        emulator: where.
        site: the site.
        site_file: a copy of its file, with its lock beside it.
        assembly: what was synthesized and deployed.
        outputs: what `--outputs-file` holds: each stack's outputs.
        text: what the deploy printed.
        seconds: how long each part took.
    """

    emulator: Emulator
    site: Site
    site_file: Path
    assembly: Path
    outputs: Mapping[str, Mapping[str, str]]
    text: str
    seconds: Mapping[str, float] = field(default_factory=dict)

    def api(self, service: str) -> Any:
        """A boto3 client in the site's region."""
        return self.emulator.api(service, self.site.region)

    @property
    def environment(self) -> dict[str, str]:
        """What `sarcoma-site verify`, run as a command, needs to take the emulator for AWS."""
        return self.emulator.environment(self.site.region)

    def templates(self) -> dict[str, Any]:
        """The templates that were deployed, by stack."""
        return {
            path.name.removesuffix(".template.json"): json.loads(path.read_text())
            for path in sorted(self.assembly.glob("*.template.json"))
        }

    @contextmanager
    def put_back_after(self) -> Iterator[None]:
        """Whatever the block breaks is whole again after it; it takes a tenth of a second."""
        name = uuid.uuid4().hex
        self.emulator.tell("keep", name=name)
        try:
            yield
        finally:
            self.emulator.tell("put-back", name=name, forget=True)


def fixture_publication(site: Site, mark: str = "a") -> Publication:
    """A publication as `sarcoma-site publish` would tell it; nothing of it is in the bucket or the registry.

    Args:
        site: the site.
        mark: a hexadecimal digit; another is another publication.
    """
    return Publication(
        site=site.site,
        machine_image=MACHINE_IMAGE,
        publication=mark * 64,
        bundle="b" * 64,
        images={},
        artefacts={},
    )


def own_copy(name: str, home: Path) -> Path:
    """A copy of an example site's file, beside which a lock may be written.

    Args:
        name: the site.
        home: the folder that takes it.
    """
    return Path(shutil.copy(SITES / f"{name}.yaml", home / f"{name}.yaml"))


def synthesize(site_file: Path, outdir: Path) -> Path:
    """The templates of a site, by its file and its lock; the judges are left out, which other tests hear.

    Args:
        site_file: the site's file.
        outdir: where they go.
    """
    site = read_site(site_file)
    publication = read_publication(lock_path(site_file), site.site)
    make_app(site, publication, judged=False, outdir=outdir).synth()
    return outdir


def bootstrap(emulator: Emulator, site: Site, assembly: Path) -> str:
    """`cdk bootstrap` of the site's account and region.

    Args:
        emulator: where.
        site: the site.
        assembly: the folder of its templates, so that the command does not synthesize once more.

    Raises:
        RuntimeError: it fails; with what it printed.
    """
    where = f"aws://{site.account}/{site.region}"
    done = emulator.cdk("bootstrap", where, "--app", str(assembly), region=site.region)
    if done.returncode:
        raise RuntimeError(done.stdout)
    return done.stdout


def deploy(
    emulator: Emulator, site: Site, assembly: Path, *more: str
) -> tuple[subprocess.CompletedProcess[str], dict[str, dict[str, str]]]:
    """`cdk deploy --all` of templates that were synthesized before.

    Args:
        emulator: where to.
        site: the site.
        assembly: the folder of the templates.
        more: further arguments.

    Returns:
        How it ended, and the outputs.
    """
    outputs = emulator.home / f"outputs-{time.monotonic_ns()}.json"
    done = emulator.cdk(
        "deploy",
        "--all",
        "--app",
        str(assembly),
        "--method",
        "direct",
        "--require-approval",
        "never",
        "--outputs-file",
        str(outputs),
        *more,
        region=site.region,
    )
    return done, json.loads(outputs.read_text()) if outputs.exists() else {}


def stand(emulator: Emulator, name: str) -> Deployment:
    """Seed, bootstrap, synthesize once and deploy all six stacks of an example site.

    Args:
        emulator: where to.
        name: the site.

    Raises:
        RuntimeError: a command fails; with what it printed.
    """
    seconds: dict[str, float] = {}
    site_file = own_copy(name, emulator.home)
    site = read_site(site_file)
    publication = fixture_publication(site)
    write_publication(lock_path(site_file), publication)
    emulator.tell("seed", site=site.model_dump(mode="json"), machine_image=MACHINE_IMAGE)
    with _timed(seconds, "synth"):
        assembly = synthesize(site_file, emulator.home / f"{name}.out")
    with _timed(seconds, "bootstrap"):
        bootstrap(emulator, site, assembly)
    with _timed(seconds, "deploy"):
        done, outputs = deploy(emulator, site, assembly)
    if done.returncode:
        raise RuntimeError(done.stdout)
    return Deployment(emulator, site, site_file, assembly, outputs, done.stdout, seconds)


@contextmanager
def deployed(name: str, home: Path) -> Iterator[Deployment]:
    """An emulator on which an example site stands, until the block ends.

    Args:
        name: the site: "example" or "university".
        home: an empty folder for it.
    """
    with serving(home) as emulator:
        made = stand(emulator, name)
        told = ", ".join(f"{part} {took:.1f} s" for part, took in made.seconds.items())
        sys.stderr.write(f"emulated site {name}: {told}\n")
        yield made


@contextmanager
def _timed(seconds: dict[str, float], part: str) -> Iterator[None]:
    before = time.perf_counter()
    yield
    seconds[part] = time.perf_counter() - before
