"""The one EC2 machine: launch template, instance, and the volumes that are attached to it."""

from collections.abc import Mapping

from aws_cdk import Fn, Tags
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

from sarcoma_cdk.config import Site

_DEVICES = {"archive": "/dev/sdf", "database": "/dev/sdg"}
"""What EC2 is told. The machine looks for a volume by its id, as NVMe devices come under any name."""


class MachineInstance(Construct):
    """An instance without a key pair, reached by Session Manager alone.

    The launch template holds what makes CloudFormation replace the machine, and it is stable: the AMI of the
    lock, and a user data that reads everything else at boot. Another size, role or security group is no
    other machine.

    Args:
        scope: the stack.
        name: the construct's name in it.
        site: the site.
        machine_image: the AMI.
        user_data: what the first boot runs.
        subnet: where it stands.
        door: its security group.
        role: its role.
        key_arn: the site's key.
        volumes: the volumes by their use.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        site: Site,
        *,
        machine_image: str,
        user_data: str,
        subnet: ec2.ISubnet,
        door: ec2.ISecurityGroup,
        role: iam.IRole,
        key_arn: str,
        volumes: Mapping[str, ec2.IVolume],
    ) -> None:
        super().__init__(scope, name)
        machine_name = f"sarcoma-{site.site}"
        profile = iam.CfnInstanceProfile(
            self, "Profile", instance_profile_name=role.role_name, roles=[role.role_name]
        )
        template = ec2.CfnLaunchTemplate(
            self,
            "Template",
            launch_template_name=machine_name,
            launch_template_data=ec2.CfnLaunchTemplate.LaunchTemplateDataProperty(
                image_id=machine_image,
                user_data=Fn.base64(user_data),
                metadata_options=ec2.CfnLaunchTemplate.MetadataOptionsProperty(
                    http_endpoint="enabled",
                    http_tokens="required",
                    http_put_response_hop_limit=1,  # no container on a bridge may ask for the role
                    instance_metadata_tags="disabled",
                ),
            ),
        )
        self.instance = ec2.CfnInstance(
            self,
            "Instance",
            instance_type=site.machine.size,
            subnet_id=subnet.subnet_id,
            security_group_ids=[door.security_group_id],
            iam_instance_profile=profile.ref,
            monitoring=True,
            ebs_optimized=True,
            disable_api_termination=True,
            block_device_mappings=[
                ec2.CfnInstance.BlockDeviceMappingProperty(
                    device_name="/dev/xvda",
                    ebs=ec2.CfnInstance.EbsProperty(
                        volume_type="gp3",
                        volume_size=site.storage.root,
                        encrypted=True,
                        kms_key_id=key_arn,
                        delete_on_termination=True,
                    ),
                )
            ],
            launch_template=ec2.CfnInstance.LaunchTemplateSpecificationProperty(
                launch_template_id=template.ref, version=template.attr_latest_version_number
            ),
        )
        Tags.of(self.instance).add("Name", machine_name)
        self.attachments = tuple(
            ec2.CfnVolumeAttachment(
                self,
                f"Attached{use.capitalize()}",
                instance_id=self.instance.ref,
                volume_id=volume.volume_id,
                device=_DEVICES[use],
            )
            for use, volume in volumes.items()
        )
