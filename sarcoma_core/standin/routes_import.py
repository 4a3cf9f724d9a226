"""Import, prearchive and the services of /data/services."""

from starlette.routing import Route

ROUTES: list[Route] = []
