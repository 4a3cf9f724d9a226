"""The AWS account of a site, as boto3 finds the credentials; and how its refusals are told."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from sarcoma_cdk.config import Site
from sarcoma_cdk.errors import CloudError, RefusedError

_SETTINGS = Config(retries={"mode": "standard", "max_attempts": 5}, connect_timeout=10, read_timeout=60)
_CREDENTIALS = {
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "AuthFailure",
    "OptInRequired",
    "SignatureDoesNotMatch",
}
"""What AWS answers to a key that it does not know, also in a region that the account has not enabled."""


_EMPTY = "REVIEW_IN_PROGRESS"
"""A stack of which there is nothing but a change set that nobody has executed."""
_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
_AGAIN = "Log in again: aws sso login"
_LOG_IN = {
    "ProfileNotFound": "Name one of these: aws configure list-profiles; then: export AWS_PROFILE=...",
    "NoCredentialsError": "Log in (aws sso login), or name a profile (export AWS_PROFILE=...); then see: "
    "aws sts get-caller-identity",
    **dict.fromkeys(
        ("SSOTokenLoadError", "UnauthorizedSSOTokenError", "TokenRetrievalError", "SSOError"), _AGAIN
    ),
    **dict.fromkeys(("LoginError", "LoginRefreshRequired", "LoginTokenLoadError"), "Log in again: aws login"),
}
"""What to do about an error of botocore's own, before AWS is even asked."""


class Cloud:
    """The site's account and region.

    Args:
        site: the site.
        session: of boto3, in the site's region.
    """

    def __init__(self, site: Site, session: boto3.Session) -> None:
        self.site = site
        self.session = session
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:  # noqa: ANN401  boto3 makes its clients' classes at run time
        """A client of one service; made once.

        Args:
            service: as boto3 names it.
        """
        if service not in self._clients:
            self._clients[service] = self.session.client(service, config=_SETTINGS)
        return self._clients[service]


def connect(site: Site) -> Cloud:
    """Reach the site's account; another one is refused.

    Args:
        site: the site.

    Raises:
        RefusedError: the credentials are those of another account.
        CloudError: there are no credentials, their profile is not there, or AWS does not take them.
    """
    with errors_told():
        cloud = Cloud(site, boto3.Session(region_name=site.region))
        found = cloud.client("sts").get_caller_identity()["Account"]
    if found != site.account:
        raise RefusedError(
            f"account: must be {site.account}, which the site's file names; the credentials are those "
            f"of {found}.",
            hint="Choose others: export AWS_PROFILE=...",
        )
    return cloud


def standing(cloud: Cloud, parts: Iterable[str]) -> tuple[str, ...]:
    """Which of the site's stacks are there.

    Args:
        cloud: the site's account.
        parts: those that are asked for, e.g. `Machine`.

    Raises:
        ClientError: AWS answers something else than that it is not there.
    """
    api, found = cloud.client("cloudformation"), []
    for part in parts:
        name = cloud.site.stack_name(part)
        try:
            [stack] = api.describe_stacks(StackName=name)["Stacks"]
        except ClientError as error:
            if code(error) != "ValidationError":
                raise
            continue
        if stack["StackStatus"] != _EMPTY:
            found.append(name)
    return tuple(found)


@contextmanager
def errors_told() -> Iterator[None]:
    """Tell what AWS answers as errors of ours.

    Raises:
        CloudError: AWS refused, or did not answer.
    """
    try:
        yield
    except ClientError as error:
        raise CloudError(told(error), hint=_next(code(error))) from error
    except BotoCoreError as error:
        raise CloudError(
            f"AWS: must answer; {' '.join(str(error).split()).rstrip('.')}.",
            hint=_LOG_IN.get(type(error).__name__, "Are there credentials? Run: aws sts get-caller-identity"),
        ) from error


def code(error: Exception) -> str:
    """AWS's word for an error, e.g. `AccessDenied`; empty for one that is not AWS's.

    Args:
        error: the error.
    """
    return str(error.response["Error"].get("Code", "")) if isinstance(error, ClientError) else ""


def told(error: Exception) -> str:
    """One line about a refusal: the operation, AWS's word, AWS's reason.

    Args:
        error: the error.
    """
    if not isinstance(error, ClientError):
        return f"AWS did not answer: {' '.join(str(error).split())}"
    reason = " ".join(str(error.response["Error"].get("Message", "")).split())
    return f"AWS refused {error.operation_name}: {code(error)}: {reason.rstrip('.')}."


def _next(word: str) -> str:
    if word in _CREDENTIALS:
        return "Are the credentials valid, and is the region enabled? Run: aws sts get-caller-identity"
    if word in _EXPIRED:
        return _AGAIN
    if word.startswith(("AccessDenied", "Unauthorized")):
        return "Ask the account's administrator for that permission."
    return ""
