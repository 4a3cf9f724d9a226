"""The documentation holds: every command that it shows is one, every file that it links to is there."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from sarcoma_cdk.cli.main import parser as site_parser
from sarcoma_core.cli.main import parser

ROOT = Path(__file__).parents[1]
PAGES = [
    *ROOT.glob("*.md"),
    *ROOT.glob("docs/**/*.md"),
    *ROOT.glob("containers/*.md"),
    *ROOT.glob("aws_cdk/*.md"),
    *ROOT.glob("xnat_commands/*.md"),
]


PARSERS = {"sarcoma": parser, "sarcoma-site": site_parser}


def commands() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        for block in re.findall(r"```sh\n(.*?)```", page.read_text(), re.DOTALL):
            for line in block.replace("\\\n", " ").splitlines():
                words = line.split("#")[0].strip()
                if re.match(r"(\.venv/bin/)?sarcoma(-site)? ", words):
                    yield page.relative_to(ROOT).as_posix(), words


def links() -> Iterator[tuple[Path, str]]:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text()):
            if "://" not in target:
                yield page, target


@pytest.mark.parametrize(("page", "line"), list(commands()))
def test_every_command_shown_is_a_command(page: str, line: str) -> None:
    del page
    program, *words = shlex.split(line)
    arguments = PARSERS[Path(program).name]().parse_args(words)
    assert callable(arguments.run)


@pytest.mark.parametrize(("page", "target"), [pytest.param(p, t, id=f"{p.name}-{t}") for p, t in links()])
def test_every_link_leads_to_a_file(page: Path, target: str) -> None:
    assert (page.parent / target).exists()


def test_every_make_verb_shown_is_one() -> None:
    verbs = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    shown = {v for page in PAGES for v in re.findall(r"^make ([a-z-]+)", page.read_text(), re.MULTILINE)}
    assert shown <= verbs
    assert {"demo", "test"} <= shown
