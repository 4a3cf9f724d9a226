"""How a site is built: one module for each `profile`, which says its stacks and what each holds."""

from aws_cdk import App

from sarcoma_cdk.config import Publication, Site
from sarcoma_cdk.profiles import host

_PROFILES = {"host": host.build}


def build(app: App, site: Site, publication: Publication | None) -> None:
    """Add a site's stacks to an app.

    Args:
        app: the app.
        site: the site.
        publication: what was published for it; None before `sarcoma-site publish`: the stacks that it fills
        come first.
    """
    _PROFILES[site.profile](app, site, publication)
