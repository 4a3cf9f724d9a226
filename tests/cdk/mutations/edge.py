"""Load balancers and the firewall."""

from typing import Any

from tests.cdk.editing import Edit, Tree, add, drop, mutations, named, put, remove

_LB = "AWS::ElasticLoadBalancingV2::LoadBalancer"
_LISTENER = "AWS::ElasticLoadBalancingV2::Listener"
_ACL = "AWS::WAFv2::WebACL"


def _attribute(begin: str, key: str, value: str) -> Edit:
    """An attribute of a load balancer."""

    def edit(template: Tree) -> None:
        attributes = named(template, _LB, begin)["Properties"]["LoadBalancerAttributes"]
        found = [each for each in attributes if each["Key"] == key]
        found[0]["Value"] = value

    return edit


def _listener(**properties: Any) -> Edit:
    """A second listener of browsers' load balancer."""

    def made(template: Tree) -> Tree:
        first = named(template, _LISTENER, "WebBalancer")["Properties"]
        return {**first, **properties}

    return add(_LISTENER, made)


_FACE = (
    ("plain HTTP", put(_LISTENER, "Protocol", "HTTP", "WebBalancer"), "listeners"),
    ("a second listener, plain HTTP", _listener(Port=80, Protocol="HTTP"), "listeners"),
    ("a second listener, HTTPS", _listener(Port=8443), "listeners"),
    (
        "TLS 1.0",
        put(_LISTENER, "SslPolicy", "ELBSecurityPolicy-2016-08", "WebBalancer"),
        "listeners",
    ),
    ("TLS 1.1", put(_LISTENER, "SslPolicy", "ELBSecurityPolicy-TLS-1-1-2017-01", "WebBalancer"), "listeners"),
    ("the default TLS", drop(_LISTENER, "SslPolicy", "WebBalancer"), "listeners"),
    (
        "another certificate",
        put(_LISTENER, "Certificates.0.CertificateArn", "arn:x", "WebBalancer"),
        "listeners",
    ),
    (
        "another target",
        put(_LISTENER, "DefaultActions.0.TargetGroupArn", "arn:x", "WebBalancer"),
        "listeners",
    ),
    ("a rule of a listener", add("AWS::ElasticLoadBalancingV2::ListenerRule", {}), "known"),
    (
        "a public load balancer at an internal site",
        put(_LB, "Scheme", "internet-facing", "WebBalancer"),
        "balancers",
    ),
    ("a load balancer that says nothing of being public", drop(_LB, "Scheme", "WebBalancer"), "balancers"),
    ("DICOM from the internet", put(_LB, "Scheme", "internet-facing", "DicomBalancer"), "balancers"),
    ("addresses of both kinds", put(_LB, "IpAddressType", "dualstack", "WebBalancer"), "balancers"),
    ("a load balancer behind another group", put(_LB, "SecurityGroups", ["sg-1"], "WebBalancer"), "behind"),
    ("DICOM behind no group", drop(_LB, "SecurityGroups", "DicomBalancer"), "behind"),
    (
        "a load balancer without logs",
        _attribute("WebBalancer", "access_logs.s3.enabled", "false"),
        "balancers",
    ),
    (
        "a load balancer that can be deleted",
        _attribute("DicomBalancer", "deletion_protection.enabled", "false"),
        "balancers",
    ),
    (
        "headers that are no headers",
        _attribute("WebBalancer", "routing.http.drop_invalid_header_fields.enabled", "false"),
        "balancers",
    ),
    ("no firewall before XNAT", remove("AWS::WAFv2::WebACLAssociation"), "guarded"),
    ("no rule against Log4j", drop(_ACL, "Rules.0"), "guarded"),
    ("a rule against Log4j that counts", put(_ACL, "Rules.0.OverrideAction", {"Count": {}}), "guarded"),
    (
        "a rule against Log4j that leaves out Log4j",
        put(
            *(_ACL, "Rules.0.Statement.ManagedRuleGroupStatement.RuleActionOverrides"),
            [{"Name": "Log4JRCE_HEADER", "ActionToUse": {"Count": {}}}],
        ),
        "guarded",
    ),
    (
        "a rule against Log4j for one path",
        put(_ACL, "Rules.0.Statement.ManagedRuleGroupStatement.ScopeDownStatement", {"x": {}}),
        "guarded",
    ),
    ("no common rules", drop(_ACL, "Rules.1"), "guarded"),
    ("no rate", drop(_ACL, "Rules.2"), "guarded"),
    ("a rate that counts", put(_ACL, "Rules.2.Action", {"Count": {}}), "guarded"),
    ("a rate of millions", put(_ACL, "Rules.2.Statement.RateBasedStatement.Limit", 2_000_000), "guarded"),
    (
        "a rule that lets everything past",
        put(_ACL, "Rules.+", {"Name": "x", "Priority": 9, "Action": {"Allow": {}}, "VisibilityConfig": {}}),
        "guarded",
    ),
    ("a firewall without logs", remove("AWS::WAFv2::LoggingConfiguration"), "guard-logs"),
    (
        "passwords in the firewall's logs",
        drop("AWS::WAFv2::LoggingConfiguration", "RedactedFields"),
        "guard-logs",
    ),
    ("samples of requests", put(_ACL, "VisibilityConfig.SampledRequestsEnabled", value=True), "guard-logs"),
    (
        "another machine as a target",
        put("AWS::ElasticLoadBalancingV2::TargetGroup", "Targets.+", {"Id": "i-1", "Port": 8080}),
        "targets",
    ),
    (
        "another port as a target",
        put("AWS::ElasticLoadBalancingV2::TargetGroup", "Port", 22, "WebXnat"),
        "targets",
    ),
)


MUTATIONS = (*mutations("edge", _FACE),)
