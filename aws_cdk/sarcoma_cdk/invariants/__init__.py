"""The invariants: what holds of every site's templates, whatever is changed in them and by whichever means.

Scanners know AWS, not what a site is for: of fifteen mutations they caught six. Each module here has the
rules of one subject; `findings` is the whole, and `refuse` stops a synthesis that breaks one of them.
"""

from pathlib import Path

from sarcoma_cdk.config import Publication, Site
from sarcoma_cdk.errors import RefusedError
from sarcoma_cdk.invariants.alarms import RULES as ALARMS
from sarcoma_cdk.invariants.doors import RULES as DOORS
from sarcoma_cdk.invariants.edge import RULES as EDGE
from sarcoma_cdk.invariants.effects import RULES as EFFECTS
from sarcoma_cdk.invariants.firewall import RULES as FIREWALL
from sarcoma_cdk.invariants.foreign import RULES as FOREIGN
from sarcoma_cdk.invariants.identity import RULES as IDENTITY
from sarcoma_cdk.invariants.keeping import RULES as KEEPING
from sarcoma_cdk.invariants.machine import RULES as MACHINE
from sarcoma_cdk.invariants.needs import RULES as NEEDS
from sarcoma_cdk.invariants.network import RULES as NETWORK
from sarcoma_cdk.invariants.outcome import RULES as OUTCOME
from sarcoma_cdk.invariants.parameter import RULES as PARAMETER
from sarcoma_cdk.invariants.parameter import locked
from sarcoma_cdk.invariants.policies import RULES as POLICIES
from sarcoma_cdk.invariants.properties import RULES as PROPERTIES
from sarcoma_cdk.invariants.rules import Finding, Rule, broken
from sarcoma_cdk.invariants.shape import RULES as SHAPE
from sarcoma_cdk.invariants.storage import RULES as STORAGE
from sarcoma_cdk.invariants.telling import RULES as TELLING
from sarcoma_cdk.invariants.templates import Stack, Templates, read_templates
from sarcoma_cdk.invariants.values import RULES as VALUES

__all__ = ["RULES", "Finding", "Rule", "Stack", "Templates", "findings", "read_templates", "refuse"]

RULES: tuple[Rule, ...] = (
    *SHAPE,
    *NETWORK,
    *DOORS,
    *STORAGE,
    *MACHINE,
    *IDENTITY,
    *POLICIES,
    *EDGE,
    *FIREWALL,
    *KEEPING,
    *TELLING,
    *NEEDS,
    *OUTCOME,
    *PROPERTIES,
    *VALUES,
    *FOREIGN,
    *EFFECTS,
    *PARAMETER,
    *ALARMS,
)
"""All of them that a site's file decides; `locked` is that of its lock."""


def findings(templates: Templates, site: Site, publication: Publication | None = None) -> tuple[Finding, ...]:
    """Where a site's templates break an invariant; empty for templates that may be deployed.

    Args:
        templates: the site's templates: the first three, or all seven.
        site: the site.
        publication: its lock; None where there is none yet.
    """
    rules = (*RULES, locked(publication)) if publication else RULES
    return tuple(found for rule in rules for found in broken(rule, templates, site))


def refuse(folder: Path, site: Site, publication: Publication | None = None) -> None:
    """Stop a synthesis whose templates break an invariant.

    Args:
        folder: what CDK has synthesized.
        site: the site.
        publication: its lock; None where there is none yet.

    Raises:
        RefusedError: they do; every finding is told.
        SiteError: the folder holds no templates.
    """
    found = findings(read_templates(folder), site, publication)
    if found:
        lines = "\n".join(f"  {each}" for each in found)
        raise RefusedError(
            f"templates: {len(found)} to mend before they can be deployed:\n{lines}",
            hint="\nUndo what made them so: an override, an edit of parts/, or a file of another version.",
        )
