"""A run is on the project, on its sessions or on single scans: as its steps allow, or not at all."""

import pytest

from sarcoma_core.chains import CHAINS
from sarcoma_core.errors import UsageError
from sarcoma_core.launch.levels import level_of, require_whole, steps_asked_for
from sarcoma_core.steps import STEPS, step_named

ABLE = [step.name for step in STEPS if "scan" in step.levels]


@pytest.mark.parametrize("step", STEPS, ids=[step.name for step in STEPS])
def test_a_step_is_launched_on_its_usual_level_and_on_scans_when_they_are_asked_for(step: object) -> None:
    (named,) = (one for one in STEPS if one is step)
    assert level_of((named,)) == named.input.spec.level
    if "scan" in named.levels:
        assert level_of((named,), scan="4") == level_of((named,), scan="*") == "scan"
        return
    with pytest.raises(UsageError, match=f"--scan: must be left out for step {named.name}") as caught:
        level_of((named,), scan="4")
    assert caught.value.hint == f"Steps that can be launched on a scan: {', '.join(ABLE)}."


def test_one_step_that_cannot_be_launched_on_a_scan_keeps_its_chain_from_it() -> None:
    assert ABLE, "or this would say nothing"
    able, report = step_named(ABLE[0]), step_named("report")
    assert level_of((able, able), scan="4") == "scan"
    with pytest.raises(UsageError, match="step report, which is launched on a session"):
        level_of((able, report), scan="4")
    assert level_of((able, report)) == "session"


@pytest.mark.parametrize("level", ["project", "session", "scan"])
@pytest.mark.parametrize("scan", ["", "4"])
@pytest.mark.parametrize("sessions", [False, True])
def test_only_a_step_on_a_project_takes_no_choice_of_sessions_or_scans(
    level: str, scan: str, *, sessions: bool
) -> None:
    if level == "project" and (scan or sessions):
        flag = "--scan" if scan else "--session"
        with pytest.raises(UsageError, match=f"{flag}: must be left out for a step on a project"):
            require_whole("project", {"--scan": bool(scan), "--session": sessions})
        return
    require_whole(level, {"--scan": bool(scan), "--session": sessions})  # type: ignore[arg-type]


@pytest.mark.parametrize("step", STEPS, ids=[step.name for step in STEPS])
def test_a_step_stands_for_itself(step: object) -> None:
    (named,) = (one for one in STEPS if one is step)
    assert steps_asked_for(named.name) == (named,)


@pytest.mark.parametrize("chain", CHAINS)
def test_a_chain_stands_for_its_steps_in_order(chain: str) -> None:
    assert tuple(step.name for step in steps_asked_for(chain)) == CHAINS[chain]


@pytest.mark.parametrize("what", ["", "none", "Convert", "convert report"])
def test_what_is_neither_is_refused_with_all_that_there_are(what: str) -> None:
    with pytest.raises(UsageError, match=r"STEP\|CHAIN: must be a step .* or a chain") as caught:
        steps_asked_for(what)
    assert all(step.name in caught.value.message for step in STEPS)
    assert all(chain in caught.value.message for chain in CHAINS)
    assert f"found {what!r}" in caught.value.message
