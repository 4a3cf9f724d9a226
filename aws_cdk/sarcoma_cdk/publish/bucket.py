"""The site's bucket. The key of every object has its SHA-256 in it, so what is there is never sent again."""

import base64
from pathlib import Path
from typing import BinaryIO

from botocore.exceptions import ClientError

from sarcoma_cdk.cloud import Cloud, code
from sarcoma_cdk.errors import CloudError, RefusedError
from sarcoma_cdk.naming import artefact_bucket_name
from sarcoma_cdk.publish.registry import first

_ABSENT = {"404", "NoSuchKey", "NotFound"}
_NO_BUCKET = {"404", "NoSuchBucket"}


class Bucket:
    """The artefact bucket of one site.

    Args:
        cloud: the site's account.
    """

    def __init__(self, cloud: Cloud) -> None:
        self._s3 = cloud.client("s3")
        self._site = cloud.site
        self.name = artefact_bucket_name(cloud.site)

    def check(self) -> None:
        """See that it is there.

        Raises:
            RefusedError: it is not.
        """
        try:
            self._s3.head_bucket(Bucket=self.name, ExpectedBucketOwner=self._site.account)
        except ClientError as error:
            if code(error) not in _NO_BUCKET:
                raise
            raise RefusedError(
                f"bucket {self.name}: must be there before anything is sent; it is not.",
                hint=first(self._site.site),
            ) from error

    def put(self, key: str, content: bytes | Path, sha256: str) -> bool:
        """Send an object, unless it is there; S3 compares its SHA-256 and refuses another one.

        Args:
            key: the object's.
            content: what it holds, or the file that does.
            sha256: its checksum, in hexadecimal.

        Returns:
            Whether it was sent.

        Raises:
            CloudError: the object that is there has another checksum.
        """
        checksum = base64.b64encode(bytes.fromhex(sha256)).decode()
        there = self._checksum(key)
        if there == checksum:
            return False
        if there:
            raise CloudError(
                f"s3://{self.name}/{key}: must have the SHA-256 {sha256} that its name says; it has another.",
                hint=f"Somebody changed it. Delete it, and publish again: aws s3 rm s3://{self.name}/{key}",
            )
        if isinstance(content, Path):
            with content.open("rb") as file:
                self._send(key, file, checksum)
        else:
            self._send(key, content, checksum)
        return True

    def _checksum(self, key: str) -> str:
        try:
            found = self._s3.head_object(Bucket=self.name, Key=key, ChecksumMode="ENABLED")
        except ClientError as error:
            if code(error) not in _ABSENT:
                raise
            return ""
        return str(found.get("ChecksumSHA256", ""))  # none: not sent by us, so it is sent again

    def _send(self, key: str, body: bytes | BinaryIO, checksum: str) -> None:
        # One request: 5 GB at most, and it is there whole or not at all.
        self._s3.put_object(
            Bucket=self.name,
            Key=key,
            Body=body,
            ChecksumAlgorithm="SHA256",
            ChecksumSHA256=checksum,
            ExpectedBucketOwner=self._site.account,
        )
