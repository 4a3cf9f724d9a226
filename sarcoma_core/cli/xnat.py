"""`sarcoma xnat VERB`: what the manager of an XNAT server does with the suite, over REST."""

from sarcoma_core.cli import (
    xnat_automate,
    xnat_bootstrap,
    xnat_bulk,
    xnat_doctor,
    xnat_install,
    xnat_launch,
    xnat_roi,
    xnat_standin,
    xnat_upload,
)
from sarcoma_core.cli.xnat_arguments import Verbs

_MODULES = (
    xnat_bootstrap,
    xnat_install,
    xnat_doctor,
    xnat_upload,
    xnat_bulk,
    xnat_launch,
    xnat_automate,
    xnat_roi,
    xnat_standin,
)


def add(verbs: Verbs) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "xnat",
        help="install, check and launch the steps on an XNAT server",
        description="Install, check and launch the steps on an XNAT server, over REST.",
        epilog="Start with: sarcoma xnat doctor",
    )
    below = parser.add_subparsers(metavar="VERB", required=True)
    for module in _MODULES:
        module.add(below)
