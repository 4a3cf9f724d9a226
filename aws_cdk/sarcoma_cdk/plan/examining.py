"""All checks in their order; one that cannot be asked is a finding, and the others go on."""

from collections.abc import Callable, Iterator

from botocore.exceptions import BotoCoreError, ClientError

from sarcoma_cdk.cloud import Cloud, told
from sarcoma_cdk.config import Site
from sarcoma_cdk.errors import SiteError
from sarcoma_cdk.plan import account, edge, here, machine, network, quotas
from sarcoma_cdk.plan.finding import PlanFinding

_CHECKS: tuple[Callable[[Cloud], Iterator[PlanFinding]], ...] = (
    account.region,
    account.zones,
    machine.sizes,
    machine.offers,
    machine.image,
    quotas.processors,
    quotas.vpcs,
    network.addresses,
    network.routes,
    network.gateway,
    network.prefix_list,
    edge.certificate,
    account.bootstrapped,
    account.buckets,
    here.artefacts,
    here.engine,
)


def examine(cloud: Cloud, *, published: bool = False) -> tuple[PlanFinding, ...]:
    """Ask everything.

    Args:
        cloud: the site's account.
        published: whether the site's lock is here.
    """
    checks = _CHECKS if published else (*_CHECKS, account.unlocked)
    return tuple(finding for check in checks for finding in _asked(check, cloud))


def _asked(check: Callable[[Cloud], Iterator[PlanFinding]], cloud: Cloud) -> tuple[PlanFinding, ...]:
    try:
        return tuple(check(cloud))
    except (BotoCoreError, ClientError, SiteError) as error:
        rule = (check.__doc__ or check.__name__).partition("\n")[0].rstrip(".")
        reason = str(error) if isinstance(error, SiteError) else told(error)
        return (PlanFinding(rule, ok=False, found=reason, do="Mend that, then plan again."),)


def page(site: Site, findings: tuple[PlanFinding, ...]) -> str:
    """The findings for people: a line each, below what is wrong what to do.

    Args:
        site: the site.
        findings: what was found.
    """
    lines = [f"Site {site.site}: account {site.account}, region {site.region}"]
    for finding in findings:
        lines.append(f"{'ok   ' if finding.ok else 'WRONG'} {finding.rule}; found: {finding.found}")
        if finding.do:
            lines.append(f"      do: {finding.do}")
    wrong = sum(not finding.ok for finding in findings)
    if wrong:
        lines.append(f"{wrong} of {len(findings)} to mend; then run: sarcoma-site plan {site.site}")
    else:
        lines.append(
            f"{len(findings)} of {len(findings)} well. Next, in aws_cdk: npx --no-install cdk deploy "
            f"--all -c site=..."
        )
    return "\n".join(lines) + "\n"
