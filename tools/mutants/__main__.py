"""`python -m tools.mutants`: print what survives, module by module; exit 1 where too much does."""

import argparse
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tools.mutants.constants import constants
from tools.mutants.modules import ALL_OF, MODULES, Module
from tools.mutants.mutant import Mutant, by_text, meaning
from tools.mutants.running import copy_of_the_repository, passing, run_all
from tools.mutants.sample import sample
from tools.mutants.tables import HARMLESS, NAMED

_BAR = 0.85
_SAMPLE = 40
_SEED = 1
_LONGEST = 300.0  # s, for a module's own tests
_PATIENCE = 4.0  # times that, and this many seconds more: a mutant that hangs is seen by the tests


@dataclass(frozen=True)
class Plan:
    """The mutants of one module that count, and why others do not."""

    module: Module
    mutants: tuple[Mutant, ...]
    excluded: tuple[tuple[Mutant, str], ...]


def plan(module: Module, source: str, *, sampled: bool) -> Plan:
    """Derive, name and sample mutants; each once.

    Raises:
        LookupError: a text of the tables is not in the source once.
    """
    named = [by_text(source, n.old, n.new) for n in NAMED if n.module == module.short]
    reasons = {by_text(source, h.old, h.new).meaning: h.reason for h in HARMLESS if h.module == module.short}
    derived = constants(source) if module.whole else []
    drawn = sample(source, _SAMPLE, _SEED) if module.whole and sampled else []
    different: dict[str, Mutant] = {}
    for mutant in (*named, *derived, *drawn):
        different.setdefault(mutant.meaning, mutant)
    different.pop(meaning(source), None)
    excluded = tuple((different.pop(key), reason) for key, reason in reasons.items() if key in different)
    return Plan(module, tuple(sorted(different.values(), key=lambda mutant: mutant.line)), excluded)


def measure(found: Plan, root: Path, at_once: int) -> list[Mutant]:
    """The mutants that survive.

    Raises:
        RuntimeError: the tests fail on the unchanged source.
    """
    module = found.module
    log = root / "log.txt"
    (unchanged,) = run_all([(passing(module.tests), log)], 1, _LONGEST)
    if unchanged.status != 0:
        raise RuntimeError(f"{module.short}: the tests fail without any change:\n{log.read_text()}")
    jobs = [(passing(module.tests, module.name, mutant.source), log) for mutant in found.mutants]
    results = run_all(jobs, at_once, _PATIENCE * (unchanged.seconds + 1))
    return [found.mutants[number] for number in sorted(r.number for r in results if r.status == 0)]


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(prog="python -m tools.mutants", description=__doc__)
    names = [module.short for module in MODULES]
    parser.add_argument("--module", action="append", choices=names, help="this one only; or several times")
    parser.add_argument("--only-constants", action="store_true", help="leave out cosmic-ray's sample")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="tests at a time")
    parser.add_argument("--list", action="store_true", help="print the mutants and run nothing")
    args = parser.parse_args()
    modules = [m for m in MODULES if not args.module or m.short in args.module]
    if forgotten := {*ALL_OF.glob("[!_]*.py")} - {module.path for module in MODULES}:
        parser.error(f"tools/mutants/modules.py must list every module of {ALL_OF}; it lacks {forgotten}")
    start, below = time.monotonic(), []
    with copy_of_the_repository() as root:
        for module in modules:
            found = plan(module, Path(module.path).read_text(), sampled=not args.only_constants)
            if args.list:
                for mutant in found.mutants:
                    _say(_line(module, mutant))
                continue
            survived = measure(found, root, args.jobs)
            share = 1 - len(survived) / len(found.mutants)
            _say(
                f"{module.short}: {len(found.mutants)} mutants, {len(found.mutants) - len(survived)} killed, "
                f"{len(survived)} survived: {share:.0%} ({time.monotonic() - start:.0f} s)"
            )
            for mutant in survived:
                _say(f"  {_line(module, mutant)}")
            for mutant, reason in found.excluded:
                _say(f"  not counted: {_line(module, mutant)}: {reason}")
            if share < _BAR:
                below.append(module.short)
    if below:
        _say(f"under {_BAR:.0%}: {', '.join(below)}")
    return 1 if below else 0


def _line(module: Module, mutant: Mutant) -> str:
    return f"{module.path}:{mutant.line}: {mutant.old.strip()} -> {mutant.new.strip() or 'nothing'}"


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
