"""The site itself: set up, reachable, with tokens that outlive a job; and what its user may do."""

from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

from sarcoma_core.launch.doctor.facts import Facts, Unknown
from sarcoma_core.launch.doctor.findings import Finding
from sarcoma_core.launch.doctor.remedies import TurnEventsOn
from sarcoma_core.xnat.intervals import seconds
from sarcoma_core.xnat.rest.administration import needed_roles

_SITE = "Administer > Site Administration"


def check_set_up(facts: Facts) -> Iterator[Finding]:
    """The site's set-up was finished: before, XNAT sends every browser to its set-up page."""
    check = "site set-up"
    if isinstance(facts.site, Unknown):
        yield facts.site.finding(check)
    elif facts.site.initialized:
        yield Finding(check, "ok", "finished")
    else:
        fix = f"Log in at {facts.server} as an administrator, and save the set-up page."
        yield Finding(check, "fault", "the site is not initialized.", fix)


def check_roles(facts: Facts) -> Iterator[Finding]:
    """The roles that Container Service 3.7 asks for; being a site administrator is not enough.

    They are for who manages commands: an owner or member of a project runs what is on without them.
    """
    check = "roles"
    if isinstance(facts.roles, Unknown):
        yield facts.roles.finding(check)
        return
    needed = needed_roles(facts.version if isinstance(facts.version, str) else "")
    missing = ", ".join(sorted(needed - facts.roles))
    if not missing:
        yield Finding(check, "ok", f"{facts.user} has {' and '.join(sorted(needed))}")
        return
    fix = f"A site administrator: Administer > Users > {facts.user} > Manage roles: {missing}."
    lacks = f"{facts.user} lacks the role {missing}"
    if isinstance(facts.steps, Unknown):
        fix += " Or name your project, to see whether you need it: sarcoma xnat doctor --project P"
        yield Finding(check, "unknown", f"{lacks}; whether it is needed could not be seen.", fix)
    elif all(step.present and not step.off_site and not step.differences for step in facts.steps):
        message = (
            f"{lacks}: xnat install, uninstall, enable and disable for the site need it; running does not."
        )
        yield Finding(check, "warning", message, fix)
    else:
        message = f"{lacks}: xnat install and enable for the site need it, and some steps are yet to be."
        yield Finding(check, "fault", message, fix)


def check_address(facts: Facts) -> Iterator[Finding]:
    """The address that containers get as XNAT_HOST; only the probe proves that it can be reached."""
    check = "address"
    if isinstance(facts.site, Unknown):
        yield facts.site.finding(check)
        return
    address, name = facts.site.xnat_host, "processingUrl" if facts.site.processing_url else "siteUrl"
    proven = (
        not isinstance(facts.probe, Unknown) and facts.probe.seen and not facts.probe.seen.xnat_unreachable
    )
    if not address:
        fix = f"{_SITE} > Site URL: the address of this server."
        yield Finding(check, "fault", "neither siteUrl nor processingUrl is set: XNAT_HOST is empty.", fix)
    elif is_loopback(address) and not proven:
        yield Finding(
            check,
            "warning",
            f"{name} is {address}: in a container that is the container itself.",
            f"{_SITE} > Processing URL: an address of this server that containers can reach.",
        )
    else:
        yield Finding(check, "ok", f"{name} is {address}")


def is_loopback(address: str) -> bool:
    """Whether a URL leads to the machine that asks."""
    host = urlsplit(address).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def check_alias_timeout(facts: Facts) -> Iterator[Finding]:
    """The alias token that a container gets at its launch has to live until its last request."""
    check = "token life"
    if isinstance(facts.site, Unknown):
        yield facts.site.finding(check)
        return
    told, longest = facts.site.alias_timeout, facts.scope.longest_job
    life = seconds(told)
    if life is None:
        yield Finding(
            check,
            "unknown",
            f"aliasTokenTimeout is {told!r}, which is no interval.",
            f"See {_SITE} > Security.",
        )
    elif life >= longest * 3600:
        yield Finding(
            check, "ok", f"alias tokens live {life / 3600:g} hours, the longest job takes {longest:g}"
        )
    else:
        yield Finding(
            check,
            "fault",
            f"alias tokens live {life / 3600:g} hours; the longest job takes {longest:g} (--longest-job).",
            f"{_SITE} > Security > Alias token timeout: more than {longest:g} hours.",
        )


def check_events(facts: Facts) -> Iterator[Finding]:
    """The event service, which launches steps when a session arrives; it is off on a fresh install."""
    check = "event service"
    if isinstance(facts.events, Unknown):
        yield facts.events.finding(check)
    elif facts.events:
        yield Finding(check, "ok", "on")
    else:
        yield Finding(
            check,
            "warning",
            "off: nothing is launched when a session arrives.",
            "sarcoma xnat doctor --events --apply (or Administer > Event Service Administration).",
            TurnEventsOn() if facts.scope.events else None,
        )
