"""What a base is built from: a commit that changes only our code must rebuild none."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sarcoma_core.images.building import own_dockerfile
from sarcoma_core.images.catalogue import PARENTS, checkout
from sarcoma_core.images.contexts import base_context, requirements, written
from sarcoma_core.interface import Base

each_base = pytest.mark.parametrize("base", PARENTS)


SOURCES = ("sarcoma_core/__init__.py", "sarcoma_core/text.py", "sarcoma_core/images/contexts.py")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of as much of the checkout as these tests change."""
    shutil.copytree(checkout() / "containers", tmp_path / "containers")
    for name in ("pyproject.toml", "constraints.txt", "README.md", *SOURCES):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(checkout() / name, tmp_path / name)
    return tmp_path


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def instructions(text: str) -> Iterator[str]:
    """The lines of a Dockerfile that are no comment."""
    return (line for line in text.splitlines() if not line.startswith("#"))


@each_base
@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("sarcoma_core/text.py", '"""', '"""New. '),
        ("sarcoma_core/__init__.py", "__version__ = ", "__version__ = '9' + "),
        ("sarcoma_core/images/contexts.py", '"""', '"""New. '),
        ("README.md", "# ", "# New "),
        ("pyproject.toml", "line-length = 110", "line-length = 111"),
        ("pyproject.toml", '"mkdocs>=1.6"', '"mkdocs>=1.7"'),
        ("containers/labels.json", '"core"', '"torch"'),
        ("containers/step.Dockerfile", "CMD []", 'CMD ["--help"]'),
    ],
)
def test_a_commit_that_changes_only_our_code_rebuilds_no_base(
    copy: Path, base: Base, file: str, old: str, new: str
) -> None:
    before = base_context(copy, base)
    edit(copy / file, old, new)
    assert base_context(copy, base) == before


@each_base
@pytest.mark.parametrize("file", ["constraints.txt", "containers/install.sh", "containers/{base}/Dockerfile"])
def test_what_a_base_is_built_from_rebuilds_it(copy: Path, base: Base, file: str) -> None:
    before = base_context(copy, base)
    edit(copy / file.format(base=base), "", "# new\n")
    assert base_context(copy, base) != before


@pytest.mark.parametrize(
    ("place", "base"),
    [
        ('"numpy>=', "core"),
        ('"xnat>=', "edge"),
        ('"monai>=', "torch"),
        ('"lifelines>=', "train"),
        ('"starlette>=', "site"),
    ],
)
def test_a_dependency_rebuilds_the_base_of_its_list_and_is_what_it_installs(
    copy: Path, place: str, base: Base
) -> None:
    before = {each: base_context(copy, each) for each in PARENTS}
    edit(copy / "pyproject.toml", place, f'"made-up-name>=1", {place}')
    after = {each: base_context(copy, each) for each in PARENTS}
    assert [each for each in PARENTS if after[each] != before[each]] == [base]
    assert "made-up-name>=1" in str(after[base]["requirements.txt"]).splitlines()


@each_base
def test_a_base_installs_nothing_of_ours_and_no_tool_of_development(base: Base) -> None:
    lines = requirements(checkout(), base)
    assert lines
    assert not [line for line in lines if re.match(r"sarcoma|pytest|mypy", line)]


def test_what_is_installed_without_its_dependencies_rebuilds_its_base_alone(copy: Path) -> None:
    before = {base: base_context(copy, base) for base in PARENTS}
    edit(copy / "containers" / "train" / "no-deps.txt", "", "# new\n")
    assert [base for base in PARENTS if base_context(copy, base) != before[base]] == ["train"]


def test_wheels_go_to_the_base_that_installs_torch(tmp_path: Path) -> None:
    wheel = tmp_path / "torch-1+cpu-py3-none-any.whl"
    wheel.write_bytes(b"\x00wheel")
    wheel.chmod(0o600)
    for base in PARENTS:
        with written(base_context(checkout(), base, [wheel])) as folder:
            found = folder / "wheels" / wheel.name
            assert found.exists() == (base == "torch")
            assert not found.exists() or found.read_bytes() == b"\x00wheel"
            assert not found.exists() or found.stat().st_mode & 0o777 == 0o644
    assert wheel.stat().st_mode & 0o777 == 0o600


@each_base
def test_a_base_uses_all_that_it_is_sent_and_nothing_of_our_own(base: Base) -> None:
    context = base_context(checkout(), base)
    lines = list(instructions(str(context["Dockerfile"])))
    used = {
        name for line in lines if re.match(r"(COPY|ADD) (?!--from=)", line) for name in line.split()[1:-1]
    }
    used |= {mounted for line in lines for mounted in re.findall(r"type=bind,source=([\w.]+)", line)}
    assert used == {name.partition("/")[0] for name in context} - {"Dockerfile"}
    assert not [line for line in lines if re.search(r"sarcoma_core|\.whl|pip wheel", line)]


def test_a_step_lays_the_wheel_that_no_base_has() -> None:
    lines = list(instructions(own_dockerfile(checkout(), ("sarcoma", "step", "convert"))))
    assert "COPY sarcoma_core sarcoma_core" in lines
    assert any("pip wheel" in line for line in lines)


def test_no_step_has_a_line_of_its_own_before_the_wheel_is_laid() -> None:
    words = (("sarcoma", "step", "convert"), ("sarcoma",))
    one, other = (list(instructions(own_dockerfile(checkout(), each))) for each in words)
    last = one.index("COPY --from=package /package/ /")
    differing = [number for number, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
    of_the_step = [number for number, line in enumerate(one) if line.startswith("ARG IMAGE")]
    assert differing
    assert min(differing + of_the_step) > last


def test_a_context_is_a_folder_that_any_umask_writes_alike_and_that_goes() -> None:
    umask = os.umask(0o077)
    try:
        with written({"a": "text ü\n", "below/b": ""}) as folder:
            assert (folder / "a").stat().st_mode & 0o777 == 0o644
            assert (folder / "below").stat().st_mode & 0o777 == 0o755
            assert (folder / "a").read_text("utf-8") == "text ü\n"
    finally:
        os.umask(umask)
    assert not folder.exists()
