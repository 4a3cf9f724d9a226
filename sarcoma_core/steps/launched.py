"""What the Container Service tells a container: that it launched it, where it is, and a token of the run."""

import os
from typing import Final

HOST: Final = "XNAT_HOST"
_USER, _PASS = "XNAT_USER", "XNAT_PASS"


def launched_by_xnat() -> bool:
    """Whether a server launched this run."""
    return bool(os.environ.get(HOST))


def told_by_xnat() -> tuple[str, str, str]:
    """The server's address, and the alias and the secret of the run's own token; empty where untold."""
    host, alias, secret = (os.environ.get(name, "") for name in (HOST, _USER, _PASS))
    return host, alias, secret
