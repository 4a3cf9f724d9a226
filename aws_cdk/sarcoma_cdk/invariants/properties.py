"""What a resource may say: every property of every type, by name, and no other.

A property that nobody listed is a finding: most ways in which data leaves, a guard is off or evidence is lost
are one property more. Whoever needs another lists it here, together with the rule that judges its value.
"""

from collections.abc import Iterator, Mapping

from sarcoma_cdk.config import Site
from sarcoma_cdk.invariants.rules import Fault, Rule
from sarcoma_cdk.invariants.templates import Json, Templates

_TAGS = "Tags/Key Tags/Value"
_RULE = "CidrIp Description FromPort IpProtocol ToPort"
_RESOURCE = {
    "Condition",
    "DeletionPolicy",
    "DependsOn",
    "Metadata",
    "Properties",
    "Type",
    "UpdateReplacePolicy",
}
"""What a template may say of a resource beside its properties."""
_OPEN = ("AssumeRolePolicyDocument", "KeyPolicy", "PolicyDocument", "Policies/PolicyDocument")
"""Policies: their own rules (invariants/statements.py) know their form."""
PROPERTIES: Mapping[str, str] = {
    "AWS::Backup::BackupPlan": """
        BackupPlan/BackupPlanName BackupPlan/BackupPlanRule/CompletionWindowMinutes
        BackupPlan/BackupPlanRule/Lifecycle/DeleteAfterDays BackupPlan/BackupPlanRule/RuleName
        BackupPlan/BackupPlanRule/ScheduleExpression BackupPlan/BackupPlanRule/StartWindowMinutes
        BackupPlan/BackupPlanRule/TargetBackupVault BackupPlanTags/sarcoma:site""",
    "AWS::Backup::BackupSelection": """
        BackupPlanId BackupSelection/IamRoleArn BackupSelection/Resources BackupSelection/SelectionName""",
    "AWS::Backup::BackupVault": """
        BackupVaultName BackupVaultTags/sarcoma:site EncryptionKeyArn LockConfiguration/ChangeableForDays
        LockConfiguration/MaxRetentionDays LockConfiguration/MinRetentionDays""",
    "AWS::Budgets::Budget": """
        Budget/BudgetLimit/Amount Budget/BudgetLimit/Unit Budget/BudgetName Budget/BudgetType Budget/TimeUnit
        NotificationsWithSubscribers/Notification/ComparisonOperator
        NotificationsWithSubscribers/Notification/NotificationType
        NotificationsWithSubscribers/Notification/Threshold
        NotificationsWithSubscribers/Notification/ThresholdType
        NotificationsWithSubscribers/Subscribers/Address
        NotificationsWithSubscribers/Subscribers/SubscriptionType ResourceTags/Key ResourceTags/Value""",
    "AWS::CloudFormation::WaitCondition": "Count Handle Timeout",
    "AWS::CloudFormation::WaitConditionHandle": "",
    "AWS::CloudTrail::Trail": f"""
        CloudWatchLogsLogGroupArn CloudWatchLogsRoleArn EnableLogFileValidation
        EventSelectors/DataResources/Type EventSelectors/DataResources/Values
        EventSelectors/IncludeManagementEvents EventSelectors/ReadWriteType IncludeGlobalServiceEvents
        IsLogging IsMultiRegionTrail KMSKeyId S3BucketName S3KeyPrefix TrailName {_TAGS}""",
    "AWS::CloudWatch::Alarm": f"""
        ActionsEnabled AlarmActions AlarmDescription AlarmName ComparisonOperator Dimensions/Name
        Dimensions/Value EvaluationPeriods MetricName Namespace Period Statistic Threshold TreatMissingData
        {_TAGS}""",
    "AWS::CloudWatch::Dashboard": f"DashboardBody DashboardName {_TAGS}",
    "AWS::EC2::FlowLog": f"""
        DeliverLogsPermissionArn LogDestinationType LogGroupName ResourceId ResourceType TrafficType
        {_TAGS}""",
    "AWS::EC2::Instance": f"""
        BlockDeviceMappings/DeviceName BlockDeviceMappings/Ebs/DeleteOnTermination
        BlockDeviceMappings/Ebs/Encrypted BlockDeviceMappings/Ebs/KmsKeyId BlockDeviceMappings/Ebs/VolumeSize
        BlockDeviceMappings/Ebs/VolumeType DisableApiTermination EbsOptimized IamInstanceProfile InstanceType
        LaunchTemplate/LaunchTemplateId LaunchTemplate/Version Monitoring SecurityGroupIds SubnetId
        {_TAGS}""",
    "AWS::EC2::InternetGateway": _TAGS,
    "AWS::EC2::LaunchTemplate": """
        LaunchTemplateData/ImageId LaunchTemplateData/MetadataOptions/HttpEndpoint
        LaunchTemplateData/MetadataOptions/HttpProtocolIpv6
        LaunchTemplateData/MetadataOptions/HttpPutResponseHopLimit
        LaunchTemplateData/MetadataOptions/HttpTokens LaunchTemplateData/MetadataOptions/InstanceMetadataTags
        LaunchTemplateData/UserData LaunchTemplateName""",
    "AWS::EC2::Route": "DestinationCidrBlock GatewayId RouteTableId TransitGatewayId",
    "AWS::EC2::RouteTable": f"VpcId {_TAGS}",
    "AWS::EC2::SecurityGroup": f"""
        GroupDescription GroupName VpcId {_TAGS}
        {" ".join(f"SecurityGroup{way}/{name}" for way in ("Egress", "Ingress") for name in _RULE.split())}
        SecurityGroupEgress/DestinationPrefixListId SecurityGroupEgress/DestinationSecurityGroupId
        SecurityGroupIngress/SourceSecurityGroupId""",
    "AWS::EC2::SecurityGroupEgress": f"DestinationPrefixListId DestinationSecurityGroupId GroupId {_RULE}",
    "AWS::EC2::SecurityGroupIngress": f"GroupId SourceSecurityGroupId {_RULE}",
    "AWS::EC2::Subnet": f"AvailabilityZone CidrBlock MapPublicIpOnLaunch VpcId {_TAGS}",
    "AWS::EC2::SubnetRouteTableAssociation": "RouteTableId SubnetId",
    "AWS::EC2::TransitGatewayVpcAttachment": f"SubnetIds TransitGatewayId VpcId {_TAGS}",
    "AWS::EC2::VPC": f"CidrBlock EnableDnsHostnames EnableDnsSupport InstanceTenancy {_TAGS}",
    "AWS::EC2::VPCEndpoint": f"""
        PolicyDocument PrivateDnsEnabled RouteTableIds SecurityGroupIds ServiceName SubnetIds VpcEndpointType
        VpcId {_TAGS}""",
    "AWS::EC2::VPCGatewayAttachment": "InternetGatewayId VpcId VpnGatewayId",
    "AWS::EC2::Volume": f"""
        AvailabilityZone Encrypted KmsKeyId MultiAttachEnabled Size SnapshotId VolumeType {_TAGS}""",
    "AWS::EC2::VolumeAttachment": "Device InstanceId VolumeId",
    "AWS::ECR::Repository": f"""
        EncryptionConfiguration/EncryptionType EncryptionConfiguration/KmsKey
        ImageScanningConfiguration/ScanOnPush ImageTagMutability RepositoryName {_TAGS}""",
    "AWS::ElasticLoadBalancingV2::Listener": f"""
        Certificates/CertificateArn DefaultActions/TargetGroupArn DefaultActions/Type LoadBalancerArn Port
        Protocol SslPolicy {_TAGS}""",
    "AWS::ElasticLoadBalancingV2::LoadBalancer": f"""
        IpAddressType LoadBalancerAttributes/Key LoadBalancerAttributes/Value Name Scheme SecurityGroups
        Subnets Type {_TAGS}""",
    "AWS::ElasticLoadBalancingV2::TargetGroup": f"""
        HealthCheckIntervalSeconds HealthCheckPath HealthCheckProtocol Matcher/HttpCode Name Port Protocol
        TargetGroupAttributes/Key TargetGroupAttributes/Value TargetType Targets/Id Targets/Port VpcId
        {_TAGS}""",
    "AWS::Events::Rule": f"""
        Description EventPattern/detail-type EventPattern/detail/backupVaultName EventPattern/detail/state
        EventPattern/source Name State Targets/Arn Targets/Id {_TAGS}""",
    "AWS::IAM::InstanceProfile": "InstanceProfileName Roles",
    "AWS::IAM::Policy": "PolicyDocument PolicyName Roles",
    "AWS::IAM::Role": f"""
        AssumeRolePolicyDocument Description ManagedPolicyArns Policies/PolicyDocument Policies/PolicyName
        RoleName {_TAGS}""",
    "AWS::KMS::Alias": "AliasName TargetKeyId",
    "AWS::KMS::Key": f"Description Enabled EnableKeyRotation KeyPolicy PendingWindowInDays {_TAGS}",
    "AWS::Lambda::Function": f"""
        Code/S3Bucket Code/S3Key Description Handler MemorySize Role Runtime Timeout {_TAGS}""",
    "AWS::Logs::LogGroup": f"KmsKeyId LogGroupClass LogGroupName RetentionInDays {_TAGS}",
    "AWS::RDS::DBInstance": f"""
        AllocatedStorage AllowMajorVersionUpgrade AutoMinorVersionUpgrade BackupRetentionPeriod
        CopyTagsToSnapshot DBInstanceClass DBInstanceIdentifier DBName DBParameterGroupName DBSubnetGroupName
        DeleteAutomatedBackups DeletionProtection EnableCloudwatchLogsExports EnableIAMDatabaseAuthentication
        EnablePerformanceInsights Engine EngineVersion KmsKeyId ManageMasterUserPassword
        MasterUserSecret/KmsKeyId MasterUsername MonitoringInterval MonitoringRoleArn MultiAZ NetworkType Port
        PubliclyAccessible StorageEncrypted StorageType VPCSecurityGroups {_TAGS}""",
    "AWS::RDS::DBParameterGroup": f"""
        Description Family Parameters/log_min_error_statement Parameters/log_statement
        Parameters/rds.force_ssl {_TAGS}""",
    "AWS::RDS::DBSubnetGroup": f"DBSubnetGroupDescription SubnetIds {_TAGS}",
    "AWS::S3::Bucket": f"""
        BucketEncryption/ServerSideEncryptionConfiguration/BucketKeyEnabled
        BucketEncryption/ServerSideEncryptionConfiguration/ServerSideEncryptionByDefault/KMSMasterKeyID
        BucketEncryption/ServerSideEncryptionConfiguration/ServerSideEncryptionByDefault/SSEAlgorithm
        BucketName LifecycleConfiguration/Rules/AbortIncompleteMultipartUpload/DaysAfterInitiation
        LifecycleConfiguration/Rules/ExpirationInDays LifecycleConfiguration/Rules/Id
        LifecycleConfiguration/Rules/NoncurrentVersionExpiration/NoncurrentDays
        LifecycleConfiguration/Rules/Status LoggingConfiguration/DestinationBucketName
        LoggingConfiguration/LogFilePrefix OwnershipControls/Rules/ObjectOwnership
        PublicAccessBlockConfiguration/BlockPublicAcls PublicAccessBlockConfiguration/BlockPublicPolicy
        PublicAccessBlockConfiguration/IgnorePublicAcls PublicAccessBlockConfiguration/RestrictPublicBuckets
        VersioningConfiguration/Status {_TAGS}""",
    "AWS::S3::BucketPolicy": "Bucket PolicyDocument",
    "AWS::SNS::Subscription": "Endpoint Protocol TopicArn",
    "AWS::SNS::Topic": f"KmsMasterKeyId TopicName {_TAGS}",
    "AWS::SNS::TopicPolicy": "PolicyDocument Topics",
    "AWS::SSM::Association": f"""
        ApplyOnlyAtCronInterval AssociationName ComplianceSeverity Name Parameters/Operation
        Parameters/RebootOption ScheduleExpression Targets/Key Targets/Values {_TAGS}""",
    "AWS::SSM::Parameter": "Description Name Tags/sarcoma:site Tier Type Value",
    "AWS::SecretsManager::Secret": f"""
        Description GenerateSecretString/ExcludePunctuation GenerateSecretString/PasswordLength KmsKeyId Name
        {_TAGS}""",
    "AWS::WAFv2::LoggingConfiguration": """
        LogDestinationConfigs RedactedFields/QueryString RedactedFields/SingleHeader/Name
        RedactedFields/UriPath ResourceArn""",
    "AWS::WAFv2::WebACL": f"""
        DefaultAction/Allow Name Rules/Action/Block Rules/Name Rules/OverrideAction/None Rules/Priority
        Rules/Statement/ManagedRuleGroupStatement/Name
        Rules/Statement/ManagedRuleGroupStatement/RuleActionOverrides/ActionToUse/Count
        Rules/Statement/ManagedRuleGroupStatement/RuleActionOverrides/Name
        Rules/Statement/ManagedRuleGroupStatement/VendorName
        Rules/Statement/RateBasedStatement/AggregateKeyType
        Rules/Statement/RateBasedStatement/EvaluationWindowSec Rules/Statement/RateBasedStatement/Limit
        Rules/VisibilityConfig/CloudWatchMetricsEnabled Rules/VisibilityConfig/MetricName
        Rules/VisibilityConfig/SampledRequestsEnabled Scope VisibilityConfig/CloudWatchMetricsEnabled
        VisibilityConfig/MetricName VisibilityConfig/SampledRequestsEnabled {_TAGS}""",
    "AWS::WAFv2::WebACLAssociation": "ResourceArn WebACLArn",
    "Custom::VpcRestrictDefaultSG": "Account DefaultSecurityGroupId ServiceToken",
}
"""The names, those of inner objects behind a `/`, those in a list as if there were none."""


def leaves(value: Json, name: str = "") -> Iterator[tuple[str, Json]]:
    """Every value of a tree that is neither an object nor a list, and every empty object, with its name.

    Args:
        value: the tree.
        name: the tree's own name.
    """
    if isinstance(value, Mapping) and value:
        for key, each in value.items():
            yield from leaves(each, f"{name}/{key}" if name else str(key))
    elif isinstance(value, list):
        for each in value:
            yield from leaves(each, name)
    else:
        yield name, value


def _listed(templates: Templates, _site: Site) -> Iterator[Fault]:
    for each in templates.resources:
        allowed = set(PROPERTIES.get(each.kind, "").split())
        for name in dict.fromkeys(name for name, _ in leaves(each.properties) if name):
            if name not in allowed and not name.startswith(tuple(f"{policy}/" for policy in _OPEN)):
                yield Fault(each, "it must have listed properties alone (invariants/properties.py)", name)


def _bare(templates: Templates, _site: Site) -> Iterator[Fault]:
    for stack in templates.stacks.values():
        for name, resource in stack.template.get("Resources", {}).items():
            more = set(resource) - _RESOURCE
            if more:
                yield Fault(stack.name, f"{name} must have type, properties and policies alone", sorted(more))


RULES = (
    Rule("listed", "A resource has the properties that a rule knows, and no other.", _listed),
    Rule("bare", "Nothing beside its properties decides what a resource becomes.", _bare),
)
