"""Destroy tells, and deletes nothing: its commands are a shell's, in an order that works."""

import io
import os
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
    assert "schedule-key-deletion" in lines[-2]
    assert "resourcegroupstaggingapi get-resources" in lines[-1]  # what is left
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


def test_rds_goes_before_its_stack_whose_parameters_it_uses_and_leaves_its_last_state(
    account: Account,
) -> None:
    site = account.site(database={"kind": "rds"})
    text, told = commands(site, Path("x")), staying(site)
    stacks = text.index("sarcoma-example-machine -c site")
    assert stacks < text.index("rds delete-db-instance") < text.index("destroy sarcoma-example-data")
    assert "volume database" not in text
    assert "--no-delete-automated-backups --final-db-snapshot-identifier sarcoma-example-final" in text
    for stays in ("RDS snapshot sarcoma-example-final", "retained automated backups", "RDSOSMetrics"):
        assert stays in told
    last = text[text.index("# 4.") :]
    assert "rds delete-db-snapshot --db-snapshot-identifier sarcoma-example-final" in last
    assert last.index("delete-log-stream") < last.index("delete-db-instance-automated-backup")  # by its list


SHOWS = ("describe-volumes", "describe-log-groups", "kms:key")


@pytest.mark.parametrize("what", SHOWS)
@pytest.mark.parametrize("found", ["", "one\n", "one 1\ttoday\ntwo 2\tyesterday\n"], ids=["0", "1", "2"])
def test_of_things_with_one_name_each_gets_a_command_of_its_own_and_none_is_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, account: Account, what: str, found: str
) -> None:
    (tmp_path / "answer").write_text(found, "utf-8")
    program = f'#!/bin/sh\necho "$2" >>{tmp_path}/ran\ncat {tmp_path}/answer\n'
    (tmp_path / "aws").write_text(program, "utf-8")
    (tmp_path / "aws").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    line = next(line for line in commands(account.site(), Path("x")).splitlines() if what in line)
    done = subprocess.run(["sh", "-c", line], check=True, capture_output=True, text=True)
    told = done.stdout.splitlines()
    assert len(told) == found.count("\n")
    assert all(re.match(r"aws \w+ (delete|schedule)-[a-z-]+ .* (one|two)  # ", each) for each in told)
    ran = (tmp_path / "ran").read_text("utf-8").split()
    assert len(ran) == 1
    assert ran[0].startswith(("describe-", "get-"))


def test_no_line_takes_the_first_of_several(account: Account) -> None:
    for line in commands(account.site(database={"kind": "rds"}), Path("x")).splitlines():
        assert "[0]" not in line.replace("LoadBalancers[0]", "")  # whose name is one


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
