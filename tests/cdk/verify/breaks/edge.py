"""The load balancers, and the firewall before one of them."""

from typing import Any

from tests.cdk.verify.breaks import breaks
from tests.cdk.verify.standing import Standing


def _balancer(at: Standing, use: str) -> str:
    return str(at.facts().balancer(use)["LoadBalancerArn"])


def _listener(at: Standing, use: str) -> str:
    found = at.api("elbv2").describe_listeners(LoadBalancerArn=_balancer(at, use))["Listeners"]
    return str(found[0]["ListenerArn"])


def _group(at: Standing, use: str) -> str:
    name = f"sarcoma-{at.site.site}-{use}"
    return str(at.api("elbv2").describe_target_groups(Names=[name])["TargetGroups"][0]["TargetGroupArn"])


def _set(at: Standing, use: str, **pairs: str) -> None:
    attributes = [{"Key": key.replace("__", "."), "Value": value} for key, value in pairs.items()]
    at.api("elbv2").modify_load_balancer_attributes(LoadBalancerArn=_balancer(at, use), Attributes=attributes)


def _rebuild(at: Standing, use: str, **others: Any) -> None:
    """A load balancer is deleted and made again: its scheme cannot be changed."""
    api, found = at.api("elbv2"), at.facts().balancer(use)
    _set(at, use, deletion_protection__enabled="false")
    api.delete_load_balancer(LoadBalancerArn=found["LoadBalancerArn"])
    settings = {
        "Name": found["LoadBalancerName"],
        "Type": found["Type"],
        "Scheme": found["Scheme"],
        "Subnets": [zone["SubnetId"] for zone in found["AvailabilityZones"]],
        "SecurityGroups": [at.facts().group(use)],
    }
    api.create_load_balancer(**settings | others)


@breaks("edge.exposure", site="example")
def the_load_balancer_comes_to_the_internet(at: Standing) -> None:
    _rebuild(at, "web", Scheme="internet-facing")


@breaks("edge.subnets")
def the_load_balancer_of_the_pacs_in_a_public_subnet(at: Standing) -> None:
    subnets = [each["SubnetId"] for each in at.facts().subnets["Public"]]
    _rebuild(at, "dicom", Subnets=subnets)


@breaks("edge.listeners")
def old_tls(at: Standing) -> None:
    at.api("elbv2").modify_listener(ListenerArn=_listener(at, "web"), SslPolicy="ELBSecurityPolicy-2016-08")


@breaks("edge.listeners")
def plain_http(at: Standing) -> None:
    at.api("elbv2").create_listener(
        LoadBalancerArn=_balancer(at, "web"),
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": _group(at, "xnat")}],
    )


@breaks("edge.forwarding")
def a_rule_that_answers_itself(at: Standing) -> None:
    at.api("elbv2").create_rule(
        ListenerArn=_listener(at, "web"),
        Priority=1,
        Conditions=[{"Field": "path-pattern", "Values": ["/app/*"]}],
        Actions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}],
    )


@breaks("edge.forwarding", site="example")
def requests_go_elsewhere(at: Standing) -> None:
    at.api("elbv2").modify_listener(
        ListenerArn=_listener(at, "web"),
        DefaultActions=[{"Type": "redirect", "RedirectConfig": {"StatusCode": "HTTP_301", "Host": "x.org"}}],
    )


@breaks("edge.certificate")
def another_certificate(at: Standing) -> None:
    other = at.api("acm").request_certificate(DomainName="elsewhere.example")["CertificateArn"]
    at.api("elbv2").modify_listener(
        ListenerArn=_listener(at, "web"), Certificates=[{"CertificateArn": other}]
    )


@breaks("edge.validity")
def the_certificate_goes(at: Standing) -> None:
    at.api("acm").delete_certificate(CertificateArn=at.site.edge.certificate)


@breaks("edge.hardening")
def a_click_deletes_the_load_balancer(at: Standing) -> None:
    _set(at, "web", deletion_protection__enabled="false")


@breaks("edge.hardening", site="example")
def invalid_headers_are_taken(at: Standing) -> None:
    _set(at, "web", routing__http__drop_invalid_header_fields__enabled="false")


@breaks("edge.access-logs")
def requests_are_not_logged(at: Standing) -> None:
    _set(at, "web", access_logs__s3__enabled="false")


@breaks("edge.door")
def the_load_balancer_behind_another_group(at: Standing) -> None:
    at.api("elbv2").set_security_groups(
        LoadBalancerArn=_balancer(at, "web"), SecurityGroups=[at.facts().group("default")]
    )


def _another_machine(at: Standing) -> str:
    subnet = at.facts().subnets["Private"][0]["SubnetId"]
    made = at.api("ec2").run_instances(
        ImageId=at.facts().machine["ImageId"], MinCount=1, MaxCount=1, SubnetId=subnet
    )
    return str(made["Instances"][0]["InstanceId"])


@breaks("edge.targets")
def browsers_get_to_another_machine(at: Standing) -> None:
    at.api("elbv2").register_targets(
        TargetGroupArn=_group(at, "xnat"), Targets=[{"Id": _another_machine(at), "Port": 8080}]
    )


@breaks("edge.targets", site="example")
def browsers_get_to_nobody(at: Standing) -> None:
    machine = at.facts().machine["InstanceId"]
    at.api("elbv2").deregister_targets(
        TargetGroupArn=_group(at, "xnat"), Targets=[{"Id": machine, "Port": 8080}]
    )


def _stopped_target(at: Standing, use: str, port: int) -> None:
    """A second machine that stops: its target is not healthy, while ours is awake."""
    other = _another_machine(at)
    at.api("elbv2").register_targets(TargetGroupArn=_group(at, use), Targets=[{"Id": other, "Port": port}])
    at.api("ec2").stop_instances(InstanceIds=[other])


@breaks("edge.answers")
def a_target_of_browsers_is_not_healthy(at: Standing) -> None:
    _stopped_target(at, "xnat", 8080)


@breaks("receiver.answers")
def a_target_of_the_pacs_is_not_healthy(at: Standing) -> None:
    _stopped_target(at, "dicom", 8104)


@breaks("edge.strangers")
def another_load_balancer(at: Standing) -> None:
    subnets = [each["SubnetId"] for each in at.facts().subnets["Private"]]
    at.api("elbv2").create_load_balancer(Name="temp", Subnets=subnets, Scheme="internal")


# --- the firewall ------------------------------------------------------------------------------------------


def _rewrite(at: Standing, change: Any) -> None:
    api, name = at.api("wafv2"), f"sarcoma-{at.site.site}"
    listed = api.list_web_acls(Scope="REGIONAL")["WebACLs"]
    found = next(each for each in listed if each["Name"] == name)
    got = api.get_web_acl(Name=name, Scope="REGIONAL", Id=found["Id"])
    acl = got["WebACL"]
    api.update_web_acl(
        Name=name,
        Scope="REGIONAL",
        Id=found["Id"],
        DefaultAction=acl["DefaultAction"],
        VisibilityConfig=acl["VisibilityConfig"],
        Rules=change(acl["Rules"]),
        LockToken=got["LockToken"],
    )


def _is_rate(rule: dict[str, Any]) -> bool:
    return "RateBasedStatement" in rule["Statement"]


@breaks("edge.firewall", "edge.firewall-log")
def the_firewall_is_taken_away(at: Standing) -> None:
    at.api("wafv2").disassociate_web_acl(ResourceArn=_balancer(at, "web"))


@breaks("edge.firewall-log")
def the_firewall_does_not_log(at: Standing) -> None:
    arn = at.api("wafv2").list_web_acls(Scope="REGIONAL")["WebACLs"][0]["ARN"]
    at.api("wafv2").delete_logging_configuration(ResourceArn=arn)


@breaks("edge.firewall-rules")
def log4j_is_let_through(at: Standing) -> None:
    _rewrite(at, lambda rules: [each for each in rules if "KnownBad" not in each["Name"]])


@breaks("edge.firewall-rules", site="example")
def bad_inputs_are_only_counted(at: Standing) -> None:
    def count(rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [
            {**each, "OverrideAction": {"Count": {}}} if "KnownBad" in each["Name"] else each
            for each in rules
        ]

    _rewrite(at, count)


def _counting(at: Standing, change: Any) -> None:
    def changed(rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
        for each in rules:
            if "Common" in each["Name"]:
                group = each["Statement"]["ManagedRuleGroupStatement"]
                group["RuleActionOverrides"] = change(group["RuleActionOverrides"])
        return rules

    _rewrite(at, changed)


@breaks("edge.firewall-rules")
def sql_in_addresses_is_only_counted(at: Standing) -> None:
    more = {"Name": "GenericLFI_QUERYARGUMENTS", "ActionToUse": {"Count": {}}}
    _counting(at, lambda found: [*found, more])


@breaks("edge.firewall-rules", site="example")
def uploads_are_blocked(at: Standing) -> None:
    _counting(at, lambda found: [each for each in found if each["Name"] != "RestrictedExtensions_URIPATH"])


@breaks("edge.firewall-rate")
def no_rate(at: Standing) -> None:
    _rewrite(at, lambda rules: [each for each in rules if not _is_rate(each)])


@breaks("edge.firewall-rate", site="example")
def a_high_rate(at: Standing) -> None:
    def raised(rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
        for each in rules:
            if _is_rate(each):
                each["Statement"]["RateBasedStatement"]["Limit"] = 2_000_000
        return rules

    _rewrite(at, raised)


@breaks("edge.firewall-order")
def a_rule_lets_everything_by(at: Standing) -> None:
    seen = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": "temp"}
    rule = {
        "Name": "temp",
        "Priority": 100,
        "Statement": {"GeoMatchStatement": {"CountryCodes": ["DE"]}},
        "Action": {"Allow": {}},
        "VisibilityConfig": seen,
    }
    _rewrite(at, lambda rules: [*rules, rule])


# --- the receiver ------------------------------------------------------------------------------------------


@breaks("receiver.internal")
def the_receiver_comes_to_the_internet(at: Standing) -> None:
    _rebuild(at, "dicom", Scheme="internet-facing")


@breaks("receiver.listener")
def another_port_for_dicom(at: Standing) -> None:
    at.api("elbv2").create_listener(
        LoadBalancerArn=_balancer(at, "dicom"),
        Protocol="TCP",
        Port=104,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": _group(at, "dicom")}],
    )


@breaks("receiver.listener", site="example")
def no_port_for_dicom(at: Standing) -> None:
    at.api("elbv2").delete_listener(ListenerArn=_listener(at, "dicom"))


@breaks("receiver.protection")
def a_click_deletes_the_receiver_s_load_balancer(at: Standing) -> None:
    _set(at, "dicom", deletion_protection__enabled="false")


@breaks("receiver.door")
def the_receiver_behind_another_group(at: Standing) -> None:
    at.api("elbv2").set_security_groups(
        LoadBalancerArn=_balancer(at, "dicom"), SecurityGroups=[at.facts().group("default")]
    )


@breaks("receiver.targets")
def scans_get_to_another_machine(at: Standing) -> None:
    at.api("elbv2").register_targets(
        TargetGroupArn=_group(at, "dicom"), Targets=[{"Id": _another_machine(at), "Port": 8104}]
    )
