"""Destroy tells, and deletes nothing: its commands are a shell's, in an order that works."""

import io
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from sarcoma_cdk.cli import main
from sarcoma_cdk.config import example_sites, read_site
from sarcoma_cdk.destroy import commands, kept, staying
from sarcoma_cdk.naming import STACKS
from tests.cdk.tools.account import Account

pytestmark = pytest.mark.cdk

SITES = [pytest.param(path, id=path.stem) for path in example_sites()]


@pytest.mark.parametrize("path", SITES)
def test_the_commands_are_what_a_shell_reads(path: Path) -> None:
    shell = shutil.which("sh")
    assert shell
    text = commands(read_site(path), path)
    subprocess.run([shell, "-n"], input=text, text=True, check=True, capture_output=True)


@pytest.mark.parametrize("path", SITES)
def test_protections_go_first_then_the_stacks_and_the_key_comes_last(path: Path) -> None:
    site = read_site(path)
    lines = [line for line in commands(site, path).splitlines() if line and not line.startswith("#")]
    kinds = [
        "protection"
        if re.search("protection |disable-api-termination|deletion_protection", line)
        else "stack"
        if "cdk destroy" in line
        else "rest"
        for line in lines
    ]
    last_protection = max(n for n, kind in enumerate(kinds) if kind == "protection" and "rds" not in lines[n])
    assert last_protection < kinds.index("stack")
    assert "schedule-key-deletion" in lines[-1]
    text = "\n".join(lines)
    for part in STACKS:
        assert (f"--stack-name {site.stack_name(part)}\n" in text) == (part != "Boot")
    destroyed = " ".join(line for line in lines if "cdk destroy" in line)
    order = [destroyed.index(f"{site.stack_name(part)} ") for part in reversed(STACKS)]
    assert order[3] < order[4] < order[5]  # the machine, its data, the network


@pytest.mark.parametrize("path", SITES)
def test_every_thing_that_stays_is_told_with_its_cost_and_how_it_goes_at_last(path: Path) -> None:
    site = read_site(path)
    told, text = staying(site), commands(site, path)
    for each in kept(site):
        assert each.name in told
        assert re.match(r"\d+\.\d{2}", each.monthly)
        for line in each.remove:
            assert line in text


def test_a_lock_that_nobody_can_undo_is_told_as_such(account: Account) -> None:
    soft, hard = account.site(), account.site(backup__lock="compliance")
    assert "delete-backup-vault-lock-configuration" in commands(soft, Path("x"))
    text = commands(hard, Path("x"))
    assert "its lock cannot be undone: each recovery point stays 35 days" in text
    assert "delete-backup-vault-lock-configuration" not in text


def test_rds_goes_before_the_network_that_it_stands_in(account: Account) -> None:
    text = commands(account.site(database={"kind": "rds"}), Path("x"))
    assert text.index("rds delete-db-instance") < text.index("destroy sarcoma-example-network")
    assert "volume database" not in text


@pytest.mark.parametrize(("typed", "code"), [("example\n", 0), ("Example\n", 1), ("y\n", 1), ("", 1)])
def test_the_commands_are_shown_to_who_types_the_name(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, typed: str, code: int
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    assert main(["destroy", "example"]) == code
    out = capsys.readouterr().out
    assert "It keeps, and AWS goes on billing" in out
    assert ("cdk destroy" in out) == (code == 0)


def test_the_name_may_be_given_beforehand(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["destroy", "example", "--confirm", "example"]) == 0
    assert main(["destroy", "example", "--confirm", "other"]) == 1
    assert "the site's name must be typed, example; found 'other'" in capsys.readouterr().err


def test_aws_is_asked_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr("boto3.Session", never)
    monkeypatch.setattr("subprocess.run", never)
    assert main(["destroy", "example", "--confirm", "example"]) == 0
