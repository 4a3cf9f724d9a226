"""The stand-in as a web application: its routes, module by module."""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware

from sarcoma_core.standin import (
    routes_admin,
    routes_commands,
    routes_data,
    routes_events,
    routes_import,
    routes_launch,
    routes_login,
    routes_page,
    routes_roi,
)
from sarcoma_core.standin.answers import Refusal, refused
from sarcoma_core.standin.guard import guard
from sarcoma_core.standin.server import StandIn

_MODULES = (
    routes_login,
    routes_admin,
    routes_commands,
    routes_launch,
    routes_events,
    routes_roi,
    routes_import,
    routes_page,
    routes_data,
)
"""In order: the first route that fits serves, so the tree of /data comes last."""


def build_app(server: StandIn) -> Starlette:
    """The application that serves a stand-in."""
    app = Starlette(
        routes=[route for module in _MODULES for route in module.ROUTES],
        middleware=[Middleware(BaseHTTPMiddleware, dispatch=guard)],
        exception_handlers={Refusal: refused},
    )
    app.state.standin = server
    return app
