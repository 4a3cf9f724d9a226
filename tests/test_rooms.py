"""The house: every room has its layer, data flows one way, and only one room speaks REST."""

import ast
import graphlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "sarcoma_core"
CLOUD = ROOT / "aws_cdk" / "sarcoma_cdk"


def lint_imports(house: Path) -> subprocess.CompletedProcess[str]:
    """Import-linter with the contracts of the repository, on a copy of it."""
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--config", "pyproject.toml"]
    environment = {**os.environ, "PYTHONPATH": str(house)}
    return subprocess.run(
        command, cwd=house, env=environment, capture_output=True, text=True, check=False, timeout=300
    )


@pytest.fixture
def house(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for package in (PACKAGE, CLOUD):
        shutil.copytree(package, tmp_path / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_the_contracts_hold_for_a_copy_of_the_house(house: Path) -> None:
    ended = lint_imports(house)
    assert ended.returncode == 0, ended.stdout


@pytest.mark.parametrize("place", ["sarcoma_core", "sarcoma_core/xnat"])
def test_a_room_that_has_no_layer_is_an_error(house: Path, place: str) -> None:
    room = house / place / "attic"
    room.mkdir()
    (room / "__init__.py").write_text('"""Nobody listed it."""\n')
    ended = lint_imports(house)
    assert ended.returncode != 0
    assert "attic" in ended.stdout


def test_an_import_against_the_flow_is_an_error(house: Path) -> None:
    with (house / "sarcoma_core" / "archive" / "store.py").open("a") as module:
        module.write("\nfrom sarcoma_core.launch import chain as _against\n")
    ended = lint_imports(house)
    assert ended.returncode != 0
    assert "sarcoma_core.archive is not allowed to import sarcoma_core.launch" in ended.stdout


@pytest.mark.parametrize(("one", "other"), [("sarcoma_core", "sarcoma_cdk"), ("sarcoma_cdk", "sarcoma_core")])
def test_the_cloud_and_the_steps_do_not_know_each_other(house: Path, one: str, other: str) -> None:
    with (house / one / "errors.py").open("a") as module:
        module.write(f"\nfrom {other} import errors as _against\n")
    ended = lint_imports(house)
    assert ended.returncode != 0
    assert f"{one} is not allowed to import {other}" in ended.stdout


@pytest.mark.parametrize("package", ["sarcoma_core", "sarcoma_cdk"])
def test_no_module_leads_back_to_itself(package: str) -> None:
    graph = grimp.build_graph(package, exclude_type_checking_imports=True, cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    graphlib.TopologicalSorter(imports).prepare()  # raises a CycleError that names the circle


def rest_paths(source: str) -> Iterator[str]:
    """Texts in a module that are paths of XNAT's REST, or the first part of one."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if node.value.startswith(("/data/", "/xapi/", "/REST/")):
                yield node.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "at":
            yield from (a.value for a in node.args[:1] if isinstance(a, ast.Constant))


def test_rest_paths_are_found_however_they_are_composed() -> None:
    told = 'a = get("/xapi/users"); b = at("data", x); c = f"/data/{x}"; d = "PUT /xapi/users, by hand"'
    assert sorted(rest_paths(told)) == ["/data/", "/xapi/users", "data"]


def test_only_the_rest_room_composes_rest_paths_and_only_the_standin_serves_them() -> None:
    rooms = {path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py") if [*rest_paths(path.read_text())]}
    outside = {str(p) for p in rooms if p.parts[0] != "standin" and p.parts[:2] != ("xnat", "rest")}
    assert outside == set()
