"""A real engine really pushes, to a registry of the OCI protocol; moto's ECR tells of what came there."""

import contextlib
import hashlib
import io
import re
import shutil
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from sarcoma_cdk.errors import RefusedError
from sarcoma_cdk.publish import Order, publish
from sarcoma_cdk.publish.engine import Engine
from sarcoma_cdk.publish.registry import Registry
from sarcoma_cdk.publish.wanted import Wanted
from tests.cdk.tools.account import Account
from tests.cdk.tools.publishing import built, fetched

pytestmark = [pytest.mark.cdk, pytest.mark.docker]


MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


class OciRegistry(ThreadingHTTPServer):
    """Keeps blobs and manifests in memory, and tells ECR of each manifest that comes under a tag."""

    def __init__(self, account: Account) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.account = account
        self.blobs: dict[str, bytes] = {}
        self.uploads: dict[str, bytes] = {}
        self.pushed: list[str] = []

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: OciRegistry
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _end(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            parts = []
            while size := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def do_GET(self) -> None:
        digest = re.search(r"sha256:[0-9a-f]{64}", self.path)
        if self.path == "/v2/":
            self._end(200)
        elif digest and digest[0] in self.server.blobs:
            content = self.server.blobs[digest[0]]
            kind = {"Content_Type": MANIFEST} if "/manifests/" in self.path else {}
            self._end(200, content, Docker_Content_Digest=digest[0], **kind)
        else:
            self._end(404)

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        self._body()
        name = str(len(self.server.uploads))
        self.server.uploads[name] = b""
        self._end(202, Location=f"{self.path.partition('/blobs/')[0]}/blobs/uploads/{name}")

    def do_PATCH(self) -> None:
        name = self.path.rpartition("/")[2]
        self.server.uploads[name] += self._body()
        self._end(202, Location=self.path, Range=f"0-{len(self.server.uploads[name]) - 1}")

    def do_PUT(self) -> None:
        body = self._body()
        if upload := re.search(r"/uploads/(\d+)\?.*digest=sha256(?::|%3A)([0-9a-f]{64})", self.path):
            content = self.server.uploads.pop(upload[1]) + body
            assert hashlib.sha256(content).hexdigest() == upload[2]
            self.server.blobs[f"sha256:{upload[2]}"] = content
            self._end(201, Location=self.path)
            return
        repository, _, tag = self.path.removeprefix("/v2/").partition("/manifests/")
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        self.server.blobs[digest] = body
        self.server.pushed.append(f"{repository}:{tag}")
        self.server.account.client("ecr").put_image(
            repositoryName=repository,
            imageTag=tag,
            imageManifest=body.decode(),
            imageManifestMediaType=self.headers["Content-Type"],
            imageDigest=digest,
        )
        self._end(201, Docker_Content_Digest=digest, Location=self.path)


@pytest.fixture
def registry(account: Account) -> Iterator[OciRegistry]:
    built(account)
    server = OciRegistry(account)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def docker(*arguments: str, text: bytes = b"") -> str:
    program = shutil.which("docker")
    assert program
    done = subprocess.run([program, *arguments], input=text, capture_output=True, check=True)
    return done.stdout.decode()


@pytest.fixture
def tiny() -> Iterator[Wanted]:
    """An image of one small file, under a name of its own."""
    name = "sarcoma-test-publish/convert:0.0.1"
    make(name, b"one")
    yield Wanted("convert", name, "0.0.1", ours=True)
    with contextlib.suppress(subprocess.CalledProcessError):
        docker("image", "rm", "--force", name)


def make(name: str, content: bytes) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        member = tarfile.TarInfo("file")
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    docker("import", "--platform", "linux/amd64", "-", name, text=packed.getvalue())


def test_an_image_is_pushed_once_and_is_named_by_the_digest_that_the_registry_has(
    account: Account, registry: OciRegistry, tiny: Wanted, tmp_path: Path
) -> None:
    artefacts = fetched(tmp_path / "artefacts")
    said: list[str] = []

    def run(**order: Any) -> Any:
        cloud = account.cloud()
        return publish(
            cloud,
            Order(**order),
            say=said.append,
            engine=Engine(),
            registry=Registry(cloud, registry.host),
            images=(tiny,),
            artefacts=artefacts,
        )

    made = run()
    repository, _, digest = made.images["convert"].partition("@")
    assert registry.pushed == [repository]
    assert repository.endswith("/convert:0.0.1")
    assert digest in registry.blobs
    assert f"{registry.host}/" not in docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}")
    assert run(before=made) == made
    assert len(registry.pushed) == 1
    assert said[-1] == "there publication"

    make(tiny.local, b"two")
    with pytest.raises(RefusedError, match=r"convert:0\.0\.1: its tag has another image at the site"):
        run(before=made)
    again = run(before=made, suffix="r2")
    assert again.images["convert"].startswith(f"{repository}-r2@sha256:")
    assert len(registry.pushed) == 2


def test_an_image_of_others_is_pulled_by_its_digest_and_pushed_under_its_tag(
    account: Account, registry: OciRegistry, tiny: Wanted, tmp_path: Path
) -> None:
    cloud, theirs = account.cloud(), f"{registry.host}/sarcoma-example/sarcoma/convert"
    artefacts = fetched(tmp_path / "artefacts")
    docker("tag", tiny.local, f"{theirs}:16.9")
    docker("push", "--quiet", f"{theirs}:16.9")
    digest = next(digest for digest in registry.blobs if b"schemaVersion" in registry.blobs[digest])
    docker("image", "rm", "--force", f"{theirs}:16.9", tiny.local)
    other = Wanted("database", f"{theirs}:16.9@{digest}", "16.9", ours=False)
    try:
        made = publish(
            cloud,
            Order(),
            say=lambda _: None,
            engine=Engine(),
            registry=Registry(cloud, registry.host),
            images=(other,),
            artefacts=artefacts,
        )
    finally:
        with contextlib.suppress(subprocess.CalledProcessError):
            docker("image", "rm", "--force", f"{theirs}@{digest}")
    assert made.images["database"] == f"sarcoma-example/sarcoma/database:16.9@{digest}"
