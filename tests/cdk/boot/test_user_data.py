"""The user data and its units."""

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sarcoma_cdk import user_data as module
from sarcoma_cdk.errors import SiteError
from sarcoma_cdk.user_data import LONGEST, user_data
from tests.contracts.test_compose import need

BOOT = Path(__file__).parents[3] / "aws_cdk" / "sarcoma_cdk" / "boot"
UNITS = ("sarcoma-site.service", "sarcoma-site-follow.service", "sarcoma-site-follow.timer")


def laid(folder: Path) -> Path:
    """What the user data lays out, below another root."""
    text = user_data("muhc", "ca-central-1", "/sarcoma/muhc").partition("# The AMI is")[0]
    for place in ("/etc/", "/usr/local/"):
        text = text.replace(place, f"{folder}{place}")
    (folder / "etc" / "systemd" / "system").mkdir(parents=True)
    subprocess.run(["bash"], input=text, text=True, check=True)
    return folder


def test_it_lays_out_the_runner_and_the_units_word_for_word(tmp_path: Path) -> None:
    root = laid(tmp_path)
    runner = (root / "usr/local/lib/sarcoma/runner.py").read_text()
    assert runner.replace(str(root), "") == (BOOT / "runner.py").read_text()
    assert ast.parse(runner)
    for name in UNITS:
        unit = (root / "etc/systemd/system" / name).read_text()
        assert unit.replace(str(root), "") == (BOOT / name).read_text()


def test_the_machine_is_told_its_region_and_its_parameter_and_no_more(tmp_path: Path) -> None:
    values = (laid(tmp_path) / "etc/sarcoma/seed.env").read_text().splitlines()
    assert values == [
        "AWS_REGION=ca-central-1",
        "AWS_DEFAULT_REGION=ca-central-1",
        "SARCOMA_SITE=muhc",
        "SARCOMA_PARAMETER=/sarcoma/muhc",
    ]


@pytest.mark.parametrize(
    "before",
    [None, {}, {"userland-proxy": False, "runtimes": {"nvidia": {"path": "nvidia-container-runtime"}}}],
)
def test_the_engine_gets_our_networks_and_keeps_what_the_image_told_it(
    tmp_path: Path, before: dict[str, Any] | None
) -> None:
    path = tmp_path / "daemon.json"
    if before is not None:
        path.write_text(json.dumps(before))
    text = user_data("muhc", "ca-central-1", "/sarcoma/muhc")
    program = text.partition("<<'PYTHON'\n")[2].partition("\nPYTHON\n")[0]
    for _ in range(2):
        subprocess.run(
            [sys.executable, "-c", program.replace("/etc/docker/daemon.json", str(path))], check=True
        )
    told = json.loads(path.read_text())
    assert told["userland-proxy"] is True
    assert told["bip"].startswith("100.64.")
    assert all(each["base"].startswith("100.64.") for each in told["default-address-pools"])
    assert told.get("runtimes") == (before or {}).get("runtimes")


def test_the_engine_is_configured_before_anything_asks_it() -> None:
    text = user_data("muhc", "ca-central-1", "/sarcoma/muhc")
    assert text.index("systemctl restart docker.service") < text.index("systemctl start")


def test_it_is_bash_and_has_room_left() -> None:
    text = user_data("muhc", "ca-central-1", "/sarcoma/muhc")
    assert text.startswith("#!/usr/bin/env bash\n")
    assert "@" not in text.partition("class FetchError")[0].partition("RUNNER")[0]
    assert len(text.encode()) < LONGEST * 0.9
    assert subprocess.run(["bash", "-n"], input=text, text=True, check=False).returncode == 0


@pytest.mark.parametrize(
    ("site", "region", "parameter"),
    [
        ("Muhc", "ca-central-1", "/p"),
        ("muhc", "canada", "/p"),
        ("muhc", "ca-central-1", "/p; rm"),
        ("", "", ""),
    ],
)
def test_arguments_that_a_shell_would_take_apart_are_refused(site: str, region: str, parameter: str) -> None:
    with pytest.raises(SiteError, match="must be like"):
        user_data(site, region, parameter)


def test_user_data_that_ec2_would_not_take_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    size = len(user_data("muhc", "ca-central-1", "/p").encode())
    monkeypatch.setattr(module, "LONGEST", size)
    assert user_data("muhc", "ca-central-1", "/p")
    monkeypatch.setattr(module, "LONGEST", size - 1)
    with pytest.raises(SiteError, match=f"must be {size - 1} bytes at most; found {size}"):
        user_data("muhc", "ca-central-1", "/p")


@pytest.mark.parametrize("name", UNITS)
def test_systemd_finds_nothing_in_a_unit(tmp_path: Path, name: str) -> None:
    program = need("systemd-analyze", "apt-get install systemd")
    for unit in UNITS:
        (tmp_path / unit).write_text((BOOT / unit).read_text())
    # The engine's own unit stands where Docker does; the units of systemd itself are there.
    (tmp_path / "docker.service").write_text("[Service]\nExecStart=/bin/true\n")
    environment = {"SYSTEMD_UNIT_PATH": f"{tmp_path}:", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [program, "verify", tmp_path / name], env=environment, check=False, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
