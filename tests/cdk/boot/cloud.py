"""AWS as the boot meets it: moto's S3, Parameter Store, Secrets Manager, ECR and instance metadata."""

import hashlib
import importlib
import io
import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

REGION, BUCKET, HANDLES = "ca-central-1", "site-artefacts", "handles"
_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": REGION}


class Cloud:
    """A cloud with one site in it.

    Args:
        url: where moto listens.
    """

    def __init__(self, url: str) -> None:
        boto3 = importlib.import_module("boto3")
        self.url = url
        self._session = boto3.Session("test", "test", region_name=REGION)
        for name in (BUCKET, HANDLES):
            where = {"LocationConstraint": REGION}
            self.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration=where)
        self.passwords = {name: secrets.token_urlsafe(18) for name in ("admin", "database")}
        self.secrets = {name: self._secret(name, text) for name, text in self.passwords.items()}

    def client(self, service: str) -> Any:
        """A client of a service."""
        return self._session.client(service, endpoint_url=self.url)

    def _secret(self, name: str, text: str) -> str:
        made = self.client("secretsmanager").create_secret(Name=f"site/{name}", SecretString=text)
        return str(made["ARN"])

    def put(self, key: str, content: bytes) -> None:
        """Lay an object into the site's bucket."""
        self.client("s3").put_object(Bucket=BUCKET, Key=key, Body=content)

    def publish(
        self,
        images: Mapping[str, str],
        files: Mapping[str, bytes],
        bundle: bytes,
        *,
        forged: Mapping[str, bytes] = MappingProxyType({}),
    ) -> str:
        """Publish as `sarcoma-site publish` does; returns the publication's SHA-256.

        What is forged lies in the bucket in the place of the file that the publication means.
        """
        for name, content in files.items():
            self.put(f"artefacts/{_sha256(content)}/{name}", forged.get(name, content))
        self.put(f"bundles/{_sha256(bundle)}.tar.gz", bundle)
        tree = {
            "images": dict(images),
            "artefacts": {name: _sha256(content) for name, content in files.items()},
            "bundle": _sha256(bundle),
        }
        text = json.dumps(tree).encode()
        self.put(f"publications/{_sha256(text)}.json", text)
        return _sha256(text)

    def handle(self, name: str) -> str:
        """A new WaitConditionHandle: a presigned URL, signed for an empty type as CloudFormation's are."""
        told = {"Bucket": HANDLES, "Key": name, "ContentType": ""}
        return str(self.client("s3").generate_presigned_url("put_object", Params=told, ExpiresIn=3600))

    def signalled(self, name: str) -> Mapping[str, str] | None:
        """What was put to a handle."""
        client = self.client("s3")
        if name not in [each["Key"] for each in client.list_objects_v2(Bucket=HANDLES).get("Contents", [])]:
            return None
        told: Mapping[str, str] = json.loads(client.get_object(Bucket=HANDLES, Key=name)["Body"].read())
        return told

    def tell(self, parameter: str, registry: str, **changed: object) -> None:
        """Write a machine's parameter."""
        tree: dict[str, object] = {
            "site": "site",
            "region": REGION,
            "account": "123456789012",
            "bucket": BUCKET,
            "registry": registry,
            "volumes": {"archive": "vol-0a", "database": "vol-0d"},
            "secrets": {**self.secrets, "database_master": None},
            "database": None,
            "site_url": "https://xnat.site.example",
            "dicom": {"ae_title": "XNAT", "port": 8104},
            "smtp": None,
            "login": {"ldap": None, "oidc": None},
            "automate": ["TRIAL"],
            "log_group": "/sarcoma/muhc/machine",
        }
        value = json.dumps({**tree, **changed})
        self.client("ssm").put_parameter(Name=parameter, Type="String", Value=value, Overwrite=True)


def artefacts() -> Mapping[str, bytes]:
    """XNAT's war and one plugin, as small as can be, and Compose: a double, which asks Debian's version 1."""
    shim = (Path(__file__).parent / "images" / "docker-compose").read_bytes()
    return {
        "xnat-web-1.9.3.war": _zip("WEB-INF/web.xml"),
        "container-service-3.7.3-fat.jar": _zip("META-INF/MANIFEST.MF"),
        "docker-compose": shim,
    }


def _zip(name: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr(zipfile.ZipInfo(name), "a double\n")
    return packed.getvalue()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@contextmanager
def moto(address: str) -> Iterator[Cloud]:
    """Serve a cloud at an address of this machine."""
    with socket.create_server((address, 0)) as found:
        port = found.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", address, "-p", str(port)],
        env=os.environ | _CREDENTIALS,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        url = f"http://{address}:{port}"
        _wait(url)
        yield Cloud(url)
    finally:
        server.kill()
        server.wait()


def _wait(url: str) -> None:
    for _ in range(120):
        try:
            with urllib.request.urlopen(f"{url}/moto-api/data.json", timeout=5):  # noqa: S310  moto's
                return
        except OSError:
            time.sleep(0.5)
    raise AssertionError(f"moto does not answer at {url}")
