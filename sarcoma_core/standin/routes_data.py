"""The tree of projects, subjects, sessions, scans, assessors, resources and files under /data."""

from starlette.routing import Route

ROUTES: list[Route] = []
