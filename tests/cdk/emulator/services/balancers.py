"""Elastic Load Balancing v2."""

from tests.cdk.emulator.kinds import Made, Order, creates, protects


@creates(
    "AWS::ElasticLoadBalancingV2::LoadBalancer",
    "LoadBalancerAttributes Name Scheme SecurityGroups Subnets Tags Type",
)
def balancer(order: Order) -> Made:
    api = order.api("elbv2")
    made = api.create_load_balancer(
        Name=order.name("Name", 32),
        **order.given("Scheme", "SecurityGroups", "Subnets", "Type"),
        Tags=order.tags(),
    )["LoadBalancers"][0]
    arn = made["LoadBalancerArn"]
    if order.get("LoadBalancerAttributes"):
        api.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=order["LoadBalancerAttributes"])
    return Made(
        arn,
        {
            "LoadBalancerArn": arn,
            "DNSName": made["DNSName"],
            "CanonicalHostedZoneID": made.get("CanonicalHostedZoneId", ""),
            "LoadBalancerFullName": arn.partition(":loadbalancer/")[2],
            "LoadBalancerName": made["LoadBalancerName"],
        },
    )


@protects("AWS::ElasticLoadBalancingV2::LoadBalancer")
def is_protected(order: Order) -> bool:
    return {"Key": "deletion_protection.enabled", "Value": "true"} in order.get("LoadBalancerAttributes", [])


@creates(
    "AWS::ElasticLoadBalancingV2::TargetGroup",
    "HealthCheckIntervalSeconds HealthCheckPath HealthCheckProtocol Matcher Name Port Protocol Tags"
    " TargetGroupAttributes TargetType Targets VpcId",
)
def target_group(order: Order) -> Made:
    api = order.api("elbv2")
    made = api.create_target_group(
        Name=order.name("Name", 32),
        **order.given(
            "HealthCheckIntervalSeconds",
            "HealthCheckPath",
            "HealthCheckProtocol",
            "Matcher",
            "Port",
            "Protocol",
            "TargetType",
            "VpcId",
        ),
        Tags=order.tags(),
    )["TargetGroups"][0]
    arn = made["TargetGroupArn"]
    if order.get("TargetGroupAttributes"):
        api.modify_target_group_attributes(TargetGroupArn=arn, Attributes=order["TargetGroupAttributes"])
    if order.get("Targets"):
        api.register_targets(TargetGroupArn=arn, Targets=order["Targets"])
    full = "targetgroup/" + arn.partition(":targetgroup/")[2]
    return Made(
        arn,
        {
            "TargetGroupArn": arn,
            "TargetGroupFullName": full,
            "TargetGroupName": made["TargetGroupName"],
        },
    )


@creates(
    "AWS::ElasticLoadBalancingV2::Listener",
    "Certificates DefaultActions LoadBalancerArn Port Protocol SslPolicy Tags",
)
def listener(order: Order) -> Made:
    made = order.api("elbv2").create_listener(
        **order.given("Certificates", "DefaultActions", "LoadBalancerArn", "Port", "Protocol", "SslPolicy"),
        Tags=order.tags(),
    )["Listeners"][0]
    return Made(made["ListenerArn"], {"ListenerArn": made["ListenerArn"]})
