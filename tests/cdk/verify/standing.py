"""A site that stands on the emulator, as the tests of `verify` see and break it."""

import datetime as dt
import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import boto3

from sarcoma_cdk.config import Publication, Site, lock_path, read_publication
from sarcoma_cdk.naming import artefact_bucket_name, repository_name
from sarcoma_cdk.verify import Facts, run, verify_command
from sarcoma_cdk.verify.checks import Check
from sarcoma_cdk.verify.running import Outcome, run_one
from tests.cdk.emulator.deploying import Deployment
from tests.cdk.verify.doubles import Doubles

_MANIFEST = json.dumps(
    {
        "schemaVersion": 2,
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": {
            "mediaType": "application/vnd.docker.container.image.v1+json",
            "size": 1,
            "digest": f"sha256:{'c' * 64}",
        },
        "layers": [],
    }
)


class Session:
    """boto3's session for the emulator; its clients are made once, which takes longer than all their calls.

    Args:
        deployment: where.
        doubles: what answers beside the emulator.
    """

    def __init__(self, deployment: Deployment, doubles: Doubles) -> None:
        self._endpoint = deployment.emulator.endpoint
        inner = boto3.Session(
            aws_access_key_id=deployment.site.account,
            aws_secret_access_key="none",  # noqa: S106  the emulator asks for no secret
            region_name=deployment.site.region,
        )
        doubles.attach(inner)
        self.inner = inner
        self._clients: dict[str, Any] = {}

    def clients(self) -> tuple[Any, ...]:
        """Those that were made so far."""
        return tuple(self._clients.values())

    def client(self, service: str, **settings: Any) -> Any:
        """A client.

        Args:
            service: as boto3 names it.
            settings: what boto3 takes.
        """
        if service not in self._clients:
            self._clients[service] = self.inner.client(service, endpoint_url=self._endpoint, **settings)
        return self._clients[service]


@dataclass
class Standing:
    """A site that stands, published.

    Args:
        deployment: what was deployed.
        doubles: what answers beside the emulator.
        session: whose calls they answer.
        publication: what lies in its bucket and registry.
        now: the time.
        lock: the same, as its lock says; None where that is lost.
    """

    deployment: Deployment
    doubles: Doubles
    session: Session
    publication: Publication
    now: dt.datetime = field(default_factory=lambda: dt.datetime.now(tz=dt.UTC))
    lock: Publication | None = field(init=False)

    def __post_init__(self) -> None:
        """The lock says what was published."""
        self.lock = self.publication

    @property
    def site(self) -> Site:
        """The site."""
        return self.deployment.site

    def api(self, service: str) -> Any:
        """A client of boto3 for breaking things.

        Args:
            service: as boto3 names it.
        """
        return self.session.client(service)

    def facts(self, site: Site | None = None) -> Facts:
        """What is there now.

        Args:
            site: of another site than this one.
        """
        return Facts(self.session, site or self.site, self.lock, self.now)

    def check(self, check: Check) -> Outcome:
        """Run one check on what is there now.

        Args:
            check: the check.
        """
        return run_one(check, self.facts())

    def tell(self, *, as_json: bool = False) -> tuple[int, str]:
        """Run the command; its exit code, and what it prints.

        Args:
            as_json: for a program.
        """
        out = io.StringIO()
        code = verify_command(
            self.site, self.session, publication=self.lock, as_json=as_json, out=out, now=self.now
        )
        return code, out.getvalue()

    def check_all(self, site: Site | None = None) -> tuple[Outcome, ...]:
        """Run all checks on what is there now.

        Args:
            site: of another site than this one.
        """
        return tuple(run(self.facts(site)))

    @contextmanager
    def broken(self, breaker: "Callable[[Standing], None]") -> Iterator[None]:
        """Break something, and have it whole again after the block.

        Args:
            breaker: what breaks it.
        """
        doubles = replace(self.doubles, says=dict(self.doubles.says))
        try:
            breaker(self)
            yield
        finally:
            self.deployment.emulator.tell("put-back", name="published")
            self.doubles.__dict__.update(doubles.__dict__)
            self.lock = self.publication


def published(deployment: Deployment) -> Standing:
    """Put into the site's bucket and registry what a lock names, as `sarcoma-site publish` would.

    Args:
        deployment: the site.
    """
    doubles, site = Doubles(), deployment.site
    session = Session(deployment, doubles)
    lock = read_publication(lock_path(deployment.site_file), site.site)
    assert lock is not None
    repository = repository_name(site, "convert")
    image = session.client("ecr").put_image(
        repositoryName=repository, imageManifest=_MANIFEST, imageTag="1.0.0"
    )["image"]
    lock = replace(
        lock,
        images={"convert": f"{repository}:1.0.0@{image['imageId']['imageDigest']}"},
        artefacts={"xnat.war": "d" * 64},
    )
    for key in (
        f"artefacts/{'d' * 64}/xnat.war",
        f"publications/{lock.publication}.json",
        f"bundles/{lock.bundle}.tar.gz",
    ):
        session.client("s3").put_object(Bucket=artefact_bucket_name(site), Key=key, Body=b"synthetic")
    deployment.emulator.tell("keep", name="published")
    return Standing(deployment, doubles, session, lock)
