"""What the verbs' arguments have in common: the site, `--json`, questions."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sarcoma_cdk.errors import RefusedError

if TYPE_CHECKING:
    from sarcoma_cdk.config import Publication, Site

_YES = {"y", "yes"}


class Named(NamedTuple):
    """The site that was named.

    Attributes:
        path: its file.
        site: what it says.
    """

    path: Path
    site: "Site"


def add_site(parser: argparse.ArgumentParser) -> None:
    """Add which site is meant.

    Args:
        parser: the verb's parser.
    """
    parser.add_argument(
        "site", metavar="SITE", help="its name, of the file aws_cdk/sites/NAME.yaml, or the path of its file"
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add the answer for machines.

    Args:
        parser: the verb's parser.
    """
    parser.add_argument("--json", action="store_true", help="answer in JSON")


def add_yes(parser: argparse.ArgumentParser) -> None:
    """Add the answer to the verb's question.

    Args:
        parser: the verb's parser.
    """
    parser.add_argument("--yes", action="store_true", help="do not ask")


def named_site(arguments: argparse.Namespace) -> Named:
    """Read the file of the site that was named.

    Args:
        arguments: with `site`.

    Raises:
        ConfigError: there is no such site, its file breaks a rule, or is called otherwise.
    """
    from sarcoma_cdk import config

    return Named(*config.named_site(arguments.site))


def publication_of(named: Named) -> "Publication | None":
    """Read the lock of a site: None before its first publication.

    Args:
        named: the site.

    Raises:
        ConfigError: it is damaged, or another site's.
    """
    from sarcoma_cdk.config import lock_path, read_publication

    return read_publication(lock_path(named.path), named.site.site)


def show_json(answer: Any) -> None:  # noqa: ANN401  whatever JSON holds
    """Answer in JSON.

    Args:
        answer: the answer.
    """
    sys.stdout.write(json.dumps(answer, indent=1) + "\n")


def say(line: str) -> None:
    """A line about what is going on: not the answer, so on stderr.

    Args:
        line: the line.
    """
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def ask(question: str, *, yes: bool) -> None:
    """Ask before something is done; anything but yes is no.

    Args:
        question: ends without `[y/N]`.
        yes: whether it was answered beforehand.

    Raises:
        RefusedError: the answer is no, or nobody can be asked.
    """
    if not yes and answer_to(f"{question} [y/N] ", option="--yes").lower() not in _YES:
        raise RefusedError("Nothing was done: the answer was no.")


def answer_to(question: str, *, option: str) -> str:
    """What somebody at the terminal types.

    Args:
        question: the question.
        option: the option that answers it where nobody can be asked.

    Raises:
        RefusedError: nobody can be asked.
    """
    sys.stderr.write(question)
    sys.stderr.flush()
    line = sys.stdin.readline()
    if not line:
        raise RefusedError(f"Nothing was done: nobody answered. Answer beforehand: {option}")
    return line.strip()
