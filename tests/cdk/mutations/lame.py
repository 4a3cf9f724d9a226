"""Sites that would be deployed and would not run: what is asked for is not what can be."""

from tests.cdk.editing import Edit, Tree, drop, logical_id, mutations, named, put

_DB = "AWS::RDS::DBInstance"
_VOLUME = "AWS::EC2::Volume"
_RULE = "BackupPlan.BackupPlanRule.0"


def _on_condition(sid: str) -> Edit:
    """A condition that never holds on what the machine may do."""

    def edit(template: Tree) -> None:
        (policy,) = named(template, "AWS::IAM::Role")["Properties"]["Policies"]
        (found,) = [each for each in policy["PolicyDocument"]["Statement"] if each["Sid"] == sid]
        found["Condition"] = {"StringEquals": {"aws:RequestedRegion": "mars-1"}}

    return edit


def _swapped(template: Tree) -> None:
    """The archive mounted as the database, and the other way about."""
    parts = named(template, "AWS::SSM::Parameter")["Properties"]["Value"]["Fn::Join"][1]
    archive, database = (
        next(place for place, part in enumerate(parts) if use in str(part))
        for use in ("VolumesArchive", "VolumesDatabase")
    )
    parts[archive], parts[database] = parts[database], parts[archive]


def _signalled(template: Tree) -> None:
    """A wait for a signal that nobody sends."""
    template["Resources"][logical_id(template, "AWS::EC2::Instance")]["CreationPolicy"] = {
        "ResourceSignal": {"Timeout": "PT1M"}
    }


def _asserted(template: Tree) -> None:
    template["Rules"]["X"] = {"Assertions": [{"Assert": {"Fn::Equals": ["a", "b"]}}]}


def _bootstrapped(template: Tree) -> None:
    """A parameter that is not looked up where CDK has it."""
    template["Parameters"]["BootstrapVersion"]["Default"] = "/else"


_STORE = (
    ("a template that asks another parameter", _bootstrapped, "plain"),
    (
        "artefacts that lie in Glacier",
        put(
            *("AWS::S3::Bucket", "LifecycleConfiguration.Rules.0.Transitions"),
            [{"StorageClass": "DEEP_ARCHIVE", "TransitionInDays": 1}],
            begin="Artefacts",
        ),
        "listed",
    ),
    ("a template that is refused by itself", _asserted, "plain"),
)
_NETWORK = (
    (
        "a subnet of a zone that is not the site's",
        put("AWS::EC2::Subnet", "AvailabilityZone", "ca-central-1d"),
        "said",
    ),
    (
        "an attribute that there is not",
        put("AWS::EC2::FlowLog", "DeliverLogsPermissionArn.Fn::GetAtt.1", "ARN"),
        "references",
    ),
    ("a VPC of dedicated machines", put("AWS::EC2::VPC", "InstanceTenancy", "dedicated"), "said"),
    (
        "the hospital by IPv6",
        put("AWS::EC2::TransitGatewayVpcAttachment", "Options", {"Ipv6Support": "enable"}),
        "listed",
    ),
)
_DATA = (
    (
        "a backup of a volume whose name is misspelt",
        put("AWS::Backup::BackupSelection", "BackupSelection.Resources.0.Fn::Join.0", "x"),
        "backed-up",
    ),
    (
        "a vault that keeps everything for ten years",
        put(
            "AWS::Backup::BackupVault",
            "LockConfiguration",
            {"MinRetentionDays": 3650, "MaxRetentionDays": 36500},
        ),
        "vault",
    ),
    (
        "a backup that has an hour",
        put("AWS::Backup::BackupPlan", f"{_RULE}.CompletionWindowMinutes", 61),
        "said",
    ),
    ("an archive on slow disks", put(_VOLUME, "VolumeType", "sc1", "VolumesArchive"), "said"),
)
_RDS = (
    ("RDS that is no PostgreSQL", put(_DB, "Engine", "mysql"), "said"),
    ("RDS of another version", put(_DB, "EngineVersion", "11.1"), "said"),
    ("RDS of another class", put(_DB, "DBInstanceClass", "db.x2g.16xlarge"), "said"),
    ("RDS of another size", put(_DB, "AllocatedStorage", "16384"), "said"),
    (
        "RDS watched by nobody's role",
        put(_DB, "MonitoringRoleArn", "arn:aws:iam::123456789012:role/x"),
        "database",
    ),
)
_MACHINE = (
    ("a root of 30 GiB", put("AWS::EC2::Instance", "BlockDeviceMappings.0.Ebs.VolumeSize", 30), "said"),
    ("a machine without a name", drop("AWS::EC2::Instance", "Tags.0"), "marked"),
    ("a machine of another site's tag", put("AWS::EC2::Instance", "Tags.1.Value", "else"), "marked"),
    ("a parameter read on a condition", _on_condition("Settings"), "on-condition"),
    ("figures written on another condition", _on_condition("Figures"), "on-condition"),
    (
        "a role given on a condition",
        put(
            *("AWS::IAM::Role", "AssumeRolePolicyDocument.Statement.0.Condition"),
            {"StringEquals": {"aws:SourceAccount": "000000000000"}},
        ),
        "on-condition",
    ),
    (
        "a policy in words that nobody reads",
        put("AWS::IAM::Role", "AssumeRolePolicyDocument.Statement.0.Note", "x"),
        "plainly",
    ),
    ("a machine that waits for a signal", _signalled, "bare"),
)
_EDGE = (
    (
        "DICOM with a header before it",
        put(
            *("AWS::ElasticLoadBalancingV2::TargetGroup", "TargetGroupAttributes.+"),
            {"Key": "proxy_protocol_v2.enabled", "Value": "true"},
            begin="Dicom",
        ),
        "targets",
    ),
)
_OPERATIONS = (
    (
        "patches at once, whenever it is deployed",
        drop("AWS::SSM::Association", "ApplyOnlyAtCronInterval"),
        "said",
    ),
    (
        "patches on another night",
        put("AWS::SSM::Association", "ScheduleExpression", "cron(0 3 ? * MON *)"),
        "said",
    ),
)
_BOOT = (
    (
        "a parameter that expires",
        put("AWS::SSM::Parameter", "Policies", '[{"Type": "Expiration"}]'),
        "listed",
    ),
    ("volumes that are taken for each other", _swapped, "told-all"),
)

MUTATIONS = (
    *mutations("store", _STORE),
    *mutations("network", _NETWORK),
    *mutations("data", _DATA),
    *mutations("data", _RDS, site="university"),
    *mutations("machine", _MACHINE),
    *mutations("edge", _EDGE),
    *mutations("operations", _OPERATIONS),
    *mutations("boot", _BOOT),
)
