"""The volumes that outlive the machine: XNAT's archive, and the database where it runs on the machine."""

from aws_cdk import RemovalPolicy, Size
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from constructs import Construct

from sarcoma_cdk.acknowledged import acknowledge
from sarcoma_cdk.config import Site


class Volumes(Construct):
    """Encrypted gp3 volumes in the machine's zone, kept when the stack goes.

    Args:
        scope: the stack.
        name: the construct's name in it.
        site: the site.
        key: the site's key.
    """

    def __init__(self, scope: Construct, name: str, site: Site, *, key: kms.IKey) -> None:
        super().__init__(scope, name)
        storage = site.storage
        asked = {"archive": (storage.archive, storage.archive_snapshot)}
        if site.database.kind == "machine":
            asked["database"] = (storage.database, storage.database_snapshot)
        self.volumes = {
            use: ec2.Volume(
                self,
                # Another snapshot is another volume: EC2 cannot make one out of the other, and the old one
                # is kept.
                use.capitalize() + (snapshot or "").removeprefix("snap-"),
                availability_zone=site.machine.zone,
                volume_name=f"sarcoma-{site.site}-{use}",
                size=Size.gibibytes(size),
                snapshot_id=snapshot,
                volume_type=ec2.EbsDeviceVolumeType.GP3,
                encrypted=True,
                encryption_key=key,
                removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
            )
            for use, (size, snapshot) in asked.items()
        }
        for volume in self.volumes.values():
            acknowledge(
                volume,
                "A volume stands in the zone of its machine, which the site's file names.",
                "CloudFormation-Validate::W3010",
            )
