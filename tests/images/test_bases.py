"""A step imports what its base holds, and no more: read off the steps, the extras and the import graph."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import packages_distributions

import grimp
import pytest

from sarcoma_core.images.catalogue import PARENTS, checkout
from sarcoma_core.images.contexts import requirements
from sarcoma_core.interface import Base, Service, Step
from sarcoma_core.services import SERVICES
from sarcoma_core.steps import STEPS
from sarcoma_core.steps import probe as probe_module
from tests.images.holding import canonical, distributions, held

OURS = "sarcoma_core"
RUNS_EVERY_STEP = "sarcoma_core.steps.running"
COMMAND = "sarcoma_core.cli.main"
"""What every service's entry point, `sarcoma`, runs."""
NAMES = {"sklearn": "scikit-learn"}
"""The distribution of a package that may not be installed, where its name is another."""

each_step = pytest.mark.parametrize("step", [*STEPS, probe_module.STEP], ids=lambda step: step.name)


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    """Who imports whom, also inside functions; not what only a type checker reads."""
    return grimp.build_graph(
        OURS, include_external_packages=True, exclude_type_checking_imports=True, cache_dir=None
    )


def lacking(graph: grimp.ImportGraph, module: str, base: Base) -> Mapping[str, Sequence[str]]:
    """The packages that a module needs and its base does not name, each with the way of imports to it."""
    known = packages_distributions()
    allowed = held(base)
    needed = graph.find_upstream_modules(module)
    return {
        package: graph.find_shortest_chain(module, package) or ()
        for package in needed
        if package.split(".")[0] not in {OURS, *sys.stdlib_module_names}
        and not allowed & {canonical(name) for name in known.get(package, [NAMES.get(package, package)])}
    }


@each_step
def test_a_step_needs_no_package_that_its_base_does_not_name(graph: grimp.ImportGraph, step: Step) -> None:
    assert lacking(graph, step.function.__module__, step.image) == {}


def test_what_runs_every_step_needs_the_lowest_base_alone(graph: grimp.ImportGraph) -> None:
    assert lacking(graph, RUNS_EVERY_STEP, "core") == {}


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_a_service_needs_no_package_that_its_base_does_not_name(
    graph: grimp.ImportGraph, service: Service
) -> None:
    # Each step runs in its own image: what only a step imports, nobody needs here.
    aside = grimp.build_graph(
        OURS, include_external_packages=True, exclude_type_checking_imports=True, cache_dir=None
    )
    for step in (*STEPS, probe_module.STEP):
        for imported in graph.find_modules_directly_imported_by(step.function.__module__):
            aside.remove_import(importer=step.function.__module__, imported=imported)
    assert lacking(aside, COMMAND, service.base) == {}
    # and no smaller base would do
    assert lacking(aside, COMMAND, PARENTS[service.base] or "core") != {}


@each_step
def test_a_step_never_needs_another_step(graph: grimp.ImportGraph, step: Step) -> None:
    module = step.function.__module__
    others = {other.function.__module__ for other in STEPS} - {module}
    assert not others & graph.find_upstream_modules(module)


def test_a_base_names_what_it_adds_once() -> None:
    for base, parent in PARENTS.items():
        if parent:
            own = set(distributions(requirements(checkout(), base)))
            assert own
            assert not own & held(parent)


def test_the_steps_are_declared_with_the_packages_of_the_lowest_base_alone() -> None:
    # An image starts by declaring all steps, of other bases too: their science is imported when they run.
    code = "import sys; old = set(sys.modules); import sarcoma_core.cli.step; print(*set(sys.modules) - old)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    known = packages_distributions()
    loaded = {name.split(".")[0] for name in done.stdout.split()} - {OURS, *sys.stdlib_module_names}
    names = {canonical(name) for package in loaded for name in known.get(package, [package])}
    assert names <= held("core")


def made_up(*imports: tuple[str, str]) -> grimp.ImportGraph:
    graph = grimp.ImportGraph()
    for importer, imported in imports:
        for module in (importer, imported):
            if module not in graph.modules:
                graph.add_module(module, is_squashed=not module.startswith(OURS))
        graph.add_import(importer=importer, imported=imported)
    return graph


@pytest.mark.parametrize(
    ("base", "package", "allowed"),
    [
        ("core", "numpy", True),
        ("core", "PIL", True),
        ("core", "os", True),
        ("core", "safetensors", True),
        ("core", "requests", False),
        ("core", "torch", False),
        ("core", "docker", False),
        ("edge", "xnat", True),
        ("edge", "numpy", True),
        ("edge", "docker", False),
        ("edge", "jsonpath", False),
        ("edge", "starlette", False),
        ("edge", "torch", False),
        ("torch", "torch", True),
        ("torch", "safetensors", True),
        ("torch", "numpy", True),
        ("torch", "requests", True),
        ("torch", "pycox", False),
        ("torch", "nvflare", False),
        ("train", "torch", True),
        ("train", "sklearn", True),
        ("train", "pycox", True),
        ("train", "torchtuples", True),
        ("train", "sksurv", False),
        ("train", "nvflare", False),
        ("train", "uvicorn", False),
        ("site", "uvicorn", True),
        ("site", "docker", True),
        ("site", "xnat", True),
        ("site", "numpy", True),
        ("site", "torch", False),
        ("site", "nvflare", False),
        ("site", "boto3", False),
        ("site", "pytest", False),
    ],
)
def test_what_a_base_holds_and_what_not(base: Base, package: str, allowed: bool) -> None:  # noqa: FBT001
    graph = made_up(("sarcoma_core.steps.one", "sarcoma_core.science"), ("sarcoma_core.science", package))
    found = lacking(graph, "sarcoma_core.steps.one", base)
    way = ("sarcoma_core.steps.one", "sarcoma_core.science", package)
    assert found == ({} if allowed else {package: way})
