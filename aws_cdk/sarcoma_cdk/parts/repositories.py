"""The site's image repositories: a tag that was pushed once is never another image."""

from collections.abc import Sequence

from aws_cdk import RemovalPolicy
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_kms as kms
from constructs import Construct

from sarcoma_cdk.config import Site
from sarcoma_cdk.naming import repository_name


class Repositories(Construct):
    """One repository for each image that the machine runs.

    Args:
        scope: the stack.
        name: the construct's name in it.
        site: the site.
        images: names of the images.
        key: the site's key.
    """

    def __init__(
        self, scope: Construct, name: str, site: Site, *, images: Sequence[str], key: kms.IKey
    ) -> None:
        super().__init__(scope, name)
        self.repositories = tuple(
            ecr.Repository(
                self,
                image,
                repository_name=repository_name(site, image),
                image_tag_mutability=ecr.TagMutability.IMMUTABLE,
                image_scan_on_push=True,
                encryption=ecr.RepositoryEncryption.KMS,
                encryption_key=key,
                removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
            )
            for image in images
        )
