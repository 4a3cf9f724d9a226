"""Fixtures that every test may use; what a test needs that may be missing, and that CI skips none."""

import os
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import settings

from sarcoma_core.phantom.cohort import write_cohort
from sarcoma_core.phantom.grid import Grid

# A busy machine is no failure: no example has a time limit.
settings.register_profile("sarcoma", deadline=None)
settings.load_profile("sarcoma")

NEEDS = {"torch": "torch", "flare": "nvflare", "cdk": "aws_cdk"}
"""Markers of tests that need a package which `make test` does not install."""

SKIPPED = pytest.StashKey[dict[str, str]]()
"""The tests that were skipped in this run, and why; those of all workers."""


def pytest_configure(config: pytest.Config) -> None:
    config.stash[SKIPPED] = {}
    config.pluginmanager.register(_Skips(config), "sarcoma-skips")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for marker, package in NEEDS.items():
        if find_spec(package) is None:
            reason = f"{marker} test: pip install 'sarcoma[{marker}]' (make extras) to run it"
            for item in items:
                if item.get_closest_marker(marker):
                    item.add_marker(pytest.mark.skip(reason=reason))


class _Skips:
    """In CI, a skipped test is a failure: everything is installed there, so nothing explains it.

    A test that is not to run in CI is deselected (`-m`), which stands in the command and not in the test.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.skipped = config.stash[SKIPPED]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._note(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._note(report)

    def _note(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        if report.skipped and not hasattr(report, "wasxfail"):
            # Where it stands, and last why.
            self.skipped[report.nodeid] = str(
                report.longrepr[-1] if isinstance(report.longrepr, tuple) else ""
            )

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        # A worker's own status is not looked at; the one that started it notes its reports.
        if self.skipped and _in_ci() and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.skipped and _in_ci():
            terminalreporter.section("a skipped test is a failure in CI", red=True)
            for test, reason in self.skipped.items():
                terminalreporter.write_line(f"{test}: {reason}")


def _in_ci() -> bool:
    return os.environ.get("CI") == "true"


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real DICOM and reference commands, named by SARCOMA_TEST_DATA."""
    folder = os.environ.get("SARCOMA_TEST_DATA")
    if not folder:
        pytest.skip("real-data test: set SARCOMA_TEST_DATA to the folder of shared test data to run it")
    path = Path(folder).resolve()
    if not path.is_dir():
        pytest.fail(f"SARCOMA_TEST_DATA is not a folder: {path}")
    return path


COARSE = Grid(shape=(52, 52, 38), spacing=(4.0, 4.0, 4.0), slice_thickness=4.0)
"""The smallest grid that holds the phantom's limb: two seconds for a test that needs no fine detail."""


@pytest.fixture(scope="session")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two coarse synthetic patients as a hospital exports them; only read it."""
    folder = tmp_path_factory.mktemp("cohort")
    write_cohort(folder, 2, seed=1, grid=COARSE)
    return folder / "dicom"


@pytest.fixture
def export(cohort: Path, tmp_path: Path) -> Path:
    """A copy of the first patient's export, to plant faults in."""
    return Path(shutil.copytree(next(iter(sorted(cohort.iterdir()))), tmp_path / "export"))
