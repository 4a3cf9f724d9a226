"""What the admin image is told, and what becomes of its answer."""

import json
from typing import Any

import pytest

from sarcoma_cdk.boot import admin
from sarcoma_cdk.boot.admin import Admin
from sarcoma_cdk.boot.failure import BootError
from sarcoma_cdk.boot.places import USER
from sarcoma_cdk.boot.settings import read_settings
from tests.cdk.boot.conftest import DIGEST, Told
from tests.cdk.boot.programs import Programs


@pytest.fixture
def made(told: Told, places: Any, programs: Programs) -> Any:
    programs.answer("docker", "network", "inspect", by="docker0")
    programs.answer("ip", by="inet 172.17.0.1/16")
    programs.answer("docker", "rm", by=1)  # there is none of that name
    programs.answer("docker", "run")
    return lambda **changed: Admin(read_settings(told(**changed)), places)


def test_the_settings_say_where_xnat_is_for_people_for_containers_and_for_the_engine(
    made: Any, places: Any
) -> None:
    made().write()
    site = json.loads((places.told / "site.json").read_text())
    assert site == {
        "site_url": "https://xnat.muhc.example",
        "processing_url": "http://172.17.0.1:8080",
        "inside": "/data/xnat",
        "outside": str(places.archive),
        "container_user": f"{USER}:{USER}",
        "engine": "http://engine:2375",
        "password_file": "/etc/sarcoma/admin_password",
        "ae_title": "XNAT",
        "smtp": None,
    }


def test_steps_are_installed_by_digest_and_services_are_not(made: Any, places: Any) -> None:
    made().write()
    images = json.loads((places.told / "images.json").read_text())
    assert list(images) == ["convert"]
    assert images["convert"].endswith(f"/muhc/sarcoma/convert@{DIGEST}")


def test_the_password_is_read_from_a_file_by_an_unprivileged_container(made: Any, programs: Programs) -> None:
    made().bootstrap()
    (asked,) = programs.named("docker", "run")
    assert asked[-4:] == ("xnat", "bootstrap", "--settings", "/etc/sarcoma/site.json")
    assert f"--user={USER}:{USER}" in asked
    assert "--read-only" in asked
    assert any(word.startswith("--env-file=") for word in asked)


def test_the_container_of_a_boot_that_was_killed_is_removed_first(made: Any, programs: Programs) -> None:
    made().bootstrap()
    asked = [each[1] for each in programs.asked if each[0] == "docker"]
    assert asked == ["rm", "run"]
    (removed,), (ran,) = programs.named("docker", "rm"), programs.named("docker", "run")
    assert ran[ran.index("--name") + 1] == removed[-1]


@pytest.mark.parametrize(
    ("told_so", "driver", "gpu"),
    [(None, True, "docker"), (None, False, "none"), (True, False, "docker"), (False, True, "none")],
)
def test_a_gpu_is_asked_for_where_the_site_says_so_or_else_where_a_driver_is(
    made: Any,
    programs: Programs,
    tmp_path: Any,
    monkeypatch: pytest.MonkeyPatch,
    *,
    told_so: bool | None,
    driver: bool,
    gpu: str,
) -> None:
    monkeypatch.setattr(admin, "_GPU", tmp_path if driver else tmp_path / "none")
    made(gpu=told_so).install()
    (asked,) = programs.named("docker", "run")
    assert asked[-2:] == ("--gpu", gpu)


def test_what_the_doctor_finds_is_the_reason(made: Any, programs: Programs) -> None:
    found = [
        {"check": "images", "verdict": "fault", "found": "convert is not on the backend.", "fix": "pull it"},
        {"check": "roles", "verdict": "ok", "found": "fine", "fix": ""},
    ]
    assert admin.faults(json.dumps({"findings": found})) == "images: convert is not on the backend."
    programs.answer("docker", "run", by=1)
    with pytest.raises(BootError, match=r"xnat doctor failed \(1\): docker says no"):
        made().doctor()


@pytest.mark.parametrize("told", ["", "no JSON", "[]", '{"findings": [1]}'])
def test_an_answer_of_another_form_holds_no_faults(told: str) -> None:
    assert admin.faults(told) == ""


def test_a_refusal_of_xnat_is_the_reason(made: Any, programs: Programs) -> None:
    programs.answer("docker", "run", by=1)
    with pytest.raises(BootError, match=r"xnat install failed \(1\): docker says no"):
        made().install()


def test_each_project_is_automated_and_one_that_cannot_be_is_told(made: Any, programs: Programs) -> None:
    told: list[str] = []
    made(automate=["STS", "OTHER"]).automate(told.append)
    asked = programs.named("docker", "run")
    told_of = [(each[each.index("xnat") + 1], each[each.index("--project") + 1]) for each in asked]
    assert told_of == [("install", "STS"), ("automate", "STS"), ("install", "OTHER"), ("automate", "OTHER")]
    assert told == []
    programs.answer("docker", "run", by=1)
    made(automate=["STS"]).automate(told.append)
    assert told == ["warning: STS is not automated: docker says no"]
