"""Alarms: each is about the site's own machine, balancers and database, can go off, and in time."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sarcoma_cdk.config import Site
from sarcoma_cdk.invariants.edge import balancers
from sarcoma_cdk.invariants.rules import Fault, Rule, number
from sarcoma_cdk.invariants.templates import Json, Resource, Templates, listed
from sarcoma_cdk.naming import DICOM_PORT, NAMESPACE, XNAT_PORT

_PERIOD, _HOUR, _DAY = 300, 3600, 86400
_MACHINE = ("machine",)


@dataclass(frozen=True)
class _Watch:
    """One alarm that has to be.

    Args:
        namespace: of the metric.
        metric: the metric.
        about: what its dimensions point at.
        statistic: how its values are made one.
        most: the highest threshold at which it is not too late.
        seconds: the longest that may go by before it goes off.
        path: the disk, where it is about one.
    """

    namespace: str
    metric: str
    about: tuple[str, ...]
    statistic: str
    most: float
    seconds: int = _HOUR
    path: str = ""


def _wanted(site: Site) -> dict[str, _Watch]:
    """Every alarm, by what it watches."""
    disks = {"the root disk": "/", "the archive's disk": "/data/xnat"}
    load = _Watch("AWS/EC2", "CPUUtilization", _MACHINE, "Average", 99, _DAY)
    found = {
        "the machine's own checks": _Watch("AWS/EC2", "StatusCheckFailed", _MACHINE, "Maximum", 0),
        "a day at full load": load,
        "XNAT's errors": _Watch("AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", ("web",), "Sum", 99),
        "XNAT": _Watch("AWS/ApplicationELB", "UnHealthyHostCount", ("web",), "Maximum", 0),
        "the DICOM receiver": _Watch("AWS/NetworkELB", "UnHealthyHostCount", ("dicom",), "Maximum", 0),
    }
    if site.database.kind == "machine":
        disks["the database's disk"] = "/data/database"
    else:
        found["the database"] = _Watch("AWS/RDS", "CPUUtilization", ("database",), "Average", 99, _DAY)
    for what, path in disks.items():
        found[what] = _Watch(NAMESPACE, "disk_used_percent", _MACHINE, "Maximum", 90, path=path)
    return found


def _watched(templates: Templates, site: Site) -> Iterator[Fault]:
    if site.stack_name("Operations") not in templates.stacks:
        return
    alarms = templates.of("AWS::CloudWatch::Alarm")
    used: list[Resource] = []
    for what, watch in _wanted(site).items():
        right = [each for each in alarms if _is(templates, each, watch)]
        used += right
        if not right:
            yield Fault(
                site.stack_name("Operations"), f"an alarm must watch {what}", f"none of {watch.metric}"
            )
    for each in alarms:
        if each not in used:
            yield Fault(each, "an alarm must be one that the site needs, and able to go off", each.properties)


def _is(templates: Templates, alarm: Resource, watch: _Watch) -> bool:
    """Whether an alarm is the one that has to be, and goes off in time."""
    seconds = number(alarm.get("Period")) * number(alarm.get("EvaluationPeriods"))
    return (
        (alarm.get("Namespace"), alarm.get("MetricName")) == (watch.namespace, watch.metric)
        and alarm.get("Statistic") == watch.statistic
        and alarm.get("ComparisonOperator") in ("GreaterThanThreshold", "GreaterThanOrEqualToThreshold")
        and alarm.get("TreatMissingData") in ("notBreaching", "breaching")
        and (alarm.get("ComparisonOperator") == "GreaterThanThreshold" or number(alarm.get("Threshold")) > 0)
        and 0 <= number(alarm.get("Threshold")) <= watch.most
        and number(alarm.get("Period")) == _PERIOD
        and 0 < seconds <= watch.seconds
        and _points(templates, alarm, watch)
    )


def _points(templates: Templates, alarm: Resource, watch: _Watch) -> bool:
    """Whether its dimensions are those of what it is about: one more or less has no figures."""
    pairs = [(each.get("Name"), each.get("Value")) for each in listed(alarm.get("Dimensions"))]
    found: Mapping[str, Json] = dict(pairs)
    names = {
        "machine": {"InstanceId", "path"} if watch.path else {"InstanceId"},
        "database": {"DBInstanceIdentifier"},
    }.get(watch.about[0], {"LoadBalancer", "TargetGroup"})
    if set(found) != names or len(pairs) != len(names):
        return False
    if watch.about == _MACHINE:
        machine = templates.target(found["InstanceId"])
        right = machine in templates.of("AWS::EC2::Instance") and f"{found['InstanceId']}".count(".") == 0
        return right and found.get("path", "") == watch.path
    if watch.about == ("database",):
        return templates.target(found["DBInstanceIdentifier"]) in templates.of("AWS::RDS::DBInstance")
    return _balanced(templates, found, watch)


def _balanced(templates: Templates, found: Mapping[str, Json], watch: _Watch) -> bool:
    kind, port = ("application", XNAT_PORT) if watch.about == ("web",) else ("network", DICOM_PORT)
    group = templates.target(found["TargetGroup"])
    right = group in templates.of("AWS::ElasticLoadBalancingV2::TargetGroup") and group is not None
    return bool(
        right
        and group
        and str(group.get("Port")) == str(port)
        and str(found["TargetGroup"]).endswith(".TargetGroupFullName}")
        and found["LoadBalancer"] in _names(templates, kind)
    )


def _names(templates: Templates, kind: str) -> set[str]:
    """How load balancers are named in figures: by themselves, or by parts of a listener's ARN."""
    own = balancers(templates, kind)
    listeners = [
        each
        for each in templates.of("AWS::ElasticLoadBalancingV2::Listener")
        if templates.target(each.get("LoadBalancerArn")) in own
    ]
    return {f"${{{each.stack}/{each.name}.LoadBalancerFullName}}" for each in own} | {
        "/".join(f"${{{each.stack}/{each.name}.Part{place}}}" for place in (1, 2, 3)) for each in listeners
    }


RULES = (Rule("watched", "There is an alarm for everything that goes wrong unseen, and no other.", _watched),)
