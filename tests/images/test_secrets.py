"""A hospital's CA and package index, given to a build: nothing of them may stand in the image."""

import base64
import gzip
import json
import os
import ssl
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO, cast

import pytest

from sarcoma_core.images import Engine
from sarcoma_core.images.building import own_dockerfile
from sarcoma_core.images.catalogue import checkout
from sarcoma_core.images.contexts import base_context, written
from tests.images.conftest import inspect

_PYPI = "https://pypi.org/simple"
"""What pip asks when nothing else is set."""

pytestmark = pytest.mark.docker


class _Index(BaseHTTPRequestHandler):
    """A package index that only answers to a password; the packages themselves are the usual index's."""

    authorised = "Basic " + base64.b64encode(b"someone:swordfish-index").decode()
    upstream = ""
    asked: list[str]

    def do_GET(self) -> None:
        if self.headers["Authorization"] != self.authorised:
            self.send_response(401)
        else:
            self.asked.append(self.path)
            self.send_response(302)
            self.send_header("Location", self.upstream.rstrip("/") + self.path.removeprefix("/simple"))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


def _pip_setting(name: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "pip", "config", "get", f"global.{name}"],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip()


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    upstream = os.environ.get("PIP_INDEX_URL") or _pip_setting("index-url") or _PYPI
    monkeypatch.setattr(_Index, "upstream", upstream)
    monkeypatch.setattr(_Index, "asked", [], raising=False)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Index)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://someone:swordfish-index@127.0.0.1:{server.server_port}/simple"
    server.shutdown()
    server.server_close()


@pytest.fixture
def ca(tmp_path: Path) -> Path:
    bundles = (
        os.environ.get("PIP_CERT"),
        _pip_setting("cert"),
        os.environ.get("REQUESTS_CA_BUNDLE"),
        ssl.get_default_verify_paths().cafile,
    )
    bundle = next(Path(found) for found in bundles if found)
    path = tmp_path / "ca.pem"
    path.write_bytes(bundle.read_bytes() + b"\n# swordfish-ca\n")
    return path


@dataclass(frozen=True)
class Builds:
    """Builds afresh, with a CA and an index that must leave no trace."""

    engine: Engine
    secrets: tuple[str, ...]
    base_image: str
    folder: Path

    def build(self, tag: str, *arguments: str, text: str = "") -> list[str]:
        """Build an image, look for the secrets in all of it, remove it; its layers."""
        self.engine.show(
            *("build", "--network=host", f"--tag={tag}", *self.secrets),
            *(f"--build-arg=BASE_IMAGE={self.base_image}", *arguments),
            text=text,
        )
        saved = self.folder / "image.tar"
        try:
            self.engine.output("save", f"--output={saved}", tag)
            found = inspect(self.engine, tag)
            told = self.engine.output("history", "--no-trunc", tag) + json.dumps(found)
        finally:
            self.engine.output("image", "rm", tag)
        assert "swordfish" not in told
        assert "127.0.0.1" not in told
        assert _members_with(saved, b"swordfish") == []
        layers: list[str] = found["RootFS"]["Layers"]
        return layers


@pytest.fixture
def builds(engine: Engine, core: str, index: str, ca: Path, tmp_path: Path) -> Builds:
    base_image = inspect(engine, core)["Config"]["Labels"]["org.opencontainers.image.base.name"]
    secret = tmp_path / "index"
    secret.write_text(index, encoding="utf-8")
    secrets = (f"--secret=id=ca,src={ca}", f"--secret=id=index,src={secret}")
    return Builds(engine, secrets, base_image, tmp_path)


def test_build_secrets_leave_no_trace_in_a_base(builds: Builds) -> None:
    # Another time makes other layers of packages. --no-cache would replace the one layer that is not the same
    # bytes again, in the engine's cache too, and the next build would make every base above it again.
    afresh = f"--build-arg=SOURCE_DATE_EPOCH={time.time():.0f}"
    with written(base_context(checkout(), "core")) as context:
        builds.build("sarcoma-test/secrets-base:latest", afresh, str(context))
    assert any("simpleitk" in path for path in _Index.asked), "the index was asked, with its password"


def test_build_secrets_leave_no_trace_in_a_step_whose_layers_are_the_same_bytes_again(
    builds: Builds, engine: Engine, core: str, step_image: str
) -> None:
    layers = builds.build(
        "sarcoma-test/secrets-step:latest",
        "--no-cache",
        *(f"--build-arg=PARENT_IMAGE={core}", f"--build-arg=IMAGE={step_image}"),
        *("--file=-", str(checkout())),
        text=own_dockerfile(checkout(), ("sarcoma", "step", "convert")),
    )
    assert any("setuptools" in path for path in _Index.asked), "the index was asked, with its password"
    assert layers == inspect(engine, step_image)["RootFS"]["Layers"]


def _members_with(archive: Path, secret: bytes) -> list[str]:
    """The parts of a saved image (layers, configuration) that hold a secret."""
    with tarfile.open(archive) as parts:
        return [part.name for part in parts if part.isfile() and _holds(_opened(parts, part), secret)]


def _opened(parts: tarfile.TarFile, part: tarfile.TarInfo) -> IO[bytes]:
    stream = cast("IO[bytes]", parts.extractfile(part))
    packed = stream.read(2) == b"\x1f\x8b"
    stream.seek(0)
    return cast("IO[bytes]", gzip.GzipFile(fileobj=stream)) if packed else stream


def _holds(stream: IO[bytes], secret: bytes) -> bool:
    rest = b""
    while block := stream.read(1 << 20):
        if secret in rest + block:
            return True
        rest = block[-len(secret) :]
    return False
