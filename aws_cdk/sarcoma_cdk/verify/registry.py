"""The image repositories: a pushed tag is never another image, and the lock's images are there."""

from collections.abc import Iterator, Mapping
from typing import Any

from sarcoma_cdk import images
from sarcoma_cdk.naming import repository_name
from sarcoma_cdk.verify.checks import Check, Found, Wrong, check
from sarcoma_cdk.verify.facts import AbsentError, Facts
from sarcoma_cdk.verify.policies import statements

_BACK = "put it back: {back_store}"


def _all(facts: Facts) -> Iterator[Mapping[str, Any]]:
    """The site's repositories, as ECR describes them."""
    facts.stack("store")
    found = {
        each["repositoryName"]: each for each in facts.read("ecr", "describe_repositories")["repositories"]
    }
    for image in images.names():
        name = repository_name(facts.site, image)
        if name not in found:
            raise AbsentError(f"there is no repository {name}", "store")
        yield found[name]


@check("switch it on")
def immutable(facts: Facts) -> Found:
    """A tag is never moved to another image."""
    for each in _all(facts):
        if each.get("imageTagMutability") != "IMMUTABLE":
            name = each["repositoryName"]
            step = (
                f"aws ecr put-image-tag-mutability --repository-name {name} --image-tag-mutability IMMUTABLE"
            )
            yield Wrong(f"{name} lets tags move", step)


@check("switch it on")
def scanned(facts: Facts) -> Found:
    """Every image is scanned when it is pushed."""
    for each in _all(facts):
        if not each.get("imageScanningConfiguration", {}).get("scanOnPush"):
            name = each["repositoryName"]
            step = (
                f"aws ecr put-image-scanning-configuration --repository-name {name} "
                "--image-scanning-configuration scanOnPush=true"
            )
            yield Wrong(f"{name} does not scan", step)


@check("a repository's key cannot be changed: delete the repository, {back_store}, then publish")
def encryption(facts: Facts) -> Found:
    """Images are encrypted with the site's key."""
    for each in _all(facts):
        found = each.get("encryptionConfiguration", {})
        if found.get("encryptionType") != "KMS" or not facts.is_key(found.get("kmsKey")):
            yield Wrong(f"{each['repositoryName']} is encrypted with {found.get('encryptionType')}")


@check("delete the policy")
def policy(facts: Facts) -> Found:
    """No repository lets anybody in by a policy of its own."""
    for each in _all(facts):
        name = each["repositoryName"]
        found = facts.maybe(
            "ecr", "get_repository_policy", "RepositoryPolicyNotFoundException", repositoryName=name
        )
        if any(one["Effect"] == "Allow" for one in statements((found or {}).get("policyText"))):
            step = f"aws ecr delete-repository-policy --repository-name {name}"
            yield Wrong(f"{name} has one", step)


@check("sarcoma-site publish {site}")
def published(facts: Facts) -> Found:
    """Every image that the lock names is there, by its digest."""
    facts.stack("store")
    for name, text in sorted(facts.publication.images.items()):
        plain, _, digest = text.partition("@")
        found = facts.maybe(
            "ecr",
            "describe_images",
            "ImageNotFoundException",
            "RepositoryNotFoundException",
            repositoryName=plain.rpartition(":")[0],
            imageIds=[{"imageDigest": digest}],
        )
        if found is None:
            yield Wrong(f"{name}: {digest[:19]}... is not there")


CHECKS: tuple[Check, ...] = (immutable, scanned, encryption, policy, published)
