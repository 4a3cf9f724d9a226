"""The words of the house: one name is one idea, and what is raised is told."""

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = (ROOT / "sarcoma_core", ROOT / "aws_cdk" / "sarcoma_cdk")
LEAST_TOLD = 0.9


def classes(sources: Mapping[str, str]) -> dict[str, list[str]]:
    """Where each class name is defined, those that begin with an underscore included."""
    places: dict[str, list[str]] = defaultdict(list)
    for place, source in sources.items():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(place)
    return places


def raising(source: str) -> Iterator[tuple[str, bool]]:
    """Public functions and methods that raise, and whether their docstring says so."""
    yield from _raising(ast.parse(source), "")


def _raising(parent: ast.Module | ast.ClassDef, told_above: str) -> Iterator[tuple[str, bool]]:
    for node in parent.body:
        if node_is_private(node) or is_made_a_value(node):
            continue
        if isinstance(node, ast.ClassDef):
            yield from _raising(node, ast.get_docstring(node) or "")
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _raises(node):
            above = told_above if node.name == "__init__" else ""  # a class docstring describes construction
            yield node.name, "Raises:" in f"{ast.get_docstring(node) or ''}{above}"


def node_is_private(node: ast.AST) -> bool:
    name = getattr(node, "name", "")
    return name.startswith("_") and name != "__init__"


def is_made_a_value(node: ast.AST) -> bool:
    """Whether a decorator makes a value of a function: a check of `sarcoma-site verify`."""
    calls = (each for each in getattr(node, "decorator_list", ()) if isinstance(each, ast.Call))
    return any(isinstance(each.func, ast.Name) and each.func.id == "check" for each in calls)


def _raises(node: ast.AST) -> bool:
    """Whether a raise stands in the function itself, and not in one inside of it."""
    inner = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
    children = [child for child in ast.iter_child_nodes(node) if not isinstance(child, inner)]
    return any(isinstance(child, ast.Raise) or _raises(child) for child in children)


def sources(package: Path) -> dict[str, str]:
    return {str(path.relative_to(package)): path.read_text() for path in package.rglob("*.py")}


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_no_class_name_means_two_things(package: Path) -> None:
    twice = {name: places for name, places in classes(sources(package)).items() if len(places) > 1}
    assert twice == {}


def test_a_class_name_that_is_used_twice_is_found() -> None:
    assert classes({"a.py": "class A: ...", "b.py": "def f():\n  class A: ..."})["A"] == ["a.py", "b.py"]


@pytest.mark.parametrize(("package", "least"), [(PACKAGES[0], 150), (PACKAGES[1], 30)], ids=["core", "cdk"])
def test_nine_of_ten_public_functions_that_raise_say_so(package: Path, least: int) -> None:
    told = {
        (place, name): said for place, source in sources(package).items() for name, said in raising(source)
    }
    silent = [f"{place}: {name}" for (place, name), said in told.items() if not said]
    assert len(told) > least
    assert 1 - len(silent) / len(told) >= LEAST_TOLD, silent


def test_what_raises_is_told_from_what_does_not() -> None:
    source = '''
def told():
    """Do.

    Raises:
        E: no.
    """
    raise E
def silent():
    raise E
def quiet():
    def inner():
        raise E
def _private():
    raise E
class C:
    """C.

    Raises:
        E: no.
    """
    def __init__(self):
        raise E
    def method(self):
        if self:
            raise E
'''
    found = dict(raising(source))
    assert found == {"told": True, "silent": False, "__init__": True, "method": False}
