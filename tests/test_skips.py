"""What may be missing skips a test on a desk, with the way to get it, and fails the run in CI."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SKIPS = "import pytest\n\ndef test_one(): pytest.skip('no such thing here')\n"
IN_A_MODULE = "import pytest\n\npytest.importorskip('no_such_package')\n"
EXPECTED = "import pytest\n\n@pytest.mark.xfail(strict=True)\ndef test_one(): assert False\n"
FINE = "def test_one(): pass\n"


def run(folder: Path, text: str, *arguments: str, ci: str) -> subprocess.CompletedProcess[str]:
    shutil.copy(ROOT / "tests" / "conftest.py", folder)
    (folder / "test_it.py").write_text(text, "utf-8")
    (folder / "test_beside.py").write_text(FINE, "utf-8")
    line = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", f"--rootdir={folder}", *arguments, "."]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return subprocess.run(
        line, cwd=folder, env=environment | {"CI": ci}, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "workers"])
@pytest.mark.parametrize("text", [SKIPS, IN_A_MODULE], ids=["test", "module"])
def test_a_skip_fails_the_run_in_ci_and_is_named(tmp_path: Path, text: str, workers: tuple[str, ...]) -> None:
    ended = run(tmp_path, text, *workers, ci="true")
    assert ended.returncode == pytest.ExitCode.TESTS_FAILED
    assert "a skipped test is a failure in CI" in ended.stdout
    assert "test_it.py" in ended.stdout.partition("a skipped test is a failure in CI")[2]


def test_a_skip_is_no_failure_on_a_desk(tmp_path: Path) -> None:
    assert run(tmp_path, SKIPS, ci="").returncode == pytest.ExitCode.OK


@pytest.mark.parametrize("text", [FINE, EXPECTED], ids=["passes", "fails as expected"])
def test_what_is_no_skip_lets_ci_pass(tmp_path: Path, text: str) -> None:
    assert run(tmp_path, text, ci="true").returncode == pytest.ExitCode.OK


def test_a_test_without_its_package_says_how_to_get_it(tmp_path: Path) -> None:
    text = "import pytest\n\n@pytest.mark.torch\ndef test_one(): assert False\n"
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = torch: needs torch\n", "utf-8")
    hide = "import sys\n\nsys.modules['torch'] = None\n"
    (tmp_path / "hiding.py").write_text(hide, "utf-8")
    ended = run(tmp_path, text, "-p", "hiding", "-rs", ci="")
    assert ended.returncode == pytest.ExitCode.OK
    assert "torch test: pip install 'sarcoma[torch]' (make extras) to run it" in ended.stdout
