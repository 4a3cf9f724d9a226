"""Run tests on a mutant: in a fork of a process that has imported the large libraries already.

The repository is copied first, and a mutant is never on any disk: the fork gives Python the changed source
when the tests import the module. So other work in the tree and a run do not disturb each other.
"""

import importlib
import importlib.abc
import importlib.machinery
import math
import os
import resource
import shutil
import sys
import traceback
import types
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

_LARGE = ("numpy", "SimpleITK", "nibabel", "pydicom", "pytest", "hypothesis.extra.numpy", "coverage")
_COPIED = ("sarcoma_core", "tests", "pyproject.toml")
_ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")

Job = Callable[[], int]
"""What a fork does; its return value is the exit status."""


class Result(NamedTuple):
    """How a job ended.

    Args:
        number: its place among the jobs.
        status: its exit status; negative when a signal ended it, as one does after too long.
        seconds: of a processor.
    """

    number: int
    status: int
    seconds: float


@contextmanager
def copy_of_the_repository() -> Iterator[Path]:
    """A copy to import from, with everything large imported; sarcoma_core must not be imported before."""
    os.environ.update(dict.fromkeys(_ONE_THREAD, "1"))  # a fork must not find threads, nor share the cores
    os.environ.pop("SARCOMA_TEST_DATA", None)  # what only real data kill is not killed on most machines
    for name in _LARGE:
        importlib.import_module(name)
    before = Path.cwd()
    with TemporaryDirectory(prefix="mutants-") as folder:
        for name in _COPIED:
            source = before / name
            copy = shutil.copytree if source.is_dir() else shutil.copy
            copy(source, Path(folder, name))
        os.chdir(folder)
        sys.path.insert(0, folder)
        try:
            yield Path(folder)
        finally:
            sys.path.remove(folder)
            os.chdir(before)


def passing(tests: Sequence[str], module: str = "", source: str | None = None) -> Job:
    """A job: whether tests pass, with another source for one module; 0 when they do."""

    def run() -> int:
        import pytest  # noqa: PLC0415  the parent has it, and no one else needs it
        from hypothesis import Phase, settings  # noqa: PLC0415

        # The same examples for each mutant; the first that fails is enough.
        phases = (Phase.explicit, Phase.generate)
        settings.register_profile("mutants", phases=phases, derandomize=True, database=None)
        settings.load_profile("mutants")
        if source is not None:
            sys.meta_path.insert(0, _Changed(module, source))
        unneeded = [f"-pno:{plugin}" for plugin in ("cacheprovider", "xdist", "cov")]
        return int(pytest.main(["-x", "-q", "--assert=plain", *unneeded, *tests]))

    return run


def run_all(jobs: Sequence[tuple[Job, Path]], at_once: int, most: float) -> Iterator[Result]:
    """Run jobs in forks, `at_once` at a time; each says what it has to say into its file.

    Args:
        jobs: what to do.
        at_once: how many at a time.
        most: seconds of a processor, after which a job is ended; a machine that stands still is no reason.
    """
    waiting = [*enumerate(jobs)][::-1]
    running: dict[int, int] = {}
    while waiting or running:
        while waiting and len(running) < at_once:
            number, (job, log) = waiting.pop()
            running[_fork(job, log, most)] = number
        pid, status, usage = os.wait4(-1, 0)
        code = os.waitstatus_to_exitcode(status)
        yield Result(running.pop(pid), code, usage.ru_utime + usage.ru_stime)


def _fork(job: Job, log: Path, most: float) -> int:
    if pid := os.fork():
        return pid
    code = 1
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(most), math.ceil(most)))
        out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(out, 1)
        os.dup2(out, 2)
        code = job()
    except BaseException:  # noqa: BLE001  nothing may return into the parent's code
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


class _Changed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds one module, and gives Python another source for it."""

    def __init__(self, name: str, source: str) -> None:
        self.name, self.source = name, source

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self.name:
            return None
        found = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if found is not None:
            found.loader = self
        return found

    def exec_module(self, module: types.ModuleType) -> None:
        exec(compile(self.source, str(module.__file__), "exec"), module.__dict__)  # noqa: S102  what an import does
