"""IAM: roles, policies and instance profiles."""

import json

from tests.cdk.emulator.kinds import Made, Order, changes, creates


@creates("AWS::IAM::Role", "AssumeRolePolicyDocument Description ManagedPolicyArns Policies RoleName Tags")
def role(order: Order) -> Made:
    api, name = order.api("iam"), order.name("RoleName", 64)
    made = api.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps(order["AssumeRolePolicyDocument"]),
        **order.given("Description"),
        **({"Tags": order.tags()} if order.tags() else {}),
    )["Role"]
    for arn in order.get("ManagedPolicyArns", []):
        api.attach_role_policy(RoleName=name, PolicyArn=arn)
    for policy in order.get("Policies", []):
        order.only(policy, "PolicyDocument PolicyName", "Policies")
        api.put_role_policy(
            RoleName=name,
            PolicyName=policy["PolicyName"],
            PolicyDocument=json.dumps(policy["PolicyDocument"]),
        )
    return Made(name, {"Arn": made["Arn"], "RoleId": made["RoleId"]})


@creates("AWS::IAM::Policy", "PolicyDocument PolicyName Roles")
def policy(order: Order) -> Made:
    for name in order["Roles"]:
        order.api("iam").put_role_policy(
            RoleName=name,
            PolicyName=order["PolicyName"],
            PolicyDocument=json.dumps(order["PolicyDocument"]),
        )
    return Made(order["PolicyName"])


@changes("AWS::IAM::Policy")
def changed_policy(order: Order, _made: Made) -> Made:
    return policy(order)


@creates("AWS::IAM::InstanceProfile", "InstanceProfileName Roles")
def instance_profile(order: Order) -> Made:
    api, name = order.api("iam"), order.name("InstanceProfileName")
    made = api.create_instance_profile(InstanceProfileName=name)["InstanceProfile"]
    for each in order["Roles"]:
        api.add_role_to_instance_profile(InstanceProfileName=name, RoleName=each)
    return Made(name, {"Arn": made["Arn"]})
