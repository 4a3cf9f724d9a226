"""A fresh XNAT, as far as a stand-in is one: its first password, no role but the first, no set-up."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sarcoma_core.launch.bootstrap.plan import ADMIN, FIRST_PASSWORD
from sarcoma_core.standin.containers.compute_backend import remove_backend
from sarcoma_core.standin.server import StandIn, StandInSettings
from sarcoma_core.standin.serving import serving
from sarcoma_core.standin.site import set_site_config
from sarcoma_core.xnat.rest.administration import Administration
from sarcoma_core.xnat.rest.connection import Connection, Login

NEW = "another one"
SETTINGS: Mapping[str, Any] = {
    "site_url": "https://xnat.example.org",
    "processing_url": "http://10.0.0.5:8080",
    "inside": "/data/xnat",
    "outside": "/srv/xnat",
    "container_user": "1000:1000",
    "engine": "http://engine:2375",
    "smtp": None,
}
"""Those of a site; without the password's file."""


def standin_of(folder: Path) -> StandIn:
    standin = StandIn(StandInSettings(folder, login=ADMIN, password=FIRST_PASSWORD))
    standin.users.set_roles(ADMIN, frozenset({"Administrator"}))
    set_site_config(standin.documents, {"initialized": False})
    remove_backend(standin.documents)
    return standin


@contextmanager
def fresh(folder: Path) -> Iterator[str]:
    """Its address, while it runs."""
    with serving(standin_of(folder)) as url:
        yield url


@contextmanager
def administered(url: str, password: str = NEW) -> Iterator[Administration]:
    """Its set-up, as the administrator sees it."""
    with Connection(Login(url, ADMIN, password)) as connection:
        yield Administration(connection)
