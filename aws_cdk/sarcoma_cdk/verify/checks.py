"""What a check is: the sentence of its rule, the fix, and a function that tells what breaks the rule."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sarcoma_cdk.config import Site
from sarcoma_cdk.naming import STACKS
from sarcoma_cdk.verify.facts import Facts


@dataclass(frozen=True)
class Wrong:
    """One thing that breaks a rule.

    Args:
        found: what was found; never a secret.
        fix: the command or step that mends it, where it is another than the check's own.
    """

    found: str
    fix: str = ""


Found = Iterable[Wrong]
"""What breaks a rule; nothing, when the rule is kept."""


@dataclass(frozen=True)
class Check:
    """One rule about what is really there.

    Args:
        name: `subject.name`.
        rule: what must be, in one sentence.
        fix: one command or one step; `{site}`, `{region}`, `{account}` and `{back}` are filled in.
        look: tells what breaks the rule.
        why_not: why it does not apply to a site; empty where it does.
    """

    name: str
    rule: str
    fix: str
    look: Callable[[Facts], Found]
    why_not: Callable[[Site], str]

    @property
    def subject(self) -> str:
        """The first part of its name."""
        return self.name.partition(".")[0]

    def fix_for(self, wrong: Wrong, site: Site) -> str:
        """The step that mends a finding.

        Args:
            wrong: the finding.
            site: the site.
        """
        return wrong.fix or self.fix.format(
            site=site.site, region=site.region, account=site.account, **put_back(site)
        )


def put_back(site: Site) -> dict[str, str]:
    """For each stack the command that undoes what was changed beside CloudFormation.

    A plain deploy of the same template changes nothing: CloudFormation compares templates, not what is there.
    `--revert-drift` makes it compare both (CloudFormation user guide, "drift-aware change sets").

    Args:
        site: the site.
    """
    return {
        f"back_{part}": (
            f"npx --no-install cdk deploy {site.stack_name(part)} --revert-drift "
            f"-c site=sites/{site.site}.yaml"
        )
        for part in map(str.lower, STACKS)
    }


def always(_: Site) -> str:
    """A check that applies to every site."""
    return ""


def check(
    fix: str, *, why_not: Callable[[Site], str] = always
) -> Callable[[Callable[[Facts], Found]], Check]:
    """Make a check of a function: its docstring is the rule, its name the name, its module the subject.

    Args:
        fix: one command or one step.
        why_not: why it does not apply to a site; empty where it does.
    """

    def made(look: Callable[[Facts], Found]) -> Check:
        subject = look.__module__.rpartition(".")[2]
        name = f"{subject}.{look.__name__.replace('_', '-')}"
        return Check(name, " ".join((look.__doc__ or "").split()), fix, look, why_not)

    return made
