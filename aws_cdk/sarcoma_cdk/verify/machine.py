"""The machine: unreachable but by Session Manager, and what the lock and the site's file say."""

import base64
import re
from typing import Any

from sarcoma_cdk.naming import role_name
from sarcoma_cdk.verify.checks import Check, Found, Wrong, check
from sarcoma_cdk.verify.facts import ANOTHER, AbsentError, Facts

_BACK = "put it back: {back_machine}"
_ROOT = "/dev/xvda"
"""Of the machine's system (parts/machine.py)."""
_SECRETS = {
    "an access key": re.compile(r"\b(AKIA|ASIA)[A-Z0-9]{16}\b"),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "a password": re.compile(
        r"(?im)^\s*(export\s+)?\w*(password|passwd|secret|token)\w*\s*[=:]\s*['\"]?[^\s'\"$({]{6,}"
    ),
    "a password in an address": re.compile(r"://[^/\s:@]+:[^/\s:@]{3,}@"),
}
"""What has no place in user data, which everybody on the machine and every reader of EC2 can see."""


def _attribute(facts: Facts, name: str) -> Any:  # noqa: ANN401  boto3
    machine = facts.machine["InstanceId"]
    return facts.read("ec2", "describe_instance_attribute", InstanceId=machine, Attribute=name)


def _profile(facts: Facts) -> str:
    """The command that gives the machine its own profile."""
    filters = [{"Name": "instance-id", "Values": [facts.machine["InstanceId"]]}]
    found = facts.read("ec2", "describe_iam_instance_profile_associations", Filters=filters)
    names = [each["AssociationId"] for each in found["IamInstanceProfileAssociations"]]
    own = f"--iam-instance-profile Name={role_name(facts.site)}"
    if names:
        return f"aws ec2 replace-iam-instance-profile-association --association-id {names[0]} {own}"
    return f"aws ec2 associate-iam-instance-profile --instance-id {facts.machine['InstanceId']} {own}"


def _modify(facts: Facts, options: str) -> str:
    return f"aws ec2 modify-instance-attribute --instance-id {facts.machine['InstanceId']} {options}"


@check("wake it: sarcoma-site wake {site}")
def power(facts: Facts) -> Found:
    """The machine runs, or was put to sleep by somebody."""
    state = facts.machine["State"]["Name"]
    reason = facts.machine.get("StateReason", {}).get("Code", "")
    if state == "stopped" and reason not in {"", "Client.UserInitiatedShutdown"}:
        yield Wrong(f"it stopped by itself ({reason})")
    elif state not in {"running", "stopped", "pending", "stopping"}:
        yield Wrong(f"it is {state}", ANOTHER)


@check(_BACK)
def metadata(facts: Facts) -> Found:
    """The machine gives its role to nobody who cannot ask by IMDSv2, and to no container."""
    options = facts.machine.get("MetadataOptions", {})
    machine = facts.machine["InstanceId"]
    step = (
        f"aws ec2 modify-instance-metadata-options --instance-id {machine} "
        "--http-tokens required --http-put-response-hop-limit 1"
    )
    if options.get("HttpTokens") != "required":
        yield Wrong(f"HttpTokens is {options.get('HttpTokens')}", step)
    if options.get("HttpPutResponseHopLimit") != 1:
        yield Wrong(f"HttpPutResponseHopLimit is {options.get('HttpPutResponseHopLimit')}", step)


@check(ANOTHER)
def key_pair(facts: Facts) -> Found:
    """The machine was started without a key pair: there is no SSH."""
    if facts.machine.get("KeyName"):
        yield Wrong(f"it has {facts.machine['KeyName']}")


@check("give it back")
def profile(facts: Facts) -> Found:
    """The machine has the site's instance profile."""
    found = str(facts.machine.get("IamInstanceProfile", {}).get("Arn", "none")).rpartition("/")[2]
    if found != role_name(facts.site):
        yield Wrong(f"it has {found}", _profile(facts))


@check("release the address")
def address(facts: Facts) -> Found:
    """The machine has no public address."""
    own = [each["NetworkInterfaceId"] for each in facts.machine.get("NetworkInterfaces", ())]
    for each in facts.in_vpc("describe_network_interfaces", "NetworkInterfaces"):
        link = each.get("Association", {})
        if each["NetworkInterfaceId"] in own and link.get("PublicIp"):
            name = link.get(
                "AssociationId"
            )  # one that EC2 gave by itself has none, and goes with the machine
            step = f"aws ec2 disassociate-address --association-id {name}" if name else ANOTHER
            yield Wrong(f"it has {link['PublicIp']}", step)


@check(ANOTHER)
def subnet(facts: Facts) -> Found:
    """The machine stands in the private subnet of machine.zone."""
    zone = facts.site.machine.zone
    right = [each["SubnetId"] for each in facts.subnets["Private"] if each["AvailabilityZone"] == zone]
    if facts.machine.get("SubnetId") not in right:
        yield Wrong(f"it stands in {facts.machine.get('SubnetId')}")


@check(_BACK)
def door(facts: Facts) -> Found:
    """The machine is behind its own security group alone, on every interface."""
    wanted = facts.group("machine")
    for interface in facts.machine.get("NetworkInterfaces", ()):
        groups = sorted(group["GroupId"] for group in interface.get("Groups", ()))
        if groups != [wanted]:
            name = interface["NetworkInterfaceId"]
            step = (
                f"aws ec2 modify-network-interface-attribute --network-interface-id {name} --groups {wanted}"
            )
            yield Wrong(f"{name} is behind {', '.join(groups) or 'none'}", step)


@check(ANOTHER)
def image(facts: Facts) -> Found:
    """The machine is of the AMI that the lock names."""
    wanted, found = facts.publication.machine_image, facts.machine["ImageId"]
    if found != wanted:
        yield Wrong(f"it is of {found}, the lock names {wanted}")


@check("sarcoma-site sleep {site}, then sarcoma-site wake {site}")
def size(facts: Facts) -> Found:
    """The machine is of machine.size or machine.gpu_size."""
    wanted = {facts.site.machine.size, facts.site.machine.gpu_size}
    if facts.machine["InstanceType"] not in wanted:
        yield Wrong(f"it is of {facts.machine['InstanceType']}")


@check("switch it on")
def monitoring(facts: Facts) -> Found:
    """The machine tells its figures every minute."""
    if facts.machine["Monitoring"]["State"] not in {"enabled", "pending"}:
        machine = facts.machine["InstanceId"]
        yield Wrong("it does not", f"aws ec2 monitor-instances --instance-ids {machine}")


@check("switch it on")
def termination(facts: Facts) -> Found:
    """The machine cannot be terminated by a click."""
    if not _attribute(facts, "disableApiTermination")["DisableApiTermination"].get("Value"):
        yield Wrong("it can", _modify(facts, "--disable-api-termination"))


@check(f"change that secret, then {ANOTHER}")
def user_data(facts: Facts) -> Found:
    """The machine's user data holds no secret."""
    found = _attribute(facts, "userData").get("UserData", {}).get("Value", "")
    text = base64.b64decode(found).decode("utf-8", "replace")
    for what, pattern in _SECRETS.items():
        if pattern.search(text):
            yield Wrong(f"it holds what looks like {what}")


def _volumes(facts: Facts) -> list[dict[str, Any]]:
    """The root volume and the data volumes, as EC2 describes them."""
    attached = [each["Ebs"]["VolumeId"] for each in facts.machine.get("BlockDeviceMappings", ())]
    wanted = sorted({*attached, *facts.data_volumes})
    filters = [{"Name": "volume-id", "Values": wanted}]
    return list(facts.read("ec2", "describe_volumes", Filters=filters)["Volumes"])


@check(ANOTHER)
def encryption(facts: Facts) -> Found:
    """Every volume is encrypted with the site's key."""
    for volume in _volumes(facts):
        name = volume["VolumeId"]
        step = f"aws ec2 detach-volume --volume-id {name}" if _is_strange(facts, name) else ""
        if name in facts.data_volumes:
            step = f"put a copy with the site's key in its place, as a restore does, and {ANOTHER}"
        if not volume["Encrypted"]:
            yield Wrong(f"{name} is not encrypted", step)
        elif not facts.is_key(volume.get("KmsKeyId")):
            yield Wrong(f"{name} is encrypted with {volume.get('KmsKeyId')}", step)


@check("change its type")
def volume_type(facts: Facts) -> Found:
    """Every volume is gp3."""
    for volume in _volumes(facts):
        if volume["VolumeType"] != "gp3":
            name = volume["VolumeId"]
            step = f"aws ec2 modify-volume --volume-id {name} --volume-type gp3"
            yield Wrong(f"{name} is {volume['VolumeType']}", step)


@check(_BACK)
def attachment(facts: Facts) -> Found:
    """The data volumes are attached to the machine, and to nothing else."""
    machine = facts.machine["InstanceId"]
    found = {each["VolumeId"]: each for each in _volumes(facts)}
    for name in facts.data_volumes:
        if name not in found:
            raise AbsentError(f"there is no volume {name}", "data")
        users = [each["InstanceId"] for each in found[name].get("Attachments", ())]
        if users != [machine]:
            step = (
                f"aws ec2 attach-volume --volume-id {name} --instance-id {machine} "
                f"--device {_device(facts, name)}"
            )
            yield Wrong(f"{name} is attached to {', '.join(users) or 'nothing'}", step)


def _device(facts: Facts, volume: str) -> str:
    found = facts.read("ec2", "describe_volumes", Filters=[{"Name": "volume-id", "Values": [volume]}])
    tags = {each["Key"]: each["Value"] for each in found["Volumes"][0].get("Tags", ())}
    return "/dev/sdg" if tags.get("Name", "").endswith("-database") else "/dev/sdf"


def _is_strange(facts: Facts, volume: str) -> bool:
    """Whether a volume that is attached is neither the system's nor one of the site's."""
    mappings = facts.machine.get("BlockDeviceMappings", ())
    system = [each["Ebs"]["VolumeId"] for each in mappings if each["DeviceName"] == _ROOT]
    return volume not in {*system, *facts.data_volumes}


@check("detach the volume")
def strange_volumes(facts: Facts) -> Found:
    """The machine has no other volumes than its own."""
    for each in facts.machine.get("BlockDeviceMappings", ()):
        name = each["Ebs"]["VolumeId"]
        if _is_strange(facts, name):
            yield Wrong(f"{name} at {each['DeviceName']}", f"aws ec2 detach-volume --volume-id {name}")


CHECKS: tuple[Check, ...] = (
    power,
    metadata,
    key_pair,
    profile,
    address,
    subnet,
    door,
    image,
    size,
    monitoring,
    termination,
    user_data,
    encryption,
    volume_type,
    attachment,
    strange_volumes,
)
