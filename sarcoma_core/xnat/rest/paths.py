"""Paths that are asked for without our client, as from inside a container."""

BUILD_INFO = "/xapi/siteConfig/buildInfo"
"""XNAT serves it to everybody: who reaches it reaches XNAT."""
