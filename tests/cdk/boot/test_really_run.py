"""The boot, run: on a machine made of Debian packages, with an engine, volumes and a cloud of its own.

Doubles are systemd (a script that runs the unit's ExecStart), the Compose plug-in (Debian's docker-compose),
ECR (Debian's docker-registry, which wants moto's password), and the images (building.py).
"""

from pathlib import Path

import pytest

from tests.cdk.boot.cloud import REGION
from tests.cdk.boot.story import State, Story, site, tell_story

pytestmark = [pytest.mark.docker, pytest.mark.cdk]

HERE = {"seed.env", ".env", "orthanc_users.json", "fstab", "signalled", "tried"}
"""Files with what one machine has for itself: parameter, address, volumes, handle, Orthanc's password."""


@pytest.fixture(scope="module")
def story(cohort: Path, tmp_path_factory: pytest.TempPathFactory) -> Story:
    with site(tmp_path_factory.mktemp("site")) as there:
        patient = min(cohort.iterdir())
        return tell_story(there, patient)


def test_a_site_comes_up_and_cloudformation_is_told(story: Story) -> None:
    assert story.ended["untried"].code == 0, story.ended["untried"].text[-3000:]
    told = story.signals["untried"]
    assert told is not None
    assert (told["Status"], told["Data"]) == ("SUCCESS", "https://xnat.site.example")


def test_the_doctor_passed_and_every_command_is_on_by_digest(story: Story) -> None:
    assert "step doctor: done" in story.ended["untried"].text
    commands = story.states["untried"].commands
    assert commands
    assert all("@sha256:" in each and each.endswith("on current") for each in commands)


def test_a_step_that_is_launched_completes(story: Story) -> None:
    assert story.launched == "complete"


def test_a_project_is_automated_once_it_is_there(story: Story) -> None:
    assert "warning: TRIAL is not automated: " in story.ended["untried"].text
    assert story.automated


@pytest.mark.parametrize(
    ("cause", "step", "reason"),
    [
        ("engine", "engine", "must be 26 or older (Container Service 3.7); found 27.0.1"),
        ("checksum", "artefacts", "xnat-web-1.9.3.war must have the SHA-256"),
        ("secret", "secrets", "secretsmanager get-secret-value failed"),
    ],
)
def test_a_site_that_cannot_come_up_is_a_failed_deploy_with_the_reason(
    story: Story, cause: str, step: str, reason: str
) -> None:
    told = story.refused[cause]
    assert told is not None
    assert told["Status"] == "FAILURE"
    assert told["Reason"].startswith(f"step {step}: ")
    assert reason in told["Reason"]
    assert story.ended[cause].code == 1


def test_a_machine_that_failed_and_was_killed_ends_as_one_that_was_not(story: Story) -> None:
    assert story.ended["first"].code == 0, story.ended["first"].text[-3000:]
    assert (story.signals["first"] or {}).get("Status") == "SUCCESS"
    tried, untried = story.states["first"], story.states["untried"]
    assert shared_files(tried) == shared_files(untried)
    assert tried.files.keys() == untried.files.keys()
    assert tried.images == untried.images
    assert tried.commands == untried.commands
    assert tried.containers.keys() == untried.containers.keys()


def test_a_second_boot_changes_nothing(story: Story) -> None:
    assert story.ended["again"].code == 0
    assert story.states["again"] == story.states["first"]


def test_a_boot_after_the_power_was_cut_brings_back_the_same_site_whose_handle_has_expired(
    story: Story,
) -> None:
    ended = story.ended["after the power was cut"]
    assert ended.code == 0, ended.text[-3000:]
    assert "warning: CloudFormation could not be told SUCCESS" in ended.text
    before, after = story.states["again"], story.states["after the power was cut"]
    assert after.containers == before.containers
    assert after.volumes == before.volumes
    assert after.commands == before.commands
    assert shared_files(after) == shared_files(before)
    assert "NIFTI/run.json" in story.kept


def test_what_only_one_reader_may_see_is_his(story: Story) -> None:
    files = story.states["untried"].files
    readable = [name for name, value in files.items() if value.split()[0] not in ("600", "644", "755")]
    assert readable == []
    secret = ("password", "users.json", "admin.env", "site.json", "images.json")
    assert {files[name].split()[0] for name in files if name.endswith(secret)} == {"600"}


def test_no_secret_is_said_or_logged(story: Story) -> None:
    assert REGION not in story.cloud.passwords.values()
    for name, password in story.cloud.passwords.items():
        assert not [text for text in story.said if password in text], name


def shared_files(state: State) -> dict[str, str]:
    """The files that two machines of a site have alike."""
    return {name: value for name, value in state.files.items() if name.rpartition("/")[2] not in HERE}
