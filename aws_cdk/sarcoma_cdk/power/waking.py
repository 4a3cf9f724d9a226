"""Wake the machine, with or without a GPU, and wait until XNAT is well."""

from botocore.exceptions import ClientError

from sarcoma_cdk.cloud import code
from sarcoma_cdk.cost import read_prices
from sarcoma_cdk.errors import CloudError, ConfigError
from sarcoma_cdk.power.commands import await_agent, run
from sarcoma_cdk.power.desk import Desk
from sarcoma_cdk.power.machine import SiteMachine, await_state, find
from sarcoma_cdk.power.sleeping import stop_idle

_NO_CAPACITY = ("InsufficientInstanceCapacity", "InsufficientHostCapacity", "Unsupported")
_NO_QUOTA = ("VcpuLimitExceeded", "InstanceLimitExceeded")
_BOOT = 2400
"""Seconds for the boot of a machine that has its images already."""
_DOCTOR = """\
for n in $(seq 220); do
  case "$(systemctl show --property=SubState --value sarcoma-site.service)" in dead|start) sleep 10;; *)
  break;; esac
done
image=$(python3 -c '
import json
told = json.load(open("/run/sarcoma/settings.json"))
name = told["publication"]["images"]["admin"]
print(told["parameter"]["registry"] + "/" + name.partition(":")[0] + "@" + name.partition("@")[2])')
exec docker run --rm --name sarcoma-doctor --network=host --user=10001:10001 --read-only --tmpfs=/tmp \
--env-file=/etc/sarcoma/admin.env "$image" xnat doctor"""
"""The unit is `dead` before its boot, at `start` while it runs, then `exited`, `failed` or `auto-restart`.
The image is the one that this boot has used."""


def wake(desk: Desk, *, gpu: bool) -> bool:
    """Have the machine running in the wanted size, and XNAT on it.

    Args:
        desk: with the site.
        gpu: in the size `machine.gpu_size`, else in `machine.size`.

    Returns:
        Whether doctor found nothing in the way.

    Raises:
        ConfigError: the site's file names no size with a GPU. RefusedError: XNAT is at work on a machine of
            the other size, there is no machine, or the answer is no. CloudError: it does not start, or does
            not answer.
    """
    usual, wanted = desk.cloud.site.machine.size, _wanted(desk, gpu=gpu)
    machine = find(desk)
    if machine.state == "pending":
        machine = await_state(desk, {"running", "stopped"})
    if machine.state == "running" and machine.size != wanted:
        away = f"{machine.id} is stopped first; XNAT is away for some minutes."
        machine = stop_idle(desk, machine, f"{_offer(desk, wanted)} {away}")
    elif machine.state != "running" and gpu:
        desk.ask(_offer(desk, wanted))
    if machine.state != "running":
        machine = await_state(desk, {"stopped"})
        machine = _start(desk, machine, wanted, usual)
    desk.say(f"{machine.id} is running ({machine.size}); its boot takes some minutes")
    return _well(desk, machine)


def _wanted(desk: Desk, *, gpu: bool) -> str:
    sizes = desk.cloud.site.machine
    if not gpu:
        return sizes.size
    if not sizes.gpu_size:
        raise ConfigError("--gpu: machine.gpu_size must name a size in the site's file; it is null.")
    return sizes.gpu_size


def _offer(desk: Desk, size: str) -> str:
    try:
        price = read_prices(desk.cloud.site.region).machine_hour(size)
    except ConfigError:
        return f"Start as {size}, whose price is not in our list?"
    return f"Start as {size}, about {price:.2f} USD an hour until it is put to sleep?"


def _start(desk: Desk, machine: SiteMachine, wanted: str, usual: str) -> SiteMachine:
    started = _try(desk, machine, wanted)
    if isinstance(started, SiteMachine):
        return started
    if wanted == usual:
        raise CloudError(
            f"AWS has no {usual} in zone {desk.cloud.site.machine.zone} now ({started}); {machine.id} "
            f"stays stopped.",
            hint=_remedy(desk, started),
        )
    desk.say(f"AWS gives no {wanted} now ({started}): {_remedy(desk, started)} Starting as {usual} instead.")
    fallen = _try(desk, machine, usual)
    if isinstance(fallen, SiteMachine):
        return fallen
    raise CloudError(
        f"AWS has neither {wanted} ({started}) nor {usual} ({fallen}) now; {machine.id} stays stopped.",
        hint="Try again in a while.",
    )


def _try(desk: Desk, machine: SiteMachine, size: str) -> SiteMachine | str:
    """Start in a size: the running machine, or AWS's word for why not."""
    ec2 = desk.cloud.client("ec2")
    if find(desk).size != size:
        ec2.modify_instance_attribute(InstanceId=machine.id, InstanceType={"Value": size})
    desk.say(f"starting {machine.id} as {size}")
    try:
        ec2.start_instances(InstanceIds=[machine.id])
    except ClientError as error:
        if code(error) not in (*_NO_CAPACITY, *_NO_QUOTA):
            raise
        return code(error)
    found = await_state(desk, {"running", "stopped"})
    if found.state == "running":
        return found
    return (
        found.reason.removeprefix("Server.") or "it stopped again at once"
    )  # capacity may be found wanting later


def _remedy(desk: Desk, why: str) -> str:
    site = desk.cloud.site
    if why in _NO_QUOTA:
        return f"The account's quota is too low: sarcoma-site plan {site.site}"
    return "Try again in a while; at other hours there is more."


def _well(desk: Desk, machine: SiteMachine) -> bool:
    await_agent(desk, machine.id)
    answer = run(desk, machine.id, _DOCTOR.splitlines(), seconds=_BOOT)
    for line in (answer.output.strip() or answer.errors.strip() or answer.status).splitlines():
        desk.say(line)
    if answer.status != "Success":
        desk.say(
            f"doctor found something in the way, or did not run ({answer.status}). The boot's own "
            f"words: aws ssm "
            f"start-session --region {desk.cloud.site.region} --target {machine.id}, then journalctl "
            f"--unit sarcoma-site"
        )
    return answer.status == "Success"
