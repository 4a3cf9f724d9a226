"""Regions of interest over REST, as the OHIF plugin serves them."""

from starlette.routing import Route

ROUTES: list[Route] = []
