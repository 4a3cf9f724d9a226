"""Systems Manager: parameters, and associations (which `doubles.py` adds to moto)."""

from tests.cdk.emulator.kinds import Made, Order, changes, creates


@creates("AWS::SSM::Parameter", "Description Name Tags Tier Type Value")
def parameter(order: Order) -> Made:
    name = order.name("Name")
    order.api("ssm").put_parameter(
        Name=name,
        **order.given("Description", "Tier", "Type", "Value"),
        **({"Tags": order.tags()} if order.tags() else {}),
    )
    return Made(name, {"Type": order["Type"], "Value": order["Value"]})


@changes("AWS::SSM::Parameter")
def changed_parameter(order: Order, made: Made) -> Made:
    order.api("ssm").put_parameter(
        Name=made.id, Overwrite=True, **order.given("Description", "Tier", "Type", "Value")
    )
    return Made(made.id, {"Type": order["Type"], "Value": order["Value"]})


_SAME = (
    "ApplyOnlyAtCronInterval AssociationName ComplianceSeverity Name Parameters ScheduleExpression Targets"
)


@creates("AWS::SSM::Association", f"{_SAME} Tags")
def association(order: Order) -> Made:
    made = order.api("ssm").create_association(**order.given(*_SAME.split()), Tags=order.tags())
    name = made["AssociationDescription"]["AssociationId"]
    return Made(name, {"AssociationId": name})


@changes("AWS::SSM::Association")
def changed_association(order: Order, made: Made) -> Made:
    order.api("ssm").update_association(AssociationId=made.id, **order.given(*_SAME.split()))
    return made
