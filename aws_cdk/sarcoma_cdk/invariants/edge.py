"""What faces people and the PACS: TLS, the firewall, internal unless the site is public."""

from collections.abc import Iterator

from sarcoma_cdk.config import Site
from sarcoma_cdk.invariants.rules import Fault, Rule, number
from sarcoma_cdk.invariants.storage import bucket_of
from sarcoma_cdk.invariants.templates import Json, Resource, Templates, listed
from sarcoma_cdk.naming import DICOM_PORT, XNAT_PORT, log_bucket_name

_STRONG = {
    "ELBSecurityPolicy-TLS13-1-2-2021-06",
    "ELBSecurityPolicy-TLS13-1-2-FIPS-2023-04",
    "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
    "ELBSecurityPolicy-TLS13-1-2-Res-FIPS-2023-04",
    "ELBSecurityPolicy-TLS13-1-3-2021-06",
    "ELBSecurityPolicy-TLS13-1-3-FIPS-2023-04",
}
"""AWS's policies of TLS 1.2 with forward secrecy, or of 1.3 (Elastic Load Balancing, security policies)."""
_COMMON, _BAD_INPUTS = "AWSManagedRulesCommonRuleSet", "AWSManagedRulesKnownBadInputsRuleSet"
_COUNTED = {"SizeRestrictions_BODY", "CrossSiteScripting_BODY", "GenericLFI_BODY", "EC2MetaDataSSRF_BODY"}
"""Rules of the common set that XNAT's own uploads break."""
_REDACTED = {"authorization", "cookie"}
_KEYS = {
    "application": {
        "access_logs.s3.enabled": {"true"},
        "deletion_protection.enabled": {"true"},
        "routing.http.desync_mitigation_mode": {"defensive", "strictest"},
        "routing.http.drop_invalid_header_fields.enabled": {"true"},
    },
    "network": {"access_logs.s3.enabled": {"true"}, "deletion_protection.enabled": {"true"}},
}


def balancers(templates: Templates, kind: str) -> tuple[Resource, ...]:
    """The load balancers of a type.

    Args:
        templates: the site's templates.
        kind: `application` or `network`.
    """
    found = templates.of("AWS::ElasticLoadBalancingV2::LoadBalancer")
    return tuple(each for each in found if (each.get("Type") or "application") == kind)


def _balancers(templates: Templates, site: Site) -> Iterator[Fault]:
    there = int(site.stack_name("Edge") in templates.stacks)
    logs = bucket_of(templates, log_bucket_name(site))
    every = templates.of("AWS::ElasticLoadBalancingV2::LoadBalancer")
    if [len(balancers(templates, kind)) for kind in _KEYS] != [there, there] or len(every) != 2 * there:
        yield Fault(
            site.stack_name("Edge"),
            "there must be one load balancer for browsers and one for the PACS",
            len(every),
        )
    for each in every:
        kind = each.get("Type") or "application"
        public = kind == "application" and site.edge.exposure == "public"
        if each.get("Scheme") != ("internet-facing" if public else "internal"):
            yield Fault(
                each, f"Scheme must be {'internet-facing' if public else 'internal'}", each.get("Scheme")
            )
        if each.get("IpAddressType") not in (None, "ipv4"):
            yield Fault(each, "it must have IPv4 addresses only", each.get("IpAddressType"))
        if each.get("SubnetMappings") is not None:
            yield Fault(each, "it must have no addresses of its own", each.get("SubnetMappings"))
        attributes = each.attributes("LoadBalancerAttributes")
        for name, right in _KEYS.get(kind, {}).items():
            if attributes.get(name) not in right:
                yield Fault(each, f"{name} must be {' or '.join(sorted(right))}", attributes.get(name))
        if not templates.points(attributes.get("access_logs.s3.bucket"), logs):
            yield Fault(each, "its access logs must go to the logs", attributes.get("access_logs.s3.bucket"))


def _listeners(templates: Templates, site: Site) -> Iterator[Fault]:
    found = templates.of("AWS::ElasticLoadBalancingV2::Listener")
    for kind, port in (("application", 443), ("network", site.dicom.port)):
        for balancer in balancers(templates, kind):
            own = [each for each in found if templates.points(each.get("LoadBalancerArn"), balancer)]
            if [str(each.get("Port")) for each in own] != [str(port)]:
                yield Fault(balancer, f"it must listen at {port} alone", [each.get("Port") for each in own])
    for each in found:
        owner = templates.target(each.get("LoadBalancerArn"))
        if owner in balancers(templates, "application"):
            yield from _secure(each, site)
        elif owner not in balancers(templates, "network"):
            yield Fault(each, "it must be a load balancer's of the site", each.get("LoadBalancerArn"))
        elif each.get("Protocol") not in ("TCP", "TLS"):
            yield Fault(each, "DICOM must come by TCP or TLS", each.get("Protocol"))
        port = XNAT_PORT if owner in balancers(templates, "application") else DICOM_PORT
        actions = [action for action in listed(each.get("DefaultActions")) if isinstance(action, dict)]
        groups = [templates.target(action.get("TargetGroupArn")) for action in actions]
        right = [group for group in groups if group and str(group.get("Port")) == str(port)]
        if len(actions) != 1 or actions[0].get("Type") != "forward" or len(right) != 1:
            yield Fault(each, f"it must hand everything to the machine's port {port}", actions)


def _secure(each: Resource, site: Site) -> Iterator[Fault]:
    if each.get("Protocol") != "HTTPS":
        yield Fault(each, "browsers must be answered by HTTPS alone", each.get("Protocol"))
    if each.get("SslPolicy") not in _STRONG:
        yield Fault(each, "its policy must be TLS 1.2 with forward secrecy, or later", each.get("SslPolicy"))
    certificates = [found.get("CertificateArn") for found in listed(each.get("Certificates"))]
    if certificates != [site.edge.certificate]:
        yield Fault(each, "its certificate must be edge.certificate", certificates)


def _targets(templates: Templates, _site: Site) -> Iterator[Fault]:
    machines = templates.of("AWS::EC2::Instance")
    for each in templates.of("AWS::ElasticLoadBalancingV2::TargetGroup"):
        port, protocol = str(each.get("Port")), each.get("Protocol")
        if (port, protocol) not in ((str(XNAT_PORT), "HTTP"), (str(DICOM_PORT), "TCP")):
            yield Fault(each, f"a target must be HTTP {XNAT_PORT} or TCP {DICOM_PORT}", f"{protocol} {port}")
        targets = listed(each.get("Targets"))
        if each.get("TargetType") != "instance" or not targets:
            yield Fault(each, "its target must be the machine", each.get("TargetType"))
        for target in targets:
            if templates.target(target.get("Id")) not in machines or str(target.get("Port", port)) != port:
                yield Fault(each, "its target must be the machine, at its own port", target)
        if (
            protocol == "TCP"
            and each.attributes("TargetGroupAttributes").get("preserve_client_ip.enabled") != "true"
        ):
            yield Fault(each, "XNAT must see which PACS sends: preserve_client_ip.enabled", each.properties)


def _guarded(templates: Templates, site: Site) -> Iterator[Fault]:
    for balancer in balancers(templates, "application"):
        guards = [
            templates.target(each.get("WebACLArn"))
            for each in templates.of("AWS::WAFv2::WebACLAssociation")
            if templates.points(each.get("ResourceArn"), balancer)
        ]
        if len(guards) != 1 or not guards[0] or guards[0].kind != "AWS::WAFv2::WebACL":
            yield Fault(balancer, "the web application firewall must stand before it", guards)
    for acl in templates.of("AWS::WAFv2::WebACL"):
        rules = [each for each in listed(acl.get("Rules")) if isinstance(each, dict)]
        if acl.get("Scope") != "REGIONAL" or len({each.get("Priority") for each in rules}) != len(rules):
            yield Fault(acl, "it must be regional, with one priority for each rule", acl.get("Scope"))
        groups = [name for each in rules for name in _group_that_blocks(each)]
        for name in (_BAD_INPUTS, _COMMON):
            if name not in groups:
                yield Fault(acl, f"{name} must be there and block", groups)
        if not any(_rate(each, site) for each in rules):
            limit = site.edge.requests_per_5_minutes
            yield Fault(
                acl,
                f"an address must be blocked after {limit} requests",
                [each.get("Name") for each in rules],
            )
        for each in rules:
            if "Allow" in (each.get("Action") or {}):
                yield Fault(acl, "no rule may let anything past the others", each.get("Name"))


def _group_that_blocks(rule: Json) -> Iterator[str]:
    group = (rule.get("Statement") or {}).get("ManagedRuleGroupStatement")
    if not group or group.get("VendorName") != "AWS" or rule.get("OverrideAction") != {"None": {}}:
        return
    if group.get("ExcludedRules") or group.get("ScopeDownStatement"):
        return
    overrides = listed(group.get("RuleActionOverrides"))
    if any(each.get("ActionToUse") != {"Count": {}} for each in overrides):
        return
    counted = {each.get("Name") for each in overrides}
    if counted <= (_COUNTED if group.get("Name") == _COMMON else set()):
        yield str(group.get("Name"))


def _rate(rule: Json, site: Site) -> bool:
    statement = (rule.get("Statement") or {}).get("RateBasedStatement")
    return bool(
        statement
        and "Block" in (rule.get("Action") or {})
        and statement.get("AggregateKeyType") == "IP"
        and not statement.get("ScopeDownStatement")
        and 0 < number(statement.get("Limit")) <= site.edge.requests_per_5_minutes
        and statement.get("EvaluationWindowSec") in (None, 300)
    )


def _guard_logs(templates: Templates, _site: Site) -> Iterator[Fault]:
    settings = templates.of("AWS::WAFv2::LoggingConfiguration")
    for acl in templates.of("AWS::WAFv2::WebACL"):
        own = [each for each in settings if templates.points(each.get("ResourceArn"), acl)]
        if len(own) != 1:
            yield Fault(acl, "what it sees must be logged", [each.name for each in own])
        for view in _views(acl):
            if (
                view.get("SampledRequestsEnabled") is not False
                or view.get("CloudWatchMetricsEnabled") is not True
            ):
                yield Fault(acl, "it must count, and keep no samples: they are whole requests", view)
    for each in settings:
        groups = [
            group
            for group in templates.mentioned(each.get("LogDestinationConfigs"))
            if group.kind == "AWS::Logs::LogGroup"
            and str(group.get("LogGroupName")).startswith("aws-waf-logs-")
        ]
        if not groups or each.get("LoggingFilter") is not None:
            yield Fault(
                each, "all of it must go to a log group of the site", each.get("LogDestinationConfigs")
            )
        fields = [field for field in listed(each.get("RedactedFields")) if isinstance(field, dict)]
        headers = {(field.get("SingleHeader") or {}).get("Name", "").lower() for field in fields}
        plain = {name for field in fields for name in field}
        if not headers >= _REDACTED or not plain >= {"QueryString", "UriPath"}:
            yield Fault(each, "passwords, sessions and subjects' labels must be left out of its logs", fields)


def _views(acl: Resource) -> Iterator[Json]:
    yield acl.get("VisibilityConfig") or {}
    for rule in listed(acl.get("Rules")):
        yield rule.get("VisibilityConfig") or {}


RULES = (
    Rule(
        "balancers",
        "Load balancers are internal, but for browsers of a public site; logged and kept.",
        _balancers,
    ),
    Rule("listeners", "One listener each: HTTPS of TLS 1.2 at least, and DICOM.", _listeners),
    Rule("targets", "Behind them stands the machine, at its two ports.", _targets),
    Rule("guarded", "A firewall with AWS's rules and a rate stands before XNAT.", _guarded),
    Rule("guard-logs", "The firewall logs everything but what is secret.", _guard_logs),
)
