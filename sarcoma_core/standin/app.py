"""The stand-in as a web application: its routes, module by module."""

from functools import partial

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware

from sarcoma_core.standin.answers import Refusal, refused
from sarcoma_core.standin.guard import guard
from sarcoma_core.standin.rest import (
    admin,
    commands,
    custom_fields,
    data,
    events,
    importing,
    launch,
    login,
    page,
    roi,
)
from sarcoma_core.standin.server import StandIn

_MODULES = (
    login,
    admin,
    commands,
    launch,
    events,
    roi,
    custom_fields,
    importing,
    page,
    data,
)
"""In order: the first route that fits serves, so the tree of /data comes last."""


def build_app(server: StandIn) -> Starlette:
    """The application that serves a stand-in."""
    app = Starlette(
        routes=[route for module in _MODULES for route in module.ROUTES],
        middleware=[Middleware(BaseHTTPMiddleware, dispatch=partial(guard, server))],
        exception_handlers={Refusal: refused},
    )
    app.state.standin = server
    return app
