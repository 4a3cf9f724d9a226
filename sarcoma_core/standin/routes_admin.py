"""Who may do what and how the server is set up: users, roles, site configuration, plugins, Docker server."""

from starlette.routing import Route

ROUTES: list[Route] = []
