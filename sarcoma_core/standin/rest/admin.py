"""Who may do what and how the site is set up: users, roles, site configuration, plugins; the engine, too.

Source: XNAT 1.9, ``UsersApi``, ``SiteConfigApi``, ``DicomSCPApi``, ``XnatPluginApi``.
"""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sarcoma_core.standin.answers import Refusal, json, text
from sarcoma_core.standin.documents import Document
from sarcoma_core.standin.rest.bodies import RequestBody, with_body
from sarcoma_core.standin.rest.docker import DOCKER_ROUTES
from sarcoma_core.standin.server import StandIn, standin, user
from sarcoma_core.standin.site import set_site_config, site_config
from sarcoma_core.standin.users import User
from sarcoma_core.xnat.intervals import seconds

_ALIAS_LIFE = "aliasTokenTimeout"
_PLUGINS: Mapping[str, Document] = {
    "containers": {"name": "Container Service", "version": "3.7.3"},
    "batchLaunchPlugin": {"name": "Batch Launch", "version": "0.8.1"},
    "ohifViewerPlugin": {"name": "OHIF Viewer", "version": "3.6.0"},
}
"""What the stand-in stands in for besides XNAT; a document of kind `plugin` adds one or replaces it."""

_RECEIVER: Document = {
    "id": 1,
    "aeTitle": "XNAT",
    "port": 8104,
    "enabled": True,
    "identifier": "dicomObjectIdentifier",
}
"""What a fresh XNAT has."""


def _require_admin(who: User) -> None:
    """Stop who does not administer the site."""
    if not who.is_admin:
        raise Refusal(403, f"User {who.login} is not an administrator.")


def list_users(request: Request) -> Response:
    """GET: user names."""
    return json(list(standin(request).users.logins()))


def get_user(request: Request) -> Response:
    """GET: one user.

    Raises:
        Refusal: 403, it is another user and who asks is no administrator; 404, there is none.
    """
    return json(_profile(_self_or_any(standin(request), user(request), request.path_params["login"])))


@with_body()
def add_user(request: Request, body: RequestBody) -> Response:
    """POST: a new user, without a role.

    Raises:
        Refusal: 400, no JSON object with a username and a password; 403, who asks is no administrator; 409,
            the name is taken.
    """
    _require_admin(user(request))
    users, given = standin(request).users, body.document()
    login, password = given.get("username"), given.get("password")
    if not isinstance(login, str) or not login or not isinstance(password, str) or not password:
        raise Refusal(400, "A new user must have a username and a password.")
    if login in users.logins():
        raise Refusal(409, f"User {login} already exists.")
    return json(_profile(users.add(login, password)), 201)


@with_body()
def change_user(request: Request, body: RequestBody) -> Response:
    """PUT: another password for a user, who keeps the roles.

    Raises:
        Refusal: 400, the body is no JSON object; 403, it is another user and who asks is no administrator;
            404, there is none.
    """
    server = standin(request)
    changed = _self_or_any(server, user(request), request.path_params["login"])
    password = body.document().get("password")
    if isinstance(password, str) and password:
        server.users.add(changed.login, password, changed.roles)
    return json(_profile(changed))


def get_roles(request: Request) -> Response:
    """GET: names of the roles of a user.

    Raises:
        Refusal: 403, it is another user and who asks is no administrator; 404, there is none.
    """
    return json(sorted(_self_or_any(standin(request), user(request), request.path_params["login"]).roles))


def add_role(request: Request) -> Response:
    """PUT: give a user a role.

    Raises:
        Refusal: 403, who asks is no administrator; 404, there is no such user.
    """
    _require_admin(user(request))
    standin(request).users.give_role(request.path_params["login"], request.path_params["role"])
    return text()


def remove_role(request: Request) -> Response:
    """DELETE: take a role from a user.

    Raises:
        Refusal: 403, who asks is no administrator; 404, there is no such user.
    """
    _require_admin(user(request))
    standin(request).users.take_role(request.path_params["login"], request.path_params["role"])
    return text()


def users_with_role(request: Request) -> Response:
    """GET: names of the users who hold a role.

    Raises:
        Refusal: 403, who asks is no administrator.
    """
    _require_admin(user(request))
    users, role = standin(request).users, request.path_params["role"]
    return json([login for login in users.logins() if role in users.get(login).roles])


def get_site_config(request: Request) -> Response:
    """GET: the site's configuration.

    Raises:
        Refusal: 403, who asks is no administrator.
    """
    _require_admin(user(request))
    return json(_site_config(standin(request)))


@with_body()
def set_site(request: Request, body: RequestBody) -> Response:
    """POST: change some of the site's configuration.

    Raises:
        Refusal: 400, the body is no JSON object, or no value of a property; 403, who asks is no
            administrator.
    """
    _require_admin(user(request))
    _change_site(standin(request), body.document())
    return text()


def get_site_property(request: Request) -> Response:
    """GET: one property.

    Raises:
        Refusal: 403, who asks is no administrator; 404, there is no such property.
    """
    _require_admin(user(request))
    config, name = _site_config(standin(request)), request.path_params["property"]
    if name not in config:
        raise Refusal(404, f"There is no property {name}.")
    return json(config[name])


@with_body()
def set_site_property(request: Request, body: RequestBody) -> Response:
    """POST or PUT: change one property; the body is its value.

    Raises:
        Refusal: 400, it is no value of the property; 403, who asks is no administrator.
    """
    value = body.text()
    _require_admin(user(request))
    words = {"true": True, "false": False}
    _change_site(standin(request), {request.path_params["property"]: words.get(value.lower(), value)})
    return text()


def list_receivers(request: Request) -> Response:
    """GET: the DICOM receivers. The stand-in has one, and receives nothing.

    Raises:
        Refusal: 403, who asks is no administrator.
    """
    _require_admin(user(request))
    return json([_receiver(standin(request))])


@with_body()
def change_receiver(request: Request, body: RequestBody) -> Response:
    """PUT: replace a receiver.

    Raises:
        Refusal: 400, the body is no JSON object; 403, who asks is no administrator; 404, there is none.
    """
    _require_admin(user(request))
    server, number = standin(request), int(request.path_params["id"])
    if number != _RECEIVER["id"]:
        raise Refusal(404, f"There is no DICOM SCP receiver {number}.")
    server.documents.put("receiver", str(number), {**body.document(), "id": number})
    return json(_receiver(server))


def list_plugins(request: Request) -> Response:
    """GET: the plugins by id."""
    kept = {**_PLUGINS, **standin(request).documents.all("plugin")}
    return json({key: {"id": key, **plugin} for key, plugin in kept.items() if plugin.get("version")})


def _self_or_any(server: StandIn, who: User, login: str) -> User:
    """A user of a name: anyone for an administrator, oneself for others."""
    if login != who.login:
        _require_admin(who)
    return server.users.get(login)


def _receiver(server: StandIn) -> Document:
    return server.documents.get("receiver", str(_RECEIVER["id"])) or _RECEIVER


def _profile(of: User) -> Document:
    return {"username": of.login, "enabled": True, "verified": True, "admin": of.is_admin}


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
    Route("/xapi/dicomscp", list_receivers),
    Route("/xapi/dicomscp/{id:int}", change_receiver, methods=["PUT"]),
    Route("/xapi/plugins", list_plugins),
    *DOCKER_ROUTES,
]
