"""Commands and wrappers over REST: add, replace, delete, enable, configure."""

from starlette.routing import Route

ROUTES: list[Route] = []
