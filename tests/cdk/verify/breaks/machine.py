"""The machine, its role, the key, the passwords."""

import base64
import json
import time
from typing import Any

from sarcoma_cdk.naming import role_name
from tests.cdk.verify.breaks import breaks
from tests.cdk.verify.standing import Standing

_ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
_OTHER = "999999999999"


def _id(at: Standing) -> str:
    return str(at.facts().machine["InstanceId"])


def _document(**statement: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


def _machine_is(at: Standing, otherwise: dict[str, Any]) -> None:
    """What EC2 says of the machine: nobody changes these of one that runs, but a new one may have them."""

    def rewrite(answer: dict[str, Any]) -> None:
        for reservation in answer["Reservations"]:
            for instance in reservation["Instances"]:
                instance.update(otherwise)

    at.doubles.says["ec2.DescribeInstances"] = rewrite


@breaks("machine.power")
def the_machine_is_terminated(at: Standing) -> None:
    name = _id(at)
    at.api("ec2").modify_instance_attribute(InstanceId=name, DisableApiTermination={"Value": False})
    at.api("ec2").terminate_instances(InstanceIds=[name])


@breaks("machine.metadata")
def imds_without_a_token(at: Standing) -> None:
    at.api("ec2").modify_instance_metadata_options(InstanceId=_id(at), HttpTokens="optional")


@breaks("machine.metadata", site="example")
def containers_may_ask_for_the_role(at: Standing) -> None:
    at.api("ec2").modify_instance_metadata_options(InstanceId=_id(at), HttpPutResponseHopLimit=2)


@breaks("machine.power", site="example")
def the_machine_shut_itself_down(at: Standing) -> None:
    reason = {"Code": "Client.InstanceInitiatedShutdown", "Message": ""}
    _machine_is(at, {"State": {"Code": 80, "Name": "stopped"}, "StateReason": reason})


@breaks("machine.key-pair")
def the_machine_was_made_with_a_key_pair(at: Standing) -> None:
    _machine_is(at, {"KeyName": "laptop"})


@breaks("machine.subnet")
def the_machine_was_made_in_a_public_subnet(at: Standing) -> None:
    _machine_is(at, {"SubnetId": at.facts().subnets["Public"][0]["SubnetId"]})


@breaks("machine.image")
def the_machine_was_made_of_another_image(at: Standing) -> None:
    _machine_is(at, {"ImageId": "ami-00000000000000001"})


@breaks("machine.profile")
def the_machine_gets_another_profile(at: Standing) -> None:
    iam, ec2 = at.api("iam"), at.api("ec2")
    iam.create_instance_profile(InstanceProfileName="admin")
    filters = [{"Name": "instance-id", "Values": [_id(at)]}]
    found = ec2.describe_iam_instance_profile_associations(Filters=filters)
    link = found["IamInstanceProfileAssociations"][0]["AssociationId"]
    ec2.disassociate_iam_instance_profile(AssociationId=link)
    ec2.associate_iam_instance_profile(InstanceId=_id(at), IamInstanceProfile={"Name": "admin"})


@breaks("machine.door")
def the_machine_behind_another_group(at: Standing) -> None:
    interface = at.facts().machine["NetworkInterfaces"][0]["NetworkInterfaceId"]
    groups = [at.facts().group("machine"), at.facts().group("default")]
    at.api("ec2").modify_network_interface_attribute(NetworkInterfaceId=interface, Groups=groups)


@breaks("machine.size")
def the_machine_becomes_another_size(at: Standing) -> None:
    at.api("ec2").stop_instances(InstanceIds=[_id(at)])
    at.api("ec2").modify_instance_attribute(InstanceId=_id(at), InstanceType={"Value": "p4d.24xlarge"})


@breaks("machine.monitoring")
def figures_every_five_minutes(at: Standing) -> None:
    _machine_is(at, {"Monitoring": {"State": "disabled"}})  # moto has no UnmonitorInstances


@breaks("machine.termination")
def a_click_terminates_the_machine(at: Standing) -> None:
    at.api("ec2").modify_instance_attribute(InstanceId=_id(at), DisableApiTermination={"Value": False})


@breaks("machine.user-data")
def a_password_in_user_data(at: Standing) -> None:
    text = b"#!/bin/bash\nexport XNAT_PASSWORD=not-a-real-one\n"
    at.api("ec2").stop_instances(InstanceIds=[_id(at)])
    at.api("ec2").modify_instance_attribute(InstanceId=_id(at), UserData={"Value": base64.b64encode(text)})


def _volume(at: Standing, **settings: Any) -> str:
    zone = at.site.machine.zone
    return at.api("ec2").create_volume(AvailabilityZone=zone, Size=8, **settings)["VolumeId"]


@breaks("machine.encryption", "machine.strange-volumes")
def a_plain_disk_is_attached(at: Standing) -> None:
    name = _volume(at, VolumeType="gp3", Encrypted=False)
    at.api("ec2").attach_volume(VolumeId=name, InstanceId=_id(at), Device="/dev/sdz")


@breaks("machine.encryption", site="example")
def a_disk_with_another_key_is_attached(at: Standing) -> None:
    key = at.api("kms").create_key()["KeyMetadata"]["Arn"]
    name = _volume(at, VolumeType="gp3", Encrypted=True, KmsKeyId=key)
    at.api("ec2").attach_volume(VolumeId=name, InstanceId=_id(at), Device="/dev/sdz")


@breaks("machine.volume-type")
def a_volume_becomes_a_slow_one(at: Standing) -> None:
    at.api("ec2").modify_volume(VolumeId=at.facts().data_volumes[0], VolumeType="standard")


@breaks("machine.attachment")
def the_archive_is_detached(at: Standing) -> None:
    at.api("ec2").detach_volume(VolumeId=at.facts().data_volumes[0], InstanceId=_id(at))


# --- the role ----------------------------------------------------------------------------------------------


@breaks("identity.role-policy")
def the_role_may_do_everything(at: Standing) -> None:
    at.api("iam").put_role_policy(
        RoleName=role_name(at.site), PolicyName="temp", PolicyDocument=_document(Action="*", Resource="*")
    )


@breaks("identity.role-policy", site="example")
def the_role_s_own_policy_says_less(at: Standing) -> None:
    iam, role = at.api("iam"), role_name(at.site)
    name = iam.list_role_policies(RoleName=role)["PolicyNames"][0]
    document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    document["Statement"] = document["Statement"][1:]
    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))


@breaks("identity.managed-policies")
def the_role_becomes_an_administrator(at: Standing) -> None:
    at.api("iam").attach_role_policy(RoleName=role_name(at.site), PolicyArn=_ADMIN)


@breaks("identity.trust")
def another_account_takes_the_role(at: Standing) -> None:
    document = _document(Action="sts:AssumeRole", Principal={"AWS": f"arn:aws:iam::{_OTHER}:root"})
    at.api("iam").update_assume_role_policy(RoleName=role_name(at.site), PolicyDocument=document)


# --- the key -----------------------------------------------------------------------------------------------


def _key(at: Standing) -> str:
    return str(at.facts().key["KeyId"])


@breaks("identity.key-state")
def the_key_is_to_be_deleted(at: Standing) -> None:
    at.api("kms").schedule_key_deletion(KeyId=_key(at), PendingWindowInDays=7)


@breaks("identity.key-state", site="example")
def the_key_is_disabled(at: Standing) -> None:
    at.api("kms").disable_key(KeyId=_key(at))


@breaks("identity.key-rotation")
def the_key_stays_the_same_for_ever(at: Standing) -> None:
    at.api("kms").disable_key_rotation(KeyId=_key(at))


def _add_to_key_policy(at: Standing, **statement: Any) -> None:
    kms, key = at.api("kms"), _key(at)
    document = json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
    document["Statement"].append({"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*", **statement})
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(document))


@breaks("identity.key-policy")
def another_account_may_decrypt(at: Standing) -> None:
    _add_to_key_policy(at, Principal={"AWS": f"arn:aws:iam::{_OTHER}:root"})


@breaks("identity.key-policy", site="example")
def everybody_may_decrypt(at: Standing) -> None:
    _add_to_key_policy(at, Principal="*")


@breaks("identity.key-services")
def a_service_may_decrypt_for_anybody(at: Standing) -> None:
    _add_to_key_policy(at, Principal={"Service": "lambda.amazonaws.com"})


@breaks("identity.key-grants")
def another_account_holds_a_grant(at: Standing) -> None:
    at.api("kms").create_grant(
        KeyId=_key(at), GranteePrincipal=f"arn:aws:iam::{_OTHER}:role/reader", Operations=["Decrypt"]
    )


@breaks("identity.key-alias")
def the_alias_names_another_key(at: Standing) -> None:
    other = at.api("kms").create_key()["KeyMetadata"]["KeyId"]
    at.api("kms").update_alias(AliasName=f"alias/sarcoma-{at.site.site}", TargetKeyId=other)


@breaks("identity.key-alias", site="example")
def the_alias_goes(at: Standing) -> None:
    at.api("kms").delete_alias(AliasName=f"alias/sarcoma-{at.site.site}")


# --- the passwords -----------------------------------------------------------------------------------------


def _secret(at: Standing, use: str) -> str:
    return f"sarcoma/{at.site.site}/{use}"


@breaks("identity.secret-encryption")
def a_password_with_another_key(at: Standing) -> None:
    other = at.api("kms").create_key()["KeyMetadata"]["Arn"]
    at.api("secretsmanager").update_secret(SecretId=_secret(at, "admin"), KmsKeyId=other)


@breaks("identity.secret-deletion")
def a_password_is_to_be_deleted(at: Standing) -> None:
    at.api("secretsmanager").delete_secret(SecretId=_secret(at, "database"), RecoveryWindowInDays=7)


@breaks("identity.secret-policy")
def everybody_reads_a_password(at: Standing) -> None:
    document = _document(
        Action="secretsmanager:GetSecretValue",
        Principal={"AWS": f"arn:aws:iam::{_OTHER}:root"},
        Resource="*",
    )
    at.api("secretsmanager").put_resource_policy(SecretId=_secret(at, "admin"), ResourcePolicy=document)


@breaks("identity.login-secrets")
def the_directory_s_password_goes(at: Standing) -> None:
    assert at.site.login.ldap
    name = at.site.login.ldap.password.rpartition(":")[2].rpartition("-")[0]
    at.api("secretsmanager").delete_secret(SecretId=name, RecoveryWindowInDays=7)


# --- the stacks and the boot -------------------------------------------------------------------------------


def _settings(at: Standing, **others: Any) -> None:
    ssm, name = at.api("ssm"), f"/sarcoma/{at.site.site}/machine"
    told = json.loads(ssm.get_parameter(Name=name)["Parameter"]["Value"])
    ssm.put_parameter(Name=name, Value=json.dumps({**told, **others}), Type="String", Overwrite=True)


@breaks("boot.publication")
def the_machine_is_told_an_older_publication(at: Standing) -> None:
    _settings(at, publication="e" * 64)


@breaks("boot.settings")
def the_machine_is_told_another_bucket(at: Standing) -> None:
    _settings(at, bucket="somebody-elses-bucket")


@breaks("boot.settings", site="example")
def the_machine_is_told_another_volume(at: Standing) -> None:
    _settings(at, volumes={"archive": "vol-0123456789abcdef0"})


@breaks("boot.managed")
def the_agent_is_silent(at: Standing) -> None:
    at.doubles.ping = "ConnectionLost"


@breaks("boot.managed", site="example")
def the_agent_never_spoke(at: Standing) -> None:
    at.doubles.ping = ""


def _patching(at: Standing) -> str:
    found = at.api("ssm").list_associations()["Associations"]
    wanted = f"sarcoma-{at.site.site}-patching"
    return next(each["AssociationId"] for each in found if each.get("AssociationName") == wanted)


@breaks("boot.patching")
def nobody_patches(at: Standing) -> None:
    at.api("ssm").delete_association(AssociationId=_patching(at))


@breaks("boot.patching", site="example")
def patches_once_a_year(at: Standing) -> None:
    at.api("ssm").update_association(AssociationId=_patching(at), ScheduleExpression="cron(0 3 1 1 ? *)")


@breaks("boot.patched")
def patches_failed(at: Standing) -> None:
    def rewrite(answer: dict[str, Any]) -> None:
        for each in answer["Associations"]:
            each.update(Overview={"Status": "Failed"}, LastExecutionDate=at.now)

    at.doubles.says["ssm.ListAssociations"] = rewrite


@breaks("boot.lock")
def the_lock_is_lost(at: Standing) -> None:
    at.lock = None


@breaks("boot.stack-protection")
def a_click_deletes_a_stack(at: Standing) -> None:
    def rewrite(answer: dict[str, Any]) -> None:  # moto has no UpdateTerminationProtection
        for stack in answer["Stacks"]:
            stack["EnableTerminationProtection"] = False

    at.doubles.says["cloudformation.DescribeStacks"] = rewrite


@breaks("boot.stacks")
def an_update_is_rolled_back(at: Standing) -> None:
    name, api = at.site.stack_name("operations"), at.api("cloudformation")
    template = api.get_template(StackName=name)["TemplateBody"]
    template = json.loads(template) if isinstance(template, str) else template
    template["Resources"]["Unknown"] = {"Type": "AWS::Unknown::Thing", "Properties": {}}
    api.update_stack(StackName=name, TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_IAM"])
    for _ in range(20):
        if api.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"] != "UPDATE_IN_PROGRESS":
            return
        time.sleep(0.1)
