"""The findings as one page of text, 80 columns wide: faults first, what is well last and short."""

import textwrap
from collections.abc import Iterator, Sequence

from sarcoma_core.launch.doctor.findings import VERDICTS, Finding, Verdict
from sarcoma_core.text import counted, printable

WIDTH = 80
_HEADS: dict[Verdict, str] = {
    "fault": "FAULTS: with these, steps do not run",
    "warning": "WARNINGS: steps run, with a limit",
    "unknown": "NOT KNOWN: these could not be checked",
    "ok": "WELL",
}
_INDENT = "    "


def lede(findings: Sequence[Finding]) -> str:
    """The answer in one line: will this server run our steps?"""
    count = {verdict: sum(f.verdict == verdict for f in findings) for verdict in VERDICTS}
    rest = f"{counted(count['warning'], 'warning')}, {count['unknown']} not known, {count['ok']} well"
    if count["fault"]:
        return f"This server will not run all steps: {counted(count['fault'], 'fault')}, {rest}."
    return f"Nothing found that keeps this server from running the steps: {rest}."


def page(server: str, findings: Sequence[Finding]) -> Iterator[str]:
    """The lines of the page.

    Args:
        server: the server's address.
        findings: what was found, in the order of the checks.
    """
    yield from textwrap.wrap(printable(f"{server}: {lede(findings)}"), WIDTH, break_on_hyphens=False)
    for verdict in VERDICTS:
        group = [finding for finding in findings if finding.verdict == verdict]
        if group:
            yield ""
            yield _HEADS[verdict]
            for told, names in _alike(group).items():
                yield from _lines(", ".join(names), *told)


def _alike(group: Sequence[Finding]) -> dict[tuple[str, str, bool], list[str]]:
    """The names of the checks that say the same; with a probe that failed, several do."""
    alike: dict[tuple[str, str, bool], list[str]] = {}
    for finding in group:
        alike.setdefault((finding.found, finding.fix, finding.remedy is not None), []).append(finding.check)
    return alike


def _lines(names: str, message: str, fix: str, able: bool) -> Iterator[str]:  # noqa: FBT001  a part of the key
    yield from _filled(f"{names}: {message}", "  ", _INDENT)
    if fix:
        yield from _filled(f"fix: {fix}{' [--apply does it]' if able else ''}", _INDENT, _INDENT + "     ")


def _filled(text: str, first: str, rest: str) -> list[str]:
    # Nothing is broken in two: an address or a command has to be copied whole.
    return textwrap.wrap(
        printable(text),
        WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
