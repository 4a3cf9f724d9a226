"""What the PACS sees: an internal load balancer with one listener."""

from sarcoma_cdk.naming import DICOM_PORT
from sarcoma_cdk.verify.checks import Check, Found, Wrong, check
from sarcoma_cdk.verify.edge import (
    compare_attributes,
    compare_doors,
    compare_health,
    compare_targets,
    target_group,
)
from sarcoma_cdk.verify.facts import AbsentError, Facts

_BACK = "put it back: {back_edge}"


@check("delete it, then {back_edge}")
def internal(facts: Facts) -> Found:
    """The load balancer of the PACS is internal."""
    found = facts.balancer("dicom")["Scheme"]
    if found != "internal":
        yield Wrong(f"it is {found}")


@check("delete the listener")
def listener(facts: Facts) -> Found:
    """The load balancer of the PACS has one listener: dicom.port."""
    arn, wanted = facts.balancer("dicom")["LoadBalancerArn"], facts.site.dicom.port
    group = target_group(facts, f"sarcoma-{facts.site.site}-dicom")["TargetGroupArn"]
    found = facts.read("elbv2", "describe_listeners", LoadBalancerArn=arn)["Listeners"]
    for each in found:
        if each["Port"] != wanted or each["Protocol"] != "TCP":
            step = f"aws elbv2 delete-listener --listener-arn {each['ListenerArn']}"
            yield Wrong(f"it also listens at {each['Port']} ({each['Protocol']})", step)
            continue
        targets = [action.get("TargetGroupArn") for action in each["DefaultActions"]]
        if targets != [group]:
            step = (
                f"aws elbv2 modify-listener --listener-arn {each['ListenerArn']} "
                f"--default-actions Type=forward,TargetGroupArn={group}"
            )
            yield Wrong(f"it sends to {', '.join(str(each) for each in targets)}", step)
    if wanted not in [each["Port"] for each in found]:
        raise AbsentError(f"there is no listener at {wanted}", "edge")


@check("set it")
def protection(facts: Facts) -> Found:
    """The load balancer of the PACS cannot be deleted by a click."""
    return compare_attributes(facts, "dicom", {"deletion_protection.enabled": "true"})


@check("set it")
def door(facts: Facts) -> Found:
    """The load balancer of the PACS is behind its own security group alone."""
    return compare_doors(facts, "dicom")


@check(_BACK)
def targets(facts: Facts) -> Found:
    """The load balancer of the PACS sends to XNAT's receiver on the machine alone."""
    return compare_targets(facts, f"sarcoma-{facts.site.site}-dicom", DICOM_PORT)


@check("enable it in XNAT: Administer, Site Administration, DICOM SCP Receivers")
def answers(facts: Facts) -> Found:
    """XNAT's receiver takes connections, while the machine is awake."""
    return compare_health(facts, f"sarcoma-{facts.site.site}-dicom")


CHECKS: tuple[Check, ...] = (internal, listener, protection, door, targets, answers)
