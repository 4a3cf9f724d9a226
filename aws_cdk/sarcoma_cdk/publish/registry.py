"""The site's image repositories (ECR). A tag there is one image for ever: the repositories are immutable."""

import base64
import json
from typing import NamedTuple

from botocore.exceptions import ClientError

from sarcoma_cdk.cloud import Cloud, code
from sarcoma_cdk.errors import RefusedError
from sarcoma_cdk.naming import repository_name

_MANIFESTS = (
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
)


class Held(NamedTuple):
    """An image that a repository has.

    Attributes:
        digest: of its manifest: what it is pulled by.
        config: the SHA-256 of its configuration; empty for an index of several.
    """

    digest: str
    config: str

    def is_same(self, identity: str) -> bool:
        """Whether an engine's image is this one.

        Args:
            identity: the engine's id of it.
        """
        return identity in {self.digest, self.config}


class LogIn(NamedTuple):
    """What Docker logs in with.

    Attributes:
        host: the registry.
        user: who.
        password: good for 12 hours.
    """

    host: str
    user: str
    password: str


class Registry:
    """The repositories of one site.

    Args:
        cloud: the site's account.
        host: another registry than ECR's, for tests.
    """

    def __init__(self, cloud: Cloud, host: str = "") -> None:
        self._site = cloud.site
        self._ecr = cloud.client("ecr")
        self._host = host

    def log_in(self) -> LogIn:
        """Get a password for Docker."""
        [answer] = self._ecr.get_authorization_token()["authorizationData"]
        user, _, password = base64.b64decode(answer["authorizationToken"]).decode().partition(":")
        return LogIn(self._host or answer["proxyEndpoint"].partition("://")[2], user, password)

    def held(self, image: str, tag: str) -> Held | None:
        """What a repository has under a tag; None where it has nothing.

        Args:
            image: the image, e.g. `convert`.
            tag: the tag.

        Raises:
            RefusedError: there is no such repository yet.
        """
        name = repository_name(self._site, image)
        try:
            answer = self._ecr.batch_get_image(
                repositoryName=name, imageIds=[{"imageTag": tag}], acceptedMediaTypes=list(_MANIFESTS)
            )
        except ClientError as error:
            if code(error) != "RepositoryNotFoundException":
                raise
            raise RefusedError(
                f"repository {name}: must be there before images are sent; it is not.",
                hint=first(self._site.site),
            ) from error
        if not answer["images"]:
            return None
        [found] = answer["images"]
        config = json.loads(found["imageManifest"]).get("config", {})
        return Held(found["imageId"]["imageDigest"], config.get("digest", ""))


def first(site: str) -> str:
    """What makes the registry and the bucket.

    Args:
        site: the site's name.
    """
    return f"First, in aws_cdk: npx --no-install cdk deploy sarcoma-{site}-store -c site=..."
