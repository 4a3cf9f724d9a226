"""What faces people and the PACS: TLS, internal unless the site is public, the machine behind it."""

from collections.abc import Iterator, Mapping

from sarcoma_cdk.config import Site
from sarcoma_cdk.invariants.rules import Fault, Rule, number
from sarcoma_cdk.invariants.storage import bucket_of
from sarcoma_cdk.invariants.templates import Resource, Templates, listed
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
_KEYS = {
    "application": {
        "access_logs.s3.enabled": {"true"},
        "access_logs.s3.prefix": {"web"},
        "deletion_protection.enabled": {"true"},
        "idle_timeout.timeout_seconds": {"900"},
        "routing.http.desync_mitigation_mode": {"defensive", "strictest"},
        "routing.http.drop_invalid_header_fields.enabled": {"true"},
    },
    "network": {
        "access_logs.s3.enabled": {"true"},
        "access_logs.s3.prefix": {"dicom"},
        "deletion_protection.enabled": {"true"},
        "load_balancing.cross_zone.enabled": {"true"},
    },
}
"""All that is said of each load balancer beside its bucket; the prefixes are those that may be written."""
_OFTEN = 30
_TARGETS: Mapping[str, tuple[int, Mapping[str, str], Mapping[str, str]]] = {
    "HTTP": (XNAT_PORT, {"HealthCheckPath": "/xapi/siteConfig/buildInfo"}, {"stickiness.enabled": "false"}),
    "TCP": (DICOM_PORT, {"HealthCheckProtocol": "TCP"}, {"preserve_client_ip.enabled": "true"}),
}
"""For each protocol the port, what asks whether the machine is well, and all attributes."""


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
        more = set(attributes) - {"access_logs.s3.bucket"} - set(_KEYS.get(kind, {}))
        if more or len(listed(each.get("LoadBalancerAttributes"))) != len(attributes):
            yield Fault(each, "it must have the known attributes, each once", sorted(more or attributes))
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
        port, protocol = str(each.get("Port")), str(each.get("Protocol"))
        right, health, attributes = _TARGETS.get(protocol, (0, {}, {}))
        if port != str(right):
            yield Fault(each, f"a target must be HTTP {XNAT_PORT} or TCP {DICOM_PORT}", f"{protocol} {port}")
        targets = listed(each.get("Targets"))
        if each.get("TargetType") != "instance" or len(targets) != 1:
            yield Fault(each, "its target must be the machine", each.get("TargetType"))
        for target in targets:
            if templates.target(target.get("Id")) not in machines or str(target.get("Port", port)) != port:
                yield Fault(each, "its target must be the machine, at its own port", target)
        if each.attributes("TargetGroupAttributes") != attributes:
            yield Fault(
                each,
                "it must have the known attributes: XNAT sees the PACS itself, and DICOM alone",
                each.get("TargetGroupAttributes"),
            )
        yield from _health(each, health)


def _health(each: Resource, right: Mapping[str, str]) -> Iterator[Fault]:
    """It is XNAT that is asked, and it has to say yes: nothing else tells the alarm that it is down."""
    for name in ("HealthCheckPath", "HealthCheckProtocol"):
        if each.get(name) != right.get(name):
            yield Fault(each, f"{name} must be {right.get(name)}", each.get(name))
    matcher = "200" if "HealthCheckPath" in right else None
    if each.get("Matcher", "HttpCode") != matcher:
        yield Fault(each, f"it must be well at {matcher} alone", each.get("Matcher"))
    if not 0 < number(each.get("HealthCheckIntervalSeconds")) <= _OFTEN:
        yield Fault(each, f"it must be asked every {_OFTEN} s", each.get("HealthCheckIntervalSeconds"))


RULES = (
    Rule(
        "balancers",
        "Load balancers are internal, but for browsers of a public site; logged and kept.",
        _balancers,
    ),
    Rule("listeners", "One listener each: HTTPS of TLS 1.2 at least, and DICOM.", _listeners),
    Rule("targets", "Behind them stands the machine, at its two ports.", _targets),
)
