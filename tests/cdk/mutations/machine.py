"""The machine, its user data, its settings, its outcome."""

from tests.cdk.editing import Tree, add, drop, logical_id, mutations, named, put, remove

_ROLE = "AWS::IAM::Role"
_MACHINE = "AWS::EC2::Instance"
_LAUNCH = "AWS::EC2::LaunchTemplate"
_LOGS = "AWS::Logs::LogGroup"
_OPTIONS = "LaunchTemplateData.MetadataOptions"


def _public_machine(template: Tree) -> None:
    machine = named(template, _MACHINE)["Properties"]
    subnet, groups = machine.pop("SubnetId"), machine.pop("SecurityGroupIds")
    machine["NetworkInterfaces"] = [
        {"DeviceIndex": "0", "AssociatePublicIpAddress": True, "SubnetId": subnet, "GroupSet": groups}
    ]


def _beside(template: Tree) -> None:
    """Put the role's policy beside the role, where the machine may be before it."""
    (policy,) = named(template, _ROLE)["Properties"].pop("Policies")
    role = {"Ref": logical_id(template, _ROLE)}
    add("AWS::IAM::Policy", {**policy, "Roles": [role]})(template)


_HOST = (
    ("IMDSv1", put(_LAUNCH, f"{_OPTIONS}.HttpTokens", "optional"), "metadata"),
    ("nothing said of IMDS", drop(_LAUNCH, _OPTIONS), "metadata"),
    ("the role for containers too", put(_LAUNCH, f"{_OPTIONS}.HttpPutResponseHopLimit", 2), "metadata"),
    ("a key pair", put(_MACHINE, "KeyName", "mine"), "launched"),
    ("a key pair in the launch template", put(_LAUNCH, "LaunchTemplateData.KeyName", "mine"), "launched"),
    ("no profile", drop(_MACHINE, "IamInstanceProfile"), "profile"),
    ("another profile", put(_MACHINE, "IamInstanceProfile", "admin"), "profile"),
    ("a public address", _public_machine, "launched"),
    (
        "a public address in the launch template",
        put(_LAUNCH, "LaunchTemplateData.NetworkInterfaces", [{"AssociatePublicIpAddress": True}]),
        "launched",
    ),
    ("a second security group", put(_MACHINE, "SecurityGroupIds.+", "sg-1"), "behind"),
    ("another subnet", put(_MACHINE, "SubnetId", "subnet-1"), "behind"),
    (
        "a root disk that is not encrypted",
        put(_MACHINE, "BlockDeviceMappings.0.Ebs.Encrypted", value=False),
        "disks",
    ),
    ("a root disk with AWS's key", drop(_MACHINE, "BlockDeviceMappings.0.Ebs.KmsKeyId"), "disks"),
    ("a root disk as the AMI has it", drop(_MACHINE, "BlockDeviceMappings"), "disks"),
    (
        "another disk that is not encrypted",
        put(_MACHINE, "BlockDeviceMappings.+", {"DeviceName": "/dev/sdz", "Ebs": {"VolumeSize": 1}}),
        "disks",
    ),
    ("a machine that a click terminates", put(_MACHINE, "DisableApiTermination", value=False), "launched"),
    ("another machine", add(_MACHINE, {"ImageId": "ami-1"}), "one-machine"),
    ("user data of one's own", put(_MACHINE, "UserData", {"Fn::Base64": "#!/bin/sh"}), "launched"),
    (
        "user data with a secret",
        put(_LAUNCH, "LaunchTemplateData.UserData", {"Fn::Base64": "#!/bin/sh\nexport DB_PASSWORD=hunter2"}),
        "told",
    ),
    (
        "user data with the publication",
        put(_LAUNCH, "LaunchTemplateData.UserData", {"Fn::Sub": "#!/bin/sh\n# aaaaaaaaaaaa"}),
        "told",
    ),
    (
        "user data that is too long",
        put(_LAUNCH, "LaunchTemplateData.UserData", {"Fn::Base64": "x" * 16385}),
        "told",
    ),
    (
        "an AMI that changes by itself",
        put(_LAUNCH, "LaunchTemplateData.ImageId", "{{resolve:ssm:/aws/service/x}}"),
        "plain",
    ),
    ("a volume that is not attached", remove("AWS::EC2::VolumeAttachment"), "attached"),
    ("a machine before what its role may do", _beside, "ready"),
    (
        "another order to the machine",
        add("AWS::SSM::Association", {"Name": "AWS-RunShellScript", "Targets": []}),
        "patched",
    ),
)


_LOGGED = (("the machine's log group not there", remove(_LOGS, "MachineLog"), "role-suffices"),)

MUTATIONS = (*mutations("machine", _HOST), *mutations("store", _LOGGED))
