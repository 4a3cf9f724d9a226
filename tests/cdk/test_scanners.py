"""What others' scanners say of both example sites, and that the same files always make the same templates.

checkov has an environment of its own: `python -m venv checkov && checkov/bin/pip install checkov==3.3.30`,
then `SARCOMA_CHECKOV=checkov/bin/checkov`.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from pathlib import Path

import pytest
from cfnlint.config import ConfigMixIn
from cfnlint.runner import Runner

from sarcoma_cdk.application import make_app
from sarcoma_cdk.config import example_sites, lock_path
from tests.cdk.acknowledging import LIST, Acknowledged, acknowledged, answers, findings, written
from tests.cdk.checkov_allowed import ALLOWED
from tests.cdk.synthesized import SITES, folder_of, judged, publication_of, site_of, templates_of

pytestmark = pytest.mark.cdk

APP = Path(__file__).resolve().parents[2] / "aws_cdk"
WORDS = 5
_KERNEL = re.compile(rb"jsii-kernel-\w+")
"""CDK's own scratch folder; its name is in what CDK tells about itself, and in no template."""

LINT = {
    "I1022": "CDK writes Fn::Join where Fn::Sub would be shorter",
    "W3005": "CDK says by name what a reference says already",
    "W3010": "a machine and its volume stand in one zone, which the site's file names",
}
"""Findings of cfn-lint that stay, and why."""


def _told(name: str, folder: Path) -> Path:
    """A copy of an example site's file, with a lock beside it."""
    folder.mkdir(exist_ok=True)
    source = next(path for path in example_sites() if path.stem == name)
    path = folder / source.name
    shutil.copy(source, path)
    lock_path(path).write_text(json.dumps(asdict(publication_of(name))), "utf-8")
    return path


def _synthesized_twice(name: str, folder: Path) -> tuple[Path, Path]:
    """By CDK's command line, in two processes; the first has cdk-nag too, as people have it."""
    if not (APP / "node_modules" / ".bin" / "cdk").exists():
        pytest.skip("needs the AWS CDK's command line: npm ci --prefix aws_cdk")
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "1",
        "CDK_DISABLE_VERSION_CHECK": "1",
    }
    site = _told(name, folder / "sites")
    outs = folder / "first", folder / "second"
    command = ["npx", "--no-install", "cdk", "synth", "--quiet", "-c", f"site={site}"]
    running = [
        subprocess.Popen(
            [*command, "-c", f"judged={str(out == outs[0]).lower()}", "--output", str(out)],
            cwd=APP,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for out in outs
    ]
    for each in running:
        said, _ = each.communicate(timeout=300)
        assert each.returncode == 0, said
    return outs


def _bytes(folder: Path) -> Mapping[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): _KERNEL.sub(b"jsii-kernel", path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_two_syntheses_by_the_command_line_are_the_same_bytes(tmp_path: Path) -> None:
    name = "example"
    first, second = _synthesized_twice(name, tmp_path)
    assert _bytes(first) == _bytes(second)
    made = {path.name for path in first.glob("*.template.json")}
    assert made == {path.name for path in folder_of(name).glob("*.template.json")}
    for path in first.glob("*.template.json"):
        assert path.read_bytes() == (folder_of(name) / path.name).read_bytes(), (
            "as it is made in this process"
        )
        assert b"jsii-kernel" not in path.read_bytes()


@pytest.mark.parametrize("name", SITES)
def test_two_syntheses_of_one_process_are_the_same_bytes(name: str, tmp_path: Path) -> None:
    make_app(site_of(name), publication_of(name), judged=False, outdir=tmp_path).synth()
    assert _bytes(tmp_path) == _bytes(folder_of(name))


def test_two_sites_of_one_process_do_not_see_each_other() -> None:
    for name, other in (SITES, reversed(SITES)):
        for path in folder_of(name).glob("*.template.json"):
            assert f"sarcoma-{other}" not in path.read_text("utf-8")


@pytest.mark.parametrize("name", SITES)
def test_another_publication_changes_its_own_stack_alone(name: str) -> None:
    one, two = (templates_of(name, mark=mark).stacks for mark in ("a", "c"))
    changed = {stack for stack in one if one[stack].template != two[stack].template}
    assert changed == {site_of(name).stack_name("Boot")}


@cache
def _lint(name: str) -> tuple[tuple[str, str], ...]:
    paths = sorted(str(path) for path in folder_of(name).glob("*.template.json"))
    settings = ConfigMixIn([], templates=paths, regions=[site_of(name).region], include_checks=["I"])
    return tuple((match.rule.id, f"{Path(match.filename).name}: {match}") for match in Runner(settings).run())


@pytest.mark.parametrize("name", SITES)
def test_cfn_lint_finds_nothing_of_any_level_but_what_stays(name: str) -> None:
    assert [text for rule, text in _lint(name) if rule not in LINT] == []


def test_everything_that_cfn_lint_may_find_is_found() -> None:
    assert {rule for name in SITES for rule, _ in _lint(name)} == set(LINT)


@pytest.mark.parametrize("name", SITES)
def test_cdk_nag_finds_nothing_that_is_not_acknowledged(name: str) -> None:
    standing = acknowledged(name)
    assert [found for found in findings(name) if not any(answers(each, found) for each in standing)] == []


@pytest.mark.parametrize("name", SITES)
def test_every_acknowledgement_answers_a_finding(name: str) -> None:
    found = findings(name)
    assert [each for each in acknowledged(name) if not any(answers(each, one) for one in found)] == []


def test_all_three_packs_of_cdk_nag_judge_a_site() -> None:
    found = {finding.partition("-")[0] for name in SITES for _, finding in findings(name)}
    assert found >= {"AwsSolutions", "HIPAA.Security", "NIST.800.53.R5"}


def test_a_site_that_acknowledges_nothing_is_refused() -> None:
    _, said = judged("example", acknowledging=False)
    assert "ValidationFailed" in said


def test_an_acknowledgement_answers_its_own_construct_alone() -> None:
    one = Acknowledged("stack/Logs", "AwsSolutions-S1", "")
    assert answers(one, ("stack/Logs/Resource", "AwsSolutions-S1"))
    assert answers(one, ("stack/Logs", "AwsSolutions-S1"))
    assert not answers(one, ("stack/LogsToo/Resource", "AwsSolutions-S1"))
    assert not answers(one, ("stack/Logs/Resource", "AwsSolutions-S10"))


def test_every_acknowledgement_says_why_in_a_sentence() -> None:
    for each in (one for name in SITES for one in acknowledged(name)):
        assert len(each.reason.split()) >= WORDS, each
        assert each.reason.endswith("."), each


def test_the_list_of_acknowledgements_is_the_committed_one() -> None:
    assert written() == LIST.read_text("utf-8"), (
        "python -m tests.cdk.acknowledging writes it; look at the diff"
    )


@cache
def _checkov() -> tuple[tuple[str, str], ...]:
    program = os.environ.get("SARCOMA_CHECKOV")
    if not program:
        pytest.skip("needs checkov in an environment of its own: SARCOMA_CHECKOV=<its path>")
    with tempfile.TemporaryDirectory() as folder:  # one: of a second checkov only repeats the first
        for name in SITES:
            for path in folder_of(name).glob("*.template.json"):
                shutil.copy(path, folder)
        done = subprocess.run(
            [
                program,
                "--directory",
                folder,
                "--framework=cloudformation",
                "--skip-download",
                "--output=json",
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
    report = json.loads(done.stdout)
    assert report["summary"]["parsing_errors"] == 0
    judged_files = {each["file_path"] for each in report["results"]["passed_checks"]}
    assert len(judged_files) > len(SITES) * 4, "each stack holds something that it judges"
    return tuple((each["check_id"], each["resource"]) for each in report["results"]["failed_checks"])


def _stays(found: tuple[str, str]) -> bool:
    return any(found[0] == each.check and found[1].startswith(each.resource) for each in ALLOWED)


def test_checkov_finds_nothing_but_what_stays() -> None:
    assert [found for found in _checkov() if not _stays(found)] == []


def test_everything_that_checkov_may_find_is_found() -> None:
    found = _checkov()
    for each in ALLOWED:
        assert any(check == each.check and name.startswith(each.resource) for check, name in found), each
