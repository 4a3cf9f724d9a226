"""The machine's user data: what it is told when it is made, and never again."""

import re
import shlex
from pathlib import Path

from sarcoma_cdk.errors import SiteError

LONGEST = 16384
"""Bytes of user data that EC2 takes, before it is encoded."""
_BOOT = Path(__file__).parent / "boot"
_NAME, _REGION, _PARAMETER = r"[a-z][a-z0-9-]{0,31}", r"[a-z]{2}(-[a-z]+)+-[0-9]", r"/?[A-Za-z0-9_./-]+"


def user_data(site: str, region: str, parameter: str, *, endpoint: str = "") -> str:
    """What cloud-init runs on the machine.

    It depends on its arguments and on `boot/runner.py` alone: neither publication nor settings are in it, so
    that a new one of those is a new parameter and not a new machine.

    Args:
        site: the site's name.
        region: AWS region.
        parameter: name of the site's parameter in the Parameter Store.
        endpoint: where AWS is, for tests; AWS itself when empty.

    Raises:
        SiteError: an argument has another form.
    """
    for name, value, pattern in (
        ("site", site, _NAME),
        ("region", region, _REGION),
        ("parameter", parameter, _PARAMETER),
    ):
        if not re.fullmatch(pattern, value):
            raise SiteError(f"user data: {name} must be like {pattern}; found {value!r}.")
    values = {
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "SARCOMA_SITE": site,
        "SARCOMA_PARAMETER": parameter,
        **({"AWS_ENDPOINT_URL": endpoint} if endpoint else {}),
    }
    parts = {
        "VALUES": "\n".join(f"{name}={shlex.quote(value)}" for name, value in values.items()),
        "RUNNER": _text("runner.py"),
        "SERVICE": _text("sarcoma-site.service"),
        "FOLLOW": _text("sarcoma-site-follow.service"),
        "TIMER": _text("sarcoma-site-follow.timer"),
    }
    text = _text("seed.sh") + "\n"
    for name, part in parts.items():
        text = text.replace(f"@{name}@", part)
    if len(text.encode()) > LONGEST:
        raise SiteError(f"user data: must be {LONGEST} bytes at most; found {len(text.encode())}.")
    return text


def _text(name: str) -> str:
    return (_BOOT / name).read_text(encoding="utf-8").rstrip("\n")
