"""The page in the browser."""

from starlette.routing import Route

ROUTES: list[Route] = []
