"""`sarcoma xnat doctor`."""

from sarcoma_core.cli.xnat_arguments import Verbs


def add(verbs: Verbs) -> None:
    """Add the verb."""
