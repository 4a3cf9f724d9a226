"""Put the machine to sleep, unless XNAT is at work."""

import json
from pathlib import Path

from sarcoma_cdk.errors import CloudError, RefusedError
from sarcoma_cdk.power.commands import await_agent, run
from sarcoma_cdk.power.desk import Desk
from sarcoma_cdk.power.machine import SiteMachine, await_state, find, stop

_PROGRAM = Path(__file__).with_name("at_work.py")
_PATIENCE = 120
_SHOWN = 5


def sleep(desk: Desk) -> None:
    """Stop the machine; it is stopped afterwards.

    Args:
        desk: with the site.

    Raises:
        RefusedError: XNAT is at work, the machine is just starting, there is none, or the answer is no.
        CloudError: it does not tell what it is at, or does not stop.
    """
    machine = find(desk)
    if machine.state == "pending":
        raise RefusedError(
            f"machine {machine.id}: must be up before it is stopped; it is starting.",
            hint="Try again in a minute.",
        )
    if machine.state == "running":
        question = f"Stop {machine.id} ({machine.size})? XNAT is away until: sarcoma-site wake "
        machine = stop_idle(desk, machine, f"{question}{desk.cloud.site.site}.")
    elif machine.state == "stopping":
        machine = await_state(desk, {"stopped"})
    desk.say(f"{machine.id} is {machine.state}; its volumes and all else go on costing (sarcoma-site cost)")


def stop_idle(desk: Desk, machine: SiteMachine, question: str) -> SiteMachine:
    """Stop a running machine that is not at work: looked at before the question, and again after its answer.

    Args:
        desk: with the site; with `force` only the question is asked.
        machine: the machine.
        question: whether it may be stopped; hours may pass until somebody answers.

    Returns:
        The machine, stopped.

    Raises:
        RefusedError: it is at work, or the answer is no.
        CloudError: it does not tell what it is at, or does not stop.
    """
    check_idle(desk, machine)
    desk.ask(question)
    check_idle(desk, machine)
    return stop(desk, machine)


def check_idle(desk: Desk, machine: SiteMachine) -> None:
    """See that a running machine's XNAT is not at work.

    Args:
        desk: with the site; with `force` nothing is asked.
        machine: the machine.

    Raises:
        RefusedError: it is at work.
        CloudError: it does not tell.
    """
    if desk.force:
        return
    try:
        await_agent(desk, machine.id, seconds=30)
        answer = run(desk, machine.id, _script(), seconds=_PATIENCE)
        found = json.loads(answer.output)
        busy = [f"container {image}" for image in found["containers"]]
        busy += [f"workflow {each['id']} {each['name']} ({each['status']})" for each in found["workflows"]]
    except (ValueError, KeyError, TypeError) as error:
        last = (answer.errors.strip().splitlines() or [answer.status])[-1][:300]
        raise CloudError(
            f"machine {machine.id}: must tell what XNAT is at; it does not: {last}",
            hint="Is XNAT down anyway? Then: --force",
        ) from error
    except CloudError as error:
        raise CloudError(str(error), hint="Is the machine ill anyway? Then: --force") from error
    if busy:
        more = f" and {len(busy) - _SHOWN} more" if len(busy) > _SHOWN else ""
        raise RefusedError(
            f"XNAT is at work: {', '.join(busy[:_SHOWN])}{more}. A stop would lose that.",
            hint="Wait for their end, kill them in XNAT, or lose them: --force",
        )


def _script() -> list[str]:
    return ["python3 - <<'END_OF_PROGRAM'", *_PROGRAM.read_text("utf-8").splitlines(), "END_OF_PROGRAM"]
