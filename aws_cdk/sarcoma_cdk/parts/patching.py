"""The night on which the system is patched."""

from aws_cdk import aws_ssm as ssm
from constructs import Construct

from sarcoma_cdk.config import Site


class Patching(Construct):
    """Patch Manager once a week, with a reboot where the patches want one; XNAT comes back by itself.

    Args:
        scope: the stack.
        name: the construct's name in it.
        site: the site.
        instance_id: the machine.
    """

    def __init__(self, scope: Construct, name: str, site: Site, *, instance_id: str) -> None:
        super().__init__(scope, name)
        ssm.CfnAssociation(
            self,
            "Weekly",
            name="AWS-RunPatchBaseline",
            association_name=f"sarcoma-{site.site}-patching",
            targets=[ssm.CfnAssociation.TargetProperty(key="InstanceIds", values=[instance_id])],
            parameters={"Operation": ["Install"], "RebootOption": ["RebootIfNeeded"]},
            schedule_expression=f"cron(0 3 ? * {site.operations.patch_day} *)",
            apply_only_at_cron_interval=True,
            compliance_severity="HIGH",
        )
