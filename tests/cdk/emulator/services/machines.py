"""EC2: the machine, its launch template and its volumes."""

from typing import Any

from tests.cdk.emulator.kinds import Made, Order, creates, protects
from tests.cdk.emulator.services.network import tagged


@creates("AWS::EC2::Volume", "AvailabilityZone Encrypted KmsKeyId MultiAttachEnabled Size Tags VolumeType")
def volume(order: Order) -> Made:
    made = order.api("ec2").create_volume(
        **order.given(
            "AvailabilityZone", "Encrypted", "KmsKeyId", "MultiAttachEnabled", "Size", "VolumeType"
        ),
        **tagged(order, "volume"),
    )
    return Made(made["VolumeId"], {"VolumeId": made["VolumeId"]})


@creates("AWS::EC2::VolumeAttachment", "Device InstanceId VolumeId")
def volume_attachment(order: Order) -> Made:
    order.api("ec2").attach_volume(**order.given("Device", "InstanceId", "VolumeId"))
    return Made(f"{order['VolumeId']}|{order['InstanceId']}")


@creates("AWS::EC2::LaunchTemplate", "LaunchTemplateData LaunchTemplateName")
def launch_template(order: Order) -> Made:
    made = order.api("ec2").create_launch_template(
        LaunchTemplateName=order.name("LaunchTemplateName"),
        LaunchTemplateData=order[
            "LaunchTemplateData"
        ],  # botocore knows each of its words, and refuses others
    )["LaunchTemplate"]
    newest, default = str(made["LatestVersionNumber"]), str(made["DefaultVersionNumber"])
    return Made(
        made["LaunchTemplateId"],
        {
            "LaunchTemplateId": made["LaunchTemplateId"],
            "LatestVersionNumber": newest,
            "DefaultVersionNumber": default,
        },
    )


_TEMPLATE = "ImageId MetadataOptions UserData"
"""What of a launch template reaches an instance here: image and user data by moto, the rest by us."""


def _by_template(order: Order) -> dict[str, Any]:
    """What moto's RunInstances does not take over from the launch template."""
    template = order["LaunchTemplate"]
    order.only(template, "LaunchTemplateId Version", "LaunchTemplate")
    found = order.api("ec2").describe_launch_template_versions(
        LaunchTemplateId=template["LaunchTemplateId"], Versions=[str(template["Version"])]
    )["LaunchTemplateVersions"][0]["LaunchTemplateData"]
    order.only(found, _TEMPLATE, "LaunchTemplate.LaunchTemplateData")
    return {"MetadataOptions": found["MetadataOptions"]} if "MetadataOptions" in found else {}


@creates(
    "AWS::EC2::Instance",
    "BlockDeviceMappings DisableApiTermination EbsOptimized IamInstanceProfile InstanceType LaunchTemplate"
    " Monitoring SecurityGroupIds SubnetId Tags",
)
def instance(order: Order) -> Made:
    api = order.api("ec2")
    made = api.run_instances(
        MinCount=1,
        MaxCount=1,
        Monitoring={"Enabled": bool(order.get("Monitoring", False))},
        IamInstanceProfile={"Name": order["IamInstanceProfile"]},
        **order.given(
            "BlockDeviceMappings",
            "EbsOptimized",
            "InstanceType",
            "LaunchTemplate",
            "SecurityGroupIds",
            "SubnetId",
        ),
        **_by_template(order),
        **tagged(order, "instance"),
    )["Instances"][0]
    name = made["InstanceId"]
    if "DisableApiTermination" in order.properties:
        api.modify_instance_attribute(
            InstanceId=name, DisableApiTermination={"Value": order["DisableApiTermination"]}
        )
    return Made(
        name,
        {
            "InstanceId": name,
            "AvailabilityZone": made["Placement"]["AvailabilityZone"],
            "PrivateIp": made["PrivateIpAddress"],
        },
    )


@protects("AWS::EC2::Instance")
def is_protected(order: Order) -> bool:
    return bool(order.get("DisableApiTermination"))
