"""WAFv2."""

from tests.cdk.emulator.kinds import Made, Order, creates


@creates("AWS::WAFv2::WebACL", "DefaultAction Name Rules Scope Tags VisibilityConfig")
def rules(order: Order) -> Made:
    made = order.api("wafv2").create_web_acl(
        **order.given("DefaultAction", "Rules", "Scope", "VisibilityConfig"),
        Name=order.name("Name"),
        Tags=order.tags(),
    )["Summary"]
    return Made(f"{made['Name']}|{made['Id']}|{order['Scope']}", {"Arn": made["ARN"], "Id": made["Id"]})


@creates("AWS::WAFv2::WebACLAssociation", "ResourceArn WebACLArn")
def association(order: Order) -> Made:
    order.api("wafv2").associate_web_acl(**order.given("ResourceArn", "WebACLArn"))
    return Made(f"{order['WebACLArn']}|{order['ResourceArn']}")


@creates("AWS::WAFv2::LoggingConfiguration", "LogDestinationConfigs RedactedFields ResourceArn")
def logging(order: Order) -> Made:
    order.api("wafv2").put_logging_configuration(
        LoggingConfiguration=order.given("LogDestinationConfigs", "RedactedFields", "ResourceArn")
    )
    return Made(order["ResourceArn"])
