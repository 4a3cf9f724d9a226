"""PostgreSQL as a service: RDS in two zones, whose master password no one of ours uses."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_rds as rds
from constructs import Construct

from sarcoma_cdk.acknowledged import acknowledge
from sarcoma_cdk.config import Site
from sarcoma_cdk.parts.log_groups import retention

MASTER = "postgres"
DATABASE = USER = "xnat"
_LOGS = ("postgresql", "upgrade")


class Postgres(Construct):
    """RDS for PostgreSQL 16.

    XNAT has a user of its own, which the boot makes with the managed master password: AWS rotates that one
    every seven days, and XNAT reads its own when it starts only.

    Args:
        scope: the stack.
        name: the construct's name in it.
        site: the site.
        key: the site's key.
        vpc: the VPC.
        subnets: where it stands, in two zones.
        door: its security group.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        site: Site,
        *,
        key: kms.IKey,
        vpc: ec2.IVpc,
        subnets: ec2.SubnetSelection,
        door: ec2.ISecurityGroup,
    ) -> None:
        super().__init__(scope, name)
        identifier = f"sarcoma-{site.site}"
        engine = rds.DatabaseInstanceEngine.postgres(version=rds.PostgresEngineVersion.VER_16_9)
        groups = [
            logs.LogGroup(
                self,
                f"Log{log.capitalize()}",
                log_group_name=f"/aws/rds/instance/{identifier}/{log}",
                retention=retention(site.operations.log_days),
                encryption_key=key,
                removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
            )
            for log in _LOGS
        ]
        self.instance = rds.DatabaseInstance(
            self,
            "Instance",
            instance_identifier=identifier,
            engine=engine,
            instance_type=ec2.InstanceType(site.database.size.removeprefix("db.")),
            vpc=vpc,
            subnet_group=rds.SubnetGroup(
                self, "Subnets", description="Private subnets", vpc=vpc, vpc_subnets=subnets
            ),
            security_groups=[door],
            port=site.database.port,
            database_name=DATABASE,
            credentials=rds.Credentials.from_username(MASTER, encryption_key=key),
            manage_master_user_password=True,
            allocated_storage=site.database.storage,
            storage_type=rds.StorageType.GP3,
            storage_encrypted=True,
            storage_encryption_key=key,
            multi_az=True,
            publicly_accessible=False,
            iam_authentication=False,
            backup_retention=Duration.days(35),
            copy_tags_to_snapshot=True,
            delete_automated_backups=False,
            deletion_protection=True,
            auto_minor_version_upgrade=True,
            allow_major_version_upgrade=False,
            enable_performance_insights=False,  # it keeps statements, which hold labels
            monitoring_interval=Duration.seconds(60),
            cloudwatch_logs_exports=list(_LOGS),
            parameter_group=rds.ParameterGroup(
                self,
                "Parameters",
                engine=engine,
                description="TLS only; statements are not logged, as they hold patients' data",
                parameters={
                    "rds.force_ssl": "1",
                    "log_statement": "none",
                    "log_min_error_statement": "panic",
                },
            ),
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        self.instance.node.add_dependency(*groups)  # or RDS makes them, without a key and for ever
        acknowledge(
            self.instance,
            "The role of RDS's own monitoring, by AWS's managed policy of that name.",
            "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/"
            "AmazonRDSEnhancedMonitoringRole]",
        )
