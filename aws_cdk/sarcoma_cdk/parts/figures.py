"""The figures of a site: what alarms look at and the dashboard draws."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_elasticloadbalancingv2 as elb
from constructs import Construct

from sarcoma_cdk.config import Site
from sarcoma_cdk.naming import NAMESPACE
from sarcoma_cdk.parts.alerts import Alerts

_FIVE_MINUTES = Duration.minutes(5)
DISKS = {"root": "/", "archive": "/data/xnat", "database": "/data/database"}
"""Where the volumes are mounted on the machine; the boot's agent reports how full each is."""
_FULL = 80
"""Percent of a disk: room to grow a volume before XNAT stops taking scans."""
_BUSY = 95
_DAY = 288
"""Periods of five minutes."""


def add_figures(
    scope: Construct,
    site: Site,
    alerts: Alerts,
    *,
    instance_id: str,
    web: elb.ApplicationTargetGroup,
    dicom: elb.NetworkTargetGroup,
    database: str | None,
) -> None:
    """Add the alarms and the dashboard.

    Args:
        scope: the stack.
        site: the site.
        alerts: where alarms go.
        instance_id: the machine.
        web: the target group of browsers.
        dicom: the target group of the PACS.
        database: the RDS instance's identifier, if there is one.
    """
    status = _ec2("StatusCheckFailed", instance_id, "Maximum")
    alerts.watch(
        "machine", status, above=0, periods=2, why="The machine fails AWS's checks. Run: sarcoma-site verify"
    )
    cpu = _ec2("CPUUtilization", instance_id, "Average")
    alerts.watch(
        "cpu",
        cpu,
        above=_BUSY,
        periods=_DAY,
        why="A day at full load: a larger machine.size, or a step that hangs",
    )
    disks = {
        use: _disk(path, instance_id) for use, path in DISKS.items() if use != "database" or not database
    }
    for use, metric in disks.items():
        alerts.watch(
            f"disk-{use}",
            metric,
            above=_FULL,
            periods=3,
            why=f"Grow storage.{use} in the site's file, then deploy",
        )
    unhealthy = web.metrics.unhealthy_host_count(period=_FIVE_MINUTES, statistic="Maximum")
    alerts.watch("xnat", unhealthy, above=0, periods=3, why="XNAT does not answer. Run: sarcoma-site verify")
    errors = web.metrics.http_code_target(
        elb.HttpCodeTarget.TARGET_5XX_COUNT, period=_FIVE_MINUTES, statistic="Sum"
    )
    alerts.watch(
        "errors", errors, above=50, periods=3, why="XNAT answers with errors: see its logs on the machine"
    )
    receiver = dicom.metrics.un_healthy_host_count(period=_FIVE_MINUTES, statistic="Maximum")
    alerts.watch(
        "receiver", receiver, above=0, periods=3, why="XNAT takes no DICOM: is its SCP receiver enabled?"
    )
    if database:
        free = cloudwatch.Metric(
            namespace="AWS/RDS",
            metric_name="CPUUtilization",
            dimensions_map={"DBInstanceIdentifier": database},
            period=_FIVE_MINUTES,
            statistic="Average",
        )
        alerts.watch(
            "database-cpu", free, above=_BUSY, periods=_DAY, why="A larger database.size in the site's file"
        )
    board = cloudwatch.Dashboard(scope, "Dashboard", dashboard_name=f"sarcoma-{site.site}")
    board.add_widgets(
        cloudwatch.AlarmStatusWidget(title="Alarms", alarms=alerts.alarms, width=24, height=3),
        cloudwatch.GraphWidget(title="Machine: CPU", left=[cpu], width=8),
        cloudwatch.GraphWidget(title="Disks, % full", left=list(disks.values()), width=8),
        cloudwatch.GraphWidget(
            title="XNAT", left=[web.metrics.request_count(period=_FIVE_MINUTES)], right=[errors], width=8
        ),
    )


def _ec2(name: str, instance_id: str, statistic: str) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace="AWS/EC2",
        metric_name=name,
        dimensions_map={"InstanceId": instance_id},
        period=_FIVE_MINUTES,
        statistic=statistic,
    )


def _disk(path: str, instance_id: str) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace=NAMESPACE,
        metric_name="disk_used_percent",
        dimensions_map={"InstanceId": instance_id, "path": path},
        period=_FIVE_MINUTES,
        statistic="Maximum",
    )
