"""The server's own API, for the code that runs inside of it: boto3 against the address that it listens on."""

import threading
from functools import lru_cache
from typing import Any

import boto3

ACCOUNT = "123456789012"
"""The account that moto gives to every caller; that of the example sites."""
_WHERE = {"endpoint": ""}
_LOCK = threading.Lock()


def listen_at(endpoint: str) -> None:
    """Tell where the server listens, before any call."""
    _WHERE["endpoint"] = endpoint
    _client.cache_clear()


def endpoint() -> str:
    """Where the server listens."""
    return _WHERE["endpoint"]


@lru_cache(maxsize=256)
def _client(service: str, region: str) -> Any:
    return boto3.client(
        service,
        region_name=region,
        endpoint_url=_WHERE["endpoint"],
        aws_access_key_id=ACCOUNT,
        aws_secret_access_key="none",  # noqa: S106  the server asks for no secret
    )


def api(service: str, region: str) -> Any:
    """A client of one service; each is made once, which takes longer than a call."""
    with _LOCK:
        return _client(service, region)
