"""The publication's images, from the site's own registry and by digest.

A tag is a name that somebody can move; so each is pulled by its digest, and only then gets its plain name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .calls import attempt, aws, docker

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .settings import Image


def pull_all(images: Mapping[str, Image], registry: str, region: str, tell: Callable[[str], None]) -> None:
    """Have every image on the engine, under its digest and under its plain name.

    Args:
        images: the images.
        registry: `host[/prefix]`.
        region: that of the registry.
        tell: takes one line a pulled image.

    Raises:
        BootError: the registry refuses the log-in, or has no image of that digest.
    """
    lacking = [image for image in images.values() if not is_here(image.at(registry))]
    if lacking:  # a start of the machine needs no registry
        password = aws("ecr", "get-login-password", "--region", region)
        host = registry.partition("/")[0]
        docker("login", "--username", "AWS", "--password-stdin", host, text=password)
    for image in lacking:
        docker("pull", "--quiet", image.at(registry))
        tell(f"pulled {image.plain}@{image.digest}")
    for image in images.values():
        docker("tag", image.at(registry), image.plain)


def is_here(name: str) -> bool:
    """Whether the engine has an image.

    Args:
        name: by tag or by digest.
    """
    return attempt("docker", "image", "inspect", "--format", "{{.Id}}", name).returncode == 0
