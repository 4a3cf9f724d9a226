"""The commands of a fix, looked up in what botocore knows of AWS: no operation and no option is invented."""

import re
import shlex
from collections.abc import Iterator
from functools import cache
from typing import Any

from botocore import xform_name
from botocore.session import get_session

_OWN = {("logs", "tail")}
"""Commands that only the command line has."""
_RENAMED = {"ingress": "egress", "notification-endpoint": "endpoint"}
"""Options that the command line calls otherwise than the API; `--ingress` is `--no-egress`."""


@cache
def _model(service: str) -> Any:
    return get_session().get_service_model({"s3api": "s3"}.get(service, service))


@cache
def _options(service: str, operation: str) -> frozenset[str] | None:
    for name in _model(service).operation_names:
        if xform_name(name, "-") == operation:
            shape = _model(service).operation_model(name).input_shape
            return frozenset(xform_name(member, "-") for member in shape.members) if shape else frozenset()
    return None


def _commands(fix: str) -> Iterator[list[str]]:
    for part in re.split(r" && |, then |; ", fix):
        _, found, words = part.partition("aws ")
        if found:
            yield shlex.split(words)


def invented(fix: str) -> list[str]:
    """What of a fix is no operation or no option of AWS's.

    Args:
        fix: the text of a fix.
    """
    wrong = []
    for service, operation, *words in _commands(fix):
        if (service, operation) in _OWN:
            continue
        known = _options(service, operation)
        if known is None:
            wrong.append(f"aws {service} {operation}")
            continue
        for word in words:
            name = word.removeprefix("--")
            plain = _RENAMED.get(name, name.removeprefix("no-"))
            if word.startswith("--") and name not in known and plain not in known:
                wrong.append(f"aws {service} {operation} {word}")
    return wrong
