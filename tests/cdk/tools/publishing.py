"""What publishing needs: repositories and a bucket in moto, artefacts on disk, an engine that is none."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sarcoma_cdk.errors import SiteError
from sarcoma_cdk.naming import artefact_bucket_name, repository_name
from sarcoma_cdk.publish.artefacts import Artefact, read_artefacts
from sarcoma_cdk.publish.engine import Local
from sarcoma_cdk.publish.wanted import Wanted
from tests.cdk.tools.account import REGION, Account

IMAGES = (
    Wanted("convert", "sarcoma/convert:0.4.0", "0.4.0", ours=True),
    Wanted("database", "postgres:16.9@sha256:" + "5" * 64, "16.9", ours=False),
)


def built(account: Account) -> None:
    """What the stack Store makes."""
    site = account.site()
    account.client("s3").create_bucket(
        Bucket=artefact_bucket_name(site), CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    for image in IMAGES:
        account.client("ecr").create_repository(
            repositoryName=repository_name(site, image.name), imageTagMutability="IMMUTABLE"
        )


def fetched(folder: Path) -> tuple[Artefact, ...]:
    """What `fetch.py` leaves."""
    folder.mkdir(exist_ok=True)
    files = {"xnat-web-1.war": b"a war", "docker-compose": b"a program", "plugin.jar": b"a jar"}
    for name, content in files.items():
        (folder / name).write_bytes(content)
    lines = [f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in files.items()]
    (folder / "artefacts.lock").write_text("".join(lines), "utf-8")
    return read_artefacts(folder)


def digest(text: str) -> str:
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


class FakeEngine:
    """An engine whose registry is moto's ECR; `has` maps names to what they are."""

    def __init__(self, account: Account, **has: Local) -> None:
        self._account = account
        self.has = {image.local: Local(digest(image.name), "amd64") for image in IMAGES} | has
        self.pulls: list[str] = []
        self.pushes: list[str] = []
        self.door: tuple[str, ...] | None = None
        self.fails_at = ""

    def image(self, name: str) -> Local | None:
        return self.has.get(name)

    def pull(self, name: str) -> None:
        self.pulls.append(name)
        self.has[name] = Local(digest(name), "amd64")

    @contextmanager
    def logged_in(self, host: str, user: str, password: str) -> Iterator[None]:
        self.door = (host, user, password)
        yield
        self.door = None

    def push(self, name: str, target: str) -> None:
        assert self.door
        host, _, rest = target.partition("/")
        assert host == self.door[0]
        repository, _, tag = rest.rpartition(":")
        if self.fails_at and self.fails_at in target:
            raise SiteError(f"docker push {target} failed: the line went dead.")
        self.pushes.append(f"{repository}:{tag}")
        put(self._account, repository, tag, self.has[name].id)


def put(account: Account, repository: str, tag: str, config: str, manifest: str = "") -> None:
    """Have an image in moto's ECR, whose digests it would make up."""
    manifest = manifest or json.dumps({"schemaVersion": 2, "config": {"digest": config}, "layers": []})
    account.client("ecr").put_image(
        repositoryName=repository,
        imageTag=tag,
        imageManifest=manifest,
        imageManifestMediaType="application/vnd.docker.distribution.manifest.v2+json",
        imageDigest=digest(manifest),
    )
