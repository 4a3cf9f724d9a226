"""Daily recovery points of what outlives the machine, in a vault that cannot be emptied early."""

from collections.abc import Sequence

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_backup as backup
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from sarcoma_cdk.acknowledged import acknowledge
from sarcoma_cdk.config import Site

_GRACE = Duration.days(3)
"""Before a lock in compliance mode can no longer be undone; AWS's least."""
_MANAGED = "service-role/AWSBackupServiceRolePolicyForBackup"


class Backups(Construct):
    """The vault, the plan, and what it takes in.

    Args:
        scope: the stack.
        name: the construct's name in it.
        site: the site.
        key: the site's key.
        resources: ARNs of what is backed up.
    """

    def __init__(
        self, scope: Construct, name: str, site: Site, *, key: kms.IKey, resources: Sequence[str]
    ) -> None:
        super().__init__(scope, name)
        self.vault_name = f"sarcoma-{site.site}"
        vault = backup.BackupVault(
            self,
            "Vault",
            backup_vault_name=self.vault_name,
            encryption_key=key,
            lock_configuration=backup.LockConfiguration(
                min_retention=Duration.days(7),
                max_retention=Duration.days(site.backup.days),
                changeable_for=_GRACE if site.backup.lock == "compliance" else None,
            ),
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        plan = backup.BackupPlan(self, "Plan", backup_plan_name=f"sarcoma-{site.site}", backup_vault=vault)
        plan.add_rule(
            backup.BackupPlanRule(
                rule_name="daily",
                schedule_expression=events.Schedule.cron(hour="4", minute="0"),
                start_window=Duration.hours(1),
                completion_window=Duration.hours(8),
                delete_after=Duration.days(site.backup.days),
            )
        )
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("backup.amazonaws.com"),
            managed_policies=[iam.ManagedPolicy.from_aws_managed_policy_name(_MANAGED)],
        )
        acknowledge(
            role,
            "AWS Backup's own policy, which it wants and keeps up to date.",
            f"AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/{_MANAGED}]",
        )
        backup.CfnBackupSelection(
            self,
            "Selection",
            backup_plan_id=plan.backup_plan_id,
            backup_selection=backup.CfnBackupSelection.BackupSelectionResourceTypeProperty(
                selection_name="volumes-and-database",
                iam_role_arn=role.role_arn,
                resources=list(resources),
            ),
        )
