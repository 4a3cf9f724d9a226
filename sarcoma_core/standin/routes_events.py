"""Event subscriptions and orchestrations over REST."""

from starlette.routing import Route

ROUTES: list[Route] = []
