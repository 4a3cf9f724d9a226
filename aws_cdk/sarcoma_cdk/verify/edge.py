"""What browsers see: the load balancer, its certificate, the firewall before it."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sarcoma_cdk.naming import XNAT_PORT
from sarcoma_cdk.verify.checks import Check, Found, Wrong, check
from sarcoma_cdk.verify.facts import AbsentError, Facts, attributes

_BACK = "put it back: {back_edge}"
_TLS = "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"
_HTTPS, _SOON = 443, dt.timedelta(days=30)
_SECRET_HEADERS = {"authorization", "cookie"}
_BAD_INPUTS, _COMMON = "AWSManagedRulesKnownBadInputsRuleSet", "AWSManagedRulesCommonRuleSet"
_COUNTED: Mapping[str, frozenset[str]] = {
    _BAD_INPUTS: frozenset(),
    _COMMON: frozenset(
        {
            "SizeRestrictions_BODY",
            "CrossSiteScripting_BODY",
            "GenericLFI_BODY",
            "GenericRFI_BODY",
            "EC2MetaDataSSRF_BODY",
            "RestrictedExtensions_URIPATH",
        }
    ),
}
"""Rules that XNAT's own traffic breaks: they are counted, not blocked (parts/firewall.py)."""
_ATTRIBUTES: Mapping[str, str] = {
    "routing.http.drop_invalid_header_fields.enabled": "true",
    "routing.http.desync_mitigation_mode": "defensive",
    "deletion_protection.enabled": "true",
}


def _listeners(facts: Facts, use: str) -> list[dict[str, Any]]:
    arn = facts.balancer(use)["LoadBalancerArn"]
    return list(facts.read("elbv2", "describe_listeners", LoadBalancerArn=arn)["Listeners"])


def _modify(facts: Facts, use: str, pairs: str) -> str:
    return (
        "aws elbv2 modify-load-balancer-attributes "
        f"--load-balancer-arn {facts.balancer(use)['LoadBalancerArn']} --attributes {pairs}"
    )


def compare_attributes(facts: Facts, use: str, wanted: Mapping[str, str]) -> Found:
    """What is otherwise in a load balancer's attributes.

    Args:
        facts: the facts.
        use: `web` or `dicom`.
        wanted: the attributes.
    """
    arn = facts.balancer(use)["LoadBalancerArn"]
    found = dict(attributes(facts.read("elbv2", "describe_load_balancer_attributes", LoadBalancerArn=arn)))
    for key, value in wanted.items():
        if found.get(key) != value:
            yield Wrong(f"{key} is {found.get(key)}", _modify(facts, use, f"Key={key},Value={value}"))


def compare_targets(facts: Facts, group_name: str, port: int) -> Found:
    """What is otherwise in a target group: it holds the machine at one port, and nothing else.

    Args:
        facts: the facts.
        group_name: the target group.
        port: the port on the machine.
    """
    machine = facts.machine["InstanceId"]
    seen = {(each["Target"]["Id"], each["Target"].get("Port")) for each in target_health(facts, group_name)}
    arn = target_group(facts, group_name)["TargetGroupArn"]
    for name, found in sorted(seen - {(machine, port)}, key=str):
        step = f"aws elbv2 deregister-targets --target-group-arn {arn} --targets Id={name},Port={found}"
        yield Wrong(f"it also sends to {name}:{found}", step)
    if (machine, port) not in seen:
        step = f"aws elbv2 register-targets --target-group-arn {arn} --targets Id={machine},Port={port}"
        yield Wrong(f"it does not send to {machine}:{port}", step)


def target_group(facts: Facts, name: str) -> Mapping[str, Any]:
    """A target group, as Elastic Load Balancing describes it.

    Args:
        facts: the facts.
        name: its name.

    Raises:
        AbsentError: there is none.
    """
    facts.stack("edge")
    found = facts.maybe("elbv2", "describe_target_groups", "TargetGroupNotFound", Names=[name])
    if not found or not found["TargetGroups"]:
        raise AbsentError(f"there is no target group {name}", "edge")
    return dict(found["TargetGroups"][0])


def target_health(facts: Facts, name: str) -> list[dict[str, Any]]:
    """The targets of a group and how they are.

    Args:
        facts: the facts.
        name: the group's name.
    """
    arn = target_group(facts, name)["TargetGroupArn"]
    found = facts.read("elbv2", "describe_target_health", TargetGroupArn=arn)
    return list(found["TargetHealthDescriptions"])


@check(_BACK)
def exposure(facts: Facts) -> Found:
    """The load balancer of browsers is internal, or on the internet with edge.exposure: public."""
    wanted = "internet-facing" if facts.site.edge.exposure == "public" else "internal"
    found = facts.balancer("web")["Scheme"]
    if found != wanted:
        yield Wrong(f"it is {found}, the file says {wanted}")


@check(_BACK)
def subnets(facts: Facts) -> Found:
    """Load balancers stand in the VPC's own subnets, those of browsers alone in public ones."""
    public = facts.site.edge.exposure == "public"
    for use in ("web", "dicom"):
        kind = "Public" if public and use == "web" else "Private"
        right = {each["SubnetId"] for each in facts.subnets[kind]}
        found = {zone["SubnetId"] for zone in facts.balancer(use)["AvailabilityZones"]}
        for name in sorted(found - right):
            yield Wrong(f"that of {use} stands in {name}")


@check("delete the listener")
def listeners(facts: Facts) -> Found:
    """The load balancer of browsers has one listener: TLS 1.2 at least, at 443."""
    for each in _listeners(facts, "web"):
        arn = each["ListenerArn"]
        if each["Port"] != _HTTPS or each["Protocol"] != "HTTPS":
            step = f"aws elbv2 delete-listener --listener-arn {arn}"
            yield Wrong(f"it also listens at {each['Port']} ({each['Protocol']})", step)
        elif each.get("SslPolicy") != _TLS:
            step = f"aws elbv2 modify-listener --listener-arn {arn} --ssl-policy {_TLS}"
            yield Wrong(f"its policy is {each.get('SslPolicy')}", step)
    if _HTTPS not in [each["Port"] for each in _listeners(facts, "web")]:
        raise AbsentError("there is no listener at 443", "edge")


@check(_BACK)
def forwarding(facts: Facts) -> Found:
    """Every request goes to XNAT: the listener sends to its target group, and has no other rule."""
    wanted = target_group(facts, f"sarcoma-{facts.site.site}-xnat")["TargetGroupArn"]
    for each in _listeners(facts, "web"):
        if each["Port"] != _HTTPS:
            continue
        rules = facts.read("elbv2", "describe_rules", ListenerArn=each["ListenerArn"])["Rules"]
        for rule in rules:
            targets = [action.get("TargetGroupArn") or action["Type"] for action in rule["Actions"]]
            if not rule["IsDefault"]:
                step = f"aws elbv2 delete-rule --rule-arn {rule['RuleArn']}"
                yield Wrong(f"it has rule {rule['Priority']}", step)
            elif targets != [wanted]:
                yield Wrong(f"it sends to {', '.join(targets)}")


@check("set it")
def certificate(facts: Facts) -> Found:
    """The listener shows the file's certificate."""
    wanted = facts.site.edge.certificate
    for each in _listeners(facts, "web"):
        found = [one["CertificateArn"] for one in each.get("Certificates", ())]
        if each["Port"] == _HTTPS and found != [wanted]:
            step = (
                f"aws elbv2 modify-listener --listener-arn {each['ListenerArn']} "
                f"--certificates CertificateArn={wanted}"
            )
            yield Wrong(f"it shows {', '.join(found) or 'none'}", step)


@check("renew it, or import it again under the same ARN: aws acm import-certificate")
def validity(facts: Facts) -> Found:
    """The certificate is issued, of edge.domain, and good for 30 days more."""
    arn = facts.site.edge.certificate
    found = facts.maybe("acm", "describe_certificate", "ResourceNotFoundException", CertificateArn=arn)
    if found is None:
        yield Wrong("it is not there", "name another in edge.certificate, then deploy")
        return
    told = found["Certificate"]
    domain = facts.site.edge.domain
    covered = {told.get("DomainName"), *told.get("SubjectAlternativeNames", ())}
    if told.get("Status") != "ISSUED":
        yield Wrong(f"it is {told.get('Status')}")
    if not covered & {domain, f"*.{domain.partition('.')[2]}"}:
        yield Wrong(f"it is of {', '.join(sorted(str(each) for each in covered))}")
    ends = told.get("NotAfter")
    if ends and ends - facts.now < _SOON:
        yield Wrong(f"it ends on {ends:%Y-%m-%d}")


@check("set it")
def hardening(facts: Facts) -> Found:
    """The load balancer of browsers drops invalid headers, and cannot be deleted by a click."""
    return compare_attributes(facts, "web", _ATTRIBUTES)


@check("set it")
def access_logs(facts: Facts) -> Found:
    """The load balancer of browsers logs every request into the log bucket."""
    bucket = f"sarcoma-{facts.site.site}-logs-{facts.site.account}-{facts.site.region}"
    wanted = {"access_logs.s3.enabled": "true", "access_logs.s3.bucket": bucket}
    return compare_attributes(facts, "web", wanted)


@check("set it")
def door(facts: Facts) -> Found:
    """The load balancer of browsers is behind its own security group alone."""
    return compare_doors(facts, "web")


def compare_doors(facts: Facts, use: str) -> Found:
    """What is otherwise in a load balancer's security groups.

    Args:
        facts: the facts.
        use: `web` or `dicom`.
    """
    balancer, wanted = facts.balancer(use), facts.group(use)
    found = sorted(balancer.get("SecurityGroups", ()))
    if found != [wanted]:
        step = (
            f"aws elbv2 set-security-groups --load-balancer-arn {balancer['LoadBalancerArn']} "
            f"--security-groups {wanted}"
        )
        yield Wrong(f"it is behind {', '.join(found) or 'none'}", step)


@check(_BACK)
def targets(facts: Facts) -> Found:
    """The load balancer of browsers sends to the machine's XNAT alone."""
    return compare_targets(facts, f"sarcoma-{facts.site.site}-xnat", XNAT_PORT)


@check("look at the boot's log: aws logs tail /sarcoma/{site}/machine --since 1h")
def answers(facts: Facts) -> Found:
    """XNAT answers, while the machine is awake."""
    return compare_health(facts, f"sarcoma-{facts.site.site}-xnat")


def compare_health(facts: Facts, group: str) -> Found:
    """Which targets are not healthy.

    Args:
        facts: the facts.
        group: the target group.

    Raises:
        NotNowError: the machine is asleep.
    """
    _ = facts.awake
    for each in target_health(facts, group):
        health = each["TargetHealth"]
        if health["State"] != "healthy":
            yield Wrong(f"{each['Target']['Id']} is {health['State']} ({health.get('Reason', 'no reason')})")


@check("delete the load balancer")
def strangers(facts: Facts) -> Found:
    """The VPC has no load balancers but the site's two."""
    ours = {f"sarcoma-{facts.site.site}-{use}" for use in ("web", "dicom")}
    facts.stack("edge")
    for name, each in sorted(facts.balancers.items()):
        if name not in ours:
            step = f"aws elbv2 delete-load-balancer --load-balancer-arn {each['LoadBalancerArn']}"
            yield Wrong(f"{name} ({each['Scheme']})", step)


def _acl(facts: Facts) -> Mapping[str, Any]:
    arn = facts.balancer("web")["LoadBalancerArn"]
    found = facts.maybe("wafv2", "get_web_acl_for_resource", "WAFNonexistentItemException", ResourceArn=arn)
    if not found or not found.get("WebACL"):
        raise AbsentError("no firewall stands before the load balancer", "edge")
    return dict(found["WebACL"])


@check(_BACK)
def firewall(facts: Facts) -> Found:
    """The site's web application firewall stands before the load balancer."""
    name = _acl(facts)["Name"]
    if name != f"sarcoma-{facts.site.site}":
        yield Wrong(f"it is {name}")


@check(_BACK)
def firewall_rules(facts: Facts) -> Found:
    """The firewall blocks known bad inputs (Log4j) and what breaks the common rules; six it counts."""
    managed = {
        rule["Statement"]["ManagedRuleGroupStatement"]["Name"]: rule
        for rule in _acl(facts)["Rules"]
        if "ManagedRuleGroupStatement" in rule["Statement"]
    }
    for name, counted in _COUNTED.items():
        if name not in managed:
            yield Wrong(f"it lacks {name}")
        elif "Count" in managed[name].get("OverrideAction", {}):
            yield Wrong(f"it only counts what {name} finds")
        group = managed.get(name, {}).get("Statement", {}).get("ManagedRuleGroupStatement", {})
        found = {each["Name"] for each in group.get("RuleActionOverrides", ())}
        found |= {each["Name"] for each in group.get("ExcludedRules", ())}
        for rule in sorted(found - counted):
            yield Wrong(f"it does not block {rule}")
        if name in managed:
            for rule in sorted(counted - found):
                yield Wrong(f"it blocks {rule}, which XNAT's own traffic breaks")


@check(_BACK)
def firewall_rate(facts: Facts) -> Found:
    """The firewall blocks an address that asks more often than edge.requests_per_5_minutes."""
    wanted = facts.site.edge.requests_per_5_minutes
    rates = [
        (rule["Statement"]["RateBasedStatement"]["Limit"], "Block" in rule.get("Action", {}))
        for rule in _acl(facts)["Rules"]
        if "RateBasedStatement" in rule["Statement"]
    ]
    if (wanted, True) not in rates:
        told = ", ".join(f"{limit}{'' if blocks else ' (counted only)'}" for limit, blocks in rates)
        yield Wrong(f"its rate is {told or 'none'}, the file says {wanted}")


@check(_BACK)
def firewall_order(facts: Facts) -> Found:
    """The firewall lets nothing by before its rules."""
    for rule in _acl(facts)["Rules"]:
        if "Allow" in rule.get("Action", {}):
            yield Wrong(f"its rule {rule['Name']} does")


@check(_BACK)
def firewall_log(facts: Facts) -> Found:
    """The firewall logs, without log-ins, and without addresses that hold labels of subjects."""
    arn = _acl(facts)["ARN"]
    found = facts.maybe("wafv2", "get_logging_configuration", "WAFNonexistentItemException", ResourceArn=arn)
    if not found or not found.get("LoggingConfiguration"):
        yield Wrong("it does not log")
        return
    told = found["LoggingConfiguration"]
    group = f"aws-waf-logs-sarcoma-{facts.site.site}"
    if not any(group in arn for arn in told["LogDestinationConfigs"]):
        yield Wrong(f"it logs to {', '.join(told['LogDestinationConfigs'])}")
    hidden = told.get("RedactedFields", [])
    headers = {str(each["SingleHeader"]["Name"]).lower() for each in hidden if "SingleHeader" in each}
    for header in sorted(_SECRET_HEADERS - headers):
        yield Wrong(f"it logs the header {header}")
    for part, what in (("QueryString", "query strings"), ("UriPath", "paths")):
        if not any(part in each for each in hidden):
            yield Wrong(f"it logs {what}")


CHECKS: tuple[Check, ...] = (
    exposure,
    subnets,
    listeners,
    forwarding,
    certificate,
    validity,
    hardening,
    access_logs,
    door,
    targets,
    answers,
    strangers,
    firewall,
    firewall_rules,
    firewall_rate,
    firewall_order,
    firewall_log,
)
