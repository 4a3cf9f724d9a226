"""The stand-in's parts, put together: what every route works on."""

import secrets
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request

from sarcoma_core.archive.store import Archive
from sarcoma_core.runners import runner_named
from sarcoma_core.runners.running import Runner
from sarcoma_core.standin.answers import NOT_LOGGED_IN, Refusal
from sarcoma_core.standin.containers.launches import Launches
from sarcoma_core.standin.documents import Documents
from sarcoma_core.standin.events.service import Events
from sarcoma_core.standin.objects.prearchive import Prearchive
from sarcoma_core.standin.objects.tree import Tree
from sarcoma_core.standin.site import set_site_config, site_config
from sarcoma_core.standin.users import ADMINISTRATOR, CONTAINER_MANAGER, PRIVILEGED, TOKEN_LIFE, User, Users


@dataclass(frozen=True)
class StandInSettings:
    """How a stand-in is set up.

    Args:
        archive: folder of the archive.
        login: name of its administrator.
        password: the administrator's password.
        url: its address as containers and browsers reach it; known once it listens.
        workers: how many launches it runs at once.
        token_life: seconds that an alias token lives.
        xnat_version: the version that it says it is.
    """

    archive: Path
    login: str = "admin"
    password: str = ""
    url: str = ""
    workers: int = 2
    token_life: float = TOKEN_LIFE
    xnat_version: str = "1.9.3"


class StandIn:
    """A stand-in: its archive, its users and the services over them.

    Args:
        settings: how it is set up.
        runner: how launches are executed; processes of this machine when None.
    """

    def __init__(self, settings: StandInSettings, runner: Runner | None = None) -> None:
        self.settings = settings
        self.password = settings.password or secrets.token_urlsafe(12)
        settings.archive.mkdir(parents=True, exist_ok=True)
        self.archive = Archive(settings.archive)
        self.documents = Documents(settings.archive / ".standin.sqlite")
        self.users = Users(self.documents, token_life=settings.token_life)
        roles = frozenset({ADMINISTRATOR, CONTAINER_MANAGER, PRIVILEGED})
        self.users.add(settings.login, self.password, roles)
        self.tree = Tree(self.archive, self.documents)
        self.prearchive = Prearchive(self.tree)
        self.launches = Launches(
            self.tree, self.documents, self.users, runner or runner_named("local"), workers=settings.workers
        )
        self.events = Events(self.tree, self.documents, self.users, self.launches)

    @property
    def url(self) -> str:
        """The site's URL, empty until it listens."""
        return str(site_config(self.documents)["siteUrl"])

    def listens_at(self, address: str) -> None:
        """Take its address, unless the settings name the one under which it is reached."""
        set_site_config(self.documents, {"siteUrl": self.settings.url or address})

    def close(self) -> None:
        """Stop what is running and close the files."""
        self.launches.close()
        self.events.close()
        self.documents.close()


def standin(request: Request) -> StandIn:
    """The stand-in that a request is made to."""
    server: StandIn = request.app.state.standin
    return server


def user(request: Request) -> User:
    """Who makes the request.

    Raises:
        Refusal: 401, nobody is logged in.
    """
    who: User | None = request.state.user
    if who is None:
        raise Refusal(401, NOT_LOGGED_IN)
    return who
