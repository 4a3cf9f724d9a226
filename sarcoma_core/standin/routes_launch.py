"""Launch, bulk launch, workflows, containers and logs over REST."""

from starlette.routing import Route

ROUTES: list[Route] = []
