"""The app: which site is meant, CDK's own settings, and the judges that every synthesis has to pass."""

import json
import os
import sys
from pathlib import Path

import cdk_nag
from aws_cdk import App, Validations

from sarcoma_cdk import invariants, profiles
from sarcoma_cdk.config import Publication, Site, lock_path, named_site, read_publication
from sarcoma_cdk.errors import SiteError

_FLAGS = Path(__file__).with_name("feature_flags.json")
"""What aws-cdk-lib 2.275 recommends for the services that a site uses; and exports between stacks, not weak
references. All of them stand there, so that another version of the library changes no template by itself."""


def make_app(
    site: Site, publication: Publication | None, *, judged: bool = True, outdir: Path | None = None
) -> App:
    """The app of one site.

    Args:
        site: the site.
        publication: what was published for it.
        judged: whether cdk-nag has to agree, which takes seconds.
        outdir: where the templates go; a folder of CDK's own choice by default.
    """
    zones = {f"availability-zones:account={site.account}:region={site.region}": list(site.zones)}
    flags = json.loads(_FLAGS.read_text("utf-8"))
    app = App(context={**flags, **zones}, analytics_reporting=False, outdir=str(outdir) if outdir else None)
    if judged:
        Validations.of(app).add_plugins(
            cdk_nag.AwsSolutionsChecks(app),
            cdk_nag.HIPAASecurityChecks(app),
            cdk_nag.NIST80053R5Checks(app),
        )
    profiles.build(app, site, publication)
    return app


def main() -> int:
    """Synthesize the site that `-c site=` names; CDK's command line calls it."""
    asked = json.loads(os.environ.get("CDK_CONTEXT_JSON", "{}"))
    try:
        path, site = named_site(asked.get("site", ""))
        publication = read_publication(lock_path(path), site.site)
        app = make_app(site, publication, judged=asked.get("judged", "true") != "false")
        invariants.refuse(Path(app.synth().directory), site, publication)
    except SiteError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    return 0
