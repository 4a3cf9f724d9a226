"""Who may do what and how the site is set up: users, roles, site configuration, plugins; the engine, too.

Source: XNAT 1.9, ``UsersApi``, ``SiteConfigApi``, ``XnatPluginApi``.
"""

from collections.abc import Mapping

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sarcoma_core.launch.doctor.site import seconds
from sarcoma_core.standin.answers import Refusal, json, text
from sarcoma_core.standin.documents import Document
from sarcoma_core.standin.rest.bodies import read_document, read_text
from sarcoma_core.standin.rest.docker import DOCKER_ROUTES
from sarcoma_core.standin.server import StandIn, standin, user
from sarcoma_core.standin.site import set_site_config, site_config
from sarcoma_core.standin.users import User

_ALIAS_LIFE = "aliasTokenTimeout"
_PLUGINS: Mapping[str, Document] = {
    "containers": {"name": "Container Service", "version": "3.7.3"},
    "batchLaunchPlugin": {"name": "Batch Launch", "version": "0.8.1"},
    "ohifViewerPlugin": {"name": "OHIF Viewer", "version": "3.6.0"},
}
"""What the stand-in stands in for besides XNAT; a document of kind `plugin` adds one or replaces it."""


def _admin(request: Request) -> StandIn:
    """The server, for its administrators."""
    if not user(request).is_admin:
        raise Refusal(403, f"User {user(request).login} is not an administrator.")
    return standin(request)


async def list_users(request: Request) -> Response:
    """GET: user names."""
    return json(list(standin(request).users.logins()))


async def get_user(request: Request) -> Response:
    """GET: one user."""
    return json(_profile(_self_or_any(request)))


async def add_user(request: Request) -> Response:
    """POST: a new user, without a role."""
    server = _admin(request)
    body = await read_document(request)
    login, password = body.get("username"), body.get("password")
    if not isinstance(login, str) or not login or not isinstance(password, str) or not password:
        raise Refusal(400, "A new user must have a username and a password.")
    if login in server.users.logins():
        raise Refusal(409, f"User {login} already exists.")
    added = await run_in_threadpool(server.users.add, login, password)
    return json(_profile(added), 201)


async def change_user(request: Request) -> Response:
    """PUT: another password for a user, who keeps the roles."""
    found, users = _self_or_any(request), standin(request).users
    password = (await read_document(request)).get("password")
    if isinstance(password, str) and password:
        await run_in_threadpool(users.add, found.login, password, found.roles)
    return json(_profile(found))


async def get_roles(request: Request) -> Response:
    """GET: names of the roles of a user."""
    return json(sorted(_self_or_any(request).roles))


async def add_role(request: Request) -> Response:
    """PUT: give a user a role."""
    return _set_role(request, held=True)


async def remove_role(request: Request) -> Response:
    """DELETE: take a role from a user."""
    return _set_role(request, held=False)


async def users_with_role(request: Request) -> Response:
    """GET: names of the users who hold a role."""
    users, role = _admin(request).users, request.path_params["role"]
    return json([login for login in users.logins() if role in users.get(login).roles])


async def get_site_config(request: Request) -> Response:
    """GET: the site's configuration."""
    return json(_site_config(_admin(request)))


async def set_site(request: Request) -> Response:
    """POST: change some of the site's configuration."""
    _change_site(_admin(request), await read_document(request))
    return text()


async def get_site_property(request: Request) -> Response:
    """GET: one property."""
    config, name = _site_config(_admin(request)), request.path_params["property"]
    if name not in config:
        raise Refusal(404, f"There is no property {name}.")
    return json(config[name])


async def set_site_property(request: Request) -> Response:
    """POST or PUT: change one property; the body is its value."""
    value = await read_text(request)
    words = {"true": True, "false": False}
    _change_site(_admin(request), {request.path_params["property"]: words.get(value.lower(), value)})
    return text()


async def list_plugins(request: Request) -> Response:
    """GET: the plugins by id."""
    kept = {**_PLUGINS, **standin(request).documents.all("plugin")}
    return json({key: {"id": key, **plugin} for key, plugin in kept.items() if plugin.get("version")})


def _self_or_any(request: Request) -> User:
    """The user of the path: anyone for an administrator, oneself for others."""
    login, who = request.path_params["login"], user(request)
    if login != who.login:
        _admin(request)
    return standin(request).users.get(login)


def _set_role(request: Request, *, held: bool) -> Response:
    users, role = _admin(request).users, request.path_params["role"]
    found = users.get(request.path_params["login"])
    users.set_roles(found.login, found.roles | {role} if held else found.roles - {role})
    return text()


def _profile(found: User) -> Document:
    return {"username": found.login, "enabled": True, "verified": True, "admin": found.is_admin}


def _site_config(server: StandIn) -> Document:
    return {_ALIAS_LIFE: f"{server.users.token_life / 3600:g} hours", **site_config(server.documents)}


def _change_site(server: StandIn, changes: Document) -> None:
    if _ALIAS_LIFE in changes:
        life = seconds(str(changes[_ALIAS_LIFE]))
        if life is None:
            raise Refusal(400, f"{_ALIAS_LIFE}: must be an interval such as 2 days.")
        server.users.token_life = life
    set_site_config(server.documents, changes)


ROUTES = [
    Route("/xapi/users", list_users),
    Route("/xapi/users", add_user, methods=["POST"]),
    Route("/xapi/users/roles/{role}", users_with_role),
    Route("/xapi/users/{login}", get_user),
    Route("/xapi/users/{login}", change_user, methods=["PUT"]),
    Route("/xapi/users/{login}/roles", get_roles),
    Route("/xapi/users/{login}/roles/{role}", add_role, methods=["PUT"]),
    Route("/xapi/users/{login}/roles/{role}", remove_role, methods=["DELETE"]),
    Route("/xapi/siteConfig", get_site_config),
    Route("/xapi/siteConfig", set_site, methods=["POST"]),
    Route("/xapi/siteConfig/{property}", get_site_property),
    Route("/xapi/siteConfig/{property}", set_site_property, methods=["POST", "PUT"]),
    Route("/xapi/plugins", list_plugins),
    *DOCKER_ROUTES,
]
