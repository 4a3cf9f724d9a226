"""How people log in beside XNAT's own accounts, in the words of XNAT's authentication plug-ins.

Source: the provider files (`*-provider.properties` in XNAT's folder `config/auth`) of ldap-auth-plugin and of
QCIF's openid-auth-plugin. No provider enables a user by itself: somebody who runs the site does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .failure import BootError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_SHARED = {"visible": "true", "auto.enabled": "false", "auto.verified": "true"}


def provider(
    kind: str, settings: Mapping[str, str], site_url: str, text_of: Callable[[str], str]
) -> Mapping[str, str]:
    """The properties of one provider.

    Args:
        kind: `ldap` or `oidc`.
        settings: what the site's file says of it; a secret by its ARN.
        site_url: the site's address.
        text_of: reads a secret.

    Raises:
        BootError: it is another kind, a setting is missing, or a value has more than one line.
    """
    makers = {"ldap": _ldap, "oidc": _oidc}
    if kind not in makers:
        raise BootError(f"parameter.login: must be of {', '.join(makers)}; found {kind!r}.")
    try:
        told = makers[kind](settings, site_url, text_of)
    except KeyError as error:
        raise BootError(f"parameter.login.{kind}: must have {error.args[0]}; it has not.") from None
    for name, value in told.items():
        if "\n" in value or "\r" in value:
            raise BootError(f"parameter.login.{kind}: {name} must be one line; it is not.")
    return {**_SHARED, "provider.id": kind, **told}


def _ldap(settings: Mapping[str, str], _: str, text_of: Callable[[str], str]) -> dict[str, str]:
    return {
        "name": "Directory",
        "auth.method": "ldap",
        "address": settings["address"],
        "userdn": settings["user_dn"],
        "password": text_of(settings["password"]),
        "search.base": settings["search_base"],
        "search.filter": settings["search_filter"],
    }


def _oidc(settings: Mapping[str, str], site_url: str, text_of: Callable[[str], str]) -> dict[str, str]:
    own = {
        "clientId": settings["client_id"],
        "clientSecret": text_of(settings["client_secret"]),
        "userAuthUri": settings["authorization_endpoint"],
        "accessTokenUri": settings["token_endpoint"],
        "scopes": "openid,profile,email",
        "link": '<a href="/openid-login?providerId=oidc">Log in with your institution</a>',
        "forceUserCreate": "true",
        "userAutoEnabled": "false",
        "userAutoVerified": "true",
        "emailProperty": "email",
        "givenNameProperty": "given_name",
        "familyNameProperty": "family_name",
    }
    return {
        "name": "Institution",
        "auth.method": "openid",
        "type": "openid",
        "enabled": "oidc",
        "siteUrl": site_url,
        "preEstablishedRedirUri": "/openid-login",
        **{f"openid.oidc.{key}": value for key, value in own.items()},
    }
